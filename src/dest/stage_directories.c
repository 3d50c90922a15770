/* stage_directories.c - what files are staged in, made ahead of them: the directories of trees, and
 * shards for files outside trees.
 *
 * Before the engine starts, by the control thread and those that it shares that with. Which
 * directories those are is stage_layout.c's, their metadata publishing's: here they are open to us
 * alone. */
#include "base/heap.h"
#include "base/limits.h"
#include "base/own.h"
#include "base/thread.h"
#include "dest/inherit.h"
#include "dest/stage_layout.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
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

/* The staged folder that was opened last: directories come folder by folder. */
struct open_parent {
    own_fd fd;
    uint32_t directory;
};

static vsr_code directories_make(struct stage *stage, uint32_t directory,
                                 struct open_parent *parent, vsr_error *error)
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
    if (parent->directory != d->parent) {
        own_fd_drop(&parent->fd);
        parent->directory = MARK_NONE;
        parent->fd = stage_open_staged(stage, d->parent, O_PATH | O_DIRECTORY);
        if (parent->fd < 0) {
            errno = -parent->fd;
            return err_sys(error, err_dest_code(errno), "dest/stage",
                           "cannot open the staged folder above %.*s", VIEW_ARG(name));
        }
        parent->directory = d->parent;
    }
    memcpy(text, name.p, name.n);
    text[name.n] = '\0';
    return directories_make_one(parent->fd, text, error);
}

/* --- by several threads: blocks of directories, each by one of them --- */

enum { DIRECTORIES_BLOCK = 256 };

struct making {
    struct stage *stage;
    uint8_t *before; /* for each plan_directory: 1 = it is made before all blocks */
    struct thread_blocks blocks;
    vsr_code codes[THREAD_SHARE_MAX]; /* of each thread */
    vsr_error errors[THREAD_SHARE_MAX];
};

/* Tops, which inherit, and what directories of another block stand in: with them no block waits
 * for another. */
static void making_mark(const struct making *making)
{
    const struct stage *stage = making->stage;
    const struct plan_directory *directories = stage->plan->directories;
    for (uint32_t i = 0; i < stage->plan->directory_count; i++) {
        const uint32_t tree = stage->directory_tree[i];
        const uint32_t first = i - i % DIRECTORIES_BLOCK;
        if (tree == MARK_NONE) {
            continue;
        }
        const uint32_t top = stage->trees[tree].directory;
        making->before[top] = 1;
        uint32_t at = i == top ? top : directories[i].parent;
        for (; at != top && (at >= first || making->before[at] == 0); at = directories[at].parent) {
            making->before[at] |= at < first;
        }
    }
}

static vsr_code making_range(const struct making *making, uint32_t first, uint32_t end,
                             uint8_t before, vsr_error *error)
{
    struct open_parent parent = {.fd = -1, .directory = MARK_NONE};
    vsr_code code = VSR_OK;
    for (uint32_t i = first; i < end && code == VSR_OK; i++) {
        if (making->stage->directory_tree[i] != MARK_NONE && making->before[i] == before) {
            code = directories_make(making->stage, i, &parent, error);
        }
    }
    own_fd_drop(&parent.fd);
    return code;
}

static void making_blocks(void *context, uint32_t number)
{
    struct making *making = context;
    vsr_code code = VSR_OK;
    uint32_t first, end;
    while (code == VSR_OK && thread_blocks_take(&making->blocks, &first, &end)) {
        code = making_range(making, first, end, 0, &making->errors[number]);
    }
    making->codes[number] = code;
}

static vsr_code making_share(struct making *making, vsr_error *error)
{
    const struct stage *stage = making->stage;
    int *fds = heap_alloc(stage->mount_count + 1u, sizeof *fds);
    for (uint32_t i = 0; i < stage->mount_count; i++) {
        fds[i] = stage->mounts[i].fd;
    }
    thread_share(thread_blocks_threads(&making->blocks, stage->options.threads),
                 &(struct confine_limits){.folder_fds = fds,
                                          .count = stage->mount_count,
                                          .what = CONFINE_TO_FOLDERS},
                 making_blocks, making);
    free(fds);
    for (uint32_t i = 0; i < THREAD_SHARE_MAX; i++) {
        if (making->codes[i] != VSR_OK) {
            if (error != NULL && error->code == VSR_OK) {
                *error = making->errors[i];
            }
            return making->codes[i];
        }
    }
    return VSR_OK;
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
    const uint32_t count = layout->stage.plan->directory_count;
    OWN(heap) before = heap_alloc(count + 1u, 1);
    struct making *making = heap_alloc(1, sizeof *making);
    making->stage = &layout->stage;
    making->before = before;
    making->blocks = (struct thread_blocks){.count = count, .size = DIRECTORIES_BLOCK};
    making_mark(making);
    vsr_code code = making_range(making, 0, count, 1, error);
    code = code == VSR_OK ? making_share(making, error) : code;
    free(making);
    return code == VSR_OK ? directories_make_shards(&layout->stage, error) : code;
}
