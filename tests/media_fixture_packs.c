/* media_fixture_packs.c - the members of a set in frames, the frames in packs. */
#include "media_fixture_maker.h"

#include "base/bug.h"
#include "base/heap.h"
#include "media/frame.h"
#include "media/tar.h"

#include <stdlib.h>
#include <xxhash.h>

/* Encode what is in the open frame, and tell its chunks where they lie. */
static void maker_flush(struct fixture_maker *maker)
{
    struct buffer *frame = &maker->frame;
    if (frame->n == 0) {
        return;
    }
    vsr_error error = {0};
    uint32_t pack = 0;
    uint64_t offset = 0;
    const uint32_t stored =
        frame_encode(frame->p, (uint32_t)frame->n, maker->stored, maker->scratch);
    VSR_REQUIRE(set_writer_frame(maker->writer, maker->stored, stored, &pack, &offset, &error) ==
                VSR_OK);
    for (uint64_t i = maker->frame_chunk; i < maker->build.chunk_count; i++) {
        struct index_chunk *chunk = &maker->build.chunks[i];
        chunk->pack = pack;
        chunk->frame_offset = offset;
        chunk->frame_bytes = stored;
        chunk->frame_plain_bytes = (uint32_t)frame->n;
    }
    maker->frame_chunk = maker->build.chunk_count;
    frame->n = 0;
}

static void maker_chunk(struct fixture_maker *maker, uint32_t entry, const char *content,
                        uint64_t offset, uint64_t length)
{
    struct index_build *build = &maker->build;
    build->chunks =
        heap_grow(build->chunks, build->chunk_count, &build->chunk_capacity, sizeof *build->chunks);
    build->chunks[build->chunk_count++] = (struct index_chunk){
        .offset_in_frame = (uint32_t)maker->frame.n,
        .length = (uint32_t)length,
        .file_offset = offset,
        .xxh3_64 = XXH3_64bits_withSeed(content + offset, length,
                                        index_chunk_seed(maker->uuid.bytes, entry, offset)),
    };
    build->entries[entry].chunk_count++;
    buffer_add(&maker->frame, content + offset, length);
}

