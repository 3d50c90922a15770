/* locate.c - from a media directory to its place, once for each directory and base.
 *
 * Names and subdirectories below a mapping's or new target's path stay the same (6.3, T34).
 * It asks only whether a volume is mapped; whether the place is free is survey.c's question,
 * which place counts is decide.c's. */
#include "plan/locate.h"

#include "base/heap.h"
#include "base/own.h"
#include "plan/expand.h"
#include "plan/targets.h"

#include <stdlib.h>

/* --- mappings by triple --- */

struct triple_list {
    struct hash_map map;
    struct view *triples;
};

static bool triple_equal(const void *context, const void *key, uint32_t value)
{
    const struct view *triples = context;
    return view_equal(*(const struct view *)key, triples[value]);
}

static uint32_t triple_find(const struct triple_list *list, struct view triple)
{
    return hash_map_find(&list->map, hash_bytes(triple.p, triple.n), &triple, triple_equal,
                         list->triples);
}

/* The writer's mappings. Q20: of two with one triple the first counts. */
static void triples_load(struct draft *draft, const struct wmd *wmd, struct triple_list *list)
{
    *list = (struct triple_list){.triples =
                                     ARENA_ARRAY(&draft->arena, struct view, wmd->mapping_count)};
    for (uint32_t i = 0; i < wmd->mapping_count; i++) {
        const struct vss_mapping *mapping = &wmd->mappings[i];
        const struct canon_directory directory =
            canon_source(&draft->canon, &draft->arena, mapping->path);
        if (directory.status == CANON_ENVIRONMENT) {
            draft_warn(draft, "the mapping of '%.*s' fits nothing: no value is known for %%%.*s%%",
                       VIEW_ARG(mapping->path), VIEW_ARG(directory.unknown));
            continue;
        }
        if (directory.status == CANON_PATH) {
            draft_warn(draft, "the mapping of '%.*s' fits nothing: %s", VIEW_ARG(mapping->path),
                       directory.fault);
            continue;
        }
        list->triples[i] =
            canon_triple(&draft->arena, &directory, mapping->filespec, mapping->recursive);
        if (triple_find(list, list->triples[i]) != MARK_NONE) {
            draft_warn(draft, "'%.*s' '%.*s' is mapped twice; the first mapping counts",
                       VIEW_ARG(mapping->path), VIEW_ARG(mapping->filespec));
            continue;
        }
        hash_map_add(&list->map, hash_bytes(list->triples[i].p, list->triples[i].n), i);
    }
}

uint32_t locate_add_base(struct draft *draft, struct view alternate_path)
{
    draft->bases =
        heap_grow(draft->bases, draft->base_count, &draft->base_capacity, sizeof *draft->bases);
    draft->bases[draft->base_count] =
        (struct draft_base){.directory = canon_place(&draft->canon, &draft->arena, alternate_path),
                            .text = alternate_path,
                            .place = MARK_NONE};
    return draft->base_count++;
}

/* Does any file set of the writer, in scope or not, or a differenced entry, carry this triple? */
static bool *triples_fitting(struct draft *draft, const struct wmd *wmd,
                             const struct triple_list *list)
{
    bool *fits = ARENA_ARRAY(&draft->arena, bool, wmd->mapping_count);
    for (uint32_t c = 0; c < wmd->component_count; c++) {
        for (uint32_t s = 0; s < wmd->components[c].file_set_count; s++) {
            const struct vss_file_set *set = &wmd->components[c].file_sets[s];
            const struct arena_mark mark = arena_mark(&draft->arena);
            const struct canon_directory directory =
                canon_source(&draft->canon, &draft->arena, set->path);
            if (directory.status == CANON_OK) {
                const uint32_t mapping =
                    triple_find(list, canon_triple(&draft->arena, &directory, set->filespec,
                                                   set->recursive));
                if (mapping != MARK_NONE) {
                    fits[mapping] = true;
                }
            }
            arena_rewind(&draft->arena, mark);
        }
    }
    for (uint32_t i = 0; i < draft->set_count; i++) {
        const struct draft_set *set = &draft->sets[i];
        if (set->named != MARK_NONE && draft->units[set->unit].wmd == wmd &&
            view_present(set->triple)) {
            const uint32_t mapping = triple_find(list, set->triple);
            if (mapping != MARK_NONE) {
                fits[mapping] = true;
            }
        }
    }
    return fits;
}

