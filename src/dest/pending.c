/* pending.c - one pending record checked and carried out: the late half of publishing.
 *
 * Every path goes down from the folder's top through the confined door; a rename is the only
 * thing that makes a file seen. Whatever regular file stands at the place by then is replaced, as
 * at a Windows boot; a folder, a device or a link in its place is left alone and is a fault. It
 * knows no journal and no units: the order is run/pending_apply.c's. */
#include "dest/pending.h"

#include "base/limits.h"
#include "base/own.h"
#include "dest/folder_list.h"
#include "dest/pending_hash.h"
#include "media/part.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int pending_folder_open_at(struct pending_folder *out, int top_fd, const char *name)
{
    struct stat facts;
    *out = (struct pending_folder){.top_fd = -1, .fd = -1};
    if (strlen(name) >= sizeof out->name || !pending_name_is(name)) {
        return EPERM;
    }
    (void)snprintf(out->name, sizeof out->name, "%s", name);
    OWN(fd) top = openat(top_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (top < 0) {
        return errno;
    }
    OWN(fd) fd = root_openat(top, name, O_RDONLY | O_DIRECTORY, 0);
    if (fd < 0) {
        return -fd;
    }
    if (fstat(fd, &facts) != 0) {
        return errno;
    }
    if ((facts.st_uid != geteuid() && facts.st_uid != 0) || (facts.st_mode & 0077) != 0) {
        return EPERM; /* somebody else might have put it there */
    }
    out->top_fd = take_fd(&top);
    out->fd = take_fd(&fd);
    return 0;
}

int pending_folder_open(struct pending_folder *out, const char *path)
{
    const char *slash = strrchr(path, '/');
    char top[4096];
    *out = (struct pending_folder){.top_fd = -1, .fd = -1};
    if (slash != NULL && (size_t)(slash - path) + 1 >= sizeof top) {
        return EPERM;
    }
    (void)snprintf(top, sizeof top, "%.*s", slash == NULL ? 1 : (int)(slash - path) + 1,
                   slash == NULL ? "." : path);
    OWN(fd) top_fd = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return top_fd < 0 ? errno
                      : pending_folder_open_at(out, top_fd, slash == NULL ? path : slash + 1);
}

void pending_folder_close(struct pending_folder *folder)
{
    own_fd_drop(&folder->top_fd);
    own_fd_drop(&folder->fd);
}

/* --- finding them --- */

struct looking {
    pending_met *met;
    void *context;
};

static int look_at(void *context, int dir_fd, const char *name)
{
    const struct looking *looking = context;
    if (pending_name_is(name)) {
        looking->met(looking->context, dir_fd, name);
    }
    return 0;
}

void pending_look_above(int dir_fd, pending_met *met, void *context)
{
    struct looking looking = {met, context};
    struct dest_identity here, above;
    OWN(fd) fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int fault = fd < 0 ? errno : -root_identify(fd, &here);
    while (fault == 0) {
        (void)folder_list(fd, look_at, &looking);
        OWN(fd) next = openat(fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        fault = next < 0 ? errno : -root_identify(next, &above);
        if (fault != 0 || above.mount_id != here.mount_id ||
            (above.device == here.device && above.inode == here.inode)) {
            return; /* the top of the mount, or of what we may see */
        }
        here = above;
        own_fd_drop(&fd);
        fd = take_fd(&next);
    }
}

bool pending_locate(const struct pending_folder *folder, const struct pending_record *record,
                    struct pending_place *out)
{
    char parent[STAGE_PATH_BYTES_MAX];
    struct dest_identity identity;
    size_t at = record->dst.n; /* where the rest begins */
    while (at > 0 && record->dst.n < sizeof parent) {
        while (at > 0 && record->dst.p[at - 1] != '/') {
            at--;
        }
        const size_t parent_bytes = at > 0 ? at - 1 : 0;
        memcpy(parent, record->dst.p, parent_bytes);
        parent[parent_bytes] = '\0';
        OWN(fd) fd = root_openat(folder->top_fd, parent, O_PATH | O_DIRECTORY, 0);
        if (fd >= 0 && root_identify(fd, &identity) == 0) {
            *out =
                (struct pending_place){identity.device, identity.inode, view_skip(record->dst, at)};
            return true;
        }
        if (fd != -ENOENT) {
            return false;
        }
        at = parent_bytes; /* one up */
    }
    return false;
}

/* --- both ends of a record --- */

/* The parent of the place, and the name in it (in the record's own text). */
static int place_open(const struct pending_folder *folder, const struct pending_record *record,
                      const char **name)
{
    char parent[STAGE_PATH_BYTES_MAX];
    const char *slash = strrchr(record->dst.p, '/');
    *name = slash == NULL ? record->dst.p : slash + 1;
    if (record->dst.n >= sizeof parent || !root_name_is_plain(view_of(*name)) ||
        strlen(*name) > WIN_NAME_BYTES_MAX) {
        return -EINVAL;
    }
    const size_t parent_bytes = slash == NULL ? 0 : (size_t)(slash - record->dst.p);
    memcpy(parent, record->dst.p, parent_bytes);
    parent[parent_bytes] = '\0';
    return root_openat(folder->top_fd, parent, O_RDONLY | O_DIRECTORY, 0);
}

static bool stands_at(int dir_fd, const char *name, struct stat *facts)
{
    return fstatat(dir_fd, name, facts, AT_SYMLINK_NOFOLLOW) == 0;
}

static int link_compare(int dir_fd, const char *name, const struct pending_record *record)
{
    char text[4097];
    uint8_t hash[16];
    const ssize_t n = readlinkat(dir_fd, name, text, sizeof text);
    if (n < 0) {
        return errno == EINVAL ? EBADMSG : errno;
    }
    part_hash_bytes(text, (size_t)n, hash);
    return memcmp(hash, record->xxh3_128, sizeof hash) == 0 ? 0 : EBADMSG;
}

/* Is what stands there what was staged? 0, EBADMSG, or an errno of reading it. */
static int content_compare(const struct pending_folder *folder, int dir_fd, const char *name,
                           const struct pending_record *record)
{
    struct stat facts;
    uint8_t hash[16];
    if (record->kind == PENDING_LINK) {
        return link_compare(dir_fd, name, record);
    }
    OWN(fd) fd = root_openat(dir_fd, name, O_RDONLY | O_NONBLOCK, 0);
    if (fd < 0) {
        return fd == -ELOOP ? EBADMSG : -fd;
    }
    if (fstat(fd, &facts) != 0) {
        return errno;
    }
    if (!S_ISREG(facts.st_mode) || (uint64_t)facts.st_size != record->size) {
        return EBADMSG;
    }
    const int fault = record->kind == PENDING_SPARSE
                          ? pending_hash_sparse(fd, record->size, folder->cancel, hash)
                          : pending_hash_whole(fd, record->size, folder->cancel, hash);
    if (fault != 0) {
        return fault;
    }
    return memcmp(hash, record->xxh3_128, sizeof hash) == 0 ? 0 : EBADMSG;
}

/* May the file at the place be renamed over? */
static int place_check(int place_fd, const char *name, const struct pending_record *record)
{
    struct stat facts;
    if (!stands_at(place_fd, name, &facts) || S_ISREG(facts.st_mode) ||
        (record->kind == PENDING_LINK && S_ISLNK(facts.st_mode))) {
        return 0;
    }
    return S_ISDIR(facts.st_mode) ? EISDIR : EINVAL;
}

/* --- may it be carried out? --- */

static int move_check(const struct pending_folder *folder, const struct pending_record *record,
                      int place_fd, const char *name, bool *done)
{
    struct stat facts;
    if (stands_at(folder->fd, record->src.p, &facts)) {
        const int fault = content_compare(folder, folder->fd, record->src.p, record);
        return fault != 0 || place_fd < 0 ? fault : place_check(place_fd, name, record);
    }
    const int fault = place_fd < 0 ? ENOENT : content_compare(folder, place_fd, name, record);
    *done = fault == 0;
    return *done ? 0 : fault == ECANCELED ? ECANCELED : ENOENT;
}

static int directory_check(const struct pending_folder *folder, const struct pending_record *record,
                           int place_fd, const char *name, bool *done)
{
    struct stat facts;
    if (place_fd >= 0 && stands_at(place_fd, name, &facts)) {
        *done = S_ISDIR(facts.st_mode);
        return *done ? 0 : ENOTDIR;
    }
    return stands_at(folder->fd, record->src.p, &facts) ? 0 : ENOENT;
}

static int removal_check(const struct pending_record *record, int place_fd, const char *name,
                         bool *done)
{
    struct stat facts;
    const bool folder = record->op == PENDING_RMDIR;
    *done = place_fd < 0 || !stands_at(place_fd, name, &facts);
    if (*done || S_ISDIR(facts.st_mode) == folder) {
        return 0;
    }
    return folder ? ENOTDIR : EISDIR;
}

int pending_check(const struct pending_folder *folder, const struct pending_record *record,
                  struct pending_finding *finding)
{
    const char *name = NULL;
    bool *done = &finding->done;
    OWN(fd) place_fd = place_open(folder, record, &name);
    *finding = (struct pending_finding){.parent_missing = place_fd == -ENOENT};
    if (place_fd < 0 && place_fd != -ENOENT) { /* an earlier record may make the folder */
        return -place_fd;
    }
    switch ((enum pending_op)record->op) {
    case PENDING_MOVE:
        return move_check(folder, record, place_fd, name, done);
    case PENDING_MKDIR:
        return directory_check(folder, record, place_fd, name, done);
    case PENDING_DELETE:
    case PENDING_RMDIR:
        return removal_check(record, place_fd, name, done);
    }
    return EINVAL;
}

/* --- carrying out --- */

/* A folder that is only passed through keeps its times (ruling 20). */
static void times_put_back(int fd, const struct stat *before)
{
    const struct timespec times[2] = {before->st_atim, before->st_mtim};
    (void)futimens(fd, times);
}

static int record_carry_out(const struct pending_folder *folder,
                            const struct pending_record *record, int place_fd, const char *name)
{
    int fault = 0;
    switch ((enum pending_op)record->op) {
    case PENDING_MOVE:
        fault = place_check(place_fd, name, record);
        if (fault == 0 && renameat(folder->fd, record->src.p, place_fd, name) != 0) {
            fault = errno;
        }
        return fault;
    case PENDING_MKDIR: /* somebody's empty folder would be replaced by a plain rename */
        if (renameat2(folder->fd, record->src.p, place_fd, name, RENAME_NOREPLACE) == 0) {
            return 0;
        }
        if (errno == EINVAL) { /* no such flag there */
            return renameat(folder->fd, record->src.p, place_fd, name) == 0 ? 0 : errno;
        }
        return errno == EEXIST ? 0 : errno;
    case PENDING_DELETE:
        return unlinkat(place_fd, name, 0) == 0 || errno == ENOENT ? 0 : errno;
    case PENDING_RMDIR:
        return unlinkat(place_fd, name, AT_REMOVEDIR) == 0 || errno == ENOENT ? 0 : errno;
    }
    return EINVAL;
}

int pending_carry_out(const struct pending_folder *folder, const struct pending_record *record)
{
    const char *name = NULL;
    struct stat before;
    OWN(fd) place_fd = place_open(folder, record, &name);
    if (place_fd < 0) {
        return -place_fd;
    }
    if (fstat(place_fd, &before) != 0) {
        return errno;
    }
    const int fault = record_carry_out(folder, record, place_fd, name);
    times_put_back(place_fd, &before);
    return fault;
}

void pending_settle(const struct pending_folder *folder, const struct pending_record *record)
{
    const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT},
                                      {.tv_sec = record->modify_s,
                                       .tv_nsec = (long)record->modify_ns}};
    struct stat waiting;
    if (record->op != PENDING_MKDIR || stands_at(folder->fd, record->src.p, &waiting)) {
        return; /* a folder of somebody else stands at the place: it keeps what it has */
    }
    OWN(fd) fd = root_openat(folder->top_fd, record->dst.p, O_RDONLY | O_DIRECTORY, 0);
    if (fd >= 0) {
        (void)fchmod(fd, record->mode & 0777u);
        (void)futimens(fd, times);
    }
}

/* --- the end of a folder --- */

/* Everything but the name that is to go last. */
static int folder_clear_entry(void *last, int dir_fd, const char *name)
{
    if (strcmp(name, last) == 0 || unlinkat(dir_fd, name, 0) == 0 ||
        unlinkat(dir_fd, name, AT_REMOVEDIR) == 0) {
        return 0;
    }
    return errno;
}

int pending_folder_remove(struct pending_folder *folder, const char *last)
{
    struct stat before;
    const bool known = fstat(folder->top_fd, &before) == 0;
    const int fault = folder_list(folder->fd, folder_clear_entry, (void *)(uintptr_t)last);
    if (fault != 0) {
        return fault;
    }
    if (unlinkat(folder->fd, last, 0) != 0 && errno != ENOENT) {
        return errno;
    }
    if (unlinkat(folder->top_fd, folder->name, AT_REMOVEDIR) != 0) {
        return errno;
    }
    if (known) {
        times_put_back(folder->top_fd, &before);
    }
    return 0;
}
