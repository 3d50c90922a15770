/* xml_text.c - byte forms of documents: tell them apart, convert, keep the map back.
 *
 * Stands between the file's bytes and the XML parser: that gets valid UTF-8 and never looks at
 * a declared encoding. Knows nothing of elements but how to find the first one's name. */
#include "vss/xml_text.h"

#include "base/limits.h"

#include <stdarg.h>
#include <stdio.h>

static const struct {
    enum xml_form form;
    unsigned char bytes[3];
    unsigned char count;
    unsigned char head_bytes;
} first_bytes[] = {
    {XML_UTF8, {0xEF, 0xBB, 0xBF}, 3, 3}, {XML_UTF16_LE, {0xFF, 0xFE}, 2, 2},
    {XML_UTF16_BE, {0xFE, 0xFF}, 2, 2},   {XML_UTF16_LE, {0x3C, 0x00}, 2, 0},
    {XML_UTF16_BE, {0x00, 0x3C}, 2, 0},
};

static enum xml_form form_detect(struct view bytes, size_t *head_bytes)
{
    for (size_t i = 0; i < sizeof first_bytes / sizeof *first_bytes; i++) {
        if (bytes.n >= first_bytes[i].count &&
            memcmp(bytes.p, first_bytes[i].bytes, first_bytes[i].count) == 0) {
            *head_bytes = first_bytes[i].head_bytes;
            return first_bytes[i].form;
        }
    }
    *head_bytes = 0;
    return XML_UTF8;
}

/* The bytes after the mark as units: bytes of UTF-8, 16-bit units of UTF-16. */
struct units {
    const unsigned char *p;
    size_t count;
    enum xml_form form;
};

static struct units units_of(struct view bytes, size_t head_bytes, enum xml_form form)
{
    const size_t left = bytes.n - head_bytes;
    return (struct units){(const unsigned char *)bytes.p + head_bytes,
                          form == XML_UTF8 ? left : left / 2, form};
}

static uint32_t unit_at(const struct units *units, size_t at)
{
    switch (units->form) {
    case XML_UTF16_LE:
        return (uint32_t)units->p[2 * at] | (uint32_t)units->p[2 * at + 1] << 8;
    case XML_UTF16_BE:
        return (uint32_t)units->p[2 * at + 1] | (uint32_t)units->p[2 * at] << 8;
    case XML_UTF8:
        break;
    }
    return units->p[at];
}

static bool is_space(uint32_t unit)
{
    return unit == ' ' || unit == '\t' || unit == '\r' || unit == '\n';
}

static bool is_high(uint32_t unit)
{
    return unit >= 0xD800 && unit <= 0xDBFF;
}

static bool is_low(uint32_t unit)
{
    return unit >= 0xDC00 && unit <= 0xDFFF;
}

/* The character at *at, which moves behind it. 0: a NUL or an unpaired surrogate. */
static uint32_t utf16_character(const struct units *units, size_t *at)
{
    const uint32_t unit = unit_at(units, *at);
    if (is_high(unit) && *at + 1 < units->count && is_low(unit_at(units, *at + 1))) {
        const uint32_t low = unit_at(units, *at + 1);
        *at += 2;
        return 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
    }
    if (is_high(unit) || is_low(unit)) {
        return 0;
    }
    *at += unit != 0;
    return unit;
}

static size_t utf8_put(char *out, uint32_t c)
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xC0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3F));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xE0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 0x3F));
        out[2] = (char)(0x80 | (c & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | c >> 18);
    out[1] = (char)(0x80 | (c >> 12 & 0x3F));
    out[2] = (char)(0x80 | (c >> 6 & 0x3F));
    out[3] = (char)(0x80 | (c & 0x3F));
    return 4;
}

/* The bytes that the units take in UTF-8; a surrogate pair's four are counted as two threes. */
static size_t utf8_bytes_max(const struct units *units)
{
    size_t bytes = 0;
    for (size_t i = 0; i < units->count; i++) {
        const uint32_t unit = unit_at(units, i);
        bytes += unit < 0x80 ? 1 : unit < 0x800 ? 2 : 3;
    }
    return bytes;
}

static vsr_code utf16_convert(struct xml_text *text, struct arena *arena, const struct units *units,
                              vsr_error *error)
{
    char *out = arena_alloc(arena, utf8_bytes_max(units) + 4, 1);
    text->text = (struct view){out, 0};
    for (size_t at = 0; at < units->count;) {
        const uint32_t c = utf16_character(units, &at);
        if (c == 0) {
            const uint32_t unit = unit_at(units, at);
            return unit == 0 ? xml_text_fault(text, text->text.n, error, "a NUL inside the text")
                             : xml_text_fault(text, text->text.n, error,
                                              "an unpaired surrogate 0x%04X", unit);
        }
        text->text.n += utf8_put(out + text->text.n, c);
    }
    return VSR_OK;
}

