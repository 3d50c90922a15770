/* early_sync.c - a thread that has syncfs() called again and again.
 *
 * Beside the data's way: what it does is a matter of time alone, and what it cannot begin nobody
 * misses. Durability is publish_sync()'s; what failed here is handed to it (early_errno). */
#include "dest/early_sync.h"

#include "base/heap.h"
#include "base/own.h"
#include "base/thread.h"
#include "dest/stage_layout.h"
#include "dest/sync_child.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

static const uint64_t EARLY_SYNC_NS = 100000000;

struct early_sync {
    struct ticker *ticker;
    uint64_t syncs;
    struct sync_child child;
    int wake_fd;                   /* an eventfd: it is time to end */
    struct early_sync_watch watch; /* begin NULL: nobody */
    bool failed;                   /* some sync: nothing is told as kept from then on */
    bool told;                     /* ... to who watches */
    struct stage *stage;
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t changed;
    bool held, under_way, ending;
    /* of the thread alone again */
    uint32_t count;
    int *fds;                     /* of count mounts ... */
    struct stage_mount *mounts[]; /* ... and those */
};

/* --- whose turn it is: ours, or publish_sync()'s --- */

/* False: it is time to end. */
static bool turn_take(struct early_sync *early)
{
    (void)pthread_mutex_lock(&early->lock);
    while (early->held && !early->ending) {
        (void)pthread_cond_wait(&early->changed, &early->lock);
    }
    const bool ours = !early->ending;
    early->under_way = ours;
    (void)pthread_mutex_unlock(&early->lock);
    return ours;
}

static bool turn_is_over(struct early_sync *early)
{
    (void)pthread_mutex_lock(&early->lock);
    const bool ending = early->ending;
    (void)pthread_mutex_unlock(&early->lock);
    return ending;
}

static void turn_change(struct early_sync *early, bool *what, bool value)
{
    (void)pthread_mutex_lock(&early->lock);
    *what = value;
    (void)pthread_cond_broadcast(&early->changed);
    (void)pthread_mutex_unlock(&early->lock);
}

void early_sync_hold(struct early_sync *early)
{
    if (early != NULL) {
        turn_change(early, &early->held, true);
    }
}

void early_sync_let_go(struct early_sync *early)
{
    if (early != NULL) {
        turn_change(early, &early->held, false);
    }
}

bool early_sync_is_settled(struct early_sync *early, uint32_t timeout_ms)
{
    if (early == NULL) {
        return true;
    }
    struct timespec until;
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    const uint64_t ns = (uint64_t)until.tv_nsec + timeout_ms * UINT64_C(1000000);
    until.tv_sec += (time_t)(ns / 1000000000u);
    until.tv_nsec = (long)(ns % 1000000000u);
    int waited = 0;
    (void)pthread_mutex_lock(&early->lock);
    while (early->under_way && waited == 0) {
        waited = pthread_cond_timedwait(&early->changed, &early->lock, &until);
    }
    const bool settled = !early->under_way;
    (void)pthread_mutex_unlock(&early->lock);
    return settled;
}

/* --- the thread --- */

/* Of the file system: a mount of it may be told what another one's sync met. */
static void early_sync_failed(const struct early_sync *early, uint32_t number, int fault)
{
    struct stage *stage = early->stage;
    for (uint32_t i = 0; i < stage->mount_count; i++) {
        if (stage_is_same_file_system(&stage->mounts[i], early->mounts[number])) {
            atomic_store_explicit(&stage->mounts[i].early_errno, fault, memory_order_release);
        }
    }
}

/* False: it failed, was not begun, or was not waited for because it is time to end. */
static bool early_sync_ask(struct early_sync *early, uint32_t number)
{
    int fault = 0;
    if (!sync_child_ask(&early->child, number)) {
        return false;
    }
    enum sync_child_end end;
    do {
        end = sync_child_wait(&early->child, -1, early->wake_fd, &fault);
    } while (end == SYNC_CHILD_WAITING && !turn_is_over(early));
    if (end == SYNC_CHILD_TOLD && fault <= 0) {
        return fault == 0; /* one that cannot be noted nobody misses */
    }
    fault = fault == 0 && end == SYNC_CHILD_GONE ? EIO : fault; /* it may have been told one */
    if (fault != 0) {
        early_sync_failed(early, number, fault);
    }
    if (end != SYNC_CHILD_WAITING && !early->told && early->watch.failed != NULL) {
        early->told = true;
        early->watch.failed(early->watch.context);
    }
    return false;
}

