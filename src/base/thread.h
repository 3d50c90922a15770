/* thread.h - threads that take no signals: a handler of the caller's runs on its own threads (but
 * for SIGBUS, which is what a thread has met itself, in a file that is mapped).
 *
 * One that is joined when it has ended; several that share a work; one that ticks. */
#ifndef BASE_THREAD_H
#define BASE_THREAD_H

#include "base/confine.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* How many cores this process may use, which may be fewer than the machine has: at least 1. */
uint32_t thread_cores(void);

/* Start run(context), to be joined by the caller. name (15 bytes at most) is what top -H, gdb and
 * perf call it; in a front end it stands among threads of others. 0 or errno. */
int thread_start(pthread_t *out, const char *name, void *(*run)(void *context), void *context);

/* work(context, number) by up to count threads, numbers 0, 1 ... each once: 0 is the calling one,
 * and for the others there is confine_thread(limits). They share by what context holds, and must
 * get all done however few they are: one that cannot be started is done without. Returns when all
 * have returned. */
enum { THREAD_SHARE_MAX = 16 };
void thread_share(uint32_t count, const struct confine_limits *limits,
                  void (*work)(void *context, uint32_t number), void *context);

/* How they share things that lie in a row: in blocks, each taken by one of them. */
struct thread_blocks {
    uint32_t count, size; /* of things; in a block */
    _Atomic uint32_t next;
};

/* Whom thread_share() may give a full block: wanted at most. */
uint32_t thread_blocks_threads(const struct thread_blocks *blocks, uint32_t wanted);
/* The next block, [*first, *end), in order. False: all are taken. Any thread. */
bool thread_blocks_take(struct thread_blocks *blocks, uint32_t *first, uint32_t *end);

/* A thread of that name (thread_start) that calls tick(context) again and again, period_ns after it
 * has returned. It changes nothing by name (base/confine.h): what it writes to is open. */
struct ticker; /* heap */

/* NULL: there is no thread to be had. */
struct ticker *ticker_begin(const char *name, uint64_t period_ns, void (*tick)(void *context),
                            void *context);

/* Waits for a tick that runs, and for the thread. NULL is nothing. */
void ticker_end(struct ticker *ticker);

#endif
