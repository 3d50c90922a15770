/* restore_end.c - signals caught, and the end of a restore told: what `run` and `resume` share. */
#include "restore_end.h"

#include "console.h"
#include "ionice.h"
#include "metrics.h"

#include <signal.h>
#include <unistd.h>

volatile int restore_signal;

static void signal_note(int number)
{
    if (restore_signal != 0) {
        _exit(128 + number); /* the second one ends at once */
    }
    restore_signal = number;
}

static void signals_catch(void)
{
    struct sigaction action = {.sa_handler = signal_note};
    (void)sigemptyset(&action.sa_mask);
    static const int ends[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGALRM, SIGUSR1, SIGUSR2};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        (void)sigaction(ends[i], &action, NULL);
    }
    action.sa_handler = SIG_IGN;
    (void)sigaction(SIGPIPE, &action, NULL); /* a reader that goes away does not stop a restore */
    (void)sigaction(SIGXFSZ, &action, NULL); /* EFBIG tells it by file */
    action.sa_handler = SIG_DFL;
    (void)sigaction(SIGCHLD, &action, NULL); /* who ignored it has handed that down */
}

int restore_prepare(const struct call *call)
{
    int code = 0;
    signals_catch();
    if (call->ionice != NULL && !ionice_set(call->ionice)) {
        code = EXIT_USAGE;
    } else if (!metrics_open(call->metrics)) {
        code = -(int)VSR_ERR_SELECTION;
    }
    if (code != 0) {
        restore_summary_without_run(code);
    }
    return code;
}

void restore_summary_without_run(int code)
{
    console_summary_without_run(code);
}

int restore_fail(const struct call *call, const vsr_error *error)
{
    (void)call;
    int code = console_error(error);
    if (error->code == VSR_ERR_CANCELLED && restore_signal != 0) {
        code = 128 + restore_signal;
    }
    restore_summary_without_run(code);
    return code;
}

bool restore_was_cut_short(int code)
{
    return code == 128 + SIGINT || code == 128 + SIGTERM;
}

int restore_tell(const struct call *call, const vsr_report *report, vsr_code rc,
                 const vsr_error *error)
{
    vsr_summary summary;
    vsr_error ignored = {0};
    vsr_report_summary(report, &summary);
    metrics_add(report);
    console_progress_end();
    if (rc != VSR_OK && rc != VSR_ERR_CANCELLED) {
        (void)console_error(error);
    }
    if (console_has_text()) {
        (void)vsr_report_render(report, VSR_FORMAT_TEXT, console_text_sink, NULL, &ignored);
    }
    if (console_has_text() && call->profile) {
        (void)vsr_report_profile(report, VSR_FORMAT_TEXT, console_text_sink, NULL, &ignored);
    }
    if (console_has_events()) {
        (void)vsr_report_render(report, VSR_FORMAT_JSON, console_event_sink, NULL, &ignored);
    }
    return rc != VSR_OK && rc != VSR_ERR_CANCELLED && summary.exit_code == 0 ? -(int)rc
                                                                             : summary.exit_code;
}
