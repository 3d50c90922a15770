/* checksum.c - XXH3 as the index has it: 64 bits and a seed for a chunk, 128 for a file. Files
 * that lie in memory as a whole are part_hash_bytes()'s. */
#include "media/checksum.h"

#include "base/heap.h"
#include "base/xxh3.h"
#include "media/index.h"

#include <string.h>

uint64_t checksum_chunk(const struct chunk_place *place, const void *bytes, size_t count)
{
    return XXH3_64bits_withSeed(bytes, count,
                                index_chunk_seed(place->set_uuid, place->entry,
                                                 place->file_offset));
}

/* What the library calls its state. */
static XXH3_state_t *state_of(struct checksum *checksum)
{
    return (XXH3_state_t *)checksum;
}

struct checksum *checksum_create(void)
{
    XXH3_state_t *state = XXH3_createState();
    heap_require(state);
    return (struct checksum *)state;
}

void checksum_free(struct checksum *checksum)
{
    (void)XXH3_freeState(state_of(checksum));
}

void checksum_begin(struct checksum *checksum)
{
    (void)XXH3_128bits_reset(state_of(checksum));
}

void checksum_add(struct checksum *checksum, const void *bytes, size_t count)
{
    (void)XXH3_128bits_update(state_of(checksum), bytes, count);
}

void checksum_end(const struct checksum *checksum, uint8_t xxh3_128[16])
{
    XXH128_canonical_t canonical;
    XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest((const XXH3_state_t *)checksum));
    memcpy(xxh3_128, canonical.digest, sizeof canonical.digest);
}

/* Both lengths are digests of one state (xxhash.h). */
void checksum_end_64(const struct checksum *checksum, uint8_t xxh3_64[8])
{
    XXH64_canonical_t canonical;
    XXH64_canonicalFromHash(&canonical, XXH3_64bits_digest((const XXH3_state_t *)checksum));
    memcpy(xxh3_64, canonical.digest, sizeof canonical.digest);
}
