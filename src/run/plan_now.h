/* plan_now.h - planning on what stands at the destinations now: the planner with its questions
 * answered by dest/probe.h. Control thread. */
#ifndef RUN_PLAN_NOW_H
#define RUN_PLAN_NOW_H

#include "plan/plan.h"

/* What a plan is made in, beside its set and its choices. */
struct plan_step {
    const struct chain *chain; /* that the set is a step of, or NULL */
    uint32_t number;
    bool *file_hits;              /* as in struct plan_input, or NULL */
    const struct plan_said *said; /* for each writer, what it answered; NULL: nobody was asked */
    const char *registry;         /* of what waits for the next boot; NULL: none */
};

/* Hand a planner's input, with what stands at the destinations now, to use. step may be NULL.
 * Errors: of the destinations, and use's. */
typedef vsr_code plan_use(void *context, const struct plan_input *input, vsr_error *error);
vsr_code plan_ask(const struct media_set *set, const struct documents *documents,
                  const struct plan_choices *choices, const struct plan_step *step, plan_use *use,
                  void *context, vsr_error *error);

/* Plan these choices. step may be NULL.
 * *plan is the caller's. Errors: as plan_create(), and DEST_* of a destination that cannot be
 * looked at. */
vsr_code plan_now(struct plan **plan, const struct media_set *set,
                  const struct documents *documents, const struct plan_choices *choices,
                  const struct plan_step *step, vsr_error *error);

/* Plan a saved plan's choices again, *now, which is the caller's: refusals[unit] is the name under
 * which a unit is refused because the answers differ now, or REFUSAL_NONE (contract, section 4). */
vsr_code plan_now_stale(const struct plan *saved, const struct media_set *set,
                        const struct documents *documents, const struct plan_step *step,
                        enum refusal *refusals, struct plan **now, vsr_error *error);

#endif
