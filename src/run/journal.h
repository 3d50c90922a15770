/* journal.h - the run's append-only log: what is about to be renamed, what was committed.
 *
 * Records are checksummed and numbered; a torn tail is told apart from damage inside. Intents
 * are synced before the first rename of a group, the commit after the last (brief, section 6):
 * whoever finds the folder after a cut can tell by comparing inodes which way each place went.
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

enum journal_type {
    JOURNAL_BEGIN = 1,  /* struct journal_begin                             */
    JOURNAL_MOUNT = 2,  /* struct journal_mount: a staging folder's identity */
    JOURNAL_INTENT = 3, /* struct journal_intent                             */
    JOURNAL_COMMIT = 4, /* struct journal_group                              */
    JOURNAL_END = 5     /* struct journal_end                                */
};

struct journal_record { /* in front of each payload; behind it the u64 XXH3-64 of both */
    uint32_t magic;     /* "VSRJ" */
    uint16_t type;
    uint16_t reserved;
    uint32_t payload_bytes;
    uint32_t group;    /* or MARK_NONE */
    uint64_t sequence; /* from 0 */
};

struct journal_begin {
    uint8_t run_uuid[16], set_uuid[16], index_xxh3[16];
    char boot_id[40];
    uint32_t file_count, unit_count;
};

struct journal_mount {
    uint32_t mount, root;
    uint64_t mount_id, device, inode;
};

struct journal_end {
    int32_t exit_code;
    uint32_t reserved;
};

struct journal {
    int fd;
    uint64_t sequence;
    uint64_t kept;                  /* the same, of what stands in the file */
    uint64_t synced_ns, sync_count; /* what syncs took so far */
    bool broken;      /* half a record at its end could not be taken away: nothing is added */
    const char *path; /* of the run folder, for messages */
};

vsr_code journal_begin(struct journal *journal, int fd, const char *path, const struct uuid *run,
                       const struct plan *plan, vsr_error *error);
vsr_code journal_mounts(struct journal *journal, const struct stage *stage, vsr_error *error);
vsr_code journal_end(struct journal *journal, int exit_code, vsr_error *error);

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

#endif
