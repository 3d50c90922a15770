/* verify_ranges.h - what records of ranges wrote, against the plan: within the ranges alone
 * (contract, ruling 27). */
#ifndef RUN_VERIFY_RANGES_H
#define RUN_VERIFY_RANGES_H

#include "plan/plan.h"

/* Compare a KIND_PARTIAL or KIND_DIRECTED record with the open file. scratch holds
 * FRAME_PLAIN_BYTES_MAX. NULL: equal; else what is wrong, static. The media are read where a
 * range takes a part of a chunk, whose checksum is of all of it. */
const char *ranges_verify(const struct plan *plan, const struct media_set *set, uint32_t file,
                          int fd, char *scratch);

/* Where the last range of a record ends; all_records: of all that have it as their first. */
uint64_t ranges_end(const struct plan *plan, uint32_t file, bool all_records);

#endif
