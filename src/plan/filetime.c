/* filetime.c - base64, a length, a FILETIME: read without trust, shown as a date. Whether that day
 * is past is not asked: the planner knows no clock. */
#include "plan/filetime.h"

#include <stdio.h>
#include <time.h>

enum { LAYOUT_BYTES = 12, LAYOUT_CHARACTERS = 16 };

static int digit_of(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c != '\0' ? strchr(digits, c) : NULL;
    return at != NULL ? (int)(at - digits) : -1;
}

/* Twelve bytes are sixteen characters without padding. */
static bool layout_read(struct view base64, uint8_t out[LAYOUT_BYTES])
{
    if (base64.n != LAYOUT_CHARACTERS) {
        return false;
    }
    for (size_t i = 0; i < LAYOUT_CHARACTERS; i += 4) {
        uint32_t bits = 0;
        for (size_t k = 0; k < 4; k++) {
            const int digit = digit_of(base64.p[i + k]);
            if (digit < 0) {
                return false;
            }
            bits = bits << 6 | (uint32_t)digit;
        }
        out[i / 4 * 3] = (uint8_t)(bits >> 16);
        out[i / 4 * 3 + 1] = (uint8_t)(bits >> 8);
        out[i / 4 * 3 + 2] = (uint8_t)bits;
    }
    return true;
}

bool filetime_of_metadata(struct view base64, char out[FILETIME_TEXT_BYTES])
{
    static const uint64_t seconds_to_1970 = UINT64_C(11644473600);
    static const uint64_t seconds_to_10000 = UINT64_C(265046774400);
    uint8_t bytes[LAYOUT_BYTES];
    if (!view_present(base64) || !layout_read(base64, bytes) || bytes[0] != 8 ||
        (bytes[1] | bytes[2] | bytes[3]) != 0) {
        return false;
    }
    uint64_t ticks = 0;
    for (int i = LAYOUT_BYTES - 1; i >= 4; i--) {
        ticks = ticks << 8 | bytes[i];
    }
    const uint64_t seconds = ticks / 10000000u;
    if (seconds < seconds_to_1970 || seconds >= seconds_to_10000) {
        return false;
    }
    const time_t when = (time_t)(seconds - seconds_to_1970);
    struct tm parts;
    return gmtime_r(&when, &parts) != NULL &&
           strftime(out, FILETIME_TEXT_BYTES, "%Y-%m-%d %H:%M:%S UTC", &parts) > 0;
}
