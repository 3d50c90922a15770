/* component_tree.c - parents by logical path, explicit entries by name.
 *
 * Every prefix of a component's logical path is looked up among the writer's components, the
 * longest first, so that a path element without a component ("writerData\QueryLogs", rules
 * 4.2) does not break the line. Look-ups are by hash; nothing is compared pair by pair. */
#include "plan/component_tree.h"

#include "base/limits.h"

#include <stdlib.h>

/* A logical path, or its longest proper prefix of whole elements; empty at the root. */
static struct view path_above(struct view path)
{
    size_t n = path.n;
    while (n > 0 && path.p[n - 1] != '\\') {
        n--;
    }
    return (struct view){path.p, n > 0 ? n - 1 : 0};
}

static struct view path_last(struct view path)
{
    const size_t above = path_above(path).n;
    return view_skip(path, above > 0 ? above + 1 : 0);
}

/* How many elements a logical path has, counted up to one more than the most we follow. */
static uint32_t path_depth(struct view path)
{
    uint32_t depth = 0;
    for (struct view left = path; left.n > 0 && depth <= LOGICAL_PATH_DEPTH_MAX; depth++) {
        left = path_above(left);
    }
    return depth;
}

static uint32_t parent_find(const struct wmd *wmd, struct view logical_path)
{
    for (struct view path = logical_path; path.n > 0; path = path_above(path)) {
        bool folded = false;
        const struct view above = path_above(path);
        const uint32_t found = wmd_component_find(wmd, above, path_last(path), &folded);
        if (found != MARK_NONE) {
            return found;
        }
    }
    return MARK_NONE;
}

static void find_parents(struct component_tree *tree, struct arena *arena)
{
    const uint32_t count = component_tree_count(tree);
    tree->parent = ARENA_ARRAY(arena, uint32_t, count);
    tree->explicit_by = ARENA_ARRAY(arena, uint32_t, count);
    for (uint32_t i = 0; i < count; i++) {
        const struct view path = vss_logical_path_norm(tree->wmd->components[i].logical_path);
        const bool deep = path_depth(path) > LOGICAL_PATH_DEPTH_MAX;
        tree->explicit_by[i] = MARK_NONE;
        tree->parent[i] = deep ? MARK_NONE : parent_find(tree->wmd, path);
        if (deep && !view_present(tree->fault)) {
            tree->fault =
                arena_printf(arena, "%.*s, line %u: a logical path has more than %u elements",
                             VIEW_ARG(tree->wmd->file_name), tree->wmd->components[i].place.line,
                             LOGICAL_PATH_DEPTH_MAX);
        }
    }
}

static void join_entries(struct component_tree *tree, struct arena *arena)
{
    const uint32_t count = tree->writer->component_count;
    tree->joined = ARENA_ARRAY(arena, uint32_t, count);
    tree->folded = ARENA_ARRAY(arena, bool, count);
    tree->doubled = ARENA_ARRAY(arena, bool, count);
    for (uint32_t i = 0; i < count; i++) {
        const struct bcd_component *entry = &tree->writer->components[i];
        tree->joined[i] = tree->wmd == NULL ? MARK_NONE
                                            : wmd_component_find(tree->wmd, entry->logical_path,
                                                                 entry->name, &tree->folded[i]);
        if (tree->joined[i] == MARK_NONE) {
            continue;
        }
        uint32_t *explicit_by = &tree->explicit_by[tree->joined[i]];
        if (*explicit_by != MARK_NONE) {
            tree->doubled[i] = true;
            tree->doubled[*explicit_by] = true;
        } else {
            *explicit_by = i;
        }
    }
}

void component_tree_build(struct component_tree *tree, struct arena *arena,
                          const struct documents *documents, uint32_t writer)
{
    const uint32_t wmd = documents->writer_wmd[writer];
    *tree = (struct component_tree){
        .writer = &documents->bcd.writers[writer],
        .wmd = wmd == MARK_NONE ? NULL : &documents->wmds[wmd],
    };
    find_parents(tree, arena);
    join_entries(tree, arena);
}

uint32_t component_tree_root(const struct component_tree *tree, uint32_t component)
{
    uint32_t at = component;
    while (at != MARK_NONE && tree->explicit_by[at] == MARK_NONE) {
        at = tree->parent[at];
    }
    return at;
}
