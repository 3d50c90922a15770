/* conduct.c - the table of contents of a restore. Each step lives elsewhere; here is only their
 * order, and what becomes of the units when a step fails. */
#include "run/conduct_inside.h"

#include "base/bug.h"
#include "base/heap.h"
#include "engine/write_mode.h"
#include "run/asking.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Something could not be taken back: the staging folders stay, and people have to know. */
static void conduct_tell_kept(struct conduct *c)
{
    buffer_printf(&c->kept,
                  "not everything could be taken back; the originals of what was replaced, and "
                  "what others put into folders that were taken back, are kept (of ranges "
                  "written in place, as undo files in the run folder):");
    for (uint32_t m = 0; m < c->stage->mount_count; m++) {
        char link[sizeof "/proc/self/fd/" + 10];
        char path[4096];
        (void)snprintf(link, sizeof link, "/proc/self/fd/%d", c->stage->mounts[m].fd);
        const ssize_t n = readlink(link, path, sizeof path);
        buffer_printf(&c->kept, " %.*s", n > 0 ? (int)n : 0, path);
    }
}

/* Others cannot enter what is staged, but they can move its folder away. */
static void conduct_warn_shared(const struct conduct *c, struct view dir)
{
    const struct dialogue_options *options = &c->dialogue->options;
    char sentence[512];
    if (options->on_warning != NULL) {
        (void)snprintf(sentence, sizeof sentence,
                       "others may write into %.*s, where files are staged: they can hinder this "
                       "restore, though not change what it publishes",
                       VIEW_ARG(dir));
        options->on_warning(options->context, sentence);
    }
}

/* What a cut, a failed sync or another mount has left in doubt, and was not made again. */
static void conduct_tell_stood(struct conduct *c)
{
    const uint32_t count = unit_states_count_stood(&c->units);
    if (count > 0) {
        buffer_printf(&c->kept,
                      "%s%u component%s been published before the run was interrupted, which is "
                      "not known to have lasted, and could not be restored again: what that left "
                      "stands there",
                      c->kept.n > 0 ? " " : "", count, count == 1 ? " had" : "s had");
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
        if (mount->others_may_write) {
            conduct_warn_shared(c, c->destinations[m].dir);
        }
    }
}

/* --- staging --- */

static vsr_code places_log(void *context, const struct stage_place *places, uint32_t count,
                           vsr_error *error)
{
    struct conduct *c = context;
    return journal_places(&c->journal, places, count, error);
}

static void sync_failed(void *context)
{
    struct conduct *c = context;
    checkpoint_fail(&c->checkpoint);
}

/* Of a run that goes on: is what is staged still good for something? Not when all units are done
 * with, and nothing of theirs is kept there. */
static bool conduct_needs_staged(const struct conduct *c)
{
    const struct resume *resume = c->options->resume;
    bool any = resume != NULL && conduct_owes_sync(c);
    for (uint32_t u = 0; resume != NULL && u < c->plan->unit_count; u++) {
        any = any || resume->done[u] == 0 || resume->content.units[u].residue != 0;
    }
    return any;
}

static vsr_code conduct_lay_out(struct conduct *c, struct took_back *back, vsr_error *error)
{
    struct resume *resume = c->options->resume;
    struct stage_options options = c->options->stage;
    options.threads = c->budget.workers;
    options.undo_fd = c->folder.dir_fd;
    options.refusals = c->units.refused.refusals;
    options.known = resume != NULL ? &resume->known : NULL;
    options.on_places = places_log;
    options.on_sync_failed = sync_failed;
    options.sync_notes = &c->checkpoint.notes;
    options.context = c;
    vsr_code rc = stage_begin(&c->stage, c->plan, c->set, &c->folder.run, &options, error);
    back->stays = rc != VSR_OK && resume != NULL && resume->content.intent_count > 0;
    if (rc != VSR_OK) {
        return rc;
    }
    rc = journal_mounts(&c->journal, c->stage, error);
    rc = rc == VSR_OK ? stage_probe(c->stage, error) : rc;
    rc = rc == VSR_OK ? stage_sign(c->stage, &c->journal.token, error) : rc;
    if (rc == VSR_OK || rc == VSR_ERR_DEST_FULL) {
        publish_sync_begin(c->stage, c->options->cancel);
        rc = rc == VSR_OK ? conduct_take_back(c, back, error)
                          : conduct_take_back_full(c, back, error);
    }
    rc = rc == VSR_OK ? stage_fill(c->stage, error) : rc;
    if (rc == VSR_OK) {
        const struct publish_log log = journal_publish_log(&c->journal);
        c->hold =
            pending_hold_create(c->stage, &c->folder.run, c->folder.rows, &log, c->options->cancel);
        rc = resume != NULL ? conduct_hold(c, error) : VSR_OK;
    }
    if (rc != VSR_OK) {
        pending_hold_free(c->hold);
        c->hold = NULL;
        const bool keep = resume != NULL && (rc != VSR_ERR_DEST_FULL || back->stays ||
                                             back->count > 0 || conduct_needs_staged(c));
        (void)stage_close(c->stage, keep, NULL);
        c->stage = NULL;
    }
    return rc;
}

