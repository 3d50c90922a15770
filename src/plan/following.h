/* following.h - what a plan minds whose run follows others: the steps of a chain before it, or
 * the runs that --after names. */
#ifndef PLAN_FOLLOWING_H
#define PLAN_FOLLOWING_H

#include "plan/draft.h"

/* Refuse a unit that this chain cannot restore (rules 7.1, 7.3), or that an earlier run did not
 * leave whole (7.2; contract, ruling 33), and tell whether more of it follows. */
void following_check(struct draft *draft, uint32_t unit);

/* Did an earlier run put there what stands at the file's place (7.4, T36)? */
bool following_has_restored(const struct draft *draft, const struct draft_file *file);

/* A warning when the set's own parent is not among the sets of the runs that it follows. */
void following_check_parent(struct draft *draft);

#endif
