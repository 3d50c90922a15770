/* resume.c - the folder, the plan, the journal; then what follows from them for each unit.
 *
 * What a commit says counts if neither the system has booted since nor a volume was mounted
 * anew, or if a sync had covered it. Units that ended for want of space, or were cut short, are
 * tried again, and so are those of which nobody can tell any more how they failed; all other
 * ends stay. */
#include "run/resume.h"

#include "base/heap.h"
#include "base/limits.h"
#include "base/own.h"
#include "dest/root.h"
#include "dest/undo.h"
#include "run/checkpoint.h"
#include "run/row_check.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>

static const char WHERE[] = "run/resume";

static vsr_code plan_open(struct resume *r, uint8_t hash[16], vsr_error *error)
{
    char path[RUN_FOLDER_PATH_MAX + 16];
    (void)snprintf(path, sizeof path, "%s/plan.bin", r->folder.path);
    const vsr_code rc = plan_load(&r->plan, path, error);
    return rc == VSR_OK ? run_folder_plan_hash(&r->folder, hash, error) : rc;
}

static vsr_code journal_map(struct resume *r, vsr_error *error)
{
    struct stat facts;
    if (fstat(r->folder.journal_fd, &facts) != 0) {
        return err_sys(error, err_dest_code(errno), WHERE, "cannot look at the journal in %s",
                       r->folder.path);
    }
    if (facts.st_size == 0) {
        return VSR_OK; /* told by its reader */
    }
    void *bytes = mmap(NULL, (size_t)facts.st_size, PROT_READ, MAP_SHARED, r->folder.journal_fd, 0);
    if (bytes == MAP_FAILED) {
        return err_sys(error, VSR_ERR_MEMORY, WHERE, "cannot map the journal in %s",
                       r->folder.path);
    }
    r->journal = (struct view){bytes, (size_t)facts.st_size};
    return VSR_OK;
}

/* A torn record at the end goes, so that what is added stands behind whole ones. */
static vsr_code journal_trim(const struct resume *r, vsr_error *error)
{
    return r->content.torn_bytes == 0 ||
                   ftruncate(r->folder.journal_fd, (off_t)r->content.good_bytes) == 0
               ? VSR_OK
               : err_sys(error, err_dest_code(errno), WHERE,
                         "cannot cut the torn end off the journal in %s", r->folder.path);
}

vsr_code resume_open(struct resume *out, const char *path, bool lock, vsr_error *error)
{
    uint8_t hash[16] = {0};
    *out = (struct resume){0};
    vsr_code rc = run_folder_adopt(&out->folder, path, lock, error);
    rc = rc == VSR_OK ? plan_open(out, hash, error) : rc;
    rc = rc == VSR_OK ? journal_map(out, error) : rc;
    if (rc == VSR_OK) {
        rc = journal_content_read(&out->content, out->journal, out->folder.journal_fd, out->plan,
                                  hash, out->folder.path, error);
    }
    if (rc == VSR_OK) {
        memcpy(out->folder.run.bytes, out->content.begin.run_uuid, sizeof out->folder.run.bytes);
        rc = run_call_parse(&out->call, buffer_view(&out->content.call), out->folder.path, error);
    }
    rc = rc == VSR_OK && lock ? journal_trim(out, error) : rc;
    if (rc == VSR_OK && lock) {
        run_folder_reclaim(&out->folder);
    }
    rc = rc == VSR_OK ? run_folder_map(&out->folder, out->plan->file_count, lock, error) : rc;
    if (rc != VSR_OK) {
        resume_close(out);
        return rc;
    }
    return VSR_OK;
}

vsr_code resume_wait(struct resume *resume, const struct checkpoint_waiting *waiting,
                     vsr_error *error)
{
    const vsr_code rc = checkpoint_wait(resume->folder.dir_fd, waiting, error);
    resume->kept = checkpoint_read(resume->folder.dir_fd, &resume->syncs);
    return rc;
}

void resume_close(struct resume *resume)
{
    if (resume->journal.n > 0) {
        (void)munmap((void *)(uintptr_t)resume->journal.p, resume->journal.n);
    }
    if (resume->folder.path[0] != '\0') {
        run_folder_end(&resume->folder);
    }
    journal_content_free(&resume->content);
    run_call_free(&resume->call);
    plan_free(resume->plan);
    free((void *)(uintptr_t)resume->known.places);
    free(resume->done);
    free(resume->uncommitted);
    free(resume->filled);
    free(resume->bases_begun);
    *resume = (struct resume){0};
}

