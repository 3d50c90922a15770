/* sizes.h - how much of a set's media each component's own file sets hold, for `inspect`.
 *
 * Whatever the selection: every component of every writer document is asked at once, in one walk
 * over the index. A file that several components hold counts for each of them; excludes are the
 * planner's. Pure. */
#ifndef PLAN_SIZES_H
#define PLAN_SIZES_H

#include "media/set.h"
#include "vss/documents.h"

struct component_size {
    uint64_t files, bytes;
};

/* For each writer document an array of its components' sizes, in the arena. */
struct component_size **component_sizes(struct arena *arena, const struct documents *documents,
                                        const struct media_set *set);

#endif
