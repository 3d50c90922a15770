/* line.c - text that grows. What may be shown is the library's knowledge. */
#include "line.h"

#include "memory.h"

#include "vssrestore/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static void line_reserve(struct line *line, size_t more)
{
    if (line->n + more <= line->capacity) {
        return;
    }
    const size_t wider = (line->n + more) * 2;
    line->p = memory_resize(line->p, wider);
    line->capacity = wider;
}

__attribute__((format(printf, 2, 0))) static void line_vprintf(struct line *line,
                                                               const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    const int length = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (length >= 0) {
        line_reserve(line, (size_t)length + 1);
        (void)vsnprintf(line->p + line->n, (size_t)length + 1, format, args);
        line->n += (size_t)length;
    }
}

void line_printf(struct line *line, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    line_vprintf(line, format, args);
    va_end(args);
}

static void line_give(struct line *line, const char *text,
                      size_t (*give)(char *out, size_t out_bytes, const char *text))
{
    const size_t bytes = give(NULL, 0, text);
    line_reserve(line, bytes + 1);
    (void)give(line->p + line->n, bytes + 1, text);
    line->n += bytes;
}

void line_json(struct line *line, const char *text)
{
    line_give(line, text, vsr_text_json);
}

void line_json_path(struct line *line, const char *key, const char *path)
{
    const size_t bytes = vsr_text_json_path(NULL, 0, key, path);
    line_reserve(line, bytes + 1);
    (void)vsr_text_json_path(line->p + line->n, bytes + 1, key, path);
    line->n += bytes;
}

void line_shown(struct line *line, const char *text)
{
    line_give(line, text, vsr_text_shown);
}

void line_tell(const char *format, ...)
{
    struct line plain = {0}, shown = {0};
    va_list args;
    va_start(args, format);
    line_vprintf(&plain, format, args);
    va_end(args);
    line_shown(&shown, plain.p);
    line_printf(&shown, "\n");
    (void)fwrite(shown.p, 1, shown.n, stderr);
    line_free(&plain);
    line_free(&shown);
}

void line_free(struct line *line)
{
    free(line->p);
    *line = (struct line){0};
}
