/* meter.h - what a worker has done so far, and where its time went. One writer, relaxed; any thread
 * adds them up.
 *
 * Always on, so it must cost next to nothing: a small file takes some microseconds, a look at the
 * clock some tens of nanoseconds. Frames and pieces of large files are timed one by one: each mark
 * takes the time since the mark before it, so that the parts of a worker's time add up to all of
 * it. A run of small files is timed as a whole; one file of METER_SAMPLE_EACH is looked at step by
 * step, and its proportions divide the run (engine_profile()). */
#ifndef ENGINE_METER_H
#define ENGINE_METER_H

#include "base/clock.h"
#include "engine/work_phase.h"

#include <stdatomic.h>
#include <stdint.h>

enum { METER_SAMPLE_EACH = 16 };

enum meter_mode {
    METER_EXACT,   /* a mark takes the time since the last one */
    METER_SAMPLED, /* so it does, of this small file, for the proportions */
    METER_COUNTED  /* it counts alone */
};

struct meter {
    _Alignas(64) _Atomic uint64_t files_done; /* a line of its own: no sharing between workers */
    _Atomic uint64_t bytes_done;
    _Atomic uint64_t stored_bytes_read;
    _Atomic uint64_t frames;
    _Atomic uint64_t files_failed;
    _Atomic uint64_t direct_bytes; /* written past the page cache */
    _Atomic uint64_t direct_read_bytes;
    _Atomic uint64_t count[WORK_PHASE_COUNT];
    _Atomic uint64_t exact_ns[WORK_PHASE_COUNT];
    _Atomic uint64_t sampled_ns[WORK_PHASE_COUNT];
    _Atomic uint64_t small_ns; /* of runs of small files */
    _Atomic uint64_t began_ns, ended_ns;
    /* the worker's alone */
    enum meter_mode mode;
    uint32_t turn;      /* of METER_SAMPLE_EACH */
    uint64_t marked_ns; /* exact: up to here the time is told */
    uint64_t sample_ns; /* of the small file in hand */
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

/* What was done up to here was this. */
static inline void meter_mark(struct meter *meter, enum work_phase phase)
{
    meter_add(&meter->count[phase], 1);
    if (meter->mode == METER_COUNTED) {
        return;
    }
    const uint64_t now = clock_monotonic_ns();
    if (meter->mode == METER_SAMPLED) {
        meter_add(&meter->sampled_ns[phase], now - meter->sample_ns);
        meter->sample_ns = now;
    } else {
        meter_add(&meter->exact_ns[phase], now - meter->marked_ns);
        meter->marked_ns = now;
    }
}

/* A small file begins: its run does too, unless one is going on. */
static inline void meter_small(struct meter *meter)
{
    meter->mode = meter->turn++ % METER_SAMPLE_EACH == 0 ? METER_SAMPLED : METER_COUNTED;
    if (meter->mode == METER_SAMPLED) {
        meter->sample_ns = clock_monotonic_ns();
    }
}

/* What comes is no small file: the run ends, if there is one. */
static inline void meter_small_end(struct meter *meter)
{
    if (meter->mode != METER_EXACT) {
        const uint64_t now = clock_monotonic_ns();
        meter_add(&meter->small_ns, now - meter->marked_ns);
        meter->marked_ns = now;
        meter->mode = METER_EXACT;
    }
}

#endif
