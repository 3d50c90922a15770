/* publish_sync.c - one mount synced, and how long that is waited for.
 *
 * Errors are sticky: what a sync that failed did not cover is never reported as covered by a later
 * one. A sync whose end nobody has told counts as one that failed: no later one would say so. And
 * a good one counts when no early one is under way that may have been told its error. */
#include "dest/publish.h"

#include "base/cancel.h"
#include "base/clock.h"
#include "base/heap.h"
#include "dest/early_sync.h"
#include "dest/stage_layout.h"
#include "dest/sync_child.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

/* A run that is cancelled ends within five seconds; the rest of its end wants some of them. */
static const uint64_t SYNC_PATIENCE_NS = 2000000000;
enum { SYNC_LOOK_MS = 50 };

struct stage_syncing {
    struct sync_child child;
    const volatile int *cancel;
    uint64_t cancelled_ns; /* when that was seen first; 0: not yet */
};

void publish_sync_begin(struct stage *stage, const volatile int *cancel)
{
    bool disk = false;
    for (uint32_t i = 0; i < stage->mount_count; i++) {
        disk = disk || !stage->mounts[i].abilities.memory_backed;
    }
    if (cancel == NULL || !disk) {
        return;
    }
    int *fds = heap_alloc(stage->mount_count, sizeof *fds);
    struct stage_syncing *syncing = heap_alloc(1, sizeof *syncing);
    for (uint32_t i = 0; i < stage->mount_count; i++) {
        fds[i] = stage->mounts[i].top.fd;
    }
    syncing->cancel = cancel;
    if (sync_child_open(&syncing->child, fds, stage->mount_count, stage->options.sync_notes,
                        SYNC_NOTER_PUBLISH) == 0) {
        stage->syncing = syncing;
    } else {
        free(syncing);
    }
    free(fds);
}

void publish_sync_end(struct stage *stage)
{
    if (stage->syncing != NULL) {
        sync_child_close(&stage->syncing->child);
        free(stage->syncing);
        stage->syncing = NULL;
    }
}

/* Has it been cancelled for longer than is waited? */
static bool sync_is_over(struct stage_syncing *syncing)
{
    if (cancel_number(syncing->cancel) != 0 && syncing->cancelled_ns == 0) {
        syncing->cancelled_ns = clock_monotonic_ns();
    }
    return syncing->cancelled_ns != 0 &&
           clock_monotonic_ns() - syncing->cancelled_ns >= SYNC_PATIENCE_NS;
}

/* By this thread. Errors come as the child tells them. */
static int sync_here(const struct stage *stage, uint32_t mount)
{
    const int unnoted = sync_note_begin(stage->options.sync_notes, SYNC_NOTER_PUBLISH);
    if (unnoted != 0) {
        return -unnoted;
    }
    if (syncfs(stage->mounts[mount].top.fd) != 0) {
        return errno;
    }
    /* a failure before was written down for good */
    sync_note_good(stage->options.sync_notes, SYNC_NOTER_PUBLISH);
    return 0;
}

/* The same, and ECANCELED: it was not waited for. */
static int sync_ask(struct stage *stage, uint32_t mount)
{
    struct stage_syncing *syncing = stage->syncing;
    int fault = 0;
    if (syncing != NULL && syncing->child.busy) {
        return ECANCELED;
    }
    if (syncing == NULL || !sync_child_ask(&syncing->child, mount)) {
        return sync_here(stage, mount);
    }
    enum sync_child_end end = SYNC_CHILD_WAITING;
    while (end == SYNC_CHILD_WAITING && !sync_is_over(syncing)) {
        end = sync_child_wait(&syncing->child, SYNC_LOOK_MS, -1, &fault);
    }
    return end == SYNC_CHILD_TOLD ? fault : end == SYNC_CHILD_GONE ? EIO : ECANCELED;
}

/* What a sync of the early thread has met counts as met by ours: some of it is told once. */
static int sync_met_early(struct stage *stage, uint32_t mount)
{
    while (!early_sync_is_settled(stage->early, SYNC_LOOK_MS)) {
        if (stage->syncing != NULL && sync_is_over(stage->syncing)) {
            return ECANCELED;
        }
    }
    return atomic_load_explicit(&stage->mounts[mount].early_errno, memory_order_acquire);
}

/* 0, an errno of the sync or of an early one, ECANCELED, or -errno: not begun. */
static int sync_wait(struct stage *stage, uint32_t mount)
{
    early_sync_hold(stage->early);
    int fault = sync_ask(stage, mount);
    fault = fault != 0 ? fault : sync_met_early(stage, mount);
    early_sync_let_go(stage->early);
    return fault;
}

void publish_sync_failed(struct stage *stage, uint32_t mount, int os_errno)
{
    for (uint32_t i = 0; i < stage->mount_count; i++) {
        struct stage_mount *m = &stage->mounts[i];
        if (stage_is_same_file_system(m, &stage->mounts[mount])) { /* it may be told once */
            m->sync_errno = m->sync_errno != 0 ? m->sync_errno : os_errno;
        }
    }
    if (stage->options.on_sync_failed != NULL) {
        stage->options.on_sync_failed(stage->options.context);
    }
}

void publish_sync_unnoted(struct stage *stage, int os_errno)
{
    int none = 0;
    (void)atomic_compare_exchange_strong(&stage->unnoted_errno, &none, os_errno);
}

/* Was there one? Then what it was about is not known to be durable, and no other is begun. */
static vsr_code sync_noted(struct stage *stage, vsr_error *error)
{
    const int fault = atomic_load(&stage->unnoted_errno);
    const struct sync_notes *notes = stage->options.sync_notes;
    if (fault == 0) {
        return VSR_OK;
    }
    errno = fault;
    return err_sys(error, err_dest_code(fault), "dest/publish",
                   "cannot note in `checkpoint` of the run folder %s that a sync begins, so that "
                   "none was; make room there, or mend that disk, and go on by `vssrestore resume`",
                   notes != NULL && notes->folder != NULL ? notes->folder : "");
}

vsr_code publish_sync(struct stage *stage, uint32_t mount, vsr_error *error)
{
    struct stage_mount *m = &stage->mounts[mount];
    const vsr_code noted = sync_noted(stage, error);
    if (noted != VSR_OK) {
        return noted;
    }
    if (m->sync_errno == 0) {
        const uint64_t began_ns = clock_monotonic_ns();
        const int fault = sync_wait(stage, mount);
        stage->synced_ns += clock_monotonic_ns() - began_ns;
        stage->sync_count++;
        if (fault == ECANCELED) {
            return err_set(error, VSR_ERR_CANCELLED, "dest/publish",
                           "a sync was not waited for: the run was cancelled");
        }
        if (fault < 0) {
            publish_sync_unnoted(stage, -fault);
            return sync_noted(stage, error);
        }
        if (fault != 0) {
            publish_sync_failed(stage, mount, fault);
        }
    }
    if (m->sync_errno != 0) {
        errno = m->sync_errno;
        return err_sys(error, err_dest_code(errno), "dest/publish",
                       "what was written cannot be made durable");
    }
    return VSR_OK;
}
