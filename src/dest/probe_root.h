/* probe_root.h - a mapped volume's top directory that stands below --root: how it is spelled on
 * disk, and what it would be made in. For probe.c. */
#ifndef DEST_PROBE_ROOT_H
#define DEST_PROBE_ROOT_H

#include "base/arena.h"
#include "dest/probe.h"

/* mapped->dir with what stands behind its typed part as spelled on disk, as far as it is there
 * (contract, ruling 40). In the arena. *ambiguous: two folders differ only by case, and neither
 * is spelled so. */
struct view probe_root_spelling(struct arena *arena, const struct plan_mapped_root *mapped,
                                bool *ambiguous);

/* A root that is not there yet will be as the nearest folder above it that is. */
void probe_root_absent(struct view path, struct fact_directory *out);

#endif
