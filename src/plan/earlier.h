/* earlier.h - what the runs did that this one follows: the steps of a chain before it, or those
 * that --after names (rules 7.2, 7.4; T36; ruling 33).
 *
 * Three questions: did one of them put there what stands at a place, did it leave whole what this
 * one adds to, and did it do so where this one goes? Filled from run folders by run/past_run.h.
 * Pure; one thread at a time. */
#ifndef PLAN_EARLIER_H
#define PLAN_EARLIER_H

#include "base/arena.h"
#include "base/hash_map.h"
#include "base/uuid.h"

struct earlier_unit {
    struct uuid writer_id, instance_id;
    struct view full_name; /* "lp\name" */
    struct view verdict;   /* as in the run's summary; absent: it had no files */
    struct view run;       /* its folder, for messages */
    bool whole;            /* everything planned for it was restored */
};

struct earlier_root {       /* a mapped volume that a run put files on */
    struct view spec;       /* "C:" */
    struct view path;       /* its folder without links; as the run called it where it is gone */
    uint64_t device, inode; /* of the folder; 0, 0: it is gone */
    struct view run;        /* the run's folder, for messages */
};

struct earlier {
    struct arena arena;
    struct earlier_root *roots;
    uint32_t root_count;
    size_t root_capacity;
    struct earlier_unit *units; /* oldest run first */
    uint32_t unit_count;
    size_t unit_capacity;
    struct uuid *sets; /* of each run */
    uint32_t set_count;
    size_t set_capacity;
    struct hash_map places; /* restored ones: hash -> number in digests */
    uint8_t (*digests)[16];
    uint32_t place_count;
    size_t place_capacity;
};

/* Everything is copied. */
void earlier_add_unit(struct earlier *earlier, const struct earlier_unit *unit);
void earlier_add_set(struct earlier *earlier, const struct uuid *set);
void earlier_add_root(struct earlier *earlier, const struct earlier_root *root);
/* A file's path on this machine, without links in it. */
void earlier_add_place(struct earlier *earlier, struct view path);
bool earlier_has_place(const struct earlier *earlier, struct view path);
bool earlier_has_set(const struct earlier *earlier, const struct uuid *set);

/* The newest unit of the same component, of one above it or of one below it; NULL: none. One that
 * had no files says nothing of where those before it were put: an older one that had some counts.
 * Where several instances of a writer have such a one, that of the same instance; where none has
 * the id, which changes when a writer starts anew, the first that is not in place. */
const struct earlier_unit *earlier_find(const struct earlier *earlier, const struct uuid *writer_id,
                                        const struct uuid *instance_id, struct view logical_path,
                                        struct view full_name);
void earlier_free(struct earlier *earlier);

#endif
