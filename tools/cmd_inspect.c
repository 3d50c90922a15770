/* cmd_inspect.c - `vssrestore inspect`: a set, a folder of documents, or this machine. */
#include "verbs.h"

#include <stdio.h>
#include <unistd.h>

/* A run folder, as against a set. */
static bool is_run_folder(const char *path)
{
    char name[4096];
    const int n = snprintf(name, sizeof name, "%s/run.json", path);
    return n > 0 && (size_t)n < sizeof name && access(name, F_OK) == 0;
}

static int inspect_run(const struct call *call)
{
    const vsr_format format = call->json ? VSR_FORMAT_JSON : VSR_FORMAT_TEXT;
    vsr_error error = {0};
    vsr_code rc;
    if (call->system) {
        const vsr_restore_options options = run_options_from(call);
        rc = vsr_system_inspect(&options, format, stdout_sink, NULL, &error);
    } else if (call->documents.count > 0) {
        rc = vsr_documents_inspect(call->documents.items, call->documents.count, format,
                                   stdout_sink, NULL, &error);
    } else if (call->positional.count == 1 && is_run_folder(call->positional.items[0])) {
        rc = vsr_run_inspect(call->positional.items[0], format, stdout_sink, NULL, &error);
    } else if (call->positional.count == 1) {
        vsr_set *set = NULL;
        rc = vsr_set_open(&set, call->positional.items[0], &error);
        if (rc == VSR_OK) {
            rc = vsr_set_inspect(set, format, stdout_sink, NULL, &error);
            vsr_set_close(set);
        }
    } else {
        (void)fprintf(stderr,
                      "vssrestore inspect: name a SET, a RUNDIR, --documents or --system\n");
        return EXIT_USAGE;
    }
    return rc == VSR_OK ? 0 : error_tell(&error);
}

static const struct arg_table *const tables[] = {&args_inspect, &args_engine, &args_output,
                                                 &args_common, NULL};

const struct verb verb_inspect = {
    .name = "inspect",
    .synopsis = "SET | RUNDIR | --documents DIR ... | --system",
    .summary = "show writers, components, file sets, methods, mappings and sizes",
    .operands = "SET",
    .positional_max = 1,
    .tables = tables,
    .run = inspect_run,
};
