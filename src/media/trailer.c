/* trailer.c - writing and reading the end of a pack.
 *
 * set_write.c ends each pack with it; reindex.c rebuilds a lost index.bin from all of them;
 * check.c verifies them. The slices are streamed through LZ4F in windows, so that reading takes
 * the same memory whatever a trailer claims to hold. Deliberately not here: what the records
 * mean; index_check() judges them once they are together. */
#include "media/trailer.h"

#include "base/bug.h"
#include "base/heap.h"
#include "base/own.h"
#include "base/xxh3.h"
#include "media/part.h"

#include <lz4frame.h>

#define TRAILER_MAGIC     "VSRTRAIL"
#define TRAILER_END_MAGIC "VSRTEND1"
#define PIECE_MAGIC       UINT32_C(0x184D2A5E)
#define LAST_PIECE_MAGIC  UINT32_C(0x184D2A5F)

enum {
    PIECE_HEADER_BYTES = 8,
    LAST_PIECE_BYTES = PIECE_HEADER_BYTES + 16,
    HASH_BYTES = 16,
    HEAD_BYTES = sizeof(struct trailer_head) + HASH_BYTES
};

static void trailer_digest(XXH3_state_t *hash, uint8_t out[HASH_BYTES])
{
    XXH128_canonical_t canonical;
    XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(hash));
    memcpy(out, canonical.digest, HASH_BYTES);
}

/* --- writing --- */

static void slices_compress(struct buffer *stored, const struct trailer_head *head,
                            const struct index_build *build)
{
    const LZ4F_preferences_t preferences = {
        .frameInfo = {.blockSizeID = LZ4F_max256KB, .blockMode = LZ4F_blockLinked}};
    LZ4F_cctx *context = NULL;
    (void)LZ4F_createCompressionContext(&context, LZ4F_VERSION);
    heap_require(context);
    buffer_reserve(stored, LZ4F_HEADER_SIZE_MAX);
    stored->n +=
        LZ4F_compressBegin(context, stored->p + stored->n, LZ4F_HEADER_SIZE_MAX, &preferences);
    const size_t bound = LZ4F_compressBound(PART_WINDOW_BYTES, &preferences);
    for (int i = 0; i < SECTION_COUNT; i++) {
        struct view left = index_build_records(build, (enum index_section)i, head->slices[i].first,
                                               head->slices[i].count);
        while (left.n > 0) {
            const size_t count = left.n < PART_WINDOW_BYTES ? left.n : PART_WINDOW_BYTES;
            buffer_reserve(stored, bound);
            const size_t made =
                LZ4F_compressUpdate(context, stored->p + stored->n, bound, left.p, count, NULL);
            VSR_REQUIRE(LZ4F_isError(made) == 0);
            stored->n += made;
            left = view_skip(left, count);
        }
    }
    buffer_reserve(stored, bound);
    const size_t made = LZ4F_compressEnd(context, stored->p + stored->n, bound, NULL);
    VSR_REQUIRE(LZ4F_isError(made) == 0);
    stored->n += made;
    (void)LZ4F_freeCompressionContext(context);
}

static void trailer_hash(const struct trailer_head *head, struct view stored,
                         uint8_t out[HASH_BYTES])
{
    XXH3_state_t *hash = XXH3_createState();
    heap_require(hash);
    (void)XXH3_128bits_reset(hash);
    (void)XXH3_128bits_update(hash, head, sizeof *head);
    (void)XXH3_128bits_update(hash, stored.p, stored.n);
    trailer_digest(hash, out);
    (void)XXH3_freeState(hash);
}

static void piece_header_add(struct buffer *out, uint32_t magic, size_t count)
{
    const uint32_t header[2] = {magic, (uint32_t)count};
    buffer_add(out, header, sizeof header);
}

static void pieces_add(struct buffer *out, struct view content, uint32_t piece_bytes)
{
    while (content.n > 0) {
        const size_t count = content.n < piece_bytes ? content.n : piece_bytes;
        piece_header_add(out, PIECE_MAGIC, count);
        buffer_add(out, content.p, count);
        content = view_skip(content, count);
    }
}

