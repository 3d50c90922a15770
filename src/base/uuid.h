/* uuid.h - identities of sets and runs, and the GUIDs of VSS: 16 bytes, compared as bytes,
 * written as 36 characters in small letters. */
#ifndef BASE_UUID_H
#define BASE_UUID_H

#include "base/view.h"

struct uuid {
    uint8_t bytes[16]; /* in the order of the text form */
};

enum { UUID_TEXT_BYTES = 37 }; /* with the NUL */

/* A random (version 4) one, from the kernel. Any thread. */
struct uuid uuid_random(void);

/* 36 characters in any letter case, no braces. False: anything else. */
bool uuid_parse(struct view text, struct uuid *out);

void uuid_text(const struct uuid *uuid, char out[UUID_TEXT_BYTES]);

static inline bool uuid_equal(const struct uuid *a, const struct uuid *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

static inline bool uuid_is_null(const struct uuid *uuid)
{
    static const struct uuid null;
    return uuid_equal(uuid, &null);
}

#endif
