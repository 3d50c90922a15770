/* direct_read.c - cold media past the page cache: a frame by one read of whole blocks into the
 * slot's buffer, without a copy, and without pushing out of memory what others need.
 *
 * Only for what is not cached: what is, the kernel copies faster than a disk reads. Says
 * nothing of what is wrong with a read: whatever does not bring the whole frame is done again
 * through the page cache, which tells the cause. */
#include "engine/page_cache.h"
#include "engine/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

/* Of the file and of memory; what wants more is refused by the kernel, once. */
enum { DIRECT_ALIGN_BYTES = 4096 };
/* With fewer reads in flight than this the kernel's reading ahead is faster. */
enum { DIRECT_SLOTS_MIN = 4 };
/* As many may be in flight when the first one is told; after these it is the file system's way. */
enum { DIRECT_MISSES_MAX = 32 };

void direct_read_init(struct worker *worker)
{
    const struct budget *budget = worker->input->budget;
    worker->direct_media =
        budget->ring == RING_URING && budget->slots >= DIRECT_SLOTS_MIN && worker->stream == NULL;
    for (int i = 0; i < WORKER_DIRECT_PACKS; i++) {
        worker->direct_packs[i] = (struct direct_pack){.pack = MARK_NONE, .fd = -1};
    }
}

void direct_read_fini(struct worker *worker)
{
    for (int i = 0; i < WORKER_DIRECT_PACKS; i++) {
        if (worker->direct_packs[i].fd >= 0) {
            (void)close(worker->direct_packs[i].fd);
            worker->direct_packs[i].fd = -1;
        }
    }
}

/* Is some of it not in the page cache? False also where nobody can say: not asked again. */
static bool direct_is_cold(struct worker *worker, const struct slot *slot, int fd, uint64_t offset,
                           uint64_t bytes)
{
    const enum page_cache_answer answer =
        page_cache_ask(fd, offset, bytes, slot->page_bytes, &worker->direct_by_mapping);
    worker->direct_media = answer != PAGE_CACHE_UNKNOWN;
    return answer == PAGE_CACHE_LACKS_SOME;
}

/* File systems that keep what they cache elsewhere, and say that nothing is. */
static bool direct_is_told_wrong(int fd)
{
    static const uint32_t types[] = {OVERLAYFS_SUPER_MAGIC, 0x2fc12fc1 /* ZFS */};
    struct statfs facts;
    bool found = fstatfs(fd, &facts) != 0;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        found = found || (uint32_t)facts.f_type == types[i];
    }
    return found;
}

/* The pack once more, by the descriptor that is open. NULL: not now, or not at all. */
static struct direct_pack *direct_open(struct worker *worker, uint32_t pack)
{
    const struct source *source = &worker->input->set->packs[pack];
    struct direct_pack *free_one = NULL;
    char path[sizeof "/proc/self/fd/" + 10];
    for (int i = 0; i < WORKER_DIRECT_PACKS; i++) {
        struct direct_pack *one = &worker->direct_packs[i];
        if (one->fd >= 0 && one->pack == pack) {
            return one;
        }
        free_one = one->in_flight == 0 ? one : free_one;
    }
    if (free_one == NULL) {
        return NULL;
    }
    if (free_one->fd >= 0) {
        (void)close(free_one->fd);
    }
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", source->fd);
    free_one->pack = pack;
    free_one->fd =
        direct_is_told_wrong(source->fd) ? -1 : open(path, O_RDONLY | O_DIRECT | O_CLOEXEC);
    worker->direct_media = free_one->fd >= 0;
    return worker->direct_media ? free_one : NULL;
}

bool direct_read_begin(struct worker *worker, struct slot *slot)
{
    const struct index_chunk *frame = slot->frame;
    const int fd = worker->input->set->packs[frame->pack].fd;
    const uint32_t ahead = (uint32_t)(frame->frame_offset % DIRECT_ALIGN_BYTES);
    const uint64_t bytes = ahead + (uint64_t)frame->frame_bytes;
    const uint64_t begin = frame->frame_offset - ahead;
    if (!worker->direct_media || !direct_is_cold(worker, slot, fd, begin, bytes)) {
        return false;
    }
    slot->direct = direct_open(worker, frame->pack);
    if (slot->direct == NULL) {
        return false;
    }
    const struct ring_operation all = {
        .fd = slot->direct->fd,
        .bytes = slot_stored_base(slot),
        .count = (uint32_t)slot_round_up(bytes, DIRECT_ALIGN_BYTES),
        .offset = begin,
        .tag = (uint32_t)(slot - worker->slots),
    };
    slot->direct->in_flight++;
    slot->stored = slot_stored_base(slot) + ahead;
    ring_read(worker->ring, &all);
    return true;
}

bool direct_read_done(struct worker *worker, struct slot *slot, int32_t result)
{
    const struct index_chunk *frame = slot->frame;
    const char *base = slot_stored_base(slot);
    const uint64_t wanted = (uint64_t)(slot->stored - base) + frame->frame_bytes;
    slot->direct->in_flight--;
    slot->direct = NULL;
    if (result < 0 || (uint64_t)result < wanted) {
        worker->direct_misses++; /* EINVAL: the kernel is stricter than it said */
        worker->direct_media =
            worker->direct_media && result != -EINVAL && worker->direct_misses < DIRECT_MISSES_MAX;
        slot->stored = slot->stored_home;
        return false;
    }
    if (frame->frame_bytes == frame->frame_plain_bytes + FRAME_OVERHEAD_BYTES) {
        /* not compressed: its block is what will be written, and must be aligned for that */
        memmove(slot->stored_home, slot->stored, frame->frame_bytes);
        slot->stored = slot->stored_home;
    }
    slot->moved_bytes = frame->frame_bytes;
    meter_add(&worker->meter.stored_bytes_read, frame->frame_bytes);
    meter_add(&worker->meter.direct_read_bytes, frame->frame_bytes);
    return true;
}
