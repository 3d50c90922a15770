/* cmd_verify.c - `vssrestore verify`: the media against their checksums, or the destinations
 * against a plan. Writes nothing. */
#include "verbs.h"

#include <stdio.h>

static int verify_set(const struct call *call)
{
    vsr_error error = {0};
    vsr_verify_totals totals = {0};
    const vsr_code rc = vsr_set_verify(call->positional.items[0], (unsigned)call->workers,
                                       stderr_message, NULL, &totals, &error);
    if (call->json) {
        (void)printf("{\"t\":\"verify\",\"v\":1,\"exit_code\":%d,\"files\":%llu,\"bytes\":%llu,"
                     "\"frames\":%llu,\"damaged_files\":%llu,\"findings\":%llu}\n",
                     -(int)rc, (unsigned long long)totals.files, (unsigned long long)totals.bytes,
                     (unsigned long long)totals.frames, (unsigned long long)totals.damaged_files,
                     (unsigned long long)totals.findings);
    } else if (rc == VSR_OK) {
        (void)printf("verified: %llu files, %.1f MB, %llu frames, all right\n",
                     (unsigned long long)totals.files, (double)totals.bytes / 1e6,
                     (unsigned long long)totals.frames);
    }
    return rc == VSR_OK ? 0 : error_tell(&error);
}

static int verify_plan_file(const struct call *call)
{
    char set_path[4096];
    vsr_error error = {0};
    vsr_set *set = NULL;
    vsr_plan *plan = NULL;
    uint64_t differences = 0;
    vsr_plan_totals totals = {0};
    vsr_code rc = vsr_plan_set_path(call->plan_file, set_path, sizeof set_path, &error);
    if (rc == VSR_OK) {
        rc = vsr_set_open(&set, set_path, &error);
    }
    if (rc == VSR_OK) {
        rc = vsr_plan_load(&plan, set, call->plan_file, &error);
    }
    if (rc == VSR_OK) {
        rc = vsr_plan_verify(plan, stderr_message, NULL, &differences, &error);
        vsr_plan_count(plan, &totals);
    }
    vsr_plan_free(plan);
    vsr_set_close(set);
    const int code = rc != VSR_OK ? -(int)rc : differences > 0 ? 4 : 0;
    if (call->json) {
        (void)printf("{\"t\":\"verify\",\"v\":1,\"exit_code\":%d,\"files\":%llu,"
                     "\"differences\":%llu}\n",
                     code, (unsigned long long)totals.files, (unsigned long long)differences);
    } else if (rc == VSR_OK) {
        (void)printf("compared: %llu planned files, %llu differences\n",
                     (unsigned long long)totals.files, (unsigned long long)differences);
    }
    return rc != VSR_OK ? error_tell(&error) : code;
}

static int verify_run(const struct call *call)
{
    if ((call->plan_file != NULL) == (call->positional.count > 0)) {
        (void)fprintf(stderr, "vssrestore verify: name either a SET or --plan FILE\n");
        return EXIT_USAGE;
    }
    if (call->plan_file != NULL && text_is_stdio(call->plan_file)) {
        (void)fprintf(stderr, "vssrestore verify: " PLAN_IS_STDIO "\n");
        return EXIT_USAGE;
    }
    return call->plan_file != NULL ? verify_plan_file(call) : verify_set(call);
}

static const struct arg_table *const tables[] = {&args_verify, &args_output, &args_common, NULL};

const struct verb verb_verify = {
    .name = "verify",
    .synopsis = "SET | --plan FILE",
    .summary = "check every byte of a set, or what stands at the destinations of a plan",
    .operands = "SET",
    .positional_max = 1,
    .tables = tables,
    .run = verify_run,
};
