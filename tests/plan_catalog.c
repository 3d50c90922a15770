/* plan_catalog.c - a fixture's catalogue: text into an index in memory, in the format's order. */
#include "plan_words.h"
#include "planner_fixture.h"

#include "base/bug.h"
#include "base/hash_map.h"
#include "base/heap.h"
#include "vss/ranges.h"

#include <stdlib.h>

struct node {
    struct view name;
    uint32_t parent, volume;
    uint8_t kind, flags;
    uint64_t size;
    uint32_t link;            /* node of the first name */
    struct vss_ranges ranges; /* saved ones */
    struct view content;
    uint32_t entry;
    uint32_t first_child, child_count; /* in tree.children, after sorting */
};

struct tree {
    struct planner_fixture *fixture;
    struct node *nodes;
    uint32_t count;
    size_t capacity;
    struct hash_map names;
    uint32_t *children;
    struct volume_table volumes;
};

static uint64_t node_hash(uint32_t parent, uint32_t volume, struct view name)
{
    const uint64_t key[3] = {parent, volume, hash_bytes(name.p, name.n)};
    return hash_bytes(key, sizeof key);
}

static uint32_t node_of(struct tree *tree, uint32_t parent, uint32_t volume, struct view name)
{
    const uint64_t hash = node_hash(parent, volume, name);
    size_t step = 0;
    uint32_t found = MARK_NONE;
    while ((found = hash_map_next(&tree->names, hash, &step)) != MARK_NONE) {
        const struct node *n = &tree->nodes[found];
        if (n->parent == parent && n->volume == volume && view_equal(n->name, name)) {
            return found;
        }
    }
    tree->nodes = heap_grow(tree->nodes, tree->count, &tree->capacity, sizeof *tree->nodes);
    tree->nodes[tree->count] = (struct node){.name = arena_copy(&tree->fixture->arena, name),
                                             .parent = parent,
                                             .volume = volume,
                                             .kind = INDEX_DIRECTORY,
                                             .link = MARK_NONE};
    hash_map_add(&tree->names, hash, tree->count);
    return tree->count++;
}

static uint32_t node_of_path(struct tree *tree, struct view text)
{
    struct win_path path;
    struct view below = VIEW_NONE;
    VSR_REQUIRE(win_path_parse(&tree->fixture->arena, text, &path) == WIN_PATH_OK);
    const uint32_t volume = volume_table_find(&tree->volumes, &path, &below);
    VSR_REQUIRE(volume != MARK_NONE);
    uint32_t at = node_of(tree, MARK_NONE, volume, VIEW(""));
    while (below.n > 0) {
        at = node_of(tree, at, volume, win_path_element(&below));
    }
    return at;
}

static void catalog_volume(struct tree *tree, struct view line)
{
    struct set_description *d = &tree->fixture->set.description;
    struct set_volume *v = &d->volumes[d->volume_count];
    v->mounts = ARENA_ARRAY(&tree->fixture->arena, struct view, 8);
    while (line.n > 0) {
        const struct view word = arena_copy(&tree->fixture->arena, take_word(&line));
        const char *fault = NULL;
        VSR_REQUIRE(
            volume_table_add(&tree->volumes, &tree->fixture->arena, word, d->volume_count, &fault));
        if (word.n <= 3) {
            v->letter = word;
        } else if (view_starts(word, VIEW("\\\\?\\"))) {
            v->guid = word;
        } else if (view_starts(word, VIEW("\\\\"))) {
            v->unc = word;
        } else {
            v->mounts[v->mount_count++] = word;
        }
    }
    (void)node_of(tree, MARK_NONE, d->volume_count++, VIEW(""));
}

static void catalog_environment(struct planner_fixture *fixture, struct view line)
{
    struct set_description *d = &fixture->set.description;
    const size_t at = view_find(line, '=');
    d->environment[d->environment_count][0] =
        arena_copy(&fixture->arena, (struct view){line.p, at});
    d->environment[d->environment_count++][1] =
        arena_copy(&fixture->arena, view_skip(line, at + 1));
}

/* The last word of *line, if it is a range list, taken off. */
static struct vss_ranges take_ranges(struct tree *tree, struct view *line)
{
    struct vss_ranges ranges = {0};
    struct view rest = *line;
    const char *fault = NULL;
    size_t at = 0;
    const struct view last = take_last(&rest);
    if (view_find(last, ':') < last.n &&
        vss_ranges_parse(&tree->fixture->arena, last, &ranges, &fault, &at)) {
        *line = rest;
    }
    return ranges;
}

static void add_u64(struct buffer *out, uint64_t value)
{
    for (int i = 0; i < 8; i++) {
        buffer_add_char(out, (char)(value >> (8 * i)));
    }
}

