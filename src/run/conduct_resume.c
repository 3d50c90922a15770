/* conduct_resume.c - what a run that goes on does beside a first one: takes its folder, takes back
 * what was in the middle, counts what is staged. What the journal says is run/resume.h's. */
#include "run/conduct_inside.h"

#include "base/heap.h"
#include "dest/undo.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

vsr_code conduct_go_on(struct conduct *c, vsr_error *error)
{
    struct resume *resume = c->options->resume;
    c->folder = resume->folder;
    resume->folder = (struct run_folder){.dir_fd = -1, .journal_fd = -1, .rows_fd = -1};
    c->done = resume->done;
    for (uint32_t u = 0; u < c->plan->unit_count; u++) {
        const struct content_unit *unit = &resume->content.units[u];
        if (unit->refusal != REFUSAL_NONE && unit->refusal != REFUSAL_NO_SPACE) {
            unit_states_recall(&c->units, u, (enum refusal)unit->refusal, unit->detail);
        }
        if (resume->done[u] != 0) {
            unit_states_recall_end(&c->units, u, unit->fate == FATE_PUBLISHED, unit->residue);
        }
        if (unit->stood) {
            unit_states_recall_stood(&c->units, u);
        }
    }
    marks_init(&c->marks, c->folder.dir_fd, run_folder_seed(&c->folder), c->folder.epochs,
               resume->kept + 1, resume->kept);
    const vsr_code rc = journal_go_on(&c->journal, c->folder.journal_fd, c->folder.path,
                                      resume->content.next_sequence, error);
    if (rc == VSR_OK) {
        resume_know_token(resume, &c->journal.token);
    }
    return rc;
}

static void took_back_failed(void *context, const struct resume_failure *failure)
{
    struct took_back *back = context;
    back->files =
        heap_grow(back->files, back->file_count, &back->file_capacity, sizeof *back->files);
    back->files[back->file_count++] = *failure;
}

/* A file that somebody changed, or whose original is not to be had. */
static void conduct_note_file(struct conduct *c, uint32_t file)
{
    struct buffer path = {0};
    char undo[UNDO_NAME_BYTES];
    plan_unix_path(c->plan, c->set, file, &path);
    buffer_printf(&c->kept,
                  "%s'%.*s', or what the run keeps of it, was changed by somebody or has rotted "
                  "while the run was interrupted, and is left alone; ",
                  c->kept.n > 0 ? " " : "", VIEW_ARG(buffer_view(&path)));
    if (undo_find(c->folder.dir_fd, file, undo)) {
        buffer_printf(&c->kept, "what its ranges had covered is kept in %s/%s; ", c->folder.path,
                      undo);
    }
    buffer_free(&path);
}

/* A new folder that is left as it stands, whichever components have files in it. */
static void conduct_note_tree(struct conduct *c, const struct resume_failure *failure)
{
    struct buffer path = {0};
    plan_directory_path(c->plan, failure->tree, &path);
    if (failure->theirs != MARK_NONE) {
        conduct_note_file(c, failure->theirs);
        buffer_printf(&c->kept, "so is all of the new folder '%.*s'", VIEW_ARG(buffer_view(&path)));
    } else {
        buffer_printf(&c->kept,
                      "%sthe place of the new folder '%.*s', or of what the run keeps of it, was "
                      "changed by somebody while the run was interrupted: it is left alone",
                      c->kept.n > 0 ? " " : "", VIEW_ARG(buffer_view(&path)));
    }
    buffer_printf(&c->kept,
                  ", and what was restored into it stands there, of components that failed; ");
    buffer_free(&path);
}

/* A place that somebody changed is left alone: its unit fails, for good. What is laid out twice is
 * taken back twice, too: a unit that failed the first time is done with by then. */
static void conduct_fail_places(struct conduct *c, struct took_back *back)
{
    uint32_t tree = MARK_NONE; /* that was told last */
    for (uint32_t i = 0; i < back->file_count; i++) {
        const struct resume_failure *failure = &back->files[i];
        const uint32_t unit = c->plan->files[failure->file].unit;
        if (failure->tree == MARK_NONE) {
            conduct_note_file(c, failure->file);
        } else if (failure->tree != tree) {
            conduct_note_tree(c, failure);
            tree = failure->tree;
        }
        if (failure->tree == MARK_NONE || failure->file == failure->theirs) {
            unit_states_fail(&c->units, failure->file, failure->os_errno);
        } else {
            unit_states_fail_whole(&c->units, unit);
        }
        if (c->options->resume->done[unit] == 0) {
            c->options->resume->done[unit] = 1;
            back->failed =
                heap_grow(back->failed, back->count, &back->capacity, sizeof *back->failed);
            back->failed[back->count++] = (struct journal_fate){.unit = unit, .residue = 1};
        }
    }
    back->file_count = 0;
}

bool conduct_owes_sync(const struct conduct *c)
{
    const struct resume *resume = c->options->resume;
    bool any = false;
    for (uint32_t u = 0; resume != NULL && u < c->plan->unit_count; u++) {
        const struct content_unit *unit = &resume->content.units[u];
        any = any || (unit->fate != FATE_OPEN && unit->epoch != 0);
    }
    return any && c->options->durability != DURABILITY_NONE;
}

/* READY says that what was in the middle has gone back, and drops the intents: they alone tell that
 * a staged name holds an original. So it may not be on stable storage before the renames are, with
 * durability `none` as little as with any other. */
