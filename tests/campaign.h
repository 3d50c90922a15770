/* campaign.h - how many of a campaign's cases are taken: VSSRESTORE_LONG=1, all; without, a share;
 * under VSSRESTORE_TRIM=1, where tools/check has run more of them before and wants the same code
 * with another compiler or sanitizer, fewer. Python's tests have the same words. */
#ifndef CAMPAIGN_H
#define CAMPAIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static inline bool campaign_is(const char *variable)
{
    const char *value = getenv(variable);
    return value != NULL && strcmp(value, "1") == 0;
}

/* So many; or, of a step, every so many-th. */
static inline size_t campaign_amount(size_t all, size_t usual, size_t trimmed)
{
    return campaign_is("VSSRESTORE_LONG") ? all : campaign_is("VSSRESTORE_TRIM") ? trimmed : usual;
}

static inline size_t campaign_step(size_t usual, size_t trimmed)
{
    return campaign_amount(1, usual, trimmed);
}

#endif
