/* metrics.h - --metrics FILE: what a restore did, for the textfile collector of Prometheus'
 * node_exporter. The file appears whole, by rename, when the run begins to copy, some times while
 * it goes on, and when it has ended. */
#ifndef TOOLS_METRICS_H
#define TOOLS_METRICS_H

#include "vssrestore/vssrestore.h"

#include <stdbool.h>

/* NULL: none. False: nothing can be written there; that was told. What a file of before says of the
 * last success is kept. */
bool metrics_open(const char *path);

/* How far it is; the file is written at most every 15 seconds. */
void metrics_progress(const vsr_progress *progress);
/* A restore, or a step of a chain, has ended. */
void metrics_add(const vsr_report *report);
/* All is over. */
void metrics_end(int exit_code);

#endif
