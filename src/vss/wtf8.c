/* wtf8.c - decoding and encoding WTF-8, raw bytes included.
 *
 * Below everything in vss that looks at a name's letters. It rejects nothing: a byte that is
 * not WTF-8 is handed on as itself, since a name must be found again as it stands. Case is not
 * its business (vss/winfold.c). */
#include "vss/wtf8.h"

/* The well-formed sequence at p: its code point and length, or length 0. Surrogates are let
 * in, overlong forms are not. */
static size_t wtf8_sequence(const unsigned char *p, size_t left, uint32_t *code)
{
    static const uint32_t code_min[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char lead = p[0];
    if (lead < 0x80) {
        *code = lead;
        return 1;
    }
    const size_t length = lead < 0xC2 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF5 ? 4 : 0;
    if (length == 0 || left < length) {
        return 0;
    }
    uint32_t value = lead & (0x7Fu >> length);
    for (size_t i = 1; i < length; i++) {
        if ((p[i] & 0xC0u) != 0x80u) {
            return 0;
        }
        value = value << 6 | (p[i] & 0x3Fu);
    }
    *code = value;
    return value < code_min[length] || value > 0x10FFFF ? 0 : length;
}

static bool is_lead(uint32_t code)
{
    return code >= WTF8_LEAD_MIN && code < WTF8_TRAIL_MIN;
}

static bool is_trail(uint32_t code)
{
    return code >= WTF8_TRAIL_MIN && code < WTF8_TRAIL_MIN + 0x400;
}

uint32_t wtf8_code(const unsigned char **at, const unsigned char *end)
{
    uint32_t code = 0;
    const size_t length = wtf8_sequence(*at, (size_t)(end - *at), &code);
    if (length == 0) {
        return WTF8_RAW + *(*at)++;
    }
    *at += length;
    if (is_lead(code) && *at != end) {
        uint32_t trail = 0;
        const size_t more = wtf8_sequence(*at, (size_t)(end - *at), &trail);
        if (more != 0 && is_trail(trail)) {
            *at += more;
            code = 0x10000 + ((code - WTF8_LEAD_MIN) << 10) + (trail - WTF8_TRAIL_MIN);
        }
    }
    return code;
}

uint32_t wtf8_next_wide(struct wtf8_reader *reader)
{
    if (reader->trail != 0) {
        const uint32_t trail = reader->trail;
        reader->trail = 0;
        return trail;
    }
    const uint32_t code = wtf8_code(&reader->at, reader->end);
    if (code <= WTF8_UNIT_MAX || code >= WTF8_RAW) {
        return code;
    }
    reader->trail = WTF8_TRAIL_MIN + (code & 0x3FF);
    return WTF8_LEAD_MIN + ((code - 0x10000) >> 10);
}

size_t wtf8_put(uint32_t code, char *out)
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    if (code >= WTF8_RAW) {
        out[0] = (char)(code - WTF8_RAW);
        return 1;
    }
    if (code < 0x800) {
        out[0] = (char)(0xC0 | code >> 6);
        out[1] = (char)(0x80 | (code & 0x3F));
        return 2;
    }
    if (code < 0x10000) {
        out[0] = (char)(0xE0 | code >> 12);
        out[1] = (char)(0x80 | (code >> 6 & 0x3F));
        out[2] = (char)(0x80 | (code & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | code >> 18);
    out[1] = (char)(0x80 | (code >> 12 & 0x3F));
    out[2] = (char)(0x80 | (code >> 6 & 0x3F));
    out[3] = (char)(0x80 | (code & 0x3F));
    return 4;
}

size_t wtf8_count(struct view text)
{
    size_t count = 0;
    for (struct wtf8_reader reader = wtf8_reader(text); wtf8_more(&reader); count++) {
        (void)wtf8_next(&reader);
    }
    return count;
}
