/* publish_step.c - a staged file put at its place by one rename, and taken back again.
 *
 * A rename is the only thing that makes a file seen. Files that exist are exchanged, so that
 * the old one is kept in staging until the unit has committed. The order of steps, syncs and
 * journal records is publish.c's. */
#include "dest/publish_step.h"

#include "base/heap.h"
#include "base/limits.h"
#include "base/own.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* The name of an original that had to be linked away, beside the staged file's. */
enum { STEP_NAME_BYTES = WIN_NAME_BYTES_MAX + sizeof ".old" };

struct step_ends { /* both ends of a rename, open */
    int staged_fd;
    int place_fd;
    char staged[STEP_NAME_BYTES];
    char place[WIN_NAME_BYTES_MAX + 1];
    char old[STEP_NAME_BYTES];
};

int publish_open_parent(const struct stage *stage, uint32_t directory)
{
    const struct stage_layout *layout = stage_layout_read(stage);
    const uint32_t at = layout->directory_anchor[directory];
    struct dest_identity now;
    OWN(fd) fd = stage_open_place(stage, directory, O_PATH | O_DIRECTORY);
    if (fd < 0) {
        return fd;
    }
    if (at != MARK_NONE) {
        const struct stage_anchor *anchor = &layout->anchors[at];
        const int fault = root_identify(fd, &now);
        if (fault != 0) {
            return fault;
        }
        if (now.device != anchor->device || now.inode != anchor->inode ||
            now.mount_id != anchor->mount_id) {
            return -ESTALE;
        }
    }
    return take_fd(&fd);
}

struct publish_identity publish_identify(int fd, const char *name)
{
    struct stat facts;
    if (fstatat(fd, name, &facts, AT_SYMLINK_NOFOLLOW) != 0) {
        return (struct publish_identity){.present = false};
    }
    return (struct publish_identity){
        .present = true,
        .device = facts.st_dev,
        .inode = facts.st_ino,
        .size = (uint64_t)facts.st_size,
        .modify_s = facts.st_mtim.tv_sec,
        .modify_ns = (uint32_t)facts.st_mtim.tv_nsec,
    };
}

static bool step_same(const struct publish_identity *a, const struct publish_identity *b)
{
    return a->present == b->present &&
           (!a->present || (a->device == b->device && a->inode == b->inode));
}

static void step_close(struct step_ends *ends)
{
    own_fd_drop(&ends->staged_fd);
    own_fd_drop(&ends->place_fd);
}

static int step_open(const struct publication *p, uint32_t file, struct step_ends *ends)
{
    const struct stage *stage = p->stage;
    char path[STAGE_PATH_BYTES_MAX];
    struct stage_where where = {.key = STAGE_KEY_NONE, .path = path, .name = ends->staged};
    *ends = (struct step_ends){.staged_fd = -1, .place_fd = -1};
    if (!stage_place(stage, file, &where) || !stage_final_name(stage, file, ends->place)) {
        return EINVAL;
    }
    (void)snprintf(ends->old, sizeof ends->old, "%.*s.old", (int)WIN_NAME_BYTES_MAX, ends->staged);
    ends->staged_fd = root_openat(where.base_fd, path, O_PATH | O_DIRECTORY, 0);
    if (ends->staged_fd < 0) {
        return -ends->staged_fd;
    }
    ends->place_fd = publish_open_parent(stage, stage->plan->files[file].directory);
    if (ends->place_fd < 0) {
        const int fault = -ends->place_fd;
        step_close(ends);
        return fault;
    }
    return 0;
}

/* *moved: something stands at the new name now, even if the old one could not be removed. */
static int step_move_new(const struct dest_abilities *abilities, int from_fd, const char *from,
                         int to_fd, const char *to, bool *moved)
{
    *moved = false;
    if (abilities->rename_noreplace) {
        *moved = renameat2(from_fd, from, to_fd, to, RENAME_NOREPLACE) == 0;
        return *moved ? 0 : errno;
    }
    if (!abilities->hard_links) {
        return EOPNOTSUPP;
    }
    if (linkat(from_fd, from, to_fd, to, 0) != 0) {
        return errno;
    }
    *moved = true;
    return unlinkat(from_fd, from, 0) == 0 ? 0 : errno;
}

/* What is replaced must be of the same sort - a regular file, or a link for a link - and the one
 * of the intent; anything else was put there by somebody else, and is left alone. */
