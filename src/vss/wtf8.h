/* wtf8.h - WTF-8 read as UTF-16 units, one at a time, without a copy. Inside vss; others use
 * winpath.h. Pure; any thread.
 *
 * A value is a UTF-16 unit (< 0x10000), half of an astral pair included, or WTF8_RAW + byte for
 * a byte that no WTF-8 sequence explains: such a byte equals itself and no unit. A surrogate
 * pair written as two sequences of 3 bytes gives the same two units as one of 4 bytes. */
#ifndef VSS_WTF8_H
#define VSS_WTF8_H

#include "base/view.h"

#define WTF8_RAW       UINT32_C(0x110000) /* above every code point */
#define WTF8_UNIT_MAX  UINT32_C(0xFFFF)
#define WTF8_LEAD_MIN  UINT32_C(0xD800)
#define WTF8_TRAIL_MIN UINT32_C(0xDC00)

struct wtf8_reader {
    const unsigned char *at;
    const unsigned char *end;
    uint32_t trail; /* the second unit of a pair whose first was given, else 0 */
};

static inline struct wtf8_reader wtf8_reader(struct view text)
{
    const unsigned char *p = (const unsigned char *)text.p;
    return (struct wtf8_reader){p, text.n == 0 ? p : p + text.n, 0};
}

static inline bool wtf8_more(const struct wtf8_reader *reader)
{
    return reader->trail != 0 || reader->at != reader->end;
}

/* The code point at *at (a lone surrogate is one; a pair is joined, however it is written) or
 * WTF8_RAW + byte; *at moves behind it. *at must be before end. */
uint32_t wtf8_code(const unsigned char **at, const unsigned char *end);

/* Write a code point, or a raw byte, as at most 4 bytes; returns how many. */
size_t wtf8_put(uint32_t code, char *out);

uint32_t wtf8_next_wide(struct wtf8_reader *reader);

/* The next unit; wtf8_more() must hold. */
static inline uint32_t wtf8_next(struct wtf8_reader *reader)
{
    if (reader->trail == 0 && *reader->at < 0x80) {
        return *reader->at++;
    }
    return wtf8_next_wide(reader);
}

/* How many units text is. */
size_t wtf8_count(struct view text);

#endif
