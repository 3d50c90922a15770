/* range_table.h - what records of ranges (KIND_PARTIAL, KIND_DIRECTED) come to: which bytes of
 * which chunk go where, and which bytes of the base are copied beside them.
 *
 * The staged file of such a destination is made of pieces that do not touch each other: ranges
 * from the media, and the gaps between them from the base. So any worker does any of them at any
 * time; nobody makes a clone first, and nobody waits for one. Where the file system shares
 * blocks, a gap costs no bytes. Made on the control thread, then immutable. */
#ifndef ENGINE_RANGE_TABLE_H
#define ENGINE_RANGE_TABLE_H

#include "engine/engine.h"

struct range_span { /* of one chunk */
    uint64_t dest;
    uint32_t skip; /* bytes of the chunk before it */
    uint32_t length;
};

struct range_piece {     /* a chunk that some range needs */
    uint32_t chunk;      /* of its data entry */
    uint32_t first_span; /* its spans end where the next piece's begin */
};

struct range_part { /* of a base */
    uint64_t offset;
    uint64_t length;
};

struct range_record { /* of one plan_file */
    uint32_t file;
    uint32_t first_piece, piece_count;
    bool incomplete; /* the media do not hold all that its ranges ask for */
};

struct range_target { /* a destination */
    uint32_t file;    /* its first record */
    uint32_t first_record, record_count;
    uint32_t first_copy, copy_count; /* RANGE_COPY_BYTES_MAX each at most */
    uint64_t size;                   /* of the staged file */
};

struct range_table {
    struct range_span *spans;
    struct range_piece *pieces; /* piece_count + 1: the last one ends the spans */
    struct range_part *copies;
    struct range_record *records;
    struct range_target *targets; /* by file */
    uint32_t span_count, piece_count, copy_count, record_count, target_count;
    size_t span_capacity, piece_capacity, copy_capacity, record_capacity, target_capacity;
};

/* What one worker copies in one go. Where blocks are shared, a gap is not cut. */
#define RANGE_COPY_BYTES_MAX ((uint64_t)16 << 20)

/* Open a target by its first record; its records follow, that one first. Without a stage (a
 * discarding run), and where ranges are written in place, there is nothing to copy. */
void range_table_begin_target(struct range_table *table, const struct engine_input *input,
                              uint32_t file);
void range_table_add_record(struct range_table *table, const struct engine_input *input,
                            uint32_t file);
/* After the last record. */
void range_table_seal(struct range_table *table);
void range_table_free(struct range_table *table);

/* A target by its first record, which there is. Any thread. */
const struct range_target *range_table_find(const struct range_table *table, uint32_t file);

/* What these tables take for a plan, at most: for the budget. */
uint64_t range_table_bytes(const struct plan *plan, const struct media_set *set);

#endif
