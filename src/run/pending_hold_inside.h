/* pending_hold_inside.h - what a run holds for the next boot; for run/pending_hold.c and
 * run/pending_adopt.c alone. */
#ifndef RUN_PENDING_HOLD_INSIDE_H
#define RUN_PENDING_HOLD_INSIDE_H

#include "run/pending_hold.h"
#include "run/pending_journal.h"

enum { HOLD_NAME_BYTES = 17 };

/* The name of a plan_file in a pending folder. */
void hold_file_name(uint32_t file, char out[HOLD_NAME_BYTES]);

struct hold_part { /* of a unit, in one folder */
    uint32_t unit;
    uint64_t first_seq;
};

struct hold_folder {
    uint32_t top; /* plan_directory */
    struct pending_folder folder;
    struct pending_journal journal;
    struct pending_batch batch; /* of the unit that is being kept, if its part is the last */
    struct hold_part *parts;    /* of units that are kept */
    uint32_t part_count;
    size_t part_capacity;
    bool each; /* sync file by file */
};

struct hold_unit {
    uint64_t first_seq, end_seq; /* equal: nothing is kept */
    bool written;                /* some of its records may stand in a journal */
    bool sealed;
};

struct pending_hold {
    struct stage *stage;
    struct outcome_row *rows;
    struct publish_log log;
    struct pending_identity identity;
    const volatile int *cancel; /* or NULL */
    struct hold_folder *folders;
    uint32_t folder_count;
    size_t folder_capacity;
    struct hold_unit *units; /* of each unit of the plan */
    uint32_t *made_for;      /* for each plan_directory: 1 + the last unit with a record of it */
    uint64_t next_seq;
};

#endif
