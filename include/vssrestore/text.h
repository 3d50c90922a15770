/* text.h - text from outside made fit to be printed: names of files can hold what steers a
 * terminal, breaks a line or a JSON string. All that this library hands out as VSR_FORMAT_TEXT or
 * VSR_FORMAT_JSON is fit already; sentences (vsr_message, vsr_error.what) are not. */
#ifndef VSSRESTORE_TEXT_H
#define VSSRESTORE_TEXT_H

#include <stddef.h>

#include "vssrestore/error.h"

#ifdef __cplusplus
extern "C" {
#endif

/** text for people: control characters, line ends, invisible characters, those that turn the
 *  reading direction, and bytes that are no UTF-8 become escapes: \x1b, \n, \u{202e}. As
 *  snprintf(): writes at most out_bytes with the NUL, returns the length of all of it without. Any
 *  thread. */
VSR_API size_t vsr_text_shown(char *out, size_t out_bytes, const char *text);

/** text as a JSON string, with its quotes; NULL: null. As vsr_text_shown(). */
VSR_API size_t vsr_text_json(char *out, size_t out_bytes, const char *text);

/** "key":"path" as a member of a JSON object. The bytes of a path that is no UTF-8 stand beside it
 *  in base64, as "key_b64" (key: at most 58 characters). As vsr_text_json(). */
VSR_API size_t vsr_text_json_path(char *out, size_t out_bytes, const char *key, const char *path);

#ifdef __cplusplus
}
#endif
#endif
