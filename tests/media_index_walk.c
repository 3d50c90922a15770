/* media_index_walk.c - read all that an index refers to. */
#include "media_index_walk.h"

#include "base/bug.h"
#include "base/hash_map.h"
#include "base/heap.h"

#include <stdlib.h>

static uint64_t walk_file(const struct media_index *index, const struct index_entry *e)
{
    uint64_t sum = 0;
    uint64_t data = 0;
    for (uint32_t i = 0; i < e->chunk_count; i++) {
        const struct index_chunk *c = &index->chunks[e->file.first_chunk + i];
        VSR_REQUIRE(c->offset_in_frame + c->length <= c->frame_plain_bytes);
        VSR_REQUIRE(c->file_offset + c->length <= e->size);
        data += c->length;
        sum += c->xxh3_64;
    }
    uint64_t ranged = 0;
    for (uint32_t i = 0; i < e->range_count; i++) {
        const struct index_range *r = &index->ranges[e->file.first_range + i];
        VSR_REQUIRE(r->offset + r->length <= e->size);
        ranged += r->length;
    }
    const bool further_name = e->link_group != MARK_NONE && &index->entries[e->link_group] != e;
    const bool has_ranges = (e->flags & (INDEX_SPARSE | INDEX_PARTIAL)) != 0;
    VSR_REQUIRE(data == (further_name ? 0 : has_ranges ? ranged : e->size));
    return sum + ranged;
}

static uint64_t walk_entry(const struct media_index *index, uint32_t entry, char *path)
{
    const struct index_entry *e = &index->entries[entry];
    const struct view name = index_name(index, entry);
    uint64_t sum = hash_bytes(name.p, name.n);
    const size_t path_bytes = index_path(index, entry, '\\', path, WIN_PATH_BYTES_MAX);
    VSR_REQUIRE(path_bytes > 0 || e->parent == MARK_NONE);
    sum += hash_bytes(path, path_bytes);
    struct index_attribute attribute;
    for (uint32_t cursor = 0; index_attribute_next(index, entry, &cursor, &attribute);) {
        sum += hash_bytes(attribute.name.p, attribute.name.n);
        sum += hash_bytes(attribute.value.p, attribute.value.n);
    }
    if (e->descriptor != MARK_NONE) {
        const struct index_descriptor *d = &index->descriptors[e->descriptor];
        sum += hash_bytes(index->blobs + d->offset - d->attribute_bytes,
                          (size_t)d->attribute_bytes + d->bytes);
    }
    const struct view text = index_link_text(index, entry);
    sum += text.n > 0 ? hash_bytes(text.p, text.n) : 0;
    if (e->kind == INDEX_FILE) {
        sum += walk_file(index, e);
    }
    for (uint32_t i = 0; e->kind == INDEX_DIRECTORY && i < e->directory.child_count; i++) {
        const uint32_t child = e->directory.first_child + i;
        VSR_REQUIRE(index->entries[child].parent == entry);
        VSR_REQUIRE(index_child(index, entry, index_name(index, child)) == child);
    }
    return sum;
}

uint64_t index_walk(const struct media_index *index)
{
    char *path = heap_alloc(WIN_PATH_BYTES_MAX, 1);
    uint64_t sum = 0;
    for (uint32_t i = 0; i < index->volume_count; i++) {
        const struct view prefix = index_volume_prefix(index, i);
        sum += hash_bytes(prefix.p, prefix.n) + index->volumes[i].root_entry;
    }
    for (uint32_t i = 0; i < index->entry_count; i++) {
        sum += walk_entry(index, i, path);
    }
    free(path);
    return sum;
}
