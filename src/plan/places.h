/* places.h - the tree of destination directories, with what stands there.
 *
 * Every directory that a unit might write into is one place, found by its Windows path without
 * regard to case and asked for once. The only file of the planner that calls plan_facts; a
 * destination is never asked about below a directory that does not exist. */
#ifndef PLAN_PLACES_H
#define PLAN_PLACES_H

#include "base/hash_map.h"
#include "plan/roots.h"

struct place {
    uint32_t parent; /* MARK_NONE: the root's own top directory */
    uint32_t root;   /* number in roots->list                   */
    uint32_t above;  /* the nearest one above it that exists, or MARK_NONE */
    struct view name;
    uint32_t handle;         /* of facts, when it exists */
    uint32_t entry;          /* media entry whose metadata it takes, or MARK_NONE   */
    uint32_t catalogue;      /* media entry of this very Windows path, or MARK_NONE */
    uint32_t alias;          /* the top of another root that is this directory      */
    uint32_t name_bytes_max; /* 0: no limit known                                   */
    uint8_t blocked;         /* enum refusal: nothing can be put here      */
    bool exists;
    bool writable;
    bool case_sensitive;
    bool name_units;
    const char *why; /* to blocked, or why not writable; static */
};

struct places {
    struct place *list; /* parents before children */
    uint32_t count;
    size_t capacity;
    struct hash_map names;      /* (parent, folded name) -> place           */
    struct hash_map catalogue;  /* (directory entry, folded name) -> child  */
    struct hash_map catalogued; /* directory entries that `catalogue` knows */
    uint32_t *tops;             /* for each root: its top place             */
    struct view *real_paths;    /* of each root's folder, or as it was given */
    uint64_t (*identities)[2];  /* of tops: device, inode; 0, 0: not there  */
    const struct media_index *index;
    const uint64_t *set_folder; /* of plan_input */
    struct roots *roots;
    const struct plan_facts *facts;
    struct arena *arena;
    bool cross_mounts;
};

/* Ask for the roots. Two that are the same directory become one; one below --root takes the
 * spelling on disk. Errors: SELECTION for a --volume whose directory is not there, and
 * for one volume given two folders by two of its names; what facts return.
 * Free with places_fini(). */
vsr_code places_init(struct places *places, struct arena *arena, struct roots *roots,
                     const struct plan_input *input, vsr_error *error);
void places_fini(struct places *places);

/* The place of a directory as a path names it; MARK_NONE: its volume is not mapped. */
vsr_code place_of_path(struct places *places, const struct win_path *path, uint32_t *out,
                       vsr_error *error);

/* The directory name below parent (which may be MARK_NONE: nothing is asked, so is the
 * answer). entry: the media directory that it is made from, or MARK_NONE; original: entry is
 * what the catalogue holds at this very place. */
vsr_code place_child(struct places *places, uint32_t parent, struct view name, uint32_t entry,
                     bool original, uint32_t *out, vsr_error *error);

/* What stands under a file's name. Only for a place that exists. */
vsr_code place_lookup(struct places *places, uint32_t place, struct view name, struct fact *out,
                      vsr_error *error);

/* The folder in which something waits to be moved to the file's place at the next boot, or NULL
 * (rules 8.5). To be asked after place_lookup() where the place exists. */
const char *place_waits(const struct places *places, uint32_t place, struct view name);

/* NULL, or why a file system like the place's cannot hold the name (contract, ruling 21). */
const char *place_name_fault(const struct place *place, struct view name);

/* The places made by place_child() with this name, folded, one after the other: start with
 * *step = 0; MARK_NONE ends. Asks nothing. */
uint32_t place_next(const struct places *places, uint32_t parent, struct view name, size_t *step);

/* Windows path of a place, for messages. */
struct view place_text(const struct places *places, struct arena *arena, uint32_t place,
                       struct view name);

#endif
