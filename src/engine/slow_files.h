/* slow_files.h - which files took longest, by the coarse clock: a look at it costs some
 * nanoseconds, and what ends within one of its ticks (1 to 10 ms) is not slow.
 *
 * A file of one piece is timed from the end of the file before it on the same worker, or from the
 * moment when its frame was decoded; one of several pieces from when the first of its frames was
 * claimed, whoever finishes it. Each worker keeps its own worst. */
#ifndef ENGINE_SLOW_FILES_H
#define ENGINE_SLOW_FILES_H

#include <stdatomic.h>
#include <stdint.h>
#include <time.h>

struct file_table;

enum { SLOW_FILES_MAX = 25 };

struct slow_file {
    uint32_t file; /* plan_file */
    uint32_t ms;
};

struct slow_list { /* one writer; unordered */
    struct slow_file files[SLOW_FILES_MAX];
    uint32_t count;
};

/* When the files of several pieces were begun. */
struct slow_starts {
    uint32_t *files; /* ascending */
    _Atomic uint32_t *began_ms;
    uint32_t count;
};

/* Milliseconds of CLOCK_MONOTONIC, as of its last tick; never 0. Differences alone mean a thing. */
static inline uint32_t slow_now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return (uint32_t)((uint64_t)now.tv_sec * 1000u + (uint64_t)now.tv_nsec / 1000000u) | 1u;
}

/* After the pieces are counted. Control thread. */
void slow_starts_init(struct slow_starts *starts, const struct file_table *table);
void slow_starts_fini(struct slow_starts *starts);

/* One of its frames is claimed: the first one counts. Any worker. */
void slow_starts_note(struct slow_starts *starts, uint32_t file);
/* When that was, or otherwise_ms: it has one piece. Any worker. */
uint32_t slow_starts_of(const struct slow_starts *starts, uint32_t file, uint32_t otherwise_ms);

/* It took so long: kept if it is among the worst. */
void slow_list_add(struct slow_list *list, uint32_t file, uint32_t ms);
/* Slowest first; files of equal time as planned. */
void slow_list_sort(struct slow_list *list);

#endif
