/* publish_tree.c - whole staged subtrees: trimmed to what living units need, renamed once.
 *
 * A tree costs one rename however many files it holds. Units that share it are decided one by
 * one before that: who failed has its files taken out, then the folders that nobody needs. When
 * the place has come to exist meanwhile, the tree is merged into it file by file. */
#include "base/heap.h"
#include "base/limits.h"
#include "base/own.h"
#include "dest/publish_step.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static void tree_mark_needed(struct publication *p, uint32_t unit)
{
    const struct stage *stage = p->stage;
    const struct plan *plan = stage->plan;
    const struct plan_unit *u = &plan->units[unit];
    for (uint32_t i = u->first_file; i < u->first_file + u->file_count; i++) {
        if (p->rows[i].outcome != OUTCOME_RESTORED || !stage_in_tree(stage, i)) {
            continue;
        }
        for (uint32_t at = plan->files[i].directory;
             at != MARK_NONE && stage->directory_tree[at] != MARK_NONE && !p->layout->needed[at];
             at = plan->directories[at].parent) {
            p->layout->needed[at] = 1;
        }
    }
}

/* 0 or errno. */
static int tree_remove_directory(const struct publication *p, uint32_t directory)
{
    const struct stage *stage = p->stage;
    char path[STAGE_PATH_BYTES_MAX];
    if (!stage_directory_path(stage, directory, true, path, sizeof path)) {
        return EINVAL;
    }
    char *const slash = strrchr(path, '/');
    const int base_fd = stage->mounts[stage->directory_mount[directory]].fd;
    if (slash == NULL) {
        return unlinkat(base_fd, path, AT_REMOVEDIR) == 0 ? 0 : errno;
    }
    *slash = '\0';
    OWN(fd) fd = root_openat(base_fd, path, O_PATH | O_DIRECTORY, 0);
    return fd < 0 ? -fd : unlinkat(fd, slash + 1, AT_REMOVEDIR) == 0 ? 0 : errno;
}

static void tree_fail(struct publication *p, uint32_t group, uint32_t tree, int os_errno)
{
    const struct stage *stage = p->stage;
    const struct stage_group *g = &stage->groups[group];
    for (uint32_t i = g->first_unit; i < g->first_unit + g->unit_count; i++) {
        const uint32_t unit = stage->group_units[i];
        const struct plan_unit *u = &stage->plan->units[unit];
        if (p->states[unit] != UNIT_STAGED) {
            continue;
        }
        for (uint32_t file = u->first_file; file < u->first_file + u->file_count; file++) {
            if (p->rows[file].outcome == OUTCOME_RESTORED && stage_in_tree(stage, file) &&
                stage->directory_tree[stage->plan->files[file].directory] == tree) {
                publish_fail_unit(p, unit, file, os_errno);
                break;
            }
        }
    }
}

/* Was the directory given more permissions than the media's while it was staged? */
static bool tree_was_opened(const struct publication *p, uint32_t directory)
{
    const struct plan_directory *d = &p->stage->plan->directories[directory];
    return p->layout->needed[directory] && d->entry != MARK_NONE && p->policy.obeys_modes &&
           (meta_mode(&p->stage->set->index, d->entry) & 0700) != 0700;
}

int publish_tree_finish(struct publication *p, uint32_t tree)
{
    const uint32_t *first = p->layout->tree_first;
    int fault = 0;
    for (uint32_t i = first[tree + 1]; i-- > first[tree];) {
        const uint32_t directory = p->layout->tree_directories[i];
        if (!tree_was_opened(p, directory) && !(i == first[tree] && p->layout->needed[directory])) {
            continue;
        }
        OWN(fd) fd = stage_open_place(p->stage, directory, O_RDONLY | O_DIRECTORY);
        const int one = fd < 0 ? -fd : publish_describe_directory(p, directory, fd, false);
        fault = fault != 0 ? fault : one;
    }
    return fault;
}

