/* conduct_move.c - the loop of a restore: the engine stages, this thread publishes what has ended,
 * in groups for one sync. What publishing does is dest/publish.c's. */
#include "run/conduct_inside.h"

#include "base/heap.h"
#include "dest/early_sync.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PROGRESS_NS = 100000000 };

/* Units are committed in groups of at most this: a sync serves them all. */
static const uint64_t COMMIT_BYTES_MAX = (uint64_t)256 << 20;
static const uint64_t COMMIT_NS_MAX = 1000000000;
static const uint64_t STOP_QUIET_NS = 2000000000;

static uint64_t at_most(uint64_t value, uint64_t most)
{
    return value < most ? value : most;
}

/* The first unit that is not done with: the engine takes them in the plan's order. */
static const char *unit_in_hand(struct conduct *c)
{
    const uint32_t before = c->unit_now;
    while (c->ended != NULL && c->unit_now < c->plan->unit_count &&
           (c->ended[c->unit_now] != 0 || unit_is_refused(&c->units, c->unit_now) ||
            c->plan->units[c->unit_now].file_count == 0)) {
        c->unit_now++;
    }
    if (c->ended == NULL || c->unit_now == c->plan->unit_count) {
        return NULL;
    }
    if (c->unit_name.n == 0 || c->unit_now != before) {
        const struct plan_unit *unit = &c->plan->units[c->unit_now];
        const struct view writer = plan_text(c->plan, unit->writer_name);
        const struct view path = plan_text(c->plan, unit->logical_path);
        const struct view name = plan_text(c->plan, unit->component);
        c->unit_name.n = 0;
        buffer_printf(&c->unit_name, "%.*s%s%.*s%s%.*s", VIEW_ARG(writer), writer.n > 0 ? ": " : "",
                      VIEW_ARG(path), path.n > 0 ? "\\" : "",
                      VIEW_ARG(view_present(name) ? name : VIEW("files of no component")));
        buffer_add_char(&c->unit_name, '\0');
    }
    return c->unit_name.p;
}

/* As the control line wants it. */
static void conduct_set_pace(struct conduct *c)
{
    const struct control_wishes *wishes = &c->control.wishes;
    pace_pause(&c->pace, wishes->paused);
    if (wishes->bytes_per_s != c->pace_bytes_per_s) {
        pace_limit(&c->pace, wishes->bytes_per_s);
        c->pace_bytes_per_s = wishes->bytes_per_s;
    }
}

void conduct_tell(struct conduct *c, bool is_last)
{
    if (c->engine != NULL) {
        engine_progress(c->engine, &c->moved);
    }
    const uint64_t files = c->moved.files_done + c->moved.files_failed;
    const struct conduct_progress progress = {
        .files_total = c->plan->file_count,
        .files_done =
            is_last ? c->plan->file_count : at_most(c->before_files + files, c->plan->file_count),
        .files_failed = c->moved.files_failed,
        .bytes_total = c->plan->bytes,
        .bytes_done = is_last ? c->plan->bytes
                              : at_most(c->before_bytes + c->moved.bytes_done, c->plan->bytes),
        .units_total = c->plan->unit_count,
        .units_done = is_last ? c->plan->unit_count : c->units_done,
        .elapsed_ns = clock_monotonic_ns() - c->began_ns,
        .paused = c->control.wishes.paused,
        .unit = is_last ? NULL : unit_in_hand(c),
        .run_dir = c->folder.path,
        .is_last = is_last,
    };
    const struct timeline_point point = {.elapsed_ns = progress.elapsed_ns,
                                         .bytes = c->moved.bytes_done,
                                         .files = files,
                                         .failed = progress.files_failed,
                                         .units = c->units_done};
    timeline_add(&c->profile.timeline, &point, is_last);
    if (c->options->on_progress != NULL) {
        c->options->on_progress(c->options->context, &progress);
    }
    if (!is_last) {
        control_serve(&c->control, &progress);
        conduct_set_pace(c);
    }
}

/* What needs nothing more: refused, or done by an earlier process. */
static void conduct_count_before(struct conduct *c, const uint8_t *skip)
{
    c->ended = heap_alloc(c->plan->unit_count, sizeof *c->ended);
    for (uint32_t i = 0; i < c->plan->file_count; i++) {
        if (skip[i] != 0) {
            c->before_files++;
            c->before_bytes += c->plan->files[i].size;
        }
    }
}

