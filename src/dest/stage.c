/* stage.c - staging opened before the engine starts and closed at every end of a run.
 *
 * The steps in order: roots and mounts, trees, groups (stage_layout.c), the files
 * that ranges go into (stage_base.c), the folders (stage_folder.c) and the directories in them
 * (stage_directories.c). After that workers only read. */
#include "dest/stage.h"

#include "base/heap.h"
#include "base/limits.h"
#include "base/own.h"
#include "dest/stage_layout.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static struct stage_layout *stage_create(const struct plan *plan, const struct media_set *set,
                                         const struct uuid *run,
                                         const struct stage_options *options)
{
    struct stage_layout *layout = heap_alloc(1, sizeof *layout);
    struct stage *stage = &layout->stage;
    char text[UUID_TEXT_BYTES];
    uuid_text(run, text);
    stage->plan = plan;
    stage->set = set;
    stage->options = *options;
    stage->owned = layout;
    (void)snprintf(stage->folder_name, sizeof stage->folder_name, OWN_FOLDER_PREFIX "%s", text);
    layout->roots = heap_alloc(plan->root_count + 1u, sizeof *layout->roots);
    for (uint32_t i = 0; i < plan->root_count; i++) {
        layout->roots[i].fd = -1;
    }
    layout->wanted = heap_alloc(plan->directory_count + 1u, sizeof *layout->wanted);
    layout->directory_anchor = heap_alloc(plan->directory_count + 1u, sizeof(uint32_t));
    layout->directory_record = heap_alloc(plan->directory_count + 1u, sizeof(uint32_t));
    layout->needed = heap_alloc(plan->directory_count + 1u, sizeof *layout->needed);
    layout->merged = heap_alloc(plan->directory_count + 1u, sizeof *layout->merged);
    layout->there = heap_alloc(plan->directory_count + 1u, sizeof *layout->there);
    stage->directory_tree = heap_alloc(plan->directory_count + 1u, sizeof(uint32_t));
    stage->directory_mount = heap_alloc(plan->directory_count + 1u, sizeof(uint32_t));
    return layout;
}

static void stage_free(struct stage_layout *layout)
{
    struct stage *stage = &layout->stage;
    for (uint32_t i = 0; i < stage->plan->root_count; i++) {
        root_close(&layout->roots[i]);
    }
    for (uint32_t i = 0; i < stage->mount_count; i++) {
        own_fd_drop(&stage->mounts[i].fd);
        root_close(&stage->mounts[i].top);
    }
    free(stage->mounts);
    free(stage->trees);
    free(stage->groups);
    free(stage->group_units);
    free(stage->unit_group);
    free(stage->directory_tree);
    free(stage->directory_mount);
    free(stage->bases);
    free(layout->roots);
    free(layout->anchors);
    free(layout->touched);
    free(layout->directory_anchor);
    free(layout->wanted);
    free(layout->tree_first);
    free(layout->tree_directories);
    free(layout->tree_first_file);
    free(layout->tree_files);
    free(layout->group_first_tree);
    free(layout->group_trees);
    free(layout->tree_state);
    free(layout->tree_seen);
    free(layout->tree_shown);
    free(layout->tree_fault);
    free(layout->directory_record);
    free(layout->needed);
    free(layout->merged);
    free(layout->there);
    stage_left_free(layout);
    free(layout);
}

void stage_unmake_root(const struct stage *stage, uint32_t number)
{
    const struct dest_root *root = &stage_layout_read(stage)->roots[number];
    const struct view dir = plan_text(stage->plan, stage->plan->roots[number].dir);
    char path[4096];
    if (root->made_levels > 0 && dir.n < sizeof path) {
        memcpy(path, dir.p, dir.n);
        path[dir.n] = '\0';
        root_unmake(root, path);
    }
}

/* Directories made in place and roots made below --root, as far as they are empty: after a failed
 * start, or when nothing was published there. */
