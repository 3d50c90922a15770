/* marks.h - what is staged and verified, written down as it happens, so that a run that was
 * interrupted goes on where it stood.
 *
 * Of each planned file, and of each piece of a large one, one word in a file of the run folder that
 * is mapped shared: 0, or the epoch in which it was done, with a check in its upper half. Who did
 * it writes its word, once, after all else; so whatever a killed process leaves is true. The check
 * is of the run, of what the word stands for, of the epoch, and of a file's row: a word that was
 * torn, has rotted, or is of another run says nothing, and what it stood for is done again. Epochs
 * tell what a power cut leaves: an epoch ends, then everything is synced, and then it is recorded
 * as kept (run/checkpoint.h). A worker reads the epoch after its last write and before its word, so
 * that what bears an epoch that has ended was written before the sync that followed.
 *
 * Costs a relaxed load, some multiplications and a store for each file, and a search among large
 * files for each of their pieces. */
#ifndef ENGINE_MARKS_H
#define ENGINE_MARKS_H

#include "base/err.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MARKS_PIECES "pieces.bin" /* its name in the run folder */

struct marks_segment { /* a large file's pieces, in pieces.bin: sorted by file */
    uint32_t file;     /* plan_file: the one that is made and written */
    uint32_t count;
    uint64_t first;
};

struct marks {
    _Atomic uint32_t epoch; /* of what is done now; from 1 */
    uint64_t seed;          /* of the run: what checks begin with */
    /* Of each planned file; not ours. Read when a run goes on (marks_file_epoch()): those that say
     * nothing are done again. */
    _Atomic uint64_t *files;
    int dir_fd; /* the run folder */
    /* When a run goes on: marks of pieces up to this epoch count; 0: none */
    uint32_t trusted;

    /* pieces.bin, made by marks_pieces_make() */
    int fd;
    void *mapping;
    uint64_t mapping_bytes;
    const struct marks_segment *segments;
    uint32_t segment_count;
    _Atomic uint64_t *pieces;
};

/* Of no file so far. seed: of the run, the same for each of its processes. epoch: the first one of
 * this process. */
void marks_init(struct marks *marks, int dir_fd, uint64_t seed, _Atomic uint64_t *files,
                uint32_t epoch, uint32_t trusted);

/* Make pieces.bin for these segments (file and count are said, in order of file), allocated as a
 * whole. What an earlier process of this run left marked stays so where carry() says that the file
 * is still there, and where the counts are equal. No segments: no file. Before workers start.
 * Errors: DEST_*. */
typedef bool marks_carry(void *context, uint32_t file);
vsr_code marks_pieces_make(struct marks *marks, struct marks_segment *segments,
                           uint32_t segment_count, marks_carry *carry, void *context,
                           vsr_error *error);

/* Unmap and close; after the workers. */
void marks_fini(struct marks *marks);

/* The segment of a file, or NULL: it is made in one go, or not in this run. Any thread. */
const struct marks_segment *marks_find(const struct marks *marks, uint32_t file);

static inline bool marks_piece_is_done(const struct marks *marks,
                                       const struct marks_segment *segment, uint32_t piece)
{
    return atomic_load_explicit(&marks->pieces[segment->first + piece], memory_order_relaxed) != 0;
}

static inline uint64_t marks_mix(uint64_t x)
{
    x = (x ^ x >> 32) * UINT64_C(0x9E3779B97F4A7C15);
    x = (x ^ x >> 29) * UINT64_C(0xBF58476D1CE4E5B9);
    return x ^ x >> 32;
}

/* The word of an epoch that is not 0. place: what it stands for; content: of its row. */
static inline uint64_t marks_word(uint64_t seed, uint64_t place, uint64_t content, uint32_t epoch)
{
    return marks_mix(marks_mix(marks_mix(seed ^ place) + content) + epoch) << 32 | epoch;
}

/* What a file's word says of it and its row (outcome_row_content()): the epoch, or 0. */
static inline uint32_t marks_file_epoch(_Atomic uint64_t *files, uint64_t seed, uint32_t file,
                                        uint64_t content)
{
    const uint64_t word = atomic_load_explicit(&files[file], memory_order_acquire);
    const uint32_t epoch = (uint32_t)word;
    return epoch != 0 && word == marks_word(seed, file, content, epoch) ? epoch : 0;
}

/* A piece was written, or a file is whole and has its row. marks NULL: nobody asks. */
void marks_piece(struct marks *marks, uint32_t file, uint32_t piece);
static inline void marks_file(struct marks *marks, uint32_t file, uint64_t content)
{
    if (marks != NULL) {
        const uint32_t epoch = atomic_load_explicit(&marks->epoch, memory_order_acquire);
        atomic_store_explicit(&marks->files[file], marks_word(marks->seed, file, content, epoch),
                              memory_order_release);
    }
}

#endif
