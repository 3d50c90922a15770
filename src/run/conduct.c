/* conduct.c - the table of contents of a restore. Each step lives elsewhere; here is only their
 * order, and what becomes of the units when a step fails. */
#include "run/conduct.h"

#include "base/bug.h"
#include "base/clock.h"
#include "base/heap.h"
#include "base/io.h"
#include "engine/range_table.h"
#include "run/journal.h"
#include "run/pending_hold.h"
#include "run/run_folder.h"
#include "run/space.h"

#include <errno.h>
#include <fcntl.h>
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
    enum unit_state *states;       /* of each unit */
    uint64_t *residue;             /* of each unit */
    struct arena arena;            /* of details   */
    struct space_refusals refused; /* since the plan was made */
    uint32_t *waiting;             /* groups that are staged and not published yet */
    uint32_t waiting_count;
    uint64_t waiting_bytes;
    uint64_t waiting_since_ns;
    struct meta_loss losses;
    int stopped_by; /* the signal that stopped the engine before it was done, or 0 */
    bool cut_short; /* it came before the engine began: while writers were asked */
    uint32_t units_done;
    uint64_t began_ns;
};

static bool conduct_cancelled(const struct conduct *c)
{
    return c->options->cancel != NULL && *c->options->cancel != 0;
}

static bool unit_is_refused(const struct conduct *c, uint32_t unit)
{
    return c->plan->units[unit].refusal != REFUSAL_NONE ||
           c->refused.refusals[unit] != REFUSAL_NONE;
}

