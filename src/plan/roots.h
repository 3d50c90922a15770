/* roots.h - where the mapped volumes stand on this machine (contract, section 3: --volume,
 * --root, --private). Pure. */
#ifndef PLAN_ROOTS_H
#define PLAN_ROOTS_H

#include "plan/canon.h"
#include "plan/plan.h"

/* Two roots of which the caller says, by two names of one volume, that they are one. */
struct root_pair {
    uint32_t first, second;
};

struct roots {
    struct plan_mapped_root *list; /* as plan_map_volumes() hands out */
    uint32_t count;
    struct volume_table table; /* every spec of a mapped volume -> number in list      */
    bool has_mounts;           /* some spec is a mount folder: paths may change volume */
    struct root_pair *pairs;   /* must be the same directory; in the arena             */
    uint32_t pair_count;
};

/* Errors: SELECTION for a --volume that is no SPEC=DIR or names a volume twice. Texts live in
 * arena; free with roots_fini(). */
vsr_code roots_init(struct roots *roots, struct arena *arena, const struct canon *canon,
                    const struct plan_input *input, vsr_error *error);
void roots_fini(struct roots *roots);

#endif
