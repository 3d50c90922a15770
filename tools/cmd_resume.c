/* cmd_resume.c - `vssrestore resume`: go on with a run that was killed, cut short or out of
 * space. */
#include "chain_rest.h"
#include "console.h"
#include "memory.h"
#include "restore_end.h"
#include "verbs.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The steps of a chain behind the one that was gone on with, as `run` was called. */
static int chain_go_on(const struct chain_rest *rest, int held, int code)
{
    struct call run = {0};
    char **words = memory_resize(NULL, (rest->words.count + 1) * sizeof *words);
    for (size_t i = 0; i < rest->words.count; i++) {
        words[i] = (char *)(size_t)rest->words.items[i];
    }
    if (chdir(rest->folder) != 0) {
        line_tell("vssrestore: cannot go on with the chain in %s: %s", rest->folder,
                  strerror(errno));
        code = code != 0 ? code : -VSR_ERR_SELECTION;
    } else if (args_read(&verb_run, (int)rest->words.count, words, &run)) {
        code = chain_run_from(&run, rest, held);
        held = -1;
    } else {
        code = code != 0 ? code : EXIT_USAGE;
    }
    if (held >= 0) {
        (void)close(held);
    }
    args_free(&run);
    free(words);
    return code;
}

static bool chain_has_next(const struct chain_rest *rest)
{
    char *next = NULL;
    char sentence[8192];
    if (!chain_rest_next(rest, &next)) {
        return false;
    }
    (void)snprintf(sentence, sizeof sentence, "its chain went on in %s", next);
    console_note(sentence);
    free(next);
    return true;
}

/* None of the steps that are left begins: a summary for each, as of `run`. */
static int chain_leave(size_t left, int code)
{
    for (size_t i = 0; i < left; i++) {
        console_say("not begun\n");
        restore_summary_without_run(code);
    }
    return code;
}

/* The step has ended, with that code: the steps behind it, if none has begun. */
static int chain_end(struct chain_rest *rest, const char *run_dir, int code)
{
    const size_t left = rest->steps > rest->step + 1 ? rest->steps - rest->step - 1 : 0;
    char path[PATH_MAX];
    if (left == 0 || restore_was_cut_short(code)) {
        return code;
    }
    chain_rest_add(&rest->run_dirs, realpath(run_dir, path) != NULL ? path : run_dir);
    chain_rest_add_code(&rest->codes, code);
    if (chain_has_next(rest)) {
        return code;
    }
    if (restore_signal != 0) {
        return chain_leave(left, chain_code_cut_short(left, code));
    }
    const int held = chain_rest_hold(run_dir);
    if (held < 0) {
        return chain_leave(left, chain_tell_busy(run_dir, code));
    }
    if (chain_has_next(rest)) { /* by who held it until now */
        (void)close(held);
        return code;
    }
    return chain_go_on(rest, held, chain_worst(&rest->codes));
}

static int resume_run(const struct call *call)
{
    vsr_restore_options options = run_options_from(call);
    vsr_report *report = NULL;
    vsr_error error = {0};
    struct chain_rest rest = {0};
    const char *run_dir = call->positional.items[0];
    options.on_progress = console_progress;
    options.on_warning = console_warn;
    options.cancel = &restore_signal;
    const int unfit = restore_prepare(call);
    if (unfit != 0) {
        return unfit;
    }
    const bool chain = chain_rest_read(&rest, run_dir);
    const vsr_code rc = vsr_resume(&report, run_dir, &options, &error);
    int code = report != NULL ? restore_tell(call, report, rc, &error) : restore_fail(call, &error);
    if (chain && report != NULL) {
        code = chain_end(&rest, run_dir, code);
    }
    chain_rest_free(&rest);
    vsr_report_free(report);
    return code;
}

static const struct arg_table *const tables[] = {&args_engine, &args_pace, &args_events,
                                                 &args_common, NULL};

const struct verb verb_resume = {
    .name = "resume",
    .synopsis = "RUNDIR",
    .summary = "go on with a run that was killed, interrupted or out of space",
    .operands = "RUNDIR",
    .positional_min = 1,
    .positional_max = 1,
    .has_events = true,
    .tables = tables,
    .run = resume_run,
};
