/* root.c - the one confined door to a destination: openat2 below a descriptor, nothing else.
 *
 * Control thread and workers open everything through here. The path that a volume is mapped to
 * comes from the caller and is trusted; every name below it comes from media and documents and
 * is not. Does not decide what may be replaced (probe.c) nor move anything (publish.c). */
#include "dest/root.h"

#include "base/limits.h"
#include "base/own.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

/* One openat2 takes at most PATH_MAX bytes; a longer path is walked in steps of this size. */
enum { ROOT_STEP_BYTES_MAX = 3072 };

#define ROOT_STATX_MNT_ID_UNIQUE 0x00004000U /* newer than the headers that we build with */

static int root_openat2(int dir_fd, const char *path, int flags, mode_t mode, uint64_t resolve)
{
    const struct open_how how = {
        .flags = (uint64_t)(unsigned)(flags | O_CLOEXEC),
        .mode = (flags & (O_CREAT | __O_TMPFILE)) != 0 ? mode : 0,
        .resolve = resolve,
    };
    for (int retries = 0;; retries++) {
        const long fd = syscall(SYS_openat2, dir_fd, path, &how, sizeof how);
        if (fd >= 0) {
            return (int)fd;
        }
        if ((errno != EAGAIN && errno != EINTR) || retries == IO_RETRIES_MAX) {
            return -errno;
        }
    }
}

static int root_walk(int dir_fd, const char *path, int flags, mode_t mode, uint64_t resolve)
{
    OWN(fd) held = -1;
    size_t left = strlen(path);
    if (left == 0) {
        return root_openat2(dir_fd, ".", flags, mode, resolve);
    }
    while (left > ROOT_STEP_BYTES_MAX) {
        char step[ROOT_STEP_BYTES_MAX + 1];
        size_t cut = ROOT_STEP_BYTES_MAX;
        while (cut > 0 && path[cut] != '/') {
            cut--;
        }
        if (cut == 0) {
            return -ENAMETOOLONG;
        }
        memcpy(step, path, cut);
        step[cut] = '\0';
        OWN(fd) next = root_openat2(dir_fd, step, O_PATH | O_DIRECTORY, 0, resolve);
        if (next < 0) {
            return next;
        }
        own_fd_drop(&held);
        held = take_fd(&next);
        dir_fd = held;
        path += cut + 1;
        left -= cut + 1;
    }
    return root_openat2(dir_fd, path, flags, mode, resolve);
}

int root_openat(int dir_fd, const char *path, int flags, mode_t mode)
{
    return root_walk(dir_fd, path, flags, mode,
                     RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS |
                         RESOLVE_NO_XDEV);
}

int root_openat_crossing(int dir_fd, const char *path, int flags, mode_t mode)
{
    return root_walk(dir_fd, path, flags, mode,
                     RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
}

int root_identify(int fd, struct dest_identity *out)
{
    struct statx facts;
    if (statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_MNT_ID, &facts) != 0) {
        return -errno;
    }
    *out = (struct dest_identity){
        .mount_id = (facts.stx_mask & STATX_MNT_ID) != 0 ? facts.stx_mnt_id : 0,
        .device = makedev(facts.stx_dev_major, facts.stx_dev_minor),
        .inode = facts.stx_ino,
        .uid = facts.stx_uid,
        .gid = facts.stx_gid,
        .mode = facts.stx_mode,
        .accessed = {.tv_sec = facts.stx_atime.tv_sec, .tv_nsec = facts.stx_atime.tv_nsec},
        .modified = {.tv_sec = facts.stx_mtime.tv_sec, .tv_nsec = facts.stx_mtime.tv_nsec},
    };
    return 0;
}

uint64_t root_mount_number(int fd)
{
    struct statx facts;
    const unsigned wanted[] = {ROOT_STATX_MNT_ID_UNIQUE, STATX_MNT_ID};
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        if (statx(fd, "", AT_EMPTY_PATH, wanted[i], &facts) == 0 &&
            (facts.stx_mask & wanted[i]) != 0) {
            return facts.stx_mnt_id;
        }
    }
    return 0;
}

/* They begin behind those of the other sort, which are small (Linux: MNT_UNIQUE_ID_OFFSET). */
bool root_mount_number_is_unique(uint64_t number)
{
    return number >= UINT64_C(1) << 31;
}

/* Make every level of path that is missing; *made counts them. */
static int root_make(const char *path, uint32_t *made)
{
    char level[PATH_MAX];
    const size_t bytes = strlen(path);
    if (bytes >= sizeof level) {
        return ENAMETOOLONG;
    }
    for (size_t at = 1; at <= bytes; at++) {
        if (path[at] != '/' && path[at] != '\0') {
            continue;
        }
        memcpy(level, path, at);
        level[at] = '\0';
        if (mkdir(level, 0777) == 0) {
            ++*made;
        } else if (errno != EEXIST) {
            return errno;
        }
    }
    return 0;
}