static void locate_mappings(struct draft *draft, const struct wmd *wmd)
{
    struct triple_list list;
    triples_load(draft, wmd, &list);
    const bool *fits = triples_fitting(draft, wmd, &list);
    uint32_t *bases = ARENA_ARRAY(&draft->arena, uint32_t, wmd->mapping_count);
    for (uint32_t i = 0; i < wmd->mapping_count; i++) {
        bases[i] = MARK_NONE;
        if (!fits[i] && view_present(list.triples[i]) && triple_find(&list, list.triples[i]) == i) {
            draft_warn(
                draft,
                "the mapping of '%.*s' '%.*s' (%srecursive) of %.*s matches no file set as a "
                "whole and counts as none",
                VIEW_ARG(wmd->mappings[i].path), VIEW_ARG(wmd->mappings[i].filespec),
                wmd->mappings[i].recursive ? "" : "not ", VIEW_ARG(wmd->friendly_name));
        }
    }
    for (uint32_t i = 0; i < draft->set_count; i++) {
        struct draft_set *set = &draft->sets[i];
        if (draft->units[set->unit].wmd != wmd || !view_present(set->triple)) {
            continue;
        }
        set->mapping = triple_find(&list, set->triple);
        if (set->mapping == MARK_NONE) {
            continue;
        }
        if (bases[set->mapping] == MARK_NONE) {
            bases[set->mapping] =
                locate_add_base(draft, wmd->mappings[set->mapping].alternate_path);
        }
        set->base = bases[set->mapping];
    }
    hash_map_free(&list.map);
}

vsr_code locate_sets(struct draft *draft, vsr_error *error)
{
    const struct documents *documents = draft->input->documents;
    for (uint32_t w = 0; w < documents->wmd_count; w++) {
        bool involved = false;
        for (uint32_t u = 0; u < draft->unit_count && !involved; u++) {
            involved = draft->units[u].wmd == &documents->wmds[w];
        }
        if (involved && documents->wmds[w].mapping_count > 0) {
            locate_mappings(draft, &documents->wmds[w]);
        }
    }
    return targets_match(draft, error);
}

/* --- directories --- */

static uint64_t located_hash(uint32_t directory, uint32_t base)
{
    const uint32_t key[2] = {directory, base};
    return hash_bytes(key, sizeof key);
}

static const struct draft_located *located_find(struct draft *draft, uint32_t directory,
                                                uint32_t base)
{
    if (draft->located_last < draft->located_count) {
        const struct draft_located *last = &draft->located_list[draft->located_last];
        if (last->directory == directory && last->base == base) {
            return last;
        }
    }
    const uint64_t hash = located_hash(directory, base);
    size_t step = 0;
    uint32_t found = MARK_NONE;
    while ((found = hash_map_next(&draft->located, hash, &step)) != MARK_NONE) {
        const struct draft_located *located = &draft->located_list[found];
        if (located->directory == directory && located->base == base) {
            draft->located_last = found;
            return located;
        }
    }
    return NULL;
}

static void located_add(struct draft *draft, uint32_t directory, uint32_t base, uint32_t place)
{
    draft->located_list = heap_grow(draft->located_list, draft->located_count,
                                    &draft->located_capacity, sizeof *draft->located_list);
    draft->located_list[draft->located_count] = (struct draft_located){directory, base, place};
    hash_map_add(&draft->located, located_hash(directory, base), draft->located_count);
    draft->located_count++;
}

static uint32_t entry_depth(const struct media_index *index, uint32_t directory)
{
    uint32_t depth = 0;
    while (index->entries[directory].parent != MARK_NONE) {
        directory = index->entries[directory].parent;
        depth++;
    }
    return depth;
}

/* The place of a source volume's own top directory. */
static vsr_code locate_volume(struct draft *draft, uint32_t volume, uint32_t *out, vsr_error *error)
{
    struct view spec = VIEW_NONE;
    struct win_path path;
    const struct set_volume *v = &draft->input->set->description.volumes[volume];
    *out = MARK_NONE;
    if (canon_volume_specs(v, &spec, 1) == 0 ||
        win_path_parse(&draft->arena, spec, &path) != WIN_PATH_OK) {
        return VSR_OK; /* GCOVR_EXCL_LINE: canon_init() took it for a path */
    }
    return place_of_path(&draft->places, &path, out, error);
}

