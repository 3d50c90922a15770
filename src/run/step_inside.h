/* step_inside.h - one restore, as the files that order it share it; for run/step*.c alone. */
#ifndef RUN_STEP_INSIDE_H
#define RUN_STEP_INSIDE_H

#include "run/asking.h"
#include "run/step.h"

struct step {
    const struct media_set *set;
    const struct documents *documents;
    const struct step_options *options;
    struct conduct_options conduct;
    struct dialogue dialogue;
    struct asking asking;
    char run_dir[2 * RUN_FOLDER_PATH_MAX];
};

/* Nothing is open yet; nothing to give back. */
struct step step_of(const struct media_set *set, const struct documents *documents,
                    const struct step_options *options);

/* Its options, and its name: that of step->asking, if that is open. Errors: USAGE. */
vsr_code step_name(struct step *step, vsr_error *error);
/* Its dialogue: nobody has been asked, or, of one that goes on, those of recall. Errors: those of
 * dialogue_reopen(). */
vsr_code step_open_dialogue(struct step *step, const struct plan_choices *choices,
                            const struct dialogue_recall *recall, vsr_error *error);

/* What is open, from its plan to its end; then it is closed. As step_run(), step_run_plan(). */
vsr_code step_carry_out(struct step *step, struct report *report, bool *begun,
                        const struct plan_choices *choices, vsr_error *error);
vsr_code step_carry_out_plan(struct step *step, struct report *report, bool *begun,
                             const struct plan *plan, const enum refusal *refusals,
                             vsr_error *error);

/* Go on with a run that was ended while it asked, as step_resume(). choices: the plan's. */
vsr_code step_begin_anew(struct report *report, bool *begun, struct resume *resume,
                         const struct media_set *set, const struct documents *documents,
                         const struct plan_choices *choices, const struct step_options *options,
                         vsr_error *error);

#endif
