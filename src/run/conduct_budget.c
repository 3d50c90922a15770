/* conduct_budget.c - what a run takes of the machine, and whether it can begin at all: asked
 * before a byte moves, and, where writers are asked, before they are. */
#include "run/conduct_inside.h"

#include "engine/range_table.h"
#include "media/foreign.h"
#include "run/planned_place.h"
#include "run/resume.h"

/* What a plan needs beside the same for each file. */
static uint64_t conduct_table_bytes(const struct conduct_options *options, const struct plan *plan,
                                    const struct media_set *set)
{
    return range_table_bytes(plan, set) + publish_step_bytes(plan, options->stage.alone) +
           set_memory_bytes(set);
}

static vsr_code budget_of(struct budget *out, const struct conduct_options *options,
                          const struct machine_facts *machine, const struct plan *plan,
                          const struct media_set *set, vsr_error *error)
{
    struct engine_options engine = options->engine;
    uint32_t stored = FRAME_STORED_BYTES_MAX, plain = FRAME_PLAIN_BYTES_MAX;
    if (set->foreign != NULL) { /* a chunk at a time, by plain calls (engine/stage_stream.c) */
        engine.queue_depth = 1;
        stored = set->foreign->stored_bytes_max;
        plain = set->foreign->plain_bytes_max;
    }
    return budget_resolve(out, &engine, machine, stored, plain, plan->file_count,
                          conduct_table_bytes(options, plan, set), error);
}

vsr_code conduct_budget(struct conduct *c, vsr_error *error)
{
    machine_examine(&c->machine);
    return budget_of(&c->budget, c->options, &c->machine, c->plan, c->set, error);
}

vsr_code conduct_check_places(const struct conduct_options *options, const struct plan *plan,
                              const struct media_set *set, vsr_error *error)
{
    char path[RUN_FOLDER_PATH_MAX];
    const struct resume *resume = options->resume;
    vsr_code rc = document_out_check(options->bcd_out, set, error);
    if (rc == VSR_OK) {
        rc = run_folder_name(resume != NULL ? resume->folder.path : options->run_dir, &options->run,
                             path, error);
    }
    if (rc != VSR_OK || options->engine.discard) { /* to which nothing is restored */
        return rc;
    }
    rc = planned_place_check(options->bcd_out, "--bcd-out", plan, set, error);
    if (rc == VSR_OK) {
        rc = planned_place_check(options->own_file, "the file", plan, set, error);
    }
    return rc == VSR_OK ? planned_place_check(path, "the run folder", plan, set, error) : rc;
}

vsr_code conduct_check(const struct conduct_options *options, const struct plan *plan,
                       const struct media_set *set, vsr_error *error)
{
    struct machine_facts machine;
    struct budget budget;
    char path[RUN_FOLDER_PATH_MAX];
    machine_examine(&machine);
    vsr_code rc = budget_of(&budget, options, &machine, plan, set, error);
    if (rc == VSR_OK) {
        rc = conduct_check_places(options, plan, set, error);
    }
    if (rc == VSR_OK) {
        rc = run_folder_name(options->run_dir, &options->run, path, error);
    }
    return rc == VSR_OK && options->asked == NULL ? run_folder_check(path, set, error) : rc;
}