/* A ranges file with these ranges; more: bytes behind them (or, below 0, missing). */
static struct view ranges_file_content(struct tree *tree, const struct vss_ranges *ranges, int more)
{
    struct buffer out = {0};
    add_u64(&out, ranges->count);
    for (uint32_t i = 0; i < ranges->count; i++) {
        add_u64(&out, ranges->list[i].offset);
        add_u64(&out, ranges->list[i].length);
    }
    for (int i = 0; i < more; i++) {
        buffer_add_char(&out, 'x');
    }
    out.n -= more < 0 ? (size_t)-more : 0;
    const struct view content = arena_copy(&tree->fixture->arena, buffer_view(&out));
    buffer_free(&out);
    return content;
}

/* "pairs PATH LIST [+N|-N]" */
static void catalog_pairs(struct tree *tree, struct view line)
{
    struct view rest = line;
    const struct view last = take_last(&rest);
    uint64_t bytes = 0;
    int more = 0;
    if (last.n > 1 && (last.p[0] == '+' || last.p[0] == '-') &&
        view_to_u64(view_skip(last, 1), &bytes)) {
        more = last.p[0] == '-' ? -(int)bytes : (int)bytes;
        line = rest;
    }
    const struct vss_ranges ranges = take_ranges(tree, &line);
    const struct view content = ranges_file_content(tree, &ranges, more);
    const uint32_t file = node_of_path(tree, line);
    struct node *node = &tree->nodes[file];
    node->kind = INDEX_FILE;
    node->flags = INDEX_RANGES_FILE;
    node->content = content;
    node->size = content.n;
}

static void catalog_entry(struct tree *tree, struct view word, struct view line)
{
    if (view_equal(word, VIEW("dir"))) {
        (void)node_of_path(tree, line);
    } else if (view_equal(word, VIEW("freedir"))) {
        const uint32_t dir = node_of_path(tree, line);
        tree->nodes[dir].flags = INDEX_UNPROTECTED;
    } else if (view_equal(word, VIEW("symlink"))) {
        const uint32_t link = node_of_path(tree, line); /* first: it may move the nodes */
        tree->nodes[link].kind = INDEX_SYMLINK;
    } else if (view_equal(word, VIEW("hardlink"))) {
        const size_t at = view_find(line, '=');
        const uint32_t first = node_of_path(tree, trim(view_skip(line, at + 1)));
        const uint32_t further = node_of_path(tree, trim((struct view){line.p, at}));
        tree->nodes[further].kind = INDEX_FILE;
        tree->nodes[further].size = tree->nodes[first].size;
        tree->nodes[further].link = tree->nodes[first].link = first;
    } else if (view_equal(word, VIEW("pairs"))) {
        catalog_pairs(tree, line);
    } else {
        uint64_t size = 0;
        const struct vss_ranges ranges = take_ranges(tree, &line);
        VSR_REQUIRE(view_to_u64(take_last(&line), &size));
        const uint32_t file = node_of_path(tree, line);
        struct node *node = &tree->nodes[file];
        node->kind = INDEX_FILE;
        node->size = size;
        node->flags = view_equal(word, VIEW("free"))     ? INDEX_UNPROTECTED
                      : view_equal(word, VIEW("ranges")) ? INDEX_PARTIAL
                      : view_equal(word, VIEW("lost"))   ? INDEX_LOST
                                                         : 0;
        node->ranges = ranges;
    }
}

static int node_compare(const void *left, const void *right, void *context)
{
    const struct tree *tree = context;
    const struct node *a = &tree->nodes[*(const uint32_t *)left];
    const struct node *b = &tree->nodes[*(const uint32_t *)right];
    if (a->parent != b->parent) {
        return a->parent < b->parent ? -1 : 1;
    }
    const bool a_last = a->kind == INDEX_DIRECTORY;
    const bool b_last = b->kind == INDEX_DIRECTORY;
    return a_last != b_last ? (a_last ? 1 : -1) : view_compare(a->name, b->name);
}

static void tree_sort(struct tree *tree)
{
    tree->children = ARENA_ARRAY(&tree->fixture->arena, uint32_t, tree->count);
    uint32_t count = 0;
    for (uint32_t i = 0; i < tree->count; i++) {
        if (tree->nodes[i].parent != MARK_NONE) {
            tree->children[count++] = i;
        }
    }
    qsort_r(tree->children, count, sizeof *tree->children, node_compare, tree);
    for (uint32_t i = 0; i < count; i++) {
        struct node *parent = &tree->nodes[tree->nodes[tree->children[i]].parent];
        if (parent->child_count++ == 0) {
            parent->first_child = i;
        }
    }
}

struct entries {
    struct index_entry *list;
    uint32_t count;
    struct index_range *ranges;
    uint32_t range_count;
    size_t range_capacity;
    struct buffer blobs;
};

/* Saved ranges: those given, else all of the file. */
static void entry_add_ranges(struct entries *entries, struct index_entry *e,
                             const struct vss_ranges *ranges)
{
    const struct vss_range whole = {0, e->size};
    const uint32_t count = ranges->count > 0 ? ranges->count : 1;
    e->file.first_range = entries->range_count;
    e->range_count = count;
    for (uint32_t i = 0; i < count; i++) {
        const struct vss_range *from = ranges->count > 0 ? &ranges->list[i] : &whole;
        entries->ranges = heap_grow(entries->ranges, entries->range_count, &entries->range_capacity,
                                    sizeof *entries->ranges);
        entries->ranges[entries->range_count++] = (struct index_range){from->offset, from->length};
    }
}

