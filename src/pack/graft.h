/* graft.h - files of alternatePaths, moved to where they belong in the catalogue (rules 5.2). */
#ifndef PACK_GRAFT_H
#define PACK_GRAFT_H

#include "pack/scan.h"

/* Put every file and directory of scan->alternates at its normal path; new nodes come from the
 * arena. A file that stands there already is replaced ("read from there first"). */
void graft_alternates(struct scan *scan, struct arena *arena);

#endif
