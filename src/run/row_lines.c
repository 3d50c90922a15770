/* row_lines.c - report.jsonl cut into lines. Which faults count is the callers' business. */
#include "run/row_lines.h"

#include "base/buffer.h"
#include "base/limits.h"
#include "base/own.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { WINDOW_BYTES = 1 << 20 };

/* Whole lines of text; what is left of the last one moves to the front. */
static enum row_lines_end lines_take(struct buffer *text, bool ended, row_line *take, void *context)
{
    struct view rest = buffer_view(text);
    size_t end = view_find(rest, '\n');
    while (end < rest.n) {
        if (!take(context, (struct view){rest.p, end})) {
            return ROW_LINES_STOPPED;
        }
        rest = view_skip(rest, end + 1);
        end = view_find(rest, '\n');
    }
    if (rest.n > RUN_ROW_BYTES_MAX) {
        return ROW_LINES_LONG;
    }
    if (rest.n > 0) {
        memmove(text->p, rest.p, rest.n);
    }
    text->n = rest.n;
    return !ended ? ROW_LINES_MORE : rest.n > 0 ? ROW_LINES_CUT : ROW_LINES_ALL;
}

static enum row_lines_end windows_take(int fd, struct buffer *text, row_line *take, void *context)
{
    enum row_lines_end end = ROW_LINES_MORE;
    while (end == ROW_LINES_MORE) {
        buffer_reserve(text, WINDOW_BYTES);
        const ssize_t count = read(fd, text->p + text->n, WINDOW_BYTES);
        if (count < 0 && errno != EINTR) {
            return ROW_LINES_FAILED;
        }
        if (count >= 0) {
            text->n += (size_t)count;
            end = lines_take(text, count == 0, take, context);
        }
    }
    return end;
}

enum row_lines_end row_lines_read(int dir_fd, row_line *take, void *context)
{
    struct stat facts;
    struct buffer text = {0};
    OWN(fd)
    fd = openat(dir_fd, "report.jsonl", O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &facts) != 0) {
        return ROW_LINES_FAILED;
    }
    if (!S_ISREG(facts.st_mode)) {
        return ROW_LINES_NO_FILE;
    }
    const enum row_lines_end end = windows_take(fd, &text, take, context);
    const int fault = errno;
    buffer_free(&text);
    errno = fault;
    return end;
}
