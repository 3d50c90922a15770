/* publish_unit.c - all steps of a unit: logged, carried out, and undone when one of them fails.
 *
 * What one step does stands in publish_step.c. A unit that fails takes the units with it that
 * need its files. */
#include "dest/publish_step.h"

#include "base/heap.h"
#include "base/limits.h"
#include "base/own.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

/* Intents that are made at a time: some hundred KiB of records in the journal's buffer. */
enum { STEP_WINDOW = 1024 };

uint64_t publish_step_bytes(const struct plan *plan, const uint8_t *alone)
{
    uint64_t count = 0;
    for (uint32_t i = 0; i < plan->file_count; i++) {
        const struct plan_file *f = &plan->files[i];
        count += f->kind != KIND_DIRECTORY && (plan->directories[f->directory].make == 0 ||
                                               (alone != NULL && alone[f->unit] != 0));
    }
    return count * sizeof(struct publish_step);
}

void publish_add_steps(struct publication *p, uint32_t group, uint32_t unit, uint32_t tree)
{
    const struct stage *stage = p->stage;
    const struct plan_unit *u = &stage->plan->units[unit];
    /* room for all: what is not filled is never touched, so that it takes no memory */
    p->steps = heap_resize(p->steps, p->step_count + u->file_count + 1u, sizeof *p->steps);
    for (uint32_t file = u->first_file; file < u->first_file + u->file_count; file++) {
        const struct plan_file *f = &stage->plan->files[file];
        const bool in_tree = stage_in_tree(stage, file);
        if (p->rows[file].outcome == OUTCOME_RESTORED && f->kind != KIND_DIRECTORY &&
            f->action != ACTION_STAGE && stage_target(stage->plan, file) == file &&
            (tree == MARK_NONE ? !in_tree
                               : in_tree && stage->directory_tree[f->directory] == tree)) {
            p->steps[p->step_count++] = (struct publish_step){.file = file, .group = group};
        }
    }
}

bool publish_is_theirs(const struct publication *p, uint32_t file, int fd, const char *name)
{
    const uint32_t target = stage_target(p->stage->plan, file);
    const uint32_t tree = stage_in_tree(p->stage, target)
                              ? p->stage->directory_tree[p->stage->plan->files[target].directory]
                              : MARK_NONE;
    struct stat facts;
    if (tree == MARK_NONE || p->layout->tree_shown[tree].tv_sec == 0 ||
        fstatat(fd, name, &facts, AT_SYMLINK_NOFOLLOW) != 0) {
        return false;
    }
    /* what is ours was whole before it was seen; not all file systems keep its times */
    const struct timespec *shown = &p->layout->tree_shown[tree], *changed = &facts.st_ctim;
    const bool since = changed->tv_sec != shown->tv_sec ? changed->tv_sec > shown->tv_sec
                                                        : changed->tv_nsec >= shown->tv_nsec;
    return since && !stage_stands(p->stage, target, fd, name, &facts);
}

/* The staging folder is kept for it, and its row tells. */
static void step_keep_theirs(const struct publication *p, uint32_t file)
{
    uint64_t *residue = &p->residue[p->stage->plan->files[file].unit];
    struct outcome_row *row = &p->rows[file];
    if (row->outcome == OUTCOME_WITHDRAWN) {
        *row = (struct outcome_row){.outcome = OUTCOME_REFUSED, .os_errno = ESTALE};
        ++*residue;
    } else if (*residue == 0) {
        *residue = 1;
    }
}

