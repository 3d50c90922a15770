/* past_run.h - what an earlier run did, read from its run folder: for the steps of a chain and
 * for --after.
 *
 * The folder may have been written by anybody: nothing in it is believed beyond what a plan of
 * now checks again. Control thread; blocks. */
#ifndef RUN_PAST_RUN_H
#define RUN_PAST_RUN_H

#include "base/err.h"
#include "plan/earlier.h"

/* Add the run in folder: its set, the volumes that it restored to, its units, and, where places are
 * wanted, every place that its report lists as RESTORED. Errors: SELECTION for a folder that is no
 * run folder, a run that has not ended, or a damaged report. */
vsr_code past_run_read(struct earlier *out, const char *folder, bool places, vsr_error *error);

#endif
