/* check_index.h - where index.bin differs from what the packs' trailers hold. */
#ifndef MEDIA_CHECK_INDEX_H
#define MEDIA_CHECK_INDEX_H

#include "media/check_pack.h"

/* The offset in index.bin of the first byte that is not what the trailers say; where they say
 * the same, or cannot be read, false. Control plane. */
bool check_index_locate(const struct check_run *run, uint64_t *offset);

#endif
