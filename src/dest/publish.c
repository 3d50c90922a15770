/* publish.c - the order in which staged files become seen, for one group or several at once.
 *
 * Sync, intents, renames, sync, commit, originals removed: nothing that is not on stable storage
 * and in the journal is ever the only copy. Runs on the control thread after the engine has
 * brought a group's count to zero; what one rename does stands in publish_step.c and
 * publish_tree.c. */
#include "dest/publish.h"

#include "base/limits.h"
#include "base/own.h"
#include "dest/publish_step.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

/* Which mounts a group has data on. */
static bool publish_uses_mount(const struct publication *p, uint32_t unit, uint32_t mount)
{
    const struct plan_unit *u = &p->stage->plan->units[unit];
    if (p->stage->mount_count == 1) {
        return true;
    }
    for (uint32_t i = u->first_file; i < u->first_file + u->file_count; i++) {
        if (p->rows[i].outcome == OUTCOME_RESTORED && stage_file_mount(p->stage, i) == mount) {
            return true;
        }
    }
    return false;
}

static bool publish_fails_with_mount(const struct publication *p, uint32_t unit, uint32_t mount)
{
    return p->states[unit] == UNIT_STAGED && p->stage->plan->units[unit].file_count > 0 &&
           publish_uses_mount(p, unit, mount);
}

/* Every unit with data on the mount fails; what is in place of it goes back. True: there was
 * one, so that trees of its group wait to be renamed again. */
static bool publish_fail_mount(struct publication *p, const uint32_t *groups, uint32_t group_count,
                               uint32_t mount)
{
    bool changed = false;
    for (uint32_t i = 0; i < group_count; i++) {
        const struct stage_group *g = &p->stage->groups[groups[i]];
        bool back = false;
        for (uint32_t k = g->first_unit; k < g->first_unit + g->unit_count; k++) {
            const uint32_t unit = p->stage->group_units[k];
            if (!publish_fails_with_mount(p, unit, mount)) {
                continue;
            }
            if (!back) {
                publish_trees_back(p, groups[i]);
                back = true;
            }
            publish_fail_unit(p, unit, p->stage->plan->units[unit].first_file,
                              p->stage->mounts[mount].sync_errno);
        }
        if (back) {
            publish_prepare_trees(p, groups[i]);
            changed = true;
        }
    }
    return changed;
}

/* *changed: units failed, and what is in place is no longer what was synced. Errors: a sync was not
 * waited for (CANCELLED), or not begun. */
static vsr_code publish_sync_all(struct publication *p, const uint32_t *groups,
                                 uint32_t group_count, bool *changed, vsr_error *error)
{
    *changed = false;
    for (uint32_t i = 0; p->durability != DURABILITY_NONE && i < p->stage->mount_count; i++) {
        vsr_error cause = {0};
        const vsr_code synced =
            p->durability == DURABILITY_UNIT ? publish_sync(p->stage, i, &cause) : VSR_OK;
        if (p->stage->mounts[i].sync_errno != 0) {
            *changed = publish_fail_mount(p, groups, group_count, i) || *changed;
        } else if (synced != VSR_OK) {
            if (error != NULL && error->code == VSR_OK) {
                *error = cause;
            }
            return synced;
        }
    }
    return VSR_OK;
}

/* What waits for the next boot is on stable storage before the rest of its unit is seen. */
static void publish_keep_unit(struct publication *p, uint32_t unit)
{
    const struct plan_unit *u = &p->stage->plan->units[unit];
    uint32_t file = u->first_file;
    while (file < u->first_file + u->file_count && p->rows[file].outcome != OUTCOME_STAGED) {
        file++;
    }
    if (file == u->first_file + u->file_count || p->log == NULL || p->log->keep == NULL) {
        return;
    }
    const int fault = p->cancelled ? ECANCELED : p->log->keep(p->log->context, unit);
    if (fault == ECANCELED) {
        p->cancelled = true;
    } else if (fault != 0) {
        publish_fail_unit(p, unit, file, fault);
    }
}

