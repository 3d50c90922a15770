/* turns.c - groups sorted by their turn, and held back behind those that are not ready. How many
 * groups a system state makes is small; everything else passes by one comparison. */
#include "run/turns.h"

#include "base/heap.h"

#include <stdlib.h>

void turns_init(struct turns *turns, const struct stage *stage)
{
    *turns = (struct turns){.of_group = heap_alloc(stage->group_count, 1),
                            .ready = heap_alloc(stage->group_count, sizeof *turns->ready),
                            .group_count = stage->group_count};
    for (uint32_t g = 0; g < stage->group_count; g++) {
        const struct stage_group *group = &stage->groups[g];
        for (uint32_t i = 0; i < group->unit_count; i++) {
            const uint32_t unit = stage->group_units[group->first_unit + i];
            const uint8_t turn = stage->plan->units[unit].turn;
            turns->of_group[g] = turn > turns->of_group[g] ? turn : turns->of_group[g];
        }
        turns->any = turns->any || turns->of_group[g] != TURN_FREE;
    }
}

void turns_fini(struct turns *turns)
{
    free(turns->of_group);
    free(turns->ready);
    *turns = (struct turns){0};
}

void turns_pass(struct turns *turns, uint32_t group)
{
    turns->ready[group] = true;
}

/* The earliest turn of a group that is not ready; UINT8_MAX: there is none. */
static uint8_t turn_open(const struct turns *turns)
{
    uint8_t open = UINT8_MAX;
    for (uint32_t g = 0; g < turns->group_count; g++) {
        const uint8_t turn = turns->of_group[g];
        open = !turns->ready[g] && turn != TURN_FREE && turn < open ? turn : open;
    }
    return open;
}

uint32_t turns_take(struct turns *turns, uint32_t *waiting, uint32_t count, bool all)
{
    if (!turns->any) {
        return count;
    }
    for (uint32_t i = 0; i < count; i++) { /* in their order, where turns are equal */
        const uint32_t group = waiting[i];
        uint32_t at = i;
        turns->ready[group] = true;
        for (; at > 0 && turns->of_group[waiting[at - 1]] > turns->of_group[group]; at--) {
            waiting[at] = waiting[at - 1];
        }
        waiting[at] = group;
    }
    const uint8_t open = all ? UINT8_MAX : turn_open(turns);
    uint32_t taken = 0;
    while (taken < count && turns->of_group[waiting[taken]] <= open) {
        taken++;
    }
    return taken;
}
