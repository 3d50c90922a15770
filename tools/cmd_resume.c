/* cmd_resume.c - `vssrestore resume`: go on with a run that was killed, cut short or out of
 * space. */
#include "chain_rest.h"
#include "console.h"
#include "memory.h"
#include "restore_end.h"
#include "verbs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct kept {
    char text[1 << 20]; /* of a call with thousands of words */
    size_t bytes;
};

static int kept_take(void *context, const char *text, size_t bytes)
{
    struct kept *kept = context;
    if (bytes >= sizeof kept->text - kept->bytes) {
        return ENOSPC;
    }
    memcpy(kept->text + kept->bytes, text, bytes);
    kept->bytes += bytes;
    kept->text[kept->bytes] = '\0';
    return 0;
}

/* The steps of a chain behind the one that was gone on with, as `run` was called. */
static int chain_go_on(struct chain_rest *rest, int code)
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
        code = chain_run_from(&run, rest->step + 1, &rest->run_dirs, code);
    }
    args_free(&run);
    free(words);
    return code;
}

/* What the run folder keeps of a chain; false: it is of none. */
static bool chain_find(const char *run_dir, struct chain_rest *rest)
{
    static struct kept kept;
    char path[4096];
    vsr_error ignored = {0};
    const bool found = vsr_run_kept(run_dir, kept_take, &kept, &ignored) == VSR_OK &&
                       chain_rest_parse(rest, kept.text) && realpath(run_dir, path) != NULL;
    if (found) {
        chain_rest_add(&rest->run_dirs, path);
    }
    return found;
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
    const bool chain = chain_find(run_dir, &rest);
    const vsr_code rc = vsr_resume(&report, run_dir, &options, &error);
    int code = report != NULL ? restore_tell(call, report, rc, &error) : restore_fail(call, &error);
    if (chain && report != NULL && restore_signal == 0 && !restore_was_cut_short(code)) {
        code = chain_go_on(&rest, code);
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
