/* buffer.h - a growing byte buffer that owns its bytes. One thread at a time.
 *
 * It can be laid over an array of the caller's instead: {.p = array, .capacity = sizeof array,
 * .fixed = true}. That one allocates nothing and is not freed, and to outgrow the array is a bug
 * (VSR_REQUIRE): only for text whose longest form is known. buffer_printf() needs a byte more than
 * its text, for a NUL. */
#ifndef BASE_BUFFER_H
#define BASE_BUFFER_H

#include "base/err.h"
#include "base/view.h"

struct buffer {
    char *p;
    size_t n;
    size_t capacity;
    bool fixed; /* p is the caller's array */
};

void buffer_reserve(struct buffer *buffer, size_t more_bytes);
void buffer_add(struct buffer *buffer, const void *bytes, size_t count);
void buffer_add_view(struct buffer *buffer, struct view text);
static inline void buffer_add_char(struct buffer *buffer, char c)
{
    if (buffer->n == buffer->capacity) {
        buffer_reserve(buffer, 1);
    }
    buffer->p[buffer->n++] = c;
}
VSR_PRINTF(2, 3)
void buffer_printf(struct buffer *buffer, const char *format, ...);

static inline struct view buffer_view(const struct buffer *buffer)
{
    return (struct view){buffer->p != NULL ? buffer->p : "", buffer->n};
}

/* Frees the bytes, which are not fixed; the buffer is empty and usable again. */
void buffer_free(struct buffer *buffer);

#endif