static bool conduct_must_sync(const struct conduct *c)
{
    const struct journal_content *content = &c->options->resume->content;
    return conduct_owes_sync(c) || content->intent_count > 0 || content->past_count > 0;
}

static vsr_code conduct_sync_one(const struct conduct *c, uint32_t mount, vsr_error *error)
{
    vsr_error cause = {0};
    const vsr_code rc = publish_sync(c->stage, mount, &cause);
    const struct view dir = plan_text(c->plan, c->plan->roots[c->stage->mounts[mount].root].dir);
    if (rc == VSR_OK) {
        return VSR_OK;
    }
    if (rc == VSR_ERR_CANCELLED) {
        return err_set(error, rc, "run/conduct",
                       "the run was cancelled while %.*s was synced, where what had been begun was "
                       "put back; `vssrestore resume %s` goes on with it",
                       VIEW_ARG(dir), c->folder.path);
    }
    if (atomic_load(&c->stage->unnoted_errno) != 0) { /* of the run folder, not of that directory */
        if (error != NULL && error->code == VSR_OK) {
            *error = cause;
        }
        return rc;
    }
    errno = cause.os_errno;
    return err_sys(error, rc, "run/conduct",
                   "cannot sync %.*s, where what had been begun was put back, so that nothing is "
                   "begun again; when it can be, `vssrestore resume %s` goes on",
                   VIEW_ARG(dir), c->folder.path);
}

/* What was put back, and what was committed and not synced yet, is before it counts for good. */
static vsr_code conduct_sync_settled(struct conduct *c, vsr_error *error)
{
    vsr_code rc = VSR_OK;
    for (uint32_t m = 0; conduct_must_sync(c) && rc == VSR_OK && m < c->stage->mount_count; m++) {
        rc = conduct_sync_one(c, m, error);
    }
    return rc;
}

/* Nothing was lost between on any mount? What a sync that failed was to cover may have been. */
static bool conduct_is_continuous(struct conduct *c)
{
    const struct resume *resume = c->options->resume;
    bool continuous = resume->syncs == SYNCS_GOOD;
    for (uint32_t m = 0; m < c->stage->mount_count; m++) {
        c->stage->mounts[m].continuous =
            c->stage->mounts[m].continuous && resume->syncs == SYNCS_GOOD;
        continuous =
            continuous && c->stage->mounts[m].continuous; /* nor where its folder is gone */
    }
    return continuous;
}

vsr_code conduct_take_back(struct conduct *c, struct took_back *back, vsr_error *error)
{
    struct resume *resume = c->options->resume;
    if (resume == NULL) {
        return VSR_OK;
    }
    const bool continuous = conduct_is_continuous(c);
    c->marks.trusted = continuous ? UINT32_MAX : resume->kept;
    vsr_code rc = resume_take_back(resume, c->stage, &c->folder, took_back_failed, back, error);
    if (rc == VSR_OK) { /* else nobody fails by it: whoever goes on takes it all back */
        conduct_fail_places(c, back);
        rc = conduct_sync_settled(c, error);
    }
    back->stays = rc != VSR_OK;
    return rc;
}

static void took_back_stays(void *context, const struct resume_failure *failure)
{
    struct took_back *back = context;
    (void)failure;
    back->stays = true;
}

vsr_code conduct_take_back_full(struct conduct *c, struct took_back *back, vsr_error *error)
{
    const struct resume *resume = c->options->resume;
    vsr_error cause = {0};
    if (resume == NULL) {
        return VSR_ERR_DEST_FULL;
    }
    (void)conduct_is_continuous(c);
    vsr_code rc = resume_take_back(resume, c->stage, &c->folder, took_back_stays, back, &cause);
    rc = rc == VSR_OK ? conduct_sync_settled(c, &cause) : rc;
    if (rc == VSR_OK) {
        return VSR_ERR_DEST_FULL;
    }
    back->stays = true;
    *error = cause;
    return rc;
}

/* What waits for the next boot, from before; what of it does not count is staged again. */
static vsr_code conduct_adopt_pending(struct conduct *c, vsr_error *error)
{
    const struct resume *resume = c->options->resume;
    bool *published = heap_alloc(c->plan->unit_count + 1u, sizeof *published);
    for (uint32_t u = 0; u < c->plan->unit_count; u++) {
        published[u] = resume->done[u] != 0 && c->units.states[u] == UNIT_PUBLISHED;
    }
    const vsr_code rc = pending_hold_adopt(c->hold, published, error);
    free(published);
    return rc;
}

vsr_code conduct_hold(struct conduct *c, vsr_error *error)
{
    const struct resume *resume = c->options->resume;
    const vsr_code rc = conduct_adopt_pending(c, error);
    if (rc != VSR_OK) {
        return rc;
    }
    c->whole = held_find(c->stage, &c->folder, resume);
    for (uint32_t i = 0; i < c->plan->file_count; i++) {
        if (c->whole[i] != 0 || resume->done[c->plan->files[i].unit] != 0) {
            c->losses_before += (uint64_t)__builtin_popcount(c->folder.rows[i].loss);
        }
    }
    /* what was forgotten must not come back with the epochs that follow */
    if (fdatasync(c->folder.rows_fd) != 0) {
        return err_sys(error, err_dest_code(errno), "run/conduct", "cannot sync the rows in %s",
                       c->folder.path);
    }
    return VSR_OK;
}
