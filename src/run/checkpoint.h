/* checkpoint.h - up to which epoch (engine/marks.h) what is staged would survive a power cut.
 *
 * Once a second, beside the engine, on the thread that syncs: an epoch ends, the destinations are
 * synced, then rows and marks, and then the epoch's number is kept in "checkpoint" of the run
 * folder. A process that was merely killed needs none of this: its marks stand in the page cache.
 *
 * "checkpoint" has two slots of a sector, written in turn, each with its own check: whatever a
 * power cut leaves of the one that was being written, the other one is whole. A third one says that
 * a sync failed: what stands in the page cache may then never come to the disk, and no later sync
 * says so again (fsync(2)); whoever goes on with the run counts nothing that no epoch covers. So he
 * does where a sync was begun and nobody has told its end: notes of those stand behind the slots
 * (dest/sync_note.h). The third slot says which of both it was.
 *
 * The file is locked (flock, shared) by all who note in it: a process of the run, and those that
 * sync for it (dest/sync_child.h), which may live on for as long as the disk takes. Whoever goes on
 * waits for them: then nothing is under way any more, and the notes say how it ended. */
#ifndef RUN_CHECKPOINT_H
#define RUN_CHECKPOINT_H

#include "dest/early_sync.h"
#include "engine/marks.h"

struct checkpoint {
    int fd;
    struct sync_notes notes; /* in it; who opened it may name the folder there */
    _Atomic bool failed;     /* a sync of this process did */
    int rows_fd;             /* borrowed */
    struct marks *marks;
    uint64_t taken_ns; /* the thread's that syncs */
};

/* Open it in the run folder, made where it is missing. Who syncs borrows the address of its notes.
 * Those that an earlier process has left are a failure. Errors: DEST_*. */
vsr_code checkpoint_open(struct checkpoint *out, int dir_fd, int rows_fd, struct marks *marks,
                         vsr_error *error);
void checkpoint_close(struct checkpoint *checkpoint);

/* A sync failed: written down at once. Any thread. */
void checkpoint_fail(struct checkpoint *checkpoint);
/* Whatever that was about, before this process, is forgotten, for good: the journal, rows and
 * pieces.bin say so. What cannot be written down is done again if it comes to that. */
void checkpoint_forgive(struct checkpoint *checkpoint);

/* The calls that early_sync_open() wants. */
struct early_sync_watch checkpoint_watch(struct checkpoint *checkpoint);

/* Since the last epoch that was kept; the numbers stand in the file. */
enum checkpoint_syncs {
    SYNCS_GOOD = 0,
    SYNCS_FAILED = 1, /* one did */
    SYNCS_UNTOLD = 2  /* one may have: nobody has told its end */
};

/* The last epoch that was kept; 0: none, or nothing that can be read. What cannot be opened may say
 * anything: SYNCS_UNTOLD. */
uint32_t checkpoint_read(int dir_fd, enum checkpoint_syncs *syncs);

struct checkpoint_waiting {
    const volatile int *cancel;
    void (*on_warning)(void *context, const char *sentence); /* once, if it takes long; or NULL */
    void *context;
};

/* Nobody else is in it: wait until those who sync for a process that has ended have ended too, for
 * as long as that takes. Errors: CANCELLED, when *cancel is raised meanwhile; DEST_*: nobody can
 * tell whether they have. */
vsr_code checkpoint_wait(int dir_fd, const struct checkpoint_waiting *waiting, vsr_error *error);

#endif
