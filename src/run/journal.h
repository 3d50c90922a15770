/* journal.h - the run's append-only log: what is about to be renamed, what was committed.
 *
 * Records are checksummed and numbered; a torn tail is told apart from damage inside. Intents
 * are synced before the first rename of a group, the commit after the last: whoever finds the
 * folder after a cut can tell by comparing inodes which way each place went.
 *
 * A commit says that a group's renames were done and durable when it was written. If writing or
 * syncing it fails, the renames are taken back, and the record is cut off again; should it stand
 * on the disk all the same, because cutting failed too, the places decide: one that shows what
 * its intent found there (at_place) went back, whatever a commit says. An original is removed
 * only after a commit whose sync succeeded, so that this can always be told.
 * Control thread only. */
#ifndef RUN_JOURNAL_H
#define RUN_JOURNAL_H

#include "base/uuid.h"
#include "dest/publish.h"

#include <stdatomic.h>

enum journal_type {
    JOURNAL_BEGIN = 1,     /* struct journal_begin                                          */
    JOURNAL_MOUNT = 2,     /* struct journal_mount: a staging folder's identity             */
    JOURNAL_INTENT = 3,    /* struct publish_intent; group: the group's first unit          */
    JOURNAL_COMMIT = 4,    /* struct journal_commit; group as above                         */
    JOURNAL_END = 5,       /* struct journal_end                                            */
    JOURNAL_CALL = 6,      /* JSON text, in parts: how the run was called (run/run_call.h)  */
    JOURNAL_SESSION = 7,   /* struct journal_session: a process begins, or goes on          */
    JOURNAL_PLACES = 8,    /* struct stage_place, several                                   */
    JOURNAL_BASES = 9,     /* struct stage_base, several                                    */
    JOURNAL_REFUSED = 10,  /* struct journal_refused and a sentence: a unit, since planning */
    JOURNAL_READY = 11,    /* nothing: all of the above is said, files may be staged; what
                              intents before it were about has been taken back and synced   */
    JOURNAL_FATES = 12,    /* struct journal_fate, several: of the commit that follows      */
    JOURNAL_UNCOMMIT = 13, /* uint32_t, several: units whose commit counts no more          */
    JOURNAL_SYNCED = 14,   /* nothing: all that was committed is on stable storage */
    JOURNAL_ROWS = 15,     /* struct journal_rows, several: of the commit or the end that follows */
    JOURNAL_TOKEN = 16,    /* struct uuid: what this process signs staging folders with */
    JOURNAL_ASKING = 17    /* struct journal_asking and a service's name (run/asking.h) */
};

struct journal_record { /* in front of each payload; behind it the u64 XXH3-64 of both */
    uint32_t magic;     /* "VSRJ" */
    uint16_t type;
    uint16_t reserved;
    uint32_t payload_bytes;
    uint32_t group;    /* or MARK_NONE */
    uint64_t sequence; /* from 0 */
};

/* Of all that a process of a run leaves for the next one: these records, the call's JSON
 * (run/run_call.h), rows.bin (struct outcome_row) and the marks (engine/marks.h). Whoever changes
 * the shape or the meaning of any of them raises it: a folder of another version is refused. */
enum { JOURNAL_VERSION = 3 };

struct journal_begin {
    uint32_t version, reserved;
    uint8_t run_uuid[16], set_uuid[16], index_xxh3[16];
    uint8_t plan_xxh3[16]; /* of plan.bin: its last bytes */
    uint32_t file_count, unit_count;
};

struct journal_session {
    char boot_id[40]; /* zeros: unknown, nothing is trusted by it */
};

struct journal_mount {
    uint32_t mount, root;
    uint64_t mount_id, device, inode;
    int64_t birth_s;
    uint32_t birth_ns, fs_type;
    uint8_t fs_uuid[16];
};

struct journal_refused {
    uint32_t unit, refusal;
};

struct journal_fate { /* what became of a unit */
    uint32_t unit;
    uint32_t published; /* 0: it failed */
    uint64_t residue;
};

struct journal_rows { /* (run/row_check.h) */
    uint32_t unit;    /* MARK_NONE: the rows of all files */
    uint32_t reserved;
    uint64_t check;
};

enum journal_asked {
    ASKING_BEGUN,
    ASKING_WRITER,
    ASKING_SERVICE,
    ASKING_TOLD,       /* all of these have been told the end */
    ASKING_NOT_STOPPED /* this service was not, by its answer, or is started: nothing is owed */
};

struct journal_asked_one {
    enum journal_asked what;
    uint32_t writer;     /* of ASKING_WRITER */
    struct view service; /* of ASKING_SERVICE, ASKING_NOT_STOPPED */
};

