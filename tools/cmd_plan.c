/* cmd_plan.c - `vssrestore plan`: the documents resolved to one record a file; writes nothing. */
#include "verbs.h"

#include <stdio.h>
#include <unistd.h>

/* The plan goes to standard output, which has nothing else then. */
static bool output_is_stdout(const struct call *call)
{
    return call->output != NULL && text_is_stdio(call->output);
}

static bool output_is_refused(const struct call *call)
{
    if (!output_is_stdout(call)) {
        return false;
    }
    if (call->jsonl || call->json) {
        (void)fprintf(stderr,
                      "vssrestore plan: -o - and --jsonl are two forms for one standard output\n");
        return true;
    }
    if (isatty(STDOUT_FILENO) == 1) {
        (void)fprintf(stderr, "vssrestore plan: -o - is a binary plan, which is not for a "
                              "terminal; --jsonl prints one that can be read\n");
        return true;
    }
    return false;
}

static vsr_code plan_show(const struct call *call, const vsr_plan *plan, vsr_error *error)
{
    vsr_code rc = VSR_OK;
    if (call->output != NULL && !output_is_stdout(call)) {
        rc = vsr_plan_save(plan, call->output, error);
    }
    if (output_is_stdout(call)) {
        vsr_plan_warnings(plan, stderr_message, NULL);
        rc = vsr_plan_write(plan, stdout_sink, NULL, error);
    } else if (rc == VSR_OK && (call->jsonl || call->json)) {
        vsr_plan_warnings(plan, stderr_message, NULL);
        rc = vsr_plan_render(plan, VSR_FORMAT_JSON, stdout_sink, NULL, error);
    } else if (rc == VSR_OK) {
        rc = vsr_plan_render(plan, VSR_FORMAT_TEXT, stdout_sink, NULL, error);
    }
    if (rc == VSR_OK && fflush(stdout) != 0) {
        rc = VSR_ERR_DEST_IO;
        error->code = rc;
        (void)snprintf(error->what, sizeof error->what, "cannot write to standard output");
    }
    return rc;
}

static int plan_run(const struct call *call)
{
    vsr_error error = {0};
    vsr_set *set = NULL;
    vsr_plan *plan = NULL;
    vsr_chain *chain = NULL;
    vsr_choices choices = choices_from(call);
    if (output_is_refused(call)) {
        return EXIT_USAGE;
    }
    if (call->writers.count > 0) {
        (void)fprintf(stderr,
                      "vssrestore plan: writers are asked by run alone; this is the plan if "
                      "they change nothing\n");
    }
    vsr_code rc = vsr_set_open(&set, call->positional.items[0], &error);
    if (rc == VSR_OK) {
        rc = chain_look(&chain, call, call->positional.items[0], &choices, &error);
    }
    if (rc == VSR_OK) {
        rc = vsr_plan_create(&plan, set, &choices, &error);
    }
    if (rc == VSR_OK) {
        rc = plan_show(call, plan, &error);
    }
    vsr_plan_free(plan);
    vsr_chain_close(chain);
    vsr_set_close(set);
    return rc == VSR_OK ? 0 : error_tell(&error);
}

static const struct arg_table *const tables[] = {&args_plan,   &args_selection, &args_places,
                                                 &args_output, &args_common,    NULL};

const struct verb verb_plan = {
    .name = "plan",
    .synopsis = "SET [selection] [places] [--jsonl] [-o FILE]",
    .summary = "resolve the documents to a flat plan, one record for each file",
    .operands = "SET",
    .positional_min = 1,
    .positional_max = 1,
    .tables = tables,
    .run = plan_run,
};