/* What was staged of a file goes. What stays is no residue, since nobody sees it (rules 9.1): a
 * tree that it stays in is not published, whoever else has files in it. */
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
    } else if (publish_is_theirs(p, file, *fd, where->name)) {
        step_keep_theirs(p, file);
    } else if (unlinkat(*fd, where->name, 0) != 0) {
        fault = errno;
    }
    if (fault != 0 && fault != ENOENT && stage_in_tree(p->stage, file)) {
        const uint32_t directory = p->stage->plan->files[file].directory;
        p->layout->tree_fault[p->stage->directory_tree[directory]] = fault;
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
        if (stage_is_staged(stage, i) && stage_in_tree(stage, i) &&
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
        if (p->stage->plan->files[step->file].unit != unit) {
            continue;
        }
        const int fault = publish_step_undo(p, step);
        if (fault != 0) {
            p->rows[step->file].outcome = OUTCOME_DEST_ERROR;
            p->rows[step->file].os_errno = fault;
            p->residue[unit]++;
        }
    }
    if (p->log != NULL && p->log->drop != NULL) {
        p->log->drop(p->log->context, unit);
    }
    for (uint32_t i = u->first_file; i < u->first_file + u->file_count; i++) {
        if (p->rows[i].outcome == OUTCOME_RESTORED || p->rows[i].outcome == OUTCOME_STAGED) {
            p->rows[i].outcome = OUTCOME_WITHDRAWN;
            step_remove_staged(p, i, &where, &fd);
            first = first == MARK_NONE || i == file ? i : first;
        }
    }
    if (file != MARK_NONE && first != MARK_NONE) {
        const bool full = os_errno == ENOSPC || os_errno == EDQUOT;
        /* what came, went or was changed meanwhile is no fault of the destination (T03) */
        const bool overtaken =
            os_errno == EEXIST || os_errno == ESTALE || os_errno == ENOENT || os_errno == EISDIR;
        p->rows[first].outcome = full        ? OUTCOME_DEST_FULL
                                 : overtaken ? OUTCOME_REFUSED
                                             : OUTCOME_DEST_ERROR;
        p->rows[first].os_errno = os_errno;
    }
}

void publish_put_off_unit(struct publication *p, uint32_t unit)
{
    bool failed = false;
    for (size_t i = p->step_count; i-- > 0;) {
        struct publish_step *step = &p->steps[i];
        if (p->stage->plan->files[step->file].unit == unit) {
            failed = publish_step_undo(p, step) != 0 || failed;
        }
    }
    if (failed) {
        publish_fail_unit(p, unit, MARK_NONE, 0); /* tries again, and counts what stays */
    } else if (p->log != NULL && p->log->drop != NULL) {
        p->log->drop(p->log->context, unit);
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

/* The journal gets its intents by windows, so that memory does not grow with the unit; it is
 * synced with the last one, before the first rename. */
static vsr_code step_log(const struct publication *p, uint32_t group, size_t first, bool with_trees,
                         vsr_error *error)
{
    const uint32_t *trees = p->layout->group_first_tree;
    const uint32_t tree_count = with_trees ? trees[group + 1] - trees[group] : 0;
    const size_t step_count = p->step_count - first;
    const size_t window = step_count < STEP_WINDOW ? step_count : STEP_WINDOW;
    OWN(heap) memory = heap_alloc(window + tree_count + 1u, sizeof(struct publish_intent));
    struct publish_intent *intents = memory;
    vsr_code code = VSR_OK;
    uint32_t count = 0;
    for (size_t i = first; i < p->step_count && code == VSR_OK; i++) {
        publish_step_examine(p, &p->steps[i], &intents[count++]);
        if (count == STEP_WINDOW && i + 1 < p->step_count && p->log != NULL) {
            code = p->log->intents(p->log->context, group, intents, count, true, error);
        }
        count = count == STEP_WINDOW && i + 1 < p->step_count ? 0 : count;
    }
    if (with_trees) {
        count += publish_tree_intents(p, group, intents + count);
    }
    return code != VSR_OK || count == 0 || p->log == NULL
               ? code
               : p->log->intents(p->log->context, group, intents, count, false, error);
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
        const uint32_t unit = p->stage->plan->files[step->file].unit;
        if (step->group == group && p->states[unit] == UNIT_STAGED) {
            const int fault = publish_step_carry_out(p, step);
            if (fault != 0) {
                publish_fail_unit(p, unit, step->file, fault);
            }
        }
    }
    return VSR_OK;
}
