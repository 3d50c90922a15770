/* publish_step.h - one name at a time: from staging to its place, and back. What publish.c and
 * publish_tree.c share; control thread only. */
#ifndef DEST_PUBLISH_STEP_H
#define DEST_PUBLISH_STEP_H

#include "dest/publish.h"
#include "dest/stage_layout.h"

/* The name of an original that had to be linked away, beside the staged file's. */
enum { STEP_NAME_BYTES = WIN_NAME_BYTES_MAX + sizeof ".old" };

enum publish_how {
    STEP_NOT_DONE,
    STEP_CREATED,   /* the place was empty                                         */
    STEP_EXCHANGED, /* the old file stands at the staged name                      */
    STEP_LAID_OVER, /* the old file stands beside the staged name, with ".old"     */
    STEP_WRITTEN    /* ranges into the file itself; an undo file holds what was    */
};

struct publish_inode { /* who stands at a name; inode 0: nobody */
    uint64_t device, inode;
};

struct publish_step { /* of a file; there is one for each, and the budget counts them */
    uint32_t file;
    uint32_t group;
    struct publish_inode staged;
    struct publish_inode at_place;
    enum publish_how how;
    int32_t fault; /* why it could not be examined, or 0 */
};

struct step_ends { /* both ends of a rename, open */
    int staged_fd;
    int place_fd;
    char staged[STEP_NAME_BYTES];
    char place[WIN_NAME_BYTES_MAX + 1];
    char old[STEP_NAME_BYTES];
};

struct publication {
    struct stage *stage;
    struct stage_layout *layout;
    const struct publish_log *log;
    enum durability durability;
    enum unit_state *states;
    struct outcome_row *rows;
    uint64_t *residue; /* for each unit */
    struct meta_policy policy;
    struct publish_step *steps;
    size_t step_count;
    bool putting_off; /* no sync is to be waited for */
    bool cancelled;   /* the log did not wait for a sync of what it was to keep */
};

/* Add the steps for a unit's staged files: those outside trees, or those in one tree (merge).
 * publish_run_steps() looks at what stands where. */
void publish_add_steps(struct publication *p, uint32_t group, uint32_t unit, uint32_t tree);

/* Open both ends of a file's step. 0 or errno: then neither is open. */
int publish_step_open(const struct publication *p, uint32_t file, struct step_ends *ends);
/* One by one, the staged one first, which knows all names. 0 or errno; closed by
 * publish_step_close() in any case. */
int publish_step_open_staged(const struct publication *p, uint32_t file, struct step_ends *ends);
int publish_step_open_place(const struct publication *p, uint32_t file, struct step_ends *ends);
void publish_step_close(struct step_ends *ends);

/* Who stands at both ends, for the step and (intent not NULL) the journal. */
void publish_step_examine(const struct publication *p, struct publish_step *step,
                          struct publish_intent *intent);

/* A rename that never replaces, or a link and its removal. *moved: something stands at the new name
 * now, even if the old one could not be removed. 0 or errno. */
int publish_step_move(const struct dest_abilities *abilities, int from_fd, const char *from,
                      int to_fd, const char *to, bool *moved);

/* What stands at the two names is exchanged, so that ours goes from the place into staging. 0 or
 * errno; ESTALE: it stood there no more, and what does stays there. */
int publish_step_swap_back(const struct step_ends *ends, const struct publish_inode *ours);

/* 0 or errno. */
int publish_step_carry_out(struct publication *p, struct publish_step *step);
int publish_step_undo(struct publication *p, struct publish_step *step);
void publish_step_forget_old(struct publication *p, const struct publish_step *step);

/* Ranges into the file itself (--in-place), from what is staged: what they cover is saved first.
 * 0 or errno; after an errno that is not from the undo file's making, step->how says WRITTEN. */
int publish_patch(struct publication *p, struct publish_step *step, const struct step_ends *ends);
/* The saved bytes, size and times again, and the undo file goes (putting_off: undo_settle() is for
 * who goes on). 0 or errno. */