bool resume_is_over(const struct resume *resume)
{
    return resume->content.ended && resume->content.end.open == 0;
}

/* --- what each unit came to --- */

/* Did it end for want of space, or was it cut short? Of itself, or of what it shares. */
static bool unit_may_go_on(const struct resume *r, uint32_t unit)
{
    const struct plan_unit *u = &r->plan->units[unit];
    bool any = r->content.units[unit].refusal == REFUSAL_NO_SPACE;
    for (uint32_t i = 0; i < u->file_count; i++) {
        const uint8_t outcome = r->folder.rows[u->first_file + i].outcome;
        any = any || outcome == OUTCOME_DEST_FULL || outcome == OUTCOME_CANCELLED;
    }
    for (uint32_t i = 0; i < u->shared_count; i++) {
        const uint8_t outcome = r->folder.rows[r->plan->shared[u->first_shared + i].file].outcome;
        any = any || outcome == OUTCOME_DEST_FULL || outcome == OUTCOME_CANCELLED;
    }
    return any;
}

/* Is a volume of the plan on that mount? noted: as in struct stage_known. */
static bool mount_stands(const struct plan *plan, const struct stage_identity *folder, bool noted)
{
    for (uint32_t i = 0; i < plan->root_count; i++) {
        char path[PATH_MAX];
        const struct view dir = plan_text(plan, plan->roots[i].dir);
        (void)snprintf(path, sizeof path, "%.*s", VIEW_ARG(dir));
        OWN(fd) fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (fd >= 0 && root_mount_number(fd) == folder->mount_id &&
            (root_mount_number_is_unique(folder->mount_id) || !noted)) {
            return true;
        }
    }
    return false;
}

static bool commits_are_noted(const struct resume *r)
{
    return r->call.conduct.durability != DURABILITY_NONE;
}

/* May a sync have said of something that counts that it is lost? With durability `none` what was
 * published counts without one: of a sync that a resume was killed in, nobody asks the end. */
static bool syncs_may_have_failed(const struct resume *r)
{
    return r->syncs == SYNCS_FAILED || (r->syncs == SYNCS_UNTOLD && commits_are_noted(r));
}

/* Have all mounts that something was staged on stood since then, with all that they were given? Of
 * one below a volume that was crossed to, nobody knows. */
static bool mounts_stand(const struct resume *r)
{
    if (syncs_may_have_failed(r)) {
        return false;
    }
    for (uint32_t i = 0; i < r->content.folder_count; i++) {
        const struct stage_identity *folder = &r->content.folders[i];
        if (!folder->same_boot || folder->mount_id == 0 ||
            !mount_stands(r->plan, folder, commits_are_noted(r))) {
            return false;
        }
    }
    return true;
}

/* Are its rows those that stood there at its commit? */
static bool rows_are_right(const struct resume *r, uint32_t unit)
{
    const struct content_unit *told = &r->content.units[unit];
    const struct plan_unit *u = &r->plan->units[unit];
    return row_check_known(&r->folder.rows[u->first_file], u->file_count) &&
           (!told->rows_told || told->rows_check == row_check_unit(r->plan, unit, r->folder.rows));
}

static bool commit_counts(const struct resume *r, const struct content_unit *unit, bool stand)
{
    return unit->epoch == 0 || (unit->same_boot && stand) || unit->epoch <= r->kept;
}

static void units_judge(struct resume *r)
{
    const struct plan *plan = r->plan;
    const bool stand = mounts_stand(r);
    r->done = heap_alloc(plan->unit_count + 1u, 1);
    r->uncommitted = heap_alloc(plan->unit_count + 1u, sizeof *r->uncommitted);
    for (uint32_t u = 0; u < plan->unit_count; u++) {
        const struct content_unit *unit = &r->content.units[u];
        const bool again = unit->fate == FATE_FAILED && unit->residue == 0 &&
                           (unit_may_go_on(r, u) || !rows_are_right(r, u));
        if (unit->fate == FATE_OPEN) {
            continue;
        }
        r->done[u] = commit_counts(r, unit, stand) && !again;
        if (r->done[u] == 0) {
            r->uncommitted[r->uncommitted_count++] = u;
        }
    }
}

