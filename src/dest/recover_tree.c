/* recover_tree.c - a tree that stands at its place, file by file: ours, or somebody's?
 *
 * An intent knows its top alone. What was renamed with it was whole: files of units that had failed
 * were taken out before. So whatever stands at the place of one of its files and is not what was
 * staged is somebody's; what does not stand there was taken by somebody, and is made again. */
#include "dest/recover_tree.h"

#include "base/heap.h"
#include "base/limits.h"
#include "base/own.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

static uint32_t file_tree(const struct stage *stage, uint32_t file)
{
    return stage_is_staged(stage, file) && stage_in_tree(stage, file)
               ? stage->directory_tree[stage->plan->files[file].directory]
               : MARK_NONE;
}

/* Each tree's files, as its directories are kept: sorted once, for all trees. */
static void tree_files_list(struct stage_layout *layout)
{
    const struct stage *stage = &layout->stage;
    const uint32_t file_count = stage->plan->file_count;
    uint32_t *first = heap_alloc(stage->tree_count + 2u, sizeof *first);
    uint32_t *files = heap_alloc(file_count + 1u, sizeof *files);
    for (uint32_t i = 0; i < file_count; i++) {
        const uint32_t tree = file_tree(stage, i);
        if (tree != MARK_NONE) {
            first[tree + 2]++;
        }
    }
    for (uint32_t i = 2; i < stage->tree_count + 2u; i++) {
        first[i] += first[i - 1];
    }
    for (uint32_t i = 0; i < file_count; i++) {
        const uint32_t tree = file_tree(stage, i);
        if (tree != MARK_NONE) {
            files[first[tree + 1]++] = i;
        }
    }
    layout->tree_first_file = first;
    layout->tree_files = files;
}

struct looking { /* at a directory, which is kept open */
    const struct stage *stage;
    uint32_t directory;
    own_fd fd; /* or -errno */
};

/* 0 or an errno. ENOENT: it is gone; ESTALE: something else stands there, or on the way to it. */
static int look_into(struct looking *l, uint32_t directory)
{
    if (l->directory != directory) {
        own_fd_drop(&l->fd);
        l->fd = stage_open_place(l->stage, directory, O_PATH | O_DIRECTORY);
        l->directory = directory;
    }
    switch (l->fd) {
    case -ENOTDIR:
    case -ELOOP:
    case -EXDEV:
        return ESTALE;
    default:
        return l->fd < 0 ? -l->fd : 0;
    }
}

static int look_at(struct looking *l, uint32_t file)
{
    const struct plan_file *f = &l->stage->plan->files[file];
    char name[WIN_NAME_BYTES_MAX + 1];
    struct stat facts;
    const int fault = look_into(l, f->directory);
    if (fault != 0 || f->kind == KIND_DIRECTORY) {
        return fault;
    }
    if (!stage_final_name(l->stage, file, name)) {
        return EINVAL;
    }
    if (fstatat(l->fd, name, &facts, AT_SYMLINK_NOFOLLOW) != 0) {
        return errno;
    }
    return stage_stands(l->stage, file, l->fd, name, &facts) ? 0 : ESTALE;
}

static const struct stage_layout *tree_files_of(struct stage *stage)
{
    struct stage_layout *layout = stage_layout_of(stage);
    if (layout->tree_files == NULL) {
        tree_files_list(layout);
    }
    return layout;
}

int recover_tree_look(struct stage *stage, uint32_t tree, uint32_t *theirs)
{
    const struct stage_layout *layout = tree_files_of(stage);
    struct looking l = {.stage = stage, .directory = MARK_NONE, .fd = -1};
    int fault = 0;
    for (uint32_t i = layout->tree_first_file[tree];
         i < layout->tree_first_file[tree + 1] && fault == 0; i++) {
        const int one = look_at(&l, layout->tree_files[i]);
        if (one != 0 && one != ENOENT) {
            *theirs = layout->tree_files[i];
            fault = one;
        }
    }
    own_fd_drop(&l.fd);
    return fault;
}

void recover_tree_tell(struct stage *stage, uint32_t tree, struct outcome_row *rows)
{
    const struct stage_layout *layout = tree_files_of(stage);
    struct looking l = {.stage = stage, .directory = MARK_NONE, .fd = -1};
    for (uint32_t i = layout->tree_first_file[tree]; i < layout->tree_first_file[tree + 1]; i++) {
        const uint32_t file = layout->tree_files[i];
        rows[file].fault = look_at(&l, file) == 0 ? OUTCOME_STANDS : rows[file].fault;
    }
    own_fd_drop(&l.fd);
}
