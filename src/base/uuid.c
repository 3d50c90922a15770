/* uuid.c - random identities and their text form. */
#include "base/uuid.h"

#include "base/bug.h"

#include <stdio.h>
#include <sys/random.h>

struct uuid uuid_random(void)
{
    struct uuid uuid;
    const ssize_t got = getrandom(uuid.bytes, sizeof uuid.bytes, 0);
    VSR_REQUIRE(got == (ssize_t)sizeof uuid.bytes); /* 16 bytes are never short, getrandom(2) */
    uuid.bytes[6] = (uint8_t)((uuid.bytes[6] & 0x0Fu) | 0x40u);
    uuid.bytes[8] = (uint8_t)((uuid.bytes[8] & 0x3Fu) | 0x80u);
    return uuid;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool uuid_parse(struct view text, struct uuid *out)
{
    if (text.n != UUID_TEXT_BYTES - 1) {
        return false;
    }
    size_t byte = 0;
    for (size_t i = 0; i < text.n;) {
        if (i == 8 || i == 13 || i == 18 || i == 23) {
            if (text.p[i++] != '-') {
                return false;
            }
            continue;
        }
        const int high = hex_digit(text.p[i]);
        const int low = hex_digit(text.p[i + 1]); /* in range: groups have even lengths */
        if (high < 0 || low < 0) {
            return false;
        }
        out->bytes[byte++] = (uint8_t)(high * 16 + low);
        i += 2;
    }
    return true;
}

void uuid_text(const struct uuid *uuid, char out[UUID_TEXT_BYTES])
{
    size_t at = 0;
    for (size_t i = 0; i < sizeof uuid->bytes; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) {
            out[at++] = '-';
        }
        (void)snprintf(out + at, 3, "%02x", (unsigned)uuid->bytes[i]);
        at += 2;
    }
}
