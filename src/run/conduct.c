/* conduct.c - the table of contents of a restore. Each step lives elsewhere; here is only their
 * order, and what becomes of the units when a step fails. */
#include "run/conduct.h"

#include "base/bug.h"
#include "base/clock.h"
#include "base/heap.h"
#include "base/io.h"
#include "dest/early_sync.h"
#include "engine/range_table.h"
#include "engine/write_mode.h"
#include "run/journal.h"
#include "run/pending_hold.h"
#include "run/rows.h"
#include "run/run_folder.h"
#include "run/run_profile.h"
#include "run/turns.h"
#include "run/unit_states.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { PROGRESS_NS = 100000000 };

/* Units are committed in groups of at most this (brief, section 6): a sync serves them all. */
static const uint64_t COMMIT_BYTES_MAX = (uint64_t)256 << 20;
static const uint64_t COMMIT_NS_MAX = 1000000000;

struct conduct {
    const struct plan *plan;
    const struct media_set *set;
    struct dialogue *dialogue;
    const struct conduct_options *options;
    struct run_folder folder;
    struct journal journal;
    struct machine_facts machine;
    struct budget budget;
    struct stage *stage;
    struct engine *engine;
    struct pending_hold *hold; /* what waits for the next boot; NULL: no stage */
    struct pending_held held;
    struct unit_states units;
    struct turns turns;
    uint32_t *waiting; /* groups that are staged and not published yet */
    uint32_t waiting_count;
    uint64_t waiting_bytes;
    uint64_t waiting_since_ns;
    struct meta_loss losses;
    struct run_profile profile;
    struct verified_sum verified;            /* of a discarding run */
    struct report_destination *destinations; /* heap */
    uint32_t destination_count;
    struct buffer kept; /* where originals stand that could not be put back; for people */
    int stopped_by;     /* the signal that stopped the engine before it was done, or 0 */
    bool cut_short;     /* it came before the engine began: while writers were asked */
    uint32_t units_done;
    uint64_t began_ns;
};

static bool conduct_cancelled(const struct conduct *c)
{
    return c->options->cancel != NULL && *c->options->cancel != 0;
}

static void conduct_tell(struct conduct *c)
{
    if (c->options->on_progress == NULL) {
        return;
    }
    struct engine_progress now = {0};
    if (c->engine != NULL) {
        engine_progress(c->engine, &now);
    }
    const struct conduct_progress progress = {
        .files_total = c->plan->file_count,
        .files_done = now.files_done,
        .files_failed = now.files_failed,
        .bytes_total = c->plan->bytes,
        .bytes_done = now.bytes_done,
        .units_total = c->plan->unit_count,
        .units_done = c->units_done,
        .elapsed_ns = clock_monotonic_ns() - c->began_ns,
    };
    c->options->on_progress(c->options->context, &progress);
}

