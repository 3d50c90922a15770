/* clock.h - monotonic time, and Windows' FILETIME beside the Unix one. Any thread. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

/* Nanoseconds of CLOCK_MONOTONIC. */
static inline uint64_t clock_monotonic_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* FILETIME counts 100 ns from 1601-01-01 UTC. */
#define FILETIME_UNIX_EPOCH INT64_C(116444736000000000)

static inline struct timespec clock_from_filetime(int64_t filetime)
{
    int64_t ticks = filetime - FILETIME_UNIX_EPOCH;
    int64_t seconds = ticks / 10000000;
    int64_t rest = ticks % 10000000;
    if (rest < 0) {
        seconds--;
        rest += 10000000;
    }
    return (struct timespec){.tv_sec = (time_t)seconds, .tv_nsec = (long)(rest * 100)};
}

#endif
