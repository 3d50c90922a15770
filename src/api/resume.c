/* resume.c - going on with a run behind the public call: its folder opened, its set found again,
 * its options taken from its journal, the rest as of any restore. */
#include "api/restoring.h"
#include "base/heap.h"
#include "run/inspect_run.h"

#include <stdlib.h>

/* How fast it goes is the caller's to say anew; what it does is the run's. */
static struct step_options resume_options(struct restoring *r, const struct resume *resume)
{
    const struct plan_choices none = {0};
    const struct conduct_options *run = &resume->call.conduct;
    struct step_options options = restoring_options(r, &none);
    struct conduct_options *conduct = &options.conduct;
    struct engine_options engine = restoring_engine(&r->options);
    conduct->run_dir = NULL;
    conduct->bcd_out = run->bcd_out;
    conduct->pending_registry = run->pending_registry;
    conduct->stage.owner = run->stage.owner;
    conduct->stage.cross_mounts = run->stage.cross_mounts;
    conduct->stage.in_place = run->stage.in_place;
    conduct->durability = run->durability;
    conduct->profile = run->profile || conduct->profile;
    conduct->salvage = run->salvage;
    engine.workers = engine.workers != 0 ? engine.workers : run->engine.workers;
    engine.queue_depth = engine.queue_depth != 0 ? engine.queue_depth : run->engine.queue_depth;
    engine.memory_bytes = engine.memory_bytes != 0 ? engine.memory_bytes : run->engine.memory_bytes;
    engine.ring = engine.ring != RING_AUTO ? engine.ring : run->engine.ring;
    engine.write_mode =
        engine.write_mode != WRITE_AUTO ? engine.write_mode : run->engine.write_mode;
    conduct->engine = engine;
    conduct->players = resume->call.players;
    conduct->keep = resume->call.keep;
    return options;
}

/* Is this the chain that the run was a step of? Its set's own place in it tells. */
static bool chain_is_of(const vsr_chain *chain, const struct resume *resume)
{
    const struct run_call_chain *of = &resume->call.chain;
    return chain->chain.step_count == of->set_count && of->step < of->set_count &&
           uuid_equal(&chain->chain.steps[of->step].set, &resume->plan->set_uuid);
}

/* The chain that a run which is begun anew was a step of: given, or *found, the caller's to close.
 * *chain NULL: of none, or it is not. */
static vsr_code resume_find_chain(const struct resume *resume, const vsr_chain *given,
                                  vsr_chain **found, const struct chain **chain, vsr_error *error)
{
    const struct run_call_chain *of = &resume->call.chain;
    const vsr_chain_options options = {.size = sizeof options,
                                       .continues = 1,
                                       .strict = of->strict ? 1 : 0};
    if (!resume->content.asking || of->set_count == 0) {
        return VSR_OK;
    }
    if (given != NULL && !chain_is_of(given, resume)) {
        return err_set(error, VSR_ERR_USAGE, "api/resume",
                       "the run in %s is no step of the chain that is given", resume->folder.path);
    }
    for (uint32_t i = 0; i < of->set_count && given == NULL; i++) {
        if (of->sets[i] == NULL) {
            return err_set(error, VSR_ERR_USAGE, "api/resume",
                           "the run in %s is begun anew as a step of a chain, of which set %u of "
                           "%u is in no folder: who began it read that by functions, and gives "
                           "the chain (vsr_restore_options)",
                           resume->folder.path, i + 1, of->set_count);
        }
    }
    const vsr_code rc =
        given == NULL ? vsr_chain_open(found, of->sets, of->set_count, &options, error) : VSR_OK;
    *chain = rc != VSR_OK ? NULL : given != NULL ? &given->chain : &(*found)->chain;
    return rc;
}

/* The set where the run found it. */
static vsr_code resume_find_set(const struct resume *resume, vsr_set **set, vsr_error *error)
{
    const struct view path = plan_text(resume->plan, resume->plan->set_path);
    if (path.n == 0) {
        return err_set(error, VSR_ERR_USAGE, "api/resume",
                       "the set of the run in %s is in no folder: who began the run read it by "
                       "functions, and goes on with it by vsr_resume_set()",
                       resume->folder.path);
    }
    struct arena arena = {0};
    const vsr_code rc = vsr_set_open(set, arena_copy(&arena, path).p, error);
    arena_free(&arena);
    return rc;
}

