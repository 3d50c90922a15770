/* ceilings.h - what ceilings.c is made of: each call measures one limit of the machine. */
#ifndef BENCH_CEILINGS_H
#define BENCH_CEILINGS_H

#include <stdbool.h>
#include <stdint.h>

struct ceiling {
    double seconds;
    double synced_seconds; /* until it is on stable storage; 0: nothing was written */
    uint64_t bytes;        /* that passed in this time */
};

/* --- ceiling_frames.c: the media, without the library --- */

enum frames_work { FRAMES_READ, FRAMES_DECODE, FRAMES_VERIFY, FRAMES_CHECK };

/* Packs (LZ4 frames of one block, src/media/FORMAT.md) by so many threads. READ: pread() of all
 * bytes, 1 MiB at a time. DECODE: each block decoded from mapped memory, which is read once before,
 * into a buffer that stays in the cache. VERIFY: the same, and XXH3 of each frame's plain bytes.
 * CHECK: each frame read by pread(), decoded, and every sum made that `verify` compares.
 * bytes: stored ones for READ, else plain ones. */
struct ceiling ceiling_frames(enum frames_work work, unsigned threads, char **packs,
                              int pack_count);

/* --- ceiling_write.c: the target --- */

enum write_mode { WRITE_BUFFERED, WRITE_UNCACHED, WRITE_DIRECT };

struct write_plan {
    const char *directory;
    unsigned files;      /* "raw-0" ... are made there */
    uint64_t file_bytes; /* of each */
    enum write_mode mode;
    unsigned queue_depth; /* of WRITE_DIRECT, for each thread */
};

/* Write the files by so many threads, 1 MiB at a time, the same bytes over and over. False with
 * errno: the file system or kernel does not take that mode; the files are gone then. */
bool ceiling_write(const struct write_plan *plan, unsigned threads, struct ceiling *out);

#endif
