/* view.c - comparisons, searches and number parsing on length-carrying strings. */
#include "base/view.h"

int view_compare(struct view a, struct view b)
{
    const size_t shorter = a.n < b.n ? a.n : b.n;
    const int order = shorter == 0 ? 0 : memcmp(a.p, b.p, shorter);
    if (order != 0) {
        return order;
    }
    return (a.n > b.n) - (a.n < b.n);
}

static char ascii_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

bool view_equal_ascii(struct view a, struct view b)
{
    if (a.n != b.n) {
        return false;
    }
    for (size_t i = 0; i < a.n; i++) {
        if (ascii_lower(a.p[i]) != ascii_lower(b.p[i])) {
            return false;
        }
    }
    return true;
}

bool view_starts(struct view v, struct view prefix)
{
    return v.n >= prefix.n && (prefix.n == 0 || memcmp(v.p, prefix.p, prefix.n) == 0);
}

size_t view_find(struct view v, char c)
{
    const char *hit = v.n == 0 ? NULL : memchr(v.p, c, v.n);
    return hit == NULL ? v.n : (size_t)(hit - v.p);
}

bool view_to_u64(struct view v, uint64_t *out)
{
    uint64_t value = 0;
    if (v.n == 0) {
        return false;
    }
    for (size_t i = 0; i < v.n; i++) {
        if (v.p[i] < '0' || v.p[i] > '9') {
            return false;
        }
        if (__builtin_mul_overflow(value, 10u, &value) ||
            __builtin_add_overflow(value, (uint64_t)(v.p[i] - '0'), &value)) {
            return false;
        }
    }
    *out = value;
    return true;
}

/* The length of the well-formed UTF-8 sequence at p, or 0. */
static size_t utf8_sequence(const unsigned char *p, size_t left)
{
    static const struct {
        unsigned char lead_min, lead_max, next_min, next_max, length;
    } forms[] = {
        {0x01, 0x7F, 0x00, 0x00, 1}, {0xC2, 0xDF, 0x80, 0xBF, 2}, {0xE0, 0xE0, 0xA0, 0xBF, 3},
        {0xE1, 0xEC, 0x80, 0xBF, 3}, {0xED, 0xED, 0x80, 0x9F, 3}, {0xEE, 0xEF, 0x80, 0xBF, 3},
        {0xF0, 0xF0, 0x90, 0xBF, 4}, {0xF1, 0xF3, 0x80, 0xBF, 4}, {0xF4, 0xF4, 0x80, 0x8F, 4},
    };
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        if (p[0] < forms[i].lead_min || p[0] > forms[i].lead_max) {
            continue;
        }
        if (left < forms[i].length) {
            return 0;
        }
        for (size_t k = 1; k < forms[i].length; k++) {
            const unsigned char low = k == 1 ? forms[i].next_min : 0x80;
            const unsigned char high = k == 1 ? forms[i].next_max : 0xBF;
            if (p[k] < low || p[k] > high) {
                return 0;
            }
        }
        return forms[i].length;
    }
    return 0;
}

/* Documents are nearly all ASCII: eight such bytes at once are stepped over. */
static bool ascii_eight(const unsigned char *p)
{
    uint64_t word;
    memcpy(&word, p, sizeof word);
    const uint64_t high = UINT64_C(0x8080808080808080);
    const uint64_t zero = (word - UINT64_C(0x0101010101010101)) & ~word & high;
    return (word & high) == 0 && zero == 0;
}

size_t view_utf8_length(struct view v)
{
    const unsigned char *p = (const unsigned char *)v.p;
    for (size_t at = 0; at < v.n;) {
        if (v.n - at >= 8 && ascii_eight(p + at)) {
            at += 8;
            continue;
        }
        const size_t step = utf8_sequence(p + at, v.n - at);
        if (step == 0) {
            return at;
        }
        at += step;
    }
    return v.n;
}