static vsr_code resume_run(struct restoring *r, struct resume *resume, const vsr_set *set,
                           struct vsr_report *made, bool *begun, vsr_error *error)
{
    vsr_chain *found = NULL;
    const struct chain *chain = NULL;
    vsr_code rc = players_recall(&r->players, resume->call.players, r->options.writers,
                                 &set->documents, r->options.cancel, error);
    if (rc != VSR_OK) {
        return rc;
    }
    rc = restoring_open(r, set, error);
    rc = rc == VSR_OK ? resume_find_chain(resume, r->options.chain, &found, &chain, error) : rc;
    struct step_options options = resume_options(r, resume);
    if (rc == VSR_OK) {
        const struct plan_step step = {.chain = chain, .number = resume->call.chain.step};
        options.step = &step;
        rc = step_resume(&made->report, begun, resume, r->media, &set->documents, &options, error);
    } else if (resume->content.asking) { /* for that all is there */
        (void)step_tell_end(resume, r->media, &set->documents, &options, NULL);
    }
    vsr_chain_close(found);
    return rc;
}

static vsr_code resume_with(const vsr_set *given, struct restoring *r, struct resume *resume,
                            struct vsr_report *made, bool *begun, vsr_error *error)
{
    vsr_set *found = NULL;
    const struct checkpoint_waiting waiting = {.cancel = r->options.cancel,
                                               .on_warning = r->options.on_warning,
                                               .context = r->options.context};
    vsr_code rc = resume_wait(resume, &waiting, error);
    if (rc == VSR_OK && given == NULL) {
        rc = resume_find_set(resume, &found, error);
    }
    if (rc == VSR_OK) {
        rc = resume_run(r, resume, given != NULL ? given : found, made, begun, error);
    }
    vsr_set_close(found);
    return rc;
}

/* set NULL: the run says where it is. */
static vsr_code resume_any(vsr_report **report, const char *run_dir, const vsr_set *set,
                           const vsr_restore_options *options, vsr_error *error)
{
    struct restoring r = {0};
    struct resume resume;
    struct vsr_report *made = heap_alloc(1, sizeof *made);
    bool begun = false;
    *report = NULL;
    vsr_code rc = options_take(&r.options, sizeof r.options, options, "vsr_restore_options", error);
    if (rc == VSR_OK) {
        rc = resume_open(&resume, run_dir, true, error);
    }
    if (rc != VSR_OK) {
        free(made);
        return rc;
    }
    if (resume_is_over(&resume)) {
        rc = resume_report(&resume, &made->report, error);
        begun = rc == VSR_OK;
        if (r.options.on_warning != NULL) {
            resume_warn_staging(&resume, r.options.on_warning, r.options.context);
        }
    } else if (resume.call.conduct.engine.discard) {
        rc = err_set(error, VSR_ERR_USAGE, "api/resume",
                     "%s is of a run into the null sink, which writes nothing: run it anew",
                     run_dir);
    } else {
        rc = resume_with(set, &r, &resume, made, &begun, error);
    }
    resume_close(&resume);
    restoring_end(&r, begun, made, report);
    return rc;
}

vsr_code vsr_resume(vsr_report **report, const char *run_dir, const vsr_restore_options *options,
                    vsr_error *error)
{
    return resume_any(report, run_dir, NULL, options, error);
}

vsr_code vsr_resume_set(vsr_report **report, const char *run_dir, const vsr_set *set,
                        const vsr_restore_options *options, vsr_error *error)
{
    return resume_any(report, run_dir, set, options, error);
}

vsr_code vsr_run_inspect(const char *run_dir, vsr_format format, vsr_sink sink, void *context,
                         vsr_error *error)
{
    struct resume resume;
    struct buffer text = {0};
    vsr_code rc = resume_open(&resume, run_dir, false, error);
    if (rc != VSR_OK) {
        return rc;
    }
    if (format == VSR_FORMAT_JSON) {
        inspect_run_json(&resume, &text);
    } else {
        inspect_run_text(&resume, &text);
    }
    resume_close(&resume);
    rc = sink_give(sink, context, buffer_view(&text), error);
    buffer_free(&text);
    return rc;
}

vsr_code vsr_run_kept(const char *run_dir, vsr_sink sink, void *context, vsr_error *error)
{
    struct resume resume;
    vsr_code rc = resume_open(&resume, run_dir, false, error);
    if (rc == VSR_OK) {
        const struct view keep = resume.call.keep;
        rc = view_present(keep) ? sink_give(sink, context, keep, error) : VSR_OK;
        resume_close(&resume);
    }
    return rc;
}
