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

/* One step: one set or saved plan, from opening it to its summary. A run is one step or, of a
 * chain, several. */
struct step {
    const struct call *call;
    const char *set_path; /* NULL: the set that the saved plan names */
    vsr_set *set;
    vsr_plan *plan;
    vsr_report *report;
};

static vsr_code step_load(struct step *step, vsr_error *error)
{
    char set_path[4096];
    vsr_code rc = vsr_plan_set_path(step->call->plan_file, set_path, sizeof set_path, error);
    if (rc == VSR_OK) {
        rc = vsr_set_open(&step->set, set_path, error);
    }
    if (rc == VSR_OK) {
        rc = vsr_plan_load(&step->plan, step->set, step->call->plan_file, error);
    }
    return rc == VSR_OK ? vsr_plan_refresh(step->plan, error) : rc;
}

static vsr_code step_plan(struct step *step, vsr_error *error)
{
    const vsr_choices choices = choices_from(step->call);
    const vsr_code rc = vsr_set_open(&step->set, step->set_path, error);
    return rc == VSR_OK ? vsr_plan_create(&step->plan, step->set, &choices, error) : rc;
}

static vsr_code step_move(struct step *step, vsr_error *error)
{
    struct meter_line meter = {.json = step->call->json,
                               .terminal = !step->call->quiet && isatty(STDERR_FILENO) == 1};
    vsr_restore_options options = run_options_from(step->call);
    options.on_progress = meter_line_show;
    options.context = &meter;
    options.cancel = &signal_seen;
    const vsr_code rc = vsr_restore_run(&step->report, step->plan, &options, error);
    meter_line_end(&meter);
    return rc;
}

/* A summary is the last event, also when the run never began (contract, section 5). */
static void summary_without_run(int code)
{
    (void)printf("{\"t\":\"summary\",\"v\":1,\"exit_code\":%d,\"files\":{\"restored\":0,"
                 "\"skipped\":0,\"failed\":0,\"not_started\":0},\"bytes\":0,\"units\":[],"
                 "\"pending_reboot\":false}\n",
                 code);
}

static int step_fail(const struct step *step, const vsr_error *error)
{
    int code = error_tell(error);
    if (error->code == VSR_ERR_CANCELLED && signal_seen != 0) {
        code = 128 + signal_seen;
    }
    if (step->call->json) {
        summary_without_run(code);
    }
    return code;
}

static int step_tell(const struct step *step, vsr_code rc, const vsr_error *error)
{
    vsr_summary summary;
    vsr_error ignored = {0};
    vsr_report_summary(step->report, &summary);
    (void)vsr_report_render(step->report, step->call->json ? VSR_FORMAT_JSON : VSR_FORMAT_TEXT,
                            stdout_sink, NULL, &ignored);
    if (rc != VSR_OK && rc != VSR_ERR_CANCELLED) {
        (void)error_tell(error);
        return summary.exit_code != 0 ? summary.exit_code : -(int)rc;
    }
    return summary.exit_code;
}

/* set_path: the set of this step, or NULL for the saved plan's. Returns the exit code. */
static int step_run(const struct call *call, const char *set_path)
{
    vsr_error error = {0};
    struct step step = {.call = call, .set_path = set_path};
    vsr_code rc = set_path == NULL ? step_load(&step, &error) : step_plan(&step, &error);
    if (rc == VSR_OK) {
        rc = step_move(&step, &error);
    }
    const int code = step.report == NULL ? step_fail(&step, &error) : step_tell(&step, rc, &error);
    vsr_report_free(step.report);
    vsr_plan_free(step.plan);
    vsr_set_close(step.set);
    return code;
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
    signals_catch();
    return step_run(call, call->plan_file != NULL ? NULL : call->positional.items[0]);
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
