/* place.c - keeping what a reader of documents wants to tell, within a bound. */
#include "vss/place.h"

#include "base/limits.h"

static void warnings_put(struct vss_warnings *warnings, struct arena *arena, struct view text)
{
    if (warnings->count == warnings->capacity) {
        const uint32_t wider = warnings->capacity == 0 ? 16 : warnings->capacity * 2;
        struct view *items = ARENA_ARRAY(arena, struct view, wider);
        if (warnings->count > 0) {
            memcpy(items, warnings->items, warnings->count * sizeof *items);
        }
        warnings->items = items;
        warnings->capacity = wider;
    }
    warnings->items[warnings->count++] = text;
}

void vss_warnings_add(struct vss_warnings *warnings, struct arena *arena, struct view text)
{
    if (warnings->count >= DOCUMENT_WARNINGS_MAX) {
        warnings->dropped_count++;
        return;
    }
    warnings_put(warnings, arena, text);
}

void vss_warnings_end(struct vss_warnings *warnings, struct arena *arena)
{
    if (warnings->dropped_count > 0) {
        warnings_put(warnings, arena,
                     arena_printf(arena, "%llu more warnings about the documents",
                                  (unsigned long long)warnings->dropped_count));
        warnings->dropped_count = 0;
    }
}
