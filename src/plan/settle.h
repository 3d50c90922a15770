/* settle.h - each unit's place: table and survey brought together, unit by unit. */
#ifndef PLAN_SETTLE_H
#define PLAN_SETTLE_H

#include "plan/draft.h"

/* What shows in the documents alone: faults, the restore target that counts. Errors: SELECTION
 * for a --restore-target that is none. */
vsr_code settle_documents(struct draft *draft, vsr_error *error);

/* Decide every unit's place and survey it. Errors: what facts return. */
vsr_code settle_places(struct draft *draft, vsr_error *error);

#endif
