/* claim.h - the work list: which frames, in which order, for which files.
 *
 * Made once, then immutable but for one cursor and for when files were begun. Pieces of files stand
 * in the order of the media within each publish group; a job is a frame and all pieces in it, so
 * that a frame is decoded once; a claim is a run of jobs that a worker takes at a time (at most
 * 8 MiB stored, less of small files and near the end, so that all end together). Large files
 * that follow each other, and what stands between them, are dealt in turn, so that workers do not
 * queue for one inode's lock. */
#ifndef ENGINE_CLAIM_H
#define ENGINE_CLAIM_H

#include "engine/file_table.h"
#include "engine/range_table.h"
#include "engine/slow_files.h"

/* Not of the media: bytes of a base, ranges.copies[chunk & ~CLAIM_COPY]. */
#define CLAIM_COPY UINT32_C(0x80000000)

struct claim_piece {
    uint32_t file;  /* plan_file */
    uint32_t chunk; /* of its data entry (of a record of ranges: in ranges.pieces), a copy, or
                       MARK_NONE: the file has no data */
};

struct claim { /* a run of jobs */
    uint32_t first;
    uint32_t end;
};

struct claim_list {
    const struct file_table *table;
    struct range_table ranges;
    struct claim_piece *pieces;
    uint32_t piece_count;
    uint32_t *job_first; /* job_count + 1: into pieces */
    uint64_t *job_bytes; /* what each moves: a frame that is read, or copies */
    uint32_t job_count;
    struct claim *claims;
    uint32_t claim_count;
    _Atomic uint32_t next;     /* the cursor */
    struct slow_starts starts; /* of files with several pieces */
};

/* Also sets each file's count of remaining pieces. Files whose chunks do not add up to their size
 * get a fault. Pieces that an interrupted run has marked are left out. Errors: MEDIA, a set with
 * more pieces than a run can hold; DEST_*, of the marks. */
vsr_code claim_list_init(struct claim_list *list, struct file_table *table, uint32_t workers,
                         vsr_error *error);
void claim_list_fini(struct claim_list *list);

/* Take the next run of jobs, [*first, *end). False: none are left. Any worker. */
bool claim_take(struct claim_list *list, uint32_t *first, uint32_t *end);

static inline bool claim_is_copy(const struct claim_piece *piece)
{
    return piece->chunk != MARK_NONE && (piece->chunk & CLAIM_COPY) != 0;
}

/* The chunk of a piece; NULL for a copy, and for a file without data. */
const struct index_chunk *claim_chunk(const struct claim_list *list,
                                      const struct claim_piece *piece);

/* The number of a piece with data, or of a copy, among all those of its file (of a record of
 * ranges: of its destination), as marks count them. */
uint32_t claim_ordinal(const struct claim_list *list, const struct claim_piece *piece);

/* The frame of a job as its first piece with data names it, or NULL. */
const struct index_chunk *claim_frame(const struct claim_list *list, uint32_t job);

#endif
