/* base64.h - base64 as base/json.c writes it, back into a path, or what else is a C string. Any
 * thread. */
#ifndef BASE_BASE64_H
#define BASE_BASE64_H

#include "base/buffer.h"

#include <stdbool.h>

/* Added to out. False: text is no base64, or a NUL is in it; what was added then is for nobody. */
bool base64_decode(struct view text, struct buffer *out);

#endif
