/* line_places.h - the paths of a plan in JSON lines, found again: a source in the catalogue, a
 * destination on the plan's volumes.
 *
 * Between plan_lines.c and the plan that it builds. A path is taken for what it names letter by
 * letter, or not at all. Pure; one thread. */
#ifndef PLAN_LINE_PLACES_H
#define PLAN_LINE_PLACES_H

#include "base/hash_map.h"
#include "plan/plan_build.h"

struct line_places {
    const struct media_set *set;
    struct plan_build *build;    /* whose roots are complete; directories are added to it */
    uint32_t *tops;              /* for each root: its plan_directory, or MARK_NONE */
    struct hash_map names;       /* (parent, name) -> plan_directory */
    struct buffer folder;        /* the last destination's, as a path of this machine ... */
    uint32_t folder_directory;   /* ... and its plan_directory, or MARK_NONE */
    struct buffer source_folder; /* the same for sources: Windows path ... */
    uint32_t source_directory;   /* ... and entry */
};

void line_places_init(struct line_places *places, const struct media_set *set,
                      struct plan_build *build);
void line_places_fini(struct line_places *places);

/* The entry that plan_entry_path() spells so; MARK_NONE: there is none. */
uint32_t line_source(struct line_places *places, struct view source);

/* The directory and the name in it that plan_dest_path() and plan_unix_path() spell so; of a
 * directory's record: itself, name is absent. False: they are no one place on the plan's volumes.
 * unit: who needs what is added. */
bool line_destination(struct line_places *places, struct view dest, struct view path,
                      bool is_directory, uint32_t unit, uint32_t *directory, struct view *name);

#endif
