/* verbs.h - the verbs of the program, and what they share: printing errors, sinks, choices. */
#ifndef TOOLS_VERBS_H
#define TOOLS_VERBS_H

#include "args.h"
#include "line.h"

#include "vssrestore/vssrestore.h"

enum { EXIT_LOSSES = 1, EXIT_USAGE = 2 };

extern const struct verb verb_pack, verb_inspect, verb_plan, verb_explain, verb_run, verb_verify,
    verb_reindex, verb_pending, verb_report, verb_ctl, verb_resume;

/* The error as a person wants it: a sentence and, where there is one, what to do. */
void error_line(struct line *out, const vsr_error *error);
/* The same onto standard error; returns the exit code that it stands for. */
int error_tell(const vsr_error *error);

bool text_is_stdio(const char *file); /* "-": standard input or output */

/* Why no verb takes its plan from there. */
#define PLAN_IS_STDIO                                                                              \
    "--plan - is standard input, and a plan is read more than once: write it into a file (one "    \
    "that is called - is ./-)"

/* A sink onto standard output: vsr_sink. */
int stdout_sink(void *context, const char *text, size_t bytes);

/* A sentence onto standard error: vsr_message. */
void stderr_message(void *context, const char *sentence);

/* The library's choices out of a call; borrowed. */
vsr_choices choices_from(const struct call *call);

/* Who plays writers and services; borrowed. */
vsr_writers writers_from(const struct call *call);

/* The chain that a set to be planned or explained ends, as --sets, --after and --strict-chain say;
 * *choices then name its last step. The chain is the caller's. A warning tells of the sets that
 * `run` would restore before it. */
vsr_code chain_look(vsr_chain **chain, const struct call *call, const char *set,
                    vsr_choices *choices, vsr_error *error);

/* The command-line form of the run options; borrowed. */
vsr_restore_options run_options_from(const struct call *call);

#endif