/* Units that were refused for want of space have another chance when a run goes on. */
static vsr_code conduct_judge_space(struct conduct *c, vsr_error *error)
{
    const struct resume *resume = c->options->resume;
    if (resume == NULL || !resume->content.ready) {
        return space_judge(c->stage, NULL, &c->units.refused, error);
    }
    uint8_t *open = heap_alloc(c->plan->unit_count + 1u, 1);
    for (uint32_t u = 0; u < c->plan->unit_count; u++) {
        open[u] = resume->content.units[u].refusal == REFUSAL_NO_SPACE;
    }
    const struct space_before before = {.done = resume->done, .open = open, .held = c->whole};
    const vsr_code rc = space_judge(c->stage, &before, &c->units.refused, error);
    free(open);
    return rc;
}

static vsr_code conduct_ready(struct conduct *c, const struct took_back *back, vsr_error *error)
{
    const struct resume *resume = c->options->resume;
    const struct journal_readiness ready = {
        .stage = c->stage,
        .refusals = c->units.refused.refusals,
        .details = c->units.refused.details,
        .uncommitted = resume != NULL ? resume->uncommitted : NULL,
        .uncommitted_count = resume != NULL ? resume->uncommitted_count : 0,
        .failed = back->failed,
        .failed_count = back->count,
    };
    c->waiting = heap_alloc(c->stage->group_count, sizeof *c->waiting);
    turns_init(&c->turns, c->stage);
    conduct_note_destinations(c);
    c->journal.stage = c->stage;
    c->journal.states = c->units.states;
    c->journal.residue = c->units.residue;
    c->journal.rows = c->folder.rows;
    c->journal.rows_fd = c->folder.rows_fd;
    c->journal.epoch = c->options->durability == DURABILITY_UNIT ? NULL : &c->marks.epoch;
    const vsr_code rc = journal_ready(&c->journal, &ready, error);
    c->folder.stays = c->folder.stays || rc == VSR_OK;
    return rc;
}

/* Staging, and who has room in it. No room for the staged folders themselves: nobody has who still
 * needs some; but nobody is told to be as he was while something stands that had been begun. */
static vsr_code conduct_stage(struct conduct *c, vsr_error *error)
{
    const struct resume *resume = c->options->resume;
    vsr_error full = {0};
    struct took_back back = {.c = c};
    vsr_code rc = conduct_lay_out(c, &back, &full);
    if (rc != VSR_OK && (full.os_errno == ENOENT || full.os_errno == ENOTDIR) &&
        unit_states_take_folders(&c->units, c->done)) {
        full = (vsr_error){0};
        rc = conduct_lay_out(c, &back, &full);
    }
    if (rc == VSR_ERR_DEST_FULL && !back.stays && !conduct_owes_sync(c)) {
        space_refuse_all(c->plan, c->done, &c->units.refused, view_of(full.what));
        c->folder.stays = true;
        rc = VSR_OK;
    } else if (rc != VSR_OK) {
        if (error != NULL && error->code == VSR_OK) {
            *error = full;
        }
    } else {
        unit_states_take_bases(&c->units, c->stage);
        rc = write_mode_check(&c->budget, c->stage, error);
        rc = rc != VSR_OK ? rc : conduct_judge_space(c, error);
        if (rc == VSR_OK && resume != NULL) {
            stage_sweep(c->stage);
        }
        rc = rc != VSR_OK ? rc : conduct_ready(c, &back, error);
    }
    free(back.failed);
    free(back.files);
    return rc;
}

