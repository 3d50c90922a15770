/* media_fixture_index.c - from a list of files to a tree of names, and to the index's records in
 * their order. */
#include "media_fixture_maker.h"

#include "base/bug.h"
#include "base/heap.h"

#include <stdlib.h>
#include <xxhash.h>

/* --- a tree of names --- */

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

void maker_tree(struct fixture_maker *maker, const struct set_volume *volumes,
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
