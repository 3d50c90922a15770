/* pace.h - how fast workers may go on: paused, or so many bytes a second for all of them together.
 *
 * Asked once for each frame, before it is read; a run without a limit pays two relaxed loads. What
 * is in flight goes on. */
#ifndef ENGINE_PACE_H
#define ENGINE_PACE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct pace { /* zeroed: as fast as it goes */
    atomic_bool paused;
    _Atomic uint64_t bytes_per_s; /* 0: no limit */
    _Atomic uint64_t next_ns;     /* when the next frame may be read; of who takes it */
};

static inline bool pace_is_free(const struct pace *pace)
{
    return !atomic_load_explicit(&pace->paused, memory_order_relaxed) &&
           atomic_load_explicit(&pace->bytes_per_s, memory_order_relaxed) == 0;
}

/* Any thread. */
void pace_pause(struct pace *pace, bool paused);
void pace_limit(struct pace *pace, uint64_t bytes_per_s);

/* Wait until bytes more may be read, or *stop. A worker. */
void pace_wait(struct pace *pace, uint64_t bytes, const atomic_bool *stop);

#endif
