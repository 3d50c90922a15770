/* publish.h - from staged and verified to seen: the order for a unit or group (brief, section 6).
 *
 * Control thread only. (1) data and metadata synced, (2) intents recorded, (3) renames,
 * (4) sync, (5) commit recorded, (6) displaced originals removed. The journal is the caller's,
 * behind struct publish_log. */
#ifndef DEST_PUBLISH_H
#define DEST_PUBLISH_H

#include "dest/stage.h"
#include "plan/outcome.h"

enum durability { DURABILITY_NONE, DURABILITY_END, DURABILITY_UNIT };

struct publish_identity { /* what stands at a name: nothing, or this */
    bool present;
    uint64_t device, inode, size;
    int64_t modify_s;
    uint32_t modify_ns;
};

struct publish_intent {
    uint32_t unit;
    uint32_t file; /* plan_file, or MARK_NONE: a whole tree */
    uint32_t tree; /* stage_tree, or MARK_NONE              */
    uint32_t mount;
    struct publish_identity staged;
    struct publish_identity at_place;
};

struct publish_log {
    void *context;
    /* All intents of a group, then one sync of the journal before the first rename. */
    vsr_code (*intents)(void *context, uint32_t group, const struct publish_intent *intents,
                        uint32_t count, vsr_error *error);
    vsr_code (*commit)(void *context, uint32_t group, vsr_error *error);
};

enum unit_state { UNIT_STAGED, UNIT_FAILED, UNIT_PUBLISHED };

/* Sync what the groups' mounts hold (durability unit or end). A sync error is final: it is
 * reported for every unit with data since the last good sync, never retried into success. */
vsr_code publish_sync(struct stage *stage, uint32_t mount, vsr_error *error);

/* Publish one group: states[unit] says which of its units are whole; the others are withdrawn
 * from the staged trees first (their files, then folders that are empty). On return each unit's
 * state is PUBLISHED or FAILED, rows of its files say RESTORED, WITHDRAWN or DEST_*; a unit that
 * failed in the renames has been swapped back; *residue is raised for what could not be.
 * Errors of single units are in the rows; the call fails only when the journal or a mount does. */
vsr_code publish_group(struct stage *stage, uint32_t group, enum durability durability,
                       const struct publish_log *log, enum unit_state *states,
                       struct outcome_row *rows, uint64_t *residue, vsr_error *error);

#endif
