/* foreign_take.h - another front end's plan as a draft: its units instead of a selection, its
 * records instead of file sets.
 *
 * From there on its files are planned as files of no component are (unprotected.h): the places
 * are asked about, what stands there is kept or replaced as the plan's "overwrite" says, and a
 * unit whose places do not allow it is refused by name. Inside plan. */
#ifndef PLAN_FOREIGN_TAKE_H
#define PLAN_FOREIGN_TAKE_H

#include "plan/draft.h"

/* Does the plan that is made come from such media? */
bool foreign_is_input(const struct plan_input *input);

/* The call that the plan itself is: its volumes, and "overwrite". Borrows from set. */
struct plan_choices foreign_choices(const struct media_set *set);

/* Units, then one set for each and its files. */
void foreign_add_units(struct draft *draft);
void foreign_add_files(struct draft *draft);

#endif
