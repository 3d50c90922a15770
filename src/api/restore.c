/* restore.c - running a plan behind the public handles. */
#include "api/objects.h"
#include "base/heap.h"
#include "run/conduct.h"

#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

struct progress_sink {
    const vsr_restore_options *options;
};

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
    };
    to->options->on_progress(to->options->context, &progress);
}

static struct engine_options engine_of(const vsr_restore_options *given)
{
    return (struct engine_options){
        .workers = given->workers,
        .queue_depth = given->queue_depth,
        .memory_bytes = given->memory_bytes,
        .ring = given->ring == VSR_RING_URING  ? RING_URING
                : given->ring == VSR_RING_SYNC ? RING_SYNC
                                               : RING_AUTO,
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

/* Was the plan made with this option? */
static bool plan_chose(const struct plan *plan, const char *option)
{
    for (uint32_t i = 0; i < plan->choice_count; i++) {
        if (view_equal(plan_text(plan, plan->choices[i]), view_of(option))) {
            return true;
        }
    }
    return false;
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

/* The pack descriptors are opened here, so that a set that was only looked into holds none. */
vsr_code vsr_restore_run(vsr_report **report, const vsr_plan *plan,
                         const vsr_restore_options *options, vsr_error *error)
{
    vsr_restore_options mine;
    *report = NULL;
    vsr_code rc = options_take(&mine, sizeof mine, options, "vsr_restore_options", error);
    if (rc != VSR_OK) {
        return rc;
    }
    struct media_set *media = (struct media_set *)(uintptr_t)&plan->set->media;
    rc = descriptors_make_room(media->description.pack_count, error);
    if (rc == VSR_OK) {
        rc = set_open_packs(media, false, error);
    }
    if (rc != VSR_OK) {
        return rc;
    }
    struct progress_sink to = {&mine};
    const struct conduct_options conduct = {
        .run_dir = mine.run_dir,
        .bcd_out = mine.bcd_out,
        .pending_registry = pending_registry_of(mine.pending_registry),
        .engine = engine_of(&mine),
        .stage = {.owner = owner_of(mine.owner),
                  .cross_mounts = plan_chose(plan->plan, "--cross-mounts"),
                  .in_place = plan_chose(plan->plan, "--in-place")},
        .durability = durability_of(mine.durability),
        .refusals = plan->refusals,
        .on_progress = mine.on_progress != NULL ? progress_give : NULL,
        .context = &to,
        .cancel = mine.cancel,
    };
    struct vsr_report *made = heap_alloc(1, sizeof *made);
    bool begun = false;
    rc = conduct_run(&made->report, &begun, plan->plan, media, &plan->set->documents, &conduct,
                     error);
    if (begun) {
        *report = made;
    } else {
        free(made);
    }
    return rc;
}

vsr_code vsr_system_inspect(const vsr_restore_options *options, vsr_format format, vsr_sink sink,
                            void *context, vsr_error *error)
{
    vsr_restore_options mine;
    (void)format; /* one form so far: each number with its reason is a sentence */
    vsr_code rc = options_take(&mine, sizeof mine, options, "vsr_restore_options", error);
    if (rc != VSR_OK) {
        return rc;
    }
    struct machine_facts machine;
    struct budget budget;
    const struct engine_options engine = engine_of(&mine);
    machine_examine(&machine);
    rc = budget_resolve(&budget, &engine, &machine, FRAME_STORED_BYTES_MAX, FRAME_PLAIN_BYTES_MAX,
                        0, 0, error);
    if (rc == VSR_OK) {
        struct buffer text = {0};
        budget_render(&budget, &machine, &text);
        rc = sink_give(sink, context, buffer_view(&text), error);
        buffer_free(&text);
    }
    return rc;
}
