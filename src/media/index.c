/* index.c - index.bin mapped, its parts found, small questions answered.
 *
 * The plan is made from this catalogue and workers look their frames up in it. Here stand the
 * header's checks and the accessors; the records' checks, which make the accessors safe to use
 * without further checks, are index_check.c's. */
#include "media/index.h"

#include "base/heap.h"
#include "base/own.h"
#include "base/xxh3.h"
#include "media/index_trim.h"
#include "media/part.h"

#include <sys/mman.h>

static const uint32_t record_bytes[SECTION_COUNT] = {
    [SECTION_VOLUMES] = sizeof(struct index_volume),
    [SECTION_ENTRIES] = sizeof(struct index_entry),
    [SECTION_CHUNKS] = sizeof(struct index_chunk),
    [SECTION_RANGES] = sizeof(struct index_range),
    [SECTION_DESCRIPTORS] = sizeof(struct index_descriptor),
    [SECTION_BLOBS] = 1,
};

static const uint64_t record_count_max[SECTION_COUNT] = {
    [SECTION_VOLUMES] = SET_VOLUMES_MAX,
    [SECTION_ENTRIES] = SET_ENTRIES_MAX,
    [SECTION_CHUNKS] = INDEX_BYTES_MAX / sizeof(struct index_chunk),
    [SECTION_RANGES] = INDEX_BYTES_MAX / sizeof(struct index_range),
    [SECTION_DESCRIPTORS] = SET_ENTRIES_MAX,
    [SECTION_BLOBS] = INDEX_BYTES_MAX,
};

uint32_t index_record_bytes(enum index_section section)
{
    return record_bytes[section];
}

bool index_layout(const uint64_t record_counts[SECTION_COUNT], const uint8_t set_uuid[16],
                  struct index_header *out)
{
    *out = (struct index_header){.format = INDEX_FORMAT, .header_bytes = sizeof *out};
    memcpy(out->magic, INDEX_MAGIC, sizeof out->magic);
    memcpy(out->set_uuid, set_uuid, sizeof out->set_uuid);
    uint64_t end = sizeof *out;
    for (size_t i = 0; i < SECTION_COUNT; i++) {
        if (record_counts[i] > record_count_max[i]) {
            return false;
        }
        const uint64_t offset = (end + INDEX_ALIGN_BYTES - 1) & ~(uint64_t)(INDEX_ALIGN_BYTES - 1);
        out->sections[i] = (struct index_section_place){.offset = offset,
                                                        .record_count = record_counts[i],
                                                        .record_bytes = record_bytes[i]};
        end = offset + record_counts[i] * record_bytes[i]; /* each below 2^41 */
    }
    out->file_bytes = end + INDEX_HASH_BYTES;
    return true;
}

/* There is one right layout for given counts, so the header must be what index_layout() makes. */
static const char *index_header_fault(const struct index_header *header, uint64_t file_bytes)
{
    if (memcmp(header->magic, INDEX_MAGIC, sizeof header->magic) != 0) {
        return "it does not begin like an index";
    }
    if (header->format != INDEX_FORMAT) {
        return "its format is not one that this program knows";
    }
    uint64_t counts[SECTION_COUNT];
    for (size_t i = 0; i < SECTION_COUNT; i++) {
        counts[i] = header->sections[i].record_count;
    }
    struct index_header want;
    if (!index_layout(counts, header->set_uuid, &want)) {
        return "it claims more records than an index may hold";
    }
    if (memcmp(header, &want, sizeof want) != 0) {
        return "the places of its sections are wrong";
    }
    return want.file_bytes == file_bytes ? NULL : "its size is not what its header says";
}

/* Point the parts of *out into the mapping. */
static void index_place(struct media_index *out)
{
    const char *base = out->mapping;
    out->header = out->mapping;
    const struct index_section_place *at = out->header->sections;
    out->volumes = (const void *)(base + at[SECTION_VOLUMES].offset);
    out->entries = (const void *)(base + at[SECTION_ENTRIES].offset);
    out->chunks = (const void *)(base + at[SECTION_CHUNKS].offset);
    out->ranges = (const void *)(base + at[SECTION_RANGES].offset);
    out->descriptors = (const void *)(base + at[SECTION_DESCRIPTORS].offset);
    out->blobs = base + at[SECTION_BLOBS].offset;
    out->volume_count = (uint32_t)at[SECTION_VOLUMES].record_count;
    out->entry_count = (uint32_t)at[SECTION_ENTRIES].record_count;
    out->chunk_count = at[SECTION_CHUNKS].record_count;
    out->range_count = at[SECTION_RANGES].record_count;
    out->descriptor_count = (uint32_t)at[SECTION_DESCRIPTORS].record_count;
    out->blob_bytes = at[SECTION_BLOBS].record_count;
}

