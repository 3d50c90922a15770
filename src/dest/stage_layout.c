/* stage_layout.c - from the plan's directories to mounts, trees and publish groups.
 *
 * Which directories exist and get something (anchors), on which mount each lies, which missing
 * subtrees are built whole (trees), and which units are decided together because they share
 * one (groups). Control thread, before the engine starts. Makes no staging folder itself. */
#include "dest/stage_layout.h"
#include "base/heap.h"
#include "base/limits.h"
#include "base/own.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* --- what is wanted --- */

static void layout_want(struct stage_layout *layout, uint32_t file)
{
    const struct plan *plan = layout->stage.plan;
    const struct plan_file *f = &plan->files[file];
    const uint8_t *alone = layout->stage.options.alone;
    const bool in_place = alone != NULL && alone[f->unit] != 0;
    uint32_t at = f->directory;
    if (f->kind != KIND_DIRECTORY && stage_is_there(layout, at) &&
        layout->wanted[at] < WANT_ENTRIES) {
        layout->wanted[at] = WANT_ENTRIES;
    }
    for (; at != MARK_NONE; at = plan->directories[at].parent) {
        const struct plan_directory *d = &plan->directories[at];
        const bool later = f->action == ACTION_STAGE;
        const bool there = stage_is_there(layout, at);
        const uint8_t want = later                    ? WANT_MOUNT
                             : layout->there[at] != 0 ? WANT_ENTRIES
                             : in_place && !there     ? WANT_IN_PLACE
                                                      : WANT_ON_PATH;
        if (layout->wanted[at] < want) {
            layout->wanted[at] = want;
        }
        if (d->parent != MARK_NONE && !there && stage_is_there(layout, d->parent) &&
            layout->wanted[d->parent] < WANT_ENTRIES) {
            layout->wanted[d->parent] = WANT_ENTRIES; /* the parent of a tree */
        }
    }
}

/* Of a unit that is done with: whoever goes on with the run takes its staging folders away, and
 * looks after what waits for the next boot. */
static bool layout_is_behind(const struct stage_layout *layout, uint32_t file)
{
    const struct stage_known *known = layout->stage.options.known;
    const struct plan_file *f = &layout->stage.plan->files[file];
    return known != NULL && known->done != NULL && known->done[f->unit] != 0 &&
           f->action != ACTION_NONE && layout->stage.plan->units[f->unit].refusal == REFUSAL_NONE;
}

static void layout_want_mount(struct stage_layout *layout, uint32_t file)
{
    const struct plan *plan = layout->stage.plan;
    for (uint32_t at = plan->files[file].directory;
         at != MARK_NONE && layout->wanted[at] < WANT_MOUNT; at = plan->directories[at].parent) {
        layout->wanted[at] = WANT_MOUNT;
    }
}

static bool layout_exists(const struct stage_layout *layout, uint32_t directory)
{
    return stage_is_there(layout, directory) || stage_is_root_top(layout->stage.plan, directory) ||
           layout->wanted[directory] == WANT_IN_PLACE;
}

/* --- anchors and mounts --- */

static uint32_t layout_find_mount(const struct stage *stage, uint64_t mount_id)
{
    for (uint32_t i = 0; i < stage->mount_count; i++) {
        if (stage->mounts[i].mount_id == mount_id) {
            return i;
        }
    }
    return MARK_NONE;
}

/* A root's own top directory. */
static uint32_t layout_root_top(const struct plan *plan, uint32_t directory)
{
    while (!stage_is_root_top(plan, directory)) {
        directory = plan->directories[directory].parent;
    }
    return directory;
}

/* The first directory on a mount that the plan reaches has its top: a root's own, or the one
 * where another mount stands. */
