/* cmd_pending.c - `vssrestore pending`: what restores of live trees left for the next boot. */
#include "verbs.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static volatile int signal_seen; /* its number; no unit is begun after it */

static void signal_note(int number)
{
    if (signal_seen != 0) {
        _exit(128 + number); /* the second one ends at once: as a kill does, which costs nothing */
    }
    signal_seen = number;
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
    (void)sigaction(SIGPIPE, &action, NULL); /* a reader that goes away does not cut a unit */
}

static void totals_tell(const struct call *call, bool apply, const vsr_pending_totals *t)
{
    if (call->json) {
        (void)printf("{\"t\":\"pending\",\"v\":1,\"exit_code\":%d,\"folders\":%llu,"
                     "\"records\":{\"all\":%llu,\"done\":%llu,\"failed\":%llu,\"waiting\":%llu},"
                     "\"units\":{\"all\":%llu,\"done\":%llu,\"failed\":%llu}}\n",
                     t->exit_code, (unsigned long long)t->folders, (unsigned long long)t->records,
                     (unsigned long long)t->done, (unsigned long long)t->failed,
                     (unsigned long long)t->waiting, (unsigned long long)t->units,
                     (unsigned long long)t->units_done, (unsigned long long)t->units_failed);
    } else if (apply) {
        (void)printf("carried out: %llu of %llu units, %llu of %llu records\n",
                     (unsigned long long)t->units_done, (unsigned long long)t->units,
                     (unsigned long long)t->done, (unsigned long long)t->records);
    } else {
        (void)printf("waiting for the next boot: %llu units, %llu records in %llu folders\n",
                     (unsigned long long)t->units, (unsigned long long)(t->waiting + t->failed),
                     (unsigned long long)t->folders);
    }
}

static int pending_run(const struct call *call)
{
    const char *what = call->positional.items[0];
    const bool apply = strcmp(what, "apply") == 0;
    const size_t dir_count = call->positional.count - 1;
    if (!apply && strcmp(what, "list") != 0) {
        line_tell("vssrestore pending: \"%s\" is neither list nor apply", what);
        return EXIT_USAGE;
    }
    if (call->registered == (dir_count > 0)) {
        (void)fprintf(stderr, "vssrestore pending: name either folders or --all\n");
        return EXIT_USAGE;
    }
    const vsr_pending_options options = {.size = sizeof options,
                                         .registry = call->registry,
                                         .on_warning = stderr_message,
                                         .cancel = &signal_seen};
    const vsr_format format = call->json ? VSR_FORMAT_JSON : VSR_FORMAT_TEXT;
    vsr_error error = {0};
    vsr_pending_totals totals = {0};
    signals_catch();
    const vsr_code rc = (apply ? vsr_pending_apply
                               : vsr_pending_list)(call->positional.items + 1, dir_count, &options,
                                                   format, stdout_sink, NULL, &totals, &error);
    if (rc != VSR_OK) {
        return error_tell(&error);
    }
    totals_tell(call, apply, &totals);
    return totals.exit_code;
}

static const struct arg_table *const tables[] = {&args_pending, &args_output, &args_common, NULL};

const struct verb verb_pending = {
    .name = "pending",
    .synopsis = "list|apply DIR... | list|apply --all",
    .summary = "what a run staged for the next boot (DIR: its run folder, or a mapped volume), and "
               "carrying it out",
    .operands = "list|apply DIR",
    .positional_min = 1,
    .positional_max = 4096,
    .tables = tables,
    .run = pending_run,
};
