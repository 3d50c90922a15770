/* step.h - one restore of one set, from choices or a saved plan to its report: plan, PreRestore,
 * stop, plan again, copy, start, PostRestore (rules 2.6, 3). A chain is several of these. Control
 * thread. */
#ifndef RUN_STEP_H
#define RUN_STEP_H

#include "run/conduct.h"
#include "run/plan_now.h"

struct step_options {
    const struct writer_calls *calls; /* who plays writers and services; NULL: nobody */
    const struct plan_step *step;     /* of a chain; or NULL */
    void (*on_warning)(void *context, const char *sentence); /* or NULL */
    void *warning_context;
    struct conduct_options conduct; /* `run`, `refusals` and `stage.alone` are the step's to say */
};

/* Plan choices, ask the writers, plan again, run. *begun and *report as in conduct.h. Errors: those
 * of planning and of the run; CANCELLED when it was cancelled before it began: if somebody had been
 * asked by then, the run folder stays, and it can be begun anew. */
vsr_code step_run(struct report *report, bool *begun, const struct media_set *set,
                  const struct documents *documents, const struct plan_choices *choices,
                  const struct step_options *options, vsr_error *error);

/* The same for a plan that was made before: no writer is asked, services are. refusals: for each
 * unit, refused since the plan was made; or NULL. */
vsr_code step_run_plan(struct report *report, bool *begun, const struct media_set *set,
                       const struct documents *documents, const struct plan *plan,
                       const enum refusal *refusals, const struct step_options *options,
                       vsr_error *error);

/* Who was asked by a run that was ended while it asked, and cannot be begun anew now, is told the
 * end of that. resume: open; its folder stays, and is closed. Errors: those of dialogue_reopen();
 * RUN_FOREIGN: it is a run of another set; of its journal. */
vsr_code step_tell_end(struct resume *resume, const struct media_set *set,
                       const struct documents *documents, const struct step_options *options,
                       vsr_error *error);

/* Go on with a run: open, not over. Nobody is asked anything again; who was asked is told the end.
 * But one that was ended while it asked is begun anew, after who was asked was told the end of that
 * (options->step: of the chain that it was a step of). What options->conduct says counts, but for
 * its run folder and identity. Errors: RUN_FOREIGN: it is a run of another set; those of
 * dialogue_reopen() and dialogue_stop_again(), and of the run. */
vsr_code step_resume(struct report *report, bool *begun, struct resume *resume,
                     const struct media_set *set, const struct documents *documents,
                     const struct step_options *options, vsr_error *error);

#endif
