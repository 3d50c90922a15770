/* turnstile.c - a counter under a lock; who waits sleeps. */
#include "base/turnstile.h"

#include "base/bug.h"

void turnstile_init(struct turnstile *turnstile)
{
    *turnstile = (struct turnstile){0};
    VSR_REQUIRE(pthread_mutex_init(&turnstile->lock, NULL) == 0);
    VSR_REQUIRE(pthread_cond_init(&turnstile->turn, NULL) == 0);
}

void turnstile_fini(struct turnstile *turnstile)
{
    (void)pthread_cond_destroy(&turnstile->turn);
    (void)pthread_mutex_destroy(&turnstile->lock);
}

void turnstile_enter(struct turnstile *turnstile, uint64_t ticket)
{
    (void)pthread_mutex_lock(&turnstile->lock);
    while (turnstile->next != ticket) {
        (void)pthread_cond_wait(&turnstile->turn, &turnstile->lock);
    }
    (void)pthread_mutex_unlock(&turnstile->lock);
}

void turnstile_leave(struct turnstile *turnstile)
{
    (void)pthread_mutex_lock(&turnstile->lock);
    turnstile->next++;
    (void)pthread_cond_broadcast(&turnstile->turn);
    (void)pthread_mutex_unlock(&turnstile->lock);
}
