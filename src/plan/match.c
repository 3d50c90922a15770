/* match.c - a trie of folded path elements, with the file sets hashed at its nodes.
 *
 * Why this is near linear: entering a directory is one hash of its name (none where the trie
 * has no children), and asking for a file is one hash of the file's name, however many literal
 * filespecs stand in that directory; the System Writer has 3,116 in one. Specs like "*.ext" are
 * found by a hash of the name's extension; only other wildcard specs are tried one by one.
 * Recursive sets are not copied down: a node links to the nearest node above that has some, so all
 * directories below share one chain.
 *
 * The sets of a node stand in two groups, one that holds for the directory itself and one that
 * also reaches below it. Rules 5.3-5.5 decide membership; excludes (5.7), masks (5.10) and
 * overlaps (5.9) are the caller's business: they are sets with ids of his own. */
#include "plan/match.h"

#include "base/bug.h"
#include "base/hash_map.h"
#include "base/heap.h"
#include "base/limits.h"

#include <stdlib.h>

enum reach { REACH_HERE, REACH_BELOW, REACH_COUNT };

/* A run of match->group_sets and of match->wildcards, both by ascending id. */
struct group {
    uint32_t first_set, set_count;
    uint32_t first_wildcard, wildcard_count;
    uint32_t literal_count;   /* these stand in match->literals   */
    uint32_t extension_count; /* and these in match->extensions   */
};

struct node {
    uint32_t parent;      /* MARK_NONE: a volume's root */
    uint32_t volume;      /* of a root */
    struct view name;     /* of the others */
    uint32_t child_count; /* 0: match_enter() need not look */
    uint32_t chain; /* nearest node here or above with recursive sets; MARK_NONE: there is none */
    struct group groups[REACH_COUNT];
};

struct file_set {
    uint32_t group; /* node * REACH_COUNT + reach */
    uint32_t id;
    struct win_spec spec;
};

struct match {
    struct arena arena;
    struct node *nodes; /* parents before children */
    size_t node_capacity;
    uint32_t node_count;
    struct file_set *sets;
    size_t set_capacity;
    uint32_t set_count;
    bool sealed;
    struct hash_map children;   /* (parent, folded name) -> node      */
    struct hash_map literals;   /* (group, folded file name) -> set   */
    struct hash_map extensions; /* (group, folded ".ext") -> set      */
    const uint32_t *group_sets; /* sets by (group, id), after sealing */
    const uint32_t *wildcards;  /* those with wildcards, likewise     */
};

/* A name's hash made one for a node or a group: the multiplier spreads small numbers over all
 * bits, because the map takes the low ones. */
static uint64_t hash_within(uint64_t name_hash, uint32_t within)
{
    const uint64_t mixed = (name_hash ^ within) * UINT64_C(0x9E3779B97F4A7C15);
    return mixed ^ (mixed >> 32);
}

struct match *match_create(void)
{
    return heap_alloc(1, sizeof(struct match));
}

void match_free(struct match *match)
{
    if (match == NULL) {
        return;
    }
    hash_map_free(&match->children);
    hash_map_free(&match->literals);
    hash_map_free(&match->extensions);
    arena_free(&match->arena);
    free(match->nodes);
    free(match->sets);
    free(match);
}

/* --- building --- */

struct child_key {
    uint32_t parent;
    struct view name;
};

static bool child_equal(const void *context, const void *key, uint32_t value)
{
    const struct match *match = context;
    const struct child_key *child = key;
    const struct node *node = &match->nodes[value];
    return node->parent == child->parent && win_fold_equal(node->name, child->name);
}

static uint32_t child_find(const struct match *match, uint32_t parent, struct view name,
                           uint64_t hash)
{
    const struct child_key key = {parent, name};
    return hash_map_find(&match->children, hash, &key, child_equal, match);
}

