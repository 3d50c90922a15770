/* foreign_tree.c - names below volumes to nodes, nodes to entries. What a record says beside its
 * place is foreign_lines.c's. */
#include "plan/foreign_tree.h"

#include "base/heap.h"
#include "base/limits.h"

#include <stdlib.h>

struct node_key {
    uint32_t parent;
    struct view name;
};

static struct view node_name(const struct foreign_tree *tree, uint32_t node)
{
    const struct foreign_node *n = &tree->nodes[node];
    return (struct view){tree->texts.p + n->name_offset, n->name_bytes};
}

static uint64_t node_hash(const struct node_key *key)
{
    return hash_bytes(key->name.p, key->name.n) ^ (key->parent * UINT64_C(0x9e3779b97f4a7c15));
}

static bool node_equal(const void *context, const void *key, uint32_t node)
{
    const struct foreign_tree *tree = context;
    const struct node_key *k = key;
    return tree->nodes[node].parent == k->parent && view_equal(node_name(tree, node), k->name);
}

static uint32_t node_find(const struct foreign_tree *tree, uint32_t parent, struct view name)
{
    const struct node_key key = {parent, name};
    return hash_map_find(&tree->names, node_hash(&key), &key, node_equal, tree);
}

static uint32_t node_add(struct foreign_tree *tree, const struct foreign_node *node)
{
    tree->nodes = heap_grow(tree->nodes, tree->count, &tree->capacity, sizeof *tree->nodes);
    tree->nodes[tree->count] = *node;
    return tree->count++;
}

void foreign_tree_add_volume(struct foreign_tree *tree)
{
    (void)node_add(tree, &(struct foreign_node){.parent = MARK_NONE,
                                                .volume = tree->count,
                                                .first_child = MARK_NONE,
                                                .next = MARK_NONE,
                                                .record = MARK_NONE,
                                                .is_directory = true});
    tree->folder_node = MARK_NONE;
}

static const char *name_fault(struct view name)
{
    if (name.n == 0) {
        return "has an empty name in it";
    }
    if (view_equal(name, VIEW(".")) || view_equal(name, VIEW(".."))) {
        return "has \".\" or \"..\" in it";
    }
    if (name.n > WIN_NAME_BYTES_MAX) {
        return "has a name in it that is longer than a name can be";
    }
    if (view_starts(name, VIEW(OWN_FOLDER_PREFIX))) {
        return "has a name in it that is for our own folders (" OWN_FOLDER_PREFIX "*)";
    }
    return view_find(name, '\0') == name.n ? NULL : "holds a NUL";
}

static const char *child_of(struct foreign_tree *tree, uint32_t parent, struct view name,
                            uint32_t *out)
{
    const char *fault = name_fault(name);
    *out = fault == NULL ? node_find(tree, parent, name) : MARK_NONE;
    if (fault != NULL || *out != MARK_NONE) {
        return fault;
    }
    if (tree->count >= FOREIGN_RECORDS_MAX) {
        return "is one place more than a plan can have"; /* GCOVR_EXCL_LINE: tests are smaller */
    }
    struct foreign_node *above = &tree->nodes[parent];
    const struct foreign_node node = {.parent = parent,
                                      .volume = above->volume,
                                      .name_offset = tree->texts.n,
                                      .name_bytes = (uint32_t)name.n,
                                      .first_child = MARK_NONE,
                                      .next = above->first_child,
                                      .record = MARK_NONE,
                                      .is_directory = true};
    above->first_child = tree->count;
    buffer_add_view(&tree->texts, name);
    const struct node_key key = {parent, name};
    hash_map_add(&tree->names, node_hash(&key), tree->count);
    *out = node_add(tree, &node);
    return NULL;
}

/* What "/a/b" has in common with the folder that is kept: so many bytes of whole names, and *node
 * is what they lead to. Records follow each other from folder to folder, so that little is left. */
static size_t folder_kept(const struct foreign_tree *tree, uint32_t volume, struct view folder,
                          uint32_t *node)
{
    const struct view kept = buffer_view(&tree->folder);
    *node = volume;
    if (tree->folder_node == MARK_NONE || tree->folder_volume != volume) {
        return 0;
    }
    size_t same = 0, common = 0;
    while (same < kept.n && same < folder.n && kept.p[same] == folder.p[same]) {
        same++;
    }
    if ((same == kept.n || kept.p[same] == '/') && (same == folder.n || folder.p[same] == '/')) {
        common = same;
    } else {
        for (common = same > 0 ? same - 1 : 0; common > 0 && kept.p[common] != '/';) {
            common--;
        }
    }
    *node = tree->folder_node;
    for (size_t i = common; i < kept.n; i++) {
        *node = kept.p[i] == '/' ? tree->nodes[*node].parent : *node;
    }
    return common;
}

