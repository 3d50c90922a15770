/* adopt.c - used mappings, ranges paths, requests and shared files from one plan to another.
 *
 * The records of a plan in JSON lines are what is moved, and are read by plan_lines.c; all that is
 * told beside them follows from the documents and the choices, which both plans have in common. */
#include "plan/adopt.h"

#include "base/heap.h"
#include "plan/plan_build.h"
#include "plan/stale.h"

#include <stdlib.h>

struct adoption {
    struct plan *lines;
    struct plan_build *build; /* of lines */
    const struct plan *now;
    uint32_t *unit_of; /* for each unit of now: that of lines, or MARK_NONE */
    enum refusal *refusals;
};

static struct plan_text text_adopt(const struct adoption *a, struct plan_text text)
{
    return plan_build_text(a->build, plan_text(a->now, text));
}

static void used_mappings_adopt(const struct adoption *a)
{
    for (uint32_t i = 0; i < a->now->used_mapping_count; i++) {
        struct plan_used_mapping used = a->now->used_mappings[i];
        if (a->unit_of[used.unit] != MARK_NONE) {
            used.unit = a->unit_of[used.unit];
            used.path = text_adopt(a, used.path);
            used.filespec = text_adopt(a, used.filespec);
            used.alternate_path = text_adopt(a, used.alternate_path);
            *plan_build_add_used_mapping(a->build) = used;
        }
    }
}

static void ranges_paths_adopt(const struct adoption *a)
{
    for (uint32_t i = 0; i < a->now->ranges_path_count; i++) {
        struct plan_ranges_path ranges = a->now->ranges_paths[i];
        if (a->unit_of[ranges.unit] != MARK_NONE) {
            ranges.unit = a->unit_of[ranges.unit];
            ranges.path = text_adopt(a, ranges.path);
            *plan_build_add_ranges_path(a->build) = ranges;
        }
    }
}

static void requests_adopt(const struct adoption *a)
{
    for (uint32_t i = 0; i < a->now->new_target_count; i++) {
        struct plan_new_target target = a->now->new_targets[i];
        if (a->unit_of[target.unit] != MARK_NONE) {
            target.unit = a->unit_of[target.unit];
            target.path = text_adopt(a, target.path);
            target.filespec = text_adopt(a, target.filespec);
            target.alternate_path = text_adopt(a, target.alternate_path);
            *plan_build_add_new_target(a->build) = target;
        }
    }
    for (uint32_t i = 0; i < a->now->restore_option_count; i++) {
        struct plan_restore_options options = a->now->restore_options[i];
        if (a->unit_of[options.unit] != MARK_NONE) {
            options.unit = a->unit_of[options.unit];
            options.text = text_adopt(a, options.text);
            *plan_build_add_restore_option(a->build) = options;
        }
    }
}

/* Is a unit of lines restored, as far as is known? */
static enum refusal unit_refusal(const struct adoption *a, uint32_t unit)
{
    const enum refusal planned = (enum refusal)a->build->units[unit].refusal;
    return planned != REFUSAL_NONE ? planned : a->refusals[unit];
}

/* A file of another unit, by its number in now. A unit that is not stale has the same records. */
static void shared_adopt(const struct adoption *a, uint32_t unit, uint32_t file)
{
    const uint32_t owner = a->now->files[file].unit;
    const uint32_t there = a->unit_of[owner];
    a->refusals[unit] = there == MARK_NONE ? REFUSAL_DESTINATION_CHANGED : unit_refusal(a, there);
    if (a->refusals[unit] != REFUSAL_NONE) {
        return;
    }
    struct plan_unit *u = &a->build->units[unit];
    if (u->shared_count++ == 0) {
        u->first_shared = a->build->shared_count;
    }
    *plan_build_add_shared(a->build) =
        (struct plan_shared){unit, a->build->units[there].first_file +
                                       (file - a->now->units[owner].first_file)};
}

static void unit_adopt(const struct adoption *a, uint32_t unit, const struct plan_unit *fresh)
{
    struct plan_unit *u = &a->build->units[unit];
    u->additional_restores = fresh->additional_restores;
    u->reboot_required = fresh->reboot_required;
    u->turn = fresh->turn;
    for (uint32_t i = 0; i < fresh->shared_count; i++) {
        if (unit_refusal(a, unit) == REFUSAL_NONE) {
            shared_adopt(a, unit, a->now->shared[fresh->first_shared + i].file);
        }
    }
}

/* The arrays may have been moved. */
static void arrays_take(struct plan *plan, const struct plan_build *build)
{
#define X(array, one, type)                                                                        \
    plan->array = build->array;                                                                    \
    plan->one##_count = build->one##_count;
    PLAN_ARRAYS(X)
#undef X
    plan->text = build->text.p;
    plan->text_bytes = (uint32_t)build->text.n;
}

void plan_adopt(struct plan *lines, const struct plan *now, enum refusal *refusals)
{
    struct adoption a = {.lines = lines,
                         .build = lines->owned,
                         .now = now,
                         .unit_of = heap_alloc(now->unit_count + 1u, sizeof *a.unit_of),
                         .refusals = refusals};
    uint32_t *fresh_of = heap_alloc(lines->unit_count + 1u, sizeof *fresh_of);
    memset(a.unit_of, 0xff, now->unit_count * sizeof *a.unit_of); /* MARK_NONE */
    a.build->used_mapping_count = a.build->ranges_path_count = a.build->new_target_count = 0;
    a.build->restore_option_count = a.build->shared_count = 0;
    for (uint32_t u = 0; u < lines->unit_count; u++) {
        a.build->units[u].shared_count = 0;
        fresh_of[u] = plan_stale_find(now, &lines->units[u]);
        if (fresh_of[u] != MARK_NONE) {
            a.unit_of[fresh_of[u]] = u;
        }
    }
    for (uint32_t u = 0; u < lines->unit_count; u++) {
        if (fresh_of[u] != MARK_NONE) {
            unit_adopt(&a, u, &now->units[fresh_of[u]]);
        }
    }
    used_mappings_adopt(&a);
    ranges_paths_adopt(&a);
    requests_adopt(&a);
    arrays_take(lines, a.build);
    free(fresh_of);
    free(a.unit_of);
}
