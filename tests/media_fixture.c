/* media_fixture.c - a set from a list: tree, index records, frames, packs. */
#include "media_fixture.h"

#include "base/bug.h"
#include "base/heap.h"
#include "media/frame.h"
#include "media/tar.h"

#include <lz4.h>
#include <stdlib.h>
#include <xxhash.h>

/* --- a tree of names --- */

struct fixture_node {
    struct view name;
    uint32_t parent; /* node; MARK_NONE for a root */
    uint32_t volume;
    const struct fixture_file *file; /* NULL: a directory that was made as needed */
    uint32_t entry;                  /* its number in the index */
};

struct fixture_tree {
    struct fixture_node *nodes;
    size_t count, capacity;
};

static bool node_is_directory(const struct fixture_node *node)
{
    return node->file == NULL || node->file->kind == FIXTURE_DIRECTORY;
}

static uint32_t tree_add(struct fixture_tree *tree, uint32_t parent, uint32_t volume,
                         struct view name)
{
    for (uint32_t i = 0; i < tree->count; i++) {
        const struct fixture_node *node = &tree->nodes[i];
        if (node->parent == parent && node->volume == volume && view_equal(node->name, name)) {
            return i;
        }
    }
    tree->nodes = heap_grow(tree->nodes, tree->count, &tree->capacity, sizeof *tree->nodes);
    tree->nodes[tree->count] = (struct fixture_node){name, parent, volume, NULL, MARK_NONE};
    return (uint32_t)tree->count++;
}

static uint32_t tree_find(struct fixture_tree *tree, uint32_t volume, struct view path)
{
    uint32_t node = tree_add(tree, MARK_NONE, volume, VIEW(""));
    while (path.n > 0) {
        const struct view name = {path.p, view_find(path, '/')};
        node = tree_add(tree, node, volume, name);
        path = view_skip(path, name.n < path.n ? name.n + 1 : name.n);
    }
    return node;
}

static const struct fixture_tree *sorting; /* qsort() hands no context on */

static int node_order(const void *a, const void *b)
{
    const struct fixture_node *x = &sorting->nodes[*(const uint32_t *)a];
    const struct fixture_node *y = &sorting->nodes[*(const uint32_t *)b];
    if (node_is_directory(x) != node_is_directory(y)) {
        return node_is_directory(x) ? 1 : -1;
    }
    return view_compare(x->name, y->name);
}

/* --- index records --- */

struct fixture_maker {
    const struct fixture *fixture;
    struct fixture_tree tree;
    uint32_t *node_of; /* by entry */
    struct index_build build;
    struct set_writer *writer;
    struct uuid uuid;
    uint32_t small_max, shared_bytes, piece_bytes;
    struct buffer frame;    /* plain bytes of the shared frame that is open */
    uint64_t frame_chunk;   /* the first chunk that lies in it */
    char *stored, *scratch; /* for frame_encode() */
};

static uint64_t maker_blob(struct fixture_maker *maker, struct view bytes)
{
    const uint64_t offset = maker->build.blobs.n;
    buffer_add_view(&maker->build.blobs, bytes);
    return offset;
}

static uint32_t maker_descriptor(struct fixture_maker *maker, struct view bytes)
{
    static const struct view name = {"system.ntfs_acl", 15};
    struct index_build *build = &maker->build;
    for (uint32_t i = 0; i < build->descriptor_count; i++) {
        const struct index_descriptor *d = &build->descriptors[i];
        if (view_equal((struct view){build->blobs.p + d->offset, d->bytes}, bytes)) {
            return i;
        }
    }
    const uint64_t at = maker_blob(maker, name);
    (void)maker_blob(maker, bytes);
    build->descriptors = heap_grow(build->descriptors, build->descriptor_count,
                                   &build->descriptor_capacity, sizeof *build->descriptors);
    build->descriptors[build->descriptor_count] =
        (struct index_descriptor){at + name.n, (uint32_t)bytes.n, (uint32_t)name.n};
    return build->descriptor_count++;
}

static void maker_attribute(struct fixture_maker *maker, struct index_entry *e, struct view value)
{
    static const struct view name = {"user.test", 9};
    const uint16_t name_bytes = (uint16_t)name.n;
    const uint32_t value_bytes = (uint32_t)value.n;
    struct buffer record = {0};
    buffer_add(&record, &name_bytes, sizeof name_bytes);
    buffer_add(&record, &value_bytes, sizeof value_bytes);
    buffer_add_view(&record, name);
    buffer_add_view(&record, value);
    e->attribute_offset = maker_blob(maker, buffer_view(&record));
    e->attribute_bytes = (uint32_t)record.n;
    buffer_free(&record);
}

