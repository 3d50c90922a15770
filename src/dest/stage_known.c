/* stage_known.c - places as the journal knows them, and told to it. */
#include "base/heap.h"
#include "base/limits.h"
#include "dest/stage_layout.h"

#include <stdlib.h>

const struct stage_place *stage_place_known(const struct stage *stage, uint32_t directory)
{
    const struct stage_known *known = stage->options.known;
    uint32_t first = 0, end = known != NULL ? known->place_count : 0;
    while (first < end) {
        const uint32_t middle = first + (end - first) / 2;
        if (known->places[middle].directory < directory) {
            first = middle + 1;
        } else {
            end = middle;
        }
    }
    return known != NULL && first < known->place_count &&
                   known->places[first].directory == directory
               ? &known->places[first]
               : NULL;
}

vsr_code stage_tell_places(const struct stage_layout *layout, vsr_error *error)
{
    const struct stage *stage = &layout->stage;
    const struct plan *plan = stage->plan;
    struct stage_place *places;
    uint32_t count = 0;
    if (stage->options.on_places == NULL) {
        return VSR_OK;
    }
    places = heap_alloc(plan->directory_count + 1u, sizeof *places);
    for (uint32_t i = 0; i < plan->directory_count; i++) {
        const uint32_t at = layout->directory_anchor[i];
        const bool missing = at == MARK_NONE && layout->wanted[i] == WANT_IN_PLACE;
        const bool lost = at != MARK_NONE && layout->anchors[at].inode == 0;
        if (stage_place_known(stage, i) != NULL || (at == MARK_NONE && !missing) || lost) {
            continue;
        }
        struct stage_place *place = &places[count++];
        *place = (struct stage_place){.directory = i, .made = missing ? 1 : 0};
        if (at != MARK_NONE) {
            const struct stage_anchor *anchor = &layout->anchors[at];
            place->made = plan->directories[i].parent == MARK_NONE
                              ? layout->roots[plan->directories[i].root].made_levels
                              : anchor->made;
            place->device = anchor->device;
            place->inode = anchor->inode;
            place->accessed = anchor->accessed;
            place->modified = anchor->modified;
        }
    }
    const vsr_code code = stage->options.on_places(stage->options.context, places, count, error);
    free(places);
    return code;
}
