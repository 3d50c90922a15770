/* resume.h - a run folder opened to go on with its run: what its journal says, held against what
 * stands at the destinations.
 *
 *     resume_open - [dialogue again, conduct_run() with it] - resume_close
 *
 * The folder is locked, its plan is the journal's, its owner is ours; then the parts of a run ask
 * here what is behind them: units that are done with, staged files that are kept, renames that go
 * back. Control thread.
 *
 * What a signal leaves. A run that SIGINT, SIGTERM or the control line ended finishes or takes back
 * the publishing that it was in, tells everybody, closes its journal - and leaves its staging
 * folders, as a kill does, for whoever goes on with it. The design first had them removed at every
 * end that was not a kill. Turned down, because:
 * - what was staged in hours is what a signal must not cost (a machine that is shut down for
 *   maintenance sends one), and what was interrupted is not lost;
 * - removing millions of files takes longer than the five seconds in which a signal ends a run, so
 *   that a second signal, or the kill that follows one, would leave half of it all the same;
 * - the contract has an interrupted run gone on with, and says nothing of how it was interrupted.
 * What it costs is room at the destination until then. The summary says so, and where; who does not
 * go on removes these folders by hand: after a signal they hold nothing but what was to come. We
 * would notice being wrong by people who find such folders and do not know whose they are: the run
 * folder's name, which they bear, would then not be enough. */
#ifndef RUN_RESUME_H
#define RUN_RESUME_H

#include "dest/stage.h"
#include "run/checkpoint.h"
#include "run/journal_content.h"
#include "run/run_call.h"
#include "run/run_folder.h"

struct resume {
    struct run_folder folder; /* until conduct_run() takes it */
    struct plan *plan;
    struct view journal; /* its bytes, mapped */
    struct journal_content content;
    struct run_call call;
    uint32_t kept; /* epoch of the last checkpoint, of resume_wait(); what none covers counts ... */
    enum checkpoint_syncs syncs; /* ... only if these are good */
    uint8_t *done;               /* for each unit: 1: its end is known */
    struct stage_known known;
    uint8_t *filled;       /* of known */
    uint8_t *bases_begun;  /* ditto */
    uint32_t *uncommitted; /* units whose commit counts no more, or that are tried again */
    uint32_t uncommitted_count;
    uint32_t rows_lost; /* units that are done with, and whose rows had rotted: made anew */
};

/* Open it. lock false: only to look. Errors: those of run_folder_adopt(), RUN_FOREIGN for a plan or
 * journal that is damaged or does not belong to the other. */
vsr_code resume_open(struct resume *out, const char *path, bool lock, vsr_error *error);

/* Locked, and to be gone on with: wait for syncs that an earlier process has left behind, then look
 * how they ended. Errors: CANCELLED, DEST_* (checkpoint_wait()). */
vsr_code resume_wait(struct resume *resume, const struct checkpoint_waiting *waiting,
                     vsr_error *error);
void resume_close(struct resume *resume);

/* Has the run ended, with nothing to go on with? */
bool resume_is_over(const struct resume *resume);

/* The set is known now: which units are done, and what staging has to know. */
void resume_prepare(struct resume *resume);

/* The journal has it, and staging folders may have it from now on: who lays staging out a second
 * time meets his own. */
void resume_know_token(struct resume *resume, const struct uuid *token);

/* The report of a run that is over, as it was told when it ended; with a note where its rows have
 * rotted. Errors: RUN_FOREIGN: its summary is not there. */
vsr_code resume_report(const struct resume *resume, struct report *report, vsr_error *error);

/* A power cut right behind the end of a run that is over can bring its staging folders back, with
 * the originals in them: say which stands at the top of a volume, where nobody needs it. */
void resume_warn_staging(const struct resume *resume,
                         void (*on_warning)(void *context, const char *sentence), void *context);

/* Staging is open and probed: take back what was in the middle, and once more what an earlier
 * process has taken back where a disk has lost that; folder: the run's, from whoever has
 * taken it. Units that cannot be, because somebody changed their places, fail: failed is called for
 * each file whose place it is, or for one of each unit with files in a new folder that is left as
 * it stands; rows of those that stand in it say so. Errors: DEST_*: something cannot go back that
 * nobody has changed, the first of it; then nothing may be begun that would forget the intents. */
struct resume_failure {
    uint32_t file;
    uint32_t tree;   /* plan_directory: that new folder's top, or MARK_NONE */
    uint32_t theirs; /* of a new folder: the file in it that tells so; MARK_NONE: none of it */
    int os_errno;
};
typedef void resume_failed(void *context, const struct resume_failure *failure);
vsr_code resume_take_back(const struct resume *resume, struct stage *stage,
                          const struct run_folder *folder, resume_failed *failed, void *context,
                          vsr_error *error);

#endif