/* The rows of a unit that was published, as far as its plan tells them. */
static void rows_make_published(const struct resume *r, const struct plan_unit *unit)
{
    for (uint32_t i = unit->first_file; i < unit->first_file + unit->file_count; i++) {
        const struct plan_file *f = &r->plan->files[i];
        r->folder.rows[i] = (struct outcome_row){
            .outcome = f->action == ACTION_NONE    ? OUTCOME_PRESENT
                       : f->action == ACTION_STAGE ? OUTCOME_STAGED
                                                   : OUTCOME_RESTORED,
            .bytes = f->action == ACTION_NONE ? 0 : f->size,
        };
    }
}

/* Of one that failed, and has left something: nobody knows why any more. */
static void rows_make_failed(const struct resume *r, const struct plan_unit *unit)
{
    for (uint32_t i = 0; i < unit->file_count; i++) {
        r->folder.rows[unit->first_file + i] =
            (struct outcome_row){.outcome = i == 0 ? OUTCOME_DEST_ERROR : OUTCOME_WITHDRAWN,
                                 .os_errno = i == 0 ? EIO : 0};
    }
}

/* A unit that is done with has all its rows, whatever rot has left of them. */
static void rows_complete(struct resume *r)
{
    for (uint32_t u = 0; u < r->plan->unit_count; u++) {
        if (r->done[u] == 0 || rows_are_right(r, u)) {
            continue;
        }
        r->rows_lost++;
        if (r->content.units[u].fate == FATE_PUBLISHED) {
            rows_make_published(r, &r->plan->units[u]);
        } else {
            rows_make_failed(r, &r->plan->units[u]);
        }
    }
}

/* --- what staging has to know --- */

static int compare_places(const void *left, const void *right)
{
    const struct stage_place *a = left, *b = right;
    return (a->directory > b->directory) - (a->directory < b->directory);
}

/* Folders that units which are done with have brought are the run's own, if they are there: what is
 * still to come goes into them, and they get their times again. */
static void places_of_published(const struct resume *r, uint8_t *ours)
{
    const struct plan *plan = r->plan;
    for (uint32_t i = 0; i < plan->file_count; i++) {
        const struct plan_file *f = &plan->files[i];
        if (r->done[f->unit] == 0 || r->content.units[f->unit].fate != FATE_PUBLISHED ||
            f->action == ACTION_NONE || f->action == ACTION_STAGE) {
            continue;
        }
        for (uint32_t at = f->directory;
             at != MARK_NONE && plan->directories[at].make != 0 && ours[at] == 0;
             at = plan->directories[at].parent) {
            ours[at] = 1;
        }
    }
}

static void places_know(struct resume *r)
{
    const struct plan *plan = r->plan;
    const struct journal_content *content = &r->content;
    uint8_t *ours = heap_alloc(plan->directory_count + 1u, 1);
    struct stage_place *places =
        heap_alloc((size_t)content->place_count + plan->directory_count + 1u, sizeof *places);
    uint32_t count = 0;
    places_of_published(r, ours);
    for (uint32_t i = 0; i < content->place_count; i++) {
        places[count++] = content->places[i];
        ours[content->places[i].directory] = 0;
    }
    for (uint32_t i = 0; i < plan->directory_count; i++) {
        if (ours[i] != 0 && plan->directories[i].parent != MARK_NONE) {
            places[count++] = (struct stage_place){.directory = i, .made = 1};
        }
    }
    free(ours);
    qsort(places, count, sizeof *places, compare_places);
    r->known.places = places;
    r->known.place_count = count;
}

/* The volume that it is about: what it has put there may stand there, or is to go back there. */
static void volume_know(struct resume *r, const struct publish_intent *intent)
{
    const struct plan *plan = r->plan;
    const bool of_file = intent->file != MARK_NONE;
    if (of_file ? intent->file < plan->file_count : intent->tree < plan->directory_count) {
        const uint32_t directory = of_file ? plan->files[intent->file].directory : intent->tree;
        r->filled[plan->directories[directory].root] = 1;
    }
}

