/* xml_value.c - attribute values on their way out: what XML can hold, and how it is spelled. */
#include "vss/xml_value.h"

/* Can the byte stand in an attribute's value? at: a byte of valid UTF-8. U+FFFE and U+FFFF
 * (EF BF BE, EF BF BF) cannot either. */
static bool is_xml_byte(struct view text, size_t at)
{
    const unsigned char c = (unsigned char)text.p[at];
    if (c < ' ') {
        return c == '\t' || c == '\n' || c == '\r';
    }
    return c < 0xBE || at < 2 || (unsigned char)text.p[at - 1] != 0xBF ||
           (unsigned char)text.p[at - 2] != 0xEF || (c != 0xBE && c != 0xBF);
}

size_t xml_value_length(struct view text)
{
    const size_t valid = view_utf8_length(text);
    for (size_t at = 0; at < valid; at++) {
        if (!is_xml_byte(text, at)) {
            const bool is_last_of_three = (unsigned char)text.p[at] >= 0x80;
            return is_last_of_three ? at - 2 : at;
        }
    }
    return valid;
}

struct view xml_value_printable(struct arena *arena, struct view text)
{
    if (!view_present(text) || xml_value_length(text) == text.n) {
        return text;
    }
    char *out = arena_alloc(arena, text.n, 3);
    size_t n = 0;
    while (text.n > 0) {
        const size_t good = xml_value_length(text);
        memcpy(out + n, text.p, good);
        n += good;
        text = view_skip(text, good);
        if (text.n > 0) {
            memcpy(out + n, "\xEF\xBF\xBD", 3);
            n += 3;
            text = view_skip(text, 1);
        }
    }
    return (struct view){out, n};
}

void xml_value_put(struct buffer *out, struct view value, char quote)
{
    for (size_t i = 0; i < value.n; i++) {
        const char c = value.p[i];
        if (c == '&') {
            buffer_add_view(out, VIEW("&amp;"));
        } else if (c == '<') {
            buffer_add_view(out, VIEW("&lt;"));
        } else if (c == '>') {
            buffer_add_view(out, VIEW("&gt;"));
        } else if (c == quote) {
            buffer_add_view(out, quote == '"' ? VIEW("&quot;") : VIEW("&apos;"));
        } else if (c == '\r' || c == '\n' || c == '\t') {
            buffer_printf(out, "&#%d;", c);
        } else {
            buffer_add_char(out, c);
        }
    }
}