uint32_t root_named_elements(struct view spec)
{
    const bool share = view_starts(spec, VIEW("\\\\")) && !view_starts(spec, VIEW("\\\\?\\"));
    return share ? 3 : 1;
}

/* Is the folder one in which somebody else could put a link? */
static bool root_is_shared(int fd)
{
    struct stat facts;
    return fstat(fd, &facts) != 0 || (facts.st_mode & 0022u) != 0 ||
           (facts.st_uid != 0 && facts.st_uid != geteuid());
}

/* The element that begins at name, below above. A descriptor, or -errno. */
static int root_open_element(int above, const char *name, size_t bytes, bool make, uint32_t *made)
{
    char text[WIN_NAME_BYTES_MAX + 1];
    if (bytes >= sizeof text) {
        return -ENAMETOOLONG;
    }
    memcpy(text, name, bytes);
    text[bytes] = '\0';
    if (make && mkdirat(above, text, 0777) == 0) {
        ++*made;
    } else if (make && errno != EEXIST) {
        return -errno;
    }
    if (root_is_shared(above)) {
        return root_openat_crossing(above, text, O_RDONLY | O_DIRECTORY, 0);
    }
    const int fd = openat(above, text, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

/* Bytes of path in front of its last `named` elements; all of them when it has fewer. */
static size_t root_typed_bytes(const char *path, uint32_t named)
{
    size_t at = strlen(path);
    const size_t whole = at;
    for (uint32_t i = 0; i < named; i++) {
        do {
            if (at == 0) {
                return whole;
            }
        } while (path[--at] != '/');
    }
    return at;
}

/* A descriptor, or -errno. */
static int root_open_path(const char *path, uint32_t named, bool make, uint32_t *made)
{
    char typed[PATH_MAX];
    const size_t bytes = root_typed_bytes(path, named);
    if (bytes >= sizeof typed) {
        return -ENAMETOOLONG;
    }
    memcpy(typed, path, bytes);
    typed[bytes] = '\0';
    const int fault = make ? root_make(typed, made) : 0;
    if (fault != 0) {
        return -fault;
    }
    OWN(fd) fd = open(bytes == 0 ? "/" : typed, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return -errno;
    }
    for (const char *at = path + bytes; *at == '/';) {
        const char *const name = at + 1;
        at = strchrnul(name, '/');
        OWN(fd) next = root_open_element(fd, name, (size_t)(at - name), make, made);
        if (next < 0) {
            return next;
        }
        own_fd_drop(&fd);
        fd = take_fd(&next);
    }
    return take_fd(&fd);
}

vsr_code root_open(struct dest_root *out, const char *path, uint32_t named, bool make,
                   vsr_error *error)
{
    struct dest_identity identity;
    uint32_t made = 0;
    OWN(fd) fd = root_open_path(path, named, make, &made);
    if (fd < 0) {
        errno = -fd;
        /* a place that was typed and is not there is wrong; one that fails is an I/O error */
        const bool typed = !make && (errno == ENOENT || errno == ENOTDIR);
        return err_sys(error, typed ? VSR_ERR_SELECTION : err_dest_code(errno), "dest/root",
                       "cannot %s the folder %s", make ? "make or open" : "open", path);
    }
    const int fault = root_identify(fd, &identity);
    if (fault != 0) {
        errno = -fault;
        return err_sys(error, err_dest_code(errno), "dest/root", "cannot examine %s", path);
    }
    *out = (struct dest_root){
        .fd = take_fd(&fd),
        .mount_id = identity.mount_id,
        .device = identity.device,
        .inode = identity.inode,
        .accessed = identity.accessed,
        .modified = identity.modified,
        .made_levels = made,
    };
    return VSR_OK;
}

void root_unmake(const struct dest_root *root, const char *path)
{
    char level[PATH_MAX];
    const size_t bytes = strlen(path);
    if (bytes >= sizeof level) {
        return;
    }
    memcpy(level, path, bytes + 1);
    for (uint32_t left = root->made_levels; left > 0; left--) {
        if (rmdir(level) != 0) {
            return;
        }
        char *const slash = strrchr(level, '/');
        if (slash == NULL || slash == level) {
            return;
        }
        *slash = '\0';
    }
}

void root_close(struct dest_root *root)
{
    own_fd_drop(&root->fd);
}

bool root_name_is_plain(struct view name)
{
    if (name.n == 0 || (name.n == 1 && name.p[0] == '.') ||
        (name.n == 2 && name.p[0] == '.' && name.p[1] == '.')) {
        return false;
    }
    return memchr(name.p, '/', name.n) == NULL && memchr(name.p, '\0', name.n) == NULL;
}
