/* step_resume.c - the order of a restore that goes on: dialogue as it stood, services stopped
 * again, the rest of the copy, the end told to everybody. Planning is over; places stay. One that
 * had not begun to copy is step_anew.c's. */
#include "base/heap.h"
#include "base/io.h"
#include "base/limits.h"
#include "plan/replay.h"
#include "run/resume.h"
#include "run/step_inside.h"
#include "vss/winpath.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* The document as it stood before the copy; absent: nobody had been asked. */
static vsr_code document_read(const struct resume *resume, struct buffer *out, vsr_error *error)
{
    return resume->call.recall.asked_count == 0 && resume->call.recall.service_count == 0
               ? VSR_OK
               : io_read_file(resume->folder.dir_fd, DOCUMENT_PRE_RESTORE, DOCUMENT_BYTES_MAX, out,
                              VSR_ERR_RUN_FOREIGN, error);
}

/* Absolute, for those who play. */
static void run_dir_name(const struct resume *resume, char out[2 * RUN_FOLDER_PATH_MAX])
{
    char here[RUN_FOLDER_PATH_MAX];
    const char *path = resume->folder.path;
    if (path[0] == '/' || getcwd(here, sizeof here) == NULL) {
        (void)snprintf(out, (size_t)2 * RUN_FOLDER_PATH_MAX, "%s", path);
    } else {
        (void)snprintf(out, (size_t)2 * RUN_FOLDER_PATH_MAX, "%s/%s", here, path);
    }
}

static vsr_code resume_copy(struct report *report, bool *begun, struct resume *resume,
                            const struct media_set *set, struct dialogue *dialogue,
                            const struct step_options *options, vsr_error *error)
{
    const struct plan *plan = resume->plan;
    uint8_t *alone = heap_alloc(plan->unit_count + 1u, sizeof *alone);
    struct conduct_options conduct = options->conduct;
    for (uint32_t u = 0; u < plan->unit_count; u++) {
        alone[u] = dialogue_waits(dialogue, &plan->units[u]) ? 1 : 0;
    }
    conduct.stage.alone = alone;
    conduct.refusals = NULL;
    conduct.resume = resume;
    const vsr_code rc = conduct_run(report, begun, plan, set, dialogue, &conduct, error);
    free(alone);
    return rc;
}

/* What an earlier process stopped when the copy had begun, and may not have started. */
static void services_recall(struct resume *resume, struct dialogue_recall *recall)
{
    const struct journal_content *content = &resume->content;
    struct dialogue_recalled_service *all =
        ARENA_ARRAY(&resume->call.arena, struct dialogue_recalled_service,
                    recall->service_count + content->stopped_count);
    uint32_t count = recall->service_count;
    for (uint32_t i = 0; i < count; i++) {
        all[i] = recall->services[i];
    }
    for (uint32_t s = 0; s < content->stopped_count; s++) {
        uint32_t at = 0;
        while (at < count && !win_fold_equal(view_of(all[at].name), content->stopped[s])) {
            at++;
        }
        count = at == count ? count + 1 : count;
        all[at] = (struct dialogue_recalled_service){content->stopped[s].p, true};
    }
    recall->services = all;
    recall->service_count = count;
}

/* Stopped again, and that written down before. */
static vsr_code services_stop_again(struct dialogue *dialogue, struct resume *resume,
                                    vsr_error *error)
{
    const uint64_t next = resume->content.next_sequence;
    struct journal journal = {.fd = resume->folder.journal_fd,
                              .path = resume->folder.path,
                              .sequence = next,
                              .kept = next};
    dialogue->options.on_asking = asking_note_service;
    dialogue->options.on_not_stopped = asking_strike_service;
    dialogue->options.asking_context = &journal;
    const vsr_code rc = dialogue_stop_again(dialogue, resume->plan, resume->done, error);
    dialogue->options.on_asking = NULL;
    dialogue->options.on_not_stopped = NULL;
    resume->content.next_sequence = journal.sequence;
    return rc;
}

static vsr_code step_go_on(struct report *report, bool *begun, struct resume *resume,
                           const struct media_set *set, const struct documents *documents,
                           const struct plan_choices *choices, const struct step_options *options,
                           vsr_error *error)
{
    struct dialogue dialogue;
    struct buffer document = {0};
    char run_dir[2 * RUN_FOLDER_PATH_MAX];
    vsr_code rc = document_read(resume, &document, error);
    if (rc == VSR_OK) {
        run_dir_name(resume, run_dir);
        const struct dialogue_options how = {.documents = documents,
                                             .choices = choices,
                                             .calls = options->calls,
                                             .run_dir = run_dir,
                                             .cancel = options->conduct.cancel,
                                             .on_warning = options->on_warning,
                                             .context = options->warning_context};
        services_recall(resume, &resume->call.recall);
        resume->call.recall.document = document.n > 0 ? buffer_view(&document) : VIEW_NONE;
        rc = dialogue_reopen(&dialogue, &how, &resume->call.recall, error);
    }
    if (rc == VSR_OK) {
        resume_prepare(resume);
        rc = services_stop_again(&dialogue, resume, error);
        if (rc == VSR_OK) {
            rc = resume_copy(report, begun, resume, set, &dialogue, options, error);
        }
        if (!*begun) {
            dialogue_give_up(&dialogue);
        }
        dialogue_close(&dialogue);
    }
    buffer_free(&document);
    return rc;
}

vsr_code step_resume(struct report *report, bool *begun, struct resume *resume,
                     const struct media_set *set, const struct documents *documents,
                     const struct step_options *options, vsr_error *error)
{
    struct arena arena = {0};
    struct plan_choices choices;
    *begun = false;
    vsr_code rc = plan_check_set(resume->plan, set, error);
    rc = rc == VSR_OK ? plan_replay(&arena, resume->plan, &choices, error) : rc;
    if (rc == VSR_OK) {
        rc = resume->content.asking
                 ? step_begin_anew(report, begun, resume, set, documents, &choices, options, error)
                 : step_go_on(report, begun, resume, set, documents, &choices, options, error);
    }
    arena_free(&arena);
    return rc;
}
