/* match.h - many file sets against many directories, in time near files + sets.
 *
 * The index of canonical directories that makes planning linear: every file set (path,
 * filespec, recursive) stands in a trie of folded path elements; a walk over a tree carries a
 * small `struct match_place` from a directory to its children and asks which sets hold each
 * file. Serves `pack` (walking live trees) and the planner (walking the media's index) alike,
 * so that both agree on what belongs to what. Rules 5.3-5.7.
 *
 * Built by one thread; then immutable, and any number of threads may walk. */
#ifndef PLAN_MATCH_H
#define PLAN_MATCH_H

#include "vss/volumes.h"

struct match; /* heap, match_free() */

struct match_set {
    uint32_t volume;   /* of volume_table; sets of unmapped volumes are not added */
    struct view below; /* the canonical directory below the volume's root         */
    struct view filespec;
    bool recursive;
    uint32_t id; /* the caller's number: hits come in ascending order of it  */
};

struct match_place {
    uint32_t node;      /* in the trie, or MARK_NONE: no set's directory is here or below */
    uint32_t inherited; /* head of the chain of recursive sets that reach down here, or MARK_NONE */
};

struct match *match_create(void);
/* False: the filespec is none (T73). Before match_seal() only. */
bool match_add(struct match *match, const struct match_set *set);
void match_seal(struct match *match);
void match_free(struct match *match);

struct match_place match_root(const struct match *match, uint32_t volume);
struct match_place match_enter(const struct match *match, struct match_place place,
                               struct view directory_name);

/* A file's name with its hashes, each taken once however many tries are asked. Begin with
 * match_name_of(); the text must outlive it. */
struct match_name {
    struct view text, extension;
    uint64_t hash, extension_hash;
    bool hashed, extension_hashed;
};

static inline struct match_name match_name_of(struct view text)
{
    return (struct match_name){.text = text};
}

/* win_fold_hash() of the text. */
uint64_t match_name_hash(struct match_name *name);

/* Nothing here and nothing below: the walk need not go on. */
static inline bool match_place_is_dead(struct match_place place)
{
    return place.node == UINT32_MAX && place.inherited == UINT32_MAX;
}

/* Does a recursive set reach this place, here or from above? No look-up. */
static inline bool match_place_is_below(struct match_place place)
{
    return place.inherited != UINT32_MAX;
}

/* The ids of all sets that hold a file of this name in this place, ascending, each once; the
 * lowest ids_max of them are written. Returns how many there are; when that is more than
 * ids_max, an id that several sets share may be counted again. No allocation. */
uint32_t match_file(const struct match *match, struct match_place place, struct match_name *name,
                    uint32_t *ids, uint32_t ids_max);

/* The ids of all sets whose directory this is or that reach down here by recursion, whatever
 * their filespec (directories to make, 5.5); counted and written as by match_file(). Costs
 * ids_max for each set-bearing directory above, not the number of sets. */
uint32_t match_directory(const struct match *match, struct match_place place, uint32_t *ids,
                         uint32_t ids_max);

#endif
