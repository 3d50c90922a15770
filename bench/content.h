/* content.h - seeded bytes, sizes and names for made volumes and corpora: same seed, same tree.
 *
 * Bytes compress about 2:1 with LZ4, as databases and system files do; sizes follow a chosen
 * distribution. Needs nothing of the library. */
#ifndef BENCH_CONTENT_H
#define BENCH_CONTENT_H

#include <stddef.h>
#include <stdint.h>

struct content_rng { /* splitmix64 */
    uint64_t state;
};

uint64_t content_next(struct content_rng *rng);
/* Uniform in [0, bound); bound > 0. */
uint64_t content_below(struct content_rng *rng, uint64_t bound);
/* Log-uniform in [low, high], low >= 1. */
uint64_t content_log_uniform(struct content_rng *rng, uint64_t low, uint64_t high);

/* Fill count bytes. The same rng state gives the same bytes. */
void content_fill(struct content_rng *rng, void *bytes, size_t count);

/* Write a file of size bytes at dir_fd/name, its times set; the data start at each of the given
 * extents ({offset, length} pairs, ascending) and the rest are holes; extents NULL: all data.
 * Returns 0 or an errno. */
struct content_extent {
    uint64_t offset, length;
};
int content_write(struct content_rng *rng, int dir_fd, const char *name, uint64_t size,
                  const struct content_extent *extents, size_t extent_count);

#endif
