/* run_profile.h - where a run's time went: the control thread's, phase by phase, beside that of
 * each worker (engine/profile.h).
 *
 * Each mark takes all the time since the mark before it, so that the parts add up to the run. What
 * comes after profile.json (the summary, the journal's end) is not in it. Control thread only. */
#ifndef RUN_RUN_PROFILE_H
#define RUN_RUN_PROFILE_H

#include "engine/profile.h"
#include "engine/slow_files.h"
#include "report/report.h"
#include "run/journal.h"
#include "run/timeline.h"

enum control_phase {
    CONTROL_PLAN,     /* both passes */
    CONTROL_ASK,      /* writers and services, before and after */
    CONTROL_FOLDER,   /* budget, run folder, journal */
    CONTROL_STAGE,    /* staging folders made, abilities probed, room looked for */
    CONTROL_START,    /* the engine's tables and claims; buffers and rings of the workers */
    CONTROL_WAIT,     /* for the workers */
    CONTROL_PUBLISH,  /* renames, metadata of folders, records of the journal */
    CONTROL_SYNC,     /* of what is published, and of the journal */
    CONTROL_CLOSE,    /* buffers and staging folders removed */
    CONTROL_ROWS,     /* statuses, report.jsonl */
    CONTROL_DOCUMENT, /* the Backup Components Document after the run */
    CONTROL_PHASE_COUNT
};

struct run_profile {
    uint64_t marked_ns;
    uint64_t ns[CONTROL_PHASE_COUNT];
    uint64_t count[CONTROL_PHASE_COUNT]; /* marks; of CONTROL_SYNC: syncs */
    uint64_t synced_ns, synced_count;    /* told already, of stage and journal */
    struct work_profile *workers;        /* heap; freed by the owner */
    uint32_t worker_count;
    struct timeline timeline;
    struct slow_list slowest;
};

/* planned_ns, asked_ns: what went before. */
void run_profile_begin(struct run_profile *profile, uint64_t planned_ns, uint64_t asked_ns);
void run_profile_mark(struct run_profile *profile, enum control_phase phase);
/* This phase less its syncs, which are CONTROL_SYNC's: as stage and journal count them. stage NULL:
 * there is none. */
void run_profile_mark_synced(struct run_profile *profile, enum control_phase phase,
                             const struct stage *stage, const struct journal *journal);

/* Into profile.json of the run folder, and into the report, for whoever asks it; shown: its summary
 * has it, without samples and slowest files. set: for their paths. Errors: DEST_*. */
vsr_code run_profile_tell(const struct run_profile *profile, const struct plan *plan,
                          const struct media_set *set, struct report *report, int dir_fd,
                          bool shown, vsr_error *error);

#endif
