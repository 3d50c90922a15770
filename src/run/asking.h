/* asking.h - the run folder while writers and services are asked, before the plan that is carried
 * out can be made.
 *
 * It is shown before the first of them is asked, with the plan of the first pass, and its journal
 * says who is about to be asked or stopped before that happens. So a process that is killed then
 * leaves a folder by which `resume` tells everybody the end, starts what had been stopped, and
 * begins the run anew (run/step_anew.c). The folder of the run itself takes its place in one step.
 * Control thread. */
#ifndef RUN_ASKING_H
#define RUN_ASKING_H

#include "run/conduct.h"
#include "run/journal.h"
#include "run/run_folder.h"

struct asking {
    struct run_folder folder; /* dir_fd -1: there is none, or the run's own has taken its place */
    struct journal journal;
    uint64_t rows_check; /* of its rows, which nobody writes */
};

/* Show it, for this plan of the first pass. Errors: those of run_folder_begin(). */
vsr_code asking_begin(struct asking *out, const struct conduct_options *options,
                      const struct dialogue *dialogue, const struct plan *plan,
                      const struct media_set *set, vsr_error *error);

/* What dialogue_options.on_asking wants; context: struct asking. */
vsr_code asking_note(void *context, uint32_t writer, const char *service, vsr_error *error);

/* What dialogue_options.on_not_stopped wants; context: struct asking. If it cannot be written down,
 * whoever goes on with the run starts the service, as one whose answer nobody has. */
void asking_strike(void *context, const char *service);

/* The same of services alone that are stopped once the copy has begun; context: struct journal. */
vsr_code asking_note_service(void *context, uint32_t writer, const char *service, vsr_error *error);
void asking_strike_service(void *context, const char *service);

/* Write down, in one, that this is a run that asks (BEGUN) or that everybody was told the end
 * (TOLD), and who is owed the end all the same: was not told, or did not take it. dialogue NULL:
 * nobody. */
vsr_code asking_debts(struct journal *journal, enum journal_asked first,
                      const struct dialogue *dialogue, vsr_error *error);

/* Everybody has been told: it goes, if it is still there; one that another process began stays, and
 * says so. So does one of a run that was cancelled: signal, its number; or 0. */
void asking_end(struct asking *asking, const struct dialogue *dialogue, int signal);

#endif