static vsr_code utf8_check(const struct xml_text *text, vsr_error *error)
{
    const size_t good = view_utf8_length(text->text);
    if (good == text->text.n) {
        return VSR_OK;
    }
    if (text->text.p[good] == '\0') {
        return xml_text_fault(text, good, error, "a NUL inside the text");
    }
    return xml_text_fault(text, good, error, "byte 0x%02X is no valid UTF-8",
                          (unsigned)(unsigned char)text->text.p[good]);
}

vsr_code xml_text_open(struct xml_text *out, struct arena *arena, struct view bytes,
                       const char *file_name, vsr_error *error)
{
    *out = (struct xml_text){.file_name = file_name, .bytes = bytes, .text = VIEW("")};
    if (bytes.n > DOCUMENT_BYTES_MAX) {
        return err_set(error, VSR_ERR_DOCUMENT, "vss/xml_text",
                       "cannot read %s: %zu bytes, at most %zu are allowed", file_name, bytes.n,
                       DOCUMENT_BYTES_MAX);
    }
    out->form = form_detect(bytes, &out->head_bytes);
    struct units units = units_of(bytes, out->head_bytes, out->form);
    const size_t unit_bytes = out->form == XML_UTF8 ? 1 : 2;
    const size_t all = units.count;
    const bool half = (bytes.n - out->head_bytes) % unit_bytes != 0;
    while (!half && units.count > 0 &&
           (unit_at(&units, units.count - 1) == 0 || is_space(unit_at(&units, units.count - 1)))) {
        units.count--;
    }
    out->tail_bytes = (all - units.count) * unit_bytes;
    if (units.count == 0) {
        return xml_text_fault(out, 0, error, "no XML in this file");
    }
    vsr_code rc = VSR_OK;
    if (out->form == XML_UTF8) {
        out->text = (struct view){bytes.p + out->head_bytes, units.count};
        rc = utf8_check(out, error);
    } else {
        rc = utf16_convert(out, arena, &units, error);
    }
    if (rc == VSR_OK && half) {
        return xml_text_fault(out, out->text.n, error,
                              "the UTF-16 text ends in the middle of a unit");
    }
    if (rc == VSR_OK && view_starts(out->text, VIEW("\xEF\xBB\xBF"))) {
        return xml_text_fault(out, 0, error, "a second byte order mark");
    }
    return rc;
}

/* The bytes of UTF-16 that one byte of the text stands for: those of its character, counted at the
 * character's first byte. */
static unsigned utf16_bytes(unsigned char byte)
{
    return (byte & 0xC0) == 0x80 ? 0 : byte >= 0xF0 ? 4 : 2;
}

struct vss_place xml_text_place_next(const struct xml_text *text, struct xml_cursor *cursor,
                                     size_t offset)
{
    const char *p = text->text.p;
    while (cursor->offset < offset) {
        const char *line_end = memchr(p + cursor->offset, '\n', offset - cursor->offset);
        const size_t stop = line_end != NULL ? (size_t)(line_end - p) + 1 : offset;
        if (text->form == XML_UTF8) {
            cursor->bytes_before += stop - cursor->offset;
        } else {
            for (size_t i = cursor->offset; i < stop; i++) {
                cursor->bytes_before += utf16_bytes((unsigned char)p[i]);
            }
        }
        cursor->lines_before += line_end != NULL;
        cursor->offset = stop;
    }
    return (struct vss_place){cursor->lines_before + 1, text->head_bytes + cursor->bytes_before};
}

struct vss_place xml_text_place(const struct xml_text *text, size_t offset)
{
    struct xml_cursor cursor = {0};
    return xml_text_place_next(text, &cursor, offset);
}

vsr_code xml_text_fault(const struct xml_text *text, size_t offset, vsr_error *error,
                        const char *format, ...)
{
    char what[400];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(what, sizeof what, format, args);
    va_end(args);
    const struct vss_place place = xml_text_place(text, offset);
    return err_set(error, VSR_ERR_DOCUMENT, "vss/xml", "%s, line %u, byte %llu: %s",
                   text->file_name, place.line, (unsigned long long)place.byte, what);
}

vsr_code xml_text_no_element(const struct xml_text *text, vsr_error *error)
{
    static const char *const forms[] = {
        [XML_UTF8] = "UTF-8",
        [XML_UTF16_LE] = "UTF-16, little-endian",
        [XML_UTF16_BE] = "UTF-16, big-endian",
    };
    return xml_text_fault(
        text, 0, error, "no element at the beginning of this text, which its first bytes say is %s",
        forms[text->form]);
}

