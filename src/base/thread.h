/* thread.h - threads that take no signals: a handler of the caller's runs on its own threads. */
#ifndef BASE_THREAD_H
#define BASE_THREAD_H

#include <pthread.h>
#include <stdint.h>

/* Start run(context), to be joined by the caller. 0 or errno. */
int thread_start(pthread_t *out, void *(*run)(void *context), void *context);

/* A thread that calls tick(context) again and again, period_ns after it has returned. It changes
 * nothing by name (base/confine.h): what it writes to is open. */
struct ticker; /* heap */

/* NULL: there is no thread to be had. */
struct ticker *ticker_begin(uint64_t period_ns, void (*tick)(void *context), void *context);

/* Waits for a tick that runs, and for the thread. NULL is nothing. */
void ticker_end(struct ticker *ticker);

#endif
