/* place.h - where something stands in a document's file as it lies on disk, and the sentences
 * that are kept because of it. */
#ifndef VSS_PLACE_H
#define VSS_PLACE_H

#include "base/arena.h"

struct vss_place {
    uint32_t line; /* from 1 */
    uint64_t byte; /* from 0, in the original file's bytes (not in a converted copy) */
};

/* Sentences for people: "FILE, line L, byte B: what was found". More than
 * DOCUMENT_WARNINGS_MAX are counted, not kept. Lives in the arena that it grows in. */
struct vss_warnings {
    struct view *items;
    uint32_t count;
    uint32_t capacity;
    uint64_t dropped_count;
};

/* text must stand in arena already. */
void vss_warnings_add(struct vss_warnings *warnings, struct arena *arena, struct view text);

/* Turn the count of dropped ones into a last sentence. */
void vss_warnings_end(struct vss_warnings *warnings, struct arena *arena);

#endif
