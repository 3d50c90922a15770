/* json.h - writing JSON, one object a line, without building a tree first.
 *
 * A million plan lines are written by this; reading JSON is libjansson's business. The
 * caller opens and closes objects and arrays in order; commas are ours. Text that is no
 * valid UTF-8 is written with U+FFFD for each bad byte, and json_path() puts the exact bytes
 * beside it as "<key>_b64". One thread at a time. */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include "base/buffer.h"

#include <stdbool.h>
#include <stdint.h>

struct json {
    struct buffer *out;
    bool comma; /* the next item needs one before it */
};

static inline struct json json_into(struct buffer *out)
{
    return (struct json){out, false};
}

/* key == NULL: an element of an array, or the outermost value. */
void json_object_begin(struct json *json, const char *key);
void json_object_end(struct json *json);
void json_array_begin(struct json *json, const char *key);
void json_array_end(struct json *json);
void json_text(struct json *json, const char *key, struct view text); /* absent: null */
void json_path(struct json *json, const char *key, struct view path); /* and KEY_b64   */
void json_u64(struct json *json, const char *key, uint64_t value);
void json_i64(struct json *json, const char *key, int64_t value);
void json_bool(struct json *json, const char *key, bool value);
void json_null(struct json *json, const char *key);
void json_raw(struct json *json, const char *key, struct view value); /* rendered; absent: null */
void json_line_end(struct json *json); /* a newline; the next object starts afresh */

#endif
