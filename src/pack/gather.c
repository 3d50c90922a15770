/* gather.c - the ordered end of pack: one frame after the other, on the caller's thread.
 *
 * Everything that grows in order grows here: names, links, attributes, descriptors, ranges and
 * chunks, each with the first frame that holds its member, so that a pack's trailer has all of
 * the index that belongs to the pack's members. */
#include "pack/gather.h"

#include "base/heap.h"

#include <string.h>

void gather_init(struct gather *gather, const struct catalogue *catalogue, const struct scan *scan,
                 struct index_build *build, struct set_writer *writer)
{
    *gather = (struct gather){.catalogue = catalogue,
                              .scan = scan,
                              .build = build,
                              .writer = writer,
                              .file_sum = checksum_create(),
                              .warned_entry = MARK_NONE};
    for (uint32_t i = 0; i < build->volume_count; i++) {
        const struct view prefix = scan->sources->volumes[i].named.prefix;
        build->volumes[i].prefix_offset = build->blobs.n;
        build->volumes[i].prefix_bytes = (uint32_t)prefix.n;
        buffer_add_view(&build->blobs, prefix);
    }
}

void gather_fini(struct gather *gather)
{
    checksum_free(gather->file_sum);
    hash_map_free(&gather->descriptors);
    demand_ids_free(&gather->ids);
    buffer_free(&gather->path);
    buffer_free(&gather->labels);
}

/* --- entries --- */

static uint64_t blob_add(struct index_build *build, struct view bytes)
{
    const uint64_t offset = build->blobs.n;
    buffer_add_view(&build->blobs, bytes);
    return offset;
}

struct descriptor_key {
    struct view name;
    struct view bytes;
};

static bool descriptor_equal(const void *context, const void *key, uint32_t value)
{
    const struct index_build *build = context;
    const struct descriptor_key *wanted = key;
    const struct index_descriptor *there = &build->descriptors[value];
    const char *bytes = build->blobs.p + there->offset;
    return view_equal((struct view){bytes, there->bytes}, wanted->bytes) &&
           view_equal((struct view){bytes - there->attribute_bytes, there->attribute_bytes},
                      wanted->name);
}

/* The number of a security descriptor: each is stored once (FORMAT.md, section 3). */
static uint32_t descriptor_number(struct gather *gather, const struct tree_extra *extra)
{
    struct index_build *build = gather->build;
    const struct descriptor_key key = {extra->descriptor_name, extra->descriptor};
    const uint64_t hash = hash_bytes(key.bytes.p, key.bytes.n);
    const uint32_t known = hash_map_find(&gather->descriptors, hash, &key, descriptor_equal, build);
    if (known != MARK_NONE) {
        return known;
    }
    (void)blob_add(build, key.name);
    build->descriptors = heap_grow(build->descriptors, build->descriptor_count,
                                   &build->descriptor_capacity, sizeof *build->descriptors);
    build->descriptors[build->descriptor_count] =
        (struct index_descriptor){.offset = blob_add(build, key.bytes),
                                  .bytes = (uint32_t)key.bytes.n,
                                  .attribute_bytes = (uint32_t)key.name.n};
    hash_map_add(&gather->descriptors, hash, build->descriptor_count);
    return build->descriptor_count++;
}

static void entry_places(struct gather *gather, const struct node *node, struct index_entry *record)
{
    struct index_build *build = gather->build;
    record->file.first_chunk = build->chunk_count;
    record->file.first_range = build->range_count;
    for (uint32_t i = 0; i < record->range_count; i++) {
        build->ranges = heap_grow(build->ranges, (size_t)build->range_count, &build->range_capacity,
                                  sizeof *build->ranges);
        build->ranges[build->range_count++] = node->extra->ranges[i];
    }
}

/* The parts of an entry that lie in other sections. */
static void entry_add(struct gather *gather, uint32_t entry)
{
    const struct node *node = gather->catalogue->nodes[entry];
    const struct tree_extra *extra = node->extra;
    struct index_entry *record = &gather->build->entries[entry];
    record->name_bytes = (uint16_t)node->name.n;
    record->name_offset = blob_add(gather->build, node->name);
    if (record->kind == INDEX_SYMLINK) {
        record->link.bytes = extra->link_text.n;
        record->link.offset = blob_add(gather->build, extra->link_text);
    }
    if (record->kind == INDEX_FILE) {
        entry_places(gather, node, record);
    }
    if (catalogue_is_link(record, entry)) { /* its data were read before, with the first name */
        record->flags |=
            gather->build->entries[record->link_group].flags & (INDEX_CHANGED | INDEX_LOST);
    }
    record->attribute_offset = gather->build->blobs.n;
    if (extra != NULL && extra->attributes.n > 0) {
        record->attribute_bytes = (uint32_t)extra->attributes.n;
        (void)blob_add(gather->build, extra->attributes);
    }
    if (extra != NULL && extra->descriptor.n > 0) {
        record->descriptor = descriptor_number(gather, extra);
    }
}

