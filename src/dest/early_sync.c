/* early_sync.c - a thread that calls syncfs() again and again.
 *
 * Beside the data's way: what it does is a matter of time alone, and what it cannot do nobody
 * misses. Durability, and every error, is publish_sync()'s. */
#include "dest/early_sync.h"

#include "base/heap.h"
#include "base/thread.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static const uint64_t EARLY_SYNC_NS = 100000000;

struct early_sync {
    struct ticker *ticker;
    uint64_t syncs;
    struct early_sync_watch watch; /* begin NULL: nobody */
    bool failed;                   /* some sync: nothing is told as kept from then on */
    uint32_t count;
    int fds[]; /* of count mounts */
};

static void early_sync_round(void *context)
{
    struct early_sync *early = context;
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

static void early_sync_free(struct early_sync *early)
{
    for (uint32_t i = 0; i < early->count; i++) {
        (void)close(early->fds[i]);
    }
    free(early);
}

struct early_sync *early_sync_begin(const struct stage *stage, const struct early_sync_watch *watch)
{
    struct early_sync *early =
        heap_alloc(1, sizeof *early + stage->mount_count * sizeof early->fds[0]);
    early->watch = watch != NULL ? *watch : (struct early_sync_watch){0};
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
    if (early->count > 0) {
        early->ticker = ticker_begin(EARLY_SYNC_NS, early_sync_round, early);
    }
    if (early->ticker == NULL) {
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
    ticker_end(early->ticker);
    const uint64_t syncs = early->syncs;
    early_sync_free(early);
    return syncs;
}