/* The hash at the file's end, and the whole file's if one is wanted. */
static vsr_code index_hash_check(int fd, uint64_t bytes, const char *name,
                                 const uint8_t want_xxh3[16], vsr_error *error)
{
    uint8_t at_end[INDEX_HASH_BYTES];
    uint8_t before[INDEX_HASH_BYTES];
    uint8_t whole[INDEX_HASH_BYTES];
    vsr_code rc = part_read(fd, at_end, sizeof at_end, bytes - sizeof at_end, name, error);
    if (rc == VSR_OK) {
        rc = part_hash_sealed(fd, bytes, name, before, whole, error);
    }
    if (rc != VSR_OK) {
        return rc;
    }
    if (memcmp(before, at_end, sizeof before) != 0) {
        return err_set(error, VSR_ERR_MEDIA, "media/index",
                       "%s is damaged: its bytes 0 to %llu do not match the hash behind them; "
                       "'reindex' rebuilds it",
                       name, (unsigned long long)(bytes - sizeof at_end));
    }
    if (want_xxh3 != NULL && memcmp(whole, want_xxh3, sizeof whole) != 0) {
        return err_set(error, VSR_ERR_MEDIA, "media/index",
                       "%s is not the index that set.json was written for; 'reindex' rebuilds it",
                       name);
    }
    return VSR_OK;
}

static vsr_code index_map(struct media_index *out, int fd, uint64_t bytes, const char *name,
                          vsr_error *error)
{
    void *mapping = mmap(NULL, (size_t)bytes, PROT_READ, MAP_PRIVATE, fd, 0);
    if (mapping == MAP_FAILED) {
        heap_require(errno == ENOMEM ? NULL : name); /* no damage of the index */
        return err_sys(error, VSR_ERR_MEDIA_UNREADABLE, "media/index", "cannot map %s", name);
    }
    out->mapping = mapping;
    out->mapping_bytes = (size_t)bytes;
    const char *fault = index_header_fault(mapping, bytes);
    if (fault != NULL) {
        return err_set(error, VSR_ERR_MEDIA, "media/index", "%s is damaged at byte 0: %s", name,
                       fault);
    }
    index_place(out);
    out->trim = index_trim_begin(mapping, out->mapping_bytes);
    return VSR_OK;
}

vsr_code index_open_file(struct media_index *out, int fd, uint64_t bytes, const char *name,
                         uint32_t pack_count, const uint8_t want_xxh3[16], vsr_error *error)
{
    *out = (struct media_index){.pack_count = pack_count};
    if (bytes < sizeof(struct index_header) + INDEX_HASH_BYTES || bytes > INDEX_BYTES_MAX) {
        return err_set(error, VSR_ERR_MEDIA, "media/index",
                       "%s is damaged: %llu bytes cannot be an index", name,
                       (unsigned long long)bytes);
    }
    vsr_code rc = index_hash_check(fd, bytes, name, want_xxh3, error);
    if (rc == VSR_OK) {
        rc = index_map(out, fd, bytes, name, error);
    }
    if (rc == VSR_OK) {
        rc = index_check(out, error);
    }
    if (rc != VSR_OK) {
        index_close(out);
    }
    return rc;
}

vsr_code index_open(struct media_index *out, int dir_fd, const char *name, uint32_t pack_count,
                    const uint8_t want_xxh3[16], vsr_error *error)
{
    OWN(fd) fd = -1;
    uint64_t bytes = 0;
    *out = (struct media_index){0};
    const vsr_code rc = part_open(dir_fd, name, &fd, &bytes, error);
    return rc == VSR_OK ? index_open_file(out, fd, bytes, name, pack_count, want_xxh3, error) : rc;
}

