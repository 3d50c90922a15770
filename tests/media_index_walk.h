/* media_index_walk.h - everything that later code may do with an index that index_check() let
 * pass, done without a check: for hostile indexes under the sanitizers. */
#ifndef MEDIA_INDEX_WALK_H
#define MEDIA_INDEX_WALK_H

#include "media/index.h"

/* Returns a number made of every byte that an index refers to, so that all of it is read. */
uint64_t index_walk(const struct media_index *index);

#endif
