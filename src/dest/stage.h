/* stage.h - where each planned file is written before it is seen: the staging folder of each
 * mount, the trees in it, and the publish groups.
 *
 * Made on the control thread before the engine starts; then immutable but for what the control
 * thread does between groups. Workers only ask stage_place() and write below the descriptors it
 * names. */
#ifndef DEST_STAGE_H
#define DEST_STAGE_H

#include "base/uuid.h"
#include "dest/meta.h"
#include "dest/probe.h"
#include "dest/sync_note.h"

#include <stdatomic.h>
#include <sys/stat.h>

/* A staging folder as the journal remembers it. Mount id and device are good until the system
 * boots or the mount goes; the rest is the file system's own. */
struct stage_identity {
    uint64_t mount_id, device, inode;
    int64_t birth_s; /* when it was made; 0, 0: the file system does not tell */
    uint32_t birth_ns;
    uint32_t fs_type;    /* statfs: its magic number */
    uint8_t fs_uuid[16]; /* zeros: it does not tell */
    bool same_boot;      /* of a known one: the system has not booted since */
};

/* A directory at its place that gets something, as it was before the run touched it. */
struct stage_place {
    uint32_t directory; /* plan_directory */
    uint32_t made; /* it is missing and the run makes it there; of a root's top: how many levels
                           of its path */
    uint64_t device, inode;
    struct timespec accessed, modified;
};

struct buffer;     /* base/buffer.h */
struct stage_base; /* below */

/* What the journal of a run knows when another process goes on with it. Arrays are borrowed. */
struct stage_known {
    const struct stage_identity *folders;
    uint32_t folder_count;
    bool staged;       /* the process before came as far as staging something */
    bool left_folders; /* the process before left its staging folders, if it made any */
    /* What stands on stable storage was noted all along (run/checkpoint.h): so that a mount need
     * not be believed to be the same where nobody can know. */
    bool noted;
    const struct stage_place *places; /* by directory, one each */
    uint32_t place_count;
    const struct stage_base *bases; /* by file */
    uint32_t base_count;
    const uint8_t *bases_begun; /* for each: 1: what was restored may stand there since */
    const uint8_t *done;        /* for each unit: 1 = its end is known; nothing of it is laid out */
    /* Something was in the middle: a folder that is gone stops nobody, so that what was to go
     * elsewhere can be taken back. */
    bool interrupted;
    /* For each root: 1 = files of units that are done with stand there, or something had begun. */
    const uint8_t *filled;
    const struct uuid *tokens; /* of processes so far: what staging folders may be signed with */
    uint32_t token_count;
};

struct stage_options {
    enum owner_policy owner;
    bool cross_mounts;
    uint32_t threads; /* that make and finish many directories; 0, 1: the control thread alone */
    /* For each unit: 1 = a named writer or a service waits for it. It shares no tree: its missing
     * directories are made in place first and its files published singly. NULL: none. */
    const uint8_t *alone;
    /* For each unit: refused since the plan was made; nothing of it is laid out, so that what has
     * changed at its places stops no other unit. NULL: none. */
    const enum refusal *refusals;
    /* --in-place: ranges are written into the files themselves, after what they cover was saved
     * in undo_fd, a folder (dest/undo.h). Else undo_fd is not looked at. */
    bool in_place;
    int undo_fd;
    /* A run that goes on: staging folders that exist must be those that are known, and what is
     * staged in them is kept. NULL: they must not exist. */
    const struct stage_known *known;
    /* Places that are about to get something, before anything is made at one; or NULL. */
    vsr_code (*on_places)(void *context, const struct stage_place *places, uint32_t count,
                          vsr_error *error);
    /* A sync of a mount failed: nothing that was staged on it counts as staged any more; or NULL.
     * Any thread. */
    void (*on_sync_failed)(void *context);
    const struct sync_notes *sync_notes; /* where syncs are noted; borrowed; NULL: nowhere */
    void *context;
};

struct publish_identity { /* what stands at a name: nothing, or this */
    bool present;
    uint64_t device, inode, size;
    int64_t modify_s;
    uint32_t modify_ns;
};

/* The file that ranges are written into (KIND_PARTIAL, KIND_DIRECTED), as it stood when the run
 * began. What is cloned, and what publishing replaces, must still be that. */
