/* stage_sweep.c - what an earlier process has left in the staged trees of units that are not staged
 * any more: refused or failed since. A tree is renamed as a whole, with whatever is in it.
 *
 * What a process leaves of its own units that fail is publish_unit.c's. */
#include "dest/stage_layout.h"

#include "base/limits.h"
#include "base/own.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* The tree that something of it may have been staged in by an earlier process; MARK_NONE: none. */
static uint32_t sweep_tree(const struct stage *stage, uint32_t directory)
{
    const uint32_t tree = stage_tree_above(stage, directory);
    return tree != MARK_NONE && stage->mounts[stage->trees[tree].mount].adopted ? tree : MARK_NONE;
}

static bool sweep_is_left(const struct stage *stage, uint32_t file)
{
    const struct plan_file *f = &stage->plan->files[file];
    return f->kind != KIND_DIRECTORY && f->action != ACTION_NONE && f->action != ACTION_STAGE &&
           stage->plan->units[f->unit].refusal == REFUSAL_NONE && !stage_is_staged(stage, file) &&
           stage_target(stage->plan, file) == file;
}

static int sweep_remove(const struct stage *stage, uint32_t file, int fd)
{
    char name[WIN_NAME_BYTES_MAX + 1];
    if (fd == -ENOENT || !stage_final_name(stage, file, name)) {
        return 0;
    }
    if (fd < 0) {
        return -fd;
    }
    return unlinkat(fd, name, 0) == 0 || errno == ENOENT ? 0 : errno;
}

static void sweep_files(struct stage *stage)
{
    struct stage_layout *layout = stage_layout_of(stage);
    uint32_t known = MARK_NONE; /* files come folder by folder */
    OWN(fd) fd = -1;
    for (uint32_t i = 0; i < stage->plan->file_count; i++) {
        const uint32_t directory = stage->plan->files[i].directory;
        const uint32_t tree = sweep_is_left(stage, i) ? sweep_tree(stage, directory) : MARK_NONE;
        if (tree == MARK_NONE) {
            continue;
        }
        if (directory != known) {
            own_fd_drop(&fd);
            fd = stage_open_staged(stage, directory, O_PATH | O_DIRECTORY);
            known = directory;
        }
        const int fault = sweep_remove(stage, i, fd);
        if (fault != 0) {
            layout->tree_fault[tree] = fault;
        }
    }
}

/* Those that nobody needs any more; one with something of somebody in it stays. */
static void sweep_directories(const struct stage *stage)
{
    const struct plan *plan = stage->plan;
    for (uint32_t i = plan->directory_count; i-- > 0;) { /* deepest first */
        const struct plan_directory *d = &plan->directories[i];
        const struct view name = plan_text(plan, d->name);
        char text[WIN_NAME_BYTES_MAX + 1];
        if (stage->directory_tree[i] != MARK_NONE || d->parent == MARK_NONE ||
            sweep_tree(stage, d->parent) == MARK_NONE || !root_name_is_plain(name) ||
            name.n >= sizeof text) {
            continue;
        }
        OWN(fd) fd = stage_open_staged(stage, d->parent, O_PATH | O_DIRECTORY);
        memcpy(text, name.p, name.n);
        text[name.n] = '\0';
        if (fd >= 0) {
            (void)unlinkat(fd, text, AT_REMOVEDIR);
        }
    }
}

void stage_sweep(struct stage *stage)
{
    sweep_files(stage);
    sweep_directories(stage);
}
