/* meter_line.h - how far a run is: a line that redraws itself on a terminal, or one JSON object
 * at most once a second. */
#ifndef TOOLS_METER_LINE_H
#define TOOLS_METER_LINE_H

#include "vssrestore/restore.h"

#include <stdbool.h>

struct meter_line {
    bool json;     /* status events on standard output          */
    bool terminal; /* standard error is one, and wants the line */
    uint64_t last_ns;
};

/* vsr_restore_options.on_progress; context is the struct meter_line. */
void meter_line_show(void *context, const vsr_progress *progress);
/* Leave the terminal clean. */
void meter_line_end(struct meter_line *meter);

#endif
