/* outcome.c - the names of outcomes, as report rows spell them (contract, section 5). */
#include "plan/outcome.h"

#include "base/bug.h"

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