static uint32_t entry_add(struct tree *tree, struct entries *entries, uint32_t number)
{
    struct node *node = &tree->nodes[number];
    struct index_entry *e = &entries->list[entries->count];
    node->entry = entries->count;
    e->parent = node->parent == MARK_NONE ? MARK_NONE : tree->nodes[node->parent].entry;
    e->volume = node->volume;
    e->name_offset = entries->blobs.n;
    e->name_bytes = (uint16_t)node->name.n;
    buffer_add(&entries->blobs, node->name.p, node->name.n);
    e->kind = node->kind;
    e->flags = node->flags;
    e->size = node->size;
    e->link_group = e->descriptor = MARK_NONE;
    if ((e->flags & INDEX_PARTIAL) != 0) {
        entry_add_ranges(entries, e, &node->ranges);
    }
    if (view_present(node->content)) {
        struct planner_fixture *fixture = tree->fixture;
        VSR_REQUIRE(fixture->content_count < FIXTURE_OPTIONS_MAX);
        fixture->contents[fixture->content_count++] =
            (struct fixture_content){entries->count, node->content};
    }
    return entries->count++;
}

/* Children in a row, then what is below each directory of them. */
static void entries_below(struct tree *tree, struct entries *entries, uint32_t number)
{
    const struct node *node = &tree->nodes[number];
    struct index_entry *e = &entries->list[node->entry];
    e->directory.first_child = entries->count;
    e->directory.child_count = node->child_count;
    uint32_t files = 0;
    for (uint32_t i = 0; i < node->child_count; i++) {
        const uint32_t child = tree->children[node->first_child + i];
        (void)entry_add(tree, entries, child);
        files += tree->nodes[child].kind != INDEX_DIRECTORY ? 1u : 0u; /* they stand first */
    }
    e->directory.first_directory = e->directory.first_child + files;
    for (uint32_t i = files; i < node->child_count; i++) {
        entries_below(tree, entries, tree->children[node->first_child + i]);
    }
}

static void tree_index(struct tree *tree)
{
    struct planner_fixture *fixture = tree->fixture;
    struct entries entries = {.list =
                                  ARENA_ARRAY(&fixture->arena, struct index_entry, tree->count)};
    struct index_volume *volumes =
        ARENA_ARRAY(&fixture->arena, struct index_volume, fixture->set.description.volume_count);
    for (uint32_t v = 0; v < fixture->set.description.volume_count; v++) {
        const uint32_t root = node_of(tree, MARK_NONE, v, VIEW(""));
        volumes[v].root_entry = entry_add(tree, &entries, root);
        entries_below(tree, &entries, root);
    }
    for (uint32_t i = 0; i < tree->count; i++) {
        const struct node *node = &tree->nodes[i];
        if (node->link != MARK_NONE) { /* the first in index order leads the group */
            const uint32_t first = tree->nodes[node->link].entry;
            entries.list[node->entry].link_group = first;
        }
    }
    struct index_range *ranges =
        ARENA_ARRAY(&fixture->arena, struct index_range, entries.range_count);
    if (entries.range_count > 0) {
        memcpy(ranges, entries.ranges, entries.range_count * sizeof *ranges);
    }
    free(entries.ranges);
    fixture->set.index =
        (struct media_index){.volumes = volumes,
                             .entries = entries.list,
                             .ranges = ranges,
                             .range_count = entries.range_count,
                             .blobs = arena_copy(&fixture->arena, buffer_view(&entries.blobs)).p,
                             .volume_count = fixture->set.description.volume_count,
                             .entry_count = entries.count,
                             .blob_bytes = entries.blobs.n};
    buffer_free(&entries.blobs);
}

void planner_fixture_catalog(struct planner_fixture *fixture, const char *text)
{
    struct tree tree = {.fixture = fixture};
    struct set_description *d = &fixture->set.description;
    d->volumes = ARENA_ARRAY(&fixture->arena, struct set_volume, 16);
    d->environment = arena_alloc(&fixture->arena, 16, sizeof *d->environment);
    struct view rest = view_of(text);
    struct view line = VIEW_NONE;
    while (take_line(&rest, &line)) {
        const struct view word = take_word(&line);
        if (view_equal(word, VIEW("volume"))) {
            catalog_volume(&tree, line);
        } else if (view_equal(word, VIEW("env"))) {
            catalog_environment(fixture, line);
        } else {
            catalog_entry(&tree, word, line);
        }
    }
    tree_sort(&tree);
    tree_index(&tree);
    VSR_REQUIRE(uuid_parse(VIEW("0d1e2f30-4152-4637-8899-aabbccddeeff"), &d->uuid));
    fixture->set.path = VIEW("/media/set");
    fixture->set.dir_fd = -1;
    hash_map_free(&tree.names);
    volume_table_free(&tree.volumes);
    free(tree.nodes);
}
