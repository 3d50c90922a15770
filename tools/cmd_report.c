/* cmd_report.c - `vssrestore report`: the report of a run as one HTML page. */
#include "verbs.h"

#include <errno.h>
#include <stdio.h>

struct page_file {
    const char *path;
    vsr_error error;
};

/* The page comes in one piece. */
static int file_sink(void *context, const char *text, size_t bytes)
{
    struct page_file *file = context;
    return vsr_file_replace(file->path, text, bytes, &file->error) == VSR_OK ? 0 : EIO;
}

static int page_write(const char *run_dir, const char *path)
{
    struct page_file file = {.path = path};
    vsr_error error = {0};
    if (vsr_report_page(run_dir, file_sink, &file, &error) == VSR_OK) {
        return 0;
    }
    return error_tell(file.error.code != VSR_OK ? &file.error : &error);
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