static int step_may_replace(const struct publication *p, const struct publish_step *step,
                            const struct step_ends *ends)
{
    const bool link = p->stage->plan->files[step->intent.file].kind == KIND_REPARSE;
    struct stat facts;
    if (fstatat(ends->place_fd, ends->place, &facts, AT_SYMLINK_NOFOLLOW) != 0) {
        return errno;
    }
    if (!S_ISREG(facts.st_mode) && !(link && S_ISLNK(facts.st_mode))) {
        return S_ISDIR(facts.st_mode) ? EISDIR : S_ISLNK(facts.st_mode) ? ELOOP : EINVAL;
    }
    const struct publish_identity now = publish_identify(ends->place_fd, ends->place);
    return step_same(&now, &step->intent.at_place) ? 0 : ESTALE;
}

static int step_exchange(struct publish_step *step, const struct step_ends *ends)
{
    if (renameat2(ends->staged_fd, ends->staged, ends->place_fd, ends->place, RENAME_EXCHANGE) !=
        0) {
        return errno;
    }
    const struct publish_identity taken = publish_identify(ends->staged_fd, ends->staged);
    if (step_same(&taken, &step->intent.at_place)) {
        step->how = STEP_EXCHANGED;
        return 0;
    }
    /* somebody was faster: his file goes back, ours is not seen */
    if (renameat2(ends->staged_fd, ends->staged, ends->place_fd, ends->place, RENAME_EXCHANGE) !=
        0) {
        step->how = STEP_EXCHANGED; /* undo will try again, and count it if it cannot */
    }
    return ESTALE;
}

static int step_lay_over(struct publish_step *step, const struct step_ends *ends)
{
    if (linkat(ends->place_fd, ends->place, ends->staged_fd, ends->old, 0) != 0) {
        return errno;
    }
    const struct publish_identity kept = publish_identify(ends->staged_fd, ends->old);
    if (!step_same(&kept, &step->intent.at_place)) {
        (void)unlinkat(ends->staged_fd, ends->old, 0);
        return ESTALE;
    }
    if (renameat(ends->staged_fd, ends->staged, ends->place_fd, ends->place) != 0) {
        const int fault = errno;
        (void)unlinkat(ends->staged_fd, ends->old, 0);
        return fault;
    }
    step->how = STEP_LAID_OVER;
    return 0;
}

static int step_rename(const struct publication *p, struct publish_step *step,
                       const struct step_ends *ends)
{
    const struct dest_abilities *abilities = &p->stage->mounts[step->intent.mount].abilities;
    const bool replace = p->stage->plan->files[step->intent.file].action == ACTION_REPLACE &&
                         step->intent.at_place.present;
    if (!replace) {
        bool moved;
        const int fault = step_move_new(abilities, ends->staged_fd, ends->staged, ends->place_fd,
                                        ends->place, &moved);
        step->how = moved ? STEP_CREATED : STEP_NOT_DONE;
        return fault;
    }
    const int fault = step_may_replace(p, step, ends);
    if (fault != 0) {
        return fault;
    }
    if (abilities->rename_exchange) {
        return step_exchange(step, ends);
    }
    return abilities->hard_links ? step_lay_over(step, ends) : EOPNOTSUPP;
}

void publish_touch(struct publication *p, uint32_t directory)
{
    struct stage_layout *layout = p->layout;
    const uint32_t at = layout->directory_anchor[directory];
    if (at != MARK_NONE && !layout->anchors[at].touched) {
        layout->anchors[at].touched = true;
        layout->touched[layout->touched_count++] = at;
    }
}

int publish_step_carry_out(struct publication *p, struct publish_step *step)
{
    struct step_ends ends;
    int fault = step_open(p, step->intent.file, &ends);
    if (fault == 0) {
        fault = step_rename(p, step, &ends);
        step_close(&ends);
    }
    publish_touch(p, p->stage->plan->files[step->intent.file].directory);
    return fault;
}

/* A link that could not be turned into a move has left the file at its staged name, too. */
static int step_uncreate(const struct dest_abilities *abilities, const struct publish_step *step,
                         const struct step_ends *ends)
{
    const struct publish_identity staged = publish_identify(ends->staged_fd, ends->staged);
    bool moved;
    if (staged.present && step_same(&staged, &step->intent.staged)) {
        return unlinkat(ends->place_fd, ends->place, 0) == 0 ? 0 : errno;
    }
    return step_move_new(abilities, ends->place_fd, ends->place, ends->staged_fd, ends->staged,
                         &moved);
}

