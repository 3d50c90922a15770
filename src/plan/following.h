/* following.h - what a plan minds whose run follows others: the steps of a chain before it, or
 * the runs that --after names. */
#ifndef PLAN_FOLLOWING_H
#define PLAN_FOLLOWING_H

#include "plan/survey.h"

/* Refuse a unit that this chain cannot restore (rules 7.1, 7.3), or that an earlier run did not
 * leave whole (7.2; contract, ruling 33), and tell whether more of it follows. */
void following_check(struct draft *draft, uint32_t unit);

/* Did an earlier run put there what stands at the file's place (7.4, T36)? */
bool following_has_restored(const struct draft *draft, const struct draft_file *file);

/* What an earlier run put at its alternate location, or staged for the next boot, stays together:
 * the original place then counts as taken, whatever stands there (all or none of a component, rules
 * 6.1), so that what follows goes there as well, or waits behind it. */
void following_hold(struct draft *draft, uint32_t unit, struct survey *original);

/* Would the verdict part what an earlier run put at its original place? Then the unit is
 * refused. */
bool following_refuses(struct draft *draft, uint32_t unit, enum plan_verdict verdict);

/* Does it go where the runs before went? Asked when every file has its place. Errors: SELECTION for
 * a volume that it restores to and that an earlier run restored to in another folder: what this
 * one adds to is not there. */
vsr_code following_check_roots(const struct draft *draft, vsr_error *error);

/* A warning when the set's own parent is not among the sets of the runs that it follows. */
void following_check_parent(struct draft *draft);

#endif