/* A group has ended: judge its units by their rows and keep it for the next commit. */
static void group_wait(struct conduct *c, uint32_t group)
{
    const struct stage_group *g = &c->stage->groups[group];
    for (uint32_t i = 0; i < g->unit_count; i++) {
        const uint32_t unit = c->stage->group_units[g->first_unit + i];
        unit_take_rows(&c->units, unit);
        c->waiting_bytes += c->plan->units[unit].bytes;
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

/* The signal that ended the run, or 0. One that came when the last unit had been published ended
 * nothing: the exit code is then that of the outcome (contract, section 7). */
static int conduct_signal(const struct conduct *c)
{
    return c->cut_short || unit_states_cut_short(&c->units) ? c->stopped_by : 0;
}

static uint64_t losses_sum(const struct meta_loss *loss)
{
    return (uint64_t)loss->security_descriptors + loss->streams + loss->attributes + loss->reparse +
           loss->dos_attributes + loss->owners + loss->links;
}

static vsr_code conduct_sync_end(struct conduct *c, vsr_error *error)
{
    vsr_code rc = VSR_OK;
    for (uint32_t m = 0; m < c->stage->mount_count; m++) {
        vsr_error one = {0};
        const vsr_code synced = publish_sync(c->stage, m, &one);
        if (synced != VSR_OK) {
            unit_states_not_durable(&c->units, c->stage, m, one.os_errno != 0 ? one.os_errno : EIO);
            if (rc == VSR_OK && error != NULL && error->code == VSR_OK) {
                *error = one;
            }
            rc = rc == VSR_OK ? synced : rc;
        }
    }
    return rc;
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
        .discard = c->options->engine.discard,
    };
    const vsr_code rc = engine_start(&c->engine, &input, error);
    run_profile_mark(&c->profile, CONTROL_START);
    return rc;
}

static void engine_finish(struct conduct *c, struct meta_loss *losses)
{
    engine_join(c->engine);
    run_profile_mark(&c->profile, CONTROL_WAIT);
    c->profile.worker_count = engine_profile(c->engine, &c->profile.workers);
    engine_end(c->engine, losses);
    c->engine = NULL;
    run_profile_mark(&c->profile, CONTROL_CLOSE);
}

/* Move: the engine stages, this thread publishes each group as it ends. */
static vsr_code groups_move(struct conduct *c, vsr_error *error)
{
    const struct publish_log log = pending_hold_log(c->hold);
    vsr_code rc = VSR_OK;
    bool stopping = false;
    while (!engine_is_done(c->engine)) {
        uint32_t group = MARK_NONE;
        if (!stopping && (conduct_cancelled(c) || rc != VSR_OK)) {
            engine_stop(c->engine);
            stopping = true;
            c->stopped_by = rc == VSR_OK ? *c->options->cancel : 0;
        }
        const bool ended = engine_wait(c->engine, PROGRESS_NS, &group);
        run_profile_mark(&c->profile, CONTROL_WAIT);
        if (ended && rc == VSR_OK && !stopping) {
            group_wait(c, group);
        }
        if (rc == VSR_OK && !stopping && commit_is_due(c)) {
            rc = groups_publish(c, &log, error);
            run_profile_mark_synced(&c->profile, CONTROL_PUBLISH, c->stage, &c->journal);
        }
        conduct_tell(c);
    }
    return rc;
}

static vsr_code conduct_move(struct conduct *c, vsr_error *error)
{
    uint8_t *skip = unit_states_skip(&c->units);
    if (c->stage == NULL) { /* everything is refused */
        free(skip);
        return VSR_OK;
    }
    vsr_code rc = engine_begin(c, skip, error);
    if (rc == VSR_OK) {
        struct early_sync *early =
            c->options->durability != DURABILITY_NONE ? early_sync_begin(c->stage) : NULL;
        rc = groups_move(c, error);
        (void)early_sync_end(early);
        engine_finish(c, &c->losses);
    }
    if (rc == VSR_OK && c->options->durability == DURABILITY_END) {
        rc = conduct_sync_end(c, error);
        run_profile_mark_synced(&c->profile, CONTROL_PUBLISH, c->stage, &c->journal);
    }
    meta_loss_add(&c->losses, &c->stage->losses); /* of directories */
    unit_states_settle(&c->units, c->stopped_by != 0);
    free(skip);
    return rc;
}

/* The null sink: the engine reads, decodes and verifies; nothing else happens. */
static vsr_code conduct_discard(struct conduct *c, vsr_error *error)
{
    uint8_t *skip = unit_states_skip(&c->units);
    const vsr_code rc = engine_begin(c, skip, error);
    while (rc == VSR_OK && !engine_is_done(c->engine)) {
        uint32_t group = MARK_NONE;
        if (c->stopped_by == 0 && conduct_cancelled(c)) {
            engine_stop(c->engine);
            c->stopped_by = *c->options->cancel;
        }
        (void)engine_wait(c->engine, PROGRESS_NS, &group);
        run_profile_mark(&c->profile, CONTROL_WAIT);
        conduct_tell(c);
    }
    if (rc == VSR_OK) {
        engine_finish(c, NULL);
    }
    unit_states_discard(&c->units, c->stopped_by != 0, &c->verified);
    free(skip);
    return rc;
}

/* Account: fold, write rows, tell the writers, write document and summary; the journal's end record
 * is the last word. */
static vsr_code conduct_account(struct conduct *c, struct report *report, vsr_code moved,
                                vsr_error *error)
{
    const bool discard = c->options->engine.discard;
    const struct report_input input = {
        .plan = c->plan,
        .set = c->set,
        .rows = c->folder.rows,
        .residue = c->units.residue,
        .refusals = c->units.refused.refusals,
        .details = c->units.refused.details,
        .discarded = discard,
        .verified_files = c->verified.files,
        .verified_bytes = c->verified.bytes,
        .destinations = c->destinations,
        .destination_count = c->destination_count,
        .losses = losses_sum(&c->losses),
        .elapsed_ns = clock_monotonic_ns() - c->began_ns,
        .pending_folders = c->held.folders,
        .pending_registered = c->held.registered,
        .signal_number = conduct_signal(c),
        .run_failed = moved,
    };
    report_fold(report, &input, view_of(c->folder.path));
    if (c->kept.n > 0) {
        report_note(report, buffer_view(&c->kept), false);
    }
    vsr_code rc = rows_write(&c->folder, c->plan, c->set, error);
    run_profile_mark(&c->profile, CONTROL_ROWS);
    const vsr_code told =
        discard ? VSR_OK : dialogue_end(c->dialogue, c->plan, report, rc == VSR_OK ? error : NULL);
    rc = rc == VSR_OK ? told : rc;
    run_profile_mark(&c->profile, CONTROL_ASK);
    if (rc == VSR_OK && !discard) {
        rc = document_out_write(c->dialogue->document, c->folder.dir_fd, DOCUMENT_FINAL,
                                c->options->bcd_out, error);
    }
    run_profile_mark(&c->profile, CONTROL_DOCUMENT);
    if (rc == VSR_OK) {
        rc = run_profile_tell(&c->profile, report, c->folder.dir_fd, c->options->profile, error);
    }
    struct buffer summary = {0};
    report_render_summary(report, &summary);
    if (rc == VSR_OK) {
        rc = io_replace_file(c->folder.dir_fd, "summary.json", buffer_view(&summary),
                             VSR_ERR_DEST_IO, error);
    }
    if (rc == VSR_OK) {
        rc = journal_end(&c->journal, report->exit_code, error);
    }
    buffer_free(&summary);
    return rc;
}

/* Something could not be taken back: the staging folders stay, and people have to know. */
static void conduct_tell_kept(struct conduct *c)
{
    buffer_printf(&c->kept,
                  "not everything could be taken back; the originals of what was replaced "
                  "are kept (of ranges written in place, as undo files in the run "
                  "folder):");
    for (uint32_t m = 0; m < c->stage->mount_count; m++) {
        char link[sizeof "/proc/self/fd/" + 10];
        char path[4096];
        (void)snprintf(link, sizeof link, "/proc/self/fd/%d", c->stage->mounts[m].fd);
        const ssize_t n = readlink(link, path, sizeof path);
        buffer_printf(&c->kept, " %.*s", n > 0 ? (int)n : 0, path);
    }
}

/* The volumes that are written to, and how. */
static void conduct_note_destinations(struct conduct *c)
{
    c->destination_count = c->stage->mount_count;
    c->destinations = heap_alloc(c->destination_count, sizeof *c->destinations);
    for (uint32_t m = 0; m < c->destination_count; m++) {
        const struct stage_mount *mount = &c->stage->mounts[m];
        c->destinations[m] = (struct report_destination){
            .dir = plan_text(c->plan, c->plan->roots[mount->root].dir),
            .write_mode = write_mode_text(write_mode_of(&c->budget, &mount->abilities)),
        };
    }
}

/* Staging, and who has room in it. No room for the staged folders themselves: nobody has. */
static vsr_code conduct_stage(struct conduct *c, vsr_error *error)
{
    vsr_error full = {0};
    struct stage_options options = c->options->stage;
    options.undo_fd = c->folder.dir_fd;
    options.refusals = c->units.refused.refusals;
    vsr_code rc = stage_open(&c->stage, c->plan, c->set, &c->folder.run, &options, &full);
    if (rc != VSR_OK && (full.os_errno == ENOENT || full.os_errno == ENOTDIR) &&
        unit_states_take_folders(&c->units)) {
        full = (vsr_error){0};
        rc = stage_open(&c->stage, c->plan, c->set, &c->folder.run, &options, &full);
    }
    if (rc == VSR_ERR_DEST_FULL) {
        space_refuse_all(c->plan, &c->units.refused, view_of(full.what));
        return VSR_OK;
    }
    if (rc != VSR_OK) {
        if (error != NULL && error->code == VSR_OK) {
            *error = full;
        }
        return rc;
    }
    unit_states_take_bases(&c->units, c->stage);
    rc = write_mode_check(&c->budget, c->stage, error);
    rc = rc != VSR_OK ? rc : space_judge(c->stage, &c->units.refused, error);
    if (rc == VSR_OK) {
        const struct publish_log log = journal_publish_log(&c->journal);
        c->waiting = heap_alloc(c->stage->group_count, sizeof *c->waiting);
        turns_init(&c->turns, c->stage);
        conduct_note_destinations(c);
        c->hold = pending_hold_create(c->stage, &c->folder.run, c->folder.rows, &log);
        rc = journal_mounts(&c->journal, c->stage, error);
    }
    return rc;
}

vsr_code conduct_check(const struct conduct_options *options, const struct plan *plan,
                       const struct media_set *set, vsr_error *error)
{
    struct machine_facts machine;
    struct budget budget;
    char path[RUN_FOLDER_PATH_MAX];
    machine_examine(&machine);
    vsr_code rc = budget_resolve(&budget, &options->engine, &machine, FRAME_STORED_BYTES_MAX,
                                 FRAME_PLAIN_BYTES_MAX, plan->file_count,
                                 range_table_bytes(plan, set), error);
    if (rc == VSR_OK) {
        rc = document_out_check(options->bcd_out, set, error);
    }
    if (rc == VSR_OK) {
        rc = run_folder_name(options->run_dir, &options->run, path, error);
    }
    return rc == VSR_OK ? run_folder_check(path, set, error) : rc;
}

/* Everything that can refuse the run before a byte moves. */
static vsr_code conduct_prepare(struct conduct *c, vsr_error *error)
{
    machine_examine(&c->machine);
    vsr_code rc = budget_resolve(&c->budget, &c->options->engine, &c->machine,
                                 FRAME_STORED_BYTES_MAX, FRAME_PLAIN_BYTES_MAX, c->plan->file_count,
                                 range_table_bytes(c->plan, c->set), error);
    if (rc == VSR_OK) {
        rc = document_out_check(c->options->bcd_out, c->set, error);
    }
    if (rc == VSR_OK) {
        rc = run_folder_begin(&c->folder, c->options->run_dir, &c->options->run, c->plan, c->set,
                              error);
    }
    if (rc == VSR_OK) {
        c->units.rows = c->folder.rows;
        rc = dialogue_save(c->dialogue, c->folder.dir_fd, error);
    }
    if (rc == VSR_OK) {
        rc = journal_begin(&c->journal, c->folder.journal_fd, c->folder.path, &c->folder.run,
                           c->plan, error);
    }
    run_profile_mark(&c->profile, CONTROL_FOLDER);
    if (rc == VSR_OK && !c->options->engine.discard) {
        rc = conduct_stage(c, error);
        run_profile_mark_synced(&c->profile, CONTROL_STAGE, c->stage, &c->journal);
    }
    if (rc == VSR_OK) {
        rc = run_folder_show(&c->folder, error);
        run_profile_mark(&c->profile, CONTROL_FOLDER);
    }
    return rc;
}

vsr_code conduct_run(struct report *report, bool *begun, const struct plan *plan,
                     const struct media_set *set, struct dialogue *dialogue,
                     const struct conduct_options *options, vsr_error *error)
{
    struct conduct c = {.plan = plan,
                        .set = set,
                        .dialogue = dialogue,
                        .options = options,
                        .folder = {.dir_fd = -1, .journal_fd = -1},
                        .began_ns = clock_monotonic_ns()};
    run_profile_begin(&c.profile, options->planned_ns, options->asked_ns);
    unit_states_init(&c.units, plan, set, options->refusals);
    c.cut_short = conduct_cancelled(&c);
    c.stopped_by = c.cut_short ? *options->cancel : 0;
    *begun = false;
    vsr_code rc = c.cut_short && !dialogue_has_begun(dialogue)
                      ? err_set(error, VSR_ERR_CANCELLED, "run/conduct",
                                "the run was cancelled before it began; nothing was written")
                      : conduct_prepare(&c, error);
    if (rc == VSR_OK) {
        *begun = true;
        rc = options->engine.discard ? conduct_discard(&c, error) : conduct_move(&c, error);
    }
    if (c.hold != NULL) {
        const vsr_code ended = pending_hold_end(c.hold, c.folder.dir_fd, options->pending_registry,
                                                &c.held, rc == VSR_OK ? error : NULL);
        rc = rc == VSR_OK ? ended : rc;
        pending_hold_free(c.hold);
    }
    if (c.stage != NULL) {
        const bool keep = unit_states_residue(&c.units);
        if (keep) {
            conduct_tell_kept(&c);
        }
        const vsr_code closed = stage_close(c.stage, keep, rc == VSR_OK ? error : NULL);
        rc = rc == VSR_OK ? closed : rc;
    }
    run_profile_mark(&c.profile, CONTROL_CLOSE);
    if (*begun) {
        conduct_tell(&c);
        const vsr_code told = conduct_account(&c, report, rc, rc == VSR_OK ? error : NULL);
        rc = rc == VSR_OK ? told : rc;
    }
    if (rc == VSR_OK && conduct_signal(&c) != 0) {
        rc = err_set(error, VSR_ERR_CANCELLED, "run/conduct", "the run was cancelled");
    }
    run_folder_end(&c.folder);
    buffer_free(&c.kept);
    free(c.destinations);
    free(c.profile.workers);
    free(c.waiting);
    turns_fini(&c.turns);
    unit_states_fini(&c.units);
    return rc;
}
