/* planned_place.h - what is written beside a plan must not stand where the plan restores to: at the
 * end it would have replaced a file that was restored, or the restore would have replaced it. */
#ifndef RUN_PLANNED_PLACE_H
#define RUN_PLANNED_PLACE_H

#include "plan/plan.h"

/* Does the plan restore to path, to the hidden name that a file at path is written under, or, path
 * being a folder's, into it? Folders are compared by what they are, whatever they are called, names
 * without regard to case. what: for people, "--bcd-out", before path. NULL, or a folder above it
 * that cannot be opened: no. Error: SELECTION: it does. */
vsr_code planned_place_check(const char *path, const char *what, const struct plan *plan,
                             const struct media_set *set, vsr_error *error);

#endif
