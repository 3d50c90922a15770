/* stale.h - is a saved plan still true? The same choices are planned again on what stands at the
 * destinations now; a unit whose records come out otherwise is refused under the name that the new
 * decision gives, and is never moved (contract, section 4 and ruling 31). Pure; any thread. */
#ifndef PLAN_STALE_H
#define PLAN_STALE_H

#include "plan/plan.h"

/* refusals: for each unit of saved, REFUSAL_NONE or why not. Returns how many are refused now that
 * were not when the plan was saved. */
uint32_t plan_stale_units(const struct plan *saved, const struct plan *now,
                          const struct media_set *set, enum refusal *refusals);

/* The unit of plan that stands for the same component (or for files of none), or MARK_NONE. */
uint32_t plan_stale_find(const struct plan *plan, const struct plan_unit *unit);

/* Of a plan with no stale unit: does now plan the same units, so that it can stand for it? */
bool plan_stale_is_same(const struct plan *saved, const struct plan *now);

#endif
