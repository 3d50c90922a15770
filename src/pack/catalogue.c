/* catalogue.c - order and number everything that goes on the media.
 *
 * The step between scan and writing, on one thread: after it, entry numbers, parents, children
 * and hard links stand fast, and only places in the packs and in the blobs are open. The order
 * is FORMAT.md's: a directory's children in a row, others before directories, by the bytes of
 * their names; so it does not depend on how the scan ran. */
#include "pack/catalogue.h"

#include "base/hash_map.h"
#include "base/heap.h"
#include "pack/graft.h"

#include <stdlib.h>

/* --- which nodes --- */

static void keep_ancestors(struct node *node)
{
    const bool protected = node->protected;
    for (struct node *at = node; at != NULL && !(at->kept && (at->protected || !protected));
         at = at->parent) {
        at->kept = true;
        at->protected = at->protected || protected; /* an ancestor directory is needed, too */
    }
}

/* Visit all directories; node->dir->pending_next links those still to come. */
static void mark_kept(struct node *root)
{
    root->dir->pending_next = NULL;
    keep_ancestors(root);
    for (struct node *node = root; node != NULL;) {
        struct node *next = node->dir->pending_next;
        for (uint32_t i = 0; i < node->dir->child_count; i++) {
            struct node *child = node->dir->children[i];
            if (child->wanted && !child->replaced) {
                keep_ancestors(child);
            }
            if (child->dir != NULL) {
                child->dir->pending_next = next;
                next = child;
            }
        }
        node = next;
    }
}

static int child_compare(const void *a, const void *b)
{
    const struct node *left = *(const struct node *const *)a;
    const struct node *right = *(const struct node *const *)b;
    if ((left->dir != NULL) != (right->dir != NULL)) {
        return left->dir == NULL ? -1 : 1;
    }
    return view_compare(left->name, right->name);
}

/* Leave only the children that are kept, in the index's order. */
static void children_order(struct tree_directory *dir)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < dir->child_count; i++) {
        struct node *child = dir->children[i];
        if (child->kept && !child->replaced) {
            dir->children[i] = dir->children[kept]; /* those passed over stay, for scan_free() */
            dir->children[kept++] = child;
        }
    }
    if (kept > 1) {
        qsort(dir->children, kept, sizeof(struct node *), child_compare);
    }
    dir->kept_count = kept;
}

/* --- names (ruling 21) --- */

struct folded_name {
    uint64_t hash;
    const struct node *node;
};

static int folded_compare(const void *a, const void *b)
{
    const struct folded_name *left = a;
    const struct folded_name *right = b;
    if (left->hash != right->hash) {
        return left->hash < right->hash ? -1 : 1;
    }
    return view_compare(left->node->name, right->node->name);
}

static void names_warn(const struct scan *scan, const struct node *directory, struct buffer *path)
{
    const uint32_t count = directory->dir->kept_count;
    struct folded_name *names = heap_alloc(count, sizeof *names);
    for (uint32_t i = 0; i < count; i++) {
        const struct node *child = directory->dir->children[i];
        names[i] = (struct folded_name){win_fold_hash(child->name), child};
        const char *fault = win_name_fault(child->name);
        if (fault != NULL) {
            const struct view text = scan_path(scan->sources, child, path);
            notice_add(scan->notices, false, "no Windows volume can hold the name %.*s: %s",
                       (int)text.n, text.p, fault);
        }
    }
    if (count > 1) {
        qsort(names, count, sizeof *names, folded_compare);
    }
    for (uint32_t i = 1; i < count; i++) {
        if (names[i].hash == names[i - 1].hash &&
            win_fold_equal(names[i].node->name, names[i - 1].node->name)) {
            const struct view text = scan_path(scan->sources, names[i].node, path);
            notice_add(scan->notices, false, "%.*s and %.*s are equal but for case", (int)text.n,
                       text.p, VIEW_ARG(names[i - 1].node->name));
        }
    }
    free(names);
}

/* --- numbers --- */

struct numbering {
    struct catalogue *catalogue;
    size_t node_capacity;
    size_t directory_capacity;
};

static vsr_code number_take(struct numbering *numbering, struct node *node, vsr_error *error)
{
    struct catalogue *catalogue = numbering->catalogue;
    if (catalogue->entry_count >= SET_ENTRIES_MAX) {
        return err_set(error, VSR_ERR_SELECTION, "pack/catalogue",
                       "more than %u files and directories: make several sets", SET_ENTRIES_MAX);
    }
    catalogue->nodes = heap_grow(catalogue->nodes, catalogue->entry_count,
                                 &numbering->node_capacity, sizeof(struct node *));
    node->entry = catalogue->entry_count;
    catalogue->nodes[catalogue->entry_count++] = node;
    return VSR_OK;
}