static uint32_t node_add(struct match *match, struct node node)
{
    VSR_REQUIRE(match->node_count < UINT32_MAX / REACH_COUNT);
    match->nodes =
        heap_grow(match->nodes, match->node_count, &match->node_capacity, sizeof *match->nodes);
    match->nodes[match->node_count] = node;
    return match->node_count++;
}

static uint32_t root_find(const struct match *match, uint32_t volume)
{
    size_t step = 0;
    for (;;) { /* GCOVR_EXCL_LINE: a second time only for another key of one hash */
        const uint32_t node = hash_map_next(&match->children, hash_within(0, ~volume), &step);
        if (node == MARK_NONE ||
            (match->nodes[node].parent == MARK_NONE && match->nodes[node].volume == volume)) {
            return node;
        }
    }
}

static uint32_t root_make(struct match *match, uint32_t volume)
{
    uint32_t node = root_find(match, volume);
    if (node == MARK_NONE) {
        node = node_add(match,
                        (struct node){.parent = MARK_NONE, .volume = volume, .chain = MARK_NONE});
        hash_map_add(&match->children, hash_within(0, ~volume), node);
    }
    return node;
}

static uint32_t child_make(struct match *match, uint32_t parent, struct view name)
{
    const uint64_t hash = hash_within(win_fold_hash(name), parent);
    uint32_t node = child_find(match, parent, name, hash);
    if (node == MARK_NONE) {
        node = node_add(match, (struct node){.parent = parent,
                                             .volume = MARK_NONE,
                                             .name = arena_copy(&match->arena, name),
                                             .chain = MARK_NONE});
        match->nodes[parent].child_count++;
        hash_map_add(&match->children, hash, node);
    }
    return node;
}

bool match_add(struct match *match, const struct match_set *set)
{
    VSR_REQUIRE(!match->sealed);
    VSR_REQUIRE(match->set_count < MARK_NONE);
    struct win_spec spec;
    if (!win_spec_compile(&match->arena, arena_copy(&match->arena, set->filespec), &spec)) {
        return false;
    }
    uint32_t node = root_make(match, set->volume);
    for (struct view rest = set->below; rest.n > 0;) {
        node = child_make(match, node, win_path_element(&rest));
    }
    match->sets =
        heap_grow(match->sets, match->set_count, &match->set_capacity, sizeof *match->sets);
    match->sets[match->set_count++] = (struct file_set){
        .group = node * REACH_COUNT + (set->recursive ? REACH_BELOW : REACH_HERE),
        .id = set->id,
        .spec = spec,
    };
    return true;
}

/* --- sealing --- */

static int set_compare(const void *left, const void *right, void *context)
{
    const struct file_set *sets = context;
    const struct file_set *a = &sets[*(const uint32_t *)left];
    const struct file_set *b = &sets[*(const uint32_t *)right];
    if (a->group != b->group) {
        return a->group < b->group ? -1 : 1;
    }
    return (int)(a->id > b->id) - (int)(a->id < b->id);
}

static struct group *group_of(const struct match *match, uint32_t group)
{
    return &match->nodes[group / REACH_COUNT].groups[group % REACH_COUNT];
}

static uint32_t *sets_by_group(struct match *match)
{
    uint32_t *order = ARENA_ARRAY(&match->arena, uint32_t, match->set_count);
    for (uint32_t i = 0; i < match->set_count; i++) {
        order[i] = i;
    }
    if (match->set_count > 1) {
        qsort_r(order, match->set_count, sizeof *order, set_compare, match->sets);
    }
    return order;
}

/* From its last dot on; absent without one. */
static struct view name_extension(struct view name)
{
    size_t at = name.n;
    while (at > 0 && name.p[at - 1] != '.') {
        at--;
    }
    return at > 0 ? view_skip(name, at - 1) : VIEW_NONE;
}

/* The ".ext" of a spec "*.ext", which a name fits exactly if it ends so (rules 5.4); absent for
 * any other. "*." is another: names without an extension. */
