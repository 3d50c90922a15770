/* step.c - the order of one restore. The dialogue is dialogue.h's, planning plan_now.h's, moving
 * conduct.h's; here is only what comes after what, and that who was asked is always told the
 * end. */
#include "run/step_inside.h"

#include "base/cancel.h"
#include "base/clock.h"
#include "base/heap.h"
#include "plan/replay.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { WARNINGS_TOLD_MAX = 50 };

struct step step_of(const struct media_set *set, const struct documents *documents,
                    const struct step_options *options)
{
    return (struct step){.set = set,
                         .documents = documents,
                         .options = options,
                         .asking = {.folder = {.dir_fd = -1, .journal_fd = -1, .rows_fd = -1}}};
}

/* The run folder as programs see it: absolute. It stands there when the first of them is asked. */
static vsr_code run_dir_name(struct step *step, vsr_error *error)
{
    char name[RUN_FOLDER_PATH_MAX];
    char here[RUN_FOLDER_PATH_MAX];
    const vsr_code rc = run_folder_name(step->conduct.run_dir, &step->conduct.run, name, error);
    if (rc != VSR_OK || name[0] == '/' || getcwd(here, sizeof here) == NULL) {
        (void)snprintf(step->run_dir, sizeof step->run_dir, "%s", rc == VSR_OK ? name : "");
        return rc;
    }
    (void)snprintf(step->run_dir, sizeof step->run_dir, "%s/%s", here, name);
    return VSR_OK;
}

vsr_code step_name(struct step *step, vsr_error *error)
{
    const struct step_options *options = step->options;
    const struct plan_step *in = options->step;
    step->conduct = options->conduct;
    step->conduct.chain = in != NULL ? in->chain : NULL;
    step->conduct.chain_step = in != NULL ? in->number : 0;
    if (step->asking.folder.dir_fd >= 0) { /* it goes on there (run/step_anew.c) */
        step->conduct.run = step->asking.folder.run;
        step->conduct.asked = &step->asking.folder;
    } else {
        step->conduct.run = uuid_random();
    }
    return run_dir_name(step, error);
}

vsr_code step_open_dialogue(struct step *step, const struct plan_choices *choices,
                            const struct dialogue_recall *recall, vsr_error *error)
{
    const struct step_options *options = step->options;
    const struct dialogue_options dialogue = {
        .documents = step->documents,
        .choices = choices,
        .calls = options->calls,
        .run_dir = step->run_dir,
        .cancel = options->conduct.cancel,
        .on_asking = asking_note,
        .on_not_stopped = asking_strike,
        .asking_context = &step->asking,
        .on_warning = options->on_warning,
        .context = options->warning_context,
    };
    return dialogue_reopen(&step->dialogue, &dialogue, recall, error);
}

static vsr_code step_open(struct step *step, const struct plan_choices *choices, vsr_error *error)
{
    const struct dialogue_recall nobody = {0};
    const vsr_code rc = step_name(step, error);
    return rc == VSR_OK ? step_open_dialogue(step, choices, &nobody, error) : rc;
}

/* What the planner warned of, before anything is written. */
static void step_warn(const struct step *step, const struct plan *plan)
{
    const struct step_options *options = step->options;
    char sentence[2048];
    for (uint32_t i = 0; i < plan->warning_count && options->on_warning != NULL; i++) {
        if (i == WARNINGS_TOLD_MAX) {
            (void)snprintf(sentence, sizeof sentence, "%u more warnings: `vssrestore plan` has all",
                           plan->warning_count - i);
            options->on_warning(options->warning_context, sentence);
            return;
        }
        (void)snprintf(sentence, sizeof sentence, "%.*s",
                       VIEW_ARG(plan_text(plan, plan->warnings[i])));
        options->on_warning(options->warning_context, sentence);
    }
}

static vsr_code step_copy(struct step *step, struct report *report, bool *begun,
                          const struct plan *plan, const enum refusal *refusals, vsr_error *error)
{
    uint8_t *alone = heap_alloc(plan->unit_count, sizeof *alone);
    for (uint32_t u = 0; u < plan->unit_count; u++) {
        alone[u] = dialogue_waits(&step->dialogue, &plan->units[u]) ? 1 : 0;
    }
    step_warn(step, plan);
    step->conduct.stage.alone = alone;
    step->conduct.refusals = refusals;
    step->conduct.asked = step->asking.folder.dir_fd >= 0 ? &step->asking.folder : NULL;
    const vsr_code rc =
        conduct_run(report, begun, plan, step->set, &step->dialogue, &step->conduct, error);
    free(alone);
    return rc;
}

/* plan_now(), and how long it took. */
static vsr_code step_plan_now(struct step *step, struct plan **plan,
                              const struct documents *documents, const struct plan_choices *choices,
                              const struct plan_step *in, vsr_error *error)
{
    const uint64_t began_ns = clock_monotonic_ns();
    const vsr_code rc = plan_now(plan, step->set, documents, choices, in, error);
    step->conduct.planned_ns += clock_monotonic_ns() - began_ns;
    return rc;
}

/* What can refuse the run is looked at first; then there is a folder that tells of whom it asks. */
static vsr_code step_show_asking(struct step *step, const struct plan *first, vsr_error *error)
{
    vsr_code rc = conduct_check(&step->conduct, first, step->set, error);
    if (rc == VSR_OK && step->asking.folder.dir_fd < 0) {
        rc = asking_begin(&step->asking, &step->conduct, &step->dialogue, first, step->set, error);
    }
    if (rc == VSR_OK) {
        step->conduct.asked = &step->asking.folder;
    }
    return rc;
}

