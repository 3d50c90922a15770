/* null_sink.c - a restore that writes nothing: everything is planned, read, decoded and verified,
 * as `vssrestore run` does it, and the bytes are dropped.
 *
 *     null_sink SET [WORKERS]
 *
 * The set is planned for an empty folder (below $TMPDIR, and gone afterwards). Exit: 0 when every
 * planned file was verified; else 1. What is left out beside writing: staging, publishing, the run
 * folder and its rows. */
#include "api/objects.h"
#include "base/heap.h"
#include "base/io.h"
#include "engine/engine.h"
#include "engine/range_table.h"
#include "plan/outcome.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int failed(const vsr_error *error)
{
    (void)fprintf(stderr, "null_sink: %s\n", error->what);
    return 1;
}

/* Every file that has bytes must have been verified; directories and links have none. */
static uint32_t files_missing(const struct plan *plan, const struct outcome_row *rows)
{
    uint32_t missing = 0;
    for (uint32_t i = 0; i < plan->file_count; i++) {
        missing += rows[i].outcome != OUTCOME_RESTORED;
    }
    return missing;
}

static vsr_code discard(const struct plan *plan, struct media_set *set, uint32_t workers,
                        uint32_t *missing, vsr_error *error)
{
    struct machine_facts machine;
    struct budget budget;
    struct engine *engine = NULL;
    const struct engine_options options = {.workers = workers, .discard = true};
    machine_examine(&machine);
    vsr_code code =
        budget_resolve(&budget, &options, &machine, FRAME_STORED_BYTES_MAX, FRAME_PLAIN_BYTES_MAX,
                       plan->file_count, range_table_bytes(plan, set), error);
    struct outcome_row *rows = heap_alloc(plan->file_count, sizeof *rows);
    const struct engine_input input = {.plan = plan,
                                       .set = set,
                                       .budget = &budget,
                                       .owner = OWNER_MINE,
                                       .rows = rows,
                                       .discard = true};
    if (code == VSR_OK) {
        code = engine_start(&engine, &input, error);
    }
    if (code == VSR_OK) {
        while (!engine_is_done(engine)) {
            uint32_t group;
            (void)engine_wait(engine, 1000000000, &group);
        }
        engine_end(engine, NULL);
        *missing = files_missing(plan, rows);
    }
    free(rows);
    return code;
}

static vsr_code run(const char *path, const char *root, uint32_t workers, uint32_t *missing,
                    vsr_error *error)
{
    vsr_set *set = NULL;
    vsr_plan *plan = NULL;
    const vsr_choices choices = {.size = sizeof choices, .root = root};
    vsr_code code = vsr_set_open(&set, path, error);
    if (code == VSR_OK) {
        code = vsr_plan_create(&plan, set, &choices, error);
    }
    if (code == VSR_OK) {
        code = set_open_packs(&set->media, true, error);
    }
    if (code == VSR_OK) {
        code = discard(plan->plan, &set->media, workers, missing, error);
    }
    vsr_plan_free(plan);
    vsr_set_close(set);
    return code;
}

int main(int argc, char **argv)
{
    uint64_t workers = 0;
    if (argc < 2 || argc > 3 ||
        (argc == 3 && (!view_to_u64(view_of(argv[2]), &workers) || workers > UINT32_MAX))) {
        (void)fputs("usage: null_sink SET [WORKERS]\n", stderr);
        return 2;
    }
    char root[4096];
    const char *folder = getenv("TMPDIR");
    (void)snprintf(root, sizeof root, "%s/null-sink-XXXXXX", folder != NULL ? folder : "/tmp");
    if (mkdtemp(root) == NULL) {
        (void)fprintf(stderr, "null_sink: cannot make %s\n", root);
        return 1;
    }
    vsr_error error = {0};
    uint32_t missing = 0;
    const vsr_code code = run(argv[1], root, (uint32_t)workers, &missing, &error);
    (void)rmdir(root);
    if (code != VSR_OK) {
        return failed(&error);
    }
    if (missing > 0) {
        (void)fprintf(stderr, "null_sink: %u files were not verified\n", missing);
    }
    return missing > 0 ? 1 : 0;
}
