/* direct_read.c - cold media past the page cache: a frame by one read of whole blocks into the
 * slot's buffer, without a copy, and without pushing out of memory what others need.
 *
 * Only for what is not cached: what is, the kernel copies faster than a disk reads. Says
 * nothing of what is wrong with a read: whatever does not bring the whole frame is done again
 * through the page cache, which tells the cause. */
#include "engine/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* cachestat(2), Linux 6.5: newer than the headers that we build with. */
#define DIRECT_SYS_CACHESTAT 451
struct direct_cache_range {
    uint64_t offset, bytes;
};
struct direct_cache_facts {
    uint64_t cached, dirty, writeback, evicted, recently_evicted; /* pages */
};

/* Of the file and of memory; what wants more is refused by the kernel, once. */
enum { DIRECT_ALIGN_BYTES = 4096 };
/* With fewer reads in flight than this the kernel's reading ahead is faster. */
enum { DIRECT_SLOTS_MIN = 4 };

void direct_read_init(struct worker *worker)
{
    const struct budget *budget = worker->input->budget;
    worker->direct_media =
        budget->ring == RING_URING && budget->slots >= DIRECT_SLOTS_MIN && worker->stream == NULL;
    for (uint32_t i = 0; i < worker->slot_count; i++) {
        worker->slots[i].direct_fd = -1;
    }
}

void direct_read_fini(struct worker *worker)
{
    for (uint32_t i = 0; i < worker->slot_count; i++) {
        if (worker->slots[i].direct_fd >= 0) {
            (void)close(worker->slots[i].direct_fd);
            worker->slots[i].direct_fd = -1;
        }
    }
}

/* Is some of it not in the page cache? Asked before anything is read, because trying that makes the
 * kernel read ahead. False also where it cannot say, or may not say it to us: not asked again. */
static bool direct_is_cold(struct worker *worker, const struct slot *slot, int fd, uint64_t offset,
                           uint64_t bytes)
{
    const struct direct_cache_range range = {offset, bytes};
    struct direct_cache_facts facts = {0};
    if (syscall(DIRECT_SYS_CACHESTAT, fd, &range, &facts, 0) != 0) {
        worker->direct_media = false;
        return false;
    }
    return facts.cached < slot_round_up(bytes, slot->page_bytes) / slot->page_bytes;
}

/* The pack once more, by the descriptor that is open: no name leads to another file. */
static bool direct_open(struct slot *slot, const struct source *source)
{
    char path[sizeof "/proc/self/fd/" + 10];
    if (slot->direct_fd >= 0 && slot->direct_pack == slot->frame->pack) {
        return true;
    }
    if (slot->direct_fd >= 0) {
        (void)close(slot->direct_fd);
    }
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", source->fd);
    slot->direct_fd = open(path, O_RDONLY | O_DIRECT | O_CLOEXEC);
    slot->direct_pack = slot->frame->pack;
    return slot->direct_fd >= 0;
}

bool direct_read_begin(struct worker *worker, struct slot *slot)
{
    const struct index_chunk *frame = slot->frame;
    const struct source *source = &worker->input->set->packs[frame->pack];
    const uint32_t ahead = (uint32_t)(frame->frame_offset % DIRECT_ALIGN_BYTES);
    const uint64_t count = slot_round_up(ahead + (uint64_t)frame->frame_bytes, DIRECT_ALIGN_BYTES);
    if (!worker->direct_media ||
        !direct_is_cold(worker, slot, source->fd, frame->frame_offset - ahead,
                        ahead + (uint64_t)frame->frame_bytes)) {
        return false;
    }
    if (!direct_open(slot, source)) {
        worker->direct_media = false;
        return false;
    }
    const struct ring_operation all = {
        .fd = slot->direct_fd,
        .bytes = slot_stored_base(slot),
        .count = (uint32_t)count,
        .offset = frame->frame_offset - ahead,
        .tag = (uint32_t)(slot - worker->slots),
    };
    slot->is_direct = true;
    slot->stored = slot_stored_base(slot) + ahead;
    ring_read(worker->ring, &all);
    return true;
}

bool direct_read_done(struct worker *worker, struct slot *slot, int32_t result)
{
    const struct index_chunk *frame = slot->frame;
    const char *base = slot_stored_base(slot);
    const uint64_t wanted = (uint64_t)(slot->stored - base) + frame->frame_bytes;
    slot->is_direct = false;
    if (result < 0 || (uint64_t)result < wanted) {
        /* stricter than it said, or no kernel's ring any more: not tried again */
        worker->direct_media = worker->direct_media && result != -EINVAL && result != -EINTR;
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
