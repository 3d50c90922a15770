/* stage_layout.h - what stage.h keeps to itself: the layout that stage_open() makes, for the
 * files of dest/ alone. Control thread only, but for what stage_place() reads. */
#ifndef DEST_STAGE_LAYOUT_H
#define DEST_STAGE_LAYOUT_H

#include "dest/stage.h"

/* A directory that exists and gets something new: who it was when the run began. */
struct stage_anchor {
    uint32_t directory;
    uint32_t mount;
    uint64_t mount_id, device, inode;
    struct timespec accessed, modified;
    bool touched; /* by publishing, since it was settled: it stands in touched */
    bool made;    /* in place, by us, for a unit that stands alone: its times are the media's */
    bool kept;    /* ... and a unit that was published has a record of it: it stays, even empty */
    bool opened;  /* ... and has more permissions than the media's, until the run ends */
};

struct stage_layout {
    struct stage stage;      /* first: stage.owned points here */
    struct dest_root *roots; /* for each plan_root; fd -1: not needed        */
    struct stage_anchor *anchors;
    uint32_t anchor_count;
    size_t anchor_capacity;
    uint32_t *touched; /* anchors to settle after the renames          */
    uint32_t touched_count;
    uint32_t *directory_anchor; /* for each plan_directory, or MARK_NONE        */
    uint8_t *wanted;            /* for each plan_directory: enum stage_want     */
    uint32_t *tree_first;       /* tree_count + 1: into tree_directories        */
    uint32_t *tree_directories; /* each tree's directories, parents first       */
    uint32_t *tree_first_file;  /* tree_count + 1: into tree_files              */
    uint32_t *tree_files;       /* of recover_tree_look(); NULL: nobody asked   */
    uint32_t *group_first_tree; /* group_count + 1: into group_trees            */
    uint32_t *group_trees;
    uint8_t *tree_state;         /* enum stage_tree_state                        */
    uint8_t *tree_seen;          /* 1: it has stood at its place                 */
    struct timespec *tree_shown; /* since when others may have changed it, by the clock of its file
                                    system, as of this process; zeros: they may not */
    int *tree_fault;             /* an errno: a failed unit's file cannot be taken out of it */
    uint32_t *directory_record;  /* its KIND_DIRECTORY plan_file, or MARK_NONE   */
    uint8_t *needed;             /* publishing's mark on directories of a group  */
    uint8_t *merged;             /* 1: made at its place when its tree was merged */
    struct stage_left *left;     /* volumes of which only a staging folder is left */
    uint32_t left_count;
    uint8_t *there; /* for each plan_directory: 1: missing when planned, and made by this run */
};

enum stage_tree_state { TREE_STAGED, TREE_PUBLISHED, TREE_DROPPED };

enum stage_want {
    WANT_NOT,     /* no file that is staged goes here                              */
    WANT_MOUNT,   /* only files staged for later (ACTION_STAGE): no tree is built  */
    WANT_ON_PATH, /* an ancestor of one that is wanted                             */
    WANT_ENTRIES, /* gets files of its own, or is the parent of a tree             */
    WANT_IN_PLACE /* missing, and made at its place first: its unit stands alone   */
};

static inline struct stage_layout *stage_layout_of(struct stage *stage)
{
    return stage->owned;
}

static inline const struct stage_layout *stage_layout_read(const struct stage *stage)
{
    return stage->owned;
}

/* Did it exist when planned, or has this run made it at its place since? */
static inline bool stage_is_there(const struct stage_layout *layout, uint32_t directory)
{
    return layout->stage.plan->directories[directory].make == 0 || layout->there[directory] != 0;
}

/* What the journal knows of a place; NULL: nothing. */
const struct stage_place *stage_place_known(const struct stage *stage, uint32_t directory);

/* Is the file built inside a staged tree, under its own name (else: in a shard, by number)? */
bool stage_in_tree(const struct stage *stage, uint32_t file);
uint32_t stage_shard_of(uint32_t file);
void stage_shard_name(uint32_t shard, char out[10]);
void stage_tree_name(const struct stage *stage, uint32_t tree, char out[10]);

