/* named.h - files that the Backup Components Document names itself: partial, differenced and
 * directed entries, and ranges files (rules 7.6 to 7.10; rulings 16, 36, 38; traps T42, T57, T58).
 *
 * They are collected beside the file sets, met in the same walk over the media, and judged when
 * the walk has shown what the media hold. What counts is decided here; where such files go is
 * located, surveyed and settled like that of any other. */
#ifndef PLAN_NAMED_H
#define PLAN_NAMED_H

#include "plan/walk.h"

/* Add a unit's entries to draft->named, and what stands in for their sets to draft->sets: to be
 * called behind the unit's own sets. Directed entries only where the restore target says so
 * (T42). An entry that cannot be understood refuses the unit. */
void named_collect(struct draft *draft, uint32_t unit);

/* What holds one file of the media: so many walk->ids (sets), walk->named_ids and
 * walk->excluded_by. */
struct named_hits {
    uint32_t sets, names, excluded;
    bool chosen; /* by --file */
};

/* During the walk: for each unit the first set that holds the file owns it, and what the document
 * says of the file itself goes before (7.7). */
void named_take(struct walk *walk, uint32_t entry, const struct named_hits *hits);

/* After it: ranges files that no set holds come with whoever needs them (7.6). */
void named_take_ranges_files(struct walk *walk);

/* After the walk: who was named and is not on the media refuses the unit (FILE_MISSING_ON_MEDIA);
 * a directed entry whose source is out of scope is a warning. */
void named_check(struct walk *walk);

/* What the lists say, of all that is to be restored: syntax (7.5), ranges files (7.6), pairs (7.8),
 * and whether the media hold it (T52); files of which the media hold ranges only and nobody gives
 * any. Faults refuse the unit. Asks plan_contents. */
void named_resolve(struct draft *draft);

/* After new targets are matched: one and a directed entry for the same file (Q1). */
void named_check_targets(struct draft *draft);

/* Do two of these directed entries, or one with itself, write the same byte (T60)? */
bool named_overlap(const struct draft *draft, const uint32_t *named, uint32_t count);

#endif
