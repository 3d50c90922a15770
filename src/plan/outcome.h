/* outcome.h - how a planned file can end: exactly one of these (contract, section 5). */
#ifndef PLAN_OUTCOME_H
#define PLAN_OUTCOME_H

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

/* "RESTORED". Static. */
const char *outcome_text(enum outcome outcome);

#endif
