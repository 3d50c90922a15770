/* cut.c - the cutter: member after member into frames.
 *
 * Header blocks are rendered here, straight into the frame's buffer: they depend on the
 * catalogue only, and their length decides what fits. Data are only given their places; reading
 * is the worker's (fill.c). */
#include "pack/cut.h"

#include "base/bug.h"
#include "base/heap.h"
#include "media/tar.h"

#include <string.h>

void cut_init(struct cut *cut, const struct catalogue *catalogue, const struct index_build *build,
              const struct sources *sources, uint64_t pack_bytes_target)
{
    *cut = (struct cut){.catalogue = catalogue,
                        .build = build,
                        .sources = sources,
                        .pack_bytes_target = pack_bytes_target};
}

void cut_fini(struct cut *cut)
{
    buffer_free(&cut->header);
    buffer_free(&cut->path);
    buffer_free(&cut->link_path);
}

/* --- member headers --- */

/* The member path of a directory, with a slash behind it. */
static void directory_path(const struct cut *cut, const struct node *directory, struct buffer *out)
{
    const struct node *root = directory;
    while (root->parent != NULL) {
        root = root->parent;
    }
    const struct view prefix = cut->sources->volumes[root->record.volume].named.prefix;
    out->n = 0;
    buffer_add_view(out, prefix);
    buffer_add_char(out, '/');
    const size_t bytes = directory->parent != NULL ? (size_t)directory->path_bytes + 1 : 0;
    buffer_reserve(out, bytes + 1);
    size_t at = out->n + bytes;
    out->n = at;
    for (const struct node *node = directory; node->parent != NULL; node = node->parent) {
        out->p[--at] = '/';
        at -= node->name.n;
        memcpy(out->p + at, node->name.p, node->name.n);
    }
}

/* Children of a directory stand in a row, so its path is made once. */
static struct view member_path(struct cut *cut, const struct node *node)
{
    if (node->parent == NULL) {
        cut->path_of = NULL;
        return cut->sources->volumes[node->record.volume].named.prefix;
    }
    if (cut->path_of != node->parent) {
        directory_path(cut, node->parent, &cut->path);
        cut->path_of = node->parent;
        cut->directory_bytes = cut->path.n;
    }
    cut->path.n = cut->directory_bytes;
    buffer_add_view(&cut->path, node->name);
    return buffer_view(&cut->path);
}

static struct view link_path(struct cut *cut, const struct node *owner)
{
    directory_path(cut, owner->parent, &cut->link_path);
    buffer_add_view(&cut->link_path, owner->name);
    return buffer_view(&cut->link_path);
}

static uint64_t data_bytes_of(const struct cut *cut, const struct node *node)
{
    const struct index_entry *record = &cut->build->entries[node->entry];
    uint64_t bytes = 0;
    if (record->kind != INDEX_FILE || catalogue_is_link(record, node->entry)) {
        return 0;
    }
    for (uint32_t i = 0; i < node_range_count(node); i++) {
        bytes += node_range(node, i).length;
    }
    return bytes;
}

/* The next member's header into cut->header; returns the bytes of data that follow. */
static uint64_t header_render(struct cut *cut, const struct node *node)
{
    const struct index_entry *record = &cut->build->entries[node->entry];
    struct tar_member member = {
        .path = member_path(cut, node),
        .mode = record->mode,
        .uid = record->uid,
        .gid = record->gid,
        .modify_s = record->modify_s,
        .modify_ns = record->modify_ns,
        .size = record->size,
        .data_bytes = data_bytes_of(cut, node),
    };
    if (record->kind == INDEX_DIRECTORY) {
        member.kind = TAR_DIRECTORY;
    } else if (record->kind == INDEX_SYMLINK) {
        member.kind = TAR_SYMLINK;
        member.link_text = node->extra->link_text;
    } else if (catalogue_is_link(record, node->entry)) {
        member.kind = TAR_HARDLINK;
        member.link_text = link_path(cut, cut->catalogue->nodes[record->link_group]);
    } else if ((record->flags & (INDEX_SPARSE | INDEX_PARTIAL)) != 0) {
        member.kind = (record->flags & INDEX_SPARSE) != 0 ? TAR_SPARSE : TAR_PARTIAL;
        member.ranges = node->extra->ranges;
        member.range_count = node->record.range_count;
    } else {
        member.kind = TAR_FILE;
    }
    cut->header.n = 0;
    tar_header(&cut->header, &member);
    return member.data_bytes;
}