static struct view spec_extension(const struct win_spec *spec)
{
    const struct view text = spec->text;
    if (spec->literal || spec->all || text.n < 3 || text.p[0] != '*' || text.p[1] != '.') {
        return VIEW_NONE;
    }
    const struct view rest = view_skip(text, 2);
    return view_find(rest, '*') == rest.n && view_find(rest, '?') == rest.n &&
                   view_find(rest, '.') == rest.n
               ? view_skip(text, 1)
               : VIEW_NONE;
}

static void fill_groups(struct match *match)
{
    uint32_t *wildcards = ARENA_ARRAY(&match->arena, uint32_t, match->set_count);
    uint32_t wildcard_count = 0;
    for (uint32_t i = 0; i < match->set_count; i++) {
        const uint32_t number = match->group_sets[i];
        const struct file_set *set = &match->sets[number];
        struct group *group = group_of(match, set->group);
        if (group->set_count++ == 0) {
            group->first_set = i;
            group->first_wildcard = wildcard_count;
        }
        if (set->spec.literal) {
            hash_map_add(&match->literals, hash_within(win_fold_hash(set->spec.text), set->group),
                         number);
            group->literal_count++;
        } else if (view_present(spec_extension(&set->spec))) {
            hash_map_add(&match->extensions,
                         hash_within(win_fold_hash(spec_extension(&set->spec)), set->group),
                         number);
            group->extension_count++;
        } else {
            wildcards[wildcard_count++] = number;
            group->wildcard_count++;
        }
    }
    match->wildcards = wildcards;
}

void match_seal(struct match *match)
{
    VSR_REQUIRE(!match->sealed);
    match->sealed = true;
    match->group_sets = sets_by_group(match);
    fill_groups(match);
    for (uint32_t i = 0; i < match->node_count; i++) { /* parents come first */
        struct node *node = &match->nodes[i];
        if (node->groups[REACH_BELOW].set_count > 0) {
            node->chain = i;
        } else if (node->parent != MARK_NONE) {
            node->chain = match->nodes[node->parent].chain;
        }
    }
}

/* --- walking --- */

static struct match_place place_at(const struct match *match, uint32_t node)
{
    return (struct match_place){node, match->nodes[node].chain};
}

struct match_place match_root(const struct match *match, uint32_t volume)
{
    VSR_REQUIRE(match->sealed);
    const uint32_t node = root_find(match, volume);
    return node != MARK_NONE ? place_at(match, node) : (struct match_place){MARK_NONE, MARK_NONE};
}

struct match_place match_enter(const struct match *match, struct match_place place,
                               struct view directory_name)
{
    uint32_t child = MARK_NONE;
    if (place.node != MARK_NONE && match->nodes[place.node].child_count > 0) {
        const uint64_t hash = hash_within(win_fold_hash(directory_name), place.node);
        child = child_find(match, place.node, directory_name, hash);
    }
    return child != MARK_NONE ? place_at(match, child)
                              : (struct match_place){MARK_NONE, place.inherited};
}

/* The lowest ids_max ids met, sorted, each once. Ids come mostly in ascending order, so that
 * most are put at the end. */
struct hits {
    uint32_t *ids;
    uint32_t ids_max;
    uint32_t kept;  /* in ids */
    uint32_t count; /* kept, and those that found no room */
};

