/* space.h - is there room? Asked once, before the first byte is written (brief, section 6). */
#ifndef RUN_SPACE_H
#define RUN_SPACE_H

#include "dest/stage.h"

/* For each file system: the bytes and inodes that the plan's files need there against what is
 * free for us. Nothing that is replaced counts as freed. DEST_FULL, with both numbers. */
vsr_code space_check(const struct stage *stage, const struct media_set *set, vsr_error *error);

#endif
