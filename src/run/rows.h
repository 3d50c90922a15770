/* rows.h - report.jsonl: each planned file's row, as a line (contract, section 5). */
#ifndef RUN_ROWS_H
#define RUN_ROWS_H

#include "media/set.h"
#include "run/run_folder.h"

/* Write the folder's rows beside them, in their order, by the caller's thread and workers - 1
 * more, which end before it returns; durable: synced. Errors: DEST_*. */
vsr_code rows_write(const struct run_folder *folder, const struct plan *plan,
                    const struct media_set *set, uint32_t workers, bool durable, vsr_error *error);

#endif
