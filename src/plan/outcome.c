/* outcome.c - outcomes and faults in words, as report rows spell them (contract, section 5). */
#include "plan/outcome.h"

#include "base/bug.h"
#include "media/foreign_read.h"

static const char *const outcome_texts[OUTCOME_COUNT] = {
#define X(name) [OUTCOME_##name] = #name,
    OUTCOMES(X)
#undef X
};

const char *outcome_text(enum outcome outcome)
{
    VSR_REQUIRE(outcome < OUTCOME_COUNT);
    return outcome_texts[outcome];
}

const char *outcome_row_fault_text(const struct outcome_row *row)
{
    if (row->outcome == OUTCOME_WITHDRAWN && row->fault == OUTCOME_STANDS) {
        return "its component failed, and it stands at its place all the same";
    }
    return row->outcome == OUTCOME_MEDIA_CORRUPT && row->fault != 0
               ? foreign_fault_text((enum foreign_fault)row->fault)
               : NULL;
}