/* A volume's root, and below it every directory's children in a row, depth first. */
static vsr_code volume_number(struct numbering *numbering, struct scan *scan, struct node *root,
                              vsr_error *error)
{
    struct catalogue *catalogue = numbering->catalogue;
    struct buffer path = {0};
    vsr_code rc = number_take(numbering, root, error);
    root->dir->pending_next = NULL;
    for (struct node *node = root; node != NULL && rc == VSR_OK;) {
        struct node *next = node->dir->pending_next;
        children_order(node->dir);
        names_warn(scan, node, &path);
        node->dir->first_entry = catalogue->entry_count;
        catalogue->directories = heap_grow(catalogue->directories, catalogue->directory_count,
                                           &numbering->directory_capacity, sizeof(struct node *));
        catalogue->directories[catalogue->directory_count++] = node;
        for (uint32_t i = 0; i < node->dir->kept_count && rc == VSR_OK; i++) {
            rc = number_take(numbering, node->dir->children[i], error);
        }
        for (uint32_t i = node->dir->kept_count; i-- > 0;) {
            struct node *child = node->dir->children[i];
            if (child->dir != NULL) {
                child->dir->pending_next = next;
                next = child;
            }
        }
        node = next;
    }
    buffer_free(&path);
    return rc;
}

static void directory_record(struct index_entry *record, const struct tree_directory *dir)
{
    uint32_t others = 0;
    while (others < dir->kept_count && dir->children[others]->dir == NULL) {
        others++;
    }
    record->directory.first_child = dir->first_entry;
    record->directory.child_count = dir->kept_count;
    record->directory.first_directory = dir->first_entry + others;
}

static void records_make(const struct catalogue *catalogue, struct index_build *build)
{
    build->entry_count = catalogue->entry_count;
    build->entries = heap_alloc(build->entry_count, sizeof *build->entries);
    for (uint32_t i = 0; i < build->entry_count; i++) {
        const struct node *node = catalogue->nodes[i];
        struct index_entry *record = &build->entries[i];
        *record = node->record;
        record->parent = node->parent != NULL ? node->parent->entry : MARK_NONE;
        record->volume =
            node->parent != NULL ? build->entries[record->parent].volume : node->record.volume;
        record->link_group = MARK_NONE;
        record->descriptor = MARK_NONE;
        if (!node->protected) {
            record->flags |= INDEX_UNPROTECTED;
        }
        if (node->dir != NULL) {
            directory_record(record, node->dir);
        }
    }
}

/* --- hard links --- */

struct link_key {
    uint64_t volume, device, inode;
};

static struct link_key link_key_of(const struct catalogue *catalogue,
                                   const struct index_build *build, uint32_t entry)
{
    const struct tree_extra *extra = catalogue->nodes[entry]->extra;
    return (struct link_key){build->entries[entry].volume, extra->device, extra->inode};
}

struct link_context {
    const struct catalogue *catalogue;
    const struct index_build *build;
};

static bool link_equal(const void *context, const void *key, uint32_t value)
{
    const struct link_context *links = context;
    const struct link_key there = link_key_of(links->catalogue, links->build, value);
    return memcmp(&there, key, sizeof there) == 0;
}

/* Names of one file on one volume: the first has the data, the others refer to it and say the
 * same of it. A file whose other names are not in the set is an ordinary one. */
static void links_find(const struct catalogue *catalogue, struct index_build *build)
{
    struct hash_map map = {0};
    const struct link_context context = {catalogue, build};
    for (uint32_t i = 0; i < build->entry_count; i++) {
        struct index_entry *record = &build->entries[i];
        const struct tree_extra *extra = catalogue->nodes[i]->extra;
        if (record->kind != INDEX_FILE || extra == NULL || !extra->linked) {
            continue;
        }
        const struct link_key key = link_key_of(catalogue, build, i);
        const uint64_t hash = hash_bytes(&key, sizeof key);
        const uint32_t owner = hash_map_find(&map, hash, &key, link_equal, &context);
        if (owner == MARK_NONE) {
            hash_map_add(&map, hash, i);
            continue;
        }
        build->entries[owner].link_group = owner;
        record->link_group = owner;
        record->size = build->entries[owner].size;
        record->range_count = 0;
        record->flags = (uint8_t)((record->flags & ~INDEX_SPARSE) |
                                  (build->entries[owner].flags & INDEX_SPARSE));
    }
    hash_map_free(&map);
}

vsr_code catalogue_make(struct catalogue *catalogue, struct scan *scan, struct index_build *build,
                        vsr_error *error)
{
    *catalogue = (struct catalogue){0};
    struct numbering numbering = {.catalogue = catalogue};
    vsr_code rc = VSR_OK;
    graft_alternates(scan, &catalogue->arena);
    build->volume_count = scan->sources->volume_count;
    build->volumes = heap_alloc(build->volume_count, sizeof *build->volumes);
    for (uint32_t i = 0; i < build->volume_count && rc == VSR_OK; i++) {
        mark_kept(scan->roots[i]);
        build->volumes[i].root_entry = catalogue->entry_count;
        rc = volume_number(&numbering, scan, scan->roots[i], error);
    }
    if (rc == VSR_OK) {
        records_make(catalogue, build);
        links_find(catalogue, build);
    }
    return rc;
}

void catalogue_free(struct catalogue *catalogue)
{
    free(catalogue->nodes);
    free(catalogue->directories);
    arena_free(&catalogue->arena);
    *catalogue = (struct catalogue){0};
}