/* Rows of units refused since planning say so from the start, and the engine skips them. */
static uint8_t *refused_files(const struct conduct *c)
{
    uint8_t *skip = heap_alloc(c->plan->file_count, 1);
    for (uint32_t u = 0; u < c->plan->unit_count; u++) {
        const struct plan_unit *unit = &c->plan->units[u];
        for (uint32_t i = 0; unit_is_refused(c, u) && i < unit->file_count; i++) {
            skip[unit->first_file + i] = 1;
            struct outcome_row *row = &c->folder.rows[unit->first_file + i];
            row->outcome = OUTCOME_REFUSED;
            row->os_errno = c->refused.refusals[u] == REFUSAL_NO_SPACE ? ENOSPC : 0;
        }
    }
    return skip;
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

/* As far as the engine goes. */
static bool row_is_whole(const struct outcome_row *row)
{
    return row->outcome == OUTCOME_RESTORED || row->outcome == OUTCOME_PRESENT ||
           row->outcome == OUTCOME_STAGED;
}

/* A unit is staged when each of its rows is whole, those of files that it shares too. */
static void unit_state_from_rows(struct conduct *c, uint32_t number)
{
    const struct plan_unit *unit = &c->plan->units[number];
    c->states[number] = UNIT_STAGED;
    for (uint32_t i = 0; i < unit->file_count; i++) {
        if (!row_is_whole(&c->folder.rows[unit->first_file + i])) {
            c->states[number] = UNIT_FAILED;
        }
    }
    for (uint32_t i = 0; i < unit->shared_count; i++) { /* rulings 8 and 28 */
        const struct plan_shared *shared = &c->plan->shared[unit->first_shared + i];
        if (!row_is_whole(&c->folder.rows[shared->file])) {
            c->states[number] = UNIT_FAILED;
        }
    }
}

/* A group has ended: judge its units by their rows and keep it for the next commit. */
static void group_wait(struct conduct *c, uint32_t group)
{
    const struct stage_group *g = &c->stage->groups[group];
    for (uint32_t i = 0; i < g->unit_count; i++) {
        const uint32_t unit = c->stage->group_units[g->first_unit + i];
        unit_state_from_rows(c, unit);
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

static vsr_code groups_publish(struct conduct *c, const struct publish_log *log, vsr_error *error)
{
    const vsr_code rc =
        publish_groups(c->stage, c->waiting, c->waiting_count, c->options->durability, log,
                       c->states, c->folder.rows, c->residue, error);
    for (uint32_t i = 0; i < c->waiting_count; i++) {
        c->units_done += c->stage->groups[c->waiting[i]].unit_count;
    }
    c->waiting_count = 0;
    c->waiting_bytes = 0;
    return rc;
}

/* Units whose group was never published: what was staged of them is withdrawn. */
static void rows_settle(struct conduct *c)
{
    for (uint32_t u = 0; u < c->plan->unit_count; u++) {
        const struct plan_unit *unit = &c->plan->units[u];
        if (c->states[u] == UNIT_PUBLISHED || c->residue[u] > 0) {
            continue;
        }
        for (uint32_t i = 0; i < unit->file_count; i++) {
            struct outcome_row *row = &c->folder.rows[unit->first_file + i];
            if (row->outcome == OUTCOME_RESTORED || row->outcome == OUTCOME_STAGED) {
                row->outcome = OUTCOME_WITHDRAWN;
            } else if (row->outcome == OUTCOME_NOT_STARTED && c->stopped_by != 0) {
                row->outcome = OUTCOME_CANCELLED;
            }
        }
    }
}

/* A unit that stopped because a file came or was changed meanwhile says so by name (T03): the plan
 * is not changed for it, also where a mapping would have been a way round. */
static void unit_name_overtaken(struct conduct *c, uint32_t number)
{
    const struct plan_unit *unit = &c->plan->units[number];
    for (uint32_t i = unit->first_file; i < unit->first_file + unit->file_count; i++) {
        const int fault = c->folder.rows[i].os_errno;
        if (c->folder.rows[i].outcome != OUTCOME_REFUSED || (fault != EEXIST && fault != ESTALE)) {
            continue;
        }
        struct buffer path = {0};
        plan_unix_path(c->plan, c->set, i, &path);
        const bool came = fault == EEXIST;
        c->refused.refusals[number] = came && unit->method == METHOD_RESTORE_IF_NOT_THERE
                                          ? REFUSAL_PRESENT
                                          : REFUSAL_DESTINATION_CHANGED;
        c->refused.details[number] =
            arena_printf(&c->arena, "'%.*s' %s after the plan was made",
                         VIEW_ARG(buffer_view(&path)), came ? "came to exist" : "was changed");
        buffer_free(&path);
        return;
    }
}

static void units_name_overtaken(struct conduct *c)
{
    for (uint32_t u = 0; u < c->plan->unit_count; u++) {
        if (c->states[u] == UNIT_FAILED && c->residue[u] == 0 && !unit_is_refused(c, u)) {
            unit_name_overtaken(c, u);
        }
    }
}

/* The signal that ended the run, or 0. One that came when the last unit had been published ended
 * nothing: the exit code is then that of the outcome (contract, section 7). */
static int conduct_signal(const struct conduct *c)
{
    bool cut_short = c->cut_short;
    for (uint32_t u = 0; u < c->plan->unit_count; u++) {
        cut_short = cut_short || (c->plan->units[u].file_count > 0 && c->states[u] == UNIT_STAGED &&
                                  !unit_is_refused(c, u));
    }
    return cut_short ? c->stopped_by : 0;
}

static uint64_t losses_sum(const struct meta_loss *loss)
{
    return (uint64_t)loss->security_descriptors + loss->streams + loss->attributes + loss->reparse +
           loss->dos_attributes + loss->owners + loss->links;
}

/* Something of ours is left at a place, or an original stands in staging alone: then the staging
 * folders stay, so that nothing is lost. */
static bool conduct_keeps_staging(const struct conduct *c)
{
    for (uint32_t u = 0; u < c->plan->unit_count; u++) {
        if (c->residue[u] > 0) {
            return true;
        }
    }
    return false;
}

/* The final sync failed: what is published there is not durable, and is never reported as whole.
 * The files stand at their places, which is residue (rules 9.3). */
static void units_not_durable(struct conduct *c, uint32_t mount, int os_errno)
{
    for (uint32_t u = 0; u < c->plan->unit_count; u++) {
        const struct plan_unit *unit = &c->plan->units[u];
        bool there = false;
        for (uint32_t i = 0; i < unit->file_count && c->states[u] == UNIT_PUBLISHED; i++) {
            const uint32_t file = unit->first_file + i;
            struct outcome_row *row = &c->folder.rows[file];
            if (row->outcome == OUTCOME_RESTORED &&
                c->stage->directory_mount[c->plan->files[file].directory] == mount) {
                row->outcome = OUTCOME_DEST_ERROR;
                row->os_errno = os_errno;
                there = true;
            }
        }
        c->residue[u] += there ? 1 : 0;
    }
}

static vsr_code conduct_sync_end(struct conduct *c, vsr_error *error)
{
    vsr_code rc = VSR_OK;
    for (uint32_t m = 0; m < c->stage->mount_count; m++) {
        vsr_error one = {0};
        const vsr_code synced = publish_sync(c->stage, m, &one);
        if (synced != VSR_OK) {
            units_not_durable(c, m, one.os_errno != 0 ? one.os_errno : EIO);
            if (rc == VSR_OK && error != NULL && error->code == VSR_OK) {
                *error = one;
            }
            rc = rc == VSR_OK ? synced : rc;
        }
    }
    return rc;
}

/* Move: the engine stages, this thread publishes each group as it ends. */
static vsr_code conduct_move(struct conduct *c, vsr_error *error)
{
    uint8_t *skip = refused_files(c);
    if (c->stage == NULL) { /* everything is refused */
        free(skip);
        return VSR_OK;
    }
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
    vsr_code rc = engine_start(&c->engine, &input, error);
    if (rc == VSR_OK) {
        const struct publish_log log = pending_hold_log(c->hold);
        bool stopping = false;
        while (!engine_is_done(c->engine)) {
            uint32_t group = MARK_NONE;
            if (!stopping && (conduct_cancelled(c) || rc != VSR_OK)) {
                engine_stop(c->engine);
                stopping = true;
                c->stopped_by = rc == VSR_OK ? *c->options->cancel : 0;
            }
            if (engine_wait(c->engine, PROGRESS_NS, &group) && rc == VSR_OK && !stopping) {
                group_wait(c, group);
            }
            if (rc == VSR_OK && !stopping && commit_is_due(c)) {
                rc = groups_publish(c, &log, error);
            }
            conduct_tell(c);
        }
        engine_end(c->engine, &c->losses);
        c->engine = NULL;
    }
    if (rc == VSR_OK && c->options->durability == DURABILITY_END) {
        rc = conduct_sync_end(c, error);
    }
    meta_loss_add(&c->losses, &c->stage->losses); /* of directories */
    rows_settle(c);
    units_name_overtaken(c);
    free(skip);
    return rc;
}

static vsr_code rows_write(struct conduct *c, vsr_error *error)
{
    const int fd =
        openat(c->folder.dir_fd, "report.jsonl", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0) {
        return err_sys(error, err_dest_code(errno), "run/conduct",
                       "cannot create report.jsonl in %s", c->folder.path);
    }
    struct buffer lines = {0};
    vsr_code rc = VSR_OK;
    for (uint32_t i = 0; i < c->plan->file_count && rc == VSR_OK; i++) {
        report_render_row(c->plan, c->set, i, &c->folder.rows[i], &lines);
        if (lines.n >= ((size_t)1 << 20) || i + 1 == c->plan->file_count) {
            rc = io_write(fd, lines.p, lines.n, "report.jsonl", VSR_ERR_DEST_IO, error);
            lines.n = 0;
        }
    }
    if (rc == VSR_OK && fsync(fd) != 0) {
        rc = err_sys(error, err_dest_code(errno), "run/conduct", "cannot sync report.jsonl in %s",
                     c->folder.path);
    }
    (void)close(fd);
    buffer_free(&lines);
    return rc;
}

/* Account: fold, write rows, tell the writers, write document and summary; the journal's end record
 * is the last word. */
static vsr_code conduct_account(struct conduct *c, struct report *report, vsr_code moved,
                                vsr_error *error)
{
    const struct report_input input = {
        .plan = c->plan,
        .set = c->set,
        .rows = c->folder.rows,
        .residue = c->residue,
        .refusals = c->refused.refusals,
        .details = c->refused.details,
        .losses = losses_sum(&c->losses),
        .elapsed_ns = clock_monotonic_ns() - c->began_ns,
        .pending_folders = c->held.folders,
        .pending_registered = c->held.registered,
        .signal_number = conduct_signal(c),
        .run_failed = moved,
    };
    report_fold(report, &input, view_of(c->folder.path));
    vsr_code rc = rows_write(c, error);
    const vsr_code told = dialogue_end(c->dialogue, c->plan, report, rc == VSR_OK ? error : NULL);
    rc = rc == VSR_OK ? told : rc;
    if (rc == VSR_OK) {
        rc = document_out_write(c->dialogue->document, c->folder.dir_fd, DOCUMENT_FINAL,
                                c->options->bcd_out, error);
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

/* Staging, and who has room in it. No room for the staged folders themselves: nobody has. */
static vsr_code conduct_stage(struct conduct *c, vsr_error *error)
{
    vsr_error full = {0};
    struct stage_options options = c->options->stage;
    options.undo_fd = c->folder.dir_fd;
    options.refusals = c->options->refusals;
    vsr_code rc = stage_open(&c->stage, c->plan, c->set, &c->folder.run, &options, &full);
    if (rc == VSR_ERR_DEST_FULL) {
        space_refuse_all(c->plan, &c->refused, view_of(full.what));
        return VSR_OK;
    }
    if (rc != VSR_OK) {
        if (error != NULL && error->code == VSR_OK) {
            *error = full;
        }
        return rc;
    }
    rc = space_judge(c->stage, &c->refused, error);
    if (rc == VSR_OK) {
        const struct publish_log log = journal_publish_log(&c->journal);
        c->waiting = heap_alloc(c->stage->group_count, sizeof *c->waiting);
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
    return rc == VSR_OK ? run_folder_check(path, error) : rc;
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
        rc = dialogue_save(c->dialogue, c->folder.dir_fd, error);
    }
    if (rc == VSR_OK) {
        rc = journal_begin(&c->journal, c->folder.journal_fd, c->folder.path, &c->folder.run,
                           c->plan, error);
    }
    if (rc == VSR_OK) {
        rc = conduct_stage(c, error);
    }
    if (rc == VSR_OK) {
        rc = run_folder_show(&c->folder, error);
    }
    return rc;
}

/* What was refused since planning, to which space_judge() adds. */
static void conduct_refusals(struct conduct *c)
{
    const uint32_t count = c->plan->unit_count;
    c->refused = (struct space_refusals){heap_alloc(count, sizeof *c->refused.refusals),
                                         heap_alloc(count, sizeof *c->refused.details), &c->arena};
    for (uint32_t u = 0; u < count && c->options->refusals != NULL; u++) {
        c->refused.refusals[u] = c->options->refusals[u];
    }
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
                        .states = heap_alloc(plan->unit_count, sizeof(enum unit_state)),
                        .residue = heap_alloc(plan->unit_count, sizeof(uint64_t)),
                        .began_ns = clock_monotonic_ns()};
    conduct_refusals(&c);
    c.cut_short = conduct_cancelled(&c);
    c.stopped_by = c.cut_short ? *options->cancel : 0;
    *begun = false;
    vsr_code rc = c.cut_short && !dialogue_has_begun(dialogue)
                      ? err_set(error, VSR_ERR_CANCELLED, "run/conduct",
                                "the run was cancelled before it began; nothing was written")
                      : conduct_prepare(&c, error);
    if (rc == VSR_OK) {
        *begun = true;
        rc = conduct_move(&c, error);
    }
    if (c.hold != NULL) {
        const vsr_code ended = pending_hold_end(c.hold, c.folder.dir_fd, options->pending_registry,
                                                &c.held, rc == VSR_OK ? error : NULL);
        rc = rc == VSR_OK ? ended : rc;
        pending_hold_free(c.hold);
    }
    if (c.stage != NULL) {
        const vsr_code closed =
            stage_close(c.stage, conduct_keeps_staging(&c), rc == VSR_OK ? error : NULL);
        rc = rc == VSR_OK ? closed : rc;
    }
    if (*begun) {
        conduct_tell(&c);
        const vsr_code told = conduct_account(&c, report, rc, rc == VSR_OK ? error : NULL);
        rc = rc == VSR_OK ? told : rc;
    }
    if (rc == VSR_OK && conduct_signal(&c) != 0) {
        rc = err_set(error, VSR_ERR_CANCELLED, "run/conduct", "the run was cancelled");
    }
    run_folder_end(&c.folder);
    free(c.states);
    free(c.residue);
    free(c.waiting);
    free(c.refused.refusals);
    free(c.refused.details);
    arena_free(&c.arena);
    return rc;
}
