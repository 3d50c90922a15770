/* buffer.c - growing bytes by doubling. */
#include "base/buffer.h"

#include "base/bug.h"
#include "base/heap.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void buffer_reserve(struct buffer *buffer, size_t more_bytes)
{
    size_t needed = 0;
    VSR_REQUIRE(!__builtin_add_overflow(buffer->n, more_bytes, &needed));
    if (needed <= buffer->capacity) {
        return;
    }
    VSR_REQUIRE(!buffer->fixed);
    size_t wider = buffer->capacity < 256 ? 256 : buffer->capacity * 2;
    if (wider < needed) {
        wider = needed;
    }
    buffer->p = heap_resize(buffer->p, wider, 1);
    buffer->capacity = wider;
}

void buffer_add(struct buffer *buffer, const void *bytes, size_t count)
{
    if (count > 0) {
        buffer_reserve(buffer, count);
        memcpy(buffer->p + buffer->n, bytes, count);
        buffer->n += count;
    }
}

void buffer_add_view(struct buffer *buffer, struct view text)
{
    buffer_add(buffer, text.p, text.n);
}

void buffer_printf(struct buffer *buffer, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    va_list again;
    va_copy(again, args);
    const int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    VSR_REQUIRE(length >= 0);
    buffer_reserve(buffer, (size_t)length + 1); /* vsnprintf ends with a NUL, not counted */
    (void)vsnprintf(buffer->p + buffer->n, (size_t)length + 1, format, again);
    va_end(again);
    buffer->n += (size_t)length;
}

void buffer_free(struct buffer *buffer)
{
    VSR_REQUIRE(!buffer->fixed);
    free(buffer->p);
    *buffer = (struct buffer){0};
}
