/* stage_folder.c - the staging folder of a mount: made or adopted, known by its identity, emptied.
 *
 * Control thread, around the engine. The folder is ours alone (0700, made by us or known by the
 * journal's identity), so what stands in it may be trusted and removed. */
#include "base/io.h"
#include "base/limits.h"
#include "base/own.h"
#include "dest/folder_list.h"
#include "dest/stage_layout.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/xattr.h>

/* FS_IOC_GETFSUUID, Linux 6.9: newer than the headers that we build with. */
struct folder_fs_uuid {
    uint8_t count;
    uint8_t bytes[16];
};
#define FOLDER_IOC_FS_UUID _IOR(0x15, 0, struct folder_fs_uuid)

/* Of a file system that has no such call, but makes its f_fsid of its uuid, or of nothing that
 * lasts longer than what stands in it. */
static void folder_fs_uuid_of_fsid(const struct statfs *fs, uint8_t out[16])
{
    static const uint32_t types[] = {EXT4_SUPER_MAGIC, BTRFS_SUPER_MAGIC, F2FS_SUPER_MAGIC,
                                     TMPFS_MAGIC};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if ((uint32_t)fs->f_type == types[i]) {
            memcpy(out, &fs->f_fsid, sizeof fs->f_fsid);
        }
    }
}

/* The identity of an open folder, as far as it can be told. */
static void folder_identify(int fd, const struct dest_identity *identity,
                            struct stage_identity *out)
{
    struct statx facts;
    struct statfs fs;
    struct folder_fs_uuid uuid = {0};
    *out = (struct stage_identity){.mount_id = root_mount_number(fd),
                                   .device = identity->device,
                                   .inode = identity->inode};
    if (statx(fd, "", AT_EMPTY_PATH, STATX_BTIME, &facts) == 0 &&
        (facts.stx_mask & STATX_BTIME) != 0) {
        out->birth_s = facts.stx_btime.tv_sec;
        out->birth_ns = facts.stx_btime.tv_nsec;
    }
    if (fstatfs(fd, &fs) == 0) {
        out->fs_type = (uint32_t)fs.f_type;
        folder_fs_uuid_of_fsid(&fs, out->fs_uuid);
    }
    if (ioctl(fd, FOLDER_IOC_FS_UUID, &uuid) == 0 && uuid.count == sizeof out->fs_uuid) {
        memcpy(out->fs_uuid, uuid.bytes, sizeof out->fs_uuid);
    }
}

bool stage_is_same_file_system(const struct stage_mount *one, const struct stage_mount *other)
{
    static const uint8_t unknown[16];
    return one->device == other->device ||
           (one->identity.fs_type == other->identity.fs_type &&
            memcmp(one->identity.fs_uuid, unknown, sizeof unknown) != 0 &&
            memcmp(one->identity.fs_uuid, other->identity.fs_uuid, sizeof unknown) == 0);
}

bool stage_is_continuous(const struct stage_identity *known, const struct stage_identity *now,
                         bool noted)
{
    return known->same_boot && known->mount_id == now->mount_id && known->device == now->device &&
           (root_mount_number_is_unique(now->mount_id) || now->fs_type == TMPFS_MAGIC || !noted);
}

/* Which of the known folders this one is, or NULL. Another boot, or another mount of the same file
 * system, has another mount id, and perhaps device. */
static const struct stage_identity *folder_known(const struct stage_known *known,
                                                 const struct stage_identity *now, bool *continuous)
{
    const struct stage_identity *found = NULL;
    *continuous = false;
    for (uint32_t i = 0; known != NULL && i < known->folder_count && !*continuous; i++) {
        const struct stage_identity *k = &known->folders[i];
        const bool own = k->inode == now->inode && k->birth_s == now->birth_s &&
                         k->birth_ns == now->birth_ns && k->fs_type == now->fs_type &&
                         memcmp(k->fs_uuid, now->fs_uuid, sizeof k->fs_uuid) == 0;
        if (own) {
            found = k;
            *continuous = stage_is_continuous(k, now, known->noted);
        }
    }
    return found;
}

bool stage_folder_is_known(const struct stage *stage, int fd)
{
    struct dest_identity identity;
    struct stage_identity now;
    bool continuous;
    if (root_identify(fd, &identity) != 0) {
        return false;
    }
    folder_identify(fd, &identity, &now);
    return folder_known(stage->options.known, &now, &continuous) != NULL;
}

