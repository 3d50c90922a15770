/* restore.c - running a plan behind the public handles. */
#include "api/restoring.h"
#include "base/heap.h"
#include "plan/replay.h"

#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

static void progress_give(void *context, const struct conduct_progress *now)
{
    const struct progress_sink *to = context;
    const vsr_progress progress = {
        .files_total = now->files_total,
        .files_done = now->files_done,
        .files_failed = now->files_failed,
        .bytes_total = now->bytes_total,
        .bytes_done = now->bytes_done,
        .units_total = now->units_total,
        .units_done = now->units_done,
        .elapsed_ns = now->elapsed_ns,
        .unit = now->unit,
        .paused = now->paused,
        .run_dir = now->run_dir,
        .is_last = now->is_last,
    };
    to->options->on_progress(to->options->context, &progress);
}

static enum write_mode write_mode_given(vsr_write_mode given)
{
    return given == VSR_WRITE_DIRECT     ? WRITE_DIRECT
           : given == VSR_WRITE_BUFFERED ? WRITE_BUFFERED
           : given == VSR_WRITE_UNCACHED ? WRITE_UNCACHED
                                         : WRITE_AUTO;
}

struct engine_options restoring_engine(const vsr_restore_options *given)
{
    return (struct engine_options){
        .workers = given->workers,
        .queue_depth = given->queue_depth,
        .memory_bytes = given->memory_bytes,
        .ring = given->ring == VSR_RING_URING  ? RING_URING
                : given->ring == VSR_RING_SYNC ? RING_SYNC
                                               : RING_AUTO,
        .write_mode = write_mode_given(given->write_mode),
        .discard = given->discard != 0,
    };
}

static enum durability durability_of(vsr_durability given)
{
    return given == VSR_DURABILITY_NONE  ? DURABILITY_NONE
           : given == VSR_DURABILITY_END ? DURABILITY_END
                                         : DURABILITY_UNIT;
}

static enum owner_policy owner_of(vsr_owner given)
{
    if (given == VSR_OWNER_DEFAULT) {
        return geteuid() == 0 ? OWNER_MEDIA : OWNER_MINE;
    }
    return given == VSR_OWNER_MEDIA ? OWNER_MEDIA : OWNER_MINE;
}

/* Each pack holds a descriptor open during the run, and workers hold some more. */
static vsr_code descriptors_make_room(uint32_t packs, vsr_error *error)
{
    struct rlimit limit;
    const rlim_t wanted = (rlim_t)packs + 512;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted) {
        return VSR_OK;
    }
    if (limit.rlim_max < (rlim_t)packs + 64) {
        return err_set(error, VSR_ERR_MEMORY, "api/restore",
                       "the set has %u packs and this process may open %llu files: raise the "
                       "limit (ulimit -n)",
                       packs, (unsigned long long)limit.rlim_max);
    }
    limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
    (void)setrlimit(RLIMIT_NOFILE, &limit); /* what it cannot raise shows when a pack is opened */
    return VSR_OK;
}

vsr_code restoring_open(struct restoring *r, const vsr_set *set, vsr_error *error)
{
    r->progress = (struct progress_sink){&r->options};
    r->media = (struct media_set *)(uintptr_t)&set->media;
    const vsr_code rc = view_present(set_folder(r->media))
                            ? descriptors_make_room(r->media->description.pack_count, error)
                            : VSR_OK;
    return rc == VSR_OK ? set_open_packs(r->media, false, error) : rc;
}

static vsr_code restoring_begin(struct restoring *r, const vsr_set *set, bool in_chain,
                                const vsr_restore_options *options, vsr_error *error)
{
    vsr_code rc =
        options_take(&r->options, sizeof r->options, options, "vsr_restore_options", error);
    if (rc == VSR_OK) {
        rc = players_init(&r->players, r->options.writers, &set->documents, in_chain,
                          r->options.cancel, error);
    }
    if (rc == VSR_OK && r->options.discard != 0 && (r->players.any || r->options.bcd_out != NULL)) {
        rc = err_set(error, VSR_ERR_USAGE, "api/restore",
                     "the null sink restores nothing: there is nothing to tell writers or services "
                     "of, and no document comes out");
    }
    if (rc == VSR_OK && r->options.discard != 0 && r->options.salvage != 0) {
        rc = err_set(error, VSR_ERR_USAGE, "api/restore",
                     "the null sink touches no destination: there is no place to salvage to");
    }
    if (rc == VSR_OK && set->media.foreign != NULL &&
        (r->options.bcd_out != NULL || r->options.salvage != 0)) {
        rc = err_set(error, VSR_ERR_USAGE, "api/restore",
                     "the plan of another front end has no document to write, and of its media "
                     "nothing is salvaged: give neither --bcd-out nor --salvage");
    }
    if (rc == VSR_OK && r->players.any) {
        players_render(&r->players, &r->players_text);
    }
    return rc == VSR_OK ? restoring_open(r, set, error) : rc;
}