/* --- frames --- */

static void frame_zeros(struct frame_job *job, uint32_t bytes)
{
    VSR_REQUIRE(bytes <= FRAME_PLAIN_BYTES_MAX - job->plain_bytes);
    memset(job->plain + job->plain_bytes, 0, bytes);
    job->plain_bytes += bytes;
}

static void frame_bytes(struct frame_job *job, const char *bytes, size_t count)
{
    VSR_REQUIRE(count <= FRAME_PLAIN_BYTES_MAX - job->plain_bytes);
    memcpy(job->plain + job->plain_bytes, bytes, count);
    job->plain_bytes += (uint32_t)count;
}

static struct frame_part *part_begin(struct frame_job *job, uint32_t entry)
{
    job->parts = heap_grow(job->parts, job->part_count, &job->part_capacity, sizeof *job->parts);
    struct frame_part *part = &job->parts[job->part_count++];
    *part = (struct frame_part){.entry = entry,
                                .first_piece = job->piece_count,
                                .plain_offset = job->plain_bytes};
    return part;
}

static void piece_add(struct frame_job *job, struct frame_part *part, uint64_t file_offset,
                      uint32_t length)
{
    VSR_REQUIRE(length > 0 && length <= FRAME_PLAIN_BYTES_MAX - job->plain_bytes);
    job->pieces =
        heap_grow(job->pieces, job->piece_count, &job->piece_capacity, sizeof *job->pieces);
    job->pieces[job->piece_count++] = (struct frame_piece){.file_offset = file_offset,
                                                           .length = length,
                                                           .plain_offset = job->plain_bytes};
    job->plain_bytes += length;
    part->piece_count++;
    part->plain_bytes += length;
}

/* A small member: all of it into the frame. */
static void small_member(struct cut *cut, struct frame_job *job, const struct node *node,
                         uint64_t data_bytes)
{
    frame_bytes(job, cut->header.p, cut->header.n);
    if (data_bytes > 0) {
        struct frame_part *part = part_begin(job, node->entry);
        part->begins = true;
        part->ends = true;
        for (uint32_t i = 0; i < node_range_count(node); i++) {
            const struct index_range range = node_range(node, i);
            piece_add(job, part, range.offset, (uint32_t)range.length);
        }
    }
    frame_zeros(job, tar_padding(data_bytes));
}

/* As much of a large member's header as fits; a sparse map may be longer than a frame. */
static void header_continue(struct cut *cut, struct frame_job *job)
{
    const size_t left = cut->header.n - cut->header_done;
    const size_t room = FRAME_PLAIN_BYTES_MAX - job->plain_bytes;
    const size_t count = left < room ? left : room;
    frame_bytes(job, cut->header.p + cut->header_done, count);
    cut->header_done += count;
    cut->header_pending = cut->header_done < cut->header.n;
}

/* The end of the last member of a pack, or of all. */
static void pack_end(struct cut *cut, struct frame_job *job)
{
    frame_zeros(job, TAR_END_BYTES);
    job->ends_pack = true;
    cut->pack_bytes = 0;
    cut->pack_begun = false;
    cut->ended = cut->directory == cut->catalogue->directory_count;
}

static bool pack_is_full(const struct cut *cut, const struct frame_job *job)
{
    return cut->pack_begun && cut->pack_bytes + job->plain_bytes >= cut->pack_bytes_target;
}

/* The next member: a directory, or the next of its children that is none; entries_end moves
 * behind all records that stand before the next member's. */
