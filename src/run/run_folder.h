/* run_folder.h - the folder of one run: plan, journal, rows, report, final document.
 *
 * It appears whole: made under a hidden name beside its place, filled, synced, renamed with
 * NOREPLACE; so a folder of that name can always be looked into, and a run never shares one.
 * The lock on it is the journal's (flock). Control thread only. */
#ifndef RUN_RUN_FOLDER_H
#define RUN_RUN_FOLDER_H

#include "base/buffer.h"
#include "base/uuid.h"
#include "plan/outcome.h"
#include "plan/plan.h"

enum { RUN_FOLDER_PATH_MAX = 4096 };

struct run_folder {
    struct uuid run;
    char path[RUN_FOLDER_PATH_MAX]; /* as it is called after the rename */
    int dir_fd;
    int journal_fd;           /* open for append, locked */
    struct outcome_row *rows; /* of every planned file: a shared mapping of rows.bin */
    size_t rows_bytes;
    bool visible; /* renamed to its place */
};

/* What the folder of this run will be called: path, or vssrestore-run-<uuid> when it is NULL; into
 * out without '/' at its end. Errors: USAGE, it is too long. */
vsr_code run_folder_name(const char *path, const struct uuid *run, char out[RUN_FOLDER_PATH_MAX],
                         vsr_error *error);

/* Can it be made there: its parent is a folder outside the set, and it is not there yet? Asked
 * before anybody is disturbed. Errors: as run_folder_begin(). */
vsr_code run_folder_check(const char *path, const struct media_set *set, vsr_error *error);

/* Make the folder for plan, of this run. path NULL: ./vssrestore-run-<uuid>. Saves the plan in it,
 * sizes the rows. Errors: RUN_BUSY when path exists, SELECTION when there is no such place or it is
 * in the set, DEST_*. On failure nothing is left. */
vsr_code run_folder_begin(struct run_folder *out, const char *path, const struct uuid *run,
                          const struct plan *plan, const struct media_set *set, vsr_error *error);

/* Sync and rename to its place. */
vsr_code run_folder_show(struct run_folder *folder, vsr_error *error);

/* Unmap, unlock, close. A folder that was not shown yet is removed. */
void run_folder_end(struct run_folder *folder);

#endif
