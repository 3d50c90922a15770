/* resume_back.c - what an earlier process had begun goes back, intent by intent, the last one
 * first; what cannot is told with its place. How one goes back is dest/recover.h's, which units are
 * done with is resume.c's. */
#include "run/resume.h"

#include "base/buffer.h"
#include "dest/recover.h"
#include "dest/recover_tree.h"

#include <errno.h>

static const char WHERE[] = "run/resume";

static vsr_code intent_stays(const struct resume *r, const struct stage *stage, const char *run_dir,
                             const struct publish_intent *intent, int fault, vsr_error *error)
{
    struct buffer path = {0};
    if (intent->file != MARK_NONE) {
        plan_unix_path(r->plan, stage->set, intent->file, &path);
    } else {
        plan_directory_path(r->plan, intent->tree, &path);
    }
    errno = fault;
    const vsr_code rc = err_sys(error, err_dest_code(fault), WHERE,
                                "cannot put back what the run had begun at %.*s, so that nothing "
                                "is begun again; when it can be, `vssrestore resume %s` goes on",
                                VIEW_ARG(buffer_view(&path)), run_dir);
    buffer_free(&path);
    return rc;
}

/* A tree cannot go back, since somebody is in the way, or in it: all units with files in it fail.
 * theirs: which file tells so; MARK_NONE: none of it. */
static void tree_stays(struct stage *stage, uint32_t tree, uint32_t theirs, int fault,
                       struct outcome_row *rows, resume_failed *failed, void *context)
{
    const struct plan *plan = stage->plan;
    uint32_t unit = MARK_NONE;
    recover_tree_tell(stage, tree, rows);
    for (uint32_t i = 0; i < plan->file_count; i++) {
        const struct plan_file *f = &plan->files[i];
        if (f->unit != unit && stage_is_staged(stage, i) &&
            stage->directory_tree[f->directory] == tree) {
            unit = f->unit;
            const bool his = theirs != MARK_NONE && plan->files[theirs].unit == unit;
            const struct resume_failure failure = {his ? theirs : i, stage->trees[tree].directory,
                                                   theirs, fault};
            failed(context, &failure);
        }
    }
}

/* Of a file with several ones, another one may be what the places are as. */
static vsr_code past_take_back(const struct resume *r, const struct recover *recover,
                               const char *run_dir, resume_failed *failed, void *context,
                               vsr_error *error)
{
    vsr_code rc = VSR_OK;
    bool again = true;
    for (uint32_t turn = 0; turn < 2 && again; turn++) {
        again = false;
        for (uint32_t i = r->content.past_count; i-- > 0;) {
            const struct publish_intent past = journal_content_past(&r->content, r->journal, i);
            const int fault =
                recover_knows(recover->stage, &past) ? recover_past(recover, &past) : 0;
            again = again || fault != 0;
            if (turn == 0 || fault == 0) {
                continue;
            }
            if (recover_was_changed(fault)) {
                const struct resume_failure failure = {past.file, MARK_NONE, MARK_NONE, fault};
                failed(context, &failure);
            } else if (rc == VSR_OK) {
                rc = intent_stays(r, recover->stage, run_dir, &past, fault, error);
            }
        }
    }
    return rc;
}

vsr_code resume_take_back(const struct resume *r, struct stage *stage,
                          const struct run_folder *folder, resume_failed *failed, void *context,
                          vsr_error *error)
{
    const struct recover recover = {.stage = stage,
                                    .rows = folder->rows,
                                    .synced = r->call.conduct.durability == DURABILITY_UNIT,
                                    .ended = r->content.ended};
    vsr_code rc = VSR_OK;
    for (uint32_t i = r->content.intent_count; i-- > 0;) {
        const struct publish_intent intent = journal_content_intent(&r->content, r->journal, i);
        if (!recover_knows(stage, &intent)) {
            continue; /* of a unit that is done with */
        }
        uint32_t theirs;
        const int fault = recover_intent(&recover, &intent, &theirs);
        if (fault != 0 && !recover_was_changed(fault)) {
            rc = rc == VSR_OK ? intent_stays(r, stage, folder->path, &intent, fault, error) : rc;
        } else if (fault != 0 && intent.file != MARK_NONE) {
            const struct resume_failure failure = {intent.file, MARK_NONE, MARK_NONE, fault};
            failed(context, &failure);
        } else if (fault != 0 && fault != ENOENT && intent.folder == 0) {
            tree_stays(stage, stage->directory_tree[intent.tree], theirs, fault, folder->rows,
                       failed, context);
        }
    }
    const vsr_code past =
        past_take_back(r, &recover, folder->path, failed, context, rc == VSR_OK ? error : NULL);
    recover_settle(&recover);
    return rc != VSR_OK ? rc : past;
}
