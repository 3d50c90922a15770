/* publish.h - from staged and verified to seen: the order for a unit or group.
 *
 * Control thread only. (1) data and metadata synced, (2) intents recorded, (3) renames,
 * (4) sync, (5) commit recorded, (6) displaced originals removed. The journal is the caller's,
 * behind struct publish_log. What stands at a place is compared with its intent: a third inode
 * is left alone and fails the unit (ESTALE). */
#ifndef DEST_PUBLISH_H
#define DEST_PUBLISH_H

#include "dest/stage.h"
#include "plan/outcome.h"

enum durability { DURABILITY_NONE, DURABILITY_END, DURABILITY_UNIT };

struct publish_intent {
    uint32_t unit;
    uint32_t file; /* plan_file, or MARK_NONE: a whole tree */
    uint32_t tree; /* plan_directory: a tree's top, or MARK_NONE */
    uint32_t mount;
    uint32_t in_place; /* 1: ranges are written into what is at the place (dest/undo.h) */
    uint32_t folder;   /* 1: the directory `tree` is made at its place, for a tree that is merged */
    struct publish_identity staged;
    struct publish_identity at_place;
};

struct publish_log {
    void *context;
    /* Intents of a group, in parts, at most some thousand each; without more, then one sync of
     * the journal before the first rename. Called again for a tree whose place came to exist
     * meanwhile: its files are published singly. */
    vsr_code (*intents)(void *context, uint32_t group, const struct publish_intent *intents,
                        uint32_t count, bool more, vsr_error *error);
    vsr_code (*commit)(void *context, uint32_t group, vsr_error *error);
    /* A unit's files that the engine left STAGED are taken out of staging and recorded to be
     * moved at the next boot, durably; before anything of the unit is seen. 0 or an errno; then
     * nothing of it is left. ECANCELED: publish_sync() was. commit() makes the record count. */
    int (*keep)(void *context, uint32_t unit);
    /* The unit failed after that, or was put off: what was kept of it is staged again. */
    void (*drop)(void *context, uint32_t unit);
};

enum unit_state { UNIT_STAGED, UNIT_FAILED, UNIT_PUBLISHED };

/* Sync what the groups' mounts hold (durability unit or end). A sync error is final: it is
 * reported for every unit with data since the last good sync, never retried into success: then
 * sync_errno of the mount says so, too. Errors also: CANCELLED (publish_sync_begin()); and none was
 * begun, because none can be noted. */
vsr_code publish_sync(struct stage *stage, uint32_t mount, vsr_error *error);

/* A sync on the mount failed in another way: as if publish_sync() had. */
void publish_sync_failed(struct stage *stage, uint32_t mount, int os_errno);

/* What publish_groups() takes at most for files that appear one by one, for the budget: those in
 * folders that exist, and of units that stand alone (stage_options, may be NULL). A tree whose
 * place comes to exist meanwhile takes as much for each of its files. */
uint64_t publish_step_bytes(const struct plan *plan, const uint8_t *alone);

/* A sync could not be noted (dest/sync_note.h), and was not begun: from here on, none of
 * publish_sync()'s is. Any thread. */
void publish_sync_unnoted(struct stage *stage, int os_errno);

/* From here on, until stage_close(), publish_sync() does not wait for a sync that lasts longer than
 * some seconds after *cancel has become non-zero: it is CANCELLED then, and so is each one after
 * it. Before threads and buffers are many (dest/sync_child.h). Where no process can be had, or
 * nothing but memory is written to, it waits. */
void publish_sync_begin(struct stage *stage, const volatile int *cancel);

/* Publish groups, with one sync before all their renames and one after (durability unit; with end,
 * too, where ranges replace something, of which nobody else has the rest): states[unit] says which
 * units are whole; the others are withdrawn from the staged trees first (their files, then
 * folders that are empty). On return each unit's state is PUBLISHED or FAILED, rows of its files
 * say RESTORED (as the engine left them), WITHDRAWN, DEST_* or, of a file whose place somebody
 * has filled, emptied or changed meanwhile, REFUSED with EEXIST, ENOENT, EISDIR or ESTALE (T03);
 * a unit that failed in the renames
 * has been swapped back; residue[unit] is raised for each file that could not be, and of one unit
 * for a tree that went back with something in it that is somebody else's. Units that come
 * PUBLISHED are left alone; files that the engine left STAGED (ACTION_STAGE) are kept by the log
 * for later, or left alone when that is NULL (no journal). Errors of single units are in the rows;
 * the call fails when the journal does, or when no sync can be noted: then every unit without a
 * commit record has been taken back and is FAILED, with EIO, or why no sync can be noted, at the
 * first of its files, and what could not go back is in residue. It is CANCELLED when a sync was:
 * then units without a commit record have been taken back and are STAGED, with their rows as they
 * were. */
vsr_code publish_groups(struct stage *stage, const uint32_t *groups, uint32_t group_count,
                        enum durability durability, const struct publish_log *log,
                        enum unit_state *states, struct outcome_row *rows, uint64_t *residue,
                        vsr_error *error);

/* The same for one. */
vsr_code publish_group(struct stage *stage, uint32_t group, enum durability durability,
                       const struct publish_log *log, enum unit_state *states,
                       struct outcome_row *rows, uint64_t *residue, vsr_error *error);

#endif
