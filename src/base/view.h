/* view.h - strings that carry their length: borrowed, never owned, never changed.
 *
 * A view with p == NULL is "absent" (an attribute that was not there); one with n == 0 and
 * p != NULL is present and empty. Contents are bytes; where they are text they are UTF-8 or
 * WTF-8 (see vss/winpath.h). */
#ifndef BASE_VIEW_H
#define BASE_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct view {
    const char *p;
    size_t n;
};

#define VIEW_NONE     ((struct view){NULL, 0})
#define VIEW(literal) ((struct view){literal, sizeof(literal) - 1})
#define VIEW_ARG(v)   (int)((v).n > 4096 ? 4096 : (v).n), ((v).p != NULL ? (v).p : "") /* "%.*s" */

static inline struct view view_of(const char *text)
{
    return (struct view){text, text != NULL ? strlen(text) : 0};
}

static inline bool view_present(struct view v)
{
    return v.p != NULL;
}

static inline bool view_equal(struct view a, struct view b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* Bytewise order; a prefix sorts first. */
int view_compare(struct view a, struct view b);

/* ASCII letters folded; for keywords only, never for Windows names (vss/winpath.h). */
bool view_equal_ascii(struct view a, struct view b);

bool view_starts(struct view v, struct view prefix);

/* The position of byte c, or v.n when there is none. */
size_t view_find(struct view v, char c);

/* v without its first n bytes; n <= v.n. */
static inline struct view view_skip(struct view v, size_t n)
{
    return (struct view){v.p + n, v.n - n};
}

/* All of v as a decimal number. False: empty, another character, or beyond 64 bits. */
bool view_to_u64(struct view v, uint64_t *out);

/* How many bytes of v, from its start, are valid UTF-8 (no surrogates, no overlong forms, no
 * NUL): v.n, or where the first fault stands. */
size_t view_utf8_length(struct view v);

static inline bool view_is_utf8(struct view v)
{
    return view_utf8_length(v) == v.n;
}

#endif
