/* foreign_set.h - the file of a plan that another front end made, opened as what it stands for:
 * a set with its documents. Control thread. */
#ifndef RUN_FOREIGN_SET_H
#define RUN_FOREIGN_SET_H

#include "plan/foreign_lines.h"
#include "plan/plan.h"

/* Is it a file whose first line says that it is such a plan? Whatever else it is, or is not: no. */
bool foreign_set_is_one(const char *path);

/* Read it, look at its stored files; path: from the root of the file system. documents: what a
 * backup without writers would have. Both are the caller's. Errors: RUN_FOREIGN. */
vsr_code foreign_set_open(struct media_set *out, struct documents *documents, const char *path,
                          vsr_error *error);

/* The plan that it is, as it was written: nothing is asked about what stands at its places.
 * path: of the same plan, or RUN_FOREIGN. */
vsr_code foreign_set_plan(struct plan **out, const struct media_set *set,
                          const struct documents *documents, const char *path, vsr_error *error);

#endif