/* The node of "/a/b", each name of it a folder. */
static const char *folder_of(struct foreign_tree *tree, uint32_t volume, struct view folder,
                             uint32_t *out)
{
    struct view rest = view_skip(folder, folder_kept(tree, volume, folder, out));
    while (rest.n > 0) {
        rest = view_skip(rest, 1);
        const struct view name = {rest.p, view_find(rest, '/')};
        const char *fault = child_of(tree, *out, name, out);
        if (fault != NULL) {
            return fault;
        }
        if (!tree->nodes[*out].is_directory) {
            return "lies below what the plan calls a file";
        }
        rest = view_skip(rest, name.n);
    }
    tree->folder.n = 0;
    buffer_reserve(&tree->folder, 1);
    buffer_add_view(&tree->folder, folder);
    tree->folder_volume = volume;
    tree->folder_node = *out;
    return NULL;
}

/* As long and as deep as a path of a set can be. */
static const char *path_fault(struct view rest)
{
    uint32_t depth = 0;
    if (rest.n > WIN_PATH_BYTES_MAX) {
        return "is longer than a path can be";
    }
    for (size_t i = 0; rest.n / 2 > WIN_PATH_DEPTH_MAX && i < rest.n; i++) {
        depth += rest.p[i] == '/';
    }
    return depth > WIN_PATH_DEPTH_MAX ? "has more names in it than a path can have" : NULL;
}

/* "/a/b" parted before its last '/'. */
static struct view split_last(struct view rest, struct view *name)
{
    size_t at = rest.n;
    while (at > 0 && rest.p[at - 1] != '/') {
        at--;
    }
    *name = view_skip(rest, at);
    return (struct view){rest.p, at > 0 ? at - 1 : 0};
}

const char *foreign_tree_add(struct foreign_tree *tree, uint32_t volume, struct view rest,
                             bool is_directory, uint32_t record, uint32_t *node)
{
    struct view name = VIEW_NONE;
    const struct view folder = split_last(rest, &name);
    uint32_t parent = MARK_NONE;
    const char *fault = path_fault(rest);
    if (fault == NULL) {
        fault = folder_of(tree, volume, folder, &parent);
    }
    if (fault == NULL) {
        fault = child_of(tree, parent, name, node);
    }
    if (fault != NULL) {
        return fault;
    }
    struct foreign_node *n = &tree->nodes[*node];
    if (n->record != MARK_NONE) {
        return "is in the plan twice";
    }
    if (!is_directory && n->first_child != MARK_NONE) {
        return "is a folder of other records";
    }
    n->record = record;
    n->is_directory = is_directory;
    return NULL;
}

uint32_t foreign_tree_find(const struct foreign_tree *tree, uint32_t volume, struct view rest)
{
    uint32_t at = volume;
    while (rest.n > 0 && at != MARK_NONE) {
        rest = view_skip(rest, 1);
        const struct view name = {rest.p, view_find(rest, '/')};
        at = node_find(tree, at, name);
        rest = view_skip(rest, name.n);
    }
    return at;
}

/* --- numbers --- */

static int child_compare(const void *left, const void *right, void *context)
{
    const struct foreign_tree *tree = context;
    const uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    const int kind = (int)tree->nodes[a].is_directory - (int)tree->nodes[b].is_directory;
    return kind != 0 ? kind : view_compare(node_name(tree, a), node_name(tree, b));
}

static void entry_take(const struct foreign_tree *tree, uint32_t node, uint32_t parent,
                       struct index_entry *entry)
{
    const struct foreign_node *n = &tree->nodes[node];
    entry->parent = parent;
    entry->volume = n->volume;
    entry->name_offset = n->name_offset;
    entry->name_bytes = (uint16_t)n->name_bytes;
    entry->kind = INDEX_DIRECTORY;
    entry->link_group = entry->descriptor = MARK_NONE;
}

void foreign_tree_number(const struct foreign_tree *tree, uint32_t *numbers,
                         struct index_entry *entries)
{
    uint32_t *order = heap_alloc(tree->count + 1u, sizeof *order); /* by entry: its node */
    uint32_t next = 0;
    for (uint32_t i = 0; i < tree->count && tree->nodes[i].parent == MARK_NONE; i++) {
        entry_take(tree, i, MARK_NONE, &entries[next]);
        order[next++] = i;
    }
    for (uint32_t at = 0; at < next; at++) {
        const struct foreign_node *n = &tree->nodes[order[at]];
        const uint32_t first = next;
        numbers[order[at]] = at;
        if (!n->is_directory) {
            continue;
        }
        for (uint32_t child = n->first_child; child != MARK_NONE; child = tree->nodes[child].next) {
            order[next++] = child;
        }
        qsort_r(order + first, next - first, sizeof *order, child_compare, (void *)(uintptr_t)tree);
        struct index_entry *entry = &entries[at];
        entry->directory.first_child = first;
        entry->directory.child_count = next - first;
        entry->directory.first_directory = next;
        for (uint32_t i = first; i < next; i++) {
            entry_take(tree, order[i], at, &entries[i]);
            if (tree->nodes[order[i]].is_directory && entry->directory.first_directory == next) {
                entry->directory.first_directory = i;
            }
        }
    }
    free(order);
}

void foreign_tree_free(struct foreign_tree *tree)
{
    free(tree->nodes);
    buffer_free(&tree->texts);
    buffer_free(&tree->folder);
    hash_map_free(&tree->names);
    *tree = (struct foreign_tree){0};
}
