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
#include <time.h>

struct dest_root {
    int fd;            /* O_PATH is not enough: it is also synced and listed */
    uint64_t mount_id; /* STATX_MNT_ID */
    uint64_t device, inode;
    struct timespec accessed, modified; /* when it was opened: put back at the end (ruling 20) */
    uint32_t made_levels;               /* directories at the end of its path that we made */
};

/* Open (or, with make, first make, one level after the other) the directory that a volume is
 * mapped to. path comes from the caller, so links in it are followed, once, here; of its last
 * `named` elements, which documents named (root_named_elements()), only where nobody but us and
 * root can have made them. Errors: SELECTION, DEST_*; DEST_ESCAPE: such a link. */
vsr_code root_open(struct dest_root *out, const char *path, uint32_t named, bool make,
                   vsr_error *error);

/* How many elements a volume has below --root: "C", "Volume{guid}", "UNC/server/share". */
uint32_t root_named_elements(struct view spec);
void root_close(struct dest_root *root);

/* Remove again what root_open() made, as far as it is empty. */
void root_unmake(const struct dest_root *root, const char *path);

/* Open a path of plain elements, '/'-separated, below dir_fd; an empty one opens dir_fd anew.
 * Longer than PATH_MAX is fine. flags and mode as openat(2); O_CLOEXEC is added. Returns the
 * descriptor, or -errno (EXDEV, ELOOP: it would leave). */
int root_openat(int dir_fd, const char *path, int flags, mode_t mode);

/* The same where mounts below the volume may be crossed (--cross-mounts). */
int root_openat_crossing(int dir_fd, const char *path, int flags, mode_t mode);

/* What stands behind a descriptor, the mount included. Errors: -errno. */
struct dest_identity {
    uint64_t mount_id; /* STATX_MNT_ID */
    uint64_t device, inode;
    uint32_t uid, gid, mode;
    struct timespec accessed, modified;
};
int root_identify(int fd, struct dest_identity *out);

/* The mount that an open file is on, for a journal: where the kernel has such numbers (Linux 6.8),
 * one that no other mount gets until the system boots; else STATX_MNT_ID, which may be given
 * again. 0: it does not tell. */
uint64_t root_mount_number(int fd);

/* Is a number the first sort of these? */
bool root_mount_number_is_unique(uint64_t number);

/* Is name one plain element ('/', NUL, ".", "..", empty: no)? Checked on every name before it
 * reaches the kernel. */
bool root_name_is_plain(struct view name);

#endif
