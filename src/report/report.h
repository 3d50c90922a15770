/* report.h - folding the rows of a run into statuses, totals and one verdict.
 *
 * Every planned file has exactly one row; a unit's status follows from its rows and from what is
 * left on disk (rules 9.1-9.3), the exit code from the statuses (contract, section 7). Pure but
 * for what it is told; one thread. */
#ifndef REPORT_REPORT_H
#define REPORT_REPORT_H

#include "base/arena.h"
#include "plan/outcome.h"
#include "plan/plan.h"
#include "report/verdict.h"

struct report_unit {
    uint8_t writer_id[16], instance_id[16];
    enum vss_restore_status status; /* NONE, ALL or FAILED */
    enum plan_verdict verdict;
    bool has_files;       /* not folders alone: then its verdict says nothing of a place */
    bool whole;           /* all that was planned for it; a part of it alone is not ALL (18) */
    enum refusal refusal; /* why it was not begun, or REFUSAL_NONE */
    vsr_code cause;       /* MEDIA ... when a row says why it is not ALL; else OK */
    struct view detail;   /* a sentence, or absent */
    struct view rule;     /* of the rules, that decided its place: "6.6/2"; or absent */
};

/* What people have to do now (rules, section 11), of a unit that was restored or wants a hand. */
struct report_to_do {
    uint32_t unit;
    struct view text;
};

/* A mapped volume that was written to. */
struct report_destination {
    struct view dir;        /* where it stands on this machine */
    const char *write_mode; /* static: how large files were written there */
};

enum { REPORT_FAILURES_MAX = 20 }; /* named on the screen */

struct report {
    struct arena arena;
    struct view run_dir;
    struct report_unit *units;
    struct view *unit_writers, *unit_paths,
        *unit_components; /* copies: a report outlives its plan */
    uint32_t unit_count;
    struct view *failures;  /* the first files that failed of themselves: "path: why" */
    uint32_t failure_count; /* how many are kept; report.jsonl has all */
    struct report_to_do *to_dos;
    uint32_t to_do_count;
    struct report_destination *destinations;
    uint32_t destination_count;
    uint64_t restored, skipped, failed, not_started, bytes;
    bool discarded; /* the null sink: nothing was restored, nothing written */
    uint64_t verified_files, verified_bytes; /* then; they count as not started */
    uint64_t units_all, units_none, units_failed;
    uint64_t losses;
    uint64_t warnings; /* policy skips and partial selections: exit 1 when all else is well */
    uint64_t elapsed_ns;
    struct view *notes; /* what was said beside the files: by writers, of services; heap */
    size_t note_count, note_capacity;
    struct view told; /* the summary as it was written when the run ended; absent: it ends now */
    struct view profile, profile_table; /* as JSON; for people; absent: not measured */
    bool profile_shown;                 /* in the summary */
    struct verdict_facts facts;         /* what exit_code follows from */
    bool live_tree;       /* --tree live; else methods 5 and 6 were carried out at once (8.2) */
    bool pending_reboot;  /* something is staged for the next boot */
    bool reboot_required; /* that, or a writer says so (rules 8.7); live trees alone */
    uint32_t pending_folders, pending_registered; /* that hold it; that are found when booting */
    int signal_number;                            /* that ended the run, or 0 */
    int exit_code;
};

/* What the conduct of the run knows beyond the rows. */
struct report_input {
    const struct plan *plan;
    const struct media_set *set;    /* for the paths of what failed; NULL: none are kept */
    const struct outcome_row *rows; /* plan->file_count */
    const uint64_t *residue;        /* for each unit: what could not be taken back */
    const enum refusal *refusals;   /* for each unit: refused since it was planned; may be NULL */
    const struct view *details; /* for each unit: the sentence to that, or absent; may be NULL */
    bool discarded;             /* no unit is ALL, whatever its rows are */
    uint64_t verified_files, verified_bytes;
    const struct report_destination *destinations;
    uint32_t destination_count;
    uint64_t losses;
    uint64_t elapsed_ns;
    uint32_t pending_folders, pending_registered;
    int signal_number;
    vsr_code run_failed; /* what stopped the run as a whole, or OK */
};

/* Fold. *out is freed by report_free(). */
void report_fold(struct report *out, const struct report_input *input, struct view run_dir);
void report_free(struct report *report);

/* Add a sentence. is_loss: the exit code says so, when nothing worse does (ruling 34). */
void report_note(struct report *report, struct view text, bool is_loss);

/* Something failed behind what was folded: the exit code says so, unless something worse came
 * first. */
void report_fail(struct report *report, vsr_code code);

/* It ended before: this summary, copied, and this exit code are its. */
void report_take_told(struct report *report, struct view summary, int exit_code);

/* Where the run's time went: a JSON object and a table, copied. shown: the summary has the
 * object. */
void report_take_profile(struct report *report, struct view object, struct view table, bool shown);

/* One line of report.jsonl (contract, section 5). Added to out. */
void report_render_row(const struct plan *plan, const struct media_set *set, uint32_t file,
                       const struct outcome_row *row, struct buffer *out);
/* The `summary` line. */
void report_render_summary(const struct report *report, struct buffer *out);
/* For people: the verdict first, then what is not ALL, then the totals. */
void report_render_text(const struct report *report, struct buffer *out);
/* Where the time went, for people: how each volume was written, and the table. */
void report_render_profile(const struct report *report, struct buffer *out);

#endif
