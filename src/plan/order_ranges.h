/* order_ranges.h - SetRangesFilePath, for whoever's ranges file does not go to its own place (rules
 * 6.10, T61). */
#ifndef PLAN_ORDER_RANGES_H
#define PLAN_ORDER_RANGES_H

#include "plan/draft.h"
#include "plan/plan_build.h"

/* Add the plan's ranges_paths, in the order of units and of the document's entries. */
void order_ranges_paths(struct draft *draft, struct plan_build *build);

#endif
