/* salvage_list.h - the list beside a salvaged file, read back by a process that goes on with its
 * run. Control thread. */
#ifndef RUN_SALVAGE_LIST_H
#define RUN_SALVAGE_LIST_H

#include "base/uuid.h"

/* Is the list of this run, and of this plan_file? Then how many bytes of it are kept, and bad. */
bool salvage_list_read(struct view text, const struct uuid *run, uint32_t file, uint64_t *readable,
                       uint64_t *bad);

#endif
