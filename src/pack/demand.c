/* demand.c - asking the table: which files and directories are wanted, for whom, how.
 *
 * The scan's side; the table is made in demand_collect.c. The questions are asked on the scan's
 * threads, with their own lists of ids, and allocate only when a list must grow. */
#include "pack/demand.h"

#include "base/heap.h"

#include <stdlib.h>

enum { IDS_FIRST = 64, LABELS_SHOWN_MAX = 12 };

struct tree_places demand_root(const struct demands *demands, uint32_t volume)
{
    return (struct tree_places){
        .wanted = match_root(demands->wanted, volume),
        .alternates = match_root(demands->alternates, volume),
        .excludes = match_root(demands->exclude_match, volume),
    };
}

struct tree_places demand_enter(const struct demands *demands, const struct tree_places *places,
                                struct view directory_name)
{
    return (struct tree_places){
        .wanted = match_enter(demands->wanted, places->wanted, directory_name),
        .alternates = match_enter(demands->alternates, places->alternates, directory_name),
        .excludes = match_enter(demands->exclude_match, places->excludes, directory_name),
    };
}

void demand_ids_free(struct demand_ids *ids)
{
    free(ids->ids);
    free(ids->exclude_ids);
    free(ids->alternate_ids);
    *ids = (struct demand_ids){0};
}

/* Ask a trie until the list holds all that it has to say. */
static uint32_t hits(const struct match *match, struct match_place place, struct view name,
                     uint32_t **ids, uint32_t *capacity)
{
    if (match_place_is_dead(place)) {
        return 0;
    }
    struct match_name file = match_name_of(name);
    for (;;) {
        const uint32_t count = view_present(name) ? match_file(match, place, &file, *ids, *capacity)
                                                  : match_directory(match, place, *ids, *capacity);
        if (count <= *capacity) {
            return count;
        }
        *capacity = count < IDS_FIRST ? IDS_FIRST : count;
        *ids = heap_resize(*ids, *capacity, sizeof **ids);
    }
}

void demand_hits(const struct match *match, struct match_place place, struct view name,
                 struct demand_ids *ids)
{
    ids->count = hits(match, place, name, &ids->ids, &ids->capacity);
}

/* The writers whose excludes hold this file: in ids->exclude_ids. */
static uint32_t exclude_hits(const struct demands *demands, struct match_place excludes,
                             struct view name, struct demand_ids *ids)
{
    return hits(demands->exclude_match, excludes, name, &ids->exclude_ids, &ids->exclude_capacity);
}

/* Excludes beat sets (5.5, 5.7), not what an entry names (Q11). */
static bool excluded_from(const struct demands *demands, const struct demand *demand,
                          const uint32_t *exclude_ids, uint32_t exclude_count)
{
    if (demand->kind != DEMAND_SET) {
        return false;
    }
    for (uint32_t i = 0; i < exclude_count; i++) {
        if (demands->excludes[exclude_ids[i]].writer == demand->writer) {
            return true;
        }
    }
    return false;
}

bool demand_excludes(const struct demands *demands, uint32_t demand, struct match_place excludes,
                     struct view name, struct demand_ids *ids)
{
    const uint32_t count = exclude_hits(demands, excludes, name, ids);
    return excluded_from(demands, &demands->list[demand], ids->exclude_ids, count);
}

/* Of a directory that alternatePaths name, or of a file there (name absent: the directory): the
 * demands that they are of, in ids->alternate_ids. */
static uint32_t alternate_hits(const struct demands *demands, struct match_place alternates,
                               struct view name, struct demand_ids *ids)
{
    return hits(demands->alternates, alternates, name, &ids->alternate_ids,
                &ids->alternate_capacity);
}

/* Does the demand come here only because its alternate directory lies in its normal one? */
static bool is_in_alternate(const struct demands *demands, uint32_t id,
                            const uint32_t *alternate_ids, uint32_t alternate_count)
{
    if (!demands->list[id].alternate_inside) {
        return false;
    }
    for (uint32_t i = 0; i < alternate_count; i++) {
        if (alternate_ids[i] == id) {
            return true;
        }
    }
    return false;
}

/* Is it for the same explicit component? Each is restored by itself. */
static bool is_same_unit(const struct demand *a, const struct demand *b)
{
    return a->writer == b->writer && a->bcd_component == b->bcd_component;
}

/* A partial entry goes before the sets of its own component (7.7). The file is saved whole where a
 * differenced entry names it as well (T58), where another component wants all of it, or where two
 * entries give different ranges: the whole holds every part. */
static void judge_partial(const struct demands *demands, const struct demand_ids *ids,
                          const bool *counts, struct demand_verdict *verdict)
{
    const struct demand *partial = NULL;
    bool whole = false;
    for (uint32_t i = 0; i < ids->count; i++) {
        const struct demand *demand = &demands->list[ids->ids[i]];
        if (demand->kind == DEMAND_PARTIAL) {
            const bool same = partial != NULL && partial->range_count == demand->range_count &&
                              (demand->range_count == 0 ||
                               memcmp(partial->ranges, demand->ranges,
                                      demand->range_count * sizeof *demand->ranges) == 0);
            whole = whole || (partial != NULL && !same);
            partial = partial == NULL ? demand : partial;
        }
    }
    for (uint32_t i = 0; partial != NULL && i < ids->count; i++) {
        const struct demand *demand = &demands->list[ids->ids[i]];
        const bool other = (demand->kind == DEMAND_SET || demand->kind == DEMAND_DIRECTED) &&
                           !is_same_unit(demand, partial);
        whole = whole || (counts[i] && (other || demand->kind == DEMAND_DIFFERENCED));
    }
    verdict->partial = partial != NULL && !whole ? (uint32_t)(partial - demands->list) : MARK_NONE;
    verdict->conflict = partial != NULL && whole;
}