static int step_take_back(const struct publication *p, const struct publish_step *step,
                          const struct step_ends *ends)
{
    const struct dest_abilities *abilities = &p->stage->mounts[step->intent.mount].abilities;
    const struct publish_identity now = publish_identify(ends->place_fd, ends->place);
    if (!step_same(&now, &step->intent.staged)) {
        return ESTALE; /* what stands there now is not ours to take away */
    }
    switch (step->how) {
    case STEP_CREATED:
        return step_uncreate(abilities, step, ends);
    case STEP_EXCHANGED:
        return renameat2(ends->staged_fd, ends->staged, ends->place_fd, ends->place,
                         RENAME_EXCHANGE) == 0
                   ? 0
                   : errno;
    case STEP_LAID_OVER:
        return renameat(ends->staged_fd, ends->old, ends->place_fd, ends->place) == 0 ? 0 : errno;
    case STEP_NOT_DONE:
        break;
    }
    return 0;
}

int publish_step_undo(struct publication *p, struct publish_step *step)
{
    struct step_ends ends;
    if (step->how == STEP_NOT_DONE) {
        return 0;
    }
    int fault = step_open(p, step->intent.file, &ends);
    if (fault == 0) {
        fault = step_take_back(p, step, &ends);
        step_close(&ends);
    }
    publish_touch(p, p->stage->plan->files[step->intent.file].directory);
    if (fault == 0) {
        step->how = STEP_NOT_DONE;
    }
    return fault;
}

void publish_step_forget_old(struct publication *p, const struct publish_step *step)
{
    struct step_ends ends;
    if (step->how != STEP_EXCHANGED && step->how != STEP_LAID_OVER) {
        return;
    }
    if (step_open(p, step->intent.file, &ends) == 0) {
        (void)unlinkat(ends.staged_fd, step->how == STEP_EXCHANGED ? ends.staged : ends.old, 0);
        step_close(&ends);
    }
}

/* --- all steps of a unit --- */

void publish_add_steps(struct publication *p, uint32_t group, uint32_t unit, uint32_t tree)
{
    const struct stage *stage = p->stage;
    const struct plan_unit *u = &stage->plan->units[unit];
    for (uint32_t file = u->first_file; file < u->first_file + u->file_count; file++) {
        const struct plan_file *f = &stage->plan->files[file];
        const bool in_tree = stage_in_tree(stage, file);
        if (p->rows[file].outcome != OUTCOME_RESTORED || f->kind == KIND_DIRECTORY ||
            f->action == ACTION_STAGE ||
            (tree == MARK_NONE ? in_tree
                               : !in_tree || stage->directory_tree[f->directory] != tree)) {
            continue;
        }
        struct publish_step step = {.group = group};
        struct step_ends ends;
        step.intent = (struct publish_intent){.unit = unit,
                                              .file = file,
                                              .tree = MARK_NONE,
                                              .mount = stage_file_mount(stage, file)};
        if (step_open(p, file, &ends) == 0) { /* if not, carrying it out fails the same way */
            step.intent.staged = publish_identify(ends.staged_fd, ends.staged);
            step.intent.at_place = publish_identify(ends.place_fd, ends.place);
            step_close(&ends);
        }
        p->steps = heap_grow(p->steps, p->step_count, &p->step_capacity, sizeof *p->steps);
        p->steps[p->step_count++] = step;
    }
}

/* What was staged of a file goes. What stays, stands in a tree that may yet be published: it is
 * residue of the file's unit. */
static void step_remove_staged(const struct publication *p, uint32_t file,
                               struct stage_where *where, own_fd *fd)
{
    int fault = 0;
    const uint64_t before = where->key;
    if (p->stage->plan->files[file].kind == KIND_DIRECTORY || !stage_place(p->stage, file, where)) {
        return;
    }
    if (where->key != before || *fd < 0) {
        own_fd_drop(fd);
        *fd = root_openat(where->base_fd, where->path, O_PATH | O_DIRECTORY, 0);
    }
    if (*fd < 0) {
        fault = -*fd;
    } else if (unlinkat(*fd, where->name, 0) != 0) {
        fault = errno;
    }
    if (fault != 0 && fault != ENOENT) {
        p->residue[p->stage->plan->files[file].unit]++;
    }
}

void publish_remove_staged(struct publication *p, uint32_t unit)
{
    const struct stage *stage = p->stage;
    const struct plan_unit *u = &stage->plan->units[unit];
    char path[STAGE_PATH_BYTES_MAX];
    char name[WIN_NAME_BYTES_MAX + 1];
    struct stage_where where = {.key = STAGE_KEY_NONE, .path = path, .name = name};
    OWN(fd) fd = -1;
    for (uint32_t i = u->first_file; i < u->first_file + u->file_count; i++) {
        const uint32_t tree = stage->directory_tree[stage->plan->files[i].directory];
        if (stage_is_staged(stage->plan, i) && stage_in_tree(stage, i) &&
            p->layout->tree_state[tree] == TREE_STAGED) {
            step_remove_staged(p, i, &where, &fd);
        }
    }
}

