/* row_lines.h - the lines of a run folder's report.jsonl, one after the other.
 *
 * The folder may have been written by anybody: what stands there is read by windows, and only if it
 * is a file. What a line holds is not looked at. Control thread; blocks. */
#ifndef RUN_ROW_LINES_H
#define RUN_ROW_LINES_H

#include "base/view.h"

enum row_lines_end {
    ROW_LINES_MORE,    /* not yet: only inside */
    ROW_LINES_ALL,     /* every line was taken */
    ROW_LINES_STOPPED, /* take said so */
    ROW_LINES_CUT,     /* the last line has no end; it was not taken */
    ROW_LINES_LONG,    /* the next line is longer than a row can be */
    ROW_LINES_NO_FILE, /* something else stands there */
    ROW_LINES_FAILED   /* errno says why: it is not there, or cannot be read */
};

/* A line without its end; false: stop. */
typedef bool row_line(void *context, struct view line);

enum row_lines_end row_lines_read(int dir_fd, row_line *take, void *context);

#endif
