/* pending_places.h - where to what waits for the next boot will go, so that nobody puts something
 * newer there before it (rules 8.1, 8.5: in the order queued).
 *
 * Filled from pending folders as they are met; a place is known by the folder that it is in, not by
 * a spelling. Folders that nothing would ever be carried out of - those of other users, damaged
 * ones - are passed over. Control thread only. */
#ifndef RUN_PENDING_PLACES_H
#define RUN_PENDING_PLACES_H

#include "dest/probe.h"
#include "run/pending_session.h"

struct pending_places;
struct pending_places *pending_places_create(void);
void pending_places_free(struct pending_places *places);

/* Read the pending folder that stands in dir_fd under name; once, however often it is met. */
void pending_places_add(struct pending_places *places, int dir_fd, const char *name);
/* Those of the registry (NULL: none). */
void pending_places_add_registered(struct pending_places *places, const char *registry);
/* One that is open already, to be carried out: what is done of it meanwhile waits no more. Borrowed
 * while places live. */
void pending_places_add_session(struct pending_places *places,
                                const struct pending_session *session);

/* The path of a pending folder of which something waits to go to a place, or, rest absent, to any
 * place below that folder. before: of a run older than this alone; NULL: of any. NULL: none. The
 * path is good while places live. */
const char *pending_places_find(const struct pending_places *places,
                                const struct pending_place *place,
                                const struct pending_identity *before);

/* The same for a planner's questions; good while places live. */
struct probe_waiting pending_places_waiting(struct pending_places *places);

#endif
