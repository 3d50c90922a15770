/* early_sync.c - a thread that calls syncfs() again and again.
 *
 * Beside the data's way: what it does is a matter of time alone, and what it cannot do nobody
 * misses. Durability, and every error, is publish_sync()'s. */
#include "dest/early_sync.h"

#include "base/heap.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static const long EARLY_SYNC_NS = 100000000;

struct early_sync {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t ended;
    bool end; /* under lock */
    uint64_t syncs;
    struct early_sync_watch watch; /* begin NULL: nobody */
    bool failed;                   /* some sync: nothing is told as kept from then on */
    uint32_t count;
    int fds[]; /* of count mounts */
};

/* False: it is time to end. */
static bool early_sync_pause(struct early_sync *early)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += EARLY_SYNC_NS;
    if (until.tv_nsec >= 1000000000) {
        until.tv_nsec -= 1000000000;
        until.tv_sec++;
    }
    int waited = 0;
    (void)pthread_mutex_lock(&early->lock);
    while (!early->end && waited == 0) {
        waited = pthread_cond_timedwait(&early->ended, &early->lock, &until);
    }
    const bool end = early->end;
    (void)pthread_mutex_unlock(&early->lock);
    return !end;
}

static void early_sync_round(struct early_sync *early)
{
    const struct early_sync_watch *watch = &early->watch;
    const uint32_t round = watch->begin != NULL ? watch->begin(watch->context) : 0;
    for (uint32_t i = 0; i < early->count; i++) {
        const bool synced = syncfs(early->fds[i]) == 0;
        early->syncs += synced;
        early->failed = early->failed || !synced;
    }
    if (round != 0 && !early->failed) {
        watch->kept(watch->context, round);
    }
}

static void *early_sync_run(void *argument)
{
    struct early_sync *early = argument;
    while (early_sync_pause(early)) {
        early_sync_round(early);
    }
    return NULL;
}

static void early_sync_free(struct early_sync *early)
{
    for (uint32_t i = 0; i < early->count; i++) {
        (void)close(early->fds[i]);
    }
    (void)pthread_cond_destroy(&early->ended);
    (void)pthread_mutex_destroy(&early->lock);
    free(early);
}

/* Signals are the control thread's. */
static int early_sync_start(struct early_sync *early)
{
    sigset_t all, before;
    (void)sigfillset(&all);
    const int masking = pthread_sigmask(SIG_SETMASK, &all, &before);
    if (masking != 0) {
        return masking;
    }
    const int fault = pthread_create(&early->thread, NULL, early_sync_run, early);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return fault;
}

struct early_sync *early_sync_begin(const struct stage *stage, const struct early_sync_watch *watch)
{
    struct early_sync *early =
        heap_alloc(1, sizeof *early + stage->mount_count * sizeof early->fds[0]);
    pthread_condattr_t clock;
    early->watch = watch != NULL ? *watch : (struct early_sync_watch){0};
    (void)pthread_condattr_init(&clock);
    (void)pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    (void)pthread_mutex_init(&early->lock, NULL);
    (void)pthread_cond_init(&early->ended, &clock);
    (void)pthread_condattr_destroy(&clock);
    for (uint32_t i = 0; i < stage->mount_count; i++) {
        const struct stage_mount *mount = &stage->mounts[i];
        if (mount->abilities.memory_backed || mount->abilities.is_fuse) {
            continue;
        }
        const int fd = openat(mount->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd >= 0) {
            early->fds[early->count++] = fd;
        }
    }
    if (early->count == 0 || early_sync_start(early) != 0) {
        early_sync_free(early);
        return NULL;
    }
    return early;
}

uint64_t early_sync_end(struct early_sync *early)
{
    if (early == NULL) {
        return 0;
    }
    (void)pthread_mutex_lock(&early->lock);
    early->end = true;
    (void)pthread_cond_signal(&early->ended);
    (void)pthread_mutex_unlock(&early->lock);
    (void)pthread_join(early->thread, NULL);
    const uint64_t syncs = early->syncs;
    early_sync_free(early);
    return syncs;
}