/* The opposite, before a tree goes back: parents first. What stays closed shows when files in it
 * are to be removed. */
void publish_tree_reopen(const struct publication *p, uint32_t tree)
{
    const uint32_t *first = p->layout->tree_first;
    for (uint32_t i = first[tree]; i < first[tree + 1]; i++) {
        const uint32_t directory = p->layout->tree_directories[i];
        char path[sizeof "/proc/self/fd/" + 10];
        if (!tree_was_opened(p, directory)) {
            continue;
        }
        OWN(fd) fd = stage_open_place(p->stage, directory, O_PATH | O_DIRECTORY);
        if (fd >= 0) { /* without read permission there is no other way to name it */
            const struct plan_directory *d = &p->stage->plan->directories[directory];
            (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
            (void)chmod(path, meta_mode(&p->stage->set->index, d->entry) | 0700);
        }
    }
}

/* What is needed by nobody goes. True: its top does not, since something is in it. */
static bool tree_remove_directories(const struct publication *p, uint32_t tree)
{
    const uint32_t *first = p->layout->tree_first;
    int fault = 0;
    for (uint32_t i = first[tree + 1]; i-- > first[tree];) {
        const uint32_t directory = p->layout->tree_directories[i];
        fault = p->layout->needed[directory] ? 0 : tree_remove_directory(p, directory);
    }
    return fault == ENOTEMPTY || fault == EEXIST;
}

/* Has it stood at its place, in this process or in one before, so that others could put something
 * into it? */
static bool tree_was_seen(const struct publication *p, uint32_t tree)
{
    return p->layout->tree_seen[tree] != 0 || p->stage->mounts[p->stage->trees[tree].mount].adopted;
}

/* A tree that nobody needs cannot go: because of what failed units left in it, or of what is
 * somebody else's, which is kept with the staging folder, and told of as residue of one of them. */
static void tree_keep_others(struct publication *p, uint32_t group, uint32_t tree)
{
    const struct stage_group *g = &p->stage->groups[group];
    uint32_t failed = MARK_NONE;
    bool kept = false; /* for a place of his, or for another reason */
    for (uint32_t i = g->first_unit + g->unit_count; i-- > g->first_unit;) {
        const uint32_t unit = p->stage->group_units[i];
        if (p->states[unit] == UNIT_FAILED) {
            publish_remove_staged(p, unit);
            failed = unit;
            kept = kept || p->residue[unit] > 0;
        }
    }
    if (failed != MARK_NONE && tree_remove_directories(p, tree) && !kept) {
        p->residue[failed]++;
    }
}

static void tree_trim(struct publication *p, uint32_t group, uint32_t tree)
{
    const bool full = tree_remove_directories(p, tree);
    if (p->layout->needed[p->stage->trees[tree].directory]) {
        return;
    }
    if (full && tree_was_seen(p, tree)) {
        tree_keep_others(p, group, tree);
    }
    p->layout->tree_state[tree] = TREE_DROPPED;
}

void publish_prepare_trees(struct publication *p, uint32_t group)
{
    const struct stage *stage = p->stage;
    const struct stage_layout *layout = p->layout;
    const struct stage_group *g = &stage->groups[group];
    bool again = true;
    while (again) { /* at most once more for each unit: a fault below fails one at least */
        again = false;
        for (uint32_t i = layout->group_first_tree[group]; i < layout->group_first_tree[group + 1];
             i++) {
            const uint32_t tree = layout->group_trees[i];
            for (uint32_t k = layout->tree_first[tree]; k < layout->tree_first[tree + 1]; k++) {
                p->layout->needed[layout->tree_directories[k]] = 0;
            }
        }
        for (uint32_t i = g->first_unit; i < g->first_unit + g->unit_count; i++) {
            if (p->states[stage->group_units[i]] == UNIT_STAGED) {
                tree_mark_needed(p, stage->group_units[i]);
            }
        }
        for (uint32_t i = layout->group_first_tree[group];
             i < layout->group_first_tree[group + 1] && !again; i++) {
            const uint32_t tree = layout->group_trees[i];
            if (layout->tree_state[tree] != TREE_STAGED) {
                continue;
            }
            tree_trim(p, group, tree);
            const int fault = layout->tree_state[tree] != TREE_STAGED ? 0
                              : layout->tree_fault[tree] != 0         ? layout->tree_fault[tree]
                                                              : publish_describe_tree(p, tree);
            if (fault != 0) {
                tree_fail(p, group, tree, fault);
                again = true;
            }
        }
    }
}

/* --- the rename --- */

struct tree_ends {
    own_fd place_fd;
    char staged[10];
    char place[WIN_NAME_BYTES_MAX + 1];
};

static int tree_open(const struct publication *p, uint32_t tree, struct tree_ends *ends)
{
    const struct stage *stage = p->stage;
    const struct plan_directory *d = &stage->plan->directories[stage->trees[tree].directory];
    const struct view name = plan_text(stage->plan, d->name);
    *ends = (struct tree_ends){.place_fd = -1};
    if (!root_name_is_plain(name) || name.n > WIN_NAME_BYTES_MAX) {
        return EINVAL;
    }
    stage_tree_name(stage, tree, ends->staged);
    memcpy(ends->place, name.p, name.n);
    ends->place[name.n] = '\0';
    ends->place_fd = publish_open_parent(stage, d->parent);
    return ends->place_fd < 0 ? -ends->place_fd : 0;
}

uint32_t publish_tree_intents(const struct publication *p, uint32_t group,
                              struct publish_intent *out)
{
    const struct stage_layout *layout = p->layout;
    uint32_t count = 0;
    for (uint32_t i = layout->group_first_tree[group]; i < layout->group_first_tree[group + 1];
         i++) {
        const uint32_t tree = layout->group_trees[i];
        struct tree_ends ends;
        if (layout->tree_state[tree] != TREE_STAGED || tree_open(p, tree, &ends) != 0) {
            continue;
        }
        const uint32_t mount = p->stage->trees[tree].mount;
        out[count++] = (struct publish_intent){
            .unit = p->stage->group_units[p->stage->groups[group].first_unit],
            .file = MARK_NONE,
            .tree = p->stage->trees[tree].directory,
            .mount = mount,
            .staged = publish_identify(p->stage->mounts[mount].fd, ends.staged),
            .at_place = publish_identify(ends.place_fd, ends.place),
        };
        own_fd_drop(&ends.place_fd);
    }
    return count;
}

/* Without NOREPLACE a folder can only be renamed over an empty folder, never over data. */
static int tree_move(const struct dest_abilities *abilities, int from_fd, const char *from,
                     int to_fd, const char *to)
{
    if (abilities->rename_noreplace) {
        return renameat2(from_fd, from, to_fd, to, RENAME_NOREPLACE) == 0 ? 0 : errno;
    }
    if (publish_identify(to_fd, to).present) {
        return EEXIST;
    }
    return renameat(from_fd, from, to_fd, to) == 0 ? 0 : errno;
}

/* It stands at its place, and staging has just lost it: as late as that. */
static void tree_note_shown(const struct publication *p, uint32_t tree)
{
    struct timespec *shown = &p->layout->tree_shown[tree];
    struct stat facts;
    if (shown->tv_sec == 0 &&
        fstat(p->stage->mounts[p->stage->trees[tree].mount].fd, &facts) == 0) {
        *shown = facts.st_ctim;
    }
}

int publish_tree_rename(struct publication *p, uint32_t tree, bool back)
{
    const struct stage_mount *mount = &p->stage->mounts[p->stage->trees[tree].mount];
    const uint32_t top = p->stage->trees[tree].directory;
    struct tree_ends ends;
    int fault = tree_open(p, tree, &ends);
    if (fault == 0) {
        fault =
            back ? tree_move(&mount->abilities, ends.place_fd, ends.place, mount->fd, ends.staged)
                 : tree_move(&mount->abilities, mount->fd, ends.staged, ends.place_fd, ends.place);
        own_fd_drop(&ends.place_fd);
    }
    if (fault == 0) {
        p->layout->tree_state[tree] = back ? TREE_STAGED : TREE_PUBLISHED;
        p->layout->tree_seen[tree] = 1;
    }
    if (fault == 0 && !back) {
        tree_note_shown(p, tree);
    }
    publish_touch(p, p->stage->plan->directories[top].parent);
    return fault;
}

/* --- a place that came to exist: file by file --- */

/* Directories that are about to be made where they are missing: so that whoever finds them after a
 * cut knows whose they are. */
static vsr_code tree_log_folders(const struct publication *p, uint32_t group, uint32_t tree,
                                 vsr_error *error)
{
    const struct stage *stage = p->stage;
    const uint32_t *first = p->layout->tree_first;
    uint32_t count = 0;
    if (p->log == NULL) {
        return VSR_OK;
    }
    OWN(heap)
    memory = heap_alloc(first[tree + 1] - first[tree] + 1u, sizeof(struct publish_intent));
    struct publish_intent *intents = memory;
    for (uint32_t i = first[tree]; i < first[tree + 1]; i++) {
        const uint32_t directory = p->layout->tree_directories[i];
        OWN(fd) there = stage_open_place(stage, directory, O_PATH | O_DIRECTORY);
        OWN(fd) staged = stage_open_staged(stage, directory, O_PATH | O_DIRECTORY);
        if (p->layout->needed[directory] && there < 0 && staged >= 0) {
            intents[count++] = (struct publish_intent){
                .unit = stage->group_units[stage->groups[group].first_unit],
                .file = MARK_NONE,
                .tree = directory,
                .mount = stage->trees[tree].mount,
                .folder = 1,
                .staged = publish_identify(staged, "."),
            };
        }
    }
    return count == 0 ? VSR_OK
                      : p->log->intents(p->log->context, group, intents, count, false, error);
}

static int tree_merge_directories(struct publication *p, uint32_t tree)
{
    const struct stage *stage = p->stage;
    const uint32_t *first = p->layout->tree_first;
    for (uint32_t i = first[tree]; i < first[tree + 1]; i++) {
        const uint32_t directory = p->layout->tree_directories[i];
        const struct plan_directory *d = &stage->plan->directories[directory];
        const struct view name = plan_text(stage->plan, d->name);
        char text[WIN_NAME_BYTES_MAX + 1];
        if (!p->layout->needed[directory]) {
            continue;
        }
        OWN(fd) fd = publish_open_parent(stage, d->parent);
        if (fd < 0) {
            return -fd;
        }
        memcpy(text, name.p, name.n); /* checked when it was staged */
        text[name.n] = '\0';
        if (mkdirat(fd, text, 0700) == 0) {
            p->layout->merged[directory] = 1; /* ours: gets its metadata afterwards */
        } else if (errno != EEXIST) {
            return errno;
        }
    }
    return 0;
}

static vsr_code tree_merge(struct publication *p, uint32_t group, uint32_t tree, vsr_error *error)
{
    const struct stage_group *g = &p->stage->groups[group];
    const uint32_t *first = p->layout->tree_first;
    const size_t first_step = p->step_count;
    const vsr_code logged = tree_log_folders(p, group, tree, error);
    const int fault = logged == VSR_OK ? tree_merge_directories(p, tree) : 0;
    if (logged != VSR_OK) {
        return logged;
    }
    if (fault != 0) {
        tree_fail(p, group, tree, fault);
        return VSR_OK;
    }
    for (uint32_t i = g->first_unit; i < g->first_unit + g->unit_count; i++) {
        if (p->states[p->stage->group_units[i]] == UNIT_STAGED) {
            publish_add_steps(p, group, p->stage->group_units[i], tree);
        }
    }
    const vsr_code code = publish_run_steps(p, group, first_step, false, error);
    publish_unmerge(p, tree);
    for (uint32_t i = first[tree + 1]; i-- > first[tree];) {
        if (p->layout->merged[p->layout->tree_directories[i]] != 0) {
            publish_settle_place(p, p->layout->tree_directories[i], true);
        }
    }
    p->layout->tree_state[tree] = TREE_DROPPED;
    return code;
}

void publish_trees_back(struct publication *p, uint32_t group)
{
    const struct stage_layout *layout = p->layout;
    const struct stage_group *g = &p->stage->groups[group];
    bool back = false;
    for (uint32_t i = layout->group_first_tree[group]; i < layout->group_first_tree[group + 1];
         i++) {
        const uint32_t tree = layout->group_trees[i];
        if (layout->tree_state[tree] == TREE_PUBLISHED) {
            publish_tree_reopen(p, tree);
            (void)publish_tree_rename(p, tree, true); /* or what stays is counted as residue */
            back = true;
        }
    }
    for (uint32_t i = g->first_unit; back && i < g->first_unit + g->unit_count; i++) {
        if (p->states[p->stage->group_units[i]] == UNIT_FAILED) {
            publish_remove_staged(p, p->stage->group_units[i]);
        }
    }
}

static uint32_t tree_living(const struct publication *p, uint32_t group)
{
    const struct stage_group *g = &p->stage->groups[group];
    uint32_t living = 0;
    for (uint32_t i = g->first_unit; i < g->first_unit + g->unit_count; i++) {
        living += p->states[p->stage->group_units[i]] == UNIT_STAGED;
    }
    return living;
}

/* Final permissions and times for trees in place. False: units failed, trees went back. */
static bool tree_finish_all(struct publication *p, uint32_t group)
{
    const struct stage_layout *layout = p->layout;
    for (uint32_t i = layout->group_first_tree[group]; i < layout->group_first_tree[group + 1];
         i++) {
        const uint32_t tree = layout->group_trees[i];
        const uint32_t living = tree_living(p, group);
        const int fault =
            layout->tree_state[tree] == TREE_PUBLISHED ? publish_tree_finish(p, tree) : 0;
        if (fault == 0) {
            continue;
        }
        tree_fail(p, group, tree, fault);
        if (tree_living(p, group) != living) {
            publish_trees_back(p, group);
            publish_prepare_trees(p, group);
            return false;
        }
    }
    return true;
}

/* One pass over the staged trees; *again: a unit failed, begin anew with fewer. */
static vsr_code tree_rename_all(struct publication *p, uint32_t group, bool *renamed, bool *again,
                                vsr_error *error)
{
    const struct stage_layout *layout = p->layout;
    const uint32_t living = tree_living(p, group);
    for (uint32_t i = layout->group_first_tree[group];
         i < layout->group_first_tree[group + 1] && !*again; i++) {
        const uint32_t tree = layout->group_trees[i];
        if (layout->tree_state[tree] != TREE_STAGED) {
            continue;
        }
        const int fault = publish_tree_rename(p, tree, false);
        *renamed = true;
        if (fault == EEXIST) {
            const vsr_code code = tree_merge(p, group, tree, error);
            if (code != VSR_OK) {
                return code;
            }
        } else if (fault != 0) {
            tree_fail(p, group, tree, fault);
        }
        if (tree_living(p, group) != living) {
            publish_trees_back(p, group);
            publish_prepare_trees(p, group);
            *again = true;
        }
    }
    return VSR_OK;
}

vsr_code publish_trees(struct publication *p, uint32_t group, vsr_error *error)
{
    bool renamed = false, again = true;
    while (again) { /* each round but the last fails one unit at least */
        again = false;
        const vsr_code code = tree_rename_all(p, group, &renamed, &again, error);
        if (code != VSR_OK) {
            return code;
        }
        again = again || (renamed && !tree_finish_all(p, group));
    }
    return VSR_OK;
}
