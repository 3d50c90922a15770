/* foreign_records.h - between foreign_lines.c and foreign_records.c only: another front end's plan
 * while it is read. */
#ifndef PLAN_FOREIGN_RECORDS_H
#define PLAN_FOREIGN_RECORDS_H

#include "media/foreign.h"
#include "plan/foreign_tree.h"
#include "plan/line_reader.h"
#include "vss/volumes.h"

struct foreign_record {
    struct index_entry facts; /* what the record says: kind, size, chunks, metadata */
    uint32_t node;
    uint32_t owner; /* of a further name: the record that has the data; else MARK_NONE */
};

struct foreign_lines {
    struct line_reader reader;
    struct foreign_media *foreign;
    struct foreign_tree tree;
    struct volume_table volumes;
    struct view *dirs; /* of the volumes, without a '/' at their ends */
    struct set_volume *set_volumes;
    struct view media_dir; /* where relative names of stored files begin */
    struct foreign_record *records;
    struct hash_map sources;                     /* path -> foreign_source */
    uint64_t unit_count, file_count, bytes;      /* as the first record says */
    uint64_t bytes_read;                         /* so far */
    uint64_t range_count;                        /* of foreign->index_ranges */
    size_t chunk_capacity, index_chunk_capacity; /* of foreign's arrays */
    size_t source_capacity, record_capacity, range_capacity;
    uint32_t unit; /* of the last file record */
};

/* A file record. Faults are the reader's. */
void foreign_read_file(struct foreign_lines *lines, line_object *record);

#endif