static uint64_t min_u64(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* A large member's range, each piece a frame unless short ones can share. */
static void maker_pieces(struct fixture_maker *maker, uint32_t entry, const char *content,
                         struct index_range range)
{
    const uint64_t piece = maker->piece_bytes;
    while (range.length > 0) {
        const uint64_t step = min_u64(range.length, piece - range.offset % piece);
        if (maker->frame.n + step > piece) {
            maker_flush(maker);
        }
        maker_chunk(maker, entry, content, range.offset, step);
        range.offset += step;
        range.length -= step;
        if (step == piece) {
            maker_flush(maker);
        }
    }
}

static void maker_zeros(struct fixture_maker *maker, size_t count)
{
    static const char zeros[TAR_END_BYTES];
    buffer_add(&maker->frame, zeros, count);
}

static struct tar_member maker_member(struct fixture_maker *maker, uint32_t entry,
                                      struct buffer *path, struct buffer *link)
{
    const struct media_index view = index_build_view(&maker->build);
    const struct index_entry *e = &view.entries[entry];
    char text[4096];
    buffer_add_view(path, index_volume_prefix(&view, e->volume));
    if (e->parent != MARK_NONE) {
        buffer_add_char(path, '/');
        buffer_add(path, text, index_path(&view, entry, '/', text, sizeof text));
    }
    struct tar_member member = {.path = buffer_view(path),
                                .kind = e->kind == INDEX_DIRECTORY ? TAR_DIRECTORY : TAR_FILE,
                                .mode = e->mode,
                                .uid = e->uid,
                                .gid = e->gid,
                                .modify_s = e->modify_s,
                                .modify_ns = e->modify_ns,
                                .size = e->size};
    if (e->kind == INDEX_SYMLINK) {
        member.kind = TAR_SYMLINK;
        member.link_text = index_link_text(&view, entry);
    } else if (e->link_group != MARK_NONE && e->link_group != entry) {
        member.kind = TAR_HARDLINK;
        buffer_add_view(link, index_volume_prefix(&view, e->volume));
        buffer_add_char(link, '/');
        buffer_add(link, text, index_path(&view, e->link_group, '/', text, sizeof text));
        if ((e->flags & INDEX_PARTIAL) != 0) {
            buffer_add_view(link, VIEW(TAR_PARTIAL_SUFFIX));
            buffer_add_view(path, VIEW(TAR_PARTIAL_SUFFIX));
            member.path = buffer_view(path);
        }
        member.link_text = buffer_view(link);
    } else if (e->kind == INDEX_FILE) {
        member.kind = (e->flags & INDEX_SPARSE) != 0    ? TAR_SPARSE
                      : (e->flags & INDEX_PARTIAL) != 0 ? TAR_PARTIAL
                                                        : TAR_FILE;
        member.ranges = e->range_count > 0 ? &view.ranges[e->file.first_range] : NULL;
        member.range_count = e->range_count;
        member.data_bytes = member.kind == TAR_FILE ? e->size : 0;
        for (uint32_t i = 0; i < e->range_count; i++) {
            member.data_bytes += member.ranges[i].length;
        }
    }
    return member;
}

static void maker_data(struct fixture_maker *maker, uint32_t entry, const char *content, bool large)
{
    struct index_entry *e = &maker->build.entries[entry];
    const struct index_range whole = {0, e->size};
    const bool ranged = (e->flags & (INDEX_SPARSE | INDEX_PARTIAL)) != 0;
    const struct index_range *ranges = ranged ? maker->build.ranges + e->file.first_range : &whole;
    const uint32_t count = ranged ? e->range_count : e->size > 0;
    XXH3_state_t *hash = XXH3_createState();
    (void)XXH3_128bits_reset(hash);
    e->file.first_chunk = maker->build.chunk_count;
    for (uint32_t i = 0; i < count; i++) {
        (void)XXH3_128bits_update(hash, content + ranges[i].offset, ranges[i].length);
        if (large) {
            maker_pieces(maker, entry, content, ranges[i]);
        } else {
            maker_chunk(maker, entry, content, ranges[i].offset, ranges[i].length);
        }
    }
    if (count > 0) {
        XXH128_canonical_t canonical;
        XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(hash));
        memcpy(e->xxh3_128, canonical.digest, sizeof e->xxh3_128);
    }
    (void)XXH3_freeState(hash);
}

static void maker_write_member(struct fixture_maker *maker, uint32_t entry)
{
    struct buffer path = {0};
    struct buffer link = {0};
    struct buffer header = {0};
    const struct tar_member member = maker_member(maker, entry, &path, &link);
    const struct fixture_file *file = maker->tree.nodes[maker->node_of[entry]].file;
    tar_header(&header, &member);
    const uint64_t total = header.n + member.data_bytes + tar_padding(member.data_bytes);
    const bool large = member.data_bytes > 0 && total > maker->small_max;
    for (size_t at = 0; at < header.n;) {
        const uint64_t room = FRAME_PLAIN_BYTES_MAX - maker->frame.n;
        const size_t step = (size_t)min_u64(room, header.n - at);
        buffer_add(&maker->frame, header.p + at, step);
        at += step;
        if (maker->frame.n == FRAME_PLAIN_BYTES_MAX) {
            maker_flush(maker);
        }
    }
    if (large) {
        maker_flush(maker);
    }
    if (member.data_bytes > 0 || member.kind == TAR_FILE) {
        maker_data(maker, entry, file->content.p, large);
    }
    if (large) {
        maker_flush(maker);
    }
    maker_zeros(maker, tar_padding(member.data_bytes));
    if (maker->frame.n >= maker->shared_bytes) {
        maker_flush(maker);
    }
    buffer_free(&header);
    buffer_free(&link);
    buffer_free(&path);
}

static void maker_end_pack(struct fixture_maker *maker, uint32_t entries_end)
{
    vsr_error error = {0};
    maker_zeros(maker, TAR_END_BYTES);
    maker_flush(maker);
    VSR_REQUIRE(set_writer_end_pack(maker->writer, &maker->build, entries_end, &error) == VSR_OK);
}

void maker_packs(struct fixture_maker *maker)
{
    for (uint32_t i = 0; i < maker->build.entry_count; i++) {
        if (set_writer_pack_is_full(maker->writer)) {
            maker_end_pack(maker, i);
        }
        maker_write_member(maker, i);
    }
    maker_end_pack(maker, maker->build.entry_count);
}
