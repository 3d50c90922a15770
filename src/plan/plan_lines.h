/* plan_lines.h - plans in JSON lines, read back (contract, section 4 and ruling 31).
 *
 * What `plan --jsonl` prints, and what another front end wrote in its form: every number and name
 * in it is distrusted, sources are looked up in the set, units in its documents. Pure: bytes in, a
 * plan out. */
#ifndef PLAN_PLAN_LINES_H
#define PLAN_PLAN_LINES_H

#include "plan/plan.h"

/* The plan that stands in bytes, checked as a loaded one (plan_check()), not yet against its set
 * (plan_check_set()). path: for messages. A plan without "choices" is one for its units on its
 * volumes. Errors: RUN_FOREIGN with the line. Any thread. */
vsr_code plan_read_lines(struct plan **out, struct view bytes, const char *path,
                         const struct media_set *set, const struct documents *documents,
                         vsr_error *error);

/* Only the set's folder, from the first record; added to *set_path. */
vsr_code plan_read_set_path(struct view bytes, const char *path, struct buffer *set_path,
                            vsr_error *error);

#endif
