/* journal_content.h - what the records of a run's journal come to: which units are done with, what
 * is known of places and staging folders, what was in the middle of being published.
 *
 * Pure: from a journal's bytes, each number in them held against the plan's counts before it is
 * used. Torn records at the end are passed over; a damaged one inside refuses the journal. */
#ifndef RUN_JOURNAL_CONTENT_H
#define RUN_JOURNAL_CONTENT_H

#include "base/arena.h"
#include "base/buffer.h"
#include "run/journal.h"

enum unit_fate { FATE_OPEN, FATE_PUBLISHED, FATE_FAILED };

struct content_unit {
    uint8_t fate;    /* enum unit_fate: of a commit */
    uint8_t refusal; /* enum refusal: since planning */
    uint8_t refusal_next;
    uint32_t epoch; /* of the commit; 0: on stable storage when it was written */
    bool same_boot; /* the commit was written since the system booted */
    bool stood;     /* it was PUBLISHED once, whether or not that counts still */
    uint64_t residue, residue_next;
    uint64_t rows_check, rows_check_next; /* of its rows, at its commit */
    bool rows_told, rows_told_next;       /* ... if the journal tells */
    bool published_next;
    struct view detail; /* of the refusal; absent: none */
    struct view detail_next;
};

struct journal_content {
    struct arena arena;
    struct journal_begin begin;
    struct buffer call;  /* JSON text */
    uint32_t sessions;   /* processes so far */
    struct uuid *tokens; /* of theirs */
    uint32_t token_count;
    size_t token_capacity;
    bool asking;     /* it ended while it asked (run/asking.h): these, who were not told the end */
    uint32_t *asked; /* writers, ascending, ... */
    uint32_t asked_count;
    size_t asked_capacity;
    struct view *stopped; /* ... and services, in the order in which they were stopped first: each
                             once; each may have heard of it */
    uint32_t stopped_count;
    size_t stopped_capacity;
    bool ready;                     /* one of them came as far as staging */
    struct stage_identity *folders; /* as of the last process that got ready, and new ones since */
    uint32_t folder_count;
    size_t folder_capacity;
    struct stage_place *places; /* by directory; the oldest record of each */
    uint32_t place_count;
    size_t place_capacity;
    struct stage_base *bases; /* by file; of the last process that got ready */
    uint32_t base_count;
    struct content_unit *units; /* of each unit of the plan */
    uint64_t *intents;          /* where those stand that no commit covers, in order */
    uint32_t intent_count;
    size_t intent_capacity;
    uint64_t *past; /* where those stand that an earlier process than the last one has taken back */
    uint32_t past_count;
    size_t past_capacity;
    bool ended; /* the last process was not killed: */
    struct journal_end end;
    uint64_t ended_at;   /* where the last process that was not killed says so; 0: none was */
    uint64_t rows_check; /* ... of all its rows; told false: it did not say */
    bool rows_told;
    uint64_t next_sequence;
    uint64_t good_bytes; /* of whole records */
    uint64_t torn_bytes; /* of an unfinished one behind them */
    /* while it is read */
    bool same_boot;
    char boot_id[40];
    uint8_t *placed;                     /* for each plan_directory: 1: it is among the places */
    struct stage_identity *folders_next; /* of the process in hand, for when it gets ready */
    uint32_t folder_next_count;
    size_t folder_next_capacity;
    struct stage_base *bases_next;
    uint32_t base_next_count;
    size_t base_next_capacity;
    uint32_t *committing; /* units of fates without a commit yet */
    uint32_t committing_count;
    size_t committing_capacity;
};

/* plan_xxh3: of the plan beside it. fd: of the file that bytes are, whose holes are passed over; or
 * -1. Errors: RUN_FOREIGN, naming path. *out is freed by the caller,
 * also when it failed. */
vsr_code journal_content_read(struct journal_content *out, struct view bytes, int fd,
                              const struct plan *plan, const uint8_t plan_xxh3[16],
                              const char *path, vsr_error *error);
void journal_content_free(struct journal_content *content);

/* The number in content->asked of a writer; MARK_NONE: he is not among them. */
uint32_t journal_content_asked_at(const struct journal_content *content, uint32_t writer);

/* An intent of content->intents, or of content->past, from the same bytes. */
struct publish_intent journal_content_intent(const struct journal_content *content,
                                             struct view bytes, uint32_t number);
struct publish_intent journal_content_past(const struct journal_content *content, struct view bytes,
                                           uint32_t number);

#endif
