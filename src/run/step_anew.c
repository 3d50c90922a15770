/* step_anew.c - a run that was ended while it asked writers and services, begun anew in its folder.
 *
 * PreRestore is not asked twice of one operation (rules 2.9, 3.4): so whoever may have heard of the
 * first one is told its end - nothing was restored -, what may have been stopped is started, and
 * that is written down. Then the run is planned, asked and copied as if it began now, since nothing
 * had been written. A process that is killed in the middle of that leaves the same folder again. */
#include "plan/replay.h"
#include "run/resume.h"
#include "run/row_check.h"
#include "run/step_inside.h"

#include <stdio.h>
#include <unistd.h>

/* Of one that was ended while it asked. */
static struct dialogue_recall recall_asking(struct resume *resume)
{
    const struct journal_content *content = &resume->content;
    struct dialogue_recall recall = {.asked = content->asked,
                                     .asked_count = content->asked_count,
                                     .services = ARENA_ARRAY(&resume->call.arena,
                                                             struct dialogue_recalled_service,
                                                             content->stopped_count)};
    for (uint32_t i = 0; i < content->stopped_count; i++) {
        recall.services[recall.service_count++] =
            (struct dialogue_recalled_service){content->stopped[i].p, true};
    }
    return recall;
}

/* What came of that is told at the end of the run; who did not take it is owed the end still. */
static void end_keep(struct arena *arena, const struct dialogue *from, struct dialogue_recall *out)
{
    const uint32_t writers = from->options.documents->bcd.writer_count;
    uint32_t *asked = ARENA_ARRAY(arena, uint32_t, writers);
    out->services = ARENA_ARRAY(arena, struct dialogue_recalled_service, from->service_count);
    for (uint32_t w = 0; w < writers; w++) {
        if (from->writers[w].asked && !from->writers[w].told) {
            asked[out->asked_count++] = w;
        }
    }
    out->asked = asked;
    for (uint32_t i = 0; i < from->service_count; i++) {
        if (from->services[i].stopped) {
            out->services[out->service_count++] =
                (struct dialogue_recalled_service){arena_copy(arena, from->services[i].name).p,
                                                   true};
        }
    }
    struct dialogue_note *notes = ARENA_ARRAY(arena, struct dialogue_note, from->note_count);
    for (size_t i = 0; i < from->note_count; i++) {
        notes[i].text = arena_copy(arena, from->notes[i].text);
        notes[i].is_loss = from->notes[i].is_loss;
    }
    out->notes = notes;
    out->note_count = (uint32_t)from->note_count;
}

/* The folder is exchanged for another one by its name: not by "." or a link to it. */
static const char *folder_name(struct arena *arena, const struct run_folder *folder)
{
    char link[sizeof "/proc/self/fd/" + 10];
    char name[RUN_FOLDER_PATH_MAX];
    (void)snprintf(link, sizeof link, "/proc/self/fd/%d", folder->dir_fd);
    const ssize_t n = readlink(link, name, sizeof name);
    const bool told = n > 0 && (size_t)n < sizeof name && name[0] == '/';
    return arena_copy(arena, told ? (struct view){name, (size_t)n} : view_of(folder->path)).p;
}

/* Tell those who heard of it the end. *said: what came of it. */
static vsr_code asked_tell(struct step *step, struct resume *resume,
                           const struct plan_choices *choices, struct dialogue_recall *said,
                           vsr_error *error)
{
    const struct dialogue_recall recall = recall_asking(resume);
    if (recall.asked_count == 0 && recall.service_count == 0) {
        return VSR_OK;
    }
    const vsr_code rc = step_open_dialogue(step, choices, &recall, error);
    if (rc != VSR_OK) {
        return rc;
    }
    (void)dialogue_end(&step->dialogue, resume->plan, NULL, NULL); /* all have been told */
    end_keep(&resume->call.arena, &step->dialogue, said);
    const vsr_code noted = asking_debts(&step->asking.journal, ASKING_TOLD, &step->dialogue, error);
    dialogue_close(&step->dialogue);
    return noted;
}

/* The folder becomes the step's, to be written in. */
static vsr_code step_take_folder(struct step *step, struct resume *resume, vsr_error *error)
{
    step->asking.rows_check = row_check_all(resume->plan, resume->folder.rows);
    step->asking.folder = resume->folder;
    step->asking.folder.sort = RUN_FOLDER_ASKING;
    resume->folder = (struct run_folder){.dir_fd = -1, .journal_fd = -1, .rows_fd = -1};
    const vsr_code rc = step_name(step, error);
    return rc == VSR_OK
               ? journal_go_on(&step->asking.journal, step->asking.folder.journal_fd,
                               step->asking.folder.path, resume->content.next_sequence, error)
               : rc;
}

vsr_code step_tell_end(struct resume *resume, const struct media_set *set,
                       const struct documents *documents, const struct step_options *options,
                       vsr_error *error)
{
    struct arena arena = {0};
    struct plan_choices choices;
    struct dialogue_recall said = {0};
    struct step_options own = *options;
    struct step step = step_of(set, documents, &own);
    vsr_code rc = plan_check_set(resume->plan, set, error);
    rc = rc == VSR_OK ? plan_replay(&arena, resume->plan, &choices, error) : rc;
    if (rc == VSR_OK) {
        own.conduct.run_dir = folder_name(&resume->call.arena, &resume->folder);
        rc = step_take_folder(&step, resume, error);
        rc = rc == VSR_OK ? asked_tell(&step, resume, &choices, &said, error) : rc;
        run_folder_end(&step.asking.folder);
    }
    arena_free(&arena);
    return rc;
}

vsr_code step_begin_anew(struct report *report, bool *begun, struct resume *resume,
                         const struct media_set *set, const struct documents *documents,
                         const struct plan_choices *choices, const struct step_options *options,
                         vsr_error *error)
{
    struct plan_step in = options->step != NULL ? *options->step : (struct plan_step){0};
    struct step_options own = *options;
    struct step step = step_of(set, documents, &own);
    struct dialogue_recall said = {0};
    if (in.chain != NULL) { /* a --file that matches nothing here may match in another step */
        in.file_hits = ARENA_ARRAY(&resume->call.arena, bool, choices->file_count);
        own.step = &in;
    }
    own.conduct.run_dir = folder_name(&resume->call.arena, &resume->folder);
    own.conduct.of_plan = resume->call.conduct.of_plan;
    vsr_code rc = step_take_folder(&step, resume, error);
    rc = rc == VSR_OK ? asked_tell(&step, resume, choices, &said, error) : rc;
    rc = rc == VSR_OK ? step_open_dialogue(&step, choices, &said, error) : rc;
    if (rc != VSR_OK) {
        run_folder_end(&step.asking.folder);
        return rc;
    }
    return resume->call.conduct.of_plan
               ? step_carry_out_plan(&step, report, begun, resume->plan, NULL, error)
               : step_carry_out(&step, report, begun, choices, error);
}
