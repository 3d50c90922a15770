/* dialogue.h - what is said between a restore and the writers and services: who takes part, in
 * which order, what their answers mean (rules 3, 9.5, 9.7, 2.11; contract, section 9).
 *
 *     open - pre_restore - stop - [plan again, copy] - end
 *
 * PreRestore < stop < copy < start < PostRestore for method 3, PostRestore < stop < start for
 * method 8 (T46). Whoever was asked in PreRestore is told in PostRestore, and what was stopped is
 * started again, whatever happened between (T45, T66). Who plays them is behind
 * struct writer_calls; nobody: all of it is silent but for the document. Control thread. */
#ifndef RUN_DIALOGUE_H
#define RUN_DIALOGUE_H

#include "plan/plan.h"
#include "run/document_out.h"
#include "run/writer_calls.h"

struct dialogue_options {
    const struct documents *documents; /* as loaded */
    const struct plan_choices *choices;
    const struct writer_calls *calls; /* NULL: nobody plays */
    const char *run_dir;              /* as it will be called; absolute, for those who play */
    /* Once it is raised nobody else is asked or stopped, and a failure in PreRestore is no veto:
     * the run must not go on to its copy. Or NULL. */
    const volatile int *cancel;
    /* Before a writer is asked in PreRestore, or (service not NULL) a service is stopped; what
     * fails then is not done. Or NULL. */
    vsr_code (*on_asking)(void *context, uint32_t writer, const char *service, vsr_error *error);
    /* A service of which on_asking heard was not stopped, by its answer, and is not to be started
     * either (Q18); or it is started already. Or NULL. */
    void (*on_not_stopped)(void *context, const char *service);
    void *asking_context; /* of both */
    /* A sentence for people, when it happens; or NULL. */
    void (*on_warning)(void *context, const char *sentence);
    void *context;
};

struct dialogue_writer { /* of each of bcd.writers */
    bool played;         /* somebody plays it */
    bool asked;          /* PreRestore was sent: PostRestore is owed */
    bool failed;         /* ... and it failed (state 13) */
    bool told;           /* PostRestore was taken */
};

struct dialogue_service { /* that method 3 asks to stop */
    struct view name;
    bool stopped; /* by us, and not started again yet (Q18) */
    bool again;   /* by this process alone, which goes on with a run */
};

struct dialogue_note {
    struct view text;
    bool is_loss; /* exit 1 when all else is well (ruling 34) */
};

struct dialogue {
    struct arena arena;
    struct dialogue_options options;
    struct document_out *document;
    struct documents documents; /* as loaded, with what the writers wrote: for the second pass */
    struct plan_said *said;     /* for each of bcd.writers */
    struct dialogue_writer *writers;
    struct dialogue_service *services;
    uint32_t service_count;
    struct dialogue_note *notes; /* heap */
    size_t note_count, note_capacity;
    bool ended;
};

/* What an earlier process of the run left: whom it asked, what it stopped and said, and the
 * document between PreRestore and the copy. Borrowed. */
struct dialogue_recall {
    const uint32_t *asked, *failed; /* of bcd.writers */
    uint32_t asked_count, failed_count;
    struct dialogue_recalled_service {
        const char *name;
        bool stopped; /* by it, and not started again */
    } * services;
    uint32_t service_count;
    const struct dialogue_note *notes;
    uint32_t note_count;
    struct view document; /* as it was saved (dialogue_save()); absent: nobody was asked */
};

vsr_code dialogue_open(struct dialogue *out, const struct dialogue_options *options,
                       vsr_error *error);
/* The same for a run that goes on. Errors: also RUN_FOREIGN: it does not fit the documents; USAGE:
 * somebody has to be told the end, and nobody plays him. */
vsr_code dialogue_reopen(struct dialogue *out, const struct dialogue_options *options,
                         const struct dialogue_recall *recall, vsr_error *error);
void dialogue_close(struct dialogue *dialogue);

/* Will anybody be asked before the copy? If so, what can refuse the run is to be looked at first,
 * and places are to be decided again afterwards (rules 2.6). */
bool dialogue_is_due(const struct dialogue *dialogue, const struct plan *plan);
/* Was anybody? Then a cancelled restore goes on to its end in order (rules 2.11). */
bool dialogue_has_begun(const struct dialogue *dialogue);

/* PreRestore to every writer that somebody plays and of which a unit can be restored; then
 * dialogue->documents and dialogue->said hold what came of it. plan: of the first pass. */
vsr_code dialogue_pre_restore(struct dialogue *dialogue, const struct plan *plan, vsr_error *error);
/* Stop the services that units of method 3 ask for, on a live tree. */
void dialogue_stop(struct dialogue *dialogue, const struct plan *plan);

/* Of a run that goes on: services that a unit which is not done with asks for are stopped again;
 * some may run, since the system has booted or the run was ended by a signal. Errors:
 * DEST_PERMISSION, one does not stop: what is at its places may be half of something. */
vsr_code dialogue_stop_again(struct dialogue *dialogue, const struct plan *plan,
                             const uint8_t *done, vsr_error *error);
/* It does not go on after all: what was stopped by that alone is started. */
void dialogue_give_up(struct dialogue *dialogue);

/* Does a writer that somebody plays, or a service, wait for this unit? Such units are published
 * alone. */
bool dialogue_waits(const struct dialogue *dialogue, const struct plan_unit *unit);

/* Save the document as it stands between PreRestore and the copy (rules 2.8), if anybody was
 * asked. */
vsr_code dialogue_save(const struct dialogue *dialogue, int dir_fd, vsr_error *error);

/* Statuses into the document, start, PostRestore, service cycles, in this order. report: NULL when
 * the run never began; else it gets the notes. Once; later calls do nothing. Errors are of the
 * document alone: whoever plays has been told all the same. */
vsr_code dialogue_end(struct dialogue *dialogue, const struct plan *plan, struct report *report,
                      vsr_error *error);

#endif
