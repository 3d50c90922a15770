/* verify_ranges.c - ranges at a destination, chunk by chunk: by the checksum where a whole chunk
 * lies there, else against the media's bytes; holes must read as zeros. */
#include "run/verify_ranges.h"

#include "base/heap.h"
#include "base/own.h"
#include "engine/range_table.h"
#include "media/checksum.h"
#include "media/content.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char DIFFERS[] = "the content differs within its ranges";

struct ranges {
    const struct plan *plan;
    const struct media_set *set;
    uint32_t file;
    uint32_t entry; /* that has the data */
    int fd;
    char *bytes; /* of the destination: scratch */
    char *media; /* of one chunk; NULL: not needed yet */
    uint32_t media_chunk;
};

static bool read_bytes(const struct ranges *r, uint64_t offset, uint32_t length)
{
    return pread(r->fd, r->bytes, length, (off_t)offset) == (ssize_t)length;
}

static const char *zeros_verify(const struct ranges *r, uint64_t offset, uint64_t length)
{
    while (length > 0) {
        const uint32_t want =
            length < FRAME_PLAIN_BYTES_MAX ? (uint32_t)length : FRAME_PLAIN_BYTES_MAX;
        if (!read_bytes(r, offset, want)) {
            return DIFFERS;
        }
        for (uint32_t i = 0; i < want; i++) {
            if (r->bytes[i] != 0) {
                return DIFFERS;
            }
        }
        offset += want;
        length -= want;
    }
    return NULL;
}

/* Of a file with holes: what the range takes of them. Its chunks are in order. */
static const char *holes_verify(const struct ranges *r, const struct plan_range *range)
{
    const struct index_entry *e = &r->set->index.entries[r->entry];
    const uint64_t end = range->source + range->length;
    uint64_t at = range->source;
    const char *fault = NULL;
    for (uint32_t i = 0; i < e->chunk_count && at < end && fault == NULL; i++) {
        const struct index_chunk *chunk = &r->set->index.chunks[e->file.first_chunk + i];
        const uint64_t stop = chunk->file_offset < end ? chunk->file_offset : end;
        if (stop > at) {
            fault = zeros_verify(r, range->dest + (at - range->source), stop - at);
        }
        const uint64_t behind = chunk->file_offset + chunk->length;
        at = behind > at ? behind : at;
    }
    return fault == NULL && at < end ? zeros_verify(r, range->dest + (at - range->source), end - at)
                                     : fault;
}

static const char *span_verify(struct ranges *r, uint32_t number, const struct range_span *span)
{
    const struct index_entry *e = &r->set->index.entries[r->entry];
    const struct index_chunk *chunk = &r->set->index.chunks[e->file.first_chunk + number];
    if (!read_bytes(r, span->dest, span->length)) {
        return DIFFERS;
    }
    if (span->length == chunk->length) {
        const struct chunk_place place = {r->set->description.uuid.bytes, r->entry,
                                          chunk->file_offset};
        return checksum_chunk(&place, r->bytes, chunk->length) == chunk->xxh3_64 ? NULL : DIFFERS;
    }
    if (r->media == NULL || r->media_chunk != number) {
        r->media = r->media != NULL ? r->media : heap_alloc(FRAME_PLAIN_BYTES_MAX, 1);
        r->media_chunk = number;
        if (content_read_chunk(r->set, r->entry, number, r->media, NULL) != VSR_OK) {
            r->media_chunk = MARK_NONE;
            return "the media that it is compared with cannot be read, or are damaged";
        }
    }
    return memcmp(r->media + span->skip, r->bytes, span->length) == 0 ? NULL : DIFFERS;
}

const char *ranges_verify(const struct plan *plan, const struct media_set *set, uint32_t file,
                          int fd, char *scratch)
{
    const struct plan_file *f = &plan->files[file];
    const struct engine_input input = {.plan = plan, .set = set};
    struct ranges r = {
        .plan = plan,
        .set = set,
        .file = file,
        .entry = stage_data_entry(&set->index, f->entry),
        .fd = fd,
        .bytes = scratch,
        .media_chunk = MARK_NONE,
    };
    struct range_table table = {0};
    range_table_begin_target(&table, &input, file);
    range_table_add_record(&table, &input, file);
    range_table_seal(&table);
    const char *fault =
        table.records[0].incomplete ? "the media do not hold all of its ranges" : NULL;
    for (uint32_t i = 0; i < table.piece_count && fault == NULL; i++) {
        const struct range_piece *piece = &table.pieces[i];
        for (uint32_t k = piece->first_span; k < piece[1].first_span && fault == NULL; k++) {
            fault = span_verify(&r, piece->chunk, &table.spans[k]);
        }
    }
    const bool holes = (set->index.entries[r.entry].flags & INDEX_SPARSE) != 0;
    for (uint32_t i = 0; holes && i < f->range_count && fault == NULL; i++) {
        fault = holes_verify(&r, &plan->ranges[f->first_range + i]);
    }
    free(r.media);
    range_table_free(&table);
    return fault;
}

static uint64_t record_end(const struct plan *plan, uint32_t file)
{
    const struct plan_file *f = &plan->files[file];
    uint64_t end = 0;
    for (uint32_t i = 0; i < f->range_count; i++) {
        const struct plan_range *range = &plan->ranges[f->first_range + i];
        end = range->dest + range->length > end ? range->dest + range->length : end;
    }
    return end;
}

uint64_t ranges_end(const struct plan *plan, uint32_t file, bool all_records)
{
    const struct plan_unit *unit = &plan->units[plan->files[file].unit];
    uint64_t end = record_end(plan, file);
    for (uint32_t i = file + 1;
         all_records && i < unit->first_file + unit->file_count && stage_is_ranged(&plan->files[i]);
         i++) {
        const uint64_t other = stage_target(plan, i) == file ? record_end(plan, i) : 0;
        end = other > end ? other : end;
    }
    return end;
}
