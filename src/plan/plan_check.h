/* plan_check.h - distrust of a loaded plan: every number, every name. Pure; any thread. */
#ifndef PLAN_PLAN_CHECK_H
#define PLAN_PLAN_CHECK_H

#include "plan/plan.h"

/* Is all that the plan's records say inside the plan itself: numbers below their counts, parents
 * before children, units' files end to end, texts inside the blob, names legal as one path
 * element, sums right? Errors: RUN_FOREIGN with the record. */
vsr_code plan_check(const struct plan *plan, vsr_error *error);

#endif