/* Its error is told before it counts as no more under way. */
static bool early_sync_one(struct early_sync *early, uint32_t number)
{
    if (!turn_take(early)) {
        return false;
    }
    const bool synced = early_sync_ask(early, number);
    turn_change(early, &early->under_way, early->child.busy);
    return synced;
}

static void early_sync_round(void *context)
{
    struct early_sync *early = context;
    const struct early_sync_watch *watch = &early->watch;
    if (early->child.busy) {
        return; /* it is time to end */
    }
    const uint32_t round = watch->begin != NULL ? watch->begin(watch->context) : 0;
    for (uint32_t i = 0; i < early->count && !early->child.busy; i++) {
        const bool synced = early_sync_one(early, i);
        early->syncs += synced;
        early->failed = early->failed || !synced;
    }
    if (round != 0 && !early->failed) {
        watch->kept(watch->context, round);
    }
}

static void early_sync_free(struct early_sync *early)
{
    for (uint32_t i = 0; i < early->count; i++) {
        (void)close(early->fds[i]);
    }
    sync_child_close(&early->child);
    own_fd_drop(&early->wake_fd);
    (void)pthread_cond_destroy(&early->changed);
    (void)pthread_mutex_destroy(&early->lock);
    free(early->fds);
    free(early);
}

static struct early_sync *early_sync_create(struct stage *stage,
                                            const struct early_sync_watch *watch)
{
    struct early_sync *early =
        heap_alloc(1, sizeof *early + stage->mount_count * sizeof early->mounts[0]);
    pthread_condattr_t clock;
    early->stage = stage;
    early->fds = heap_alloc(stage->mount_count + 1u, sizeof *early->fds);
    early->watch = watch != NULL ? *watch : (struct early_sync_watch){0};
    early->child.fd = -1;
    early->wake_fd = eventfd(0, EFD_CLOEXEC);
    (void)pthread_condattr_init(&clock);
    (void)pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    (void)pthread_mutex_init(&early->lock, NULL);
    (void)pthread_cond_init(&early->changed, &clock);
    (void)pthread_condattr_destroy(&clock);
    return early;
}

struct early_sync *early_sync_open(struct stage *stage, const struct early_sync_watch *watch)
{
    struct early_sync *early = early_sync_create(stage, watch);
    for (uint32_t i = 0; i < stage->mount_count; i++) {
        struct stage_mount *mount = &stage->mounts[i];
        if (mount->abilities.memory_backed || mount->abilities.is_fuse) {
            continue;
        }
        const int fd = openat(mount->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        early->failed = early->failed || fd < 0; /* what is not synced is not kept */
        if (fd >= 0) {
            early->mounts[early->count] = mount;
            early->fds[early->count++] = fd;
        }
    }
    if (early->count == 0 || early->wake_fd < 0 ||
        sync_child_open(&early->child, early->fds, early->count, stage->options.sync_notes,
                        SYNC_NOTER_EARLY) != 0) {
        early_sync_free(early);
        return NULL;
    }
    stage->early = early;
    return early;
}

void early_sync_begin(struct early_sync *early)
{
    if (early != NULL) {
        early->ticker = ticker_begin("vsr-early-sync", EARLY_SYNC_NS, early_sync_round, early);
    }
}

uint64_t early_sync_end(struct early_sync *early)
{
    if (early == NULL) {
        return 0;
    }
    const uint64_t one = 1;
    early->stage->early = NULL;
    turn_change(early, &early->ending, true);
    (void)!write(early->wake_fd, &one, sizeof one);
    ticker_end(early->ticker);
    const uint64_t syncs = early->syncs;
    early_sync_free(early);
    return syncs;
}
