/* probe_entry.c - rules 6.5 asked of a real file: may it be replaced, and if not, why not.
 *
 * Looks only: nothing is opened for writing but by the busy tests of live trees (rules 8.3),
 * which write nothing. A symbolic link is never followed. */
#include "dest/probe_entry.h"

#include "base/limits.h"
#include "base/own.h"
#include "dest/folder_list.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#ifndef FUSE_SUPER_MAGIC
#define FUSE_SUPER_MAGIC 0x65735546
#endif
#define PROBE_MAGIC_EXFAT 0x2011BAB0
#define PROBE_MAGIC_NTFS3 0x7366746E
#define PROBE_MAGIC_SMB2  0xFE534D42
#define PROBE_MAGIC_CIFS  0xFF534D42

/* --- immutable, append-only --- */

static const char *entry_flags(const struct probe_parent *parent, const char *name,
                               const struct statx *facts)
{
    uint64_t attributes = facts->stx_attributes;
    if ((facts->stx_attributes_mask & STATX_ATTR_IMMUTABLE) == 0 && S_ISREG(facts->stx_mode)) {
        int flags = 0;
        OWN(fd) fd = openat(parent->fd, name, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
        if (fd >= 0 && ioctl(fd, FS_IOC_GETFLAGS, &flags) == 0) {
            attributes |= (flags & FS_IMMUTABLE_FL) != 0 ? STATX_ATTR_IMMUTABLE : 0;
            attributes |= (flags & FS_APPEND_FL) != 0 ? STATX_ATTR_APPEND : 0;
        }
    }
    return (attributes & STATX_ATTR_IMMUTABLE) != 0 ? "it is immutable"
           : (attributes & STATX_ATTR_APPEND) != 0  ? "it is append-only"
                                                    : NULL;
}

/* --- in use, on a live tree (rules 8.3) --- */

/* A lease that we hold for a moment is broken by whoever opens the file just then: the kernel
 * tells us by a signal, and SIGIO would end the process; SIGURG is ignored unless handled. */
static const char *entry_lease(int fd, enum in_use in_use, bool *unknown)
{
    if (fcntl(fd, F_SETSIG, SIGURG) == 0 && fcntl(fd, F_SETLEASE, F_WRLCK) == 0) {
        (void)fcntl(fd, F_SETLEASE, F_UNLCK);
        return NULL;
    }
    if (errno == EAGAIN) {
        return "it is in use: another process has it open";
    }
    *unknown = true;
    return in_use == IN_USE_STRICT ? "whether it is in use cannot be told (no leases here)" : NULL;
}

static const char *entry_busy(const struct probe_parent *parent, const char *name,
                              const struct probe_options *options, struct fact *out)
{
    if (options->tree != TREE_LIVE || options->in_use == IN_USE_IGNORE) {
        return NULL;
    }
    if (parent->in_use != NULL) {
        const char *reason = in_use_reason(parent->in_use, out->device, out->inode);
        if (reason != NULL) {
            return reason;
        }
        OWN(fd) written = openat(parent->fd, name, O_WRONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
        if (written < 0 && (errno == ETXTBSY || errno == EWOULDBLOCK)) {
            return errno == ETXTBSY ? "it is in use: it is being executed"
                                    : "it is in use: another process has a lease on it";
        }
    }
    OWN(fd) fd = openat(parent->fd, name, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        out->use_unknown = true;
        return options->in_use == IN_USE_STRICT ? "whether it is in use cannot be told" : NULL;
    }
    return entry_lease(fd, options->in_use, &out->use_unknown);
}

/* --- the predicate, first obstacle wins --- */

static const char *entry_obstacle(const struct probe_parent *parent, const char *name,
                                  const struct statx *facts, const struct probe_options *options,
                                  struct fact *out)
{
    if (S_ISDIR(facts->stx_mode)) {
        return "it is a folder";
    }
    if (!S_ISREG(facts->stx_mode) && !S_ISLNK(facts->stx_mode)) {
        return "it is no regular file";
    }
    if (out->mount_point) {
        return "another mount stands on it";
    }
    if (!parent->writable) {
        return parent->obstacle;
    }
    if ((parent->mode & S_ISVTX) != 0 && geteuid() != 0 && geteuid() != facts->stx_uid &&
        geteuid() != parent->uid) {
        return "it belongs to another user, in a folder with the sticky bit";
    }
    if (S_ISLNK(facts->stx_mode)) {
        return NULL; /* by another link; that a file may not go there is the planner's to say */
    }
    const char *flags = entry_flags(parent, name, facts);
    return flags != NULL ? flags : entry_busy(parent, name, options, out);
}

static enum fact_type entry_type(uint32_t mode)
{
    return S_ISREG(mode)   ? FACT_FILE
           : S_ISDIR(mode) ? FACT_DIRECTORY
           : S_ISLNK(mode) ? FACT_SYMLINK
                           : FACT_OTHER;
}

int probe_entry(const struct probe_parent *parent, const char *name,
                const struct probe_options *options, struct fact *out)
{
    struct statx facts;
    if (statx(parent->fd, name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT,
              STATX_BASIC_STATS | STATX_MNT_ID, &facts) != 0) {
        out->type = FACT_ABSENT;
        return errno == ENOENT ? 0 : errno;
    }
    const bool mounted = (facts.stx_mask & STATX_MNT_ID) != 0
                             ? facts.stx_mnt_id != parent->mount_id
                             : (facts.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
    out->type = entry_type(facts.stx_mode);
    out->mount_point = mounted;
    out->device = makedev(facts.stx_dev_major, facts.stx_dev_minor);
    out->inode = facts.stx_ino;
    out->size = facts.stx_size;
    out->modify_s = facts.stx_mtime.tv_sec;
    out->modify_ns = facts.stx_mtime.tv_nsec;
    out->link_count = facts.stx_nlink;
    out->obstacle = entry_obstacle(parent, name, &facts, options, out);
    out->replaceable = out->obstacle == NULL;
    return 0;
}

bool probe_directory_writable(int fd, const char **obstacle)
{
    struct statx facts;
    *obstacle = NULL;
    if (faccessat(fd, ".", W_OK | X_OK, AT_EACCESS) != 0) {
        *obstacle =
            errno == EROFS ? "its file system is read-only" : "its folder may not be written by us";
    } else if (statx(fd, "", AT_EMPTY_PATH, STATX_TYPE, &facts) == 0 &&
               (facts.stx_attributes & STATX_ATTR_IMMUTABLE) != 0) {
        *obstacle = "its folder is immutable";
    } else if (statx(fd, "", AT_EMPTY_PATH, STATX_TYPE, &facts) == 0 &&
               (facts.stx_attributes & STATX_ATTR_APPEND) != 0) {
        *obstacle = "its folder is append-only"; /* names may come, but not be renamed over */
    }
    return *obstacle == NULL;
}

/* --- does a file system fold names? --- */

enum { FOLDING_ENTRIES_MAX = 64 }; /* names without a letter are rare */

struct folding {
    uint32_t looked_at;
    bool found;
};

/* An entry that answers to its name with the case of every letter changed is met under another
 * name: only a file system that folds names does so, unless it is a hard link of the two. */
static int folding_visit(void *context, int fd, const char *name)
{
    struct folding *folding = context;
    struct stat facts, again;
    char changed[WIN_NAME_BYTES_MAX + 1];
    bool letters = false;
    size_t n = 0;
    for (; name[n] != '\0' && n < sizeof changed - 1; n++) {
        const bool letter =
            (name[n] >= 'a' && name[n] <= 'z') || (name[n] >= 'A' && name[n] <= 'Z');
        changed[n] = letter ? (char)(name[n] ^ 0x20) : name[n];
        letters = letters || letter;
    }
    changed[n] = '\0';
    if (letters && fstatat(fd, name, &facts, AT_SYMLINK_NOFOLLOW) == 0 &&
        (S_ISDIR(facts.st_mode) || facts.st_nlink == 1)) {
        folding->found = fstatat(fd, changed, &again, AT_SYMLINK_NOFOLLOW) == 0 &&
                         again.st_ino == facts.st_ino && again.st_dev == facts.st_dev;
        return ECANCELED; /* one tells as much as all */
    }
    return ++folding->looked_at < FOLDING_ENTRIES_MAX ? 0 : ECANCELED;
}

/* What cannot be told, because nothing stands there or above, is told when something is staged
 * (stage_names.c). */
static bool folding_seen(int fd)
{
    struct folding folding = {0};
    struct stat here, up;
    (void)folder_list(fd, folding_visit, &folding);
    OWN(fd) above = folding.found ? -1 : openat(fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (above >= 0 && fstat(fd, &here) == 0 && fstat(above, &up) == 0 && here.st_dev == up.st_dev) {
        folding.looked_at = 0;
        (void)folder_list(above, folding_visit, &folding);
    }
    return folding.found;
}

/* Those that never do, or say so: the rest is asked, once for each folder. */
static bool folding_is_possible(uint64_t type)
{
    return type != TMPFS_MAGIC && type != EXT4_SUPER_MAGIC && type != BTRFS_SUPER_MAGIC &&
           type != F2FS_SUPER_MAGIC && type != OVERLAYFS_SUPER_MAGIC;
}

void probe_names(int fd, struct fact_directory *out)
{
    struct statfs facts = {0};
    int flags = 0;
    char value[8];
    (void)fstatfs(fd, &facts);
    const uint64_t type = (uint64_t)(uint32_t)facts.f_type;
    out->name_bytes_max =
        facts.f_namelen > 0 && facts.f_namelen < 4096 ? (uint32_t)facts.f_namelen : 255;
    out->case_sensitive = type != MSDOS_SUPER_MAGIC && type != PROBE_MAGIC_EXFAT &&
                          type != PROBE_MAGIC_SMB2 && type != PROBE_MAGIC_CIFS;
    if (ioctl(fd, FS_IOC_GETFLAGS, &flags) == 0 && ((unsigned)flags & FS_CASEFOLD_FL) != 0) {
        out->case_sensitive = false;
    }
    const bool ntfs_3g =
        type == FUSE_SUPER_MAGIC && (fgetxattr(fd, "system.ntfs_attrib", value, sizeof value) >= 0);
    out->name_units = ntfs_3g || !out->case_sensitive || type == PROBE_MAGIC_NTFS3;
    if ((ioctl(fd, FS_IOC_GETFLAGS, &flags) == 0 && ((unsigned)flags & FS_CASEFOLD_FL) != 0)) {
        out->name_units = false; /* ext4 and f2fs count bytes, folded or not */
    }
    if (out->name_units) {
        out->name_bytes_max = 255;
    }
    if (out->case_sensitive && folding_is_possible(type)) {
        out->case_sensitive = !folding_seen(fd);
    }
}
