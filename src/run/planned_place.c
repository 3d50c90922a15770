/* planned_place.c - the folder of a path among the plan's, then its name among what is planned
 * there.
 *
 * A plan may have a million directories: only those are looked at that are called as the folder is,
 * unless it is a mount's top, which may have another name where it is reached from elsewhere. */
#include "run/planned_place.h"

#include "base/heap.h"
#include "base/io.h"
#include "base/own.h"
#include "dest/root.h"
#include "vss/winpath.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct sought {
    struct stat folder;
    struct view own;  /* the folder's name; absent: it may have any */
    struct view name; /* in it ... */
    struct view part; /* ... and what it is called while it is written */
    char link[PATH_MAX];
    char hidden[IO_PART_NAME_BYTES];
};

/* A mount's top is called otherwise elsewhere. */
static bool is_mount_top(int fd)
{
    struct dest_identity here;
    struct dest_identity above;
    OWN(fd) up = openat(fd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
    return up < 0 || root_identify(fd, &here) != 0 || root_identify(up, &above) != 0 ||
           here.mount_id != above.mount_id ||
           (here.device == above.device && here.inode == above.inode);
}

static bool sought_fill(struct sought *out, int folder_fd, const char *name)
{
    char link[64];
    (void)snprintf(link, sizeof link, "/proc/self/fd/%d", folder_fd);
    const ssize_t bytes = readlink(link, out->link, sizeof out->link - 1);
    if (bytes > 0 && (size_t)bytes < sizeof out->link - 1 && !is_mount_top(folder_fd)) {
        out->link[bytes] = '\0';
        out->own = view_of(strrchr(out->link, '/') + 1);
    }
    out->name = view_of(name);
    out->part = io_part_name(out->hidden, name) ? view_of(out->hidden) : VIEW_NONE;
    return fstat(folder_fd, &out->folder) == 0;
}

static bool is_folder(const struct sought *sought, int fd)
{
    struct stat st;
    return fd >= 0 && fstat(fd, &st) == 0 && st.st_dev == sought->folder.st_dev &&
           st.st_ino == sought->folder.st_ino;
}

/* --- the volumes: below --root their own folders are to be made --- */

static bool root_is_below(const struct sought *sought, const struct plan *plan,
                          const struct plan_root *root)
{
    struct buffer path = {0};
    bool found = false;
    buffer_add_view(&path, plan_text(plan, root->dir));
    buffer_add_char(&path, '\0');
    const uint32_t named =
        root->from_root_option != 0 ? root_named_elements(plan_text(plan, root->spec)) : 0;
    for (uint32_t i = 0; i < named && !found; i++) {
        char *slash = strrchr(path.p, '/');
        if (slash == NULL || slash == path.p) {
            break;
        }
        *slash = '\0';
        OWN(fd) fd = open(path.p, O_PATH | O_DIRECTORY | O_CLOEXEC);
        found = win_fold_equal(view_of(slash + 1), sought->name) && is_folder(sought, fd);
    }
    buffer_free(&path);
    return found;
}

/* -1: the folder is in none of its directories. A mount's top, of whatever name, is looked for on
 * its own device alone. */
static int root_fd_of(const struct sought *sought, const struct plan *plan,
                      const struct plan_root *root)
{
    struct buffer path = {0};
    struct stat st;
    buffer_add_view(&path, plan_text(plan, root->dir));
    buffer_add_char(&path, '\0');
    int fd = open(path.p, O_PATH | O_DIRECTORY | O_CLOEXEC);
    buffer_free(&path);
    if (fd >= 0 && !view_present(sought->own) &&
        (fstat(fd, &st) != 0 || st.st_dev != sought->folder.st_dev)) {
        own_fd_drop(&fd);
    }
    return fd;
}

/* --- the directories --- */

static bool directory_is(const struct sought *sought, const struct plan *plan, uint32_t directory,
                         int root_fd)
{
    const struct plan_directory *one = &plan->directories[directory];
    if (one->parent == MARK_NONE) {
        return is_folder(sought, root_fd);
    }
    if (root_fd < 0 ||
        (view_present(sought->own) ? !win_fold_equal(plan_text(plan, one->name), sought->own)
                                   : one->make != 0)) {
        return false;
    }
    struct buffer path = {0};
    plan_below_root(plan, directory, '/', &path);
    buffer_add_char(&path, '\0');
    OWN(fd) fd = root_openat_crossing(root_fd, path.p + 1, O_PATH | O_DIRECTORY, 0);
    buffer_free(&path);
    return is_folder(sought, fd);
}

/* Which of the plan's are the folder: out, one each. False: none. */
static bool directories_find(const struct sought *sought, const struct plan *plan, bool *out)
{
    bool any = false;
    int *root_fds = heap_alloc(plan->root_count, sizeof *root_fds);
    for (uint32_t i = 0; i < plan->root_count; i++) {
        root_fds[i] = root_fd_of(sought, plan, &plan->roots[i]);
    }
    for (uint32_t i = 0; i < plan->directory_count; i++) {
        out[i] = directory_is(sought, plan, i, root_fds[plan->directories[i].root]);
        any = any || out[i];
    }
    for (uint32_t i = 0; i < plan->root_count; i++) {
        own_fd_drop(&root_fds[i]);
    }
    free(root_fds);
    return any;
}

/* --- what is planned in them --- */

static bool is_name(const struct sought *sought, struct view name)
{
    return win_fold_equal(name, sought->name) ||
           (view_present(sought->part) && win_fold_equal(name, sought->part));
}

static bool is_planned_in(const struct sought *sought, const struct plan *plan,
                          const struct media_set *set, const bool *folders)
{
    for (uint32_t i = 0; i < plan->directory_count; i++) {
        const struct plan_directory *one = &plan->directories[i];
        if (one->parent != MARK_NONE && folders[one->parent] &&
            is_name(sought, plan_text(plan, one->name))) {
            return true;
        }
    }
    for (uint32_t i = 0; i < plan->file_count; i++) {
        const struct plan_file *file = &plan->files[i];
        if (file->kind != KIND_DIRECTORY && folders[file->directory] &&
            plan->units[file->unit].verdict != VERDICT_REFUSED &&
            is_name(sought, plan_file_name(plan, set, i))) {
            return true;
        }
    }
    return false;
}

static bool is_planned(const struct sought *sought, const struct plan *plan,
                       const struct media_set *set)
{
    bool found = false;
    for (uint32_t i = 0; i < plan->root_count && !found; i++) {
        found = root_is_below(sought, plan, &plan->roots[i]);
    }
    if (!found) {
        bool *folders = heap_alloc(plan->directory_count, sizeof *folders);
        found =
            directories_find(sought, plan, folders) && is_planned_in(sought, plan, set, folders);
        free(folders);
    }
    return found;
}

vsr_code planned_place_check(const char *path, const char *what, const struct plan *plan,
                             const struct media_set *set, vsr_error *error)
{
    OWN(fd) folder_fd = -1;
    const char *name = NULL;
    struct sought sought = {0};
    if (path == NULL || io_open_folder_of(path, &folder_fd, &name, NULL) != VSR_OK ||
        !sought_fill(&sought, folder_fd, name) || !is_planned(&sought, plan, set)) {
        return VSR_OK;
    }
    return err_set(error, VSR_ERR_SELECTION, "run/planned_place",
                   "%s %s is a place that this plan restores to, or into: name another one", what,
                   path);
}