static void stage_unmake(const struct stage_layout *layout)
{
    const struct plan *plan = layout->stage.plan;
    for (uint32_t i = layout->anchor_count; i-- > 0;) {
        const struct stage_anchor *anchor = &layout->anchors[i];
        const struct plan_directory *d = &plan->directories[anchor->directory];
        if (!anchor->made || anchor->kept || d->parent == MARK_NONE) {
            continue;
        }
        const struct view name = plan_text(plan, d->name);
        OWN(fd) fd = stage_open_place(&layout->stage, d->parent, O_PATH | O_DIRECTORY);
        if (fd >= 0 && name.n <= WIN_NAME_BYTES_MAX) {
            char text[WIN_NAME_BYTES_MAX + 1];
            memcpy(text, name.p, name.n);
            text[name.n] = '\0';
            (void)unlinkat(fd, text, AT_REMOVEDIR);
        }
    }
    for (uint32_t i = plan->root_count; i-- > 0;) {
        stage_unmake_root(&layout->stage, i);
    }
}

vsr_code stage_begin(struct stage **out, const struct plan *plan, const struct media_set *set,
                     const struct uuid *run, const struct stage_options *options, vsr_error *error)
{
    struct stage_layout *layout = stage_create(plan, set, run, options);
    vsr_code code = stage_layout_places(layout, error);
    if (code == VSR_OK) {
        layout->touched = heap_alloc(layout->anchor_count + 1u, sizeof *layout->touched);
        stage_layout_trees(layout);
        stage_layout_groups(layout);
        for (uint32_t i = 0; i < layout->stage.mount_count && code == VSR_OK; i++) {
            code = stage_folder_make(&layout->stage, &layout->stage.mounts[i], error);
        }
    }
    if (code != VSR_OK) {
        (void)stage_close(&layout->stage, options->known != NULL, NULL);
        return code;
    }
    *out = &layout->stage;
    return VSR_OK;
}

vsr_code stage_probe(struct stage *stage, vsr_error *error)
{
    vsr_code code = VSR_OK;
    for (uint32_t i = 0; i < stage->mount_count; i++) {
        struct dest_abilities *out = &stage->mounts[i].abilities;
        const vsr_code one =
            probe_abilities(stage->mounts[i].fd, out, code == VSR_OK ? error : NULL);
        code = code == VSR_OK ? one : code;
    }
    return code == VSR_OK ? stage_check_names(stage, error) : code;
}

vsr_code stage_fill(struct stage *stage, vsr_error *error)
{
    stage_find_bases(stage_layout_of(stage));
    return stage_make_directories(stage_layout_of(stage), error);
}

vsr_code stage_open(struct stage **out, const struct plan *plan, const struct media_set *set,
                    const struct uuid *run, const struct stage_options *options, vsr_error *error)
{
    vsr_code code = stage_begin(out, plan, set, run, options, error);
    if (code != VSR_OK) {
        return code;
    }
    code = stage_probe(*out, error);
    code = code == VSR_OK ? stage_fill(*out, error) : code;
    if (code != VSR_OK) {
        (void)stage_close(*out, options->known != NULL, NULL);
        *out = NULL;
    }
    return code;
}

static vsr_code stage_remove_folder(const struct stage *stage, const struct stage_mount *mount,
                                    vsr_error *error)
{
    if (mount->fd < 0) {
        return VSR_OK;
    }
    const int fault = stage_folder_empty(mount->fd);
    if (fault == 0 && unlinkat(mount->top.fd, stage->folder_name, AT_REMOVEDIR) == 0) {
        const struct timespec times[2] = {mount->top.accessed, mount->top.modified};
        (void)futimens(mount->top.fd, times); /* ruling 20; not ours to insist on */
        return VSR_OK;
    }
    errno = fault != 0 ? fault : errno;
    return err_sys(error, err_dest_code(errno), "dest/stage",
                   "cannot remove the staging folder %s; remove it by hand", stage->folder_name);
}

vsr_code stage_close(struct stage *stage, bool keep, vsr_error *error)
{
    struct stage_layout *layout = stage_layout_of(stage);
    vsr_code code = VSR_OK;
    publish_sync_end(stage);
    publish_close_places(layout);
    if (!keep) {
        for (uint32_t i = 0; i < stage->mount_count; i++) {
            const vsr_code one = stage_remove_folder(stage, &stage->mounts[i], error);
            code = code == VSR_OK ? one : code;
        }
        stage_unmake(layout);
    }
    stage_free(layout);
    return code;
}