/* What the folder would hand down to what is staged in it: only the final parent may. */
static void folder_inherit_nothing(int fd, const struct dest_identity *identity)
{
    (void)fremovexattr(fd, "system.posix_acl_default"); /* most have none */
    if (identity->gid != getegid()) {
        const int ignored = fchown(fd, (uid_t)-1, getegid()); /* the mode keeps the group out */
        (void)ignored;
    }
    (void)fchmod(fd, 0700); /* drops the set-group-id bit, too */
}

static bool folder_is_on(const struct stage_identity *known, const struct stage_identity *now)
{
    static const uint8_t unknown[16];
    return known->fs_type == now->fs_type &&
           memcmp(known->fs_uuid, now->fs_uuid, sizeof now->fs_uuid) == 0 &&
           (memcmp(now->fs_uuid, unknown, sizeof unknown) != 0 || !known->same_boot ||
            known->device == now->device);
}

/* A run that goes on, and no staging folder: is it the volume at least on which it staged, or
 * published? Not the empty folder where that is to be mounted, nor another one in its stead. */
static bool folder_top_is_known(const struct stage *stage, const struct stage_mount *mount)
{
    const struct stage_known *known = stage->options.known;
    const struct dest_identity top = {.device = mount->top.device, .inode = mount->top.inode};
    const bool filled = known->filled != NULL && known->filled[mount->root] != 0;
    struct stage_identity now;
    if (!(filled || (known->left_folders && known->folder_count > 0)) ||
        stage_layout_read(stage)->roots[mount->root].mount_id != mount->mount_id) {
        return true;
    }
    folder_identify(mount->top.fd, &top, &now);
    bool same = false;
    for (uint32_t i = 0; i < known->folder_count && !same; i++) {
        same = folder_is_on(&known->folders[i], &now);
    }
    for (uint32_t i = 0; i < known->place_count && same && filled; i++) {
        const struct stage_place *place = &known->places[i];
        if (place->inode != 0 && stage_is_root_top(stage->plan, place->directory) &&
            stage->plan->directories[place->directory].root == mount->root) {
            same = place->inode == now.inode;
        }
    }
    return same;
}

static vsr_code folder_is_elsewhere(const struct stage *stage, uint32_t root, vsr_error *error)
{
    const struct view dir = plan_text(stage->plan, stage->plan->roots[root].dir);
    return err_set(
        error, VSR_ERR_RUN_FOREIGN, "dest/stage",
        "what stands at %.*s is not the volume that this run restored to; is it mounted?",
        VIEW_ARG(dir));
}

/* Where a volume is not mounted, its empty folder may lie on one that the run writes to as well: no
 * staging folder is missed there. A folder that was made anew on the same one is as good, unless
 * something was put into the first. */
vsr_code stage_roots_check(struct stage *stage, vsr_error *error)
{
    const struct stage_known *known = stage->options.known;
    const struct stage_layout *layout = stage_layout_read(stage);
    for (uint32_t i = 0; known != NULL && i < known->place_count; i++) {
        const struct stage_place *place = &known->places[i];
        const uint32_t number = stage->plan->directories[place->directory].root;
        if (!stage_is_root_top(stage->plan, place->directory) || place->inode == 0 ||
            layout->wanted[place->directory] == WANT_NOT) {
            continue;
        }
        vsr_error cause = {0};
        const vsr_code code = stage_open_root(stage, place->directory, &cause);
        const struct dest_root *root = &layout->roots[number];
        const bool filled = known->filled != NULL && known->filled[number] != 0;
        const bool missing = cause.os_errno == ENOENT || cause.os_errno == ENOTDIR;
        if (code != VSR_OK && !(filled && missing)) {
            return stage_open_root(stage, place->directory, error); /* to say why */
        }
        if (code != VSR_OK ||
            (root->inode != place->inode && (filled || root->device != place->device))) {
            stage_unmake_root(stage, number); /* if it was made just now */
            return folder_is_elsewhere(stage, number, error);
        }
    }
    return VSR_OK;
}

/* What was renamed is known by its device's number then, also where the staging folder is gone: a
 * disk may have lost it. 0: the file system does not tell which one it is. */
