/* conduct.h - a restore from start to end: run folder, staging, engine, publishing in the order
 * of groups as they end, statuses, report, document.
 *
 * Reads as the table of contents of a run. Runs on the caller's thread, which is the control
 * thread; the engine's workers are the only others. */
#ifndef RUN_CONDUCT_H
#define RUN_CONDUCT_H

#include "engine/engine.h"
#include "report/report.h"
#include "run/dialogue.h"

struct chain;      /* plan/chain.h */
struct resume;     /* run/resume.h */
struct run_folder; /* run/run_folder.h */

/* Files and bytes done are those that are settled, failed ones with them; no count ever falls. */
struct conduct_progress {
    uint64_t files_total, files_done, files_failed, bytes_total, bytes_done;
    uint32_t units_total, units_done;
    uint64_t elapsed_ns;
    bool paused;
    const char *unit;    /* in hand: "writer: path\\component"; NULL: none */
    const char *run_dir; /* the run folder */
    bool is_last;        /* nothing is left: done is total */
};

struct conduct_options {
    const char *run_dir;          /* NULL: ./vssrestore-run-<uuid> */
    struct uuid run;              /* its identity                  */
    const char *bcd_out;          /* NULL: in the run folder       */
    const char *own_file;         /* that the caller writes, or NULL */
    const char *pending_registry; /* of what is carried out while booting (run/pending_hold.h) */
    struct engine_options engine; /* discard: no document comes out, nobody plays (dialogue) */
    struct stage_options stage;   /* undo_fd is the run folder's: set by conduct_run() */
    enum durability durability;
    uint64_t throttle_bytes_per_s; /* to begin with; 0: no limit */
    uint64_t planned_ns, asked_ns; /* what went before the run: for the profile alone */
    bool salvage;                  /* keep what is readable of damaged files (run/salvage.h) */
    bool profile;                  /* the summary shows it; it is in the run folder always */
    const enum refusal *refusals;  /* units refused since the plan was made, or NULL */
    void (*on_progress)(void *context, const struct conduct_progress *progress);
    void *context;
    const volatile int *cancel; /* a signal's number, or 1; NULL: none */
    bool of_plan;               /* of a plan that was made before, or of choices ... */
    const struct chain *chain;  /* ... as a step of this, or NULL: for who begins it anew */
    uint32_t chain_step;
    struct view players;      /* a JSON object: kept for who goes on with the run; or absent */
    struct view keep;         /* a text of the caller's: ditto */
    struct run_folder *asked; /* this run's, from while it asked (run/asking.h); or NULL */
    struct resume *resume;    /* this goes on with a run: open, and prepared; or NULL */
};

/* What can refuse a run of a plan of the first pass, whatever places it ends with: memory, the run
 * folder, where the document goes, and that nothing is restored to these. Asked before anybody is
 * disturbed. */
vsr_code conduct_check(const struct conduct_options *options, const struct plan *plan,
                       const struct media_set *set, vsr_error *error);

/* CANCELLED when it is, before anything is written, by this process at least; else OK. What it
 * asked is to be begun anew. */
vsr_code conduct_check_cancel(const struct conduct_options *options, vsr_error *error);

/* Run. dialogue: open; what it owes to writers and services after the copy is said in here, unless
 * the run never began. *report is filled (report_free()) whenever the run had begun, *begun says
 * so. The call's own error is what stopped the run as a whole. */
vsr_code conduct_run(struct report *report, bool *begun, const struct plan *plan,
                     const struct media_set *set, struct dialogue *dialogue,
                     const struct conduct_options *options, vsr_error *error);

#endif