/* A group has ended: judge its units by their rows and keep it for the next commit. */
static void group_wait(struct conduct *c, uint32_t group)
{
    const struct stage_group *g = &c->stage->groups[group];
    bool any = false;
    for (uint32_t i = 0; i < g->unit_count; i++) {
        const uint32_t unit = c->stage->group_units[g->first_unit + i];
        c->ended[unit] = 1;
        if (c->done == NULL || c->done[unit] == 0) {
            any = true;
            unit_take_rows(&c->units, unit);
            c->waiting_bytes += c->plan->units[unit].bytes;
        }
    }
    if (!any) { /* published by an earlier process */
        turns_pass(&c->turns, group);
        c->units_done += g->unit_count;
        return;
    }
    if (c->waiting_count == 0) {
        c->waiting_since_ns = clock_monotonic_ns();
    }
    c->waiting[c->waiting_count++] = group;
}

static bool commit_is_due(const struct conduct *c)
{
    return c->waiting_count > 0 &&
           (c->waiting_bytes >= COMMIT_BYTES_MAX || engine_is_done(c->engine) ||
            clock_monotonic_ns() - c->waiting_since_ns >= COMMIT_NS_MAX);
}

/* Those whose turn it is; the others go on waiting. */
static vsr_code groups_publish(struct conduct *c, const struct publish_log *log, vsr_error *error)
{
    const uint32_t count =
        turns_take(&c->turns, c->waiting, c->waiting_count, engine_is_done(c->engine));
    const vsr_code rc =
        count == 0 ? VSR_OK
                   : publish_groups(c->stage, c->waiting, count, c->options->durability, log,
                                    c->units.states, c->folder.rows, c->units.residue, error);
    for (uint32_t i = 0; i < count; i++) {
        c->units_done += c->stage->groups[c->waiting[i]].unit_count;
    }
    c->waiting_count -= count;
    memmove(c->waiting, c->waiting + count, c->waiting_count * sizeof *c->waiting);
    c->waiting_bytes = 0;
    c->waiting_since_ns = clock_monotonic_ns();
    return rc;
}

/* A sync that was not waited for ends the run as the signal does that it was given up for. */
static vsr_code groups_publish_or_stop(struct conduct *c, const struct publish_log *log,
                                       vsr_error *error)
{
    vsr_error cause = {0};
    const vsr_code rc = groups_publish(c, log, &cause);
    if (rc == VSR_ERR_CANCELLED) {
        c->stopped_by = cancel_number(c->options->cancel);
        return VSR_OK;
    }
    if (rc != VSR_OK && error != NULL && error->code == VSR_OK) {
        *error = cause;
    }
    return rc;
}

static void conduct_tell_unsynced(struct conduct *c, uint32_t mount, int os_errno)
{
    if (unit_states_not_durable(&c->units, c->stage, mount, os_errno)) {
        const struct plan_root *root = &c->plan->roots[c->stage->mounts[mount].root];
        buffer_printf(&c->unsynced, " %.*s", VIEW_ARG(plan_text(c->plan, root->dir)));
    }
}

static vsr_code conduct_sync_end(struct conduct *c, vsr_error *error)
{
    vsr_code rc = VSR_OK;
    for (uint32_t m = 0; m < c->stage->mount_count; m++) {
        vsr_error one = {0};
        const vsr_code synced = publish_sync(c->stage, m, &one);
        if (synced == VSR_ERR_CANCELLED) { /* published, and synced by who goes on with the run */
            c->cut_short = true;
            c->stopped_by = cancel_number(c->options->cancel);
            return rc;
        }
        if (synced != VSR_OK) {
            conduct_tell_unsynced(c, m, one.os_errno != 0 ? one.os_errno : EIO);
            c->unnoted = atomic_load(&c->stage->unnoted_errno) != 0;
            if (rc == VSR_OK && error != NULL && error->code == VSR_OK) {
                *error = one;
            }
            rc = rc == VSR_OK ? synced : rc;
        }
    }
    return rc == VSR_OK ? journal_synced(&c->journal, error) : rc;
}

/* Start the engine; workers run from here on. skip: of unit_states_skip(). */
static vsr_code engine_begin(struct conduct *c, const uint8_t *skip, vsr_error *error)
{
    const struct engine_input input = {
        .plan = c->plan,
        .set = c->set,
        .stage = c->stage,
        .budget = &c->budget,
        .owner = c->options->stage.owner,
        .rows = c->folder.rows,
        .skip = skip,
        .held = c->whole,
        .marks = c->options->engine.discard ? NULL : &c->marks,
        .discard = c->options->engine.discard,
        .pace = &c->pace,
        .cancel = c->options->cancel,
    };
    conduct_set_pace(c);
    const vsr_code rc = engine_start(&c->engine, &input, error);
    run_profile_mark(&c->profile, CONTROL_START);
    return rc;
}