/* Between the two passes. */
static vsr_code step_ask(struct step *step, const struct plan *first, vsr_error *error)
{
    const uint64_t began_ns = clock_monotonic_ns();
    vsr_code rc = step_show_asking(step, first, error);
    if (rc == VSR_OK) {
        rc = dialogue_pre_restore(&step->dialogue, first, error);
    }
    if (rc == VSR_OK) {
        dialogue_stop(&step->dialogue, first);
        rc = conduct_check_cancel(&step->conduct, error);
    }
    step->conduct.asked_ns += clock_monotonic_ns() - began_ns;
    return rc;
}

/* The plan that is carried out: the first, or a second one after writers and services spoke. */
static vsr_code step_plan(struct step *step, struct plan **plan, const struct plan_choices *choices,
                          vsr_error *error)
{
    struct plan_step in =
        step->options->step != NULL ? *step->options->step : (struct plan_step){0};
    in.registry = step->conduct.pending_registry;
    vsr_code rc = step_plan_now(step, plan, step->documents, choices, &in, error);
    rc = rc == VSR_OK ? conduct_check_cancel(&step->conduct, error) : rc;
    if (rc != VSR_OK || !dialogue_is_due(&step->dialogue, *plan)) {
        return rc;
    }
    struct plan *second = NULL;
    rc = step_ask(step, *plan, error);
    if (rc == VSR_OK) {
        in.said = step->dialogue.said;
        rc = step_plan_now(step, &second, &step->dialogue.documents, choices, &in, error);
    }
    if (rc == VSR_OK) {
        plan_free(*plan);
        *plan = second;
    }
    return rc;
}

/* It was cancelled while it asked: its folder stays, with the document as it is (rules 2.11). */
static int step_cancelled_by(struct step *step)
{
    const struct run_folder *folder = &step->asking.folder;
    if (folder->dir_fd < 0 || (!folder->stays && !dialogue_has_begun(&step->dialogue))) {
        return 0;
    }
    const int cancel = cancel_number(step->conduct.cancel);
    if (dialogue_has_begun(&step->dialogue) && step->set->foreign == NULL) {
        (void)document_out_write(step->dialogue.document, folder->dir_fd, DOCUMENT_FINAL,
                                 step->conduct.bcd_out, cancel == 0, NULL);
    }
    return cancel;
}

/* plan: of the last pass; NULL: there is none. Whoever was asked is told the end, if the run never
 * began. */
static void step_close(struct step *step, const struct plan *plan, vsr_code rc)
{
    if (plan != NULL && dialogue_has_begun(&step->dialogue)) {
        (void)dialogue_end(&step->dialogue, plan, NULL, NULL);
    }
    asking_end(&step->asking, &step->dialogue,
               rc == VSR_ERR_CANCELLED ? step_cancelled_by(step) : 0);
    dialogue_close(&step->dialogue);
}

vsr_code step_carry_out(struct step *step, struct report *report, bool *begun,
                        const struct plan_choices *choices, vsr_error *error)
{
    struct plan *plan = NULL;
    vsr_code rc = step_plan(step, &plan, choices, error);
    if (rc == VSR_OK) {
        rc = step_copy(step, report, begun, plan, NULL, error);
    }
    step_close(step, plan, rc);
    plan_free(plan);
    return rc;
}

vsr_code step_run(struct report *report, bool *begun, const struct media_set *set,
                  const struct documents *documents, const struct plan_choices *choices,
                  const struct step_options *options, vsr_error *error)
{
    struct step step = step_of(set, documents, options);
    *begun = false;
    const vsr_code rc = step_open(&step, choices, error);
    return rc == VSR_OK ? step_carry_out(&step, report, begun, choices, error) : rc;
}

/* Services of a plan that was made before: stopped first, then every question is asked again. */
static vsr_code plan_ask_again(struct step *step, const struct plan *plan, enum refusal *refusals,
                               vsr_error *error)
{
    vsr_code rc = step_show_asking(step, plan, error);
    struct plan *now = NULL;
    if (rc == VSR_OK) {
        const uint64_t began_ns = clock_monotonic_ns();
        dialogue_stop(&step->dialogue, plan);
        step->conduct.asked_ns += clock_monotonic_ns() - began_ns;
        const struct plan_step in = {.said = step->dialogue.said,
                                     .registry = step->conduct.pending_registry};
        rc = conduct_check_cancel(&step->conduct, error);
        rc = rc != VSR_OK
                 ? rc
                 : plan_now_stale(plan, step->set, step->documents, &in, refusals, &now, error);
    }
    plan_free(now);
    return rc;
}

vsr_code step_carry_out_plan(struct step *step, struct report *report, bool *begun,
                             const struct plan *plan, const enum refusal *refusals,
                             vsr_error *error)
{
    const bool due = dialogue_is_due(&step->dialogue, plan);
    enum refusal *now = heap_alloc(plan->unit_count, sizeof *now);
    vsr_code rc = due ? plan_ask_again(step, plan, now, error) : VSR_OK;
    if (rc == VSR_OK) {
        rc = step_copy(step, report, begun, plan, due ? now : refusals, error);
    }
    step_close(step, plan, rc);
    free(now);
    return rc;
}

vsr_code step_run_plan(struct report *report, bool *begun, const struct media_set *set,
                       const struct documents *documents, const struct plan *plan,
                       const enum refusal *refusals, const struct step_options *options,
                       vsr_error *error)
{
    struct arena arena = {0};
    struct plan_choices choices;
    struct step step = step_of(set, documents, options);
    *begun = false;
    vsr_code rc = plan_replay(&arena, plan, &choices, error);
    if (rc == VSR_OK) {
        rc = step_open(&step, &choices, error);
    }
    if (rc == VSR_OK) {
        step.conduct.of_plan = true;
        rc = step_carry_out_plan(&step, report, begun, plan, refusals, error);
    }
    arena_free(&arena);
    return rc;
}
