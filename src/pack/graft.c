/* graft.c - what an alternatePath provides is catalogued at the set's normal path.
 *
 * Between scan and numbering, on one thread. A name that stands there already (in any letter
 * case) keeps its spelling and loses its content to the alternate one; directories that do not
 * exist at the normal place take the metadata of the alternate directory, or of their parent. */
#include "pack/graft.h"

#include "base/hash_map.h"
#include "base/heap.h"

#include <stdlib.h>

struct graft {
    struct scan *scan;
    struct arena *arena;
    struct hash_map names; /* (directory, folded name) -> index into nodes */
    struct node **nodes;
    size_t node_count, node_capacity;
    struct hash_map known; /* directories whose children stand in names */
    const struct node **known_nodes;
    size_t known_count, known_capacity;
    struct demand_ids ids;
};

struct name_key {
    const struct node *directory;
    struct view name;
};

static uint64_t name_hash(const struct node *directory, struct view name)
{
    return win_fold_hash(name) ^ hash_bytes(&directory, sizeof directory);
}

static bool name_equal(const void *context, const void *key, uint32_t value)
{
    const struct graft *graft = context;
    const struct name_key *wanted = key;
    const struct node *node = graft->nodes[value];
    return node->parent == wanted->directory && !node->replaced &&
           win_fold_equal(node->name, wanted->name);
}

static bool known_equal(const void *context, const void *key, uint32_t value)
{
    return ((const struct graft *)context)->known_nodes[value] == key;
}

static void name_add(struct graft *graft, struct node *node)
{
    graft->nodes =
        heap_grow(graft->nodes, graft->node_count, &graft->node_capacity, sizeof(struct node *));
    hash_map_add(&graft->names, name_hash(node->parent, node->name), (uint32_t)graft->node_count);
    graft->nodes[graft->node_count++] = node;
}

static struct node *child_find(struct graft *graft, const struct node *directory, struct view name)
{
    const uint64_t hash = hash_bytes(&directory, sizeof directory);
    if (hash_map_find(&graft->known, hash, directory, known_equal, graft) == MARK_NONE) {
        graft->known_nodes = heap_grow(graft->known_nodes, graft->known_count,
                                       &graft->known_capacity, sizeof(struct node *));
        hash_map_add(&graft->known, hash, (uint32_t)graft->known_count);
        graft->known_nodes[graft->known_count++] = directory;
        for (uint32_t i = 0; i < directory->dir->child_count; i++) {
            name_add(graft, directory->dir->children[i]);
        }
    }
    const struct name_key key = {directory, name};
    const uint32_t found =
        hash_map_find(&graft->names, name_hash(directory, name), &key, name_equal, graft);
    return found == MARK_NONE ? NULL : graft->nodes[found];
}

/* A copy of model's metadata below directory. */
static struct node *child_graft(struct graft *graft, struct node *directory, struct view name,
                                const struct node *model)
{
    struct node *child = ARENA_NEW(graft->arena, struct node);
    *child = *model;
    child->parent = directory;
    child->name = arena_copy(graft->arena, name);
    child->path_bytes = (uint32_t)node_child_path_bytes(directory, name);
    child->record.volume = directory->record.volume;
    child->record.flags &= (uint8_t)~INDEX_RANGES_FILE;
    child->wanted = true;
    child->protected = true;
    child->kept = false;
    child->replaced = false;
    if (model->dir != NULL) {
        child->dir = ARENA_NEW(graft->arena, struct tree_directory);
    }
    struct tree_directory *dir = directory->dir;
    dir->children =
        heap_grow(dir->children, dir->child_count, &dir->child_capacity, sizeof(struct node *));
    dir->children[dir->child_count++] = child;
    name_add(graft, child);
    return child;
}

static struct node *directory_enter(struct graft *graft, struct node *directory, struct view name,
                                    const struct node *model)
{
    struct node *child = child_find(graft, directory, name);
    if (child != NULL) {
        return child->dir != NULL ? child : NULL;
    }
    if (node_child_path_bytes(directory, name) > WIN_PATH_BYTES_MAX) {
        return NULL;
    }
    return child_graft(graft, directory, name, model);
}

static uint32_t depth_of(struct view below)
{
    uint32_t depth = 0;
    while (below.n > 0) {
        (void)win_path_element(&below);
        depth++;
    }
    return depth;
}

/* The directory of the alternate tree at a depth on the way to node. */
static const struct node *ancestor_at(const struct node *node, uint32_t depth)
{
    while (node->depth > depth) {
        node = node->source;
    }
    return node;
}

/* The catalogue's directory for an alternate directory, made where it is missing. NULL: a file
 * stands in the way. */
static struct node *directory_for(struct graft *graft, const struct demand *demand,
                                  const struct node *alternate, struct match_place *excludes)
{
    const struct match *exclude_match = graft->scan->demands->exclude_match;
    const uint32_t top = depth_of(demand->alternate_below);
    struct node *directory = graft->scan->roots[demand->volume];
    struct view rest = demand->below;
    *excludes = match_root(exclude_match, demand->volume);
    while (rest.n > 0 && directory != NULL) {
        const struct view name = win_path_element(&rest);
        const struct node *model = rest.n == 0 ? ancestor_at(alternate, top) : directory;
        directory = directory_enter(graft, directory, name, model);
        *excludes = match_enter(exclude_match, *excludes, name);
    }
    for (uint32_t depth = top + 1; depth <= alternate->depth && directory != NULL; depth++) {
        const struct node *model = ancestor_at(alternate, depth);
        directory = directory_enter(graft, directory, model->name, model);
        *excludes = match_enter(exclude_match, *excludes, model->name);
    }
    return directory;
}

/* Excludes are tested against the normal path (5.7). Of two alternates for one place the first
 * demand's stays (5.9). */
static void graft_file(struct graft *graft, const struct scan_alternate *alternate)
{
    struct demands *demands = graft->scan->demands;
    const struct node *file = alternate->node;
    struct match_place excludes;
    atomic_store_explicit(&demands->met[alternate->demand], 1, memory_order_relaxed);
    struct node *directory =
        directory_for(graft, &demands->list[alternate->demand], file->source, &excludes);
    if (directory == NULL ||
        demand_excludes(demands, alternate->demand, excludes, file->name, &graft->ids) ||
        node_child_path_bytes(directory, file->name) > WIN_PATH_BYTES_MAX) {
        return;
    }
    struct node *there = child_find(graft, directory, file->name);
    if (there != NULL && (there->dir != NULL || there->source != there->parent ||
                          (there->record.flags & INDEX_PARTIAL) != 0)) {
        return;
    }
    struct view name = file->name;
    if (there != NULL) {
        there->replaced = true;
        name = there->name;
    }
    (void)child_graft(graft, directory, name, file);
}

void graft_alternates(struct scan *scan, struct arena *arena)
{
    struct graft graft = {.scan = scan, .arena = arena};
    for (size_t i = 0; i < scan->alternate_count; i++) {
        const struct scan_alternate *alternate = &scan->alternates[i];
        struct match_place excludes;
        if (alternate->node->dir == NULL) {
            graft_file(&graft, alternate);
            continue;
        }
        struct node *directory = directory_for(&graft, &scan->demands->list[alternate->demand],
                                               alternate->node, &excludes);
        if (directory != NULL) {
            directory->wanted = true;
            directory->protected = true;
        }
    }
    hash_map_free(&graft.names);
    hash_map_free(&graft.known);
    free(graft.nodes);
    free(graft.known_nodes);
    demand_ids_free(&graft.ids);
}
