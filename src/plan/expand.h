/* expand.h - from scopes to files: which file on the media belongs to which unit (rules,
 * section 5). The order of units, components and sets decides who owns a file (5.9). */
#ifndef PLAN_EXPAND_H
#define PLAN_EXPAND_H

#include "plan/draft.h"

/* Fill draft->sets from the scopes of draft->units. A set whose path cannot be understood
 * refuses its unit (T25, T73). */
void expand_sets(struct draft *draft);

/* Add a set of a component to draft->sets; its number. */
uint32_t expand_add_set(struct draft *draft, uint32_t unit, uint32_t component,
                        const struct vss_file_set *set);

/* Fill draft->files: one walk over the media's index for all sets at once. Then refuse units
 * for which a named file is missing on the media (5.10, 7.7; rulings 3 and 36), and warn of sets
 * that overlap (5.9). Errors: SELECTION for a --file that is no pattern or matches nothing. */
vsr_code expand_files(struct draft *draft, vsr_error *error);

/* Add a triple for its own volume and, where it is recursive, for those mounted below (5.11).
 * False: the file spec is none. */
bool expand_match_add(struct draft *draft, struct match *match,
                      const struct canon_directory *directory, struct view filespec, bool recursive,
                      uint32_t id);

/* Is a volume of the set mounted below this directory, and in *relative where (5.11)? */
bool expand_mount_below(struct draft *draft, const struct canon_directory *directory,
                        uint32_t volume, struct view *relative);

#endif
