/* checksum.h - the sums of chunks and files as they are made (FORMAT.md, section 3). Chunks: any
 * thread. */
#ifndef MEDIA_CHECKSUM_H
#define MEDIA_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

struct chunk_place {
    const uint8_t *set_uuid; /* 16 bytes */
    uint32_t entry;
    uint64_t file_offset;
};

/* The seeded sum of a chunk's plain bytes. */
uint64_t checksum_chunk(const struct chunk_place *place, const void *bytes, size_t count);

/* The sum of a file that comes piece by piece. One thread at a time; freed by checksum_free(). */
struct checksum;
struct checksum *checksum_create(void);
void checksum_free(struct checksum *checksum);
void checksum_begin(struct checksum *checksum);
void checksum_add(struct checksum *checksum, const void *bytes, size_t count);
void checksum_end(const struct checksum *checksum, uint8_t xxh3_128[16]);  /* canonical form */
void checksum_end_64(const struct checksum *checksum, uint8_t xxh3_64[8]); /* of the same bytes */

#endif