static void maker_ranges(struct fixture_maker *maker, struct index_entry *e,
                         const struct fixture_file *file)
{
    struct index_build *build = &maker->build;
    e->file.first_range = build->range_count;
    e->range_count = file->range_count;
    for (uint32_t i = 0; i < file->range_count; i++) {
        build->ranges = heap_grow(build->ranges, build->range_count, &build->range_capacity,
                                  sizeof *build->ranges);
        build->ranges[build->range_count++] = file->ranges[i];
    }
}

static void maker_link(struct fixture_maker *maker, uint32_t entry, const struct fixture_file *file)
{
    struct index_entry *e = &maker->build.entries[entry];
    const uint32_t node = tree_find(&maker->tree, file->volume, file->content);
    const uint32_t first = maker->tree.nodes[node].entry;
    VSR_REQUIRE(first < entry);
    struct index_entry *owner = &maker->build.entries[first];
    owner->link_group = first;
    e->link_group = first;
    e->size = owner->size;
    e->flags |= owner->flags & (INDEX_SPARSE | INDEX_PARTIAL);
}

static void maker_entry(struct fixture_maker *maker, uint32_t entry)
{
    const struct fixture_node *node = &maker->tree.nodes[maker->node_of[entry]];
    const struct fixture_file *file = node->file;
    struct index_entry *e = &maker->build.entries[entry];
    const bool directory = node_is_directory(node);
    *e = (struct index_entry){
        .parent = node->parent == MARK_NONE ? MARK_NONE : maker->tree.nodes[node->parent].entry,
        .volume = node->volume,
        .name_bytes = (uint16_t)node->name.n,
        .kind = directory ? INDEX_DIRECTORY : INDEX_FILE,
        .mode = directory ? 0755 : 0644,
        .link_group = MARK_NONE,
        .descriptor = MARK_NONE,
    };
    e->name_offset = maker_blob(maker, node->name);
    if (file == NULL) {
        return;
    }
    e->flags = file->flags;
    e->mode = file->mode != 0 ? file->mode : e->mode;
    e->uid = file->uid;
    e->gid = file->gid;
    e->modify_s = file->modify_s;
    e->modify_ns = file->modify_ns;
    if (view_present(file->descriptor)) {
        e->descriptor = maker_descriptor(maker, file->descriptor);
    }
    if (view_present(file->attribute)) {
        maker_attribute(maker, e, file->attribute);
    }
    if (file->kind == FIXTURE_SYMLINK) {
        e->kind = INDEX_SYMLINK;
        e->link.offset = maker_blob(maker, file->content);
        e->link.bytes = file->content.n;
    } else if (file->kind == FIXTURE_FILE) {
        e->size = file->content.n;
        maker_ranges(maker, e, file);
    } else if (file->kind == FIXTURE_HARDLINK) {
        maker_link(maker, entry, file);
    }
}

/* Number a directory's children in a row, then those of each directory among them. */
static void maker_children(struct fixture_maker *maker, uint32_t node)
{
    struct fixture_tree *tree = &maker->tree;
    uint32_t *children = heap_alloc(tree->count, sizeof *children);
    uint32_t count = 0;
    for (uint32_t i = 0; i < tree->count; i++) {
        if (tree->nodes[i].parent == node) {
            children[count++] = i;
        }
    }
    sorting = tree;
    qsort(children, count, sizeof *children, node_order);
    const uint32_t entry = tree->nodes[node].entry;
    const uint32_t first = maker->build.entry_count;
    uint32_t folders = first + count;
    for (uint32_t i = count; i-- > 0;) {
        tree->nodes[children[i]].entry = first + i;
        maker->node_of[first + i] = children[i];
        folders = node_is_directory(&tree->nodes[children[i]]) ? first + i : folders;
    }
    maker->build.entry_count += count;
    struct index_entry *e = &maker->build.entries[entry];
    e->directory.first_child = first;
    e->directory.child_count = count;
    e->directory.first_directory = folders;
    for (uint32_t i = first; i < first + count; i++) {
        maker_entry(maker, i);
    }
    for (uint32_t i = 0; i < count; i++) {
        if (node_is_directory(&tree->nodes[children[i]])) {
            maker_children(maker, children[i]);
        }
    }
    free(children);
}