void trailer_render(struct buffer *out, struct trailer_head *head, const struct index_build *build,
                    uint64_t pack_bytes, uint32_t piece_bytes)
{
    struct buffer content = {0};
    memcpy(head->magic, TRAILER_MAGIC, sizeof head->magic);
    head->format = INDEX_FORMAT;
    head->plain_bytes = 0;
    for (int i = 0; i < SECTION_COUNT; i++) {
        head->plain_bytes += head->slices[i].count * index_record_bytes((enum index_section)i);
    }
    buffer_reserve(&content, HEAD_BYTES);
    content.n = HEAD_BYTES; /* filled when the slices' stored bytes are known */
    slices_compress(&content, head, build);
    head->stored_bytes = content.n - HEAD_BYTES;
    memcpy(content.p, head, sizeof *head);
    trailer_hash(head, view_skip(buffer_view(&content), HEAD_BYTES),
                 (uint8_t *)content.p + sizeof *head);
    pieces_add(out, buffer_view(&content), piece_bytes);
    piece_header_add(out, LAST_PIECE_MAGIC, LAST_PIECE_BYTES - PIECE_HEADER_BYTES);
    buffer_add(out, TRAILER_END_MAGIC, 8);
    buffer_add(out, &pack_bytes, sizeof pack_bytes);
    buffer_free(&content);
}

/* --- reading --- */

static vsr_code trailer_damaged(const struct trailer *trailer, const char *fault, vsr_error *error)
{
    return err_set(error, VSR_ERR_MEDIA, "media/trailer", "%s is damaged at byte %llu: %s",
                   trailer->name, (unsigned long long)trailer->at, fault);
}

/* Go on to the piece that begins at trailer->at. */
static vsr_code trailer_next_piece(struct trailer *trailer, vsr_error *error)
{
    uint32_t header[2];
    if (trailer->end - trailer->at < sizeof header) {
        return trailer_damaged(trailer, "its trailer ends too early", error);
    }
    const vsr_code rc =
        source_read_all(trailer->source, trailer->at, header, sizeof header, trailer->name, error);
    if (rc != VSR_OK) {
        return rc;
    }
    if (header[0] != PIECE_MAGIC || header[1] == 0 ||
        header[1] > trailer->end - trailer->at - sizeof header) {
        return trailer_damaged(trailer, "no piece of its trailer begins here", error);
    }
    trailer->at += sizeof header;
    trailer->piece_left = header[1];
    return VSR_OK;
}

/* The next count bytes of the trailer's content, across pieces. */
static vsr_code trailer_read(struct trailer *trailer, void *out, size_t count, vsr_error *error)
{
    for (size_t done = 0; done < count;) {
        if (trailer->piece_left == 0) {
            const vsr_code rc = trailer_next_piece(trailer, error);
            if (rc != VSR_OK) {
                return rc;
            }
        }
        const size_t left = count - done;
        const size_t step = left < trailer->piece_left ? left : (size_t)trailer->piece_left;
        const vsr_code rc = source_read_all(trailer->source, trailer->at, (char *)out + done, step,
                                            trailer->name, error);
        if (rc != VSR_OK) {
            return rc;
        }
        trailer->at += step;
        trailer->piece_left -= step;
        done += step;
    }
    return VSR_OK;
}

static const char *head_fault(const struct trailer_head *head, uint32_t pack,
                              const uint8_t set_uuid[16], uint64_t content_bytes_max)
{
    if (memcmp(head->magic, TRAILER_MAGIC, sizeof head->magic) != 0 ||
        head->format != INDEX_FORMAT) {
        return "its trailer does not begin like one";
    }
    if (memcmp(head->set_uuid, set_uuid, sizeof head->set_uuid) != 0) {
        return "its trailer is that of another set's pack";
    }
    if (head->pack != pack) {
        return "its trailer is that of another pack";
    }
    if (head->stored_bytes > content_bytes_max) {
        return "its trailer claims more than the pack holds";
    }
    uint64_t plain_bytes = 0;
    for (int i = 0; i < SECTION_COUNT; i++) {
        const struct trailer_slice *slice = &head->slices[i];
        if (slice->first > INDEX_BYTES_MAX || slice->count > INDEX_BYTES_MAX) {
            return "its trailer claims more records than an index may hold";
        }
        plain_bytes += slice->count * index_record_bytes((enum index_section)i);
    }
    /* LZ4 keeps what it cannot shrink, with some bytes to each block; each piece has a byte */
    const bool fits = head->stored_bytes / 2 <= plain_bytes + LZ4F_HEADER_SIZE_MAX &&
                      content_bytes_max / (PIECE_HEADER_BYTES + 1) <= head->stored_bytes;
    return plain_bytes == head->plain_bytes && fits ? NULL
                                                    : "its trailer's lengths contradict each other";
}

