/* order.h - the finished plan out of the draft: directories first, top down, then files in
 * media order, unit by unit (contract, section 4; rulings 17, 20). */
#ifndef PLAN_ORDER_H
#define PLAN_ORDER_H

#include "plan/draft.h"
#include "plan/plan_build.h"

/* After collide_files(). Adds everything that a plan holds of its units. */
void order_plan(struct draft *draft, struct plan_build *build);

#endif
