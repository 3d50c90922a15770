/* pending_journal.h - the journal of a pending folder: what is to be moved, for which unit, and
 * what became of it (rules 8.5).
 *
 * Append-only, in the frame of the run's journal: a checksum and a number for each record, so
 * that a torn tail is told from damage inside. A unit's records count once a record that names
 * the unit stands behind them. Control thread only; locked (flock) while it is open. */
#ifndef RUN_PENDING_JOURNAL_H
#define RUN_PENDING_JOURNAL_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/hash_map.h"
#include "dest/pending.h"

#define PENDING_JOURNAL "journal" /* its name in the folder */

struct pending_journal { /* open for appending */
    int fd;
    uint64_t sequence;
    uint64_t good_bytes; /* of whole records, on stable storage */
    bool broken;         /* what stands behind good_bytes could not be taken away */
};

enum pending_state { PENDING_WAITING, PENDING_DONE, PENDING_FAILED };

struct pending_identity {
    struct uuid run, set;
    int64_t created_s; /* so that runs are carried out in their order */
    uint32_t created_ns;
};

struct pending_unit {   /* what makes its records count */
    uint64_t first_seq; /* of its records in this journal, which stand together */
    uint32_t unit;      /* of the run's plan; its names are for people */
    struct view writer, logical_path, component;
};

struct pending_drop { /* of a unit's records up to here */
    uint32_t unit, item_count;
};

struct pending_item {
    struct pending_record record;
    bool counts;  /* its unit's record stands behind it */
    bool dropped; /* its unit failed, or was cut short: it never will */
    enum pending_state state;
    bool found;        /* done already, which is not written down yet */
    int os_errno;      /* why it failed last */
    uint32_t told_end; /* while it is read: its unit's record begins here, and was said of these */
};

/* What a journal says. Texts stand in the arena. */
struct pending_content {
    struct arena arena;
    struct pending_identity identity;
    struct pending_item *items; /* in the order of seq */
    uint32_t item_count;
    size_t item_capacity;
    struct pending_unit *units;
    uint32_t unit_count;
    size_t unit_capacity;
    struct hash_map unit_of;    /* unit -> units */
    struct pending_drop *drops; /* in the order of their units */
    uint32_t drop_count;
    size_t drop_capacity;
    uint64_t torn_bytes; /* of an unfinished write at its end */
};

/* Make the journal of a new folder, locked; the caller syncs what it stands on before anything else
 * is put into the folder. 0 or errno; so for all below. */
int pending_journal_make(struct pending_journal *out, const struct pending_folder *folder,
                         const struct pending_identity *identity);

/* Records to be appended to a journal, together or not at all. */
struct pending_batch {
    uint64_t sequence;
    struct buffer bytes;
};
struct pending_batch pending_batch_begin(const struct pending_journal *journal);
void pending_batch_record(struct pending_batch *batch, const struct pending_record *record);
void pending_batch_unit(struct pending_batch *batch, const struct pending_unit *unit);
void pending_batch_drop(struct pending_batch *batch, uint32_t unit);
void pending_batch_state(struct pending_batch *batch, uint64_t seq, enum pending_state state,
                         int os_errno);
/* Append and sync; on failure nothing of the batch is left. Nothing else may have been written
 * since pending_batch_begin(). Frees the batch's bytes. */
int pending_batch_write(struct pending_batch *batch, struct pending_journal *journal);

/* Open a folder's journal; to_change: for appending, locked, a torn tail cut off. Errors: RUN_BUSY
 * (locked: its run or another call is at work), RUN_FOREIGN (damaged inside, or none), DEST_*.
 * path: the folder's, for messages. */
vsr_code pending_journal_open(struct pending_journal *out, struct pending_content *content,
                              const struct pending_folder *folder, const char *path, bool to_change,
                              vsr_error *error);
/* Does a folder's journal have its first record? Without, whoever made it was killed. */
bool pending_journal_is_begun(const struct pending_folder *folder);
void pending_journal_close(struct pending_journal *journal);
/* Who a record's unit is; NULL: the journal does not tell. */
const struct pending_unit *pending_content_unit(const struct pending_content *content,
                                                uint32_t unit);
/* While it is read: one entry for each unit, with what its last record says; and, behind all of it:
 * records count from where their unit's record says, as far as they stood before that, unless they
 * were dropped since. */
void pending_content_put_unit(struct pending_content *content, const struct pending_unit *unit);
void pending_content_settle(struct pending_content *content);
void pending_content_free(struct pending_content *content);

#endif
