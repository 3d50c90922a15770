/* unit_states.h - what becomes of each unit, from what its files' rows say.
 *
 * Between the engine, which fills rows, and the report, which folds them. Control thread only. */
#ifndef RUN_UNIT_STATES_H
#define RUN_UNIT_STATES_H

#include "dest/publish.h"
#include "run/space.h"

struct unit_states {
    const struct plan *plan;
    const struct media_set *set;
    struct outcome_row *rows;      /* of each file of the plan; the run folder's */
    enum unit_state *states;       /* of each unit; owned, as are the others     */
    uint64_t *residue;             /* of each unit: places that hold what they should not */
    uint64_t unsynced;             /* of all residue: restored, and not durable */
    uint8_t *stood;                /* of each: 1: it was published, and that counts no more */
    struct space_refusals refused; /* since the plan was made */
    struct arena arena;            /* of details   */
};

/* refusals: of each unit since planning, copied; NULL: none. Rows come with the run folder. */
void unit_states_init(struct unit_states *out, const struct plan *plan, const struct media_set *set,
                      const enum refusal *refusals);
void unit_states_fini(struct unit_states *units);

/* What an earlier process of the run knew of a unit: refused, or at its end. */
void unit_states_recall(struct unit_states *units, uint32_t unit, enum refusal refusal,
                        struct view detail);
void unit_states_recall_end(struct unit_states *units, uint32_t unit, bool published,
                            uint64_t residue);

/* An earlier process had published it, and removed what stood there before, which counts no more:
 * it is done again, and if it does not come so far, its places are not as they were. */
void unit_states_recall_stood(struct unit_states *units, uint32_t unit);

/* At the end, for the report: units that stood, and are not published now, have residue. How many
 * there are. */
uint32_t unit_states_count_stood(struct unit_states *units);

/* By the plan or since. */
bool unit_is_refused(const struct unit_states *units, uint32_t unit);

/* Refuse units of which a file that ranges go into vanished, came or was changed since the plan was
 * made (T03): it is as if the plan had met it so. */
void unit_states_take_bases(struct unit_states *units, const struct stage *stage);

/* Staging met a folder that vanished since the plan was made: refuse the units that need it, but
 * none that is done with (1 for each; NULL: none is). False: there is none now. */
bool unit_states_take_folders(struct unit_states *units, const uint8_t *done);

/* Rows of units refused since planning say so from the start. For each file of the plan, 1: the
 * engine skips it; heap. done: for each unit, 1: its rows are what they are; NULL: none. */
uint8_t *unit_states_skip(struct unit_states *units, const uint8_t *done);

/* The engine is done with the unit: it is STAGED when each of its rows is whole, those of files
 * that it shares too (rulings 8 and 28), else FAILED. */
void unit_take_rows(struct unit_states *units, uint32_t unit);

/* After the last commit: what was staged of units that were never published is withdrawn;
 * cancelled: what was not begun was cancelled. A unit that stopped because a file came or was
 * changed meanwhile says so by name (T03): the plan is not changed for it, also where a mapping
 * would have been a way round. */
void unit_states_settle(struct unit_states *units, bool cancelled);

/* Of a discarding run, instead: its rows say what was verified, which is counted and then told as
 * not started, because nothing was; units without a cancelled file are done with. */
struct verified_sum {
    uint64_t files, bytes;
};
void unit_states_discard(struct unit_states *units, bool cancelled, struct verified_sum *verified);

/* The final sync of a mount failed: what is published there is not durable, and is never reported
 * as whole. The files stand at their places, which is residue (rules 9.3). False: there is none. */
bool unit_states_not_durable(struct unit_states *units, const struct stage *stage, uint32_t mount,
                             int os_errno);
/* That report was made: rows are again as they were when their units committed, for whoever makes
 * that sync. */
void unit_states_as_committed(struct unit_states *units);

/* Was a unit that has files, and is not refused, left staged? */
bool unit_states_cut_short(const struct unit_states *units);

/* A file could not be taken back to where it was before an earlier process ended: its unit fails,
 * and what stands at its places stays. Its other files are WITHDRAWN. */
void unit_states_fail(struct unit_states *units, uint32_t file, int os_errno);
/* It fails since another one's files stand in the way of that: all of it is WITHDRAWN. */
void unit_states_fail_whole(struct unit_states *units, uint32_t unit);

/* Is there a unit with space to wait for, so that it may be tried again? */
bool unit_states_lack_space(const struct unit_states *units);

/* Is something of ours left at a place, or an original in staging alone? Of what was published, and
 * is not durable, nothing is in staging. */
bool unit_states_residue(const struct unit_states *units);

#endif
