/* journal_content_inside.h - a journal in reading, as the files that take its records share it; for
 * run/journal_content*.c alone. */
#ifndef RUN_JOURNAL_CONTENT_INSIDE_H
#define RUN_JOURNAL_CONTENT_INSIDE_H

#include "run/journal_content.h"

struct reading {
    struct journal_content *out;
    const struct plan *plan;
    const uint8_t *plan_xxh3;
    uint32_t group; /* of the record in hand */
    uint64_t at;    /* where it stands */
};

/* What may be wrong with a record. */
extern const char journal_content_too_short[], journal_content_no_such[];

/* A record of JOURNAL_ASKING. Returns what is wrong with it, or NULL. */
const char *journal_content_take_asking(struct reading *r, struct view payload);
/* All records are read: asked and stopped become what journal_content.h says. */
void journal_content_end_asking(struct journal_content *out);

#endif
