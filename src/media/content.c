/* content.c - frame by frame: read, decode, check the chunk, put it where it belongs.
 *
 * What the engine does for millions of files at once, here for one, on one thread, with buffers
 * that live as long as the call. Nothing is written anywhere. */
#include "media/content.h"

#include "base/bug.h"
#include "base/heap.h"
#include "base/own.h"
#include "media/checksum.h"
#include "media/frame.h"

#include <errno.h>

struct content_reader {
    const struct media_set *set;
    uint32_t entry;       /* whose chunks these are */
    uint32_t pack;        /* that is open, or MARK_NONE */
    struct source source; /* it */
    char *stored, *plain; /* one frame */
    vsr_error *error;
};

static vsr_code pack_open(struct content_reader *reader, uint32_t pack)
{
    char name[SET_PACK_NAME_BYTES];
    uint64_t bytes = 0;
    if (reader->pack == pack) {
        return VSR_OK;
    }
    source_close(&reader->source);
    reader->pack = MARK_NONE;
    set_pack_part(pack, name);
    const vsr_code rc =
        set_open_part(reader->set, name, STORE_CALLER, &reader->source, &bytes, reader->error);
    reader->pack = rc == VSR_OK ? pack : MARK_NONE;
    return rc;
}

static vsr_code chunk_read(struct content_reader *reader, const struct index_chunk *chunk,
                           char *out)
{
    const char *payload = NULL;
    vsr_code rc = pack_open(reader, chunk->pack);
    if (rc == VSR_OK) {
        rc = source_read_all(&reader->source, chunk->frame_offset, reader->stored,
                             chunk->frame_bytes, "a pack", reader->error);
    }
    if (rc != VSR_OK) {
        return rc;
    }
    const enum frame_fault fault = frame_decode(reader->stored, chunk->frame_bytes, reader->plain,
                                                chunk->frame_plain_bytes, &payload);
    const struct chunk_place place = {reader->set->description.uuid.bytes, reader->entry,
                                      chunk->file_offset};
    if (fault != FRAME_OK ||
        checksum_chunk(&place, payload + chunk->offset_in_frame, chunk->length) != chunk->xxh3_64) {
        return err_set(reader->error, VSR_ERR_MEDIA, "media/content",
                       "the frame at %llu of pack %u is damaged: %s",
                       (unsigned long long)chunk->frame_offset, chunk->pack,
                       fault != FRAME_OK ? frame_fault_text(fault) : "a checksum does not match");
    }
    memcpy(out, payload + chunk->offset_in_frame, chunk->length);
    return VSR_OK;
}

vsr_code content_read(const struct media_set *set, uint32_t entry, size_t bytes_max,
                      struct buffer *out, vsr_error *error)
{
    const uint32_t group = set->index.entries[entry].link_group;
    struct content_reader reader = {.set = set,
                                    .entry = group != MARK_NONE ? group : entry,
                                    .pack = MARK_NONE,
                                    .source = source_none(EBADF),
                                    .error = error};
    const struct index_entry *e = &set->index.entries[reader.entry];
    if (e->kind != INDEX_FILE || (e->flags & (INDEX_PARTIAL | INDEX_LOST)) != 0 ||
        e->size > bytes_max) {
        return err_set(error, VSR_ERR_MEDIA, "media/content",
                       "it is no whole file of at most %zu bytes", bytes_max);
    }
    OWN(heap) stored = heap_alloc(FRAME_STORED_BYTES_MAX, 1);
    OWN(heap) plain = heap_alloc(FRAME_PLAIN_BYTES_MAX, 1);
    reader.stored = stored;
    reader.plain = plain;
    buffer_reserve(out, (size_t)e->size + 1);
    memset(out->p + out->n, 0, (size_t)e->size);
    vsr_code rc = VSR_OK;
    for (uint32_t i = 0; i < e->chunk_count && rc == VSR_OK; i++) {
        const struct index_chunk *chunk = &set->index.chunks[e->file.first_chunk + i];
        rc = chunk_read(&reader, chunk, out->p + out->n + chunk->file_offset);
    }
    source_close(&reader.source);
    out->n += rc == VSR_OK ? (size_t)e->size : 0;
    return rc;
}

vsr_code content_read_chunk(const struct media_set *set, uint32_t entry, uint32_t chunk, char *out,
                            vsr_error *error)
{
    const uint32_t group = set->index.entries[entry].link_group;
    OWN(heap) stored = heap_alloc(FRAME_STORED_BYTES_MAX, 1);
    OWN(heap) plain = heap_alloc(FRAME_PLAIN_BYTES_MAX, 1);
    struct content_reader reader = {.set = set,
                                    .entry = group != MARK_NONE ? group : entry,
                                    .pack = MARK_NONE,
                                    .source = source_none(EBADF),
                                    .stored = stored,
                                    .plain = plain,
                                    .error = error};
    const struct index_entry *e = &set->index.entries[reader.entry];
    VSR_REQUIRE(e->kind == INDEX_FILE && chunk < e->chunk_count);
    const vsr_code rc = chunk_read(&reader, &set->index.chunks[e->file.first_chunk + chunk], out);
    source_close(&reader.source);
    return rc;
}