static uint64_t folder_device_before(const struct stage *stage, const struct stage_mount *mount)
{
    static const uint8_t unknown[16];
    const struct stage_known *known = stage->options.known;
    const struct dest_identity top = {.device = mount->top.device, .inode = mount->top.inode};
    struct stage_identity now;
    folder_identify(mount->top.fd, &top, &now);
    uint64_t device = 0;
    for (uint32_t i = 0; i < known->folder_count; i++) {
        const bool is_told = memcmp(now.fs_uuid, unknown, sizeof unknown) != 0;
        device =
            is_told && folder_is_on(&known->folders[i], &now) ? known->folders[i].device : device;
    }
    return device;
}

/* A run that goes on: what is known is adopted; what the process before made and did not come to
 * write down is empty, and goes. */
static vsr_code folder_take_over(struct stage *stage, struct stage_mount *mount, vsr_error *error)
{
    const char *name = stage->folder_name;
    struct dest_identity identity;
    struct stage_identity now;
    if (stage->options.known == NULL) {
        return VSR_OK;
    }
    mount->device_before = folder_device_before(stage, mount);
    OWN(fd) fd = root_openat(mount->top.fd, name, O_RDONLY | O_DIRECTORY, 0);
    if (fd == -ENOENT) {
        return folder_top_is_known(stage, mount) ? VSR_OK
                                                 : folder_is_elsewhere(stage, mount->root, error);
    }
    const int fault = fd < 0 ? -fd : -root_identify(fd, &identity);
    if (fault != 0) {
        errno = fault;
        return err_sys(error, err_dest_code(fault), "dest/stage",
                       "cannot open the staging folder %s", name);
    }
    folder_identify(fd, &identity, &now);
    const struct stage_identity *known =
        folder_known(stage->options.known, &now, &mount->continuous);
    mount->adopted = known != NULL;
    mount->device_before = known != NULL ? known->device : mount->device_before;
    if (!mount->adopted && unlinkat(mount->top.fd, name, AT_REMOVEDIR) != 0) {
        return err_set(error, VSR_ERR_RUN_FOREIGN, "dest/stage",
                       "the staging folder %s is not the one that this run made", name);
    }
    return VSR_OK;
}

static int folder_met(void *context, int dir_fd, const char *name)
{
    (void)context;
    (void)dir_fd;
    (void)name;
    return EEXIST;
}

/* Whoever may write into the top can have put another folder there since ours was made; this one
 * will be emptied, so that only an empty one of our own is taken. 0 or an errno. */
static int folder_is_new(int fd, const struct dest_identity *identity)
{
    if (identity->uid != geteuid() && identity->uid != 0) {
        return EPERM;
    }
    return folder_list(fd, folder_met, NULL);
}

/* The folder that was made or adopted: opened, known to be that, closed to everybody else. */
static vsr_code folder_take(struct stage *stage, struct stage_mount *mount, vsr_error *error)
{
    const char *name = stage->folder_name;
    struct dest_identity top, identity;
    OWN(fd) fd = root_openat(mount->top.fd, name, O_RDONLY | O_DIRECTORY, 0);
    int fault = fd < 0 ? -fd : -root_identify(fd, &identity);
    fault = fault != 0 ? fault : -root_identify(mount->top.fd, &top);
    if (fault != 0) {
        errno = fault;
        return err_sys(error, err_dest_code(fault), "dest/stage",
                       "cannot open the staging folder %s", name);
    }
    fault = mount->adopted ? 0 : folder_is_new(fd, &identity);
    if (fault != 0 && fault != EEXIST && fault != EPERM) {
        errno = fault;
        return err_sys(error, err_dest_code(fault), "dest/stage",
                       "cannot list the staging folder %s", name);
    }
    if (fault != 0) {
        return err_set(error, VSR_ERR_DEST_PERMISSION, "dest/stage",
                       "the staging folder %s was exchanged while it was made", name);
    }
    folder_identify(fd, &identity, &mount->identity);
    bool continuous; /* asked again, of the one that is open now */
    if (mount->adopted &&
        folder_known(stage->options.known, &mount->identity, &continuous) == NULL) {
        return err_set(error, VSR_ERR_RUN_FOREIGN, "dest/stage",
                       "the staging folder %s was exchanged while it was opened", name);
    }
    /* the run folder's lock does not hold for a copy of it; not all file systems have locks */
    if (io_lock(fd) == EWOULDBLOCK) {
        return err_set(error, VSR_ERR_RUN_BUSY, "dest/stage",
                       "the staging folder %s is in use: a resume from a copy of the run folder is "
                       "still at work",
                       name);
    }
    fault = mount->adopted ? stage_token_check(fd, stage->options.known) : 0;
    if (fault != 0) {
        errno = fault;
        return fault == ESTALE
                   ? err_set(
                         error, VSR_ERR_RUN_FOREIGN, "dest/stage",
                         "this run folder is an old copy: the run was gone on with from another "
                         "one since, which the staging folder %s belongs to",
                         name)
                   : err_sys(error, err_dest_code(fault), "dest/stage",
                             "cannot list the staging folder %s", name);
    }
    folder_inherit_nothing(fd, &identity);
    (void)root_identify(fd, &identity);
    if (identity.uid != geteuid() && identity.uid != 0) {
        return err_set(error, VSR_ERR_DEST_PERMISSION, "dest/stage",
                       "the staging folder %s belongs to user %u, not to us", name, identity.uid);
    }
    mount->others_may_write = (top.mode & 0022u) != 0 || (identity.mode & 0077u) != 0;
    mount->device = identity.device;
    mount->inode = identity.inode;
    mount->fd = take_fd(&fd);
    return VSR_OK;
}

