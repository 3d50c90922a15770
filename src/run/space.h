/* space.h - is there room? Asked once, before the first byte is written. */
#ifndef RUN_SPACE_H
#define RUN_SPACE_H

#include "dest/stage.h"

struct space_refusals {     /* of each unit of the plan */
    enum refusal *refusals; /* REFUSAL_NONE, or why the unit is not begun    */
    struct view *details;   /* the sentence to a NO_SPACE; in the arena       */
    struct arena *arena;
};

/* Of a run that goes on; NULL: it begins. Units that were accepted are not judged again: what they
 * still need is only counted. */
struct space_before {
    const uint8_t *done; /* for each unit: nothing of it is to come */
    const uint8_t *open; /* for each unit: it was refused for want of space, and is judged again */
    const uint8_t *held; /* for each file: it is staged */
};

/* For each file system: what the plan's units need there, one after the other, against what is
 * free for us. A unit that does not fit beside those before it that do is refused, NO_SPACE; a
 * later one that fits is restored: as with every other refusal, units do not stop each other. What
 * depends on a refused unit's file is refused with it (ruling 28). Nothing that is replaced counts
 * as freed: workers stage ahead of the commits that free it. DEST_*: it cannot be asked. */
vsr_code space_judge(const struct stage *stage, const struct space_before *before,
                     struct space_refusals *out, vsr_error *error);

/* Nothing fits: not even the staged folders could be made. done: for each unit, 1: nothing of it is
 * to come; or NULL. why: the sentence. */
void space_refuse_all(const struct plan *plan, const uint8_t *done, struct space_refusals *out,
                      struct view why);

#endif