static const struct node *member_next(struct cut *cut)
{
    const struct node *directory = cut->catalogue->directories[cut->directory];
    const struct tree_directory *dir = directory->dir;
    const struct node *member =
        cut->next_child == 0 ? directory : dir->children[cut->next_child - 1];
    cut->entries_end = dir->first_entry + cut->next_child++;
    if (cut->next_child > dir->kept_count || dir->children[cut->next_child - 1]->dir != NULL) {
        cut->entries_end = dir->first_entry + dir->kept_count; /* only directories are left */
        cut->next_child = 0;
        cut->directory++;
    }
    cut->pack_begun = true;
    return member;
}

/* A shared frame: members until it holds FRAME_SHARED_BYTES, a large member's header ends it, or
 * the pack ends. */
static void shared_frame(struct cut *cut, struct frame_job *job)
{
    if (cut->header_pending) {
        header_continue(cut, job);
        return;
    }
    frame_zeros(job, cut->padding_bytes);
    cut->padding_bytes = 0;
    while (job->plain_bytes < FRAME_SHARED_BYTES) {
        if (cut->directory == cut->catalogue->directory_count || pack_is_full(cut, job)) {
            pack_end(cut, job);
            return;
        }
        const struct node *node = member_next(cut);
        const uint64_t data_bytes = header_render(cut, node);
        if (cut->header.n <= MEMBER_SMALL_BYTES_MAX &&
            data_bytes <= MEMBER_SMALL_BYTES_MAX - cut->header.n &&
            cut->header.n + data_bytes + tar_padding(data_bytes) <= MEMBER_SMALL_BYTES_MAX) {
            small_member(cut, job, node, data_bytes);
            continue;
        }
        cut->header_done = 0;
        header_continue(cut, job);
        cut->large = data_bytes > 0 ? node : NULL;
        cut->range = 0;
        cut->range_done = 0;
        cut->padding_bytes = tar_padding(data_bytes);
        return;
    }
}

/* The next piece of the large member: cut where the file's offset is a multiple of a frame. */
static uint32_t piece_length(const struct cut *cut, const struct index_range *range)
{
    const uint64_t left = range->length - cut->range_done;
    const uint64_t offset = range->offset + cut->range_done;
    const uint64_t room = FRAME_PLAIN_BYTES_MAX - offset % FRAME_PLAIN_BYTES_MAX;
    return (uint32_t)(left < room ? left : room);
}

/* A data frame: one piece of a long range, or pieces of short ranges that follow each other. */
static void data_frame(struct cut *cut, struct frame_job *job)
{
    const struct node *node = cut->large;
    const uint32_t range_count = node_range_count(node);
    struct frame_part *part = part_begin(job, node->entry);
    part->begins = cut->range == 0 && cut->range_done == 0;
    bool alone = false;
    while (cut->range < range_count && !alone) {
        const struct index_range range = node_range(node, cut->range);
        const uint32_t length = piece_length(cut, &range);
        alone = range.length >= FRAME_PLAIN_BYTES_MAX;
        if (part->piece_count > 0 && (alone || length > FRAME_PLAIN_BYTES_MAX - job->plain_bytes)) {
            break;
        }
        piece_add(job, part, range.offset + cut->range_done, length);
        cut->range_done += length;
        if (cut->range_done == range.length) {
            cut->range++;
            cut->range_done = 0;
        }
    }
    part->ends = cut->range == range_count;
    if (part->ends) {
        cut->large = NULL;
    }
}

bool cut_frame(struct cut *cut, struct frame_job *job)
{
    if (cut->ended) {
        return false;
    }
    job->plain_bytes = 0;
    job->stored_bytes = 0;
    job->part_count = 0;
    job->piece_count = 0;
    job->ends_pack = false;
    if (cut->large != NULL && !cut->header_pending) {
        data_frame(cut, job);
    } else {
        shared_frame(cut, job);
    }
    job->entries_end = cut->entries_end;
    cut->pack_bytes += job->ends_pack ? 0 : job->plain_bytes;
    VSR_REQUIRE(job->plain_bytes > 0);
    return true;
}
