/* line.h - a growing line of text: printed, or with text from outside as JSON or as it may be shown
 * (vssrestore/text.h). */
#ifndef TOOLS_LINE_H
#define TOOLS_LINE_H

#include <stddef.h>

struct line { /* zeroed: empty; p ends with a NUL once something was added */
    char *p;
    size_t n, capacity;
};

__attribute__((format(printf, 2, 3))) void line_printf(struct line *line, const char *format, ...);
void line_json(struct line *line, const char *text);
void line_json_path(struct line *line, const char *key, const char *path); /* "key":..., exactly */
void line_shown(struct line *line, const char *text);

/* A line of its own on standard error, made fit to be shown as a whole: what was typed, and names
 * of folders, may steer a terminal. Not while a restore goes on: it waits for a terminal that is
 * full. */
__attribute__((format(printf, 1, 2))) void line_tell(const char *format, ...);
void line_free(struct line *line);

#endif