static vsr_code layout_add_mount(struct stage_layout *layout, uint32_t directory,
                                 const struct stage_anchor *anchor, vsr_error *error)
{
    struct stage *stage = &layout->stage;
    const struct plan *plan = stage->plan;
    const uint32_t root = plan->directories[directory].root;
    uint32_t top = directory;
    const struct view dir = plan_text(plan, plan->roots[root].dir);
    for (uint32_t up = plan->directories[top].parent; up != MARK_NONE;
         up = plan->directories[up].parent) {
        const uint32_t at = layout->directory_anchor[up];
        if (at == MARK_NONE || layout->anchors[at].mount_id != anchor->mount_id) {
            break;
        }
        top = up;
    }
    const bool whole_root = layout->roots[root].mount_id == anchor->mount_id;
    OWN(fd)
    fd = whole_root ? openat(layout->roots[root].fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
                    : stage_open_place(stage, top, O_RDONLY | O_DIRECTORY);
    struct dest_identity identity;
    const int fault = fd < 0 ? (whole_root ? errno : -fd) : -root_identify(fd, &identity);
    if (fault != 0) {
        errno = fault;
        return err_sys(error, err_dest_code(fault), "dest/stage",
                       "cannot open the top of a mount below %.*s", VIEW_ARG(dir));
    }
    const uint32_t at = whole_root ? layout_root_top(plan, directory) : top;
    const struct stage_place *known = stage_place_known(stage, at);
    const uint32_t entry = plan->directories[at].entry;
    if (known != NULL && known->made != 0 && entry != MARK_NONE) { /* as it is settled */
        const struct index_entry *e = &stage->set->index.entries[entry];
        identity.modified = (struct timespec){.tv_sec = e->modify_s, .tv_nsec = e->modify_ns};
    } else if (known != NULL && known->inode == identity.inode) {
        identity.accessed = known->accessed;
        identity.modified = known->modified;
    }
    stage->mounts = heap_resize(stage->mounts, stage->mount_count + 1u, sizeof *stage->mounts);
    stage->mounts[stage->mount_count++] = (struct stage_mount){
        .root = root,
        .fd = -1,
        .mount_id = anchor->mount_id,
        .top = {.fd = take_fd(&fd),
                .mount_id = identity.mount_id,
                .device = identity.device,
                .inode = identity.inode,
                .accessed = identity.accessed,
                .modified = identity.modified},
    };
    return VSR_OK;
}

/* Missing, and made at its place because its unit shares no tree. */
static int layout_make_in_place(const struct stage *stage, uint32_t directory, bool *made)
{
    const struct plan_directory *d = &stage->plan->directories[directory];
    const struct view name = plan_text(stage->plan, d->name);
    char text[WIN_NAME_BYTES_MAX + 1];
    if (d->parent == MARK_NONE || !root_name_is_plain(name) || name.n > WIN_NAME_BYTES_MAX) {
        return EINVAL;
    }
    memcpy(text, name.p, name.n);
    text[name.n] = '\0';
    OWN(fd) fd = stage_open_place(stage, d->parent, O_PATH | O_DIRECTORY);
    if (fd < 0) {
        return -fd;
    }
    *made = mkdirat(fd, text, 0700) == 0;
    return *made || errno == EEXIST ? 0 : errno;
}

/* A folder of a run that goes on which is gone, or in whose stead something else stands: it is no
 * folder that publishing or taking back will ever meet (inode 0), and counts to its volume. */
static bool layout_is_lost(const struct stage_layout *layout, uint32_t directory, int fault,
                           struct dest_identity *out)
{
    const struct stage *stage = &layout->stage;
    const struct stage_known *known = stage->options.known;
    const bool lost = fault == ENOENT || fault == ENOTDIR || fault == ELOOP || fault == EXDEV;
    *out = (struct dest_identity){
        .mount_id = layout->roots[stage->plan->directories[directory].root].mount_id};
    return lost && known != NULL && known->interrupted &&
           !stage_is_root_top(stage->plan, directory);
}

static vsr_code layout_anchor(struct stage_layout *layout, uint32_t directory, vsr_error *error)
{
    struct stage *stage = &layout->stage;
    const struct plan *plan = stage->plan;
    struct stage_anchor anchor = {.directory = directory, .made = layout->there[directory] != 0};
    struct dest_identity identity;
    const struct stage_place *known = stage_place_known(stage, directory);
    const struct view dir = plan_text(plan, plan->roots[plan->directories[directory].root].dir);
    const struct view name = plan_text(plan, plan->directories[directory].name);
    int fault = 0;
    if (layout->wanted[directory] == WANT_IN_PLACE && !stage_is_root_top(plan, directory)) {
        fault = layout_make_in_place(stage, directory, &anchor.made);
        anchor.made = anchor.made || (known != NULL && known->made != 0);
    }
    if (stage_is_root_top(plan, directory)) {
        anchor.made = layout->roots[plan->directories[directory].root].made_levels > 0;
    }
    OWN(fd) fd = fault != 0 ? -fault : stage_open_place(stage, directory, O_PATH | O_DIRECTORY);
    fault = fd < 0 ? -fd : -root_identify(fd, &identity);
    if (fault != 0 && !layout_is_lost(layout, directory, fault, &identity)) {
        errno = fault;
        return err_sys(error, err_dest_code(fault), "dest/stage",
                       "cannot open the folder %.*s below %.*s", VIEW_ARG(name), VIEW_ARG(dir));
    }
    anchor.mount_id = identity.mount_id;
    anchor.device = identity.device;
    anchor.inode = identity.inode;
    anchor.accessed = identity.accessed;
    anchor.modified = identity.modified;
    if (known != NULL && known->inode == identity.inode) { /* before the run touched it */
        anchor.accessed = known->accessed;
        anchor.modified = known->modified;
    }
    anchor.mount = layout_find_mount(stage, identity.mount_id);
    if (anchor.mount == MARK_NONE) {
        if (layout_add_mount(layout, directory, &anchor, error) != VSR_OK) {
            return error != NULL ? error->code : VSR_ERR_DEST_IO;
        }
        anchor.mount = stage->mount_count - 1;
    }
    layout->anchors = heap_grow(layout->anchors, layout->anchor_count, &layout->anchor_capacity,
                                sizeof *layout->anchors);
    layout->directory_anchor[directory] = layout->anchor_count;
    layout->anchors[layout->anchor_count++] = anchor;
    stage->directory_mount[directory] = anchor.mount;
    return VSR_OK;
}

static vsr_code layout_open_root(struct stage_layout *layout, uint32_t root, vsr_error *error)
{
    const struct plan *plan = layout->stage.plan;
    const struct view dir = plan_text(plan, plan->roots[root].dir);
    char path[4096];
    if (layout->roots[root].fd >= 0) {
        return VSR_OK;
    }
    if (dir.n == 0 || dir.n >= sizeof path || memchr(dir.p, '\0', dir.n) != NULL) {
        return err_set(error, VSR_ERR_DEST_IO, "dest/stage",
                       "a volume is mapped to no usable path");
    }
    memcpy(path, dir.p, dir.n);
    path[dir.n] = '\0';
    const bool below = plan->roots[root].from_root_option != 0;
    return root_open(&layout->roots[root], path,
                     below ? root_named_elements(plan_text(plan, plan->roots[root].spec)) : 0,
                     below, error);
}

vsr_code stage_open_root(struct stage *stage, uint32_t directory, vsr_error *error)
{
    return layout_open_root(stage_layout_of(stage), stage->plan->directories[directory].root,
                            error);
}

/* A run that goes on: a root's top that it made before. If that was not written down, it is there
 * though it was missing when planned. */
static void layout_know_root(struct stage_layout *layout, uint32_t directory)
{
    const struct plan_directory *d = &layout->stage.plan->directories[directory];
    const struct stage_known *known = layout->stage.options.known;
    const struct stage_place *place = stage_place_known(&layout->stage, directory);
    struct dest_root *root = &layout->roots[d->root];
    if (known != NULL && d->parent == MARK_NONE && root->made_levels == 0) {
        root->made_levels = place != NULL ? place->made : d->make != 0 && !known->staged ? 1 : 0;
    }
}

/* Directories that a process before made at their places, and of which some may be there. */
static void layout_know_places(struct stage_layout *layout)
{
    const struct stage_known *known = layout->stage.options.known;
    struct stat facts;
    for (uint32_t i = 0; known != NULL && i < known->place_count; i++) {
        const uint32_t directory = known->places[i].directory;
        if (known->places[i].made == 0 || stage_is_root_top(layout->stage.plan, directory) ||
            layout_open_root(layout, layout->stage.plan->directories[directory].root, NULL) !=
                VSR_OK) {
            continue;
        }
        OWN(fd) fd = stage_open_place(&layout->stage, directory, O_PATH | O_DIRECTORY);
        layout->there[directory] = fd >= 0 && fstat(fd, &facts) == 0;
    }
}

/* Anchors of directories that are there, or, made, of those that are missing and made in place:
 * numbers of these come later, and so do deeper ones. */
static vsr_code layout_anchors(struct stage_layout *layout, bool made, vsr_error *error)
{
    const struct stage *stage = &layout->stage;
    const struct plan *plan = stage->plan;
    vsr_code code = VSR_OK;
    for (uint32_t i = 0; i < plan->directory_count && code == VSR_OK; i++) {
        const bool missing = layout->wanted[i] == WANT_IN_PLACE && !stage_is_root_top(plan, i);
        if (layout->wanted[i] == WANT_NOT || made != missing) {
            continue;
        }
        code = layout_open_root(layout, plan->directories[i].root, error);
        layout_know_root(layout, i);
        if (code == VSR_OK && layout_exists(layout, i) &&
            (layout->wanted[i] >= WANT_ENTRIES || stage->options.cross_mounts ||
             stage_is_root_top(plan, i))) {
            const bool behind = layout->wanted[i] == WANT_MOUNT && !stage_is_root_top(plan, i);
            code = layout_anchor(layout, i, behind ? NULL : error);
            code = behind ? VSR_OK : code; /* it may be gone by now */
        }
    }
    return code;
}

vsr_code stage_layout_places(struct stage_layout *layout, vsr_error *error)
{
    const struct plan *plan = layout->stage.plan;
    for (uint32_t i = 0; i < plan->directory_count; i++) {
        layout->directory_record[i] = MARK_NONE;
        layout->directory_anchor[i] = MARK_NONE;
        layout->stage.directory_mount[i] = MARK_NONE;
        layout->stage.directory_tree[i] = MARK_NONE;
    }
    layout_know_places(layout);
    for (uint32_t i = 0; i < plan->file_count; i++) {
        if (layout_is_behind(layout, i)) {
            layout_want_mount(layout, i);
        } else if (stage_is_staged(&layout->stage, i)) {
            layout_want(layout, i);
            if (plan->files[i].kind == KIND_DIRECTORY) {
                layout->directory_record[plan->files[i].directory] = i;
            }
        }
    }
    vsr_code code = stage_roots_check(&layout->stage, error);
    stage_left_find(layout);
    code = code == VSR_OK ? layout_anchors(layout, false, error) : code;
    if (code == VSR_OK) {
        code = stage_tell_places(layout, error);
    }
    return code == VSR_OK ? layout_anchors(layout, true, error) : code;
}

/* --- trees --- */

void stage_layout_trees(struct stage_layout *layout)
{
    struct stage *stage = &layout->stage;
    const struct plan *plan = stage->plan;
    size_t capacity = 0;
    for (uint32_t i = 0; i < plan->directory_count; i++) {
        const uint32_t parent = plan->directories[i].parent;
        if (layout->wanted[i] == WANT_MOUNT && parent != MARK_NONE &&
            layout->directory_anchor[i] ==
                MARK_NONE) { /* it is there, and nothing goes there now */
            stage->directory_mount[i] = stage->directory_mount[parent];
        }
        if (layout->wanted[i] == WANT_NOT || layout_exists(layout, i) || parent == MARK_NONE) {
            continue;
        }
        stage->directory_mount[i] = stage->directory_mount[parent];
        if (layout->wanted[i] == WANT_MOUNT) {
            continue;
        }
        if (!layout_exists(layout, parent)) {
            stage->directory_tree[i] = stage->directory_tree[parent];
            continue;
        }
        stage->trees = heap_grow(stage->trees, stage->tree_count, &capacity, sizeof *stage->trees);
        stage->directory_tree[i] = stage->tree_count;
        stage->trees[stage->tree_count++] =
            (struct stage_tree){.directory = i, .mount = stage->directory_mount[i]};
    }
    layout->tree_state = heap_alloc(stage->tree_count + 1u, sizeof *layout->tree_state);
    layout->tree_seen = heap_alloc(stage->tree_count + 1u, sizeof *layout->tree_seen);
    layout->tree_shown = heap_alloc(stage->tree_count + 1u, sizeof *layout->tree_shown);
    layout->tree_fault = heap_alloc(stage->tree_count + 1u, sizeof *layout->tree_fault);
    layout->tree_first = heap_alloc(stage->tree_count + 2u, sizeof *layout->tree_first);
    layout->tree_directories = heap_alloc(plan->directory_count + 1u, sizeof(uint32_t));
    uint32_t *first = layout->tree_first;
    for (uint32_t i = 0; i < plan->directory_count; i++) {
        if (stage->directory_tree[i] != MARK_NONE) {
            first[stage->directory_tree[i] + 2]++;
        }
    }
    for (uint32_t i = 2; i < stage->tree_count + 2u; i++) {
        first[i] += first[i - 1];
    }
    for (uint32_t i = 0; i < plan->directory_count; i++) {
        if (stage->directory_tree[i] != MARK_NONE) {
            layout->tree_directories[first[stage->directory_tree[i] + 1]++] = i;
        }
    }
}

/* --- groups: union of units over the trees and the files that they share --- */

static uint32_t layout_head(uint32_t *up, uint32_t unit)
{
    while (up[unit] != unit) {
        up[unit] = up[up[unit]];
        unit = up[unit];
    }
    return unit;
}

static void layout_join(uint32_t *up, uint32_t one, uint32_t other)
{
    const uint32_t a = layout_head(up, one);
    const uint32_t b = layout_head(up, other);
    up[a > b ? a : b] = a > b ? b : a; /* the first unit heads the group */
}

static void layout_unite(const struct stage *stage, uint32_t *up)
{
    const struct plan *plan = stage->plan;
    uint32_t *tree_unit = heap_alloc(stage->tree_count + 1u, sizeof *tree_unit);
    memset(tree_unit, 0xff, (stage->tree_count + 1u) * sizeof *tree_unit);
    for (uint32_t i = 0; i < plan->file_count; i++) {
        if (!stage_is_staged(stage, i) || !stage_in_tree(stage, i)) {
            continue;
        }
        uint32_t *held = &tree_unit[stage->directory_tree[plan->files[i].directory]];
        if (*held == MARK_NONE) {
            *held = plan->files[i].unit;
        }
        layout_join(up, *held, plan->files[i].unit);
    }
    free(tree_unit);
    for (uint32_t i = 0; i < plan->unit_count; i++) { /* rulings 8 and 28 */
        const struct plan_unit *u = &plan->units[i];
        for (uint32_t k = 0; k < u->shared_count; k++) {
            layout_join(up, i, plan->files[plan->shared[u->first_shared + k].file].unit);
        }
    }
}

static void layout_group_trees(struct stage_layout *layout, const uint32_t *tree_unit_group)
{
    struct stage *stage = &layout->stage;
    uint32_t *first = heap_alloc(stage->group_count + 2u, sizeof *first);
    layout->group_trees = heap_alloc(stage->tree_count + 1u, sizeof(uint32_t));
    for (uint32_t i = 0; i < stage->tree_count; i++) {
        stage->trees[i].group = tree_unit_group[i];
        first[tree_unit_group[i] + 2]++;
    }
    for (uint32_t i = 2; i < stage->group_count + 2u; i++) {
        first[i] += first[i - 1];
    }
    for (uint32_t i = 0; i < stage->tree_count; i++) {
        layout->group_trees[first[tree_unit_group[i] + 1]++] = i;
    }
    layout->group_first_tree = first;
}

void stage_layout_groups(struct stage_layout *layout)
{
    struct stage *stage = &layout->stage;
    const struct plan *plan = stage->plan;
    uint32_t *up = heap_alloc(plan->unit_count + 1u, sizeof *up);
    for (uint32_t i = 0; i < plan->unit_count; i++) {
        up[i] = i;
    }
    layout_unite(stage, up);
    stage->groups = heap_alloc(plan->unit_count + 1u, sizeof *stage->groups);
    stage->group_units = heap_alloc(plan->unit_count + 1u, sizeof *stage->group_units);
    stage->unit_group = heap_alloc(plan->unit_count + 1u, sizeof *stage->unit_group);
    for (uint32_t i = 0; i < plan->unit_count; i++) {
        const uint32_t head = layout_head(up, i);
        stage->unit_group[i] = MARK_NONE;
        if (plan->units[i].refusal == REFUSAL_NONE) {
            /* a refused unit has no files, so it heads no group but its own */
            stage->unit_group[i] = head == i ? stage->group_count++ : stage->unit_group[head];
            stage->groups[stage->unit_group[i]].unit_count++;
        }
    }
    for (uint32_t i = 1; i < stage->group_count; i++) {
        stage->groups[i].first_unit =
            stage->groups[i - 1].first_unit + stage->groups[i - 1].unit_count;
    }
    memset(up, 0, (plan->unit_count + 1u) * sizeof *up); /* now: how many of a group are in */
    for (uint32_t i = 0; i < plan->unit_count; i++) {
        const uint32_t group = stage->unit_group[i];
        if (group != MARK_NONE) {
            stage->group_units[stage->groups[group].first_unit + up[group]++] = i;
        }
    }
    free(up);
    uint32_t *tree_group = heap_alloc(stage->tree_count + 1u, sizeof *tree_group);
    for (uint32_t i = 0; i < plan->file_count; i++) {
        if (stage_is_staged(stage, i) && stage_in_tree(stage, i)) {
            tree_group[stage->directory_tree[plan->files[i].directory]] =
                stage->unit_group[plan->files[i].unit];
        }
    }
    layout_group_trees(layout, tree_group);
    free(tree_group);
}
