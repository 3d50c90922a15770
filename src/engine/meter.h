/* meter.h - what a worker has done so far. One writer, relaxed; any thread adds them up. */
#ifndef ENGINE_METER_H
#define ENGINE_METER_H

#include <stdatomic.h>
#include <stdint.h>

struct meter {
    _Alignas(64) _Atomic uint64_t files_done; /* a line of its own: no sharing between workers */
    _Atomic uint64_t bytes_done;
    _Atomic uint64_t stored_bytes_read;
    _Atomic uint64_t frames;
    _Atomic uint64_t files_failed;
};

static inline void meter_add(_Atomic uint64_t *count, uint64_t more)
{
    atomic_store_explicit(count, atomic_load_explicit(count, memory_order_relaxed) + more,
                          memory_order_relaxed);
}

static inline uint64_t meter_read(const _Atomic uint64_t *count)
{
    return atomic_load_explicit(count, memory_order_relaxed);
}

#endif
