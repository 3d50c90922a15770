/* walk.c - asks the matching indexes about every name in the trees that some set reaches.
 *
 * Depth first in media order, so that hits come out in the order in which the media are read;
 * a subtree that no set reaches is not entered. What the hits mean is expand.c's business. */
#include "plan/walk.h"

#include "base/heap.h"
#include "plan/named.h"
#include "plan/unprotected.h"

#include <stdlib.h>

void walk_init(struct walk *walk, struct draft *draft)
{
    *walk = (struct walk){.draft = draft};
    walk->wanted = match_create();
    walk->trees = match_create();
    walk->named = match_create();
    walk->excludes = match_create();
    walk->chosen = match_create();
    walk->left_out = match_create();
}

void walk_fini(struct walk *walk)
{
    match_free(walk->wanted);
    match_free(walk->trees);
    match_free(walk->named);
    match_free(walk->excludes);
    match_free(walk->chosen);
    match_free(walk->left_out);
    free(walk->ids);
    free(walk->named_ids);
    free(walk->path_ids);
    free(walk->excluded_by);
    free(walk->hits);
    free(walk->steps);
}

static uint32_t walk_ask(const struct match *match, struct match_place place,
                         struct match_name *name, uint32_t **ids, uint32_t *ids_max)
{
    uint32_t count = 0;
    while ((count = match_file(match, place, name, *ids, *ids_max)) > *ids_max) {
        *ids = heap_resize(*ids, count, sizeof **ids);
        *ids_max = count;
    }
    return count;
}

static uint32_t walk_ask_directory(struct walk *walk, struct match_place place)
{
    uint32_t count = 0;
    while ((count = match_directory(walk->trees, place, walk->ids, walk->ids_max)) >
           walk->ids_max) {
        walk->ids = heap_resize(walk->ids, count, sizeof *walk->ids);
        walk->ids_max = count;
    }
    return count;
}

struct hit *walk_hit(struct walk *walk, uint32_t entry, uint32_t set, uint32_t name_hash)
{
    walk->hits = heap_grow(walk->hits, walk->hit_count, &walk->hit_capacity, sizeof *walk->hits);
    walk->hits[walk->hit_count] = (struct hit){entry, set, name_hash, MARK_NONE};
    return &walk->hits[walk->hit_count++];
}

bool walk_is_excluded(const struct walk *walk, uint32_t unit, uint32_t count)
{
    const struct draft *draft = walk->draft;
    const uint32_t wmd = (uint32_t)(draft->units[unit].wmd - draft->input->documents->wmds);
    const uint32_t everybody = draft->input->documents->wmd_count;
    for (uint32_t i = 0; i < count; i++) {
        if (walk->excluded_by[i] == wmd || walk->excluded_by[i] == everybody) {
            return true;
        }
    }
    return false;
}

bool walk_is_whole_for(const struct walk *walk, const struct draft_set *set, uint32_t entry)
{
    const struct draft *draft = walk->draft;
    const uint32_t bit = vss_fsbt_demand(draft->input->documents->bcd.backup_type);
    return (draft->index->entries[entry].flags & INDEX_PARTIAL) == 0 ||
           (set->set->backup_type_mask & bit) != 0;
}

static bool walk_is_chosen(struct walk *walk, const struct walk_step *step, struct match_name *name)
{
    if (walk->pattern_count == 0) {
        return true;
    }
    const uint32_t count =
        match_file(walk->chosen, step->chosen, name, walk->pattern_ids, walk->pattern_count);
    for (uint32_t i = 0; i < count; i++) {
        walk->pattern_hit[walk->pattern_ids[i]] = true;
    }
    return count > 0;
}

/* For each unit the first set that holds the file owns it. ids, excluded_by: what holds it. */
static void walk_own(struct walk *walk, uint32_t entry, struct match_name *name,
                     const struct named_hits *hits)
{
    struct draft *draft = walk->draft;
    const bool lost = (draft->index->entries[entry].flags & INDEX_LOST) != 0;
    uint32_t first = MARK_NONE;
    for (uint32_t i = 0; i < hits->sets; i++) {
        struct draft_set *set = &draft->sets[walk->ids[i]];
        const bool followed = trace_follows(draft->trace, entry);
        if (!walk_is_whole_for(walk, set, entry)) {
            continue;
        }
        if (walk_is_excluded(walk, set->unit, hits->excluded)) {
            if (followed) {
                trace_set(draft, "5.7", walk->ids[i], "an exclude takes the file away from it");
            }
            continue;
        }
        if (followed) {
            const bool taken = first != MARK_NONE && draft->sets[first].unit == set->unit;
            trace_set(draft, taken ? "5.9" : "5.5", walk->ids[i],
                      taken           ? "holds it, too; the first set's place counts"
                      : !hits->chosen ? "holds it, but no --file names it"
                      : lost          ? "holds it; the media could not read it whole"
                                      : "holds it, and its place counts");
        }
        set->hit = set->hit || !lost; /* a lost one counts as not on the media */
        if (first != MARK_NONE && draft->sets[first].unit == set->unit) {
            set->overlapped_with = set->overlapped_with == MARK_NONE ? first : set->overlapped_with;
            continue;
        }
        first = walk->ids[i];
        if (hits->chosen) {
            set->owns = true;
            (void)walk_hit(walk, entry, first, (uint32_t)match_name_hash(name));
        } else {
            draft->units[set->unit].partial_selection = true;
        }
    }
}

