/* cmd_report.c - `vssrestore report`: the report of a run as one HTML page. */
#include "memory.h"
#include "verbs.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int file_sink(void *context, const char *text, size_t bytes)
{
    return fwrite(text, 1, bytes, context) == bytes ? 0 : errno;
}

/* Whole or not at all: under a hidden name first. */
static int page_write(const char *run_dir, const char *path)
{
    char beside[4096];
    vsr_error error = {0};
    const int n = snprintf(beside, sizeof beside, "%s.part-%ld", path, (long)getpid());
    FILE *file = n > 0 && (size_t)n < sizeof beside ? memory_fopen(beside, "wxe") : NULL;
    if (file == NULL) {
        line_tell("vssrestore report: cannot write %s: %s", path, strerror(errno));
        return -(int)VSR_ERR_SELECTION;
    }
    const vsr_code rc = vsr_report_page(run_dir, file_sink, file, &error);
    const int closing = fclose(file);
    if (rc == VSR_OK && closing == 0 && rename(beside, path) == 0) {
        return 0;
    }
    const int cause = errno;
    (void)unlink(beside);
    if (rc != VSR_OK) {
        return error_tell(&error);
    }
    line_tell("vssrestore report: cannot write %s: %s", path, strerror(cause));
    return cause == ENOSPC ? -(int)VSR_ERR_DEST_FULL : -(int)VSR_ERR_DEST_IO;
}

static int report_run(const struct call *call)
{
    vsr_error error = {0};
    const char *run_dir = call->positional.items[0];
    if (call->output != NULL && !text_is_stdio(call->output)) {
        return page_write(run_dir, call->output);
    }
    if (vsr_report_page(run_dir, stdout_sink, NULL, &error) != VSR_OK) {
        return error_tell(&error);
    }
    if (fflush(stdout) != 0) {
        (void)fprintf(stderr, "vssrestore report: cannot write to standard output\n");
        return -(int)VSR_ERR_DEST_IO;
    }
    return 0;
}

static const struct arg_table *const tables[] = {&args_report, &args_common, NULL};

const struct verb verb_report = {
    .name = "report",
    .synopsis = "RUNDIR [-o FILE]",
    .summary = "make one HTML page of what a run did",
    .operands = "RUNDIR",
    .positional_min = 1,
    .positional_max = 1,
    .tables = tables,
    .run = report_run,
};
