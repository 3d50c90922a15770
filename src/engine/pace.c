/* pace.c - a schedule that all workers share: each frame takes a place in it as long as its bytes
 * last at the limit, and is read when its place has come. */
#include "engine/pace.h"

#include "base/clock.h"

/* Waits look around this often: a limit may change, a run may be stopped. */
static const uint64_t SLICE_NS = 20000000;
/* What was not used before may be caught up with; no more, so that a limit holds over a second. */
static const uint64_t BURST_NS = 50000000;

void pace_pause(struct pace *pace, bool paused)
{
    atomic_store_explicit(&pace->paused, paused, memory_order_relaxed);
}

void pace_limit(struct pace *pace, uint64_t bytes_per_s)
{
    atomic_store_explicit(&pace->next_ns, 0, memory_order_relaxed);
    atomic_store_explicit(&pace->bytes_per_s, bytes_per_s, memory_order_relaxed);
}

static void sleep_ns(uint64_t ns)
{
    const struct timespec pause = {.tv_sec = (time_t)(ns / 1000000000u),
                                   .tv_nsec = (long)(ns % 1000000000u)};
    (void)clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
}

/* Take a place in the schedule; when it begins. */
static uint64_t place_take(struct pace *pace, uint64_t bytes, uint64_t bytes_per_s)
{
    const uint64_t length_ns = (uint64_t)((double)bytes / (double)bytes_per_s * 1e9);
    uint64_t next_ns = atomic_load_explicit(&pace->next_ns, memory_order_relaxed), begin_ns;
    do {
        const uint64_t now_ns = clock_monotonic_ns();
        const uint64_t least_ns = now_ns > BURST_NS ? now_ns - BURST_NS : 0;
        begin_ns = next_ns > least_ns ? next_ns : least_ns;
    } while (!atomic_compare_exchange_weak_explicit(&pace->next_ns, &next_ns, begin_ns + length_ns,
                                                    memory_order_relaxed, memory_order_relaxed));
    return begin_ns;
}

void pace_wait(struct pace *pace, uint64_t bytes, const atomic_bool *stop)
{
    uint64_t limit = 0, begin_ns = 0;
    for (;;) {
        const uint64_t now_limit = atomic_load_explicit(&pace->bytes_per_s, memory_order_relaxed);
        if (now_limit != limit) {
            limit = now_limit;
            begin_ns = limit > 0 ? place_take(pace, bytes, limit) : 0;
        }
        const bool paused = atomic_load_explicit(&pace->paused, memory_order_relaxed);
        const uint64_t now_ns = clock_monotonic_ns();
        if (atomic_load_explicit(stop, memory_order_acquire) || (!paused && begin_ns <= now_ns)) {
            return;
        }
        const uint64_t left_ns = begin_ns > now_ns ? begin_ns - now_ns : SLICE_NS;
        sleep_ns(left_ns < SLICE_NS ? left_ns : SLICE_NS);
    }
}
