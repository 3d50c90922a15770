/* outcome.h - how a planned file can end: exactly one of these (contract, section 5). */
#ifndef PLAN_OUTCOME_H
#define PLAN_OUTCOME_H

#include <stdint.h>

#define OUTCOMES(X)                                                                                \
    X(NOT_STARTED)                                                                                 \
    X(RESTORED)                                                                                    \
    X(PRESENT)                                                                                     \
    X(STAGED)                                                                                      \
    X(WITHDRAWN)                                                                                   \
    X(MEDIA_CORRUPT)                                                                               \
    X(MEDIA_MISSING)                                                                               \
    X(DEST_ERROR)                                                                                  \
    X(DEST_FULL)                                                                                   \
    X(REFUSED)                                                                                     \
    X(CANCELLED)

enum outcome {
#define X(name) OUTCOME_##name,
    OUTCOMES(X)
#undef X
        OUTCOME_COUNT
};

/* The row of one planned file, as engine, publishing and report hand it on. */
struct outcome_row {
    uint8_t outcome; /* enum outcome */
    uint8_t loss;    /* bits: what the target did not get of what the media hold (dest/meta.h) */
    uint8_t fault;   /* of MEDIA_CORRUPT: enum foreign_fault (media/foreign_read.h), or 0: not told;
                      of WITHDRAWN: OUTCOME_STANDS, or 0 */
    uint8_t reserved;
    int32_t os_errno; /* of what failed, or 0 */
    uint64_t bytes;   /* of content, written and verified */
};

/* Its unit was not published, and what was restored of it stands at its place all the same: it
 * could not go from there without what is somebody's. */
enum { OUTCOME_STANDS = 1 };

/* Of a file that is whole: what of its row stays as it is until the run ends, for a check
 * (engine/marks.h). Its outcome may yet become another one. */
static inline uint64_t outcome_row_content(const struct outcome_row *row)
{
    return row->bytes ^ (uint64_t)row->loss << 56;
}

/* A sentence to its fault, or NULL: there is none. Static. */
const char *outcome_row_fault_text(const struct outcome_row *row);

/* "RESTORED". Static. */
const char *outcome_text(enum outcome outcome);

#endif
