/* restore_options.h - the caller's words for a writer (SetRestoreOptions; rules 2.4, 10.16). */
#ifndef PLAN_RESTORE_OPTIONS_H
#define PLAN_RESTORE_OPTIONS_H

#include "plan/draft.h"

/* Give each unit its --restore-options. Errors: SELECTION for one that names no explicit component
 * or names one twice. Words that are no option list are a warning: a writer may have a form of its
 * own (T75). One for a component that is not restored is a warning. */
vsr_code restore_options_take(struct draft *draft, vsr_error *error);

/* Is text a list of "name"="value", each with or without "subcomponent": before it (10.16)? */
bool restore_options_is_list(struct view text);

#endif
