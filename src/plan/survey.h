/* survey.h - what stands where a unit's files would go (rules 6.5). */
#ifndef PLAN_SURVEY_H
#define PLAN_SURVEY_H

#include "plan/draft.h"

/* Files of a unit that are decided together (rules 6.1): those that go by the method, and those
 * that it does not move: of new targets, of directed entries, and ranges files that lie in no
 * set, which go to their original place whatever becomes of the rest (7.6). */
enum subunit { SUBUNIT_PLAIN, SUBUNIT_TARGETED, SUBUNIT_DIRECTED, SUBUNIT_RANGES_FILES };
enum subunit survey_subunit(const struct draft *draft, const struct draft_file *file);

struct obstacle {
    enum refusal refusal; /* REFUSAL_NONE: none was met */
    const char *rule;
    struct view detail;
};

struct survey {
    bool impossible;    /* a volume is not mapped, a mount is in the way: no method decides on it */
    bool all_absent;    /* nothing there, all creatable      */
    bool all_writable;  /* all replaceable or creatable      */
    bool all_stageable; /* nothing that the next boot could not solve is in the way */
    struct obstacle to_creating; /* the first, for a method that wants nothing there */
    struct obstacle to_writing;  /* the first, for a method that may replace         */
    struct obstacle to_staging;  /* the first, for what waits until the next boot    */
    struct obstacle no_base;     /* the first partial file where nothing stands: whatever the
                                    method, it cannot be restored there (7.7, ruling 12) */
    uint32_t linked_count;       /* files that have further names (hard links) ...   */
    struct view linked;          /* ... and the first of them */
    uint32_t unknown_count;      /* files of which nobody can say whether they are in use ... */
    struct view unknown;         /* ... and the first of them */
};

/* Look at the places of a subunit's files. where: ORIGINAL, or below their mappings (ALTERNATE); of
 * the others their own. Sets place, name, state and action of each file looked at. Directories
 * count in no decision (ruling 20), and no partial file's own base stands in its way (ruling 12).
 * Errors: what facts return. */
vsr_code survey_unit(struct draft *draft, uint32_t unit, enum subunit subunit,
                     enum plan_place where, struct survey *out, vsr_error *error);

/* What people should know before the unit's files are replaced. */
void survey_warn(struct draft *draft, uint32_t unit, const struct survey *survey);

/* Only where the files would go, for a refused unit: nothing is asked about files. */
vsr_code survey_intent(struct draft *draft, uint32_t unit, enum subunit subunit,
                       enum plan_place where, vsr_error *error);

#endif