static void maker_tree(struct fixture_maker *maker, const struct set_volume *volumes,
                       uint32_t volume_count)
{
    const struct fixture *fixture = maker->fixture;
    for (uint32_t i = 0; i < volume_count; i++) {
        (void)tree_find(&maker->tree, i, VIEW(""));
    }
    for (uint32_t i = 0; i < fixture->file_count; i++) {
        const struct fixture_file *file = &fixture->files[i];
        const uint32_t node = tree_find(&maker->tree, file->volume, view_of(file->path));
        maker->tree.nodes[node].file = file;
    }
    maker->build.entries = heap_alloc(maker->tree.count, sizeof *maker->build.entries);
    maker->build.volumes = heap_alloc(volume_count, sizeof *maker->build.volumes);
    maker->build.volume_count = volume_count;
    maker->node_of = heap_alloc(maker->tree.count, sizeof *maker->node_of);
    for (uint32_t i = 0; i < volume_count; i++) {
        const uint32_t node = tree_find(&maker->tree, i, VIEW(""));
        const uint32_t entry = maker->build.entry_count++;
        maker->tree.nodes[node].entry = entry;
        maker->node_of[entry] = node;
        maker->build.volumes[i] = (struct index_volume){entry, (uint32_t)volumes[i].prefix.n,
                                                        maker_blob(maker, volumes[i].prefix)};
        maker_entry(maker, entry);
        maker_children(maker, node);
    }
}

/* --- frames --- */

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

static void maker_packs(struct fixture_maker *maker)
{
    for (uint32_t i = 0; i < maker->build.entry_count; i++) {
        if (set_writer_pack_is_full(maker->writer)) {
            maker_end_pack(maker, i);
        }
        maker_write_member(maker, i);
    }
    maker_end_pack(maker, maker->build.entry_count);
}

/* --- the set --- */

static const uint8_t fixed_uuid[16] = {0x5e, 0x77, 0x10, 0x2b, 0x9c, 0x41, 0x4d, 0x8a,
                                       0x93, 0x6f, 0x01, 0x55, 0xaa, 0xc3, 0x3c, 0x7e};

static void maker_description(const struct fixture_maker *maker, struct set_description *out,
                              struct set_volume *volumes, uint32_t volume_count)
{
    static struct view environment[1][2] = {{{"SystemRoot", 10}, {"C:\\Windows", 10}}};
    *out = (struct set_description){.uuid = maker->uuid,
                                    .backup_type = VIEW("full"),
                                    .created = VIEW("2024-05-06T07:08:09Z"),
                                    .host = VIEW("FIXTURE"),
                                    .volumes = volumes,
                                    .volume_count = volume_count,
                                    .environment = environment,
                                    .environment_count = 1};
}

void fixture_write(const char *path, const struct fixture *fixture)
{
    struct set_volume volumes[8] = {{.letter = VIEW("C:"), .prefix = VIEW("C")}};
    const uint32_t volume_count = fixture->volumes != NULL ? fixture->volume_count : 1;
    VSR_REQUIRE(volume_count <= 8);
    if (fixture->volumes != NULL) {
        memcpy(volumes, fixture->volumes, volume_count * sizeof *volumes);
    }
    struct fixture_maker maker = {
        .fixture = fixture,
        .uuid = fixture->uuid,
        .small_max = fixture->small_max != 0 ? fixture->small_max : MEMBER_SMALL_BYTES_MAX,
        .shared_bytes = fixture->shared_bytes != 0 ? fixture->shared_bytes : FRAME_SHARED_BYTES,
        .piece_bytes = fixture->piece_bytes != 0 ? fixture->piece_bytes : FRAME_PLAIN_BYTES_MAX,
        .stored = heap_alloc(1, frame_stored_bound(FRAME_PLAIN_BYTES_MAX)),
        .scratch = heap_alloc(1, (size_t)LZ4_sizeofState()),
    };
    if (uuid_is_null(&maker.uuid)) {
        memcpy(maker.uuid.bytes, fixed_uuid, sizeof fixed_uuid);
    }
    vsr_error error = {0};
    VSR_REQUIRE(set_writer_begin(&maker.writer, path, &maker.uuid, &error) == VSR_OK);
    if (fixture->pack_bytes != 0) {
        set_writer_set_pack_target(maker.writer, fixture->pack_bytes);
    }
    for (uint32_t i = 0; i < fixture->document_count; i++) {
        VSR_REQUIRE(set_writer_document(maker.writer, view_of(fixture->documents[i].name),
                                        fixture->documents[i].bytes, &error) == VSR_OK);
    }
    maker_tree(&maker, volumes, volume_count);
    maker_packs(&maker);
    struct set_description description;
    maker_description(&maker, &description, volumes, volume_count);
    VSR_REQUIRE(set_writer_end(maker.writer, &maker.build, &description, &error) == VSR_OK);
    index_build_free(&maker.build);
    buffer_free(&maker.frame);
    free(maker.tree.nodes);
    free(maker.node_of);
    free(maker.stored);
    free(maker.scratch);
}
