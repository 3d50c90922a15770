/* ring.c - which ring, and the bounds that hold for both. */
#include "engine/ring.h"

#include "base/bug.h"
#include "base/heap.h"
#include "engine/ring_inside.h"

#include <errno.h>
#include <stdlib.h>

ring_break *ring_wait_break;
const struct ring_watch *ring_watch;

struct ring_watched {
    struct ring_operation operation;
    enum ring_kind kind;
};

vsr_code ring_open(struct ring **out, const struct ring_setup *setup, vsr_error *error)
{
    VSR_REQUIRE(setup->choice != RING_AUTO && setup->depth > 0);
    *out = setup->choice == RING_URING ? ring_uring_open(setup) : ring_sync_open(setup);
    if (*out == NULL) {
        return err_sys(error, VSR_ERR_MEMORY, "engine/ring",
                       "cannot open an io_uring of %u entries", setup->depth);
    }
    (*out)->depth = setup->depth;
    if (ring_watch != NULL) {
        (*out)->watched = heap_alloc(setup->depth, sizeof *(*out)->watched);
    }
    return VSR_OK;
}

void ring_close(struct ring *ring)
{
    if (ring != NULL) {
        free(ring->watched);
        ring->calls->close(ring);
    }
}

static int32_t ring_watched_result(const struct ring_watched *watched, int32_t result)
{
    return ring_watch->result == NULL
               ? result
               : ring_watch->result(watched->kind, &watched->operation, result);
}

int32_t ring_read_now(struct ring *ring, const struct ring_operation *operation)
{
    const int32_t now = ring_wait_break != NULL ? -EAGAIN : ring->calls->read_now(ring, operation);
    const struct ring_watched watched = {*operation, RING_READ_NOW};
    return ring->watched == NULL ? now : ring_watched_result(&watched, now);
}

static void ring_watched_begin(struct ring *ring, const struct ring_operation *operation,
                               enum ring_kind kind)
{
    if (ring->watched != NULL) {
        VSR_REQUIRE(operation->tag < ring->depth);
        ring->watched[operation->tag] = (struct ring_watched){*operation, kind};
    }
}

void ring_read(struct ring *ring, const struct ring_operation *operation)
{
    VSR_REQUIRE(ring->in_flight < ring->depth);
    ring->in_flight++;
    ring_watched_begin(ring, operation, RING_READ);
    ring->calls->read(ring, operation);
}

void ring_write(struct ring *ring, const struct ring_operation *operation)
{
    VSR_REQUIRE(ring->in_flight < ring->depth);
    ring->in_flight++;
    ring_watched_begin(ring, operation, RING_WRITE);
    ring->calls->write(ring, operation);
}

/* As the calls' wait(); of a ring that is watched, what the watch makes of it. */
static int ring_watched_wait(struct ring *ring, struct ring_event *events, uint32_t max)
{
    int count = ring->calls->wait(ring, events, max);
    const uint32_t all = ring->in_flight < max ? ring->in_flight : max;
    while (ring->watched != NULL && ring_watch->backwards && count > 0 && (uint32_t)count < all) {
        const int more = ring->calls->wait(ring, events + count, max - (uint32_t)count);
        if (more < 0) {
            break; /* it is told when it is next waited for */
        }
        count += more;
    }
    for (int i = 0; ring->watched != NULL && i < count; i++) {
        events[i].result = ring_watched_result(&ring->watched[events[i].tag], events[i].result);
    }
    for (int i = 0; ring->watched != NULL && ring_watch->backwards && i < count / 2; i++) {
        const struct ring_event last = events[count - 1 - i];
        events[count - 1 - i] = events[i];
        events[i] = last;
    }
    return count;
}

int ring_wait(struct ring *ring, struct ring_event *events, uint32_t max)
{
    VSR_REQUIRE(ring->in_flight > 0 && max > 0);
    const int broken = ring_wait_break != NULL ? ring_wait_break() : 0;
    const int count = broken != 0 ? -broken : ring_watched_wait(ring, events, max);
    if (count > 0) {
        VSR_REQUIRE((uint32_t)count <= ring->in_flight);
        ring->in_flight -= (uint32_t)count;
    }
    return count;
}

bool ring_is_started(struct ring *ring, uint32_t tag)
{
    return ring->calls->is_started(ring, tag);
}
