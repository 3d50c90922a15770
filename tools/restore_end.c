/* restore_end.c - signals caught, and the end of a restore told: what `run` and `resume` share. */
#include "restore_end.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

volatile int restore_signal;

static void signal_note(int number)
{
    if (restore_signal != 0) {
        _exit(128 + number); /* the second one ends at once */
    }
    restore_signal = number;
}

void restore_catch_signals(void)
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
}

/* A summary is the last event, also when the run never began (contract, section 5). */
void restore_summary_without_run(int code)
{
    (void)printf("{\"t\":\"summary\",\"v\":1,\"exit_code\":%d,\"files\":{\"restored\":0,"
                 "\"skipped\":0,\"failed\":0,\"not_started\":0},\"bytes\":0,\"units\":[],"
                 "\"pending_reboot\":false}\n",
                 code);
}

int restore_fail(const struct call *call, const vsr_error *error)
{
    int code = error_tell(error);
    if (error->code == VSR_ERR_CANCELLED && restore_signal != 0) {
        code = 128 + restore_signal;
    }
    if (call->json) {
        restore_summary_without_run(code);
    }
    return code;
}

int restore_tell(const struct call *call, const vsr_report *report, vsr_code rc,
                 const vsr_error *error)
{
    vsr_summary summary;
    vsr_error ignored = {0};
    vsr_report_summary(report, &summary);
    (void)vsr_report_render(report, call->json ? VSR_FORMAT_JSON : VSR_FORMAT_TEXT, stdout_sink,
                            NULL, &ignored);
    if (call->profile && !call->json) {
        (void)vsr_report_profile(report, VSR_FORMAT_TEXT, stdout_sink, NULL, &ignored);
    }
    if (fflush(stdout) != 0) {
        (void)fprintf(stderr,
                      "vssrestore: cannot write the summary to standard output: %s; it "
                      "stands in the run folder\n",
                      strerror(errno));
        return summary.exit_code != 0 ? summary.exit_code : -VSR_ERR_DEST_IO;
    }
    if (rc != VSR_OK && rc != VSR_ERR_CANCELLED) {
        (void)error_tell(error);
        return summary.exit_code != 0 ? summary.exit_code : -(int)rc;
    }
    return summary.exit_code;
}