struct step_options restoring_options(struct restoring *r, const struct plan_choices *choices)
{
    const vsr_restore_options *mine = &r->options;
    return (struct step_options){
        .calls = r->players.any ? &r->players.calls : NULL,
        .on_warning = mine->on_warning,
        .warning_context = mine->context,
        .conduct = {.run_dir = mine->run_dir,
                    .bcd_out = mine->bcd_out,
                    .own_file = mine->own_file,
                    .pending_registry = pending_registry_of(mine->pending_registry),
                    .engine = restoring_engine(mine),
                    .stage = {.owner = owner_of(mine->owner),
                              .cross_mounts = choices->cross_mounts,
                              .in_place = choices->in_place},
                    .durability = durability_of(mine->durability),
                    .profile = mine->profile != 0,
                    .salvage = mine->salvage != 0,
                    .throttle_bytes_per_s = mine->throttle_bytes_per_s,
                    .keep = mine->keep != NULL ? view_of(mine->keep) : VIEW_NONE,
                    .players = r->players.any ? buffer_view(&r->players_text) : VIEW_NONE,
                    .on_progress = mine->on_progress != NULL ? progress_give : NULL,
                    .context = &r->progress,
                    .cancel = mine->cancel},
    };
}

void restoring_end(struct restoring *r, bool begun, struct vsr_report *made, vsr_report **report)
{
    buffer_free(&r->players_text);
    players_fini(&r->players);
    if (begun) {
        *report = made;
    } else {
        free(made);
    }
}

vsr_code vsr_restore_set(vsr_report **report, const vsr_set *set, const vsr_choices *choices,
                         const vsr_restore_options *options, vsr_error *error)
{
    struct arena arena = {0};
    struct plan_choices inner;
    struct restoring r = {0};
    struct vsr_report *made = heap_alloc(1, sizeof *made);
    bool begun = false;
    *report = NULL;
    struct plan_step step;
    vsr_code rc = choices_take_all(&arena, choices, set, &inner, &step, error);
    if (rc == VSR_OK) {
        rc = restoring_begin(&r, set, step.chain != NULL, options, error);
    }
    if (rc == VSR_OK) {
        struct step_options how = restoring_options(&r, &inner);
        how.step = &step;
        inner.services = inner.services || r.players.calls.service_stop != NULL;
        rc = step_run(&made->report, &begun, r.media, &set->documents, &inner, &how, error);
    }
    restoring_end(&r, begun, made, report);
    arena_free(&arena);
    return rc;
}

vsr_code vsr_restore_run(vsr_report **report, const vsr_plan *plan,
                         const vsr_restore_options *options, vsr_error *error)
{
    struct restoring r = {0};
    struct vsr_report *made = heap_alloc(1, sizeof *made);
    bool begun = false;
    *report = NULL;
    vsr_code rc = restoring_begin(&r, plan->set, false, options, error);
    if (rc == VSR_OK &&
        (r.players.given.program_count > 0 || r.players.given.pre_restore != NULL)) {
        rc = err_set(error, VSR_ERR_USAGE, "api/restore",
                     "writers are asked before places are decided; a plan that was made before "
                     "cannot ask them: vsr_restore_set()");
    }
    if (rc == VSR_OK && plan->unasked) {
        rc = err_set(error, VSR_ERR_USAGE, "api/restore",
                     "what stands at the places of a plan with media of its own is not known yet: "
                     "vsr_plan_refresh() before it is run");
    }
    if (rc == VSR_OK) {
        struct arena arena = {0};
        struct plan_choices choices;
        rc = plan_replay(&arena, plan->plan, &choices, error);
        if (rc == VSR_OK) {
            const struct step_options step = restoring_options(&r, &choices);
            rc = step_run_plan(&made->report, &begun, r.media, &plan->set->documents, plan->plan,
                               plan->refusals, &step, error);
        }
        arena_free(&arena);
    }
    restoring_end(&r, begun, made, report);
    return rc;
}

vsr_code vsr_system_inspect(const vsr_restore_options *options, vsr_format format, vsr_sink sink,
                            void *context, vsr_error *error)
{
    vsr_restore_options mine;
    vsr_code rc = options_take(&mine, sizeof mine, options, "vsr_restore_options", error);
    if (rc != VSR_OK) {
        return rc;
    }
    struct machine_facts machine;
    struct budget budget;
    const struct engine_options engine = restoring_engine(&mine);
    machine_examine(&machine);
    rc = budget_resolve(&budget, &engine, &machine, FRAME_STORED_BYTES_MAX, FRAME_PLAIN_BYTES_MAX,
                        0, 0, error);
    if (rc == VSR_OK) {
        struct buffer text = {0};
        if (format == VSR_FORMAT_JSON) {
            budget_render_json(&budget, &machine, &text);
        } else {
            budget_render(&budget, &machine, &text);
        }
        rc = sink_give(sink, context, buffer_view(&text), error);
        buffer_free(&text);
    }
    return rc;
}