/* The name that a file gets at its place; out holds WIN_NAME_BYTES_MAX + 1. False: no plain one. */
bool stage_final_name(const struct stage *stage, uint32_t file, char *out);

/* Does directory stand at the top of its mapped root (is that directory itself)? */
bool stage_is_root_top(const struct plan *plan, uint32_t directory);

/* The tree that a directory is built in, or, where it is not laid out, the nearest above it that
 * is; MARK_NONE: none. */
uint32_t stage_tree_above(const struct stage *stage, uint32_t directory);

/* The path of a directory below its mapped root, or, inside_tree, below its staging folder.
 * Returns false when it does not fit or a name in it is no plain element. */
bool stage_directory_path(const struct stage *stage, uint32_t directory, bool inside_tree,
                          char *path, size_t path_bytes);

/* Open the root that a directory stands below, if nothing has yet. Errors: of root_open(). */
vsr_code stage_open_root(struct stage *stage, uint32_t directory, vsr_error *error);
/* Open a directory at its place, from the mapped root. -errno. */
int stage_open_place(const struct stage *stage, uint32_t directory, int flags);
/* Open a directory of a tree in the staging folder. -errno. */
int stage_open_staged(const struct stage *stage, uint32_t directory, int flags);

/* Steps of stage_open(). */
vsr_code stage_layout_places(struct stage_layout *layout, vsr_error *error); /* anchors, mounts */
/* Tell of places before anything is made at one; directories that will be made have no identity
 * yet. */
vsr_code stage_tell_places(const struct stage_layout *layout, vsr_error *error);
void stage_layout_trees(struct stage_layout *layout);
void stage_layout_groups(struct stage_layout *layout);
/* Of a root's path what was made when it was opened, as far as it is empty. */
void stage_unmake_root(const struct stage *stage, uint32_t number);
/* A run that goes on: are the volumes' folders those that it put something into, or staged for?
 * Before anything in one that is not is missed. Errors: RUN_FOREIGN, those of root_open(). */
vsr_code stage_roots_check(struct stage *stage, vsr_error *error);
/* Volumes that only units which were refused since have files on (stage_left.c); after
 * stage_roots_check(). */
void stage_left_find(struct stage_layout *layout);
void stage_left_free(struct stage_layout *layout);
/* Is an open folder one that the journal knows? */
bool stage_folder_is_known(const struct stage *stage, int fd);
vsr_code stage_folder_make(struct stage *stage, struct stage_mount *mount, vsr_error *error);
/* Are both on one file system? By its UUID where both tell one (subvolumes of btrfs have devices of
 * their own), else by the device. */
bool stage_is_same_file_system(const struct stage_mount *one, const struct stage_mount *other);
/* Is what was staged in a known folder there still, whether a sync had covered it or not: in this
 * boot, on the same mount? Where numbers of mounts are given again, nobody knows, unless all of it
 * is in memory; then what was noted counts, and without notes the number is believed. */
bool stage_is_continuous(const struct stage_identity *known, const struct stage_identity *now,
                         bool noted);

/* Is a staging folder signed by nobody but processes that are known? 0, ESTALE or another errno. */
int stage_token_check(int fd, const struct stage_known *known);
vsr_code stage_make_directories(struct stage_layout *layout, vsr_error *error);
/* The files that ranges go into, as they stand now. What is wrong with one is in it. */
void stage_find_bases(struct stage_layout *layout);
/* At the end of a run: directories that were kept open get the media's permissions. */
void publish_close_places(struct stage_layout *layout);
/* At the end: who syncs for publish_sync() is let go. */
void publish_sync_end(struct stage *stage);
/* Everything below fd goes. 0 or errno. */
int stage_folder_empty(int fd);

/* Do names that differ only by case go to one folder of a mount that folds them? After probing.
 * Errors: DEST_PERMISSION, naming two. */
vsr_code stage_check_names(const struct stage *stage, vsr_error *error);

#endif