static void walk_file(struct walk *walk, const struct walk_step *step, uint32_t entry)
{
    const struct media_index *index = walk->draft->index;
    struct match_name name = match_name_of(index_name(index, entry));
    const bool unprotected = (index->entries[entry].flags & INDEX_UNPROTECTED) != 0;
    const uint32_t count =
        unprotected ? 0 : walk_ask(walk->wanted, step->wanted, &name, &walk->ids, &walk->ids_max);
    const uint32_t names =
        unprotected || walk->draft->named_count == 0
            ? 0
            : walk_ask(walk->named, step->named, &name, &walk->named_ids, &walk->named_max);
    if (count + names == 0 && !(unprotected && walk->unprotected)) {
        return;
    }
    const struct named_hits hits = {
        .sets = count,
        .names = names,
        .excluded = walk_ask(walk->excludes, step->excludes, &name, &walk->excluded_by,
                             &walk->excluded_max),
        .chosen = walk_is_chosen(walk, step, &name),
    };
    if (unprotected) {
        unprotected_take(walk, step, entry, hits.excluded, hits.chosen);
    } else if (walk->draft->named_count > 0) {
        named_take(walk, entry, &hits);
    } else {
        walk_own(walk, entry, &name, &hits);
    }
}

/* One directory: every unit with a recursive set that reaches it makes it (5.5), unless it is of no
 * component: of the set's alternate directory, say, which is no part of it (5.2). */
static void walk_directory(struct walk *walk, const struct walk_step *step)
{
    const uint32_t entry = step->directory;
    const bool marked = (walk->draft->index->entries[entry].flags & INDEX_UNPROTECTED) != 0;
    const uint32_t count =
        marked || walk->pattern_count > 0 ? 0 : walk_ask_directory(walk, step->trees);
    if (marked && walk->unprotected) {
        unprotected_take(walk, step, entry, 0, true);
    }
    uint32_t last_unit = MARK_NONE;
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t unit = walk->draft->sets[walk->ids[i]].unit;
        if (unit != last_unit && trace_follows(walk->draft->trace, entry)) {
            trace_set(walk->draft, "5.5", walk->ids[i], "reaches this folder, which it makes");
        }
        if (unit != last_unit) {
            (void)walk_hit(walk, entry, walk->ids[i], 0);
        }
        last_unit = unit;
    }
}

static void walk_push(struct walk *walk, const struct walk_step *step)
{
    if (match_place_is_dead(step->wanted) && match_place_is_dead(step->named) &&
        !walk->unprotected) {
        return;
    }
    walk->steps =
        heap_grow(walk->steps, walk->step_count, &walk->step_capacity, sizeof *walk->steps);
    walk->steps[walk->step_count++] = *step;
}

static void walk_children(struct walk *walk, const struct walk_step *step)
{
    const struct media_index *index = walk->draft->index;
    const struct index_entry *directory = &index->entries[step->directory];
    const uint32_t folders = directory->directory.first_directory;
    const uint32_t end = directory->directory.first_child + directory->directory.child_count;
    for (uint32_t file = directory->directory.first_child; file < folders; file++) {
        walk_file(walk, step, file);
    }
    const uint32_t bottom = walk->step_count;
    for (uint32_t folder = folders; folder < end; folder++) {
        const struct view name = index_name(index, folder);
        const struct walk_step below = {.directory = folder,
                                        .wanted = match_enter(walk->wanted, step->wanted, name),
                                        .trees = match_enter(walk->trees, step->trees, name),
                                        .named = match_enter(walk->named, step->named, name),
                                        .excludes =
                                            match_enter(walk->excludes, step->excludes, name),
                                        .chosen = match_enter(walk->chosen, step->chosen, name),
                                        .left_out =
                                            match_enter(walk->left_out, step->left_out, name)};
        walk_directory(walk, &below);
        walk_push(walk, &below);
    }
    for (uint32_t a = bottom, b = walk->step_count; a + 1 < b; a++, b--) {
        const struct walk_step swap = walk->steps[a]; /* the first child is taken first */
        walk->steps[a] = walk->steps[b - 1];
        walk->steps[b - 1] = swap;
    }
}

