/* ring_sync.c - a ring without a kernel ring: a read is done at once, and each wait carries out one
 * queued operation.
 *
 * One and not all, so that a frame is decoded while it is still in this core's cache. For
 * containers that forbid io_uring, and for tests, which inject faults here. */
#include "base/bug.h"
#include "base/heap.h"
#include "engine/ring_inside.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

ring_fault *ring_sync_fault;

struct ring_sync_entry {
    struct ring_operation operation;
    bool write;
};

struct ring_sync {
    struct ring ring;
    uint32_t first; /* the oldest of ring.in_flight entries */
    uint32_t count;
    struct ring_sync_entry entries[];
};

static void ring_sync_queue(struct ring *ring, const struct ring_operation *operation, bool write)
{
    struct ring_sync *sync = (struct ring_sync *)ring;
    sync->entries[(sync->first + sync->count++) % ring->depth] =
        (struct ring_sync_entry){*operation, write};
}

static void ring_sync_read(struct ring *ring, const struct ring_operation *operation)
{
    ring_sync_queue(ring, operation, false);
}

static void ring_sync_write(struct ring *ring, const struct ring_operation *operation)
{
    ring_sync_queue(ring, operation, true);
}

static int32_t ring_sync_carry_out(const struct ring_sync_entry *entry)
{
    const struct ring_operation *o = &entry->operation;
    uint32_t count = o->count;
    if (ring_sync_fault != NULL) {
        const int fault = ring_sync_fault(entry->write, o->offset, &count);
        if (fault != 0) {
            return -fault;
        }
    }
    const ssize_t moved = entry->write ? pwrite(o->fd, o->bytes, count, (off_t)o->offset)
                                       : pread(o->fd, o->bytes, count, (off_t)o->offset);
    return moved < 0 ? -errno : (int32_t)moved;
}

/* Waiting now or later is the same here. */
static int32_t ring_sync_read_now(struct ring *ring, const struct ring_operation *operation)
{
    (void)ring;
    return ring_sync_carry_out(&(struct ring_sync_entry){*operation, false});
}

static int ring_sync_wait(struct ring *ring, struct ring_event *events, uint32_t max)
{
    struct ring_sync *sync = (struct ring_sync *)ring;
    (void)max;
    const struct ring_sync_entry *entry = &sync->entries[sync->first];
    events[0] = (struct ring_event){entry->operation.tag, ring_sync_carry_out(entry)};
    sync->first = (sync->first + 1) % ring->depth;
    sync->count--;
    return 1;
}

static bool ring_sync_is_started(struct ring *ring, uint32_t tag)
{
    (void)ring;
    (void)tag;
    return false; /* nothing is, before it is waited for */
}

static void ring_sync_close(struct ring *ring)
{
    free(ring);
}

static const struct ring_calls ring_sync_calls = {
    .close = ring_sync_close,
    .read_now = ring_sync_read_now,
    .read = ring_sync_read,
    .write = ring_sync_write,
    .wait = ring_sync_wait,
    .is_started = ring_sync_is_started,
};

struct ring *ring_sync_open(const struct ring_setup *setup)
{
    struct ring_sync *sync =
        heap_alloc(1, sizeof *sync + (size_t)setup->depth * sizeof(struct ring_sync_entry));
    sync->ring.calls = &ring_sync_calls;
    return &sync->ring;
}