/* --- the way back --- */

/* The character at *at of valid UTF-8, which moves behind it. */
static uint32_t utf8_character(struct view text, size_t *at)
{
    const unsigned char *p = (const unsigned char *)text.p + *at;
    const size_t more = p[0] < 0xC0 ? 0 : p[0] < 0xE0 ? 1 : p[0] < 0xF0 ? 2 : 3;
    uint32_t c = more == 0 ? p[0] : p[0] & (0x3Fu >> more);
    for (size_t i = 1; i <= more; i++) {
        c = c << 6 | (p[i] & 0x3Fu);
    }
    *at += 1 + more;
    return c;
}

static void unit_put(struct buffer *out, enum xml_form form, uint32_t unit)
{
    const char low = (char)(unit & 0xFF);
    const char high = (char)(unit >> 8);
    const char bytes[2] = {form == XML_UTF16_LE ? low : high, form == XML_UTF16_LE ? high : low};
    buffer_add(out, bytes, sizeof bytes);
}

void xml_text_render(const struct xml_text *text, struct view edited, struct buffer *out)
{
    buffer_add(out, text->bytes.p, text->head_bytes);
    if (text->form == XML_UTF8) {
        buffer_add_view(out, edited);
    } else {
        buffer_reserve(out, edited.n * 2);
        for (size_t at = 0; at < edited.n;) {
            const uint32_t c = utf8_character(edited, &at);
            if (c >= 0x10000) {
                unit_put(out, text->form, 0xD800 + ((c - 0x10000) >> 10));
                unit_put(out, text->form, 0xDC00 + ((c - 0x10000) & 0x3FF));
            } else {
                unit_put(out, text->form, c);
            }
        }
    }
    buffer_add(out, text->bytes.p + text->bytes.n - text->tail_bytes, text->tail_bytes);
}

/* --- the root element's name --- */

static bool units_match(const struct units *units, size_t at, const char *word)
{
    for (size_t i = 0; word[i] != '\0'; i++) {
        if (at + i >= units->count || unit_at(units, at + i) != (unsigned char)word[i]) {
            return false;
        }
    }
    return true;
}

/* Behind the next occurrence of word, or the end. */
static size_t units_behind(const struct units *units, size_t at, const char *word)
{
    while (at < units->count && !units_match(units, at, word)) {
        at++;
    }
    return at < units->count ? at + strlen(word) : units->count;
}

/* Behind the '>' that ends a DOCTYPE, with its quoted parts and internal subset. */
static size_t units_behind_doctype(const struct units *units, size_t at)
{
    size_t depth = 0;
    for (uint32_t quote = 0; at < units->count; at++) {
        const uint32_t unit = unit_at(units, at);
        if (quote != 0) {
            quote = unit == quote ? 0 : quote;
        } else if (unit == '"' || unit == '\'') {
            quote = unit;
        } else if (unit == '[' || unit == '<') {
            depth++;
        } else if ((unit == ']' || unit == '>') && --depth == 0) {
            return at + 1;
        }
    }
    return at;
}

static struct view units_name(const struct units *units, size_t at, struct arena *arena)
{
    char name[128];
    size_t n = 0;
    for (; at < units->count && n < sizeof name; at++) {
        const uint32_t unit = unit_at(units, at);
        if (is_space(unit) || unit == '>' || unit == '/' || unit == 0) {
            break;
        }
        if (unit == ':') {
            n = 0; /* the local name stands behind the prefix */
        } else {
            name[n++] = unit > ' ' && unit < 0x7F ? (char)unit : '?';
        }
    }
    return n > 0 ? arena_copy(arena, (struct view){name, n}) : VIEW_NONE;
}

struct view xml_root_name(struct arena *arena, struct view bytes)
{
    size_t head_bytes = 0;
    const enum xml_form form = form_detect(bytes, &head_bytes);
    const struct units units = units_of(bytes, head_bytes, form);
    for (size_t at = 0; at < units.count;) {
        if (is_space(unit_at(&units, at))) {
            at++;
        } else if (units_match(&units, at, "<?")) {
            at = units_behind(&units, at, "?>");
        } else if (units_match(&units, at, "<!--")) {
            at = units_behind(&units, at + 4, "-->");
        } else if (units_match(&units, at, "<!")) {
            at = units_behind_doctype(&units, at);
        } else if (unit_at(&units, at) == '<') {
            return units_name(&units, at + 1, arena);
        } else {
            return VIEW_NONE;
        }
    }
    return VIEW_NONE;
}
