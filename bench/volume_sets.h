/* volume_sets.h - what files a server with these documents had: for every file set, exclude and
 * partial, differenced or directed entry, names in a tree. */
#ifndef BENCH_VOLUME_SETS_H
#define BENCH_VOLUME_SETS_H

#include "volume_names.h"
#include "volume_tree.h"

#include "vss/documents.h"

struct volume_place {
    uint32_t root;
    struct win_path path; /* of the volume's root */
};

struct volume_sets {
    struct volume_tree *tree;
    struct arena *arena;
    struct win_env env;
    enum volume_sizes sizes;
    uint32_t scale;
    struct content_rng rng;
    struct placed_set *placed;
    size_t placed_count, placed_capacity;
    struct volume_place *places; /* the volumes that were named, in that order */
    size_t place_count, place_capacity;
    struct view *unknown_names; /* %NAMES% without a value */
    size_t unknown_count, unknown_capacity;
    uint32_t left_out; /* sets and files that no volume can hold; each is told on standard error */
};

/* Fill sets->tree; the fields up to rng are the caller's. False: unknown_names says why. */
bool volume_sets_place(struct volume_sets *sets, const struct documents *documents);
void volume_sets_free(struct volume_sets *sets);

#endif
