/* ring.c - which ring, and the bounds that hold for both. */
#include "engine/ring.h"

#include "base/bug.h"
#include "engine/ring_inside.h"

#include <errno.h>

ring_break *ring_wait_break;

vsr_code ring_open(struct ring **out, const struct ring_setup *setup, vsr_error *error)
{
    VSR_REQUIRE(setup->choice != RING_AUTO && setup->depth > 0);
    *out = setup->choice == RING_URING ? ring_uring_open(setup) : ring_sync_open(setup);
    if (*out == NULL) {
        return err_sys(error, VSR_ERR_MEMORY, "engine/ring",
                       "cannot open an io_uring of %u entries", setup->depth);
    }
    (*out)->depth = setup->depth;
    return VSR_OK;
}

void ring_close(struct ring *ring)
{
    if (ring != NULL) {
        ring->calls->close(ring);
    }
}

int32_t ring_read_now(struct ring *ring, const struct ring_operation *operation)
{
    return ring_wait_break != NULL ? -EAGAIN : ring->calls->read_now(ring, operation);
}

void ring_read(struct ring *ring, const struct ring_operation *operation)
{
    VSR_REQUIRE(ring->in_flight < ring->depth);
    ring->in_flight++;
    ring->calls->read(ring, operation);
}

void ring_write(struct ring *ring, const struct ring_operation *operation)
{
    VSR_REQUIRE(ring->in_flight < ring->depth);
    ring->in_flight++;
    ring->calls->write(ring, operation);
}

int ring_wait(struct ring *ring, struct ring_event *events, uint32_t max)
{
    VSR_REQUIRE(ring->in_flight > 0 && max > 0);
    const int broken = ring_wait_break != NULL ? ring_wait_break() : 0;
    const int count = broken != 0 ? -broken : ring->calls->wait(ring, events, max);
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
