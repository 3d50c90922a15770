/* index.h - reading a set's index: what the media hold and where.
 *
 * The catalogue that plans are made from and that workers find their frames in. Opened by a
 * read-only mapping (file-backed, and let go of again and again: index_trim.h), checked as a whole
 * before use, then immutable: any thread may read. */
#ifndef MEDIA_INDEX_H
#define MEDIA_INDEX_H

#include "base/err.h"
#include "base/limits.h"
#include "base/uuid.h"
#include "base/view.h"
#include "media/index_format.h"

struct media_index {
    const struct index_header *header;
    const struct index_volume *volumes;
    const struct index_entry *entries;
    const struct index_chunk *chunks;
    const struct index_range *ranges;
    const struct index_descriptor *descriptors;
    const char *blobs;
    uint32_t volume_count;
    uint32_t entry_count;
    uint64_t chunk_count;
    uint64_t range_count;
    uint32_t descriptor_count;
    uint64_t blob_bytes;
    uint32_t pack_count; /* packs that chunks may name; from set.json */
    bool owners_untold;  /* of a foreign plan: UINT32_MAX is an owner that it does not tell */
    void *mapping;       /* NULL: the parts above are the caller's (see index_check) */
    size_t mapping_bytes;
    struct index_trim *trim;
};

/* Map dir_fd/name, check its hash (against itself and, if want_xxh3 is not NULL, against that),
 * then index_check(). Errors: MEDIA (with the structure and offset), MEDIA_UNREADABLE. */
vsr_code index_open(struct media_index *out, int dir_fd, const char *name, uint32_t pack_count,
                    const uint8_t want_xxh3[16], vsr_error *error);
/* The same of a file that is open and bytes long; name is for messages. */
vsr_code index_open_file(struct media_index *out, int fd, uint64_t bytes, const char *name,
                         uint32_t pack_count, const uint8_t want_xxh3[16], vsr_error *error);
void index_close(struct media_index *index);

/* Every check of FORMAT.md, section 5, on the parts that *index points to. */
vsr_code index_check(const struct media_index *index, vsr_error *error);

/* The header of an index.bin with so many records in each section: there is one right layout.
 * False: more than an index may hold. */
bool index_layout(const uint64_t record_counts[SECTION_COUNT], const uint8_t set_uuid[16],
                  struct index_header *out);
uint32_t index_record_bytes(enum index_section section);

static inline struct view index_name(const struct media_index *index, uint32_t entry)
{
    const struct index_entry *e = &index->entries[entry];
    return (struct view){index->blobs + e->name_offset, e->name_bytes};
}

struct view index_link_text(const struct media_index *index, uint32_t entry);
struct view index_volume_prefix(const struct media_index *index, uint32_t volume);

/* The path below the volume's root with separator between elements ('\\' or '/'), written to
 * out (at most out_bytes). Returns its length, or 0 when it does not fit (a root's is 0, too). */
size_t index_path(const struct media_index *index, uint32_t entry, char separator, char *out,
                  size_t out_bytes);

/* The next extended attribute: start with *cursor = 0; false at the end. */
struct index_attribute {
    struct view name;
    struct view value;
};
bool index_attribute_next(const struct media_index *index, uint32_t entry, uint32_t *cursor,
                          struct index_attribute *out);
/* The same on attributes that are not in an index (yet): false at the end, and where no whole
 * record follows (then *cursor < all.n). */
bool index_attribute_parse(struct view all, uint32_t *cursor, struct index_attribute *out);

/* The seed of a chunk's checksum: set uuid, entry number, offset in file (FORMAT.md). */
uint64_t index_chunk_seed(const uint8_t set_uuid[16], uint32_t entry, uint64_t file_offset);

/* A child by name, exactly as spelled (folded lookups are the planner's). MARK_NONE. */
uint32_t index_child(const struct media_index *index, uint32_t directory, struct view name);

#endif
