/* early_sync.h - dirty pages on their way to the disk while the engine still writes.
 *
 * A unit's commit waits for one syncfs() of all that it wrote. When a thread has called it every
 * tenth of a second before, little is left to wait for: 16 % less for a hundred thousand small
 * files on ext4.
 *
 * An error of a disk may be told to one sync alone, although two of them wait for it. What a file's
 * pages meet is kept for each open file description of the file system (fsync(2), since Linux 5.8),
 * so that a commit's own sync is told whatever an early one was. But what blocks of folders,
 * inodes and free space meet, where they are written through the block device's own pages (ext4
 * without a journal, ext2, FAT), is told to whoever asks first; so is what a file system's own
 * sync_fs() returns, and all of it on an older Linux. So a sync of publish_sync() is not believed
 * before each early one that may have taken its error has told how it ended, and none is begun
 * while it is made. */
#ifndef DEST_EARLY_SYNC_H
#define DEST_EARLY_SYNC_H

#include "dest/stage.h"

struct early_sync; /* heap */

/* Who wants to know what is on stable storage by then; called on the thread that syncs. */
struct early_sync_watch {
    void *context;
    /* A round begins: a number for it, or 0: it is not asked about. */
    uint32_t (*begin)(void *context);
    /* All that was written before begin() is on stable storage, as far as a sync reaches: not in
     * memory (tmpfs), not behind FUSE. Not called when a mount failed in this round or before. */
    void (*kept)(void *context, uint32_t round);
    /* A sync failed, or nobody knows how it ended; once. */
    void (*failed)(void *context);
};

/* For the stage's mounts that a sync reaches and that are no memory. Each through a descriptor of
 * its own, by a process of its own (dest/sync_child.h; so before threads and buffers are many). An
 * error that it meets, or may have met when its process is gone, is told to publish_sync() by
 * early_errno of each mount of that file system. The stage stays until early_sync_end(), and knows
 * of it until then. watch is copied; NULL: nobody. NULL: no mount wants it, or there is no process
 * to be had; nothing is lost by that. Control thread. */
struct early_sync *early_sync_open(struct stage *stage, const struct early_sync_watch *watch);

/* Sync from now on. NULL is fine. */
void early_sync_begin(struct early_sync *early);

/* For publish_sync(). From here on until early_sync_let_go(), none is begun. NULL is fine, in all
 * three. Control thread. */
void early_sync_hold(struct early_sync *early);
/* Is none under way any more? Waits for that, at most so long. Then early_errno of each mount says
 * whatever those met that have been begun. */
bool early_sync_is_settled(struct early_sync *early, uint32_t timeout_ms);
void early_sync_let_go(struct early_sync *early);

/* At once: one that is under way is not waited for, and nobody learns how it ends. So after the
 * last publish_sync(). NULL is fine. How many syncs there were. */
uint64_t early_sync_end(struct early_sync *early);

#endif
