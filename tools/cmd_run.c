/* cmd_run.c - `vssrestore run`: plan, restore, report. */
#include "chain_rest.h"
#include "console.h"
#include "restore_end.h"
#include "verbs.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* One step: one set or saved plan, from opening it to its summary. A run is one step or, of a
 * chain, several. */
struct step {
    const struct call *call;
    vsr_chain *chain; /* NULL: the set that the saved plan names */
    size_t number;    /* in the chain */
    const char *keep; /* what is left of the chain, for `resume` */
    vsr_set *set;
    vsr_plan *plan;
    vsr_report *report;
};

static vsr_code step_load(struct step *step, vsr_error *error)
{
    char set_path[4096];
    vsr_code rc = vsr_plan_set_path(step->call->plan_file, set_path, sizeof set_path, error);
    if (rc == VSR_OK) {
        rc = vsr_set_open(&step->set, set_path, error);
    }
    if (rc == VSR_OK) {
        rc = vsr_plan_load(&step->plan, step->set, step->call->plan_file, error);
    }
    return rc == VSR_OK ? vsr_plan_refresh(step->plan, error) : rc;
}

static vsr_code step_move(struct step *step, vsr_error *error)
{
    const vsr_writers writers = writers_from(step->call);
    vsr_restore_options options = run_options_from(step->call);
    options.on_progress = console_progress;
    options.on_warning = console_warn;
    options.cancel = &restore_signal;
    options.writers = &writers;
    options.keep = step->keep;
    vsr_code rc = VSR_OK;
    if (step->plan != NULL) {
        rc = vsr_restore_run(&step->report, step->plan, &options, error);
    } else {
        vsr_choices choices = choices_from(step->call);
        choices.chain = step->chain;
        choices.chain_step = step->number;
        rc = vsr_restore_set(&step->report, step->set, &choices, &options, error);
    }
    return rc;
}

static void run_dir_add(struct text_list *run_dirs, const char *run_dir)
{
    char here[4096];
    char path[8192];
    if (run_dir[0] == '/' || getcwd(here, sizeof here) == NULL) {
        chain_rest_add(run_dirs, run_dir);
    } else {
        (void)snprintf(path, sizeof path, "%s/%s", here, run_dir);
        chain_rest_add(run_dirs, path);
    }
}

/* What comes after this step; NULL: it is of no chain. */
static char *step_rest(const struct call *call, const vsr_chain *chain, size_t number,
                       const struct chain_rest *so_far)
{
    char here[4096];
    if (vsr_chain_count(chain) == 1 || getcwd(here, sizeof here) == NULL) {
        return NULL;
    }
    struct chain_rest rest = {.step = number,
                              .steps = vsr_chain_count(chain),
                              .folder = here,
                              .run_dirs = so_far->run_dirs,
                              .codes = so_far->codes,
                              .words = call->words};
    (void)snprintf(rest.id, sizeof rest.id, "%s", so_far->id);
    return chain_rest_render(&rest);
}

/* A step of the chain, or the saved plan (chain NULL). Returns the exit code; *begun: it has run,
 * to whatever end. */
static int step_run(const struct call *call, vsr_chain *chain, size_t number,
                    struct chain_rest *so_far, bool *begun)
{
    vsr_error error = {0};
    char *keep = chain != NULL ? step_rest(call, chain, number, so_far) : NULL;
    struct step step = {.call = call, .chain = chain, .number = number, .keep = keep};
    vsr_code rc = chain == NULL ? step_load(&step, &error)
                                : vsr_set_open(&step.set, vsr_chain_path(chain, number), &error);
    if (rc == VSR_OK) {
        rc = step_move(&step, &error);
    }
    *begun = step.report != NULL;
    const int code =
        *begun ? restore_tell(call, step.report, rc, &error) : restore_fail(call, &error);
    if (*begun && chain != NULL) {
        vsr_chain_note(chain, number, step.report);
        run_dir_add(&so_far->run_dirs, vsr_report_run_dir(step.report));
        chain_rest_add_code(&so_far->codes, code);
    }
    free(keep);
    vsr_report_free(step.report);
    vsr_plan_free(step.plan);
    vsr_set_close(step.set);
    return code;
}

/* The order in which exit codes win over each other (contract, section 7): the smaller first. */
static int code_rank(int code)
{
    static const int ranks[] = {4, 3, 5, 1, 0}; /* behind a signal, a bug, and all causes */
    int rank = 3;
    if (code > 128) {
        return 0;
    }
    for (size_t i = 0; i < sizeof ranks / sizeof *ranks; i++) {
        if (ranks[i] == code) {
            return rank + (int)i;
        }
    }
    return code == 70 ? 1 : 2;
}

int chain_worst(const struct text_list *codes)
{
    int worst = 0;
    for (size_t i = 0; i < codes->count; i++) {
        const int code = (int)strtol(codes->items[i], NULL, 10);
        worst = code_rank(code) < code_rank(worst) ? code : worst;
    }
    return worst;
}

static void step_announce(const vsr_chain *chain, size_t number)
{
    const size_t count = vsr_chain_count(chain);
    if (count > 1) {
        console_step(number + 1, count, vsr_chain_path(chain, number));
    }
}

int chain_code_cut_short(size_t steps, int code)
{
    /* a signal that came when a step had ended changes nothing of it, but keeps others from it */
    const int told = restore_signal != 0 && steps > 0 ? 128 + restore_signal : 0;
    return code_rank(told) < code_rank(code) ? told : code;
}

int chain_tell_busy(const char *run_dir, int code)
{
    vsr_error error = {.code = VSR_ERR_RUN_BUSY};
    (void)snprintf(error.what, sizeof error.what,
                   "the chain of the run in %s is gone on with by another process", run_dir);
    const int busy = console_error(&error);
    return code_rank(busy) < code_rank(code) ? busy : code;
}