struct stage_base {
    uint32_t file;        /* plan_file: the first record of this destination */
    uint32_t last_record; /* the last one; records between may be others'    */
    int32_t os_errno;     /* not 0: nothing may be written into it, and why  */
    uint32_t mode, uid, gid;
    uint64_t allocated_bytes;
    struct publish_identity identity; /* present false: a file that is created */
};

struct stage_mount { /* one staging folder: `.vssrestore-<run uuid>` at a mapped root's top */
    uint32_t root;   /* plan_root */
    int fd;          /* the staging folder */
    uint64_t mount_id, device, inode; /* of the folder */
    struct stage_identity identity;   /* the same and more, for the journal */
    bool adopted;                     /* it is the one of the process before ... */
    bool continuous;        /* ... on the same mount, in the same boot: nothing was lost between */
    uint64_t device_before; /* of the journal: what adopted entries are known by there */
    struct dest_abilities abilities;
    struct dest_root top;    /* the directory that it stands in; its fd is the one for syncfs */
    bool others_may_write;   /* into top or the folder itself: worth a warning */
    int sync_errno;          /* the first error of a sync: sticky */
    _Atomic int early_errno; /* of one that dest/early_sync.h has had made; 0: none */
};

struct stage_tree {     /* a missing subtree that is built whole and renamed once */
    uint32_t directory; /* plan_directory: its top; the parent exists */
    uint32_t mount;
    uint32_t group;
};

struct stage_group {     /* units that share a tree, decided together; or one unit alone */
    uint32_t first_unit; /* in group_units */
    uint32_t unit_count;
};

struct stage {
    const struct plan *plan;
    const struct media_set *set;
    struct stage_options options;
    char folder_name[64];
    struct stage_mount *mounts;
    uint32_t mount_count;
    struct stage_tree *trees;
    uint32_t tree_count;
    struct stage_group *groups; /* in the order of their first unit */
    uint32_t group_count;
    uint32_t *group_units;
    uint32_t *unit_group;     /* for each unit; MARK_NONE: refused */
    uint32_t *directory_tree; /* for each plan_directory: its tree, or MARK_NONE: it exists */
    uint32_t *directory_mount;
    struct stage_base *bases; /* of every destination of ranges, by file */
    uint32_t base_count;
    struct stage_syncing *syncing;  /* who calls syncfs() for publish_sync(); NULL: itself */
    struct early_sync *early;       /* ... and before it (dest/early_sync.h); NULL: nobody */
    _Atomic int unnoted_errno;      /* a sync could not be noted: none is begun any more; or 0 */
    struct meta_loss losses;        /* of directories, counted by publishing */
    uint64_t synced_ns, sync_count; /* what publish_sync() took so far */
    void *owned;
};

/* Open the roots, make those below --root, make the staging folders (0700, EEXIST an error,
 * checked by fstat), probe abilities, lay out trees and groups, make the staged directories. On
 * failure everything made is removed again. Errors: DEST_*; RUN_FOREIGN for a staging folder
 * that is not known, or signed by a process that is not; RUN_BUSY for one that somebody else
 * goes on with. */
vsr_code stage_open(struct stage **out, const struct plan *plan, const struct media_set *set,
                    const struct uuid *run, const struct stage_options *options, vsr_error *error);
/* The same in two steps, so that the folders can be written down before anything is put in them:
 * begin ends with folders that are empty, or adopted; fill probes them, looks at bases and makes
 * the directories. When fill fails, the caller closes. */
vsr_code stage_begin(struct stage **out, const struct plan *plan, const struct media_set *set,
                     const struct uuid *run, const struct stage_options *options, vsr_error *error);
vsr_code stage_probe(struct stage *stage, vsr_error *error); /* of all mounts, also on failure */
/* In between, of a run with a journal: sign the staging folders with the token of this process,
 * which the journal knows by then, in place of the last one's. */
vsr_code stage_sign(struct stage *stage, const struct uuid *token, vsr_error *error);
vsr_code stage_fill(struct stage *stage, vsr_error *error);

/* A run that goes on, and nothing is refused any more before it begins: what an earlier process has
 * left in staged trees of units that are not staged now goes. A tree that it cannot be taken out of
 * is not published. Control thread. */
