/* locate.h - the canonical destination of every file: its original place through the volume
 * map, or below an alternate location mapping or a new target (rules 6.3, 6.4, 6.11, 6.12). */
#ifndef PLAN_LOCATE_H
#define PLAN_LOCATE_H

#include "plan/draft.h"

/* Find each set's mapping and new target by the whole triple. A mapping that fits no set, or
 * whose path cannot be understood, is a warning (rulings 5 and 32). Errors: SELECTION for a
 * --new-target that is none, that its writer does not support (T38) or that names no file set
 * (T39); the document's own refuse their unit. */
vsr_code locate_sets(struct draft *draft, vsr_error *error);

/* A destination directory that sets may be based on; its number. */
uint32_t locate_add_base(struct draft *draft, struct view alternate_path);

/* The place of a base's own directory. *out: MARK_NONE when its volume is not mapped, or the base
 * is not understood. */
vsr_code locate_base_place(struct draft *draft, uint32_t base, uint32_t *out, vsr_error *error);

/* Where the media directory's files go. base: MARK_NONE for the original place, else
 * set->base. *out: MARK_NONE when the volume is not mapped. */
vsr_code locate_directory(struct draft *draft, uint32_t directory, const struct draft_set *set,
                          uint32_t base, uint32_t *out, vsr_error *error);

#endif