void index_close(struct media_index *index)
{
    index_trim_end(index->trim);
    if (index->mapping != NULL) {
        (void)munmap(index->mapping, index->mapping_bytes);
    }
    *index = (struct media_index){0};
}

struct view index_link_text(const struct media_index *index, uint32_t entry)
{
    const struct index_entry *e = &index->entries[entry];
    if (e->kind != INDEX_SYMLINK) {
        return VIEW_NONE;
    }
    return (struct view){index->blobs + e->link.offset, (size_t)e->link.bytes};
}

struct view index_volume_prefix(const struct media_index *index, uint32_t volume)
{
    const struct index_volume *v = &index->volumes[volume];
    return (struct view){index->blobs + v->prefix_offset, v->prefix_bytes};
}

size_t index_path(const struct media_index *index, uint32_t entry, char separator, char *out,
                  size_t out_bytes)
{
    size_t bytes = 0;
    for (uint32_t at = entry; index->entries[at].parent != MARK_NONE;
         at = index->entries[at].parent) {
        bytes += index->entries[at].name_bytes + (size_t)(bytes > 0);
    }
    if (bytes > out_bytes) {
        return 0;
    }
    size_t end = bytes;
    for (uint32_t at = entry; index->entries[at].parent != MARK_NONE;
         at = index->entries[at].parent) {
        if (end < bytes) {
            out[--end] = separator;
        }
        const struct view name = index_name(index, at);
        end -= name.n;
        memcpy(out + end, name.p, name.n);
    }
    return bytes;
}

bool index_attribute_next(const struct media_index *index, uint32_t entry, uint32_t *cursor,
                          struct index_attribute *out)
{
    const struct index_entry *e = &index->entries[entry];
    const struct view all = {index->blobs + e->attribute_offset, e->attribute_bytes};
    return index_attribute_parse(all, cursor, out);
}

bool index_attribute_parse(struct view all, uint32_t *cursor, struct index_attribute *out)
{
    uint16_t name_bytes;
    uint32_t value_bytes;
    const size_t head_bytes = sizeof name_bytes + sizeof value_bytes;
    if (*cursor > all.n || all.n - *cursor < head_bytes) {
        return false;
    }
    const struct view left = view_skip(all, *cursor);
    memcpy(&name_bytes, left.p, sizeof name_bytes);
    memcpy(&value_bytes, left.p + sizeof name_bytes, sizeof value_bytes);
    const size_t body_bytes = (size_t)name_bytes + value_bytes;
    if (left.n - head_bytes < body_bytes) {
        return false;
    }
    out->name = (struct view){left.p + head_bytes, name_bytes};
    out->value = (struct view){left.p + head_bytes + name_bytes, value_bytes};
    *cursor += (uint32_t)(head_bytes + body_bytes);
    return true;
}

uint64_t index_chunk_seed(const uint8_t set_uuid[16], uint32_t entry, uint64_t file_offset)
{
    unsigned char seed[28];
    memcpy(seed, set_uuid, 16);
    memcpy(seed + 16, &entry, sizeof entry);
    memcpy(seed + 20, &file_offset, sizeof file_offset);
    return XXH3_64bits(seed, sizeof seed);
}

/* The entry of this name among [from, end), which stand in the order of their names. */
static uint32_t index_find_name(const struct media_index *index, uint32_t from, uint32_t end,
                                struct view name)
{
    while (from < end) {
        const uint32_t middle = from + (end - from) / 2;
        const int order = view_compare(index_name(index, middle), name);
        if (order == 0) {
            return middle;
        }
        if (order < 0) {
            from = middle + 1;
        } else {
            end = middle;
        }
    }
    return MARK_NONE;
}

uint32_t index_child(const struct media_index *index, uint32_t directory, struct view name)
{
    const struct index_entry *e = &index->entries[directory];
    if (e->kind != INDEX_DIRECTORY) {
        return MARK_NONE;
    }
    const uint32_t first = e->directory.first_child;
    const uint32_t folders = e->directory.first_directory;
    const uint32_t found = index_find_name(index, first, folders, name);
    return found != MARK_NONE
               ? found
               : index_find_name(index, folders, first + e->directory.child_count, name);
}
