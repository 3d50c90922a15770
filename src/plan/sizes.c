/* sizes.c - one walk over the index with every file set of every component. It decides nothing: a
 * path that cannot be expanded counts for nothing here, and is the planner's to refuse. */
#include "plan/sizes.h"

#include "base/heap.h"
#include "plan/canon.h"
#include "plan/match.h"

#include <stdlib.h>

struct sizing {
    const struct media_index *index;
    struct match *match;
    struct component_size **by_id; /* where the component numbered so is counted */
    uint32_t id_count;
    uint32_t *hits;
    struct sizing_step {
        uint32_t directory;
        struct match_place place;
    } * steps;
    uint32_t step_count;
    size_t step_capacity;
};

static void sets_add(struct sizing *sizing, struct arena *arena, const struct canon *canon,
                     const struct wmd_component *component, uint32_t id)
{
    for (uint32_t i = 0; i < component->file_set_count; i++) {
        const struct vss_file_set *set = &component->file_sets[i];
        const struct canon_directory directory = canon_source(canon, arena, set->path);
        if (directory.status == CANON_OK && directory.volume != MARK_NONE) {
            const struct match_set one = {.volume = directory.volume,
                                          .below = directory.below,
                                          .filespec = set->filespec,
                                          .recursive = set->recursive,
                                          .id = id};
            (void)match_add(sizing->match, &one); /* no file spec: a fault of the component */
        }
    }
}

static void file_count(struct sizing *sizing, struct match_place place, uint32_t entry)
{
    struct match_name name = match_name_of(index_name(sizing->index, entry));
    const uint32_t count = match_file(sizing->match, place, &name, sizing->hits, sizing->id_count);
    for (uint32_t i = 0; i < count && i < sizing->id_count; i++) {
        struct component_size *size = sizing->by_id[sizing->hits[i]];
        size->files++;
        size->bytes += sizing->index->entries[entry].size;
    }
}

static void step_push(struct sizing *sizing, uint32_t directory, struct match_place place)
{
    if (!match_place_is_dead(place)) {
        sizing->steps = heap_grow(sizing->steps, sizing->step_count, &sizing->step_capacity,
                                  sizeof *sizing->steps);
        sizing->steps[sizing->step_count++] = (struct sizing_step){directory, place};
    }
}

static void volume_count(struct sizing *sizing, uint32_t volume)
{
    const struct media_index *index = sizing->index;
    step_push(sizing, index->volumes[volume].root_entry, match_root(sizing->match, volume));
    while (sizing->step_count > 0) {
        const struct sizing_step step = sizing->steps[--sizing->step_count];
        const struct index_entry *directory = &index->entries[step.directory];
        const uint32_t end = directory->directory.first_child + directory->directory.child_count;
        for (uint32_t e = directory->directory.first_child; e < end; e++) {
            if (e < directory->directory.first_directory) {
                file_count(sizing, step.place, e);
            } else {
                step_push(sizing, e, match_enter(sizing->match, step.place, index_name(index, e)));
            }
        }
    }
}

struct component_size **component_sizes(struct arena *arena, const struct documents *documents,
                                        const struct media_set *set)
{
    struct component_size **sizes =
        ARENA_ARRAY(arena, struct component_size *, documents->wmd_count);
    struct sizing sizing = {.index = &set->index, .match = match_create()};
    for (uint32_t w = 0; w < documents->wmd_count; w++) {
        sizes[w] = ARENA_ARRAY(arena, struct component_size, documents->wmds[w].component_count);
        sizing.id_count += documents->wmds[w].component_count;
    }
    sizing.by_id = ARENA_ARRAY(arena, struct component_size *, sizing.id_count);
    sizing.hits = ARENA_ARRAY(arena, uint32_t, sizing.id_count);

    const struct plan_choices none = {.additional_restores = -1};
    struct canon canon;
    if (canon_init(&canon, arena, &set->description, &none, NULL) == VSR_OK) {
        uint32_t id = 0;
        for (uint32_t w = 0; w < documents->wmd_count; w++) {
            for (uint32_t c = 0; c < documents->wmds[w].component_count; c++, id++) {
                sizing.by_id[id] = &sizes[w][c];
                sets_add(&sizing, arena, &canon, &documents->wmds[w].components[c], id);
            }
        }
        match_seal(sizing.match);
        for (uint32_t v = 0; v < sizing.index->volume_count; v++) {
            volume_count(&sizing, v);
        }
        canon_fini(&canon);
    }
    match_free(sizing.match);
    free(sizing.steps);
    return sizes;
}
