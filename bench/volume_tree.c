/* volume_tree.c - names to nodes, rules on folders, and writing all of it. What files there are is
 * decided in volume_sets.c. */
#include "volume_tree.h"

#include "base/heap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct child_key {
    uint32_t parent;
    struct view name;
};

static bool child_equal(const void *context, const void *key, uint32_t value)
{
    const struct tree_node *node = &((const struct volume_tree *)context)->nodes[value];
    const struct child_key *child = key;
    return node->parent == child->parent && win_fold_equal(node->name, child->name);
}

static uint64_t child_hash(uint32_t parent, struct view name)
{
    return win_fold_hash(name) ^ ((uint64_t)parent * 0x9E3779B97F4A7C15u);
}

uint32_t volume_tree_find(const struct volume_tree *tree, uint32_t folder, struct view name)
{
    const struct child_key key = {folder, name};
    return hash_map_find(&tree->names, child_hash(folder, name), &key, child_equal, tree);
}

static uint32_t node_add(struct volume_tree *tree, uint32_t parent, struct view name, bool folder)
{
    tree->nodes =
        heap_grow(tree->nodes, tree->node_count, &tree->node_capacity, sizeof *tree->nodes);
    tree->nodes[tree->node_count] = (struct tree_node){
        .parent = parent,
        .name = arena_copy(tree->arena, name),
        .folder = folder,
        .first_rule = MARK_NONE,
    };
    hash_map_add(&tree->names, child_hash(parent, name), tree->node_count);
    return tree->node_count++;
}

void volume_tree_init(struct volume_tree *tree, struct arena *arena)
{
    *tree = (struct volume_tree){.arena = arena};
    (void)node_add(tree, MARK_NONE, VIEW(""), true);
}

void volume_tree_free(struct volume_tree *tree)
{
    free(tree->nodes);
    free(tree->rules);
    hash_map_free(&tree->names);
    *tree = (struct volume_tree){0};
}

static uint32_t child(struct volume_tree *tree, uint32_t folder, struct view name, bool want_folder)
{
    const uint32_t found = volume_tree_find(tree, folder, name);
    if (found != MARK_NONE) {
        return tree->nodes[found].folder == want_folder ? found : MARK_NONE;
    }
    if (win_name_fault(name) != NULL || name.n > 255) {
        return MARK_NONE;
    }
    return node_add(tree, folder, name, want_folder);
}

uint32_t volume_tree_subfolder(struct volume_tree *tree, uint32_t folder, struct view name)
{
    return child(tree, folder, name, true);
}

uint32_t volume_tree_file(struct volume_tree *tree, uint32_t folder, struct view name)
{
    return child(tree, folder, name, false);
}

/* Names as the restore's --root has them. A volume is spelled by us, not by a document. */
uint32_t volume_tree_root(struct volume_tree *tree, const struct win_path *path)
{
    struct view rest = path->volume;
    uint32_t at = 0;
    if (path->kind == VOLUME_LETTER) {
        return child(tree, at, (struct view){rest.p, 1}, true);
    }
    if (path->kind == VOLUME_GUID) {
        return child(tree, at, view_skip(rest, 4), true); /* without "\\?\" */
    }
    at = child(tree, at, VIEW("UNC"), true);
    rest = view_skip(rest, 2);
    while (at != MARK_NONE && rest.n > 0) {
        at = child(tree, at, win_path_element(&rest), true);
    }
    return at;
}

uint32_t volume_tree_folder(struct volume_tree *tree, const struct win_path *path)
{
    struct view rest = path->rest;
    uint32_t at = volume_tree_root(tree, path);
    while (at != MARK_NONE && rest.n > 0) {
        at = child(tree, at, win_path_element(&rest), true);
    }
    return at;
}

void volume_tree_add_rule(struct volume_tree *tree, uint32_t folder, const struct tree_rule *rule)
{
    tree->rules =
        heap_grow(tree->rules, tree->rule_count, &tree->rule_capacity, sizeof *tree->rules);
    tree->rules[tree->rule_count] = *rule;
    tree->rules[tree->rule_count].next = tree->nodes[folder].first_rule;
    tree->nodes[folder].first_rule = tree->rule_count++;
}

/* Does an exclude of the writer that hangs on folder take name? below: the file stands deeper. */
static bool excluded_here(const struct volume_tree *tree, uint32_t writer, uint32_t folder,
                          struct view name, bool below)
{
    for (uint32_t r = tree->nodes[folder].first_rule; r != MARK_NONE; r = tree->rules[r].next) {
        const struct tree_rule *rule = &tree->rules[r];
        if (rule->exclude && (writer == MARK_NONE || rule->writer == writer) &&
            (rule->recursive || !below) && win_spec_match(&rule->spec, name)) {
            return true;
        }
    }
    return false;
}

/* The node below `normal` that stands for folder, which is `at` or below it. */
static uint32_t normal_folder(const struct volume_tree *tree, uint32_t folder, uint32_t at,
                              uint32_t normal)
{
    if (folder == at) {
        return normal;
    }
    const uint32_t parent = normal_folder(tree, tree->nodes[folder].parent, at, normal);
    return parent == MARK_NONE ? MARK_NONE
                               : volume_tree_find(tree, parent, tree->nodes[folder].name);
}

