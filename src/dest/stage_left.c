/* stage_left.c - staging folders of an earlier process on volumes that nothing goes to any more:
 * all units with files there were refused since.
 *
 * Such a volume is not laid out, so that whatever is wrong with it hinders no other unit; its
 * folder goes when the run is over, if it is known as those that are laid out are. Where it lies on
 * the mount of another volume that is, it is that one's folder, too, and is laid out. Tops of
 * mounts that were crossed to are not looked for. Control thread. */
#include "base/buffer.h"
#include "base/heap.h"
#include "base/io.h"
#include "base/limits.h"
#include "base/own.h"
#include "dest/stage_layout.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct stage_left {
    uint32_t root;        /* plan_root */
    struct dest_root top; /* fd -1: it cannot be looked at, or is another one: */
    int os_errno;         /* ... why */
    const struct stage_place *place;
};

/* Refused since by who may have staged it; not one that is done with, whose volume is laid out. */
static bool left_is_of(const struct stage *stage, uint32_t file)
{
    const struct stage_known *known = stage->options.known;
    const struct plan_file *f = &stage->plan->files[file];
    return stage->options.refusals != NULL && stage->options.refusals[f->unit] != REFUSAL_NONE &&
           f->action != ACTION_NONE && stage->plan->units[f->unit].refusal == REFUSAL_NONE &&
           (known->done == NULL || known->done[f->unit] == 0);
}

/* Never made here. */
static void left_open(const struct stage *stage, struct stage_left *left)
{
    const struct plan_root *root = &stage->plan->roots[left->root];
    const struct view dir = plan_text(stage->plan, root->dir);
    char path[4096];
    vsr_error error = {0};
    left->top.fd = -1;
    left->os_errno = ENAMETOOLONG;
    if (dir.n == 0 || dir.n >= sizeof path) {
        return;
    }
    memcpy(path, dir.p, dir.n);
    path[dir.n] = '\0';
    const uint32_t named =
        root->from_root_option != 0 ? root_named_elements(plan_text(stage->plan, root->spec)) : 0;
    if (root_open(&left->top, path, named, false, &error) != VSR_OK) {
        left->top.fd = -1;
        left->os_errno = error.os_errno != 0 ? error.os_errno : ENOENT;
    } else if (left->place->inode != 0 && left->top.inode != left->place->inode) {
        root_close(&left->top);
        left->os_errno = ESTALE;
    }
}

static bool left_is_shared(const struct stage_layout *layout, const struct stage_left *left)
{
    struct stat facts;
    bool shared = false;
    for (uint32_t i = 0; i < layout->stage.plan->root_count; i++) {
        shared =
            shared || (layout->roots[i].fd >= 0 && layout->roots[i].mount_id == left->top.mount_id);
    }
    return shared && left->top.fd >= 0 &&
           fstatat(left->top.fd, layout->stage.folder_name, &facts, AT_SYMLINK_NOFOLLOW) == 0;
}

static void left_add(struct stage_layout *layout, uint32_t top)
{
    struct stage_left left = {.root = layout->stage.plan->directories[top].root,
                              .place = stage_place_known(&layout->stage, top)};
    if (left.place == NULL) {
        return; /* nothing was ever staged there */
    }
    left_open(&layout->stage, &left);
    if (left_is_shared(layout, &left)) {
        layout->wanted[top] = WANT_MOUNT;
        root_close(&left.top);
        return;
    }
    if (left.top.fd >= 0) { /* what was made of its path goes, too */
        layout->roots[left.root].made_levels = left.place->made;
    }
    layout->left = heap_resize(layout->left, layout->left_count + 1u, sizeof *layout->left);
    layout->left[layout->left_count++] = left;
}

void stage_left_find(struct stage_layout *layout)
{
    const struct stage *stage = &layout->stage;
    const struct plan *plan = stage->plan;
    uint8_t *asked = heap_alloc(plan->root_count + 1u, 1);
    for (uint32_t i = 0; stage->options.known != NULL && i < plan->file_count; i++) {
        uint32_t at = plan->files[i].directory;
        if (asked[plan->directories[at].root] != 0 || !left_is_of(stage, i)) {
            continue;
        }
        asked[plan->directories[at].root] = 1;
        while (!stage_is_root_top(plan, at)) {
            at = plan->directories[at].parent;
        }
        if (layout->wanted[at] == WANT_NOT) {
            left_add(layout, at);
        }
    }
    free(asked);
}

void stage_left_free(struct stage_layout *layout)
{
    for (uint32_t i = 0; i < layout->left_count; i++) {
        root_close(&layout->left[i].top);
    }
    free(layout->left);
}

/* 0 or an errno. */
static int left_remove(const struct stage *stage, const struct stage_left *left, bool keep)
{
    if (left->top.fd < 0) {
        return left->os_errno;
    }
    OWN(fd) fd = root_openat(left->top.fd, stage->folder_name, O_RDONLY | O_DIRECTORY, 0);
    if (fd < 0) {
        return fd == -ENOENT ? 0 : -fd;
    }
    for (uint32_t i = 0; i < stage->mount_count && !keep; i++) {
        keep = stage->mounts[i].mount_id == left->top.mount_id; /* one that was crossed to */
    }
    if (keep) {
        return EBUSY;
    }
    int fault = stage_folder_is_known(stage, fd) ? 0 : ESTALE;
    fault = fault == 0 && io_lock(fd) == EWOULDBLOCK ? EBUSY : fault;
    fault = fault == 0 ? stage_token_check(fd, stage->options.known) : fault;
    fault = fault == 0 ? stage_folder_empty(fd) : fault;
    if (fault == 0 && unlinkat(left->top.fd, stage->folder_name, AT_REMOVEDIR) != 0) {
        fault = errno;
    }
    if (fault == 0) { /* ruling 20; not ours to insist on */
        const bool made = left->place->made != 0;
        const struct timespec times[2] = {made ? left->top.accessed : left->place->accessed,
                                          made ? left->top.modified : left->place->modified};
        (void)futimens(left->top.fd, times);
    }
    return fault;
}

static const char *left_reason(int fault)
{
    switch (fault) {
    case EBUSY:
        return "others may need it";
    case ESTALE:
        return "another volume or folder stands there";
    default:
        return strerrordesc_np(fault);
    }
}

void stage_left_remove(const struct stage *stage, bool keep, struct buffer *out)
{
    const struct stage_layout *layout = stage_layout_read(stage);
    for (uint32_t i = 0; i < layout->left_count; i++) {
        const int fault = left_remove(stage, &layout->left[i], keep);
        if (fault != 0) {
            const struct plan_root *root = &stage->plan->roots[layout->left[i].root];
            buffer_printf(out, "%s%.*s/%s (%s)", out->n > 0 ? ", " : "",
                          VIEW_ARG(plan_text(stage->plan, root->dir)), stage->folder_name,
                          left_reason(fault));
        }
    }
}