/* What the engine left failed goes out of the staged trees before they are seen. */
static void publish_begin_group(struct publication *p, uint32_t group)
{
    const struct stage_group *g = &p->stage->groups[group];
    for (uint32_t i = g->first_unit; i < g->first_unit + g->unit_count; i++) {
        const uint32_t unit = p->stage->group_units[i];
        if (p->states[unit] == UNIT_FAILED) {
            publish_fail_unit(p, unit, MARK_NONE, 0);
        } else if (p->states[unit] == UNIT_STAGED) {
            publish_keep_unit(p, unit);
        }
    }
    publish_prepare_trees(p, group);
}

static vsr_code publish_rename_group(struct publication *p, uint32_t group, vsr_error *error)
{
    const struct stage_group *g = &p->stage->groups[group];
    const size_t first = p->step_count;
    uint32_t living = 0;
    for (uint32_t i = g->first_unit; i < g->first_unit + g->unit_count; i++) {
        if (p->states[p->stage->group_units[i]] == UNIT_STAGED) {
            publish_add_steps(p, group, p->stage->group_units[i], MARK_NONE);
            living++;
        }
    }
    if (living == 0) {
        return VSR_OK;
    }
    vsr_code code = publish_run_steps(p, group, first, true, error);
    if (code != VSR_OK) {
        return code;
    }
    for (uint32_t i = g->first_unit; i < g->first_unit + g->unit_count; i++) {
        living -= p->states[p->stage->group_units[i]] == UNIT_STAGED;
    }
    if (living != 0) {
        publish_prepare_trees(p, group); /* a unit failed: trees without its files */
    }
    return publish_trees(p, group, error);
}

/* Directories that a unit's records name and that were made at their place. */
static void publish_touch_made(struct publication *p, uint32_t group)
{
    const struct stage_group *g = &p->stage->groups[group];
    for (uint32_t i = g->first_unit; i < g->first_unit + g->unit_count; i++) {
        const struct plan_unit *u = &p->stage->plan->units[p->stage->group_units[i]];
        for (uint32_t file = u->first_file; file < u->first_file + u->file_count; file++) {
            const struct plan_file *f = &p->stage->plan->files[file];
            if (f->kind == KIND_DIRECTORY && p->rows[file].outcome == OUTCOME_RESTORED) {
                publish_touch(p, f->directory);
            }
        }
    }
}

/* Deepest first, as their numbers are: a folder's times change when something in it does. */
static int publish_compare_anchors(const void *left, const void *right)
{
    const uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    return (a < b) - (a > b);
}

static void publish_settle(struct publication *p, const uint32_t *groups, uint32_t group_count)
{
    struct stage_layout *layout = p->layout;
    for (uint32_t i = 0; i < group_count; i++) {
        for (uint32_t k = layout->group_first_tree[groups[i]];
             k < layout->group_first_tree[groups[i] + 1]; k++) {
            publish_unmerge(p, layout->group_trees[k]);
        }
    }
    qsort(layout->touched, layout->touched_count, sizeof *layout->touched, publish_compare_anchors);
    for (uint32_t i = 0; i < layout->touched_count; i++) {
        struct stage_anchor *anchor = &layout->anchors[layout->touched[i]];
        publish_settle_place(p, anchor->directory, anchor->made);
        anchor->touched = false;
    }
    layout->touched_count = 0;
}

/* The second sync. A mount that fails takes trees back, and those of the units that live are
 * renamed again: until a sync has changed nothing, which is once for each mount at most. */
static vsr_code publish_sync_renames(struct publication *p, const uint32_t *groups,
                                     uint32_t group_count, vsr_error *error)
{
    bool changed = false;
    publish_settle(p, groups, group_count);
    vsr_code code = publish_sync_all(p, groups, group_count, &changed, error);
    for (uint32_t round = 0; round <= p->stage->mount_count && code == VSR_OK && changed; round++) {
        for (uint32_t i = 0; i < group_count && code == VSR_OK; i++) {
            code = publish_trees(p, groups[i], error);
        }
        publish_settle(p, groups, group_count);
        code = code == VSR_OK ? publish_sync_all(p, groups, group_count, &changed, error) : code;
    }
    return code;
}

/* Directories that a published unit has records of stay, even if nothing is in them. */
static void publish_keep_made(struct publication *p, uint32_t unit)
{
    const struct plan_unit *u = &p->stage->plan->units[unit];
    for (uint32_t file = u->first_file; file < u->first_file + u->file_count; file++) {
        const struct plan_file *f = &p->stage->plan->files[file];
        const uint32_t at = p->layout->directory_anchor[f->directory];
        if (f->kind == KIND_DIRECTORY && at != MARK_NONE) {
            p->layout->anchors[at].kept = true;
        }
    }
}

