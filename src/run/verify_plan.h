/* verify_plan.h - `verify --plan`: what stands at the destinations against the plan (contract,
 * ruling 27): type, size, content, modify time, hard-link identity. Reads the destinations;
 * contents are compared by the checksums of the index, and with the media's data only where a
 * range takes a part of a chunk. A volume whose folder is gone is a difference of each of its
 * files. */
#ifndef RUN_VERIFY_PLAN_H
#define RUN_VERIFY_PLAN_H

#include "plan/plan.h"

typedef void verify_plan_report(void *context, struct view sentence);

vsr_code verify_plan(const struct plan *plan, const struct media_set *set,
                     verify_plan_report *report, void *context, uint64_t *differences,
                     vsr_error *error);

#endif
