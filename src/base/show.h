/* show.h - text from outside, made fit to be shown to people.
 *
 * A file's name can hold what steers a terminal, breaks a line, or turns the reading direction.
 * Shown, such a character is its escape: \x1b, \n, \u{202e}; a byte that is no UTF-8 is \xNN.
 * Everything else, a backslash included, stands as it is: nothing reads this back. */
#ifndef BASE_SHOW_H
#define BASE_SHOW_H

#include "base/buffer.h"

/* Add text as it may be shown. */
void show_add(struct buffer *out, struct view text);

/* As buffer_printf(), with everything that %s brings in shown. Conversions: s (with width and
 * precision), d, i, u, x, zu, llu, lld, f, %%. What the format itself holds is ours and stays. */
VSR_PRINTF(2, 3)
void show_printf(struct buffer *out, const char *format, ...);

#endif