/* What ranges go into is looked at anew where the journal's base went with a commit that counts no
 * more: over their result they come to the same. */
static void bases_know(struct resume *r)
{
    struct journal_content *content = &r->content;
    uint32_t count = 0;
    for (uint32_t i = 0; i < content->base_count; i++) {
        const uint32_t file = content->bases[i].file;
        if (file < r->plan->file_count && !content->units[r->plan->files[file].unit].stood) {
            content->bases[count++] = content->bases[i];
        }
    }
    content->base_count = count;
}

static void base_has_begun(struct resume *r, uint32_t file)
{
    const uint32_t at = stage_base_find(r->content.bases, r->content.base_count, file);
    if (at != MARK_NONE) {
        r->bases_begun[at] = 1;
    }
}

/* What a process that was killed had begun to publish may stand in a base's stead. One that ended
 * by itself has taken all of that back. */
static void bases_begun_know(struct resume *r)
{
    const struct journal_content *content = &r->content;
    r->bases_begun = heap_alloc(content->base_count + 1u, 1);
    for (uint32_t i = 0; i < content->past_count; i++) {
        if (content->past[i] >= content->ended_at) {
            base_has_begun(r, journal_content_past(content, r->journal, i).file);
        }
    }
    for (uint32_t i = 0; i < content->intent_count; i++) {
        if (content->intents[i] >= content->ended_at) {
            base_has_begun(r, journal_content_intent(content, r->journal, i).file);
        }
    }
}

static void filled_know(struct resume *r)
{
    const struct plan *plan = r->plan;
    r->filled = heap_alloc(plan->root_count + 1u, sizeof *r->filled);
    for (uint32_t i = 0; i < r->content.past_count; i++) {
        const struct publish_intent past = journal_content_past(&r->content, r->journal, i);
        volume_know(r, &past);
    }
    for (uint32_t i = 0; i < r->content.intent_count; i++) {
        const struct publish_intent last = journal_content_intent(&r->content, r->journal, i);
        volume_know(r, &last);
    }
    for (uint32_t i = 0; i < plan->file_count; i++) {
        const struct plan_file *f = &plan->files[i];
        if (r->done[f->unit] != 0 && r->content.units[f->unit].fate == FATE_PUBLISHED &&
            f->action != ACTION_NONE && f->action != ACTION_STAGE) {
            r->filled[plan->directories[f->directory].root] = 1;
        }
    }
    r->known.filled = r->filled;
}

/* Of units whose commit was the last word of a process. */
static void undo_files_remove(const struct resume *r)
{
    for (uint32_t i = 0; i < r->plan->file_count; i++) {
        const uint32_t unit = r->plan->files[i].unit;
        if (stage_is_ranged(&r->plan->files[i]) && r->done[unit] != 0 &&
            r->content.units[unit].residue == 0) { /* else people may need it */
            undo_remove(r->folder.dir_fd, i);
        }
    }
}

/* A process that ended for want of space has taken its staging folders away. */
static bool folders_were_left(const struct resume *r)
{
    return r->content.ready && (!r->content.ended || r->content.end.exit_code > SIGNAL_EXIT_CODE);
}

void resume_know_token(struct resume *r, const struct uuid *token)
{
    struct journal_content *content = &r->content;
    content->tokens = heap_grow(content->tokens, content->token_count, &content->token_capacity,
                                sizeof *content->tokens);
    content->tokens[content->token_count++] = *token;
    r->known.tokens = content->tokens;
    r->known.token_count = content->token_count;
}

void resume_prepare(struct resume *r)
{
    units_judge(r);
    rows_complete(r);
    undo_files_remove(r);
    bases_know(r);
    bases_begun_know(r);
    r->known = (struct stage_known){.folders = r->content.folders,
                                    .folder_count = r->content.folder_count,
                                    .staged = r->content.ready,
                                    .left_folders = folders_were_left(r),
                                    .noted = commits_are_noted(r),
                                    .bases = r->content.bases,
                                    .base_count = r->content.base_count,
                                    .bases_begun = r->bases_begun,
                                    .done = r->done,
                                    .tokens = r->content.tokens,
                                    .token_count = r->content.token_count,
                                    .interrupted = r->content.intent_count > 0};
    places_know(r);
    filled_know(r);
}
