/* refusal.c - the names of refusals, as outside programs read them (contract, section 6). */
#include "plan/refusal.h"

#include "base/bug.h"

#include <stddef.h>

static const char *const refusal_texts[REFUSAL_COUNT] = {[REFUSAL_NONE] = NULL,
#define X(name) [REFUSAL_##name] = #name,
                                                         REFUSALS(X)
#undef X
};

const char *refusal_text(enum refusal refusal)
{
    VSR_REQUIRE(refusal < REFUSAL_COUNT);
    return refusal_texts[refusal];
}