static void step_fail_unit(struct publication *p, uint32_t unit, uint32_t file, int os_errno)
{
    const struct plan_unit *u = &p->stage->plan->units[unit];
    char path[STAGE_PATH_BYTES_MAX];
    char name[WIN_NAME_BYTES_MAX + 1];
    struct stage_where where = {.key = STAGE_KEY_NONE, .path = path, .name = name};
    OWN(fd) fd = -1;
    uint32_t first = MARK_NONE;
    p->states[unit] = UNIT_FAILED;
    for (size_t i = p->step_count; i-- > 0;) {
        struct publish_step *step = &p->steps[i];
        if (step->intent.unit != unit) {
            continue;
        }
        const int fault = publish_step_undo(p, step);
        if (fault != 0) {
            p->rows[step->intent.file].outcome = OUTCOME_DEST_ERROR;
            p->rows[step->intent.file].os_errno = fault;
            p->residue[unit]++;
        }
    }
    for (uint32_t i = u->first_file; i < u->first_file + u->file_count; i++) {
        if (p->rows[i].outcome == OUTCOME_RESTORED) {
            step_remove_staged(p, i, &where, &fd);
            p->rows[i].outcome = OUTCOME_WITHDRAWN;
            first = first == MARK_NONE || i == file ? i : first;
        }
    }
    if (file != MARK_NONE && first != MARK_NONE) {
        const bool full = os_errno == ENOSPC || os_errno == EDQUOT;
        p->rows[first].outcome = full ? OUTCOME_DEST_FULL : OUTCOME_DEST_ERROR;
        p->rows[first].os_errno = os_errno;
    }
}

/* Does the unit need a file that a failed unit owns (rulings 8 and 28)? */
static bool step_shares_failure(const struct publication *p, uint32_t unit)
{
    const struct plan *plan = p->stage->plan;
    const struct plan_unit *u = &plan->units[unit];
    for (uint32_t i = 0; i < u->shared_count; i++) {
        const uint32_t file = plan->shared[u->first_shared + i].file;
        if (p->states[plan->files[file].unit] == UNIT_FAILED) {
            return true;
        }
    }
    return false;
}

void publish_fail_unit(struct publication *p, uint32_t unit, uint32_t file, int os_errno)
{
    const struct stage_group *g = &p->stage->groups[p->stage->unit_group[unit]];
    bool again = p->states[unit] == UNIT_STAGED || file == MARK_NONE;
    step_fail_unit(p, unit, file, os_errno);
    while (again) { /* each round fails one unit at least */
        again = false;
        for (uint32_t i = g->first_unit; i < g->first_unit + g->unit_count; i++) {
            const uint32_t other = p->stage->group_units[i];
            if (p->states[other] == UNIT_STAGED && step_shares_failure(p, other)) {
                step_fail_unit(p, other, MARK_NONE, 0);
                again = true;
            }
        }
    }
}

static vsr_code step_log(const struct publication *p, uint32_t group, size_t first, bool with_trees,
                         vsr_error *error)
{
    const uint32_t *trees = p->layout->group_first_tree;
    uint32_t count = 0;
    if (p->log == NULL) {
        return VSR_OK;
    }
    struct publish_intent *intents =
        heap_alloc(p->step_count - first + trees[group + 1] - trees[group], sizeof *intents);
    for (size_t i = first; i < p->step_count; i++) {
        intents[count++] = p->steps[i].intent;
    }
    if (with_trees) {
        count += publish_tree_intents(p, group, intents + count);
    }
    const vsr_code code =
        count == 0 ? VSR_OK : p->log->intents(p->log->context, group, intents, count, error);
    free(intents);
    return code;
}

vsr_code publish_run_steps(struct publication *p, uint32_t group, size_t first, bool with_trees,
                           vsr_error *error)
{
    const vsr_code code = step_log(p, group, first, with_trees, error);
    if (code != VSR_OK) {
        return code;
    }
    for (size_t i = first; i < p->step_count; i++) {
        struct publish_step *step = &p->steps[i];
        if (step->group == group && p->states[step->intent.unit] == UNIT_STAGED) {
            const int fault = publish_step_carry_out(p, step);
            if (fault != 0) {
                publish_fail_unit(p, step->intent.unit, step->intent.file, fault);
            }
        }
    }
    return VSR_OK;
}
