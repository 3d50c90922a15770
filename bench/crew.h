/* crew.h - so many threads that begin together, and the time until the last of them has ended. */
#ifndef BENCH_CREW_H
#define BENCH_CREW_H

#include <stdatomic.h>
#include <stddef.h>

enum { CREW_MAX = 256 };

struct crew_member {
    void *work;       /* shared by all */
    unsigned number;  /* from 0 */
    unsigned members; /* how many there are */
};

/* begin runs on each thread before the clock starts, to take and touch memory; end behind it.
 * Seconds from when the first run is called, all having begun, until the last has returned;
 * threads are 1..CREW_MAX. What cannot be done ends the program with 1 and a sentence. */
double crew_run(unsigned threads, void *work, void (*begin)(struct crew_member *),
                void (*run)(struct crew_member *), void (*end)(struct crew_member *));

/* End the program with 1: what, on what, and the text of errno. */
void crew_fail(const char *what, const char *on);

double crew_now(void); /* seconds of CLOCK_MONOTONIC */

#endif