/* A folder of its own, with all in it that another process needs to go on. */
static vsr_code conduct_begin_folder(struct conduct *c, vsr_error *error)
{
    const struct conduct_options *options = c->options;
    uint8_t hash[16];
    struct buffer call = {0};
    vsr_code rc =
        run_folder_begin(&c->folder, options->run_dir, &options->run, c->plan, c->set,
                         options->asked != NULL ? RUN_FOLDER_SECOND : RUN_FOLDER_ALONE, error);
    rc = rc == VSR_OK ? dialogue_save(c->dialogue, c->folder.dir_fd, error) : rc;
    rc = rc == VSR_OK ? run_folder_plan_hash(&c->folder, hash, error) : rc;
    if (rc == VSR_OK) {
        run_call_render(options, c->dialogue, &call);
        rc = journal_begin(&c->journal, c->folder.journal_fd, c->folder.path, &c->folder.run,
                           c->plan, hash, buffer_view(&call), error);
    }
    if (rc == VSR_OK && options->refusals != NULL) {
        rc = journal_refused(&c->journal, options->refusals, NULL, c->plan->unit_count, error);
    }
    buffer_free(&call);
    marks_init(&c->marks, c->folder.dir_fd, run_folder_seed(&c->folder), c->folder.epochs, 1, 0);
    const bool adopted = options->asked != NULL && options->asked->stays;
    rc = rc == VSR_OK ? run_folder_show(&c->folder, options->asked, error) : rc;
    c->anew = adopted && c->folder.visible;
    c->folder.stays = c->anew || (rc == VSR_OK && options->engine.discard);
    return rc;
}

/* Everything that can refuse the run before a byte moves. */
static vsr_code conduct_prepare(struct conduct *c, vsr_error *error)
{
    vsr_code rc = conduct_budget(c, error);
    if (rc == VSR_OK) {
        rc = conduct_check_places(c->options, c->plan, c->set, error);
    }
    if (rc == VSR_OK) {
        rc = c->options->resume != NULL ? conduct_go_on(c, error) : conduct_begin_folder(c, error);
    }
    if (rc == VSR_OK) {
        c->units.rows = c->folder.rows;
        rc = checkpoint_open(&c->checkpoint, c->folder.dir_fd, c->folder.rows_fd, &c->marks, error);
        c->checkpoint.notes.folder = c->folder.path;
    }
    run_profile_mark(&c->profile, CONTROL_FOLDER);
    if (rc == VSR_OK && !c->options->engine.discard) {
        rc = conduct_stage(c, error);
        run_profile_mark_synced(&c->profile, CONTROL_STAGE, c->stage, &c->journal);
    }
    return rc;
}

vsr_code conduct_check_cancel(const struct conduct_options *options, vsr_error *error)
{
    if (cancel_number(options->cancel) == 0) {
        return VSR_OK;
    }
    if (options->resume != NULL) {
        return err_set(error, VSR_ERR_CANCELLED, "run/conduct",
                       "the run was cancelled before it was gone on with; what it has written so "
                       "far stays as it is: `vssrestore resume %s` goes on with it",
                       options->resume->folder.path);
    }
    return options->asked != NULL
               ? err_set(error, VSR_ERR_CANCELLED, "run/conduct",
                         "the restore was cancelled while it asked writers and services; nothing "
                         "was written: `vssrestore resume %s` begins it anew",
                         options->asked->path)
               : err_set(error, VSR_ERR_CANCELLED, "run/conduct",
                         "the restore was cancelled before it began; nothing was written");
}

static vsr_code conduct_salvage(struct conduct *c, vsr_error *error)
{
    const struct salvage_input input = {
        .plan = c->plan,
        .set = c->set,
        .run = &c->folder.run,
        .stage = c->stage,
        .rows = c->folder.rows,
        .run_folder_fd = c->folder.dir_fd,
        .durable = c->options->durability != DURABILITY_NONE,
        .cancel = c->options->cancel,
    };
    const vsr_code rc = salvage_run(&input, &c->salvaged, error);
    if (c->salvaged.cut_short) {
        c->cut_short = true;
        c->stopped_by = cancel_number(c->options->cancel);
    }
    return rc;
}

/* A first run that did not begin. Who was asked is told the end while there is a folder that tells
 * of it. One that stays is again that of a run that asks: of whom, before they are told. */
static void conduct_call_off(struct conduct *c)
{
    if (c->anew) {
        (void)asking_debts(&c->journal, ASKING_BEGUN, c->dialogue, NULL);
    }
    if (dialogue_has_begun(c->dialogue)) {
        (void)dialogue_end(c->dialogue, c->plan, NULL, NULL);
    }
    if (c->anew) {
        (void)asking_debts(&c->journal, ASKING_TOLD, c->dialogue, NULL);
    }
}

/* What a signal cut short is gone on with, as after a kill; so is what could not be synced yet. */
static bool conduct_keeps_stage(const struct conduct *c, bool begun)
{
    return unit_states_residue(&c->units) || c->unnoted ||
           (begun ? conduct_signal(c) != 0 : c->options->resume != NULL);
}

