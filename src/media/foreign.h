/* foreign.h - the media of a plan that another front end made: stored files of its own, and which
 * bytes of them are which bytes of which file.
 *
 * Stands in the place of a set (struct media_set) where such a plan is carried out: the
 * catalogue is an index in memory, of the files that the plan names, at their places; its chunks
 * are numbered as those here, which say more. A stored file is opened when a chunk of it is
 * read, by the worker that reads it, so that a plan may name a million of them. Made by
 * plan/foreign_lines.c, then immutable: any thread may read. */
#ifndef MEDIA_FOREIGN_H
#define MEDIA_FOREIGN_H

#include "base/arena.h"
#include "base/hash_map.h"
#include "media/set.h"

/* A modify time that the plan does not tell: the file keeps that of its writing (UTIME_OMIT). */
#define FOREIGN_NO_TIME UINT32_C(0x3ffffffe)

enum foreign_codec {
    FOREIGN_NONE,      /* as it is: of any length */
    FOREIGN_LZ4_FRAME, /* frames as the command lz4 writes them, in a row: of any length */
    FOREIGN_LZ4_BLOCK, /* one block without a frame: FOREIGN_BLOCK_BYTES_MAX at most */
    FOREIGN_CODEC_COUNT
};

enum { FOREIGN_SUM_BYTES_MAX = 16 };

struct foreign_chunk {
    uint64_t offset; /* in the stored file; with stored_bytes below 2^63 */
    uint64_t stored_bytes;
    uint64_t plain_bytes;
    uint64_t file_offset;               /* where they go in the restored file */
    uint32_t source;                    /* foreign_source */
    uint8_t codec;                      /* enum foreign_codec */
    uint8_t sum_bytes;                  /* 8: XXH3-64, 16: XXH3-128 */
    uint8_t sum[FOREIGN_SUM_BYTES_MAX]; /* of the plain bytes, without a seed, canonical form */
};

struct foreign_source { /* a stored file, as it stood when the plan was read */
    struct view path;   /* from the root of the file system; a NUL behind it */
    uint64_t device, inode, size;
    int64_t modify_s;
    uint32_t modify_ns;
    bool is_there; /* and a regular file; else the rest is 0 */
};

struct foreign_unit { /* what is restored as one; texts absent where the plan has none */
    uint8_t writer_id[16], instance_id[16];
    struct view writer_name, logical_path, component;
    uint32_t first_record, record_count;
};

struct foreign_media {
    struct arena arena; /* of all texts but those of the index */
    struct foreign_chunk *chunks;
    struct foreign_source *sources;
    struct foreign_unit *units;
    uint32_t *records;    /* in the plan's order: the entry of each */
    const char **volumes; /* "SPEC=DIR" */
    unsigned overwrite;   /* as --overwrite: 0 never, 1 if-newer, 2 always */
    uint64_t chunk_count;
    uint32_t source_count, unit_count, record_count, volume_count;
    uint32_t stored_bytes_max; /* buffers that any of the chunks can be read and decoded with ... */
    uint32_t plain_bytes_max;  /* ... (media/foreign_read.h) */
    uint64_t table_bytes;      /* memory that all of this takes */
    uint8_t plan_xxh3[16];     /* of the plan's bytes */
    struct hash_map stored;    /* (device, inode) -> source */
    uint64_t plan_device, plan_inode;
    struct index_header header; /* what the index points to */
    struct index_volume *index_volumes;
    struct index_entry *index_entries;
    struct index_chunk *index_chunks;
    struct index_range *index_ranges;
    char *index_blobs;
};

/* "lz4-frame"; NULL: no codec. Static. */
const char *foreign_codec_text(unsigned codec);

/* Look at the stored files and the plan's own, and bind the set's identity to the plan's bytes, and
 * to sizes and modify times of what is there: when any of them changes, a run does not go on
 * (RUN_FOREIGN). */
void foreign_examine(struct media_set *set);

/* Is it one of the stored files, or the plan's own? foreign may be NULL: no. */
bool foreign_is_stored(const struct foreign_media *foreign, uint64_t device, uint64_t inode);

/* The plain bytes of a chunk of set->index, by its number: in a set, or here. */
static inline uint64_t foreign_chunk_bytes(const struct media_set *set, uint64_t chunk)
{
    return set->foreign != NULL ? set->foreign->chunks[chunk].plain_bytes
                                : set->index.chunks[chunk].length;
}

/* NULL is nothing. */
void foreign_free(struct foreign_media *foreign);

#endif