/* The first kept id that is not below id; there is one. */
static uint32_t hits_position(const struct hits *hits, uint32_t id)
{
    uint32_t low = 0;
    uint32_t high = hits->kept - 1;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (hits->ids[middle] < id) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static void hits_add(struct hits *hits, uint32_t id)
{
    uint32_t low = hits->kept;
    if (low > 0 && hits->ids[low - 1] >= id) {
        low = hits_position(hits, id);
        if (hits->ids[low] == id) {
            return;
        }
    }
    hits->count++;
    if (low == hits->ids_max) {
        return;
    }
    hits->kept += hits->kept < hits->ids_max ? 1 : 0;
    memmove(&hits->ids[low + 1], &hits->ids[low], (hits->kept - low - 1) * sizeof *hits->ids);
    hits->ids[low] = id;
}

uint64_t match_name_hash(struct match_name *name)
{
    if (!name->hashed) {
        name->hash = win_fold_hash(name->text);
        name->hashed = true;
    }
    return name->hash;
}

static void hit_literals(const struct match *match, uint32_t group, struct match_name *name,
                         struct hits *hits)
{
    const uint64_t hash = hash_within(match_name_hash(name), group);
    size_t step = 0;
    for (;;) {
        const uint32_t number = hash_map_next(&match->literals, hash, &step);
        if (number == MARK_NONE) {
            return;
        }
        const struct file_set *set = &match->sets[number];
        if (set->group == group && win_fold_equal(set->spec.text, name->text)) {
            hits_add(hits, set->id);
        }
    }
}

static void hit_extensions(const struct match *match, uint32_t group, struct match_name *name,
                           struct hits *hits)
{
    if (!name->extension_hashed) {
        name->extension = name_extension(name->text);
        name->extension_hash = view_present(name->extension) ? win_fold_hash(name->extension) : 0;
        name->extension_hashed = true;
    }
    size_t step = 0;
    while (view_present(name->extension)) {
        const uint32_t number =
            hash_map_next(&match->extensions, hash_within(name->extension_hash, group), &step);
        if (number == MARK_NONE) {
            return;
        }
        const struct file_set *set = &match->sets[number];
        if (set->group == group && win_spec_match(&set->spec, name->text)) {
            hits_add(hits, set->id);
        }
    }
}

static void hit_files(const struct match *match, uint32_t node, enum reach reach,
                      struct match_name *name, struct hits *hits)
{
    const struct group *group = &match->nodes[node].groups[reach];
    if (group->literal_count > 0) {
        hit_literals(match, node * REACH_COUNT + reach, name, hits);
    }
    if (group->extension_count > 0) {
        hit_extensions(match, node * REACH_COUNT + reach, name, hits);
    }
    for (uint32_t i = 0; i < group->wildcard_count; i++) {
        const struct file_set *set = &match->sets[match->wildcards[group->first_wildcard + i]];
        if (win_spec_match(&set->spec, name->text)) {
            hits_add(hits, set->id);
        }
    }
}

/* The next node above with recursive sets. */
static uint32_t chain_next(const struct match *match, uint32_t node)
{
    const uint32_t parent = match->nodes[node].parent;
    return parent == MARK_NONE ? MARK_NONE : match->nodes[parent].chain;
}

uint32_t match_file(const struct match *match, struct match_place place, struct match_name *name,
                    uint32_t *ids, uint32_t ids_max)
{
    struct hits hits = {ids, ids_max, 0, 0};
    if (place.node != MARK_NONE) {
        hit_files(match, place.node, REACH_HERE, name, &hits);
    }
    for (uint32_t at = place.inherited; at != MARK_NONE; at = chain_next(match, at)) {
        hit_files(match, at, REACH_BELOW, name, &hits);
    }
    return hits.count;
}

/* Ids of a group ascend: those behind the first ids_max cannot be among the lowest. */
static void hit_group(const struct match *match, const struct group *group, struct hits *hits)
{
    const uint32_t looked = group->set_count < hits->ids_max ? group->set_count : hits->ids_max;
    for (uint32_t i = 0; i < looked; i++) {
        hits_add(hits, match->sets[match->group_sets[group->first_set + i]].id);
    }
    hits->count += group->set_count - looked;
}

uint32_t match_directory(const struct match *match, struct match_place place, uint32_t *ids,
                         uint32_t ids_max)
{
    struct hits hits = {ids, ids_max, 0, 0};
    if (place.node != MARK_NONE) {
        hit_group(match, &match->nodes[place.node].groups[REACH_HERE], &hits);
    }
    for (uint32_t at = place.inherited; at != MARK_NONE; at = chain_next(match, at)) {
        hit_group(match, &match->nodes[at].groups[REACH_BELOW], &hits);
    }
    return hits.count;
}
