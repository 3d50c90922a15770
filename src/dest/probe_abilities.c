/* probe_abilities.c - what a mount can do, tried out in the staging folder before the first byte.
 *
 * Each lack has a fallback that keeps the promises (publish_step.c), or a refusal that names it. */
#include "base/own.h"
#include "dest/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/uio.h>
#include <sys/xattr.h>
#include <unistd.h>

#ifndef RWF_DONTCACHE
#define RWF_DONTCACHE 0x00000080 /* Linux 6.14 */
#endif
#ifndef FUSE_SUPER_MAGIC
#define FUSE_SUPER_MAGIC 0x65735546
#endif

enum { PROBE_BLOCK_BYTES = 4096 };
static const char PROBE_A[] = "probe-a";
static const char PROBE_B[] = "probe-b";
static const char PROBE_A_FOLDED[] = "PROBE-A";

/* 0, or why nothing can be tried: what is not known is not taken for something that it lacks. */
static int probe_renames(int fd, struct dest_abilities *out)
{
    const int a = openat(fd, PROBE_A, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (a < 0) {
        return errno;
    }
    out->folds_names = faccessat(fd, PROBE_A_FOLDED, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
    out->user_xattrs = fsetxattr(a, "user.vssrestore", "1", 1, 0) == 0;
    struct iovec block = {(void *)(uintptr_t)PROBE_A, sizeof PROBE_A};
    out->uncached_write = pwritev2(a, &block, 1, 0, RWF_DONTCACHE) == (ssize_t)sizeof PROBE_A;
    (void)close(a);
    out->hard_links = linkat(fd, PROBE_A, fd, PROBE_B, 0) == 0;
    (void)unlinkat(fd, PROBE_B, 0);
    out->rename_noreplace = renameat2(fd, PROBE_A, fd, PROBE_B, RENAME_NOREPLACE) == 0;
    if (!out->rename_noreplace) {
        (void)renameat(fd, PROBE_A, fd, PROBE_B);
    }
    const int again = openat(fd, PROBE_A, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    const int fault = again < 0 ? errno : 0;
    if (again >= 0) {
        (void)close(again);
        out->rename_exchange = renameat2(fd, PROBE_A, fd, PROBE_B, RENAME_EXCHANGE) == 0;
    }
    (void)unlinkat(fd, PROBE_A, 0);
    (void)unlinkat(fd, PROBE_B, 0);
    return fault;
}

static void probe_direct(int fd, struct dest_abilities *out)
{
    struct statx facts = {0};
    void *block = NULL;
    const int file = openat(fd, PROBE_A, O_WRONLY | O_CREAT | O_EXCL | O_DIRECT | O_CLOEXEC, 0600);
    if (file < 0) {
        (void)unlinkat(fd, PROBE_A, 0);
        return;
    }
    uint32_t align = PROBE_BLOCK_BYTES;
#ifdef STATX_DIOALIGN
    if (statx(file, "", AT_EMPTY_PATH, STATX_DIOALIGN, &facts) == 0 &&
        (facts.stx_mask & STATX_DIOALIGN) != 0 && facts.stx_dio_offset_align > align) {
        align = facts.stx_dio_offset_align;
    }
#else
    (void)facts;
#endif
    if (posix_memalign(&block, align, align) == 0) {
        memset(block, 0, align);
        out->direct_write = pwrite(file, block, align, 0) == (ssize_t)align;
        out->direct_align_bytes = align;
        free(block);
    }
    (void)close(file);
    (void)unlinkat(fd, PROBE_A, 0);
}

static void probe_reflinks(int fd, struct dest_abilities *out)
{
    char block[PROBE_BLOCK_BYTES] = "shared";
    OWN(fd) a = openat(fd, PROBE_A, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    OWN(fd) b = openat(fd, PROBE_B, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    out->reflinks = a >= 0 && b >= 0 && write(a, block, sizeof block) == (ssize_t)sizeof block &&
                    ioctl(b, FICLONE, a) == 0;
    (void)unlinkat(fd, PROBE_A, 0);
    (void)unlinkat(fd, PROBE_B, 0);
}

vsr_code probe_abilities(int staging_fd, struct dest_abilities *out, vsr_error *error)
{
    struct statfs facts;
    *out = (struct dest_abilities){0};
    if (fstatfs(staging_fd, &facts) != 0) {
        return err_sys(error, err_dest_code(errno), "dest/probe", "cannot examine a destination");
    }
    out->block_bytes = facts.f_bsize > 0 ? (uint32_t)facts.f_bsize : PROBE_BLOCK_BYTES;
    out->is_fuse = (uint64_t)facts.f_type == FUSE_SUPER_MAGIC;
    out->memory_backed = (uint64_t)facts.f_type == TMPFS_MAGIC;
    (void)unlinkat(staging_fd, PROBE_A, 0); /* an interrupted run may have left them */
    (void)unlinkat(staging_fd, PROBE_B, 0);
    const int fault = probe_renames(staging_fd, out);
    if (fault != 0) {
        out->rename_noreplace = out->rename_exchange = out->hard_links = true;
        errno = fault;
        return err_sys(error, err_dest_code(fault), "dest/probe",
                       "cannot try out what a destination can do");
    }
    probe_reflinks(staging_fd, out);
    if (!out->memory_backed && !out->is_fuse) { /* both accept it, and gain nothing by it */
        probe_direct(staging_fd, out);
    }
    return VSR_OK;
}
