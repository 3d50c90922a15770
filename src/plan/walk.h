/* walk.h - one walk over the media's index for all file sets in scope at once. */
#ifndef PLAN_WALK_H
#define PLAN_WALK_H

#include "plan/draft.h"

struct hit {
    uint32_t entry, set;
    uint32_t name_hash;
    uint32_t named; /* draft_named that the file goes by, or MARK_NONE */
};

struct walk_step {
    uint32_t directory;
    struct match_place wanted, trees, named, excludes, chosen, left_out;
};

struct walk {
    struct draft *draft;
    struct match *wanted;   /* every set in scope, by its number     */
    struct match *trees;    /* the recursive ones, for directories   */
    struct match *named;    /* the document's entries, by their number in draft->named */
    struct match *excludes; /* by the writer's number; wmd_count: everybody's */
    struct match *chosen;   /* --file patterns                       */
    struct match *left_out; /* not to be backed up (5.8), for files of no component */
    uint32_t left_out_count;
    bool unprotected;       /* files of no component are wanted: no tree is passed over */
    uint32_t pattern_count; /* 0: every file is chosen               */
    bool *pattern_hit;
    uint32_t *ids, *named_ids, *excluded_by, *pattern_ids, *path_ids;
    uint32_t ids_max, named_max, excluded_max, path_max;
    struct hit *hits; /* in media order */
    uint32_t hit_count;
    size_t hit_capacity;
    struct walk_step *steps;
    uint32_t step_count;
    size_t step_capacity;
};

/* Empty indexes; fill them, then walk_run(). Freed by walk_fini(). */
void walk_init(struct walk *walk, struct draft *draft);
void walk_fini(struct walk *walk);

/* Seal the indexes, walk, and deal the hits out to draft->files. */
void walk_run(struct walk *walk);

/* The entry belongs to the set's unit; entries are added in media order. name_hash: of a file.
 * Returns the hit, good until the next one. */
struct hit *walk_hit(struct walk *walk, uint32_t entry, uint32_t set, uint32_t name_hash);

/* Does the unit's writer exclude the file? count: of walk->excluded_by. */
bool walk_is_excluded(const struct walk *walk, uint32_t unit, uint32_t count);

/* May the set take the file whole? Not one of which the media hold ranges alone, for another
 * component's sake, when the set's mask does not ask for it in this backup: that it is missing is
 * normal then (7.9, ruling 36). */
bool walk_is_whole_for(const struct walk *walk, const struct draft_set *set, uint32_t entry);

/* The ids under which a sealed index holds the file `name` in this directory, into
 * walk->path_ids; how many. */
uint32_t walk_ask_path(struct walk *walk, const struct match *match,
                       const struct canon_directory *directory, struct view name);

/* Does a sealed index hold the file `name` in this directory, under this id (MARK_NONE: any)? */
bool walk_holds(struct walk *walk, const struct match *match,
                const struct canon_directory *directory, struct view name, uint32_t id);

#endif
