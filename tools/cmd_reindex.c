/* cmd_reindex.c - `vssrestore reindex`: a lost index, rebuilt from the packs. */
#include "verbs.h"

#include <stdio.h>

static int reindex_run(const struct call *call)
{
    vsr_error error = {0};
    int rebuilt = 0;
    if (vsr_set_reindex(call->positional.items[0], &rebuilt, &error) != VSR_OK) {
        return error_tell(&error);
    }
    (void)fprintf(stderr, rebuilt != 0 ? "the index was rebuilt from the packs\n"
                                       : "the index is right; nothing was written\n");
    return 0;
}

static const struct arg_table *const tables[] = {&args_common, NULL};

const struct verb verb_reindex = {
    .name = "reindex",
    .synopsis = "SET",
    .summary = "rebuild a lost index from the packs",
    .operands = "SET",
    .positional_min = 1,
    .positional_max = 1,
    .tables = tables,
    .run = reindex_run,
};
