/* sync_note.h - a sync that was begun is written down until it has succeeded.
 *
 * The kernel tells an error of a sync once to each open file description, and not to those that are
 * opened when somebody was told already (fsync(2)). So when a process is killed inside a sync, or
 * with an error that it has told nobody, no later sync says that data were lost. Whoever finds such
 * a note when he goes on takes that sync for failed.
 *
 * A byte for each of those who sync, one sync of each at a time: 1 from before it until it has
 * succeeded; who failed leaves it. Workers have none: what they sync is marked after that. Nothing
 * of a note is synced: it counts within one boot, and after another one nothing that is only in the
 * page cache is believed anyway.
 *
 * Where a file system copies what it overwrites, a full disk may refuse even that byte. Then no
 * sync is begun: what cannot be noted could be forgotten. That is a failure of the run folder, not
 * of the destination, and ends the run as one of its journal does (publish_sync_unnoted()). */
#ifndef DEST_SYNC_NOTE_H
#define DEST_SYNC_NOTE_H

#include <stdint.h>

struct sync_notes {
    int fd; /* borrowed; the bytes are allocated */
    uint64_t offset;
    const char *folder; /* where the file is, for people; borrowed */
};

enum sync_noter {
    SYNC_NOTER_PUBLISH, /* publish_sync(), by whatever process */
    SYNC_NOTER_EARLY,
    SYNC_NOTER_ENTRIES, /* of the control thread: files and directories one by one */
    SYNC_NOTER_COUNT
};

/* 0 or errno: then it cannot be noted, and is not to be begun. notes NULL: nobody asks. Any thread;
 * nothing but a system call. */
int sync_note_begin(const struct sync_notes *notes, uint32_t noter);
void sync_note_good(const struct sync_notes *notes, uint32_t noter);

#endif
