/* inherit.c - the attributes of a directory that the kernel copies to its children, copied to the
 * one child that is made somewhere else and renamed later. Files that are published one by one
 * into a directory that existed do not pass here: theirs are the media's. */
#include "dest/inherit.h"

#include <errno.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#ifndef FS_CASEFOLD_FL
#define FS_CASEFOLD_FL 0x40000000
#endif

enum { ACL_BYTES_MAX = 64 << 10 }; /* XATTR_SIZE_MAX */

static bool inherit_acl(int parent_fd, int fd)
{
    static const char name[] = "system.posix_acl_default";
    char acl[ACL_BYTES_MAX];
    const ssize_t n = fgetxattr(parent_fd, name, acl, sizeof acl);
    return n <= 0 || fsetxattr(fd, name, acl, (size_t)n, 0) == 0;
}

static bool inherit_group(int parent_fd, int fd)
{
    struct stat parent;
    if (fstat(parent_fd, &parent) != 0 || (parent.st_mode & S_ISGID) == 0) {
        return true;
    }
    return fchown(fd, (uid_t)-1, parent.st_gid) == 0 && fchmod(fd, 0700 | S_ISGID) == 0;
}

static bool inherit_folding(int parent_fd, int fd)
{
    int from = 0;
    int to = 0;
    if (ioctl(parent_fd, FS_IOC_GETFLAGS, &from) != 0 || ((unsigned)from & FS_CASEFOLD_FL) == 0) {
        return true;
    }
    if (ioctl(fd, FS_IOC_GETFLAGS, &to) != 0) {
        return false;
    }
    to = (int)((unsigned)to | FS_CASEFOLD_FL);
    return ioctl(fd, FS_IOC_SETFLAGS, &to) == 0;
}

static bool inherit_project(int parent_fd, int fd)
{
    struct fsxattr from = {0};
    struct fsxattr to = {0};
    if (ioctl(parent_fd, FS_IOC_FSGETXATTR, &from) != 0 ||
        (from.fsx_xflags & FS_XFLAG_PROJINHERIT) == 0) {
        return true;
    }
    if (ioctl(fd, FS_IOC_FSGETXATTR, &to) != 0) {
        return false;
    }
    to.fsx_projid = from.fsx_projid;
    to.fsx_xflags |= FS_XFLAG_PROJINHERIT;
    return ioctl(fd, FS_IOC_FSSETXATTR, &to) == 0;
}

void inherit_from(int parent_fd, int fd, bool take_group, struct meta_loss *losses)
{
    losses->attributes += !inherit_acl(parent_fd, fd);
    losses->attributes += take_group && !inherit_group(parent_fd, fd);
    losses->attributes += !inherit_folding(parent_fd, fd);
    losses->attributes += !inherit_project(parent_fd, fd);
}