struct demand_verdict demand_judge(struct demands *demands, const struct tree_places *places,
                                   struct view name, struct demand_ids *ids)
{
    struct demand_verdict verdict = {.partial = MARK_NONE};
    demand_hits(demands->wanted, places->wanted, name, ids);
    if (ids->count == 0) {
        return verdict;
    }
    const uint32_t exclude_count = exclude_hits(demands, places->excludes, name, ids);
    const uint32_t alternate_count = alternate_hits(demands, places->alternates, name, ids);
    bool few[IDS_FIRST];
    bool *counts = ids->count <= IDS_FIRST ? few : heap_alloc(ids->count, sizeof *counts);
    bool partial = false;
    for (uint32_t i = 0; i < ids->count; i++) {
        const struct demand *demand = &demands->list[ids->ids[i]];
        counts[i] = !is_in_alternate(demands, ids->ids[i], ids->alternate_ids, alternate_count);
        if (!counts[i]) {
            continue;
        }
        counts[i] = !excluded_from(demands, demand, ids->exclude_ids, exclude_count);
        verdict.wanted = verdict.wanted || counts[i];
        verdict.ranges_file = verdict.ranges_file || demand->kind == DEMAND_RANGES_FILE;
        partial = partial || demand->kind == DEMAND_PARTIAL;
        atomic_store_explicit(&demands->met[ids->ids[i]], 1, memory_order_relaxed);
    }
    if (partial) {
        judge_partial(demands, ids, counts, &verdict);
    }
    if (counts != few) {
        free(counts);
    }
    return verdict;
}

bool demand_wants_directory(const struct demands *demands, const struct tree_places *places,
                            struct demand_ids *ids)
{
    if (!match_place_is_below(places->wanted)) {
        return false;
    }
    const uint32_t count = alternate_hits(demands, places->alternates, VIEW_NONE, ids);
    if (count == 0) {
        return true;
    }
    demand_hits(demands->wanted, places->wanted, VIEW_NONE, ids);
    for (uint32_t i = 0; i < ids->count; i++) {
        if (demands->list[ids->ids[i]].recursive &&
            !is_in_alternate(demands, ids->ids[i], ids->alternate_ids, count)) {
            return true;
        }
    }
    return false;
}

/* A named file that an exclude hits is not demanded, be it there or not (ruling 36). */
static bool is_excluded(const struct demands *demands, uint32_t id, struct demand_ids *ids)
{
    const struct demand *demand = &demands->list[id];
    struct match_place place = match_root(demands->exclude_match, demand->volume);
    struct view rest = demand->below;
    for (struct view name = win_path_element(&rest); view_present(name);
         name = win_path_element(&rest)) {
        place = match_enter(demands->exclude_match, place, name);
    }
    return demand_excludes(demands, id, place, demand->filespec, ids);
}

void demands_warn_missing(struct demands *demands, struct notices *notices)
{
    struct demand_ids ids = {0};
    for (uint32_t i = 0; i < demands->count; i++) {
        const struct demand *demand = &demands->list[i];
        const bool met = atomic_load_explicit(&demands->met[i], memory_order_relaxed) != 0;
        if (met || !demand->named || demand->volume == MARK_NONE || is_excluded(demands, i, &ids)) {
            continue;
        }
        const struct view path = win_path_text(&demands->arena, &demand->path);
        notice_add(notices, true, "%.*s%s%.*s is missing: %.*s is incomplete", VIEW_ARG(path),
                   demand->path.rest.n > 0 ? "\\" : "", VIEW_ARG(demand->filespec),
                   VIEW_ARG(demand->label));
    }
    demand_ids_free(&ids);
}

struct view demand_labels(const struct demands *demands, const struct demand_ids *ids,
                          struct buffer *out)
{
    uint32_t shown[LABELS_SHOWN_MAX];
    uint32_t shown_count = 0;
    uint32_t more = 0;
    out->n = 0;
    for (uint32_t i = 0; i < ids->count; i++) {
        const struct view label = demands->list[ids->ids[i]].label;
        bool known = false;
        for (uint32_t s = 0; s < shown_count && !known; s++) {
            known = view_equal(demands->list[shown[s]].label, label);
        }
        if (!known && shown_count == LABELS_SHOWN_MAX) {
            more++;
        } else if (!known) {
            shown[shown_count++] = ids->ids[i];
            buffer_printf(out, "%s%.*s", out->n > 0 ? ", " : "", VIEW_ARG(label));
        }
    }
    if (more > 0) {
        buffer_printf(out, " and of others");
    }
    return buffer_view(out);
}

void demands_free(struct demands *demands)
{
    match_free(demands->wanted);
    match_free(demands->alternates);
    match_free(demands->exclude_match);
    free(demands->list);
    free(demands->excludes);
    free(demands->met);
    arena_free(&demands->arena);
    *demands = (struct demands){0};
}
