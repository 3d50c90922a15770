/* cmd_ctl.c - `vssrestore ctl`: speak with a run that goes on. */
#include "verbs.h"

#include <stdio.h>
#include <string.h>

static int usage_tell(const char *sentence)
{
    (void)fprintf(stderr, "vssrestore ctl: %s\nsee: vssrestore ctl --help\n", sentence);
    return EXIT_USAGE;
}

static int ctl_run(const struct call *call)
{
    const char *word = call->positional.items[1];
    const bool throttle = strcmp(word, "throttle") == 0;
    char command[64];
    if (throttle != (call->positional.count == 3)) {
        return usage_tell(throttle ? "throttle wants a number of bytes a second, or off"
                                   : "only throttle takes one word more");
    }
    (void)snprintf(command, sizeof command, "%s", word);
    if (throttle) {
        uint64_t bytes = 0;
        if (strcmp(call->positional.items[2], "off") != 0 &&
            !args_rate(call->positional.items[2], &bytes)) {
            return usage_tell(
                "throttle takes bytes a second, or as 200M, 200MiB/s, 200MB/s; or off");
        }
        (void)snprintf(command, sizeof command, "throttle %llu", (unsigned long long)bytes);
    }
    vsr_error error = {0};
    const vsr_code rc =
        vsr_control(call->positional.items[0], command,
                    call->json ? VSR_FORMAT_JSON : VSR_FORMAT_TEXT, stdout_sink, NULL, &error);
    if (rc != VSR_OK) {
        return error_tell(&error);
    }
    if (fflush(stdout) != 0) {
        (void)fprintf(stderr, "vssrestore ctl: cannot write to standard output\n");
        return -(int)VSR_ERR_DEST_IO;
    }
    return 0;
}

static const struct arg_table *const tables[] = {&args_control, &args_common, NULL};

const struct verb verb_ctl = {
    .name = "ctl",
    .synopsis = "RUNDIR status|pause|resume|cancel | RUNDIR throttle BYTES/S|off",
    .summary = "ask a run that goes on how far it is; pause it, slow it down, end it",
    .operands = "RUNDIR status|pause|resume|throttle|cancel BYTES/S",
    .positional_min = 2,
    .positional_max = 3,
    .tables = tables,
    .run = ctl_run,
};
