/* cmd_explain.c - `vssrestore explain`: why one file goes where it goes, or why it is left out;
 * writes nothing. */
#include "verbs.h"

#include <stdio.h>

enum { EXIT_NOT_ON_MEDIA = 11 };

static int explain_run(const struct call *call)
{
    vsr_error error = {0};
    vsr_set *set = NULL;
    int on_media = 0;
    vsr_chain *chain = NULL;
    vsr_choices choices = choices_from(call);
    vsr_code rc = vsr_set_open(&set, call->positional.items[0], &error);
    if (rc == VSR_OK) {
        rc = chain_look(&chain, call, call->positional.items[0], &choices, &error);
    }
    if (rc == VSR_OK) {
        rc = vsr_explain(set, &choices, call->positional.items[1],
                         call->json ? VSR_FORMAT_JSON : VSR_FORMAT_TEXT, stdout_sink, NULL,
                         &on_media, &error);
    }
    vsr_chain_close(chain);
    vsr_set_close(set);
    if (rc != VSR_OK) {
        return error_tell(&error);
    }
    if (fflush(stdout) != 0) {
        (void)fprintf(stderr, "vssrestore: cannot write to standard output\n");
        return -(int)VSR_ERR_DEST_IO;
    }
    return on_media != 0 ? 0 : EXIT_NOT_ON_MEDIA;
}

static const struct arg_table *const tables[] = {&args_selection, &args_places, &args_output,
                                                 &args_common, NULL};

const struct verb verb_explain = {
    .name = "explain",
    .synopsis = "SET [selection] [places] 'C:\\path\\file'",
    .summary = "tell why one file goes where it goes, or why it is left out",
    .operands = "SET PATH",
    .positional_min = 2,
    .positional_max = 2,
    .tables = tables,
    .run = explain_run,
};
