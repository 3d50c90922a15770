/* run_folder.h - the folder of one run: plan, journal, rows, report, final document.
 *
 * It appears whole: made under a hidden name beside its place, filled, synced, renamed with
 * NOREPLACE, before anything is made at a destination; so a folder of that name can always be
 * looked into and gone on with, and a run never shares one. A run that asks writers or services
 * shows one before that (run/asking.h), which its own replaces; what others put there meanwhile
 * moves to that one. A run that ends before it staged anything takes it away again, but for what
 * others put there. The lock on it is the journal's (flock). Control thread only. */
#ifndef RUN_RUN_FOLDER_H
#define RUN_RUN_FOLDER_H

#include "base/buffer.h"
#include "base/uuid.h"
#include "plan/outcome.h"
#include "plan/plan.h"

#include <stdatomic.h>

enum { RUN_FOLDER_PATH_MAX = 4096, RUN_FOLDER_HIDDEN_BYTES = 64 };

/* Hidden names, beside its place: this, the run's uuid, and one of the others. */
#define RUN_FOLDER_HIDDEN ".vssrestore-run-"
#define RUN_FOLDER_PART   ".part"
#define RUN_FOLDER_ASKED  ".asked"

enum run_folder_sort {
    RUN_FOLDER_ALONE,
    RUN_FOLDER_ASKING, /* the first of two: while writers and services are asked */
    RUN_FOLDER_SECOND  /* that takes the place of such a one */
};

struct run_folder {
    struct uuid run;
    char path[RUN_FOLDER_PATH_MAX]; /* as it is called after the rename */
    enum run_folder_sort sort;
    int dir_fd;
    int journal_fd;           /* open for append, locked */
    struct outcome_row *rows; /* of every planned file: a shared mapping of rows.bin ... */
    _Atomic uint64_t *epochs; /* ... and behind them, when it became whole (engine/marks.h) */
    size_t rows_bytes;        /* of both */
    int rows_fd;
    bool visible; /* renamed to its place */
    bool stays;   /* there is something in it to go on with, or to read */
};

/* What the folder of this run will be called: path, or vssrestore-run-<uuid> when it is NULL; into
 * out without '/' at its end. Errors: USAGE, it is too long. */
vsr_code run_folder_name(const char *path, const struct uuid *run, char out[RUN_FOLDER_PATH_MAX],
                         vsr_error *error);

/* What the folder of that sort is called before it is shown; RUN_FOLDER_ASKING: also when it has
 * given its place to the second. */
void run_folder_hidden_name(const struct uuid *run, enum run_folder_sort sort,
                            char out[RUN_FOLDER_HIDDEN_BYTES]);

/* Can it be made there: its parent is a folder outside the set, and it is not there yet? Asked
 * before anybody is disturbed. Errors: as run_folder_begin(). */
vsr_code run_folder_check(const char *path, const struct media_set *set, vsr_error *error);

/* Make the folder for plan, of this run. path NULL: ./vssrestore-run-<uuid>. Saves the plan in it,
 * sizes the rows. Errors: RUN_BUSY when path exists (but for RUN_FOLDER_SECOND), SELECTION when
 * there is no such place or it is in the set, DEST_*. On failure nothing is left. */
vsr_code run_folder_begin(struct run_folder *out, const char *path, const struct uuid *run,
                          const struct plan *plan, const struct media_set *set,
                          enum run_folder_sort sort, vsr_error *error);

/* Sync and rename to its place. before: the one of the same run that stands there, which is ended
 * when that is durable; there is always one of the two, where the file system can exchange names.
 * NULL: none. folder->visible says whether it stands there, also when it failed. */
vsr_code run_folder_show(struct run_folder *folder, struct run_folder *before, vsr_error *error);

/* Hidden folders that killed processes have left in parent_fd go. */
void run_folder_sweep(int parent_fd);
/* One of a run that is ours to go on with, at once. */
void run_folder_sweep_own(int parent_fd, const char *name);
/* All of ours that a run folder can hold before it stays. */
void run_folder_empty(int dir_fd);
/* A rename that replaces nothing; where the file system knows of no such one, nothing that can be
 * seen before it. Returns 0 or errno, EEXIST. */
int run_folder_rename(int from_fd, const char *from, int to_fd, const char *to);
/* All else, to another folder, synced. Returns 0 or the errno of what could not be moved. */
int run_folder_take_rest(int dir_fd, int to_fd);
/* A process was killed when one folder of this run took the other's place: what is left of that
 * goes, and what others put there comes to this one, which is locked. */
void run_folder_reclaim(const struct run_folder *folder);

/* Open one that an earlier process made. lock: to go on with it. Its rows are mapped later, when it
 * is known for how many files. Errors: SELECTION: it is no run folder; RUN_BUSY: its run is still
 * at work; RUN_FOREIGN: it belongs to somebody else, so that nothing in it is trusted; DEST_*. */
vsr_code run_folder_adopt(struct run_folder *out, const char *path, bool lock, vsr_error *error);
/* Map its rows; to_change false: only to read. Errors: RUN_FOREIGN: rows.bin is not of this many
 * files. */
vsr_code run_folder_map(struct run_folder *folder, uint32_t file_count, bool to_change,
                        vsr_error *error);

/* What the checks of its marks begin with (engine/marks.h). */
uint64_t run_folder_seed(const struct run_folder *folder);

/* Is its run, or somebody who goes on with it, at work? Of one that was adopted without lock. */
bool run_folder_is_busy(const struct run_folder *folder);

/* The hash at the end of plan.bin, by which a journal knows its plan. Errors: RUN_FOREIGN. */
vsr_code run_folder_plan_hash(const struct run_folder *folder, uint8_t out[16], vsr_error *error);

/* Unmap, unlock, close. A folder that does not stay is removed. */
void run_folder_end(struct run_folder *folder);

#endif