/* Where the trailer begins is told by the pack's last bytes. */
static vsr_code trailer_find(struct trailer *trailer, uint64_t pack_bytes, vsr_error *error)
{
    struct {
        uint32_t magic, bytes;
        char text[8];
        uint64_t begin;
    } last;
    static_assert(sizeof last == LAST_PIECE_BYTES, "as it lies on the media");
    if (pack_bytes < LAST_PIECE_BYTES + HEAD_BYTES + PIECE_HEADER_BYTES) {
        trailer->at = pack_bytes;
        return trailer_damaged(trailer, "it is cut short", error);
    }
    trailer->end = pack_bytes - sizeof last;
    trailer->at = trailer->end;
    const vsr_code rc =
        source_read_all(trailer->source, trailer->end, &last, sizeof last, trailer->name, error);
    if (rc != VSR_OK) {
        return rc;
    }
    if (last.magic != LAST_PIECE_MAGIC || last.bytes != sizeof last - PIECE_HEADER_BYTES ||
        memcmp(last.text, TRAILER_END_MAGIC, sizeof last.text) != 0 || last.begin > trailer->end) {
        return trailer_damaged(trailer, "it does not end like a pack; it may be cut short", error);
    }
    trailer->begin = last.begin;
    trailer->at = last.begin;
    return VSR_OK;
}

vsr_code trailer_open(struct trailer *out, const struct source *source, const char *name,
                      uint64_t pack_bytes, uint32_t pack, const uint8_t set_uuid[16],
                      vsr_error *error)
{
    *out = (struct trailer){.source = source, .name = name};
    vsr_code rc = trailer_find(out, pack_bytes, error);
    if (rc == VSR_OK) {
        rc = trailer_read(out, &out->head, sizeof out->head, error);
    }
    if (rc == VSR_OK) {
        rc = trailer_read(out, out->xxh3_128, sizeof out->xxh3_128, error);
    }
    if (rc != VSR_OK) {
        return rc;
    }
    const char *fault = head_fault(&out->head, pack, set_uuid, out->end - out->at);
    if (fault != NULL) {
        out->at = out->begin;
        return trailer_damaged(out, fault, error);
    }
    return VSR_OK;
}

/* Plain bytes on their way to the sink, cut where one section ends and the next begins. */
struct slice_cursor {
    trailer_sink *sink;
    void *context;
    int section;
    uint64_t done; /* bytes of the section's slice */
    uint64_t total;
};

static vsr_code slices_give(struct slice_cursor *cursor, const struct trailer_head *head,
                            struct view bytes, vsr_error *error)
{
    cursor->total += bytes.n;
    while (bytes.n > 0 && cursor->section < SECTION_COUNT) {
        const enum index_section section = (enum index_section)cursor->section;
        const struct trailer_slice *slice = &head->slices[section];
        const uint64_t record = index_record_bytes(section);
        const uint64_t left = slice->count * record - cursor->done;
        if (left == 0) {
            cursor->section++;
            cursor->done = 0;
            continue;
        }
        const size_t count = bytes.n < left ? bytes.n : (size_t)left;
        if (cursor->sink != NULL) {
            const vsr_code rc =
                cursor->sink(cursor->context, section, slice->first * record + cursor->done,
                             bytes.p, count, error);
            if (rc != VSR_OK) {
                return rc;
            }
        }
        cursor->done += count;
        bytes = view_skip(bytes, count);
    }
    return VSR_OK;
}

