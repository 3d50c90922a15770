/* cmd_run.c - `vssrestore run`: plan, restore, report. Signals end it soon and in order. */
#include "meter_line.h"
#include "verbs.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static volatile int signal_seen; /* its number; read by the library through options.cancel */

static void signal_note(int number)
{
    if (signal_seen != 0) {
        _exit(128 + number); /* the second one ends at once */
    }
    signal_seen = number;
}

static void signals_catch(void)
{
    struct sigaction action = {.sa_handler = signal_note};
    (void)sigemptyset(&action.sa_mask);
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
    action.sa_handler = SIG_IGN;
    (void)sigaction(SIGPIPE, &action, NULL); /* a reader that goes away does not stop a restore */
}

/* The set and the plan: made from choices, or loaded. */
static vsr_code plan_get(const struct call *call, vsr_set **set, vsr_plan **plan, vsr_error *error)
{
    vsr_code rc;
    if (call->plan_file != NULL) {
        char set_path[4096];
        rc = vsr_plan_set_path(call->plan_file, set_path, sizeof set_path, error);
        if (rc == VSR_OK) {
            rc = vsr_set_open(set, set_path, error);
        }
        if (rc == VSR_OK) {
            rc = vsr_plan_load(plan, *set, call->plan_file, error);
        }
        return rc == VSR_OK ? vsr_plan_refresh(*plan, error) : rc;
    }
    const vsr_choices choices = choices_from(call);
    rc = vsr_set_open(set, call->positional.items[0], error);
    return rc == VSR_OK ? vsr_plan_create(plan, *set, &choices, error) : rc;
}

/* A summary is the last event, also when the run never began (contract, section 5). */
static void summary_without_run(const vsr_error *error)
{
    (void)printf("{\"t\":\"summary\",\"v\":1,\"exit_code\":%d,\"files\":{\"restored\":0,"
                 "\"skipped\":0,\"failed\":0,\"not_started\":0},\"bytes\":0,\"units\":[],"
                 "\"pending_reboot\":false}\n",
                 -(int)error->code);
}

static int run_finish(const struct call *call, vsr_code rc, const vsr_report *report,
                      const vsr_error *error)
{
    if (report == NULL) {
        if (call->json) {
            summary_without_run(error);
        }
        return error_tell(error);
    }
    vsr_summary summary;
    vsr_error ignored = {0};
    vsr_report_summary(report, &summary);
    if (call->json) {
        (void)vsr_report_render(report, VSR_FORMAT_JSON, stdout_sink, NULL, &ignored);
    } else {
        (void)vsr_report_render(report, VSR_FORMAT_TEXT, stdout_sink, NULL, &ignored);
    }
    if (rc != VSR_OK && rc != VSR_ERR_CANCELLED) {
        (void)error_tell(error);
        return summary.exit_code != 0 ? summary.exit_code : -(int)rc;
    }
    return summary.exit_code;
}

static int run_run(const struct call *call)
{
    if ((call->plan_file != NULL) == (call->positional.count > 0)) {
        (void)fprintf(stderr, "vssrestore run: name either a SET or --plan FILE\n");
        return EXIT_USAGE;
    }
    if (call->plan_file != NULL && args_choose(call)) {
        (void)fprintf(stderr, "vssrestore run: --plan FILE holds its own selection and places; "
                              "give none beside it\n");
        return EXIT_USAGE;
    }
    vsr_error error = {0};
    vsr_set *set = NULL;
    vsr_plan *plan = NULL;
    vsr_report *report = NULL;
    struct meter_line meter = {.json = call->json,
                               .terminal = !call->quiet && isatty(STDERR_FILENO) == 1};
    vsr_restore_options options = run_options_from(call);
    options.on_progress = meter_line_show;
    options.context = &meter;
    options.cancel = &signal_seen;
    signals_catch();
    vsr_code rc = plan_get(call, &set, &plan, &error);
    if (rc == VSR_OK) {
        rc = vsr_restore_run(&report, plan, &options, &error);
        meter_line_end(&meter);
    }
    const int code = run_finish(call, rc, report, &error);
    vsr_report_free(report);
    vsr_plan_free(plan);
    vsr_set_close(set);
    return code;
}

static const struct arg_table *const tables[] = {&args_run,    &args_selection, &args_places,
                                                 &args_engine, &args_output,    NULL};

const struct verb verb_run = {
    .name = "run",
    .synopsis = "SET [selection] [places] | --plan FILE",
    .summary = "restore: read, verify and write every planned file, then report",
    .positional_max = 1,
    .tables = tables,
    .run = run_run,
};
