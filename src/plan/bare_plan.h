/* bare_plan.h - what a restore of a set would refuse on an empty machine: what documents and media
 * alone do not allow, whatever stands at the destinations. For `inspect`. */
#ifndef PLAN_BARE_PLAN_H
#define PLAN_BARE_PLAN_H

#include "plan/plan.h"

/* Plan all of it for volumes on which nothing stands. *out is freed by plan_free(). contents: as of
 * struct plan_input. Errors: as of plan_create(). */
vsr_code bare_plan_create(struct plan **out, const struct documents *documents,
                          const struct media_set *set, const struct plan_contents *contents,
                          vsr_error *error);

/* The same of documents that are in no set: nothing of files and volumes is known, and nothing is
 * refused for what media or the machine would say. */
vsr_code bare_plan_of_documents(struct plan **out, const struct documents *documents,
                                vsr_error *error);

/* The same for other choices. */
vsr_code bare_plan_choose(struct plan **out, const struct documents *documents,
                          const struct media_set *set, const struct plan_choices *choices,
                          const struct plan_contents *contents, vsr_error *error);

/* For each component of a writer at which a unit is rooted that is refused for what documents or
 * media say (not for places, which are not known yet): that unit, into refused, which has an
 * element for each component of wmd. The others are left alone. */
void bare_plan_refused(const struct plan *plan, uint32_t bcd_writer, const struct wmd *wmd,
                       const struct plan_unit **refused);

#endif
