/* stage_directories.c - what files are staged in, made ahead of them: the directories of trees, and
 * shards for files outside trees.
 *
 * Control thread, before the engine starts. Which directories those are is stage_layout.c's, their
 * metadata publishing's: here they are open to us alone. */
#include "base/limits.h"
#include "base/own.h"
#include "dest/inherit.h"
#include "dest/stage_layout.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

static vsr_code directories_make_one(int fd, const char *name, vsr_error *error)
{
    if (mkdirat(fd, name, 0700) != 0 && errno != EEXIST) { /* a resumed run has some of them */
        return err_sys(error, err_dest_code(errno), "dest/stage",
                       "cannot make the staged folder %s", name);
    }
    return VSR_OK;
}

/* A tree's top: it gets what the parent that it will stand in hands down. */
static vsr_code directories_make_top(struct stage *stage, uint32_t tree, vsr_error *error)
{
    const int mount_fd = stage->mounts[stage->trees[tree].mount].fd;
    const uint32_t parent = stage->plan->directories[stage->trees[tree].directory].parent;
    char text[10];
    stage_tree_name(stage, tree, text);
    const vsr_code code = directories_make_one(mount_fd, text, error);
    if (code == VSR_OK) {
        OWN(fd) top = root_openat(mount_fd, text, O_RDONLY | O_DIRECTORY, 0);
        OWN(fd) above = stage_open_place(stage, parent, O_RDONLY | O_DIRECTORY);
        if (top >= 0 && above >= 0) { /* a parent that may not be read is asked nothing */
            inherit_from(above, top, stage->options.owner == OWNER_MINE, &stage->losses);
        }
    }
    return code;
}

static vsr_code directories_make_inner(struct stage *stage, uint32_t directory, own_fd *parent_fd,
                                       uint32_t *parent_open, vsr_error *error)
{
    const struct plan_directory *d = &stage->plan->directories[directory];
    const struct view name = plan_text(stage->plan, d->name);
    const uint32_t tree = stage->directory_tree[directory];
    char text[WIN_NAME_BYTES_MAX + 1];
    if (!root_name_is_plain(name) || name.n > WIN_NAME_BYTES_MAX) {
        return err_set(error, VSR_ERR_DEST_ESCAPE, "dest/stage",
                       "the planned folder '%.*s' has no plain name", VIEW_ARG(name));
    }
    if (stage->trees[tree].directory == directory) {
        return directories_make_top(stage, tree, error);
    }
    if (*parent_open != d->parent) {
        own_fd_drop(parent_fd);
        *parent_fd = stage_open_staged(stage, d->parent, O_PATH | O_DIRECTORY);
        if (*parent_fd < 0) {
            errno = -*parent_fd;
            return err_sys(error, err_dest_code(errno), "dest/stage",
                           "cannot open the staged folder above %.*s", VIEW_ARG(name));
        }
        *parent_open = d->parent;
    }
    memcpy(text, name.p, name.n);
    text[name.n] = '\0';
    return directories_make_one(*parent_fd, text, error);
}

static vsr_code directories_make_shards(const struct stage *stage, vsr_error *error)
{
    const struct plan *plan = stage->plan;
    uint64_t last = UINT64_MAX; /* the shard and mount made last: files come in order */
    for (uint32_t i = 0; i < plan->file_count; i++) {
        const uint64_t key = (uint64_t)stage_shard_of(i) << 32 | stage_file_mount(stage, i);
        if (plan->files[i].kind == KIND_DIRECTORY || !stage_is_staged(stage, i) ||
            stage_in_tree(stage, i) || key == last) {
            continue;
        }
        char name[10];
        stage_shard_name(stage_shard_of(i), name);
        const vsr_code code =
            directories_make_one(stage->mounts[stage_file_mount(stage, i)].fd, name, error);
        if (code != VSR_OK) {
            return code;
        }
        last = key;
    }
    return VSR_OK;
}

vsr_code stage_make_directories(struct stage_layout *layout, vsr_error *error)
{
    struct stage *stage = &layout->stage;
    OWN(fd) parent_fd = -1;
    uint32_t parent_open = MARK_NONE;
    for (uint32_t i = 0; i < stage->plan->directory_count; i++) {
        if (stage->directory_tree[i] != MARK_NONE) {
            const vsr_code code = directories_make_inner(stage, i, &parent_fd, &parent_open, error);
            if (code != VSR_OK) {
                return code;
            }
        }
    }
    return directories_make_shards(stage, error);
}