/* Nothing more is published. Where a sync failed the stage stays open until the run is over: who
 * goes on before that knows by its folders what that sync was about. */
static vsr_code conduct_close_stage(struct conduct *c, bool begun, vsr_error *error)
{
    if (c->stage == NULL) {
        return VSR_OK;
    }
    c->note_failed = atomic_load(&c->stage->unnoted_errno) != 0;
    if (unit_states_residue(&c->units)) {
        conduct_tell_kept(c);
    }
    if (begun && conduct_signal(c) == 0 && !c->unnoted) {
        stage_left_remove(c->stage, unit_states_residue(&c->units), &c->left);
    }
    return c->unsynced.n > 0 ? VSR_OK : stage_close(c->stage, conduct_keeps_stage(c, begun), error);
}

static void conduct_free(struct conduct *c)
{
    marks_fini(&c->marks);
    checkpoint_close(&c->checkpoint);
    run_folder_end(&c->folder);
    buffer_free(&c->left);
    buffer_free(&c->kept);
    buffer_free(&c->unsynced);
    buffer_free(&c->salvaged.first);
    buffer_free(&c->unit_name);
    free(c->ended);
    free(c->destinations);
    free(c->profile.workers);
    free(c->waiting);
    free(c->whole);
    turns_fini(&c->turns);
    unit_states_fini(&c->units);
}

vsr_code conduct_run(struct report *report, bool *begun, const struct plan *plan,
                     const struct media_set *set, struct dialogue *dialogue,
                     const struct conduct_options *options, vsr_error *error)
{
    struct conduct c = {.plan = plan,
                        .set = set,
                        .dialogue = dialogue,
                        .options = options,
                        .folder = {.dir_fd = -1, .journal_fd = -1, .rows_fd = -1},
                        .marks = {.fd = -1},
                        .checkpoint = {.fd = -1},
                        .control = {.listen_fd = -1},
                        .began_ns = clock_monotonic_ns()};
    run_profile_begin(&c.profile, options->planned_ns, options->asked_ns);
    unit_states_init(&c.units, plan, set, options->refusals);
    *begun = false;
    vsr_code rc = VSR_OK;
    if (options->resume != NULL && dialogue_has_begun(dialogue)) {
        c.stopped_by = cancel_number(options->cancel);
        c.cut_short = c.stopped_by != 0;
    } else {
        rc = conduct_check_cancel(options, error);
    }
    rc = rc == VSR_OK ? conduct_prepare(&c, error) : rc;
    if (rc == VSR_OK) {
        *begun = true;
        control_open(&c.control, c.folder.dir_fd, options->throttle_bytes_per_s);
        rc = options->engine.discard ? conduct_discard(&c, error) : conduct_move(&c, error);
    }
    if (c.hold != NULL && *begun) {
        const vsr_code ended = pending_hold_end(c.hold, c.folder.dir_fd, options->pending_registry,
                                                &c.held, rc == VSR_OK ? error : NULL);
        rc = rc == VSR_OK ? ended : rc;
    }
    pending_hold_free(c.hold);
    if (c.stage != NULL && *begun && options->salvage && conduct_signal(&c) == 0) {
        const vsr_code salvaged = conduct_salvage(&c, rc == VSR_OK ? error : NULL);
        rc = rc == VSR_OK ? salvaged : rc;
    }
    const vsr_code closed = conduct_close_stage(&c, *begun, rc == VSR_OK ? error : NULL);
    rc = rc == VSR_OK ? closed : rc;
    run_profile_mark(&c.profile, CONTROL_CLOSE);
    if (*begun) {
        control_close(&c.control);
        conduct_tell(&c, rc == VSR_OK && conduct_signal(&c) == 0);
        conduct_tell_stood(&c);
        const vsr_code told = conduct_account(&c, report, rc, rc == VSR_OK ? error : NULL);
        rc = rc == VSR_OK ? told : rc;
        if (c.unsynced.n > 0) {
            (void)stage_close(c.stage, told != VSR_OK || conduct_keeps_stage(&c, true), NULL);
        }
    }
    if (c.unnoted) {
        unit_states_as_committed(&c.units);
    }
    if (rc == VSR_OK && conduct_signal(&c) != 0) {
        rc = err_set(error, VSR_ERR_CANCELLED, "run/conduct", "the run was cancelled");
    }
    if (!*begun && options->resume == NULL) {
        conduct_call_off(&c);
    }
    conduct_free(&c);
    return rc;
}