bool volume_tree_excluded(const struct volume_tree *tree, uint32_t writer, uint32_t folder,
                          struct view name, uint32_t at, uint32_t normal)
{
    bool below = false;
    for (; at != normal && folder != at; folder = tree->nodes[folder].parent) {
        const uint32_t same = normal_folder(tree, folder, at, normal);
        if (same != MARK_NONE && excluded_here(tree, writer, same, name, below)) {
            return true;
        }
        below = true;
    }
    for (folder = at != normal ? normal : folder; folder != MARK_NONE;
         folder = tree->nodes[folder].parent) {
        if (excluded_here(tree, writer, folder, name, below)) {
            return true;
        }
        below = true;
    }
    return false;
}

enum tree_kind volume_tree_kind(const struct volume_tree *tree, uint32_t file)
{
    const struct tree_node *node = &tree->nodes[file];
    bool below = false;
    if (node->protected_file) {
        return TREE_COMPONENT;
    }
    for (uint32_t at = node->parent; at != MARK_NONE; at = tree->nodes[at].parent) {
        for (uint32_t r = tree->nodes[at].first_rule; r != MARK_NONE; r = tree->rules[r].next) {
            const struct tree_rule *rule = &tree->rules[r];
            if (!rule->exclude && (rule->recursive || !below) &&
                win_spec_match(&rule->spec, node->name) &&
                !volume_tree_excluded(tree, rule->writer, node->parent, node->name, at,
                                      rule->normal)) {
                return TREE_COMPONENT;
            }
        }
        below = true;
    }
    return volume_tree_excluded(tree, MARK_NONE, node->parent, node->name, 0, 0) ? TREE_EXCLUDED
                                                                                 : TREE_UNPROTECTED;
}

struct view volume_tree_path(const struct volume_tree *tree, uint32_t node)
{
    const struct tree_node *at = &tree->nodes[node];
    if (at->parent == MARK_NONE) {
        return VIEW(".");
    }
    if (at->parent == 0) {
        return at->name;
    }
    const struct view parent = volume_tree_path(tree, at->parent);
    return arena_printf(tree->arena, "%s/%s", parent.p, at->name.p);
}

static int bytes_write(const struct tree_node *file, int dir_fd, struct content_rng *rng)
{
    const int rc = content_write(rng, dir_fd, file->name.p, 0, NULL, 0); /* for its times */
    if (rc != 0) {
        return rc;
    }
    const int fd = openat(dir_fd, file->name.p, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    struct stat st;
    int failure = fd < 0 || fstat(fd, &st) != 0 ? errno : 0;
    if (failure == 0 && write(fd, file->bytes.p, file->bytes.n) != (ssize_t)file->bytes.n) {
        failure = errno;
    }
    if (failure == 0 && futimens(fd, (struct timespec[]){st.st_mtim, st.st_mtim}) != 0) {
        failure = errno;
    }
    (void)close(fd);
    return failure;
}

static struct content_rng node_rng(uint64_t seed, struct view path)
{
    return (struct content_rng){hash_bytes(path.p, path.n) ^ (seed * 0xD1B54A32D192ED03u)};
}

static int file_write(const struct volume_tree *tree, uint32_t node, int out_fd, uint64_t seed)
{
    const struct tree_node *file = &tree->nodes[node];
    struct content_rng rng = node_rng(seed, volume_tree_path(tree, node));
    const int dir_fd = openat(out_fd, volume_tree_path(tree, file->parent).p,
                              O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (dir_fd < 0) {
        return errno;
    }
    const int rc = view_present(file->bytes) ? bytes_write(file, dir_fd, &rng)
                                             : content_write(&rng, dir_fd, file->name.p, file->size,
                                                             file->extents, file->extent_count);
    (void)close(dir_fd);
    return rc;
}

/* Folders get their times last, deepest first: what is made in them would change them. */
static int folder_set_time(const struct volume_tree *tree, uint32_t node, int out_fd, uint64_t seed)
{
    const struct view path = volume_tree_path(tree, node);
    struct content_rng rng = node_rng(seed, path);
    struct timespec times[2];
    times[0].tv_sec = (time_t)(1104537600 + content_below(&rng, 568000000));
    times[0].tv_nsec = (long)(content_below(&rng, 10000000) * 100);
    times[1] = times[0];
    return utimensat(out_fd, path.p, times, AT_SYMLINK_NOFOLLOW) == 0 ? 0 : errno;
}

int volume_tree_write(const struct volume_tree *tree, int out_fd, uint64_t seed, uint32_t *failed)
{
    const struct arena_mark mark = arena_mark(tree->arena);
    int rc = 0;
    for (uint32_t i = 1; i < tree->node_count && rc == 0; i++) {
        *failed = i;
        if (!tree->nodes[i].folder) {
            rc = file_write(tree, i, out_fd, seed);
        } else if (mkdirat(out_fd, volume_tree_path(tree, i).p, 0755) != 0) {
            rc = errno;
        }
        arena_rewind(tree->arena, mark);
    }
    for (uint32_t i = tree->node_count - 1; i > 0 && rc == 0; i--) {
        *failed = i;
        rc = tree->nodes[i].folder ? folder_set_time(tree, i, out_fd, seed) : 0;
        arena_rewind(tree->arena, mark);
    }
    return rc;
}

void volume_tree_count(const struct volume_tree *tree, struct tree_totals *totals)
{
    *totals = (struct tree_totals){0};
    for (uint32_t i = 1; i < tree->node_count; i++) {
        const struct tree_node *node = &tree->nodes[i];
        if (node->folder) {
            totals->folders++;
            continue;
        }
        const enum tree_kind kind = volume_tree_kind(tree, i);
        const uint64_t size = view_present(node->bytes) ? node->bytes.n : node->size;
        totals->files++;
        totals->bytes += size;
        totals->files_by_kind[kind]++;
        totals->bytes_by_kind[kind] += size;
    }
}
