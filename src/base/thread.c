/* thread.c - starting threads with every signal blocked; some that share a work; one that ticks. */
#include "base/thread.h"

#include "base/heap.h"

#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

struct sharer {
    pthread_t thread;
    uint32_t number;
    const struct confine_limits *limits;
    void (*work)(void *context, uint32_t number);
    void *context;
};

struct ticker {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t ended;
    bool end; /* under lock */
    uint64_t period_ns;
    void (*tick)(void *context);
    void *context;
};

uint32_t thread_cores(void)
{
    cpu_set_t cores;
    if (sched_getaffinity(0, sizeof cores, &cores) == 0 && CPU_COUNT(&cores) > 0) {
        return (uint32_t)CPU_COUNT(&cores);
    }
    const long online = sysconf(_SC_NPROCESSORS_ONLN); /* more than a cpu_set_t holds */
    return online > 0 ? (uint32_t)online : 1;
}

int thread_start(pthread_t *out, const char *name, void *(*run)(void *context), void *context)
{
    sigset_t all, before;
    (void)sigfillset(&all);
    (void)sigdelset(&all, SIGBUS); /* its own doing, for whoever has a word for it: a mapped file */
    const int masking = pthread_sigmask(SIG_SETMASK, &all, &before);
    if (masking != 0) {
        return masking;
    }
    const int fault = pthread_create(out, NULL, run, context);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (fault == 0) {
        (void)pthread_setname_np(*out, name);
    }
    return fault;
}

static void *sharer_run(void *argument)
{
    const struct sharer *sharer = argument;
    (void)confine_thread(sharer->limits);
    sharer->work(sharer->context, sharer->number);
    return NULL;
}

void thread_share(uint32_t count, const struct confine_limits *limits,
                  void (*work)(void *context, uint32_t number), void *context)
{
    struct sharer sharers[THREAD_SHARE_MAX];
    const uint32_t wanted = count < THREAD_SHARE_MAX ? count : THREAD_SHARE_MAX;
    uint32_t next = 1;
    for (bool started = true; next < wanted && started; next += started) {
        sharers[next] =
            (struct sharer){.number = next, .limits = limits, .work = work, .context = context};
        started = thread_start(&sharers[next].thread, "vsr-share", sharer_run, &sharers[next]) == 0;
    }
    work(context, 0);
    while (--next > 0) {
        (void)pthread_join(sharers[next].thread, NULL);
    }
}

uint32_t thread_blocks_threads(const struct thread_blocks *blocks, uint32_t wanted)
{
    const uint32_t full = blocks->count / blocks->size;
    return wanted < full ? wanted : full;
}

bool thread_blocks_take(struct thread_blocks *blocks, uint32_t *first, uint32_t *end)
{
    uint32_t next = atomic_load_explicit(&blocks->next, memory_order_relaxed);
    do {
        if (next >= blocks->count) {
            return false;
        }
        const uint32_t left = blocks->count - next;
        *first = next;
        *end = next + (left < blocks->size ? left : blocks->size);
    } while (!atomic_compare_exchange_weak_explicit(&blocks->next, &next, *end,
                                                    memory_order_relaxed, memory_order_relaxed));
    return true;
}

/* False: it is time to end. */
static bool ticker_pause(struct ticker *ticker)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    const uint64_t ns = (uint64_t)until.tv_nsec + ticker->period_ns;
    until.tv_sec += (time_t)(ns / 1000000000u);
    until.tv_nsec = (long)(ns % 1000000000u);
    int waited = 0;
    (void)pthread_mutex_lock(&ticker->lock);
    while (!ticker->end && waited == 0) {
        waited = pthread_cond_timedwait(&ticker->ended, &ticker->lock, &until);
    }
    const bool end = ticker->end;
    (void)pthread_mutex_unlock(&ticker->lock);
    return !end;
}

static void *ticker_run(void *argument)
{
    struct ticker *ticker = argument;
    (void)confine_thread(NULL);
    while (ticker_pause(ticker)) {
        ticker->tick(ticker->context);
    }
    return NULL;
}

static void ticker_free(struct ticker *ticker)
{
    (void)pthread_cond_destroy(&ticker->ended);
    (void)pthread_mutex_destroy(&ticker->lock);
    free(ticker);
}

struct ticker *ticker_begin(const char *name, uint64_t period_ns, void (*tick)(void *context),
                            void *context)
{
    struct ticker *ticker = heap_alloc(1, sizeof *ticker);
    pthread_condattr_t clock;
    *ticker = (struct ticker){.period_ns = period_ns, .tick = tick, .context = context};
    (void)pthread_condattr_init(&clock);
    (void)pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    (void)pthread_mutex_init(&ticker->lock, NULL);
    (void)pthread_cond_init(&ticker->ended, &clock);
    (void)pthread_condattr_destroy(&clock);
    if (thread_start(&ticker->thread, name, ticker_run, ticker) != 0) {
        ticker_free(ticker);
        return NULL;
    }
    return ticker;
}

void ticker_end(struct ticker *ticker)
{
    if (ticker == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&ticker->lock);
    ticker->end = true;
    (void)pthread_cond_signal(&ticker->ended);
    (void)pthread_mutex_unlock(&ticker->lock);
    (void)pthread_join(ticker->thread, NULL);
    ticker_free(ticker);
}
