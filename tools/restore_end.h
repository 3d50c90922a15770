/* restore_end.h - what `run` and `resume` share: signals that end a restore soon and in order, and
 * how its end is told (console.h, which is open). */
#ifndef TOOLS_RESTORE_END_H
#define TOOLS_RESTORE_END_H

#include "chain_rest.h"
#include "verbs.h"

#include <stdbool.h>

/* The number of the signal that was caught, or 0; read by the library through options.cancel. */
extern volatile int restore_signal;

/* Signals are caught from now on (a second one ends the process at once), the process is as nice to
 * disks as the call says, and metrics are begun. 0; or the exit code of what is wrong with these,
 * which was told, with a summary. */
int restore_prepare(const struct call *call);

/* The report, for people and as an event; the exit code. rc, error: of the call that made it. */
int restore_tell(const struct call *call, const vsr_report *report, vsr_code rc,
                 const vsr_error *error);
/* Whether that is the code of a restore that was told to end, by a signal or the control line. */
bool restore_was_cut_short(int code);
/* There is none: the restore did not begin. */
int restore_fail(const struct call *call, const vsr_error *error);

/* The steps of the call's chain (of `run`) behind those that have run: from->run_dirs, with their
 * codes; of from its id counts, too. held: of chain_rest_hold(), of the last of these, closed in
 * here; or -1. */
int chain_run_from(const struct call *call, const struct chain_rest *from, int held);
/* So many steps do not begin, since the restore was told to end; code: so far. The exit code. */
int chain_code_cut_short(size_t steps, int code);
/* Another process goes on with the chain of that run. The exit code; code: so far. */
int chain_tell_busy(const char *run_dir, int code);
/* The worst of several exit codes. */
int chain_worst(const struct text_list *codes);

/* A summary is the last event, also when the run never began (contract, section 5). */
void restore_summary_without_run(int code);

#endif
