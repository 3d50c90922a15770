/* pending_links.c - symbolic links to pending folders made, followed and removed.
 *
 * A link's text is data here: it is read and opened through dest/pending.h, which trusts a folder
 * by its owner and mode alone. Nothing is carried out here. */
#include "run/pending_links.h"

#include "base/heap.h"
#include "base/limits.h"
#include "base/own.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const char WHERE[] = "run/pending";
static const char RUN_LINKS[] = "pending";

enum { LINK_NAME_BYTES = PENDING_NAME_BYTES + 16, LINK_TEXT_BYTES = 4096 };

bool pending_folder_path(const struct pending_folder *folder, struct buffer *path)
{
    char proc[sizeof "/proc/self/fd/" + 10];
    char text[LINK_TEXT_BYTES];
    (void)snprintf(proc, sizeof proc, "/proc/self/fd/%d", folder->top_fd);
    const ssize_t n = readlink(proc, text, sizeof text);
    if (n <= 0 || (size_t)n == sizeof text) {
        return false;
    }
    buffer_add(path, text, (size_t)n);
    buffer_printf(path, "%s%s", text[n - 1] == '/' ? "" : "/", folder->name);
    buffer_add_char(path, '\0');
    path->n--;
    return true;
}

/* Did an earlier process of the run make it? */
static bool link_is(int dir_fd, const char *name, struct view path)
{
    char text[LINK_TEXT_BYTES];
    const ssize_t n = readlinkat(dir_fd, name, text, sizeof text);
    return n > 0 && view_equal((struct view){text, (size_t)n}, path);
}

/* "<run uuid>-<number>" -> the folder, in dir_fd. 0 or errno. */
static int link_make(int dir_fd, uint32_t number, const struct pending_folder *folder)
{
    char name[LINK_NAME_BYTES];
    struct buffer path = {0};
    int fault = 0;
    (void)snprintf(name, sizeof name, "%s-%u", folder->name + strlen(PENDING_PREFIX), number);
    if (!pending_folder_path(folder, &path)) {
        fault = ENOENT;
    } else if (!link_is(dir_fd, name, buffer_view(&path)) &&
               (symlinkat(path.p, dir_fd, name) != 0 || fsync(dir_fd) != 0)) {
        fault = errno;
    }
    buffer_free(&path);
    return fault;
}

