/* targets.h - new targets: where the requester, not the writer, wants a file set (rules 6.4). */
#ifndef PLAN_TARGETS_H
#define PLAN_TARGETS_H

#include "plan/draft.h"

/* Give each file set in scope its new target: the caller's (--new-target), else the document's.
 * Errors: SELECTION for a caller's that is none, is not supported by its writer (T38), names no
 * file set (T39) or names one twice. The document's own faults refuse their unit. A target for a
 * set left out of scope is a warning (ruling 14). Nothing is matched in a private restore. */
vsr_code targets_match(struct draft *draft, vsr_error *error);

#endif
