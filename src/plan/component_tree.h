/* component_tree.h - one writer's components, from both documents: who stands below whom, and
 * which of them were backed up under which root (rules 4.1-4.3).
 *
 * A Backup Components Document names only what was included explicitly; a component without an
 * entry of its own came along with the nearest ancestor that has one, its root. Both documents
 * name components by logical path and name; here they become indices. Inside plan. Pure; built
 * by one thread, then any thread may read. */
#ifndef PLAN_COMPONENT_TREE_H
#define PLAN_COMPONENT_TREE_H

#include "vss/documents.h"

struct component_tree {
    const struct bcd_writer *writer;
    const struct wmd *wmd; /* NULL: the writer's document is missing; the first two are empty */
    /* For each component of wmd, as indices into its components, or MARK_NONE: */
    uint32_t *parent;      /* nearest ancestor that is a component itself   */
    uint32_t *explicit_by; /* index into writer->components: its own entry  */
    /* For each component of writer: */
    uint32_t *joined;  /* index into wmd->components, or MARK_NONE: not there */
    bool *folded;      /* the two documents spell it in different letter case */
    bool *doubled;     /* another entry stands for the same component         */
    struct view fault; /* why nothing of this writer can be told apart, or absent */
};

void component_tree_build(struct component_tree *tree, struct arena *arena,
                          const struct documents *documents, uint32_t writer);

/* The component itself or its nearest ancestor that was backed up explicitly; MARK_NONE: it is
 * not in this backup (4.3). */
uint32_t component_tree_root(const struct component_tree *tree, uint32_t component);

static inline uint32_t component_tree_count(const struct component_tree *tree)
{
    return tree->wmd != NULL ? tree->wmd->component_count : 0;
}

#endif
