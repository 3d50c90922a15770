/* cmd_resume.c - `vssrestore resume`: go on with a run that was killed, cut short or out of
 * space. */
#include "meter_line.h"
#include "restore_end.h"
#include "verbs.h"

#include <unistd.h>

static int resume_run(const struct call *call)
{
    struct meter_line meter = {.json = call->json,
                               .terminal = !call->quiet && isatty(STDERR_FILENO) == 1};
    vsr_restore_options options = run_options_from(call);
    vsr_report *report = NULL;
    vsr_error error = {0};
    options.on_progress = meter_line_show;
    options.on_warning = stderr_message;
    options.context = &meter;
    options.cancel = &restore_signal;
    restore_catch_signals();
    const vsr_code rc = vsr_resume(&report, call->positional.items[0], &options, &error);
    meter_line_end(&meter);
    const int code =
        report != NULL ? restore_tell(call, report, rc, &error) : restore_fail(call, &error);
    vsr_report_free(report);
    return code;
}

static const struct arg_table *const tables[] = {&args_engine, &args_output, &args_common, NULL};

const struct verb verb_resume = {
    .name = "resume",
    .synopsis = "RUNDIR",
    .summary = "go on with a run that was killed, interrupted or out of space",
    .operands = "RUNDIR",
    .positional_min = 1,
    .positional_max = 1,
    .tables = tables,
    .run = resume_run,
};
