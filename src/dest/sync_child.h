/* sync_child.h - a process that calls syncfs() for us, so that nobody has to wait for it.
 *
 * A thread inside syncfs() cannot be interrupted, and a process does not end before its threads do.
 * So the call is made by a process of its own, which holds the mounts' descriptors, where it notes
 * that it syncs (dest/sync_note.h), one end of a socket, and nothing else of ours; it is nobody's
 * child (so that no caller's wait() meets it) and ends when we close our end or do, after the call
 * that it is in.
 *
 * An error that its call meets is told to it, and then to nobody else: it may be marked as seen on
 * an open file description that is ours as well. So what it was asked and has not told must be
 * taken for an error, by us when it is GONE, and by whoever goes on with the run when we are (its
 * note says so; the lock on the notes' file, which it holds on to, says when it has ended). One
 * thread at a time. */
#ifndef DEST_SYNC_CHILD_H
#define DEST_SYNC_CHILD_H

#include "dest/sync_note.h"

#include <stdbool.h>

struct sync_child {
    int fd;    /* -1: there is none */
    bool busy; /* it was asked and has not told yet */
};

/* For these descriptors, by their numbers. It notes its syncs as noter, and none as good after one
 * that failed. notes NULL: nobody asks. 0 or errno: then there is none. */
int sync_child_open(struct sync_child *out, const int *fds, uint32_t count,
                    const struct sync_notes *notes, enum sync_noter noter);
void sync_child_close(struct sync_child *child);

/* Sync one; not busy (required). False: the process is gone, and nothing was asked. */
bool sync_child_ask(struct sync_child *child, uint32_t number);

/* Wait for what was asked, at most so long, or until wake_fd (-1: none) can be read. TOLD: 0, the
 * sync's errno, or a negative one: it could not be noted, and was not begun. GONE: nobody knows
 * whether that sync failed, and no other sync would say so. */
enum sync_child_end { SYNC_CHILD_TOLD, SYNC_CHILD_WAITING, SYNC_CHILD_GONE };
enum sync_child_end sync_child_wait(struct sync_child *child, int timeout_ms, int wake_fd,
                                    int *fault);

#endif
