/* meter_line.h - how far a run is, on one line of a terminal: rate, files, time left, failures, and
 * the component in hand, as far as the terminal is wide enough. */
#ifndef TOOLS_METER_LINE_H
#define TOOLS_METER_LINE_H

#include "line.h"

#include "vssrestore/restore.h"

#include <stdbool.h>

struct meter_rates { /* zeroed: nothing is known */
    uint64_t at_ns, bytes, files;
    double bytes_s, files_s; /* of the last seconds */
};

/* What was done since the last call. */
void meter_rates_take(struct meter_rates *rates, const vsr_progress *progress);
/* Seconds that are left at this rate; negative: not known. */
double meter_seconds_left(const struct meter_rates *rates, const vsr_progress *progress);

/* The line, at most columns wide, added to out; colour: failures in red. */
void meter_line_render(struct line *out, const struct meter_rates *rates,
                       const vsr_progress *progress, unsigned columns, bool colour);

#endif
