/* stale.c - two plans of the same set side by side, unit by unit, record by record. It does not
 * plan; both plans are given. */
#include "plan/stale.h"

#include "base/limits.h"

uint32_t plan_stale_find(const struct plan *plan, const struct plan_unit *unit)
{
    for (uint32_t i = 0; i < plan->unit_count; i++) {
        if (plan->units[i].writer == unit->writer &&
            plan->units[i].bcd_component == unit->bcd_component) {
            return i;
        }
    }
    return MARK_NONE;
}

static bool ranges_equal(const struct plan *saved, const struct plan_file *x,
                         const struct plan *now, const struct plan_file *y)
{
    return x->range_count == y->range_count &&
           (x->range_count == 0 ||
            memcmp(&saved->ranges[x->first_range], &now->ranges[y->first_range],
                   x->range_count * sizeof *saved->ranges) == 0);
}

static bool record_equal(const struct plan *saved, uint32_t a, const struct plan *now, uint32_t b,
                         const struct media_set *set)
{
    const struct plan_file *x = &saved->files[a];
    const struct plan_file *y = &now->files[b];
    if (x->entry != y->entry || x->kind != y->kind || x->place != y->place ||
        x->action != y->action || x->size != y->size || x->present != y->present ||
        !ranges_equal(saved, x, now, y)) {
        return false;
    }
    struct buffer left = {0};
    struct buffer right = {0};
    plan_unix_path(saved, set, a, &left);
    plan_unix_path(now, set, b, &right);
    const bool equal = view_equal(buffer_view(&left), buffer_view(&right));
    buffer_free(&left);
    buffer_free(&right);
    return equal;
}

static enum refusal unit_compare(const struct plan *saved, const struct plan_unit *unit,
                                 const struct plan *now, const struct media_set *set)
{
    const uint32_t at = plan_stale_find(now, unit);
    if (at == MARK_NONE) {
        return REFUSAL_DESTINATION_CHANGED;
    }
    const struct plan_unit *fresh = &now->units[at];
    if (fresh->refusal != REFUSAL_NONE) {
        return (enum refusal)fresh->refusal;
    }
    if (fresh->file_count != unit->file_count || fresh->verdict != unit->verdict ||
        fresh->method != unit->method || fresh->target != unit->target ||
        fresh->involve_writer != unit->involve_writer ||
        fresh->partial_selection != unit->partial_selection || fresh->reduced != unit->reduced) {
        return REFUSAL_DESTINATION_CHANGED;
    }
    for (uint32_t i = 0; i < unit->file_count; i++) {
        if (!record_equal(saved, unit->first_file + i, now, fresh->first_file + i, set)) {
            return REFUSAL_DESTINATION_CHANGED;
        }
    }
    return REFUSAL_NONE;
}

/* The refusal of an earlier unit that owns a file of this one (ruling 28). */
static enum refusal owner_refusal(const struct plan *saved, const struct plan_unit *unit,
                                  const enum refusal *refusals)
{
    for (uint32_t i = 0; i < unit->shared_count; i++) {
        const uint32_t owner = saved->files[saved->shared[unit->first_shared + i].file].unit;
        if (refusals[owner] != REFUSAL_NONE) {
            return refusals[owner];
        }
    }
    return REFUSAL_NONE;
}

bool plan_stale_is_same(const struct plan *saved, const struct plan *now)
{
    bool same = saved->unit_count == now->unit_count && saved->file_count == now->file_count;
    for (uint32_t i = 0; i < saved->unit_count && same; i++) {
        same = saved->units[i].writer == now->units[i].writer &&
               saved->units[i].bcd_component == now->units[i].bcd_component &&
               saved->units[i].refusal == now->units[i].refusal;
    }
    return same;
}

uint32_t plan_stale_units(const struct plan *saved, const struct plan *now,
                          const struct media_set *set, enum refusal *refusals)
{
    uint32_t refused = 0;
    for (uint32_t i = 0; i < saved->unit_count; i++) {
        const struct plan_unit *unit = &saved->units[i];
        refusals[i] = REFUSAL_NONE;
        if (unit->refusal == REFUSAL_NONE) {
            refusals[i] = unit_compare(saved, unit, now, set);
            refusals[i] =
                refusals[i] == REFUSAL_NONE ? owner_refusal(saved, unit, refusals) : refusals[i];
            refused += refusals[i] != REFUSAL_NONE;
        }
    }
    return refused;
}
