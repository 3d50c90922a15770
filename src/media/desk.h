/* desk.h - errands of workers that one thread carries out: for functions that may be called on the
 * caller's thread alone.
 *
 *     desk_open - [workers: desk_ask()] [the caller: waits on its descriptor, desk_serve()] -
 *     desk_shut - workers joined - desk_close
 *
 * Who asks waits until it was served, so no more errands wait than there are workers. */
#ifndef MEDIA_DESK_H
#define MEDIA_DESK_H

#include "base/err.h"

#include <stdint.h>

struct desk; /* heap */

/* Closed at first. Errors: MEMORY: no descriptor is to be had. */
vsr_code desk_create(struct desk **out, vsr_error *error);
void desk_free(struct desk *desk); /* NULL is nothing */

/* The calling thread serves from here on, until desk_shut(). */
void desk_open(struct desk *desk);

/* Have errand(argument) carried out by the thread that serves, and return what it returned; by the
 * calling thread itself, if that is the one, or if the desk is closed. -ECANCELED: shut. */
typedef int64_t desk_errand(void *argument);
int64_t desk_ask(struct desk *desk, desk_errand *errand, void *argument);

/* Becomes readable when there is something to do. */
int desk_descriptor(const struct desk *desk);

/* Wake the thread that serves, though there is nothing to do. Any thread. */
void desk_ring(struct desk *desk);

/* Carry out what has waited longest, and no more: who serves has other things to look at between,
 * and an errand may take its time. While more waits, the descriptor stays readable. */
void desk_serve(struct desk *desk);

/* Nothing is carried out from here on: what waits, and what is still asked, is refused. May be said
 * again. */
void desk_shut(struct desk *desk);
/* All who might ask are gone. */
void desk_close(struct desk *desk);

#endif
