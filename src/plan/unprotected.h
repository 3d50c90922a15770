/* unprotected.h - files of no component: a plain restore as the last unit of a plan (rules 5.8
 * and 2.10; contract, --unprotected and --overwrite).
 *
 * They are those that `pack --all` marked so: no component of the backup wanted them. No writer is
 * asked or told, nothing is recorded in the document, and a file of a component always goes before
 * one of these. Inside plan. */
#ifndef PLAN_UNPROTECTED_H
#define PLAN_UNPROTECTED_H

#include "plan/walk.h"

/* Were they asked for? A backup in volume mode holds nothing else, so there they always are. */
bool unprotected_wanted(const struct plan_input *input);

/* The unit, behind all others; there is room for it in draft->units. */
void unprotected_add_unit(struct draft *draft);

/* The one file set that the files of such a unit are said to belong to; behind all others. */
void unprotected_add_set(struct draft *draft, uint32_t unit);

/* What the operator's list of files not to back up holds (5.8), into walk->left_out. Lines that
 * are none: a warning. */
void unprotected_add_left_out(struct walk *walk);

/* An entry that is marked so: a hit, unless it is left out or not chosen. excluded: how many of
 * walk->excluded_by hold it. */
void unprotected_take(struct walk *walk, const struct walk_step *step, uint32_t entry,
                      uint32_t excluded, bool chosen);

/* Tell what was left out. */
void unprotected_warn(struct walk *walk);

/* Does what stands at the place stay, by --overwrite? */
bool unprotected_keeps(const struct draft *draft, const struct draft_file *file,
                       const struct fact *fact);

/* Where the unit's files go. Errors: what facts return. */
vsr_code unprotected_settle(struct draft *draft, uint32_t unit, vsr_error *error);

#endif
