/* conduct_inside.h - one run, as the files that conduct it share it; for run/conduct*.c alone. */
#ifndef RUN_CONDUCT_INSIDE_H
#define RUN_CONDUCT_INSIDE_H

#include "base/cancel.h"
#include "base/clock.h"
#include "run/checkpoint.h"
#include "run/conduct.h"
#include "run/control.h"
#include "run/held.h"
#include "run/journal.h"
#include "run/pending_hold.h"
#include "run/resume.h"
#include "run/run_folder.h"
#include "run/run_profile.h"
#include "run/salvage.h"
#include "run/turns.h"
#include "run/unit_states.h"

#include <signal.h>

struct conduct {
    const struct plan *plan;
    const struct media_set *set;
    struct dialogue *dialogue;
    const struct conduct_options *options;
    struct run_folder folder;
    bool anew; /* it stands for one of an earlier process that asked, and stays whatever comes */
    struct journal journal;
    struct marks marks;
    const uint8_t *done; /* for each unit, 1: an earlier process did it; NULL: this is the first */
    uint8_t *whole;      /* for each file, 1: an earlier process staged it; or NULL */
    uint64_t losses_before; /* of what earlier processes did, as far as rows tell */
    struct checkpoint checkpoint;
    struct machine_facts machine;
    struct budget budget;
    struct stage *stage;
    struct engine *engine;
    struct pace pace;
    uint64_t pace_bytes_per_s; /* that it was told */
    struct control control;
    struct pending_hold *hold; /* what waits for the next boot; NULL: no stage */
    struct pending_held held;
    struct unit_states units;
    struct turns turns;
    uint32_t *waiting; /* groups that are staged and not published yet */
    uint32_t waiting_count;
    uint64_t waiting_bytes;
    uint64_t waiting_since_ns;
    struct meta_loss losses;
    struct engine_progress moved;        /* so far; after the engine's end, all of it */
    uint64_t before_files, before_bytes; /* settled before it began */
    struct run_profile profile;
    struct verified_sum verified;            /* of a discarding run */
    struct report_destination *destinations; /* heap */
    uint32_t destination_count;
    struct buffer unsynced; /* volumes with what is restored and not durable; for people */
    struct salvage_told salvaged;
    struct buffer left; /* staging folders of what was refused since, that stay; for people */
    struct buffer kept; /* where originals stand that could not be put back; for people */
    int stopped_by;     /* the signal that stopped the engine before it was done, or 0 */
    bool unnoted;       /* the last sync was not made: it could not be noted */
    bool note_failed;   /* that one, or any before */
    bool cut_short;     /* it came before a run that goes on began to move, or at its end */
    uint32_t units_done;
    uint8_t *ended;    /* for each unit, 1: the engine is done with it; heap, NULL: not begun */
    uint32_t unit_now; /* the first that has not ended */
    struct buffer unit_name; /* of unit_now, with a NUL; or empty */
    uint64_t began_ns;
};

static inline bool conduct_cancelled(const struct conduct *c)
{
    return cancel_number(c->options->cancel) != 0 || c->control.wishes.cancelled;
}

/* As what it was cancelled; by the control line: as if SIGTERM had come. */
static inline int conduct_cancel_number(const struct conduct *c)
{
    const int number = cancel_number(c->options->cancel);
    return number != 0 ? number : SIGTERM;
}

/* The signal that ended the run, or 0. One that came when the last unit had been published ended
 * nothing: the exit code is then that of the outcome (contract, section 7). */
static inline int conduct_signal(const struct conduct *c)
{
    return c->cut_short || unit_states_cut_short(&c->units) ? c->stopped_by : 0;
}

/* Look at the machine, and settle every number of the run. */
vsr_code conduct_budget(struct conduct *c, vsr_error *error);

/* Can the document be written where it is to go, and is nothing restored there, to the caller's own
 * file, or into the run folder? */
vsr_code conduct_check_places(const struct conduct_options *options, const struct plan *plan,
                              const struct media_set *set, vsr_error *error);

/* Progress, to whoever wants it, and into the profile. is_last: the run has ended, and nothing cut
 * it short: whatever was planned is settled. */
void conduct_tell(struct conduct *c, bool is_last);

/* --- a run that goes on (run/conduct_resume.c) --- */

/* The folder of the process before, and what it knew of each unit. */
vsr_code conduct_go_on(struct conduct *c, vsr_error *error);

/* What was in the middle goes back, and is synced, as is what was committed and not synced yet; of
 * a first run, nothing. What somebody has changed, so that it could not go back, is in *back, whose
 * lists the caller frees. Errors: DEST_*, CANCELLED: something else could not go back, or could not
 * be synced; then the intents must stay. */
struct took_back {
    struct conduct *c;
    struct journal_fate *failed;
    uint32_t count;
    size_t capacity;
    struct resume_failure *files; /* what is not among them yet */
    uint32_t file_count;
    size_t file_capacity;
    bool stays; /* something did not go back, or is not synced: no unit may be told an end */
};
vsr_code conduct_take_back(struct conduct *c, struct took_back *back, vsr_error *error);
/* No room to go on: what was in the middle goes back all the same, so that no places are half old
 * and half new meanwhile. It is said, and written down, by who comes when there is room. Errors:
 * DEST_FULL, as *error says already; else why something could not go back: then back->stays. */
vsr_code conduct_take_back_full(struct conduct *c, struct took_back *back, vsr_error *error);

/* Is something committed that no sync has covered yet? */
bool conduct_owes_sync(const struct conduct *c);

/* What is staged already, what waits for the next boot, and what it cost in metadata. */
vsr_code conduct_hold(struct conduct *c, vsr_error *error);

/* --- moving --- */

/* The engine stages, groups are published as they end, in their turns; then rows are settled. */
vsr_code conduct_move(struct conduct *c, vsr_error *error);
/* The null sink: the engine reads, decodes and verifies; nothing else happens. */
vsr_code conduct_discard(struct conduct *c, vsr_error *error);

/* Fold, write rows, tell the writers, write document and summary; the journal's end record is the
 * last word. moved: how moving ended. */
vsr_code conduct_account(struct conduct *c, struct report *report, vsr_code moved,
                         vsr_error *error);

#endif
