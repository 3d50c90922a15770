/* inspect_tree.c - logical paths cut into elements, elements into a tree, the tree into lines. What
 * stands on a line is inspect.c's. */
#include "plan/inspect_tree.h"

#include "base/hash_map.h"
#include "base/limits.h"
#include "base/show.h"
#include "vss/documents.h"

struct node {
    struct view label;
    uint32_t parent, first_child, last_child, next; /* MARK_NONE ends */
    uint32_t component;                             /* MARK_NONE: an element of a path alone */
};

struct tree {
    struct node *nodes; /* the first is the writer itself */
    uint32_t count;
    struct hash_map by_name; /* of nodes, below which they stand and their labels */
    const struct inspect_tree_words *words;
    struct buffer indent; /* "│  └─ " and so on, of the line in hand */
    struct buffer *out;
};

struct node_key {
    uint32_t parent;
    struct view label;
};

static bool node_equal(const void *context, const void *key, uint32_t value)
{
    const struct tree *tree = context;
    const struct node_key *wanted = key;
    const struct node *node = &tree->nodes[value];
    return node->parent == wanted->parent && view_equal(node->label, wanted->label);
}

static uint64_t node_hash(uint32_t parent, struct view label)
{
    return hash_bytes(label.p, label.n) ^ hash_bytes(&parent, sizeof parent);
}

static uint32_t node_add(struct tree *tree, uint32_t parent, struct view label)
{
    struct node *above = &tree->nodes[parent];
    const uint32_t made = tree->count++;
    tree->nodes[made] = (struct node){.label = label,
                                      .parent = parent,
                                      .first_child = MARK_NONE,
                                      .last_child = MARK_NONE,
                                      .next = MARK_NONE,
                                      .component = MARK_NONE};
    if (above->last_child == MARK_NONE) {
        above->first_child = made;
    } else {
        tree->nodes[above->last_child].next = made;
    }
    above->last_child = made;
    hash_map_add(&tree->by_name, node_hash(parent, label), made);
    return made;
}

/* The first of that name below parent. */
static uint32_t child_find(const struct tree *tree, uint32_t parent, struct view label)
{
    const struct node_key key = {parent, label};
    return hash_map_find(&tree->by_name, node_hash(parent, label), &key, node_equal, tree);
}

static uint32_t element_count(struct view path)
{
    uint32_t count = path.n > 0;
    for (size_t i = 0; i < path.n; i++) {
        count += path.p[i] == '\\';
    }
    return count;
}

/* A component that comes after one that stands below it takes the place that is kept for it. */
static void component_add(struct tree *tree, const struct wmd_component *component, uint32_t number)
{
    struct view path = vss_logical_path_norm(component->logical_path);
    uint32_t at = 0;
    while (path.n > 0) {
        const size_t end = view_find(path, '\\');
        const struct view element = {path.p, end};
        const uint32_t child = child_find(tree, at, element);
        at = child != MARK_NONE ? child : node_add(tree, at, element);
        path = view_skip(path, end < path.n ? end + 1 : end);
    }
    uint32_t own = child_find(tree, at, component->name);
    if (own == MARK_NONE || tree->nodes[own].component != MARK_NONE) {
        own = node_add(tree, at, component->name);
    }
    tree->nodes[own].component = number;
}

static void node_draw(struct tree *tree, uint32_t number)
{
    const struct node *node = &tree->nodes[number];
    const size_t before = tree->indent.n;
    const bool last = node->next == MARK_NONE;
    buffer_add_view(tree->out, buffer_view(&tree->indent));
    buffer_add_view(tree->out, last ? VIEW("└─ ") : VIEW("├─ "));
    show_printf(tree->out, "%.*s", VIEW_ARG(node->label));
    buffer_add_view(&tree->indent, last ? VIEW("   ") : VIEW("│  "));
    if (node->component != MARK_NONE) {
        tree->words->line(tree->words->context, node->component, VIEW_NONE, tree->out);
    }
    buffer_add_char(tree->out, '\n');
    if (node->component != MARK_NONE) {
        const size_t own = tree->indent.n;
        buffer_add_view(&tree->indent, node->first_child != MARK_NONE ? VIEW("│  ") : VIEW("   "));
        tree->words->below(tree->words->context, node->component, buffer_view(&tree->indent),
                           tree->out);
        tree->indent.n = own;
    }
    for (uint32_t child = node->first_child; child != MARK_NONE; child = tree->nodes[child].next) {
        node_draw(tree, child); /* no deeper than LOGICAL_PATH_DEPTH_MAX */
    }
    tree->indent.n = before;
}

void inspect_tree_render(const struct wmd *wmd, const struct inspect_tree_words *words,
                         struct arena *arena, struct buffer *out)
{
    uint64_t most = 1;
    for (uint32_t i = 0; i < wmd->component_count; i++) {
        most += element_count(vss_logical_path_norm(wmd->components[i].logical_path)) + 1u;
    }
    struct tree tree = {.nodes = ARENA_ARRAY(arena, struct node, most),
                        .count = 1,
                        .words = words,
                        .out = out};
    tree.nodes[0] =
        (struct node){.first_child = MARK_NONE, .last_child = MARK_NONE, .next = MARK_NONE};
    for (uint32_t i = 0; i < wmd->component_count; i++) {
        component_add(&tree, &wmd->components[i], i);
    }
    buffer_add_view(&tree.indent, VIEW("  "));
    for (uint32_t child = tree.nodes[0].first_child; child != MARK_NONE;
         child = tree.nodes[child].next) {
        node_draw(&tree, child);
    }
    buffer_free(&tree.indent);
    hash_map_free(&tree.by_name);
}