void stage_sweep(struct stage *stage);

/* Where a file is written: a directory below a descriptor, and a name in it. key is equal for
 * files of one staged directory, so that a worker keeps it open; path is written only when the
 * key is another than *out held before (begin with STAGE_KEY_NONE). No allocation; any thread.
 * False: the name is none for a file, or path or name is too long. */
#define STAGE_KEY_NONE       UINT64_MAX
#define STAGE_PATH_BYTES_MAX (WIN_PATH_BYTES_MAX + 64u)
struct stage_where {
    int base_fd;
    uint32_t mount;
    uint64_t key;
    char *path; /* '/'-separated, relative to base_fd; holds STAGE_PATH_BYTES_MAX */
    char *name; /* holds WIN_NAME_BYTES_MAX + 1 */
};
bool stage_place(const struct stage *stage, uint32_t file, struct stage_where *out);
uint64_t stage_key(const struct stage *stage, uint32_t file);

/* Files that the engine stages: not ACTION_NONE, not of a unit that was refused, then or since, or
 * that is done with. */
bool stage_is_staged(const struct stage *stage, uint32_t file);

/* The mount that a file is staged on. */
uint32_t stage_file_mount(const struct stage *stage, uint32_t file);

/* The media entry that holds a planned file's data: of a hard link's group, the first. */
uint32_t stage_data_entry(const struct media_index *index, uint32_t entry);

/* Is what stands at fd/name, with these facts, what was staged of the file, as far as the index
 * tells: of its size and time, as a file system keeps them, or a link with its text; of ranges, of
 * that time if they make the file, else any one? Any thread. */
bool stage_stands(const struct stage *stage, uint32_t file, int fd, const char *name,
                  const struct stat *facts);

/* --- ranges: records that are written into a part of a file --- */

static inline bool stage_is_ranged(const struct plan_file *file)
{
    return file->kind == KIND_PARTIAL || file->kind == KIND_DIRECTED;
}

/* The record whose staged file a record is written into: itself, or the first one of several
 * directed ones with the same destination. */
static inline uint32_t stage_target(const struct plan *plan, uint32_t file)
{
    const struct plan_file *f = &plan->files[file];
    return f->kind == KIND_DIRECTED && f->link_owner != MARK_NONE ? f->link_owner : file;
}

/* Which of bases, sorted by file, is that file's; MARK_NONE: none. Any thread. */
uint32_t stage_base_find(const struct stage_base *bases, uint32_t count, uint32_t file);

/* The base of a destination by its first record; NULL: none is planned. Any thread. */
const struct stage_base *stage_base_of(const struct stage *stage, uint32_t file);

/* Are ranges written into the base itself, from what is staged, when its unit is published? */
bool stage_is_in_place(const struct stage *stage, const struct stage_base *base);

/* Open the base to read (or, with O_RDWR, to write) and see that it is the one of the beginning.
 * A descriptor, or -errno (-ESTALE: it is another one, or has changed). Any thread. */
int stage_open_base(const struct stage *stage, const struct stage_base *base, int flags);

/* What all records of a destination write there: in order, joined where they touch, without empty
 * ones; source has no meaning. *out is freed by the caller. Control thread. */
uint32_t stage_base_ranges(const struct stage *stage, const struct stage_base *base,
                           struct plan_range **out);

/* What stands at fd/name now. */
struct publish_identity publish_identify(int fd, const char *name);

/* Does what stands at a name equal what stood there, content included, as far as size and time
 * tell? */
bool publish_identity_equal(const struct publish_identity *a, const struct publish_identity *b);

/* At the end of a run that goes on, when nothing is left to do: staging folders go that stand on
 * volumes of which all units were refused since, and nothing of them can come any more. Those that
 * cannot, or not be looked at, are added to out, for people: paths, and why. keep: originals of
 * others are kept; so is each of them. */
void stage_left_remove(const struct stage *stage, bool keep, struct buffer *out);

/* Remove what is left in the staging folders and the folders themselves, at every end of a run
 * that was not a kill; then free. Errors are told, nothing else depends on them. */
vsr_code stage_close(struct stage *stage, bool keep, vsr_error *error);

#endif
