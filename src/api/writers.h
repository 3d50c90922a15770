/* writers.h - the players of include/vssrestore/writers.h as the inside knows them. */
#ifndef API_WRITERS_H
#define API_WRITERS_H

#include "api/objects.h"
#include "run/writer_programs.h"

struct players {
    vsr_writers given;
    const struct documents *documents;
    struct writer_programs programs;
    struct writer_calls calls;
    bool any; /* calls means something */
};

/* given: the caller's, or NULL. may_be_unknown: writers that this set does not have are passed
 * over. Errors: USAGE for programs and functions together, or half of a
 * pair; SELECTION as writer_programs_init(). *out is freed by players_fini(), also when it has
 * failed, and stays where it is. */
vsr_code players_init(struct players *out, const vsr_writers *given,
                      const struct documents *documents, bool may_be_unknown,
                      const volatile int *cancel, vsr_error *error);
/* The same for a run that goes on: programs as they were found when it began (text, JSON of
 * players_render(); absent: none), unless given names somebody. Errors: also RUN_FOREIGN. */
vsr_code players_recall(struct players *out, struct view text, const vsr_writers *given,
                        const struct documents *documents, const volatile int *cancel,
                        vsr_error *error);
void players_fini(struct players *players);

/* Who plays, as a JSON object for players_recall(): functions alone cannot be kept. Added to
 * out. */
void players_render(const struct players *players, struct buffer *out);

#endif
