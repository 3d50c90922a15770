/* index_check.h - between index_check.c and index_check_file.c only: where the walk over an
 * index stands. A fault is a static sentence part, NULL when there is none. */
#ifndef MEDIA_INDEX_CHECK_H
#define MEDIA_INDEX_CHECK_H

#include "media/index.h"

struct index_check {
    const struct media_index *index;
    uint32_t next_entry;           /* the next that a directory must claim for its children */
    uint64_t next_chunk;           /* the next that a file must claim                        */
    uint64_t ranges_left;          /* what entries may still refer to in sum: keeps the walk, */
    uint64_t attribute_bytes_left; /* and later ones over the index, linear                 */
    const struct index_chunk *last_chunk; /* NULL before the first */
};

/* A file's chunks, ranges and hard link. */
const char *index_check_file(struct index_check *check, uint32_t entry);

/* Do bytes from offset lie inside the blobs? */
static inline bool index_check_blob(const struct index_check *check, uint64_t offset,
                                    uint64_t bytes)
{
    const uint64_t end = check->index->blob_bytes;
    return offset <= end && bytes <= end - offset;
}

#endif
