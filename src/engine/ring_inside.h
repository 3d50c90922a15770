/* ring_inside.h - what the two rings share, for ring*.c alone. */
#ifndef ENGINE_RING_INSIDE_H
#define ENGINE_RING_INSIDE_H

#include "engine/ring.h"

struct ring_calls { /* one implementation */
    void (*close)(struct ring *ring);
    int32_t (*read_now)(struct ring *ring, const struct ring_operation *operation);
    void (*read)(struct ring *ring, const struct ring_operation *operation);
    void (*write)(struct ring *ring, const struct ring_operation *operation);
    int (*wait)(struct ring *ring, struct ring_event *events, uint32_t max);
    bool (*is_started)(struct ring *ring, uint32_t tag);
};

struct ring_watched;

struct ring { /* the head of each implementation's own struct */
    const struct ring_calls *calls;
    uint32_t depth;
    uint32_t in_flight;
    struct ring_watched *watched; /* what is in flight, by tag; NULL: nobody watches */
};

struct ring *ring_sync_open(const struct ring_setup *setup);
/* NULL with errno. */
struct ring *ring_uring_open(const struct ring_setup *setup);

#endif
