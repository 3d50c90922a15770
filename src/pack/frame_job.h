/* frame_job.h - one frame on its way: cut on the caller's thread, filled by a worker, written by
 * the caller's thread again. Who holds it is said by the pipeline's counters (pipeline.h). */
#ifndef PACK_FRAME_JOB_H
#define PACK_FRAME_JOB_H

#include "base/limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A run of bytes of one file: a chunk of the index. */
struct frame_piece {
    uint64_t file_offset;
    uint32_t length;
    uint32_t plain_offset; /* in the frame */
    uint64_t xxh3_64;      /* filled by the worker */
};

/* What of one file lies in this frame: pieces in a row, their bytes end to end. */
struct frame_part {
    uint32_t entry;
    uint32_t first_piece;
    uint32_t piece_count;
    uint32_t plain_offset;
    uint32_t plain_bytes;
    bool begins, ends; /* the file's first, last bytes; both: the worker makes its hash */
    /* filled by the worker: */
    bool changed;         /* it is not, or was not to the end, what the scan had seen */
    int32_t fault;        /* errno that cut reading short; the rest is zeros          */
    uint8_t xxh3_128[16]; /* of a file that begins and ends here */
};

struct frame_job {
    char *plain;  /* FRAME_PLAIN_BYTES_MAX; header blocks and padding are there when cut */
    char *stored; /* FRAME_STORED_BYTES_MAX */
    uint32_t plain_bytes;
    uint32_t stored_bytes;
    struct frame_part *parts; /* heap; reused */
    uint32_t part_count;
    size_t part_capacity;
    struct frame_piece *pieces; /* heap; reused */
    uint32_t piece_count;
    size_t piece_capacity;
    uint32_t entries_end; /* records below it stand before the next member's */
    bool ends_pack;
};

#endif