int pending_link_run(int run_dir_fd, uint32_t number, const struct pending_folder *folder)
{
    if (mkdirat(run_dir_fd, RUN_LINKS, 0700) != 0 && errno != EEXIST) {
        return errno;
    }
    OWN(fd) fd = openat(run_dir_fd, RUN_LINKS, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return fd < 0 ? errno : link_make(fd, number, folder);
}

bool pending_link_register(const char *registry, uint32_t number,
                           const struct pending_folder *folder)
{
    if (registry == NULL) {
        return false;
    }
    OWN(fd) fd = open(registry, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd >= 0 && link_make(fd, number, folder) == 0;
}

/* --- reading links --- */

static DIR *list_open(int dir_fd, const char *name)
{
    const int fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *list = fd < 0 ? NULL : fdopendir(fd);
    heap_require(list == NULL && errno == ENOMEM ? NULL : name); /* nothing would seem to wait */
    if (list == NULL && fd >= 0) {
        (void)close(fd);
    }
    return list;
}

void pending_link_forget(const char *registry, struct view path)
{
    DIR *list = registry == NULL ? NULL : list_open(AT_FDCWD, registry);
    if (list == NULL) {
        return;
    }
    char text[LINK_TEXT_BYTES];
    for (struct dirent *entry; (entry = readdir(list)) != NULL;) {
        const ssize_t n = readlinkat(dirfd(list), entry->d_name, text, sizeof text);
        if (n > 0 && view_equal((struct view){text, (size_t)n}, path)) {
            (void)unlinkat(dirfd(list), entry->d_name, 0);
        }
    }
    (void)closedir(list);
}

static void paths_add(struct arena *arena, struct pending_paths *out, struct view path)
{
    for (uint32_t i = 0; i < out->count; i++) {
        if (view_equal(out->list[i], path)) {
            return;
        }
    }
    if (out->count < PENDING_FOLDERS_MAX) {
        out->list = heap_grow(out->list, out->count, &out->capacity, sizeof *out->list);
        out->list[out->count++] = arena_copy(arena, path);
    }
}

static void links_follow(struct arena *arena, DIR *list, struct pending_paths *out)
{
    char text[LINK_TEXT_BYTES];
    for (struct dirent *entry; (entry = readdir(list)) != NULL;) {
        const ssize_t n = readlinkat(dirfd(list), entry->d_name, text, sizeof text);
        if (n > 0 && (size_t)n < sizeof text) {
            paths_add(arena, out, (struct view){text, (size_t)n});
        }
    }
}

static int paths_compare(const void *left, const void *right)
{
    return view_compare(*(const struct view *)left, *(const struct view *)right);
}

static void paths_sort(struct pending_paths *paths)
{
    if (paths->count > 1) {
        qsort(paths->list, paths->count, sizeof *paths->list, paths_compare);
    }
}

/* Is path that of a pending folder, by its last name? */
static bool path_is_pending(const char *path)
{
    const char *slash = strrchr(path, '/');
    return pending_name_is(slash == NULL ? path : slash + 1);
}

static void folders_scan(struct arena *arena, DIR *list, const char *dir, struct pending_paths *out)
{
    for (struct dirent *entry; (entry = readdir(list)) != NULL;) {
        if (path_is_pending(entry->d_name)) {
            const bool ended = dir[strlen(dir) - 1] == '/';
            paths_add(arena, out,
                      arena_printf(arena, "%s%s%s", dir, ended ? "" : "/", entry->d_name));
        }
    }
}

/* What the run whose folder this is has left somewhere. */
static vsr_code run_links_follow(struct arena *arena, DIR *folder, const char *dir,
                                 struct pending_paths *out, vsr_error *error)
{
    DIR *links = list_open(dirfd(folder), RUN_LINKS);
    if (links == NULL) {
        return errno == ENOENT ? VSR_OK
                               : err_sys(error, err_dest_code(errno), WHERE,
                                         "cannot look for what the run in %s left to wait", dir);
    }
    links_follow(arena, links, out);
    (void)closedir(links);
    return VSR_OK;
}

vsr_code pending_find(struct arena *arena, const char *dir, struct pending_paths *out,
                      vsr_error *error)
{
    struct view text = view_of(dir);
    while (text.n > 1 && text.p[text.n - 1] == '/') {
        text.n--;
    }
    const struct view plain = arena_copy(arena, text);
    struct stat facts;
    vsr_code rc = VSR_OK;
    DIR *list = text.n == 0 ? NULL : list_open(AT_FDCWD, plain.p);
    if (list == NULL) {
        errno = text.n == 0 ? ENOENT : errno;
        const bool typed = errno == ENOENT || errno == ENOTDIR;
        return err_sys(error, typed ? VSR_ERR_SELECTION : err_dest_code(errno), WHERE,
                       "cannot look for what waits in %s", dir);
    }
    if (path_is_pending(plain.p)) {
        paths_add(arena, out, plain);
    } else if (fstatat(dirfd(list), "run.json", &facts, AT_SYMLINK_NOFOLLOW) == 0) {
        rc = run_links_follow(arena, list, plain.p, out, error);
    } else {
        folders_scan(arena, list, plain.p, out);
    }
    (void)closedir(list);
    paths_sort(out);
    return rc;
}

vsr_code pending_find_registered(struct arena *arena, const char *registry,
                                 struct pending_paths *out, vsr_error *error)
{
    DIR *list = list_open(AT_FDCWD, registry);
    if (list == NULL) {
        return errno == ENOENT ? VSR_OK
                               : err_sys(error, err_dest_code(errno), WHERE,
                                         "cannot read the registry %s", registry);
    }
    struct stat facts;
    if (fstat(dirfd(list), &facts) != 0 || (facts.st_mode & 0022) != 0 ||
        (facts.st_uid != 0 && facts.st_uid != geteuid())) {
        (void)closedir(list);
        return err_set(error, VSR_ERR_DEST_PERMISSION, WHERE,
                       "the registry %s may be written by others: nothing in it is trusted",
                       registry);
    }
    links_follow(arena, list, out);
    (void)closedir(list);
    paths_sort(out);
    out->registered = true;
    return VSR_OK;
}

void pending_paths_free(struct pending_paths *paths)
{
    free(paths->list);
    *paths = (struct pending_paths){0};
}