int publish_patch_undo(struct publication *p, const struct publish_step *step,
                       const struct step_ends *ends);

/* Log steps [first, step_count) of one group (and, with_trees, those of its trees), carry the
 * steps out unit by unit. A unit that fails is undone and FAILED. Fails only when the log does. */
vsr_code publish_run_steps(struct publication *p, uint32_t group, size_t first, bool with_trees,
                           vsr_error *error);

/* A unit is not published after all: its steps undone, its staged files removed. file: whose
 * row gets the cause, or, if it was not RESTORED, the first one that was; MARK_NONE: none of
 * them, all WITHDRAWN. What can neither be undone nor removed is residue. */
void publish_fail_unit(struct publication *p, uint32_t unit, uint32_t file, int os_errno);

/* A unit's steps undone; it stays STAGED, unless one cannot be: then it is FAILED. */
void publish_put_off_unit(struct publication *p, uint32_t unit);

/* A failed unit's files in trees that are in staging (again), but what is somebody's, which is
 * residue. */
void publish_remove_staged(struct publication *p, uint32_t unit);

/* Has somebody put what stands at a file's name, in the tree that it was staged in, where that was
 * at its place? Nothing there is nobody's. */
bool publish_is_theirs(const struct publication *p, uint32_t file, int fd, const char *name);

/* The parent of a place, resolved anew from its root and compared with the one that was held
 * when the run began. A descriptor, or -errno (-ESTALE: another folder stands there). */
int publish_open_parent(const struct stage *stage, uint32_t directory);

/* Mark the directories of a group's trees that living units need, remove the others, give those
 * that stay their metadata. A tree that a failed unit's file cannot be taken out of fails all of
 * them that need it. */
void publish_prepare_trees(struct publication *p, uint32_t group);

/* Rename the group's trees into place; one whose place has come to exist is merged file by file.
 * Fails only when the log does. */
vsr_code publish_trees(struct publication *p, uint32_t group, vsr_error *error);

/* Trees of the group that are in place go back, and failed units' files are taken out of them. */
void publish_trees_back(struct publication *p, uint32_t group);

/* One tree into place, or back into staging. 0 or errno. */
int publish_tree_rename(struct publication *p, uint32_t tree, bool back);
/* Before it goes back: directories of it that were closed are opened to us again. */
void publish_tree_reopen(const struct publication *p, uint32_t tree);
/* It is in place: what was opened is closed, deepest first, the top's times last. 0 or an errno,
 * the first one of several. */
int publish_tree_finish(struct publication *p, uint32_t tree);

/* Add the intents of the group's trees at out, which holds one for each; returns how many. */
uint32_t publish_tree_intents(const struct publication *p, uint32_t group,
                              struct publish_intent *out);

/* A directory that existed, or was made in place, has been changed: settle it. */
void publish_touch(struct publication *p, uint32_t directory);

/* Metadata of a directory that we made, onto fd; what its parent handed down stays. keep_writable:
 * where we obey modes, it stays open to its owner, as staged ones must until they are in place:
 * without, nobody could rename a tree's top, or take a file out of it. 0 or errno. */
int publish_describe_directory(struct publication *p, uint32_t directory, int fd,
                               bool keep_writable);

/* The same for each directory of a staged tree that is needed (publish_prepare_trees()), which stay
 * open to their owner; on a FUSE mount synced, too. In any order: they are finished, what one's
 * metadata are changes no other's. 0 or the errno of one. */
int publish_describe_tree(struct publication *p, uint32_t tree);

/* fsync a directory on a FUSE mount; a failure is the mount's (sync_errno). */
void publish_sync_directory(struct publication *p, uint32_t directory, int fd);

/* Directories that merging a tree made and that no living unit needs go again, where empty. */
void publish_unmerge(struct publication *p, uint32_t tree);

/* A directory at its place: the media's metadata if we made it, else the times that it had. */
void publish_settle_place(struct publication *p, uint32_t directory, bool made);

#endif