/* --- data --- */

static void part_warn(struct gather *gather, const struct frame_part *part)
{
    if (gather->warned_entry == part->entry) {
        return; /* a large file says it once */
    }
    gather->warned_entry = part->entry;
    const struct node *node = gather->catalogue->nodes[part->entry];
    const struct view path = scan_path(gather->scan->sources, node, &gather->path);
    scan_demands_of(gather->scan->demands, node, &gather->ids);
    const struct view labels = demand_labels(gather->scan->demands, &gather->ids, &gather->labels);
    if (part->fault != 0) {
        notice_add(gather->scan->notices, true,
                   "%.*s could not be read to its end (%s): it is marked as lost%s%.*s",
                   (int)path.n, path.p, strerrordesc_np(part->fault),
                   labels.n > 0 ? "; incomplete are " : "", VIEW_ARG(labels));
    } else {
        notice_add(gather->scan->notices, true,
                   "%.*s changed while it was read: what was read is in the set%s%.*s", (int)path.n,
                   path.p, labels.n > 0 ? "; it belongs to " : "", VIEW_ARG(labels));
    }
}

static void part_chunks(struct gather *gather, const struct frame_job *job,
                        const struct frame_part *part, uint32_t pack, uint64_t offset)
{
    struct index_build *build = gather->build;
    for (uint32_t i = 0; i < part->piece_count; i++) {
        const struct frame_piece *piece = &job->pieces[part->first_piece + i];
        build->chunks = heap_grow(build->chunks, (size_t)build->chunk_count, &build->chunk_capacity,
                                  sizeof *build->chunks);
        build->chunks[build->chunk_count++] =
            (struct index_chunk){.frame_offset = offset,
                                 .pack = pack,
                                 .frame_bytes = job->stored_bytes,
                                 .frame_plain_bytes = job->plain_bytes,
                                 .offset_in_frame = piece->plain_offset,
                                 .length = piece->length,
                                 .file_offset = piece->file_offset,
                                 .xxh3_64 = piece->xxh3_64};
    }
    build->entries[part->entry].chunk_count += part->piece_count;
}

/* The whole file's hash: a small one's is made already, a large one's grows frame by frame. */
static void part_hash(struct gather *gather, const struct frame_job *job,
                      const struct frame_part *part)
{
    uint8_t *out = gather->build->entries[part->entry].xxh3_128;
    if (part->begins && part->ends) {
        memcpy(out, part->xxh3_128, sizeof part->xxh3_128);
        return;
    }
    if (part->begins) {
        checksum_begin(gather->file_sum);
    }
    checksum_add(gather->file_sum, job->plain + part->plain_offset, part->plain_bytes);
    if (part->ends) {
        checksum_end(gather->file_sum, out);
    }
}

static void part_add(struct gather *gather, const struct frame_job *job,
                     const struct frame_part *part, uint32_t pack, uint64_t offset)
{
    struct index_entry *record = &gather->build->entries[part->entry];
    part_chunks(gather, job, part, pack, offset);
    part_hash(gather, job, part);
    if (part->fault != 0) {
        record->flags |= INDEX_LOST;
    } else if (part->changed) {
        record->flags |= INDEX_CHANGED;
    }
    if (part->fault != 0 || part->changed) {
        part_warn(gather, part);
    }
}

vsr_code gather_frame(struct gather *gather, const struct frame_job *job, vsr_error *error)
{
    uint32_t pack = 0;
    uint64_t offset = 0;
    vsr_code rc =
        set_writer_frame(gather->writer, job->stored, job->stored_bytes, &pack, &offset, error);
    if (rc != VSR_OK) {
        return rc;
    }
    gather->stored_bytes += job->stored_bytes;
    /* A part's chunks follow those of the entries before it: add both in the entries' order. */
    for (uint32_t i = 0; i < job->part_count; i++) {
        while (gather->next_entry <= job->parts[i].entry) {
            entry_add(gather, gather->next_entry++);
        }
        part_add(gather, job, &job->parts[i], pack, offset);
    }
    while (gather->next_entry < job->entries_end) {
        entry_add(gather, gather->next_entry++);
    }
    if (job->ends_pack) {
        rc = set_writer_end_pack(gather->writer, gather->build, job->entries_end, error);
    }
    return rc;
}
