/* pending.h - files that wait for the next boot: held in a folder of their own beside their
 * places, moved there later by one rename each (rules 8.4, 8.5).
 *
 * A pending folder stands at the top of the mapped volume (or of the mount below it) that its
 * files go to, so that it can be found and carried out wherever that volume is mounted next. It
 * is 0700, outlives the run, and holds the files flat, by number. What its journal says is not
 * this module's business (run/pending_journal.h). Control thread only; faults are errnos. */
#ifndef DEST_PENDING_H
#define DEST_PENDING_H

#include "base/limits.h"
#include "dest/stage.h"

#define PENDING_PREFIX OWN_FOLDER_PREFIX "pending-" /* and the run's uuid */

enum { PENDING_NAME_BYTES = 64 };

struct pending_folder {
    int top_fd; /* the directory that it stands in; paths of records go down from there */
    int fd;
    char name[PENDING_NAME_BYTES];
    const volatile int *cancel; /* asked while its files are read; NULL: never. Set by its owner */
};

enum pending_op { PENDING_MOVE = 1, PENDING_DELETE = 2, PENDING_MKDIR = 3, PENDING_RMDIR = 4 };
/* Of a file with holes the hash is pending_hash_sparse(). */
enum pending_kind { PENDING_FILE = 1, PENDING_LINK = 2, PENDING_SPARSE = 3 };

struct pending_record {
    uint64_t seq; /* over all folders of a run: the order in which they are carried out */
    uint32_t unit;
    uint8_t op;   /* enum pending_op */
    uint8_t kind; /* enum pending_kind; of a move */
    uint16_t mode;
    int64_t modify_s; /* of a folder to be made, with mode: set last */
    uint32_t modify_ns;
    uint64_t size; /* of what is moved ... */
    uint8_t xxh3_128[16];
    struct view src; /* name in the pending folder; move, mkdir */
    struct view dst; /* path below the top, '/' between plain names */
};
/* src and dst have a NUL behind them. */

/* --- in a run --- */

/* The planned directory at whose place the pending folder of a file's directory stands. */
uint32_t pending_top(const struct stage *stage, uint32_t directory);

/* A directory's path below its top. False: too long, or a name is not plain. */
bool pending_path(const struct stage *stage, uint32_t directory, char *path, size_t path_bytes);

/* Make the folder at a top; EEXIST is a fault. */
int pending_folder_make(struct pending_folder *out, const struct stage *stage, uint32_t top,
                        const struct uuid *run);

/* The one that an earlier process of the run made there. ENOENT: none. */
int pending_folder_find(struct pending_folder *out, const struct stage *stage, uint32_t top,
                        const struct uuid *run);

/* A staged file out of its staging folder into the pending one, under name; record gets kind,
 * size and hash, from the media where they hold them. Else it is read: ECANCELED where that is cut
 * short. */
int pending_take(const struct stage *stage, uint32_t file, const struct pending_folder *folder,
                 const char *name, struct pending_record *record);

/* The opposite: it is staged as before. 0 or errno. */
int pending_give_back(const struct stage *stage, uint32_t file, int folder_fd, const char *name);

/* A folder that is to be made, empty, with the media's metadata; record gets mode and time. */
int pending_take_directory(const struct stage *stage, uint32_t directory,
                           const struct pending_folder *folder, const char *name,
                           struct pending_record *record, struct meta_loss *loss);

/* Everything in the folder to stable storage. During a run this is publish_sync()'s, which a signal
 * need not wait for. */
int pending_sync(const struct pending_folder *folder);
/* The same, and the folder itself, one by one: where syncfs does not reach
 * (stage_mount.abilities.is_fuse). */
int pending_sync_entries(const struct pending_folder *folder);

/* --- afterwards --- */

/* Open a pending folder. EPERM: it is not ours alone (owner, mode), or has no such name. */
int pending_folder_open(struct pending_folder *out, const char *path);
int pending_folder_open_at(struct pending_folder *out, int top_fd, const char *name);
void pending_folder_close(struct pending_folder *folder);

static inline bool pending_name_is(const char *name)
{
    return strncmp(name, PENDING_PREFIX, strlen(PENDING_PREFIX)) == 0;
}

/* The pending folders in dir_fd and in the folders above it, as far as its mount goes: those that
 * may hold what goes below dir_fd, but for what stands on the way down from it. What cannot be
 * listed is passed over. */
typedef void pending_met(void *context, int dir_fd, const char *name);
void pending_look_above(int dir_fd, pending_met *met, void *context);

/* A place, whether it is there or not: the deepest folder on its way that is there, and what stands
 * below it, '/' between plain names. */
struct pending_place {
    uint64_t device, inode;
    struct view rest; /* never empty; in the record's dst */
};
/* Where a record's place is now. False: it cannot be reached. */
bool pending_locate(const struct pending_folder *folder, const struct pending_record *record,
                    struct pending_place *out);

/* Can the record be carried out? Reads all of what it moves. EBADMSG: what waits is not what was
 * staged. ENOENT: it is gone, and did not get to its place. ECANCELED: it was cancelled meanwhile,
 * and nobody knows. */
struct pending_finding {
    bool done;           /* it has been carried out already             */
    bool parent_missing; /* an earlier record must make the folder first */
};
int pending_check(const struct pending_folder *folder, const struct pending_record *record,
                  struct pending_finding *finding);

/* Carry it out, through the confined door. */
int pending_carry_out(const struct pending_folder *folder, const struct pending_record *record);

/* Mode and time of a folder that a PENDING_MKDIR made, after all that went into it. */
void pending_settle(const struct pending_folder *folder, const struct pending_record *record);

/* Remove the folder and what is left in it, the file `last` after everything else. Not synced: what
 * a cut brings back of it does not count, or is done. */
int pending_folder_remove(struct pending_folder *folder, const char *last);

#endif
