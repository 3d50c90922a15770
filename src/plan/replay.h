/* replay.h - the choices that a saved plan was made from, to ask every question again.
 *
 * A plan keeps its call as the command line spells it (plan->choices); this reads it back. Pure. */
#ifndef PLAN_REPLAY_H
#define PLAN_REPLAY_H

#include "plan/plan.h"

/* Into *out, whose lists and texts stand in the arena. Errors: RUN_FOREIGN when the plan holds an
 * option that is not known here. */
vsr_code plan_replay(struct arena *arena, const struct plan *plan, struct plan_choices *out,
                     vsr_error *error);

/* Does an option of plan->choices stand without a value? */
bool plan_choice_is_flag(struct view option);

#endif
