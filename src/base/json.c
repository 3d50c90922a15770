/* json.c - escapes, commas and base64; nothing else. */
#include "base/json.h"

#include <stdio.h>
#include <string.h>

/* One character that is not plain ASCII, escaped where it must be; the bytes that it takes. The
 * control characters U+0080 to U+009F need not be, but lines are also looked at on terminals. */
static size_t json_character(struct buffer *out, struct view text)
{
    const unsigned char c = (unsigned char)text.p[0];
    if (c == 0xC2 && text.n > 1 && ((unsigned char)text.p[1] & 0xE0) == 0x80) {
        buffer_printf(out, "\\u%04x", (unsigned)(unsigned char)text.p[1]);
        return 2;
    }
    if (c < 0x80) {
        buffer_printf(out, "\\u%04x", (unsigned)c);
        return 1;
    }
    for (size_t bytes = 2; bytes <= 4 && bytes <= text.n; bytes++) {
        if (view_is_utf8((struct view){text.p, bytes})) {
            buffer_add(out, text.p, bytes);
            return bytes;
        }
    }
    buffer_add(out, "\xEF\xBF\xBD", 3);
    return 1;
}

#define JSON_ALL(byte) (UINT64_C(0x0101010101010101) * (byte))

/* Is one of these eight bytes a control character, a quote, a backslash, or no ASCII? A borrow can
 * only make it say yes for nothing. */
static bool json_wants_escape(uint64_t eight)
{
    const uint64_t quotes = eight ^ JSON_ALL('"');
    const uint64_t backslashes = eight ^ JSON_ALL('\\');
    const uint64_t found =
        eight | (eight - JSON_ALL(0x20)) | (quotes - JSON_ALL(1)) | (backslashes - JSON_ALL(1));
    return (found & JSON_ALL(0x80)) != 0;
}

/* Reports have a line for each file: plain ASCII goes straight into the buffer. */
static void json_string(struct buffer *out, struct view text)
{
    buffer_reserve(out, 2 * text.n + 2);
    out->p[out->n++] = '"';
    for (size_t i = 0; i < text.n;) {
        uint64_t eight;
        if (text.n - i >= sizeof eight) {
            memcpy(&eight, text.p + i, sizeof eight);
            if (!json_wants_escape(eight)) {
                memcpy(out->p + out->n, &eight, sizeof eight);
                out->n += sizeof eight;
                i += sizeof eight;
                continue;
            }
        }
        const char c = text.p[i];
        if ((unsigned char)(c - 0x20) >= 0x60) { /* a control character, or no ASCII */
            i += json_character(out, view_skip(text, i));
            buffer_reserve(out, 2 * (text.n - i) + 1);
            continue;
        }
        if (c == '"' || c == '\\') {
            out->p[out->n++] = '\\';
        }
        out->p[out->n++] = c;
        i++;
    }
    out->p[out->n++] = '"';
}

static void json_key(struct json *json, const char *key)
{
    if (json->comma) {
        buffer_add_char(json->out, ',');
    }
    json->comma = true;
    if (key != NULL) {
        json_string(json->out, view_of(key));
        buffer_add_char(json->out, ':');
    }
}

static void json_open(struct json *json, const char *key, char bracket)
{
    json_key(json, key);
    buffer_add_char(json->out, bracket);
    json->comma = false;
}

static void json_close(struct json *json, char bracket)
{
    buffer_add_char(json->out, bracket);
    json->comma = true;
}

void json_object_begin(struct json *json, const char *key)
{
    json_open(json, key, '{');
}

void json_object_end(struct json *json)
{
    json_close(json, '}');
}

void json_array_begin(struct json *json, const char *key)
{
    json_open(json, key, '[');
}

void json_array_end(struct json *json)
{
    json_close(json, ']');
}

void json_text(struct json *json, const char *key, struct view text)
{
    json_key(json, key);
    if (view_present(text)) {
        json_string(json->out, text);
    } else {
        buffer_add(json->out, "null", 4);
    }
}

static void json_base64(struct buffer *out, struct view bytes)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    buffer_add_char(out, '"');
    for (size_t i = 0; i < bytes.n; i += 3) {
        const size_t left = bytes.n - i;
        uint32_t three = (uint32_t)(unsigned char)bytes.p[i] << 16;
        three |= left > 1 ? (uint32_t)(unsigned char)bytes.p[i + 1] << 8 : 0;
        three |= left > 2 ? (uint32_t)(unsigned char)bytes.p[i + 2] : 0;
        buffer_add_char(out, digits[three >> 18]);
        buffer_add_char(out, digits[three >> 12 & 63]);
        buffer_add_char(out, left > 1 ? digits[three >> 6 & 63] : '=');
        buffer_add_char(out, left > 2 ? digits[three & 63] : '=');
    }
    buffer_add_char(out, '"');
}

void json_path(struct json *json, const char *key, struct view path)
{
    json_text(json, key, path);
    if (view_present(path) && !view_is_utf8(path)) {
        char beside[64];
        (void)snprintf(beside, sizeof beside, "%s_b64", key);
        json_key(json, beside);
        json_base64(json->out, path);
    }
}

void json_u64(struct json *json, const char *key, uint64_t value)
{
    char digits[20];
    size_t at = sizeof digits;
    uint64_t rest = value;
    json_key(json, key);
    do {
        digits[--at] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    buffer_add(json->out, digits + at, sizeof digits - at);
}

void json_i64(struct json *json, const char *key, int64_t value)
{
    json_key(json, key);
    buffer_printf(json->out, "%lld", (long long)value);
}

void json_bool(struct json *json, const char *key, bool value)
{
    json_key(json, key);
    buffer_add_view(json->out, value ? VIEW("true") : VIEW("false"));
}

void json_null(struct json *json, const char *key)
{
    json_key(json, key);
    buffer_add(json->out, "null", 4);
}

void json_raw(struct json *json, const char *key, struct view value)
{
    json_key(json, key);
    buffer_add_view(json->out, view_present(value) ? value : VIEW("null"));
}

void json_line_end(struct json *json)
{
    buffer_add_char(json->out, '\n');
    json->comma = false;
}