vsr_code stage_folder_make(struct stage *stage, struct stage_mount *mount, vsr_error *error)
{
    const char *name = stage->folder_name;
    vsr_code code = folder_take_over(stage, mount, error);
    if (code != VSR_OK) {
        return code;
    }
    if (!mount->adopted && mkdirat(mount->top.fd, name, 0700) != 0) {
        return err_sys(error, err_dest_code(errno), "dest/stage",
                       "cannot make the staging folder %s", name);
    }
    code = folder_take(stage, mount, error);
    if (code != VSR_OK && !mount->adopted) {
        (void)unlinkat(mount->top.fd, name, AT_REMOVEDIR); /* nothing is in it yet */
    }
    return code;
}

/* --- emptying: flat, so that depth costs neither stack nor descriptors --- */

struct emptying {
    int top_fd;
    uint64_t moved; /* full folders, to names of their own at the top */
};

/* Remove an entry of dir_fd, or move one that is a full folder up to the top. */
static int folder_remove_entry(void *context, int dir_fd, const char *name)
{
    struct emptying *e = context;
    if (unlinkat(dir_fd, name, 0) == 0) {
        return 0;
    }
    if (errno != EISDIR && errno != EPERM) {
        return errno == ENOENT ? 0 : errno;
    }
    if (unlinkat(dir_fd, name, AT_REMOVEDIR) == 0) {
        return 0;
    }
    if (errno != ENOTEMPTY && errno != EEXIST) {
        return errno;
    }
    if (dir_fd == e->top_fd) {
        return 0; /* its turn comes */
    }
    char flat[32];
    do {
        (void)snprintf(flat, sizeof flat, "gone%llx", (unsigned long long)++e->moved);
    } while (faccessat(e->top_fd, flat, F_OK, AT_SYMLINK_NOFOLLOW) == 0);
    return renameat(dir_fd, name, e->top_fd, flat) == 0 ? 0 : errno;
}

/* Any name ends the list: what is left at the top are folders that are still full. */
static int folder_take_name(void *context, int dir_fd, const char *name)
{
    (void)dir_fd;
    (void)snprintf(context, WIN_NAME_BYTES_MAX + 1, "%s", name);
    return ECANCELED;
}

int stage_folder_empty(int fd)
{
    struct emptying e = {.top_fd = fd};
    char name[WIN_NAME_BYTES_MAX + 1];
    int fault = folder_list(fd, folder_remove_entry, &e);
    while (fault == 0 && folder_list(fd, folder_take_name, name) == ECANCELED) {
        OWN(fd) inner = root_openat(fd, name, O_RDONLY | O_DIRECTORY, 0);
        if (inner < 0) {
            return -inner;
        }
        (void)fchmod(inner, 0700); /* it may have taken the media's permissions already */
        fault = folder_list(inner, folder_remove_entry, &e);
        if (fault == 0 && unlinkat(fd, name, AT_REMOVEDIR) != 0 && errno != ENOTEMPTY) {
            fault = errno;
        }
    }
    return fault;
}
