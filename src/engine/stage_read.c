/* stage_read.c - stored bytes of one frame from the media into the slot's buffer.
 *
 * A file is read at once if it is cached, else by the ring: past the page cache where not all of it
 * is there (direct_read.c). What has no descriptor is read here and now by its function
 * (media/source.h).
 * A read that ends early goes on where it ended, a bounded number of times without progress.
 * A pack that is not there is MEDIA_MISSING, one that ends inside the frame is damaged. */
#include "engine/worker.h"

#include "base/bug.h"
#include "base/cancel.h"

#include <errno.h>
#include <time.h>

static const struct source *read_source(const struct worker *worker, const struct slot *slot)
{
    return &worker->input->set->packs[slot->frame->pack];
}

/* What is left to be read of the slot's frame. */
static struct ring_operation read_rest(const struct worker *worker, const struct slot *slot)
{
    const struct index_chunk *frame = slot->frame;
    return (struct ring_operation){
        .fd = read_source(worker, slot)->fd,
        .bytes = slot->stored + slot->moved_bytes,
        .count = frame->frame_bytes - slot->moved_bytes,
        .offset = frame->frame_offset + slot->moved_bytes,
        .tag = (uint32_t)(slot - worker->slots),
    };
}

static enum slot_state read_queue(struct worker *worker, struct slot *slot)
{
    const struct ring_operation rest = read_rest(worker, slot);
    ring_read(worker->ring, &rest);
    return SLOT_READ;
}

/* What a read came to. SLOT_READ: there is more of the frame. */
static enum slot_state read_take(struct worker *worker, struct slot *slot, int32_t result)
{
    if (result < 0 && result != -EINTR && result != -EAGAIN) {
        return slot_fail(worker, slot, OUTCOME_MEDIA_MISSING, -result);
    }
    if (result == 0) {
        return slot_fail(worker, slot, OUTCOME_MEDIA_CORRUPT, 0); /* the pack ends here */
    }
    if (result > 0) {
        slot->moved_bytes += (uint32_t)result;
        slot->retries = 0;
        meter_add(&worker->meter.stored_bytes_read, (uint64_t)result);
    } else if (++slot->retries > IO_RETRIES_MAX) {
        return slot_fail(worker, slot, OUTCOME_MEDIA_MISSING, -result);
    }
    VSR_REQUIRE(slot->moved_bytes <= slot->frame->frame_bytes);
    return slot->moved_bytes == slot->frame->frame_bytes ? SLOT_DECODE : SLOT_READ;
}

/* A function gave a read up. Because the run was told to end? Then the engine is stopped soon, if
 * it is not yet: who ends before would be taken for one whom nobody had cancelled. */
static bool read_is_stopped(const struct worker *worker)
{
    const struct timespec slice = {.tv_nsec = 5000000};
    while (!atomic_load_explicit(worker->stop, memory_order_acquire)) {
        if (cancel_number(worker->input->cancel) == 0) {
            return false;
        }
        (void)clock_nanosleep(CLOCK_MONOTONIC, 0, &slice, NULL);
    }
    return true;
}

/* All of it, by the function of a source without a descriptor. */
static enum slot_state read_here(struct worker *worker, struct slot *slot)
{
    enum slot_state state = SLOT_READ;
    while (state == SLOT_READ) {
        const struct ring_operation rest = read_rest(worker, slot);
        const int64_t got =
            source_read_at(read_source(worker, slot), rest.offset, rest.bytes, rest.count);
        state = got == -ECANCELED && read_is_stopped(worker)
                    ? slot_fail(worker, slot, OUTCOME_CANCELLED, 0)
                    : read_take(worker, slot, (int32_t)got); /* no more than a frame */
    }
    meter_mark(&worker->meter, WORK_READ);
    return state;
}

enum slot_state stage_read(struct worker *worker, struct slot *slot)
{
    const struct index_chunk *frame = slot->frame;
    const struct source *source = read_source(worker, slot);
    VSR_REQUIRE(frame->frame_bytes <= worker->input->budget->stored_bytes_max);
    VSR_REQUIRE(frame->frame_plain_bytes <= worker->input->budget->plain_bytes_max);
    slot->moved_bytes = 0;
    slot->retries = 0;
    slot->stored = slot->stored_home;
    if (!source_has_fd(source)) {
        return source_is_open(source)
                   ? read_here(worker, slot)
                   : slot_fail(worker, slot, OUTCOME_MEDIA_MISSING, source->os_errno);
    }
    if (direct_read_begin(worker, slot)) {
        meter_mark(&worker->meter, WORK_READ);
        return SLOT_READ;
    }
    const struct ring_operation all = read_rest(worker, slot);
    const int32_t now = ring_read_now(worker->ring, &all);
    meter_mark(&worker->meter, WORK_READ);
    return now == -EAGAIN ? read_queue(worker, slot) : stage_read_done(worker, slot, now);
}

enum slot_state stage_read_done(struct worker *worker, struct slot *slot, int32_t result)
{
    if (slot->direct != NULL) {
        return direct_read_done(worker, slot, result) ? SLOT_DECODE : read_queue(worker, slot);
    }
    const enum slot_state state = read_take(worker, slot, result);
    return state == SLOT_READ ? read_queue(worker, slot) : state;
}
