/* cmd_pack.c - `vssrestore pack`: volume trees and their documents into a backup set. */
#include "verbs.h"

#include <stdio.h>

static int pack_run(const struct call *call)
{
    if (call->documents.count == 0 || call->output == NULL) {
        (void)fprintf(stderr, "vssrestore pack: --documents and -o are needed\n"
                              "see: vssrestore pack --help\n");
        return EXIT_USAGE;
    }
    const vsr_pack_options options = {
        .size = sizeof options,
        .documents = call->documents.items,
        .document_count = call->documents.count,
        .volumes = call->volumes.items,
        .volume_count = call->volumes.count,
        .environment = call->environment.items,
        .environment_count = call->environment.count,
        .parent = call->parent,
        .output = call->output,
        .include_all = call->all,
        .workers = (unsigned)call->workers,
        .on_warning = stderr_message,
    };
    vsr_error error = {0};
    vsr_pack_result result = {0};
    if (vsr_set_pack(&options, &result, &error) != VSR_OK) {
        return error_tell(&error);
    }
    if (call->json) {
        (void)printf("{\"t\":\"pack\",\"v\":1,\"uuid\":\"%s\",\"files\":%llu,\"bytes\":%llu,"
                     "\"stored_bytes\":%llu,\"warnings\":%llu}\n",
                     result.uuid, (unsigned long long)result.files,
                     (unsigned long long)result.bytes, (unsigned long long)result.stored_bytes,
                     (unsigned long long)result.warnings);
    } else {
        line_tell("packed: %llu files, %.1f MB in %.1f MB, %llu warnings",
                  (unsigned long long)result.files, (double)result.bytes / 1e6,
                  (double)result.stored_bytes / 1e6, (unsigned long long)result.warnings);
        line_tell("set: %s (%s)", call->output, result.uuid);
    }
    return result.incomplete > 0 ? EXIT_LOSSES : 0;
}

static const struct arg_table *const tables[] = {&args_pack, &args_output, &args_common, NULL};

const struct verb verb_pack = {
    .name = "pack",
    .synopsis = "--documents DIR ... --volume SPEC=DIR ... -o SET",
    .summary = "make a backup set from volume trees and their stored VSS documents",
    .positional_max = 0,
    .tables = tables,
    .run = pack_run,
};
