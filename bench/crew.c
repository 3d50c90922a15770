/* crew.c - threads behind a barrier. */
#include "crew.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct crew {
    pthread_barrier_t begun;
    void (*begin)(struct crew_member *);
    void (*run)(struct crew_member *);
    void (*end)(struct crew_member *);
};

struct hand {
    struct crew *crew;
    struct crew_member member;
    pthread_t thread;
    double from, to; /* by its own clock: who waits for it may wake up late */
};

void crew_fail(const char *what, const char *on)
{
    (void)fprintf(stderr, "cannot %s %s: %s\n", what, on, strerror(errno));
    exit(1);
}

double crew_now(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void *hand_run(void *argument)
{
    struct hand *hand = argument;
    hand->crew->begin(&hand->member);
    (void)pthread_barrier_wait(&hand->crew->begun);
    hand->from = crew_now();
    hand->crew->run(&hand->member);
    hand->to = crew_now();
    hand->crew->end(&hand->member);
    return NULL;
}

double crew_run(unsigned threads, void *work, void (*begin)(struct crew_member *),
                void (*run)(struct crew_member *), void (*end)(struct crew_member *))
{
    struct crew crew = {.begin = begin, .run = run, .end = end};
    static struct hand hands[CREW_MAX];
    (void)pthread_barrier_init(&crew.begun, NULL, threads + 1);
    for (unsigned i = 0; i < threads; i++) {
        hands[i] = (struct hand){.crew = &crew, .member = {work, i, threads}};
        errno = pthread_create(&hands[i].thread, NULL, hand_run, &hands[i]);
        if (errno != 0) {
            crew_fail("start", "a thread");
        }
    }
    (void)pthread_barrier_wait(&crew.begun);
    double from = 0;
    double to = 0;
    for (unsigned i = 0; i < threads; i++) {
        (void)pthread_join(hands[i].thread, NULL);
        from = i == 0 || hands[i].from < from ? hands[i].from : from;
        to = hands[i].to > to ? hands[i].to : to;
    }
    (void)pthread_barrier_destroy(&crew.begun);
    return to - from;
}