static void walk_all(struct walk *walk)
{
    const struct media_index *index = walk->draft->index;
    for (uint32_t v = 0; v < index->volume_count; v++) {
        const struct walk_step root = {.directory = index->volumes[v].root_entry,
                                       .wanted = match_root(walk->wanted, v),
                                       .trees = match_root(walk->trees, v),
                                       .named = match_root(walk->named, v),
                                       .excludes = match_root(walk->excludes, v),
                                       .chosen = match_root(walk->chosen, v),
                                       .left_out = match_root(walk->left_out, v)};
        walk_directory(walk, &root); /* a mapping of a whole volume may have to be made */
        walk_push(walk, &root);
        while (walk->step_count > 0) {
            const struct walk_step step = walk->steps[--walk->step_count];
            walk_children(walk, &step);
        }
    }
}

static int hit_compare(const void *left, const void *right)
{
    const struct hit *a = left;
    const struct hit *b = right;
    const uint64_t x = (uint64_t)a->entry << 32 | a->named; /* several of one entry: of one unit */
    const uint64_t y = (uint64_t)b->entry << 32 | b->named;
    return (int)(x > y) - (int)(x < y);
}

/* Hits, which come in media order, dealt out to their units. */
static void walk_deal(struct walk *walk)
{
    struct draft *draft = walk->draft;
    bool sorted = true;
    for (uint32_t i = 1; i < walk->hit_count; i++) {
        sorted &= walk->hits[i - 1].entry <= walk->hits[i].entry;
    }
    if (!sorted) {
        qsort(walk->hits, walk->hit_count, sizeof *walk->hits, hit_compare);
    }
    for (uint32_t i = 0; i < walk->hit_count; i++) {
        draft->units[draft->sets[walk->hits[i].set].unit].file_count++;
    }
    uint32_t *at = ARENA_ARRAY(&draft->arena, uint32_t, draft->unit_count);
    for (uint32_t u = 0, next = 0; u < draft->unit_count; u++) {
        draft->units[u].first_file = at[u] = next;
        next += draft->units[u].file_count;
    }
    draft->files = heap_alloc(walk->hit_count, sizeof *draft->files);
    draft->file_count = walk->hit_count;
    for (uint32_t i = 0; i < walk->hit_count; i++) {
        const struct hit *hit = &walk->hits[i];
        const struct index_entry *e = &draft->index->entries[hit->entry];
        draft->has_links |= e->kind == INDEX_FILE && e->link_group != MARK_NONE;
        const bool saved_ranges = e->kind == INDEX_FILE && (e->flags & INDEX_PARTIAL) != 0;
        draft->has_saved_ranges |= saved_ranges;
        draft->files[at[draft->sets[hit->set].unit]++] = (struct draft_file){
            .entry = hit->entry,
            .set = hit->set,
            .place = MARK_NONE,
            .name = MARK_NONE,
            .name_hash = hit->name_hash,
            .named = hit->named,
            .directory = e->kind == INDEX_DIRECTORY,
            .saved_ranges = saved_ranges,
        };
    }
    draft->done_with = walk->hits;
    walk->hits = NULL;
}

void walk_run(struct walk *walk)
{
    match_seal(walk->wanted);
    match_seal(walk->trees);
    match_seal(walk->named);
    match_seal(walk->excludes);
    match_seal(walk->chosen);
    match_seal(walk->left_out);
    walk_all(walk);
    named_take_ranges_files(walk);
    walk_deal(walk);
}

uint32_t walk_ask_path(struct walk *walk, const struct match *match,
                       const struct canon_directory *directory, struct view name)
{
    if (directory->status != CANON_OK || directory->volume == MARK_NONE) {
        return 0;
    }
    struct match_place place = match_root(match, directory->volume);
    struct view below = directory->below;
    while (below.n > 0) {
        place = match_enter(match, place, win_path_element(&below));
    }
    struct match_name file = match_name_of(name);
    return walk_ask(match, place, &file, &walk->path_ids, &walk->path_max);
}

bool walk_holds(struct walk *walk, const struct match *match,
                const struct canon_directory *directory, struct view name, uint32_t id)
{
    const uint32_t count = walk_ask_path(walk, match, directory, name);
    for (uint32_t i = 0; i < count; i++) {
        if (id == MARK_NONE || walk->path_ids[i] == id) {
            return true;
        }
    }
    return false;
}
