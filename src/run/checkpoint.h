/* checkpoint.h - up to which epoch (engine/marks.h) what is staged would survive a power cut.
 *
 * Once a second, beside the engine, on the thread that syncs: an epoch ends, the destinations are
 * synced, then rows and marks, and then the epoch's number is kept in "checkpoint" of the run
 * folder. A process that was merely killed needs none of this: its marks stand in the page cache.
 *
 * "checkpoint" has two slots of a sector, written in turn, each with its own check: whatever a
 * power cut leaves of the one that was being written, the other one is whole. A third one says that
 * a sync failed: what stands in the page cache may then never come to the disk, and no later sync
 * says so again (fsync(2)); whoever goes on with the run counts nothing that no epoch covers. */
#ifndef RUN_CHECKPOINT_H
#define RUN_CHECKPOINT_H

#include "dest/early_sync.h"
#include "engine/marks.h"

struct checkpoint {
    int fd;
    int rows_fd; /* borrowed */
    struct marks *marks;
    uint64_t taken_ns; /* the thread's that syncs */
};

/* Open it in the run folder, made where it is missing. Errors: DEST_*. */
vsr_code checkpoint_open(struct checkpoint *out, int dir_fd, int rows_fd, struct marks *marks,
                         vsr_error *error);
void checkpoint_close(struct checkpoint *checkpoint);

/* A sync failed: written down at once. Any thread. */
void checkpoint_fail(const struct checkpoint *checkpoint);
/* Whatever that was about is forgotten, for good: the journal, rows and pieces.bin say so. What
 * cannot be written down is done again if it comes to that. */
void checkpoint_forgive(const struct checkpoint *checkpoint);

/* The calls that early_sync_open() wants. */
struct early_sync_watch checkpoint_watch(struct checkpoint *checkpoint);

/* The last epoch that was kept; 0: none, or nothing that can be read. *failed: a sync did since. */
uint32_t checkpoint_read(int dir_fd, bool *failed);

#endif
