/* profile.h - where the time of each worker went, from its meter. */
#ifndef ENGINE_PROFILE_H
#define ENGINE_PROFILE_H

#include "engine/meter.h"

struct work_profile { /* of one worker; its parts add up to wall_ns, but for what rounding loses */
    uint64_t wall_ns; /* from the first worker's begin to the last one's end */
    uint64_t ns[WORK_PHASE_COUNT];
    uint64_t count[WORK_PHASE_COUNT]; /* frames, pieces, files, waits */
    uint64_t direct_bytes;            /* written past the page cache */
    uint64_t direct_read_bytes;       /* of the media, ditto */
    uint64_t began_ns, ended_ns;      /* clock_monotonic_ns() */
};

/* The phase's name as in profile.json: "read_wait"; static. */
const char *work_phase_text(enum work_phase phase);

/* A worker that has ended. Runs of small files are divided by their samples. */
void work_profile_take(struct work_profile *out, const struct meter *meter);

/* When all are taken: what each one waited for the others. */
void work_profile_idle(struct work_profile *workers, uint32_t count);

#endif