static vsr_code publish_commit_group(struct publication *p, uint32_t group, vsr_error *error)
{
    const struct stage *stage = p->stage;
    const struct stage_group *g = &stage->groups[group];
    uint32_t living = 0;
    for (uint32_t i = g->first_unit; i < g->first_unit + g->unit_count; i++) {
        living += p->states[stage->group_units[i]] == UNIT_STAGED;
    }
    if (living == 0) {
        return VSR_OK;
    }
    const vsr_code code = p->log == NULL ? VSR_OK : p->log->commit(p->log->context, group, error);
    if (code != VSR_OK) {
        return code;
    }
    for (uint32_t i = g->first_unit; i < g->first_unit + g->unit_count; i++) {
        const uint32_t unit = stage->group_units[i];
        if (p->states[unit] == UNIT_STAGED) {
            p->states[unit] = UNIT_PUBLISHED;
            publish_keep_made(p, unit);
        }
    }
    for (size_t i = 0; i < p->step_count; i++) {
        if (p->steps[i].group == group &&
            p->states[stage->plan->files[p->steps[i].file].unit] == UNIT_PUBLISHED) {
            publish_step_forget_old(p, &p->steps[i]);
        }
    }
    return VSR_OK;
}

/* A failed unit's files in a tree that could not be taken back, whose rows then say so; what cannot
 * be looked at may be there. */
static bool publish_residue_stands(const struct publication *p, uint32_t file)
{
    const struct plan_file *f = &p->stage->plan->files[file];
    char name[WIN_NAME_BYTES_MAX + 1];
    if (f->kind == KIND_DIRECTORY || !stage_is_staged(p->stage, file) ||
        !stage_in_tree(p->stage, file) ||
        p->layout->tree_state[p->stage->directory_tree[f->directory]] != TREE_PUBLISHED ||
        !stage_final_name(p->stage, file, name)) {
        return false;
    }
    struct stat facts;
    OWN(fd) fd = publish_open_parent(p->stage, f->directory);
    if (fd < 0) {
        return fd != -ENOENT;
    }
    if (fstatat(fd, name, &facts, AT_SYMLINK_NOFOLLOW) != 0) {
        return errno != ENOENT;
    }
    if (p->rows[file].outcome == OUTCOME_WITHDRAWN && !publish_is_theirs(p, file, fd, name)) {
        p->rows[file].fault = OUTCOME_STANDS;
    }
    return true;
}

static void publish_count_residue(struct publication *p, uint32_t group)
{
    const struct stage *stage = p->stage;
    const struct stage_group *g = &stage->groups[group];
    bool in_place = false;
    for (uint32_t i = p->layout->group_first_tree[group];
         i < p->layout->group_first_tree[group + 1]; i++) {
        in_place = in_place || p->layout->tree_state[p->layout->group_trees[i]] == TREE_PUBLISHED;
    }
    for (uint32_t i = g->first_unit; in_place && i < g->first_unit + g->unit_count; i++) {
        const uint32_t unit = stage->group_units[i];
        const struct plan_unit *u = &stage->plan->units[unit];
        for (uint32_t file = u->first_file;
             p->states[unit] == UNIT_FAILED && file < u->first_file + u->file_count; file++) {
            p->residue[unit] += publish_residue_stands(p, file);
        }
    }
}

/* The journal is no more, or no sync can be noted: what has not committed goes back, so that the
 * originals stand at their places again. What cannot go back is residue of its unit. */