/* The chain stays this process's from step to step; false: it is another one's. */
static bool chain_keep(int *held, const struct chain_rest *so_far)
{
    const int next = chain_rest_hold(so_far->run_dirs.items[so_far->run_dirs.count - 1]);
    if (*held >= 0) {
        (void)close(*held);
    }
    *held = next;
    return next >= 0;
}

/* Step by step: one summary each, and the worst exit code (contract, ruling 33). Once a step
 * cannot begin, or the run is told to end, none of the later ones begins. */
static int chain_run(const struct call *call, vsr_chain *chain, struct chain_rest *so_far,
                     int *held)
{
    const size_t count = vsr_chain_count(chain);
    int worst = chain_worst(&so_far->codes);
    bool stopped = false;
    for (size_t i = so_far->run_dirs.count; i < count; i++) {
        bool begun = false;
        step_announce(chain, i);
        if (stopped) {
            console_say("not begun\n");
            restore_summary_without_run(worst);
            continue;
        }
        const int code = step_run(call, chain, i, so_far, &begun);
        worst = i == 0 || code_rank(code) < code_rank(worst) ? code : worst;
        stopped = !begun || restore_signal != 0 || restore_was_cut_short(code);
        if (stopped) {
            worst = chain_code_cut_short(count - i - 1, worst);
        } else if (i + 1 < count && !chain_keep(held, so_far)) {
            worst = chain_tell_busy(so_far->run_dirs.items[i], worst);
            stopped = true;
        }
    }
    return worst;
}

/* Options that go with one set alone. */
static bool chain_is_refused(const struct call *call, const vsr_chain *chain)
{
    const size_t count = vsr_chain_count(chain);
    if (call->run_dir != NULL || call->bcd_out != NULL) {
        (void)fprintf(stderr,
                      "vssrestore run: --run-dir and --bcd-out name one place, and these are %zu "
                      "sets (the named one and what it adds to), each with a run of its own\n",
                      count);
        return true;
    }
    if (call->sink == 2) {
        (void)fprintf(stderr,
                      "vssrestore run: --sink null restores nothing that a next set could add to, "
                      "and these are %zu sets (the named one and what it adds to)\n",
                      count);
        return true;
    }
    return false;
}

static vsr_code chain_open(vsr_chain **chain, const struct call *call, vsr_error *error)
{
    const vsr_chain_options options = {
        .size = sizeof options,
        .set_folders = call->sets.items,
        .set_folder_count = call->sets.count,
        .strict = call->strict_chain,
        .continues = call->after.count > 0,
        .on_warning = console_warn,
    };
    return vsr_chain_open(chain, call->positional.items, call->positional.count, &options, error);
}

/* The sets named, or the one named and what it adds to. */
int chain_run_from(const struct call *call, const struct chain_rest *from, int held)
{
    vsr_error error = {0};
    vsr_chain *chain = NULL;
    const vsr_choices choices = choices_from(call);
    vsr_code rc = chain_open(&chain, call, &error);
    if (rc == VSR_OK && vsr_chain_count(chain) > 1 && chain_is_refused(call, chain)) {
        vsr_chain_close(chain);
        restore_summary_without_run(EXIT_USAGE);
        return EXIT_USAGE; /* of `run` alone: nothing is held */
    }
    if (rc == VSR_OK) {
        const vsr_writers writers = writers_from(call);
        rc = vsr_chain_check(chain, &choices, &writers, &error);
    }
    struct chain_rest so_far = {0};
    (void)snprintf(so_far.id, sizeof so_far.id, "%s", from->id);
    for (size_t i = 0; i < from->run_dirs.count && rc == VSR_OK; i++) {
        vsr_chain_note_run(chain, i, from->run_dirs.items[i]);
        chain_rest_add(&so_far.run_dirs, from->run_dirs.items[i]);
        chain_rest_add(&so_far.codes, from->codes.items[i]);
    }
    const int code =
        rc == VSR_OK ? chain_run(call, chain, &so_far, &held) : restore_fail(call, &error);
    if (held >= 0) {
        (void)close(held);
    }
    chain_rest_free(&so_far);
    vsr_chain_close(chain);
    return code;
}

static int usage_tell(const char *sentence)
{
    (void)fprintf(stderr, "vssrestore run: %s\n", sentence);
    restore_summary_without_run(EXIT_USAGE);
    return EXIT_USAGE;
}

static int run_run(const struct call *call)
{
    if ((call->plan_file != NULL) == (call->positional.count > 0)) {
        return usage_tell("name either a SET or --plan FILE");
    }
    if (call->plan_file != NULL && text_is_stdio(call->plan_file)) {
        return usage_tell(PLAN_IS_STDIO);
    }
    if (call->plan_file != NULL && args_choose(call)) {
        return usage_tell("--plan FILE holds its own selection and places; give none beside it");
    }
    const int unfit = restore_prepare(call);
    if (unfit != 0) {
        return unfit;
    }
    bool begun = false;
    struct chain_rest none = {0};
    chain_rest_id(none.id);
    return call->plan_file != NULL ? step_run(call, NULL, 0, NULL, &begun)
                                   : chain_run_from(call, &none, -1);
}

static const struct arg_table *const tables[] = {
    &args_run,  &args_selection, &args_places, &args_engine,
    &args_pace, &args_events,    &args_common, NULL,
};

const struct verb verb_run = {
    .name = "run",
    .synopsis = "SET [SET ...] [selection] [places] | --plan FILE",
    .summary = "restore: read, verify and write every planned file, then report",
    .operands = "SET",
    .positional_max = SIZE_MAX,
    .has_events = true,
    .tables = tables,
    .run = run_run,
};
