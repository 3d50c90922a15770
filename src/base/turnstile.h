/* turnstile.h - lets threads through one by one, in the order of their tickets.
 *
 * For work that is done side by side but must be put together in order. Tickets are 0, 1, 2 ...,
 * each given to one thread, which must come through. Any thread. */
#ifndef BASE_TURNSTILE_H
#define BASE_TURNSTILE_H

#include <pthread.h>
#include <stdint.h>

struct turnstile {
    pthread_mutex_t lock;
    pthread_cond_t turn;
    uint64_t next;
};

void turnstile_init(struct turnstile *turnstile);
void turnstile_fini(struct turnstile *turnstile);

/* Waits until all earlier tickets have left. */
void turnstile_enter(struct turnstile *turnstile, uint64_t ticket);
void turnstile_leave(struct turnstile *turnstile);

#endif
