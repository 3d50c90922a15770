/* fuzz_index.c - hostile indexes: refused, or safe to walk without any check.
 *
 * The input: six 16-bit numbers, how many records (of the blobs: bytes) each section has, then
 * the sections. Each gets memory of exactly its size. The hashes around an index are left out:
 * they keep accidents away, and whoever forges can compute them. fuzz_media.c has them. */
#include "fuzz.h"

#include "media/index.h"
#include "media_index_walk.h"

#include <stdlib.h>
#include <string.h>

static uint64_t index_number(void *const sections[SECTION_COUNT],
                             const uint16_t counts[SECTION_COUNT])
{
    const struct media_index index = {
        .volumes = sections[SECTION_VOLUMES],
        .entries = sections[SECTION_ENTRIES],
        .chunks = sections[SECTION_CHUNKS],
        .ranges = sections[SECTION_RANGES],
        .descriptors = sections[SECTION_DESCRIPTORS],
        .blobs = sections[SECTION_BLOBS],
        .volume_count = counts[SECTION_VOLUMES],
        .entry_count = counts[SECTION_ENTRIES],
        .chunk_count = counts[SECTION_CHUNKS],
        .range_count = counts[SECTION_RANGES],
        .descriptor_count = counts[SECTION_DESCRIPTORS],
        .blob_bytes = counts[SECTION_BLOBS],
        .pack_count = 2,
    };
    vsr_error error = {0};
    const vsr_code rc = index_check(&index, &error);
    uint64_t sum = 1;
    if (rc != VSR_OK) {
        return fuzz_refused(rc, &error);
    }
    fuzz_add_number(&sum, index_walk(&index));
    return sum;
}

uint64_t fuzz_target(const uint8_t *data, size_t size)
{
    uint16_t counts[SECTION_COUNT];
    void *sections[SECTION_COUNT] = {0};
    if (size < sizeof counts) {
        return 1;
    }
    memcpy(counts, data, sizeof counts);
    const uint8_t *at = data + sizeof counts;
    size_t left = size - sizeof counts;
    bool whole = true;
    for (int i = 0; i < SECTION_COUNT && whole; i++) {
        const size_t bytes = counts[i] * (size_t)index_record_bytes((enum index_section)i);
        whole = bytes <= left;
        if (whole) {
            sections[i] = fuzz_memory(bytes);
            memcpy(sections[i], at, bytes);
            at += bytes;
            left -= bytes;
        }
    }
    const uint64_t sum = whole ? index_number(sections, counts) : 1;
    for (int i = 0; i < SECTION_COUNT; i++) {
        free(sections[i]);
    }
    return sum;
}
