/* root.h - the one confined door to a destination.
 *
 * A mapped volume is a directory descriptor, never a string that is joined and opened. Every
 * path below it goes through openat2 with RESOLVE_BENEATH, RESOLVE_NO_SYMLINKS,
 * RESOLVE_NO_MAGICLINKS and RESOLVE_NO_XDEV (EAGAIN retried, bounded); everything else is an *at
 * call with a single name on a descriptor that came from here. Any thread. */
#ifndef DEST_ROOT_H
#define DEST_ROOT_H

#include "base/err.h"
#include "base/view.h"

#include <sys/types.h>

struct dest_root {
    int fd;            /* O_PATH is not enough: it is also synced and listed */
    uint64_t mount_id; /* STATX_MNT_ID */
    uint64_t device, inode;
};

/* Open (or, with make, first make, one level after the other) the directory that a volume is
 * mapped to. path comes from the caller, so links in it are followed, once, here. */
vsr_code root_open(struct dest_root *out, const char *path, bool make, vsr_error *error);
void root_close(struct dest_root *root);

/* Open a path of plain elements, '/'-separated, below dir_fd. flags and mode as openat(2);
 * O_CLOEXEC is added. Returns the descriptor, or -errno (EXDEV, ELOOP: it would leave). */
int root_openat(int dir_fd, const char *path, int flags, mode_t mode);

/* Is name one plain element ('/', NUL, ".", "..", empty: no)? Checked on every name before it
 * reaches the kernel. */
bool root_name_is_plain(struct view name);

#endif