/* What a stream works with; two windows, an LZ4 context, a hash. */
struct trailer_decoder {
    LZ4F_dctx *lz4;
    XXH3_state_t *hash;
    char *stored, *plain;
    size_t hint; /* 0: the LZ4 frame has ended */
    struct slice_cursor cursor;
};

/* Liblz4 makes its buffers when it has seen a frame's header. */
static bool lz4_has_no_memory(size_t result)
{
    return strcmp(LZ4F_getErrorName(result), "ERROR_allocation_failed") == 0;
}

static vsr_code trailer_decode(struct trailer *trailer, struct trailer_decoder *decoder,
                               struct view stored, vsr_error *error)
{
    for (bool more = true; more;) {
        size_t plain_bytes = PART_WINDOW_BYTES;
        size_t stored_bytes = stored.n;
        decoder->hint = LZ4F_decompress(decoder->lz4, decoder->plain, &plain_bytes, stored.p,
                                        &stored_bytes, NULL);
        stored = view_skip(stored, stored_bytes);
        if (LZ4F_isError(decoder->hint) != 0 && lz4_has_no_memory(decoder->hint)) {
            heap_require(NULL);
        }
        if (LZ4F_isError(decoder->hint) != 0 || (decoder->hint == 0 && stored.n > 0) ||
            plain_bytes > trailer->head.plain_bytes - decoder->cursor.total) {
            return trailer_damaged(trailer, "its trailer cannot be decoded", error);
        }
        const vsr_code rc = slices_give(&decoder->cursor, &trailer->head,
                                        (struct view){decoder->plain, plain_bytes}, error);
        if (rc != VSR_OK) {
            return rc;
        }
        more = decoder->hint != 0 && (stored.n > 0 || plain_bytes == PART_WINDOW_BYTES);
    }
    return VSR_OK;
}

static vsr_code trailer_stream_with(struct trailer *trailer, struct trailer_decoder *decoder,
                                    vsr_error *error)
{
    (void)XXH3_128bits_reset(decoder->hash);
    (void)XXH3_128bits_update(decoder->hash, &trailer->head, sizeof trailer->head);
    for (uint64_t left = trailer->head.stored_bytes; left > 0;) {
        const size_t count = left < PART_WINDOW_BYTES ? (size_t)left : PART_WINDOW_BYTES;
        vsr_code rc = trailer_read(trailer, decoder->stored, count, error);
        if (rc != VSR_OK) {
            return rc;
        }
        (void)XXH3_128bits_update(decoder->hash, decoder->stored, count);
        rc = trailer_decode(trailer, decoder, (struct view){decoder->stored, count}, error);
        if (rc != VSR_OK) {
            return rc;
        }
        left -= count;
    }
    uint8_t digest[HASH_BYTES];
    trailer_digest(decoder->hash, digest);
    if (decoder->hint != 0 || decoder->cursor.total != trailer->head.plain_bytes ||
        memcmp(digest, trailer->xxh3_128, sizeof digest) != 0) {
        trailer->at = trailer->begin;
        return trailer_damaged(trailer, "the hash of its trailer is wrong", error);
    }
    if (trailer->piece_left != 0 || trailer->at != trailer->end) {
        return trailer_damaged(trailer, "there is more behind its trailer", error);
    }
    return VSR_OK;
}

vsr_code trailer_stream(struct trailer *trailer, trailer_sink *sink, void *context,
                        vsr_error *error)
{
    OWN(heap) stored = heap_alloc(1, PART_WINDOW_BYTES);
    OWN(heap) plain = heap_alloc(1, PART_WINDOW_BYTES);
    struct trailer_decoder decoder = {.hash = XXH3_createState(),
                                      .stored = stored,
                                      .plain = plain,
                                      .hint = 1,
                                      .cursor = {.sink = sink, .context = context}};
    heap_require(decoder.hash);
    (void)LZ4F_createDecompressionContext(&decoder.lz4, LZ4F_VERSION);
    heap_require(decoder.lz4);
    const vsr_code rc = trailer_stream_with(trailer, &decoder, error);
    (void)LZ4F_freeDecompressionContext(decoder.lz4);
    (void)XXH3_freeState(decoder.hash);
    return rc;
}
