/* json.c - escapes, commas and base64; nothing else. */
#include "base/json.h"

#include <stdio.h>

static void json_string(struct buffer *out, struct view text)
{
    buffer_add_char(out, '"');
    size_t plain = 0; /* start of the run that needs no escape */
    for (size_t i = 0; i < text.n; i++) {
        const unsigned char c = (unsigned char)text.p[i];
        if (c >= 0x20 && c != '"' && c != '\\' && c < 0x80) {
            continue;
        }
        if (c >= 0x80) {
            size_t step = 2;
            while (step <= 4 && i + step <= text.n &&
                   !view_is_utf8((struct view){text.p + i, step})) {
                step++;
            }
            if (step <= 4 && i + step <= text.n) {
                i += step - 1;
                continue;
            }
        }
        buffer_add(out, text.p + plain, i - plain);
        plain = i + 1;
        if (c >= 0x80) {
            buffer_add(out, "\xEF\xBF\xBD", 3);
        } else if (c == '"' || c == '\\') {
            buffer_add_char(out, '\\');
            buffer_add_char(out, (char)c);
        } else {
            buffer_printf(out, "\\u%04x", (unsigned)c);
        }
    }
    buffer_add(out, text.p + plain, text.n - plain);
    buffer_add_char(out, '"');
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
    json_key(json, key);
    buffer_printf(json->out, "%llu", (unsigned long long)value);
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

void json_line_end(struct json *json)
{
    buffer_add_char(json->out, '\n');
    json->comma = false;
}