vsr_code locate_base_place(struct draft *draft, uint32_t base, uint32_t *out, vsr_error *error)
{
    struct draft_base *b = &draft->bases[base];
    if (!b->asked) {
        b->asked = true;
        if (b->directory.status == CANON_OK) {
            const vsr_code code =
                place_of_path(&draft->places, &b->directory.path, &b->place, error);
            if (code != VSR_OK) {
                return code;
            }
        }
    }
    *out = b->place;
    return VSR_OK;
}

/* The same with what leads down from it to a volume mounted below the set. */
static vsr_code locate_base(struct draft *draft, uint32_t volume, const struct draft_set *set,
                            uint32_t base, uint32_t *out, vsr_error *error)
{
    const vsr_code code = locate_base_place(draft, base, out, error);
    struct view relative = VIEW_NONE;
    if (code != VSR_OK) {
        return code;
    }
    if (volume == set->directory.volume ||
        !expand_mount_below(draft, &set->directory, volume, &relative)) {
        return VSR_OK;
    }
    while (relative.n > 0) {
        const vsr_code child = place_child(&draft->places, *out, win_path_element(&relative),
                                           MARK_NONE, false, out, error);
        if (child != VSR_OK) {
            return child;
        }
    }
    return VSR_OK;
}

/* The directory that a mapping's or new target's path stands for lends it its metadata, unless
 * the media hold the destination itself. */
static void base_take_entry(struct draft *draft, uint32_t directory, const struct draft_set *set,
                            uint32_t number)
{
    if (number == MARK_NONE || draft->index->entries[directory].volume != set->directory.volume) {
        return;
    }
    struct place *place = &draft->places.list[number];
    if (!place->exists && place->entry == MARK_NONE) {
        place->entry = directory;
    }
}

/* One step down from the place of the parent directory. */
static vsr_code locate_child(struct draft *draft, uint32_t directory, uint32_t base,
                             uint32_t *place, vsr_error *error)
{
    const struct view name = index_name(draft->index, directory);
    if (base != MARK_NONE) {
        return place_child(&draft->places, *place, name, directory, false, place, error);
    }
    if (draft->roots.has_mounts) { /* a folder where another mapped volume begins */
        const struct arena_mark mark = arena_mark(&draft->arena);
        const struct view text = draft_source_text(draft, directory);
        struct win_path path;
        struct view below = VIEW("x");
        uint32_t root = MARK_NONE;
        if (win_path_parse(&draft->arena, text, &path) == WIN_PATH_OK) {
            root = volume_table_find(&draft->roots.table, &path, &below);
        }
        const bool is_top = root != MARK_NONE && below.n == 0;
        arena_rewind(&draft->arena, mark);
        if (is_top) {
            *place = draft->places.tops[root];
            return VSR_OK;
        }
    }
    return place_child(&draft->places, *place, name, directory, true, place, error);
}

vsr_code locate_directory(struct draft *draft, uint32_t directory, const struct draft_set *set,
                          uint32_t base, uint32_t *out, vsr_error *error)
{
    const struct media_index *index = draft->index;
    const struct draft_located *known = located_find(draft, directory, base);
    if (known != NULL) {
        *out = known->place;
        return VSR_OK;
    }
    uint32_t depth = entry_depth(index, directory);
    OWN(heap) memory = heap_alloc((size_t)depth + 1, sizeof(uint32_t));
    uint32_t *chain = memory;
    uint32_t count = 0;
    vsr_code code = VSR_OK;
    for (uint32_t at = directory;; at = index->entries[at].parent, depth--) {
        const struct index_entry *e = &index->entries[at];
        known = located_find(draft, at, base);
        if (known != NULL) {
            *out = known->place;
            break;
        }
        chain[count++] = at;
        if (base != MARK_NONE && (e->parent == MARK_NONE ||
                                  (e->volume == set->directory.volume && depth == set->depth))) {
            code = locate_base(draft, e->volume, set, base, out, error);
            base_take_entry(draft, at, set, *out);
            located_add(draft, chain[--count], base, *out);
            break;
        }
        if (e->parent == MARK_NONE) {
            code = locate_volume(draft, e->volume, out, error);
            located_add(draft, chain[--count], base, *out);
            break;
        }
    }
    while (count > 0 && code == VSR_OK) {
        const uint32_t at = chain[--count];
        code = locate_child(draft, at, base, out, error);
        located_add(draft, at, base, *out);
    }
    return code;
}
