/* index_check_file.c - the rules for files: chunks, ranges, hard links.
 *
 * Called by index_check.c for each file in the order of the index. A file's chunks must tile
 * exactly the bytes that it has on the media - all of it, its allocated ranges, or its saved
 * ranges in their order - and all chunks must lie in the packs in the order of the index: so no
 * two ever overlap, and whoever groups them by frame may rely on neighbours. */
#include "media/index_check.h"

static const char *file_ranges(struct index_check *check, const struct index_entry *e)
{
    const struct media_index *index = check->index;
    if (e->file.first_range > index->range_count ||
        e->range_count > index->range_count - e->file.first_range ||
        e->range_count > check->ranges_left) {
        return "its ranges lie outside the index";
    }
    check->ranges_left -= e->range_count;
    const bool sparse = (e->flags & INDEX_SPARSE) != 0;
    const struct index_range *ranges = index->ranges + e->file.first_range;
    uint64_t end = 0;
    for (uint32_t i = 0; i < e->range_count; i++) {
        const uint64_t offset = ranges[i].offset;
        const uint64_t length = ranges[i].length;
        if (length == 0 || offset > e->size || length > e->size - offset) {
            return "a range lies outside the file";
        }
        if (sparse && offset < end) {
            return "its allocated ranges are not in order";
        }
        end = offset + length;
        if (sparse && (offset % SPARSE_ALIGN_BYTES != 0 ||
                       (end % SPARSE_ALIGN_BYTES != 0 && end != e->size))) {
            return "an allocated range does not begin and end at a multiple of 512";
        }
    }
    return NULL;
}

static const char *file_link_group(const struct index_check *check, uint32_t entry)
{
    const struct index_entry *e = &check->index->entries[entry];
    if (e->link_group == MARK_NONE || e->link_group == entry) {
        return NULL;
    }
    if (e->link_group > entry) {
        return "its hard link refers to a later entry";
    }
    static const uint8_t shared = INDEX_SPARSE | INDEX_PARTIAL;
    const struct index_entry *owner = &check->index->entries[e->link_group];
    if (owner->kind != INDEX_FILE || owner->link_group != e->link_group ||
        owner->volume != e->volume || owner->size != e->size ||
        ((owner->flags ^ e->flags) & shared) != 0) {
        return "its hard link refers to what is not the same file";
    }
    return e->chunk_count == 0 && e->range_count == 0 ? NULL
                                                      : "a further name of a hard link has data";
}

/* A chunk alone, and against the chunk before it on the media. */
static const char *file_chunk(const struct index_check *check, const struct index_chunk *c)
{
    if (c->pack >= check->index->pack_count || c->reserved != 0) {
        return "a chunk lies in a pack that the set does not have";
    }
    if (c->frame_plain_bytes == 0 || c->frame_plain_bytes > FRAME_PLAIN_BYTES_MAX ||
        c->frame_bytes <= FRAME_STORED_BYTES_MAX - FRAME_PLAIN_BYTES_MAX ||
        c->frame_bytes > c->frame_plain_bytes + (FRAME_STORED_BYTES_MAX - FRAME_PLAIN_BYTES_MAX) ||
        c->frame_offset > FILE_BYTES_MAX - c->frame_bytes) {
        return "a chunk's frame has impossible lengths";
    }
    if (c->length == 0 || c->length > c->frame_plain_bytes ||
        c->offset_in_frame > c->frame_plain_bytes - c->length) {
        return "a chunk lies outside its frame";
    }
    const struct index_chunk *last = check->last_chunk;
    if (last == NULL || last->pack < c->pack) {
        return NULL;
    }
    if (last->pack == c->pack && last->frame_offset == c->frame_offset) {
        return last->frame_bytes == c->frame_bytes &&
                       last->frame_plain_bytes == c->frame_plain_bytes &&
                       last->offset_in_frame + last->length <= c->offset_in_frame
                   ? NULL
                   : "two chunks of a frame contradict each other";
    }
    return last->pack == c->pack && last->frame_offset + last->frame_bytes <= c->frame_offset
               ? NULL
               : "chunks are not in the order of the media";
}

/* Where in the bytes that a file has on the media its chunks have come to. */
struct file_tiling {
    const struct index_range *range; /* the one that the next chunk begins or lies in */
    uint64_t done;                   /* of its bytes */
    uint32_t ranges_left;
};

static const char *file_tile(struct file_tiling *tiling, const struct index_chunk *c)
{
    if (tiling->ranges_left == 0 || c->file_offset != tiling->range->offset + tiling->done ||
        c->length > tiling->range->length - tiling->done) {
        return "its chunks are not the file's bytes in order";
    }
    tiling->done += c->length;
    if (tiling->done == tiling->range->length) {
        tiling->range++;
        tiling->ranges_left--;
        tiling->done = 0;
    }
    return NULL;
}

static const char *file_chunks(struct index_check *check, const struct index_entry *e)
{
    const struct media_index *index = check->index;
    if (e->file.first_chunk > index->chunk_count ||
        e->chunk_count > index->chunk_count - e->file.first_chunk) {
        return "its chunks lie outside the index";
    }
    if (e->chunk_count > 0 && e->file.first_chunk != check->next_chunk) {
        return "its chunks do not follow those of the file before it";
    }
    const struct index_range whole = {0, e->size};
    const bool ranged = (e->flags & (INDEX_SPARSE | INDEX_PARTIAL)) != 0;
    struct file_tiling tiling = {&whole, 0, e->size > 0};
    if (ranged) {
        tiling = (struct file_tiling){index->ranges + e->file.first_range, 0, e->range_count};
    }
    const struct index_chunk *chunks = index->chunks + e->file.first_chunk;
    for (uint32_t i = 0; i < e->chunk_count; i++) {
        const char *fault = file_chunk(check, &chunks[i]);
        if (fault == NULL) {
            fault = file_tile(&tiling, &chunks[i]);
        }
        if (fault != NULL) {
            return fault;
        }
        check->last_chunk = &chunks[i];
    }
    check->next_chunk += e->chunk_count;
    return tiling.ranges_left == 0 ? NULL : "its chunks do not cover the file";
}

const char *index_check_file(struct index_check *check, uint32_t entry)
{
    const struct index_entry *e = &check->index->entries[entry];
    const bool sparse = (e->flags & INDEX_SPARSE) != 0;
    const bool partial = (e->flags & INDEX_PARTIAL) != 0;
    if (sparse && partial) {
        return "its flags contradict each other";
    }
    if (e->size > FILE_BYTES_MAX) {
        return "it is larger than a file can be";
    }
    if (e->range_count > 0 && !sparse && !partial) {
        return "it has ranges, but is neither sparse nor partial";
    }
    const char *fault = file_ranges(check, e);
    if (fault == NULL) {
        fault = file_link_group(check, entry);
    }
    if (fault != NULL) {
        return fault;
    }
    if (e->link_group != MARK_NONE && e->link_group != entry) {
        return e->file.first_chunk <= check->index->chunk_count
                   ? NULL
                   : "its chunks lie outside the index";
    }
    return file_chunks(check, e);
}