static void engine_finish(struct conduct *c, struct meta_loss *losses)
{
    engine_join(c->engine);
    run_profile_mark(&c->profile, CONTROL_WAIT);
    c->profile.worker_count = engine_profile(c->engine, &c->profile.workers);
    engine_slowest(c->engine, &c->profile.slowest);
    engine_progress(c->engine, &c->moved);
    engine_end(c->engine, losses);
    c->engine = NULL;
    run_profile_mark(&c->profile, CONTROL_CLOSE);
}

/* Stopped since then, and something is still under way: said once, if it takes long. */
static void groups_warn_waiting(const struct conduct *c, uint64_t *stopped_ns)
{
    const struct dialogue_options *options = &c->dialogue->options;
    char sentence[PATH_MAX + 256];
    if (*stopped_ns == 0 || clock_monotonic_ns() - *stopped_ns < STOP_QUIET_NS) {
        return;
    }
    *stopped_ns = 0;
    if (options->on_warning != NULL) {
        (void)snprintf(sentence, sizeof sentence,
                       "waiting for reads or writes that the media or a destination have not "
                       "answered yet; a second signal ends the run at once, and "
                       "`vssrestore resume %s` goes on with it",
                       c->folder.path);
        options->on_warning(options->context, sentence);
    }
}

/* Move: the engine stages, this thread publishes each group as it ends. */
static vsr_code groups_move(struct conduct *c, vsr_error *error)
{
    const struct publish_log log = pending_hold_log(c->hold);
    vsr_code rc = VSR_OK;
    bool stopping = false;
    uint64_t stopped_ns = 0; /* by a signal; 0: not, or that is told */
    while (!engine_is_done(c->engine)) {
        uint32_t group = MARK_NONE;
        if (!stopping && (conduct_cancelled(c) || rc != VSR_OK)) {
            engine_stop(c->engine);
            stopping = true;
            c->stopped_by = rc == VSR_OK ? conduct_cancel_number(c) : 0;
            stopped_ns = c->stopped_by != 0 ? clock_monotonic_ns() : 0;
        }
        groups_warn_waiting(c, &stopped_ns);
        const bool ended = engine_wait(c->engine, PROGRESS_NS, &group);
        run_profile_mark(&c->profile, CONTROL_WAIT);
        if (ended && rc == VSR_OK && !stopping) {
            group_wait(c, group);
        }
        if (rc == VSR_OK && !stopping && commit_is_due(c)) {
            rc = groups_publish_or_stop(c, &log, error);
            run_profile_mark_synced(&c->profile, CONTROL_PUBLISH, c->stage, &c->journal);
        }
        conduct_tell(c, false);
    }
    return rc;
}

vsr_code conduct_move(struct conduct *c, vsr_error *error)
{
    uint8_t *skip = unit_states_skip(&c->units, c->done);
    if (c->stage == NULL) { /* everything is refused */
        free(skip);
        return VSR_OK;
    }
    const struct early_sync_watch watch = checkpoint_watch(&c->checkpoint);
    conduct_count_before(c, skip);
    struct early_sync *early =
        c->options->durability != DURABILITY_NONE ? early_sync_open(c->stage, &watch) : NULL;
    vsr_code rc = engine_begin(c, skip, error);
    if (rc == VSR_OK) {
        if (c->options->resume != NULL && c->options->resume->syncs != SYNCS_GOOD) {
            checkpoint_forgive(&c->checkpoint); /* not before nothing tells of it any more */
        }
        early_sync_begin(early);
        rc = groups_move(c, error);
    }
    if (c->engine != NULL) {
        engine_finish(c, &c->losses);
    }
    if (rc == VSR_OK && c->options->durability == DURABILITY_END) {
        rc = conduct_sync_end(c, error);
        run_profile_mark_synced(&c->profile, CONTROL_PUBLISH, c->stage, &c->journal);
    }
    (void)early_sync_end(early); /* not before: what it has met counts for that sync, too */
    meta_loss_add(&c->losses, &c->stage->losses); /* of directories */
    unit_states_settle(&c->units, c->stopped_by != 0);
    free(skip);
    return rc;
}

vsr_code conduct_discard(struct conduct *c, vsr_error *error)
{
    uint8_t *skip = unit_states_skip(&c->units, c->done);
    const vsr_code rc = engine_begin(c, skip, error);
    while (rc == VSR_OK && !engine_is_done(c->engine)) {
        uint32_t group = MARK_NONE;
        if (c->stopped_by == 0 && conduct_cancelled(c)) {
            engine_stop(c->engine);
            c->stopped_by = conduct_cancel_number(c);
        }
        (void)engine_wait(c->engine, PROGRESS_NS, &group);
        run_profile_mark(&c->profile, CONTROL_WAIT);
        conduct_tell(c, false);
    }
    if (rc == VSR_OK) {
        engine_finish(c, NULL);
    }
    unit_states_discard(&c->units, c->stopped_by != 0, &c->verified);
    free(skip);
    return rc;
}
