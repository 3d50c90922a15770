/* inspect_tree.h - one writer's components drawn as a tree, by their logical paths. Pure. */
#ifndef PLAN_INSPECT_TREE_H
#define PLAN_INSPECT_TREE_H

#include "base/arena.h"
#include "base/buffer.h"
#include "vss/wmd.h"

/* What stands on a component's line behind its name, and on lines of its own below it, each begun
 * with indent. */
typedef void inspect_component_render(void *context, uint32_t component, struct view indent,
                                      struct buffer *out);

struct inspect_tree_words {
    inspect_component_render *line, *below;
    void *context;
};

/* Draw all components of wmd; elements of logical paths that are no component stand as folders.
 * Scratch in the arena. */
void inspect_tree_render(const struct wmd *wmd, const struct inspect_tree_words *words,
                         struct arena *arena, struct buffer *out);

#endif