struct journal_asking {
    uint32_t what;   /* enum journal_asked: what is about to be done */
    uint32_t writer; /* of bcd.writers */
};

struct journal_commit {
    uint32_t epoch; /* (engine/marks.h) after which it is on stable storage, or 0: it is */
    uint32_t reserved;
};

struct journal_end {
    int32_t exit_code;
    uint32_t open; /* 1: cut short, or out of space: there is something to go on with */
};

struct journal {
    int fd;
    uint64_t sequence;
    struct uuid token;              /* of this process (dest/stage_token.c) */
    uint64_t kept;                  /* the same, of what stands in the file */
    uint64_t synced_ns, sync_count; /* what syncs took so far */
    bool broken;      /* half a record at its end could not be taken away: nothing is added */
    bool hurried;     /* a signal ends the run, and no sync is waited for any more */
    const char *path; /* of the run folder, for messages */
    /* what commits tell; borrowed, set before anything is published */
    const struct stage *stage;
    const enum unit_state *states;
    const uint64_t *residue;
    const struct outcome_row *rows;
    int rows_fd;                   /* rows.bin, synced before a commit; 0: there is none */
    const _Atomic uint32_t *epoch; /* NULL: what is committed is on stable storage */
};

/* This system's boot, into out; zeros: it does not tell. */
void journal_boot_id(char out[40]);

/* The first records of a new journal, and of a process that goes on with one (sequence: that of the
 * next record). plan_xxh3: of the plan's file. */
vsr_code journal_begin(struct journal *journal, int fd, const char *path, const struct uuid *run,
                       const struct plan *plan, const uint8_t plan_xxh3[16], struct view call,
                       vsr_error *error);
vsr_code journal_go_on(struct journal *journal, int fd, const char *path, uint64_t sequence,
                       vsr_error *error);

/* What is about to get something, and where it is staged. Synced with the mounts. */
vsr_code journal_places(struct journal *journal, const struct stage_place *places, uint32_t count,
                        vsr_error *error);
vsr_code journal_mounts(struct journal *journal, const struct stage *stage, vsr_error *error);

/* This is the journal of a run that asks, or: somebody is about to be asked, or stopped; and what
 * came of that. Synced. */
vsr_code journal_asking(struct journal *journal, const struct journal_asked_one *items,
                        uint32_t count, vsr_error *error);

/* Units that were refused since planning, before anything else is known. details may be NULL. */
vsr_code journal_refused(struct journal *journal, const enum refusal *refusals,
                         const struct view *details, uint32_t unit_count, vsr_error *error);

/* All that a process goes by, and that it is ready. Synced. */
struct journal_readiness {
    const struct stage *stage;    /* its bases */
    const enum refusal *refusals; /* of each unit */
    const struct view *details;   /* ditto; absent: none */
    const uint32_t *uncommitted;  /* units whose commit counts no more */
    uint32_t uncommitted_count;
    const struct journal_fate *failed; /* units that could not be taken back */
    uint32_t failed_count;
};
vsr_code journal_ready(struct journal *journal, const struct journal_readiness *ready,
                       vsr_error *error);

/* After the one sync of durability `end`. Synced. */
vsr_code journal_synced(struct journal *journal, vsr_error *error);

enum { SIGNAL_EXIT_CODE = 128 }; /* of a run that a signal ended: this, and the signal's number */

/* The last word of a process that was not killed. rows_check: row_check_all(). */
vsr_code journal_end(struct journal *journal, int exit_code, bool open, uint64_t rows_check,
                     vsr_error *error);

/* The calls that publishing wants, on this journal; good while it lives. */
struct publish_log journal_publish_log(struct journal *journal);

/* A record with its checksum behind it, added to out: the frame of every journal of a run.
 * payload_bytes <= JOURNAL_PAYLOAD_BYTES_MAX. */
void journal_frame(struct buffer *out, uint64_t sequence, uint16_t type, uint32_t group,
                   const void *payload, uint32_t payload_bytes);

/* Read records back, in order, from a whole journal's bytes. Returns false at the end; then
 * *torn_bytes says how many bytes of an unfinished last record stand there, and *fault is not
 * NULL when a record inside is damaged. cursor starts at 0. */
struct journal_cursor {
    struct view bytes;
    size_t at;
    uint64_t sequence;
    uint64_t torn_bytes;
    const char *fault;
};
bool journal_next(struct journal_cursor *cursor, struct journal_record *record,
                  struct view *payload);

/* Does a whole record stand anywhere in these bytes? Behind the last good one: then what is between
 * is no torn end, but damage; so are many that lie over each other, which none ever wrote. fd: of
 * the file in which they stand at offset, whose holes are passed over; or -1. */
bool journal_holds_record(struct view bytes, int fd, uint64_t offset);

#endif
