/* text.c - escaping behind the public functions. */
#include "vssrestore/text.h"
#include "api/objects.h"
#include "base/json.h"
#include "base/show.h"

static size_t text_give(struct buffer *text, char *out, size_t out_bytes)
{
    const size_t all = text->n;
    const size_t given = out_bytes == 0 ? 0 : all < out_bytes ? all : out_bytes - 1;
    if (out_bytes > 0) {
        if (given > 0) {
            memcpy(out, text->p, given);
        }
        out[given] = '\0';
    }
    buffer_free(text);
    return all;
}

size_t vsr_text_shown(char *out, size_t out_bytes, const char *text)
{
    struct buffer shown = {0};
    show_add(&shown, view_of(text));
    return text_give(&shown, out, out_bytes);
}

size_t vsr_text_json(char *out, size_t out_bytes, const char *text)
{
    struct buffer string = {0};
    struct json json = json_into(&string);
    json_text(&json, NULL, view_of(text));
    return text_give(&string, out, out_bytes);
}

size_t vsr_text_json_path(char *out, size_t out_bytes, const char *key, const char *path)
{
    struct buffer members = {0};
    struct json json = json_into(&members);
    json_path(&json, key, view_of(path));
    return text_give(&members, out, out_bytes);
}