static void publish_take_back(struct publication *p, const uint32_t *groups, uint32_t group_count)
{
    const int unnoted = atomic_load(&p->stage->unnoted_errno);
    for (uint32_t i = group_count; i-- > 0;) {
        const struct stage_group *g = &p->stage->groups[groups[i]];
        uint32_t living = 0;
        for (uint32_t k = g->first_unit; k < g->first_unit + g->unit_count; k++) {
            living += p->states[p->stage->group_units[k]] == UNIT_STAGED;
        }
        if (living == 0) {
            continue; /* committed, or failed before */
        }
        publish_trees_back(p, groups[i]);
        for (uint32_t k = g->first_unit + g->unit_count; k-- > g->first_unit;) {
            const uint32_t unit = p->stage->group_units[k];
            if (p->states[unit] == UNIT_STAGED) {
                publish_fail_unit(p, unit, p->stage->plan->units[unit].first_file,
                                  unnoted != 0 ? unnoted : EIO);
            }
        }
        publish_prepare_trees(p, groups[i]); /* what others put into trees is not lost */
        publish_count_residue(p, groups[i]);
    }
    publish_settle(p, groups, group_count);
    for (uint32_t i = 0; p->durability != DURABILITY_NONE && i < p->stage->mount_count; i++) {
        (void)publish_sync(p->stage, i,
                           NULL); /* the originals are to be where they were, for good */
    }
}

/* A sync was not waited for: what has not committed goes back and stays staged, for whoever goes on
 * with the run. */
static void publish_put_off(struct publication *p, const uint32_t *groups, uint32_t group_count)
{
    p->putting_off = true;
    for (uint32_t i = group_count; i-- > 0;) {
        const struct stage_group *g = &p->stage->groups[groups[i]];
        publish_trees_back(p, groups[i]);
        for (uint32_t k = g->first_unit + g->unit_count; k-- > g->first_unit;) {
            const uint32_t unit = p->stage->group_units[k];
            if (p->states[unit] == UNIT_STAGED) {
                publish_put_off_unit(p, unit);
            }
        }
        publish_count_residue(p, groups[i]);
    }
    publish_settle(p, groups, group_count);
}

/* What ranges replace is nowhere else: with `end`, too, it goes when their result is durable. */
static enum durability publish_durability(const struct stage *stage, const uint32_t *groups,
                                          uint32_t group_count, enum durability durability)
{
    for (uint32_t i = 0; durability == DURABILITY_END && i < stage->base_count; i++) {
        const struct stage_base *base = &stage->bases[i];
        const uint32_t group = stage->unit_group[stage->plan->files[base->file].unit];
        for (uint32_t k = 0; k < group_count && base->identity.present; k++) {
            durability = groups[k] == group ? DURABILITY_UNIT : durability;
        }
    }
    return durability;
}

vsr_code publish_groups(struct stage *stage, const uint32_t *groups, uint32_t group_count,
                        enum durability durability, const struct publish_log *log,
                        enum unit_state *states, struct outcome_row *rows, uint64_t *residue,
                        vsr_error *error)
{
    struct publication p = {
        .stage = stage,
        .layout = stage_layout_of(stage),
        .log = log,
        .durability = publish_durability(stage, groups, group_count, durability),
        .states = states,
        .rows = rows,
        .residue = residue,
        .policy = meta_policy_now(stage->options.owner),
    };
    bool ignored;
    for (uint32_t i = 0; i < group_count; i++) {
        publish_begin_group(&p, groups[i]);
    }
    vsr_code code = p.cancelled ? err_set(error, VSR_ERR_CANCELLED, "dest/publish",
                                          "publishing was put off: the run was cancelled")
                                : publish_sync_all(&p, groups, group_count, &ignored, error);
    for (uint32_t i = 0; i < group_count && code == VSR_OK; i++) {
        code = publish_rename_group(&p, groups[i], error);
        publish_touch_made(&p, groups[i]);
    }
    if (code == VSR_OK) {
        code = publish_sync_renames(&p, groups, group_count, error);
    }
    for (uint32_t i = 0; i < group_count && code == VSR_OK; i++) {
        publish_count_residue(&p, groups[i]);
        code = publish_commit_group(&p, groups[i], error);
    }
    if (code == VSR_ERR_CANCELLED) {
        publish_put_off(&p, groups, group_count);
    } else if (code != VSR_OK) {
        publish_take_back(&p, groups, group_count);
    }
    free(p.steps);
    return code;
}

vsr_code publish_group(struct stage *stage, uint32_t group, enum durability durability,
                       const struct publish_log *log, enum unit_state *states,
                       struct outcome_row *rows, uint64_t *residue, vsr_error *error)
{
    return publish_groups(stage, &group, 1, durability, log, states, rows, residue, error);
}
