/* meta.c - what the media know of a file beside its bytes, put onto the staged one.
 *
 * Called by workers for files and by the control thread for directories, after the last byte is
 * written: times come last, because everything before them would change them. What a file
 * system refuses to hold is counted, not an error; birth and change time are never set
 * (ruling 19). Fast because a new file with the media's own mode and ids costs one futimens(). */
#include "dest/meta.h"

#include "media/foreign.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

/* Of the DOS attributes, what is no loss: normal, archive, and what the entry's own kind shows:
 * directory, sparse, reparse point (ruling 19). */
#define META_DOS_SHOWN UINT32_C(0x000006b0)

/* Not by the user: root in a service or a container may have been left without CAP_DAC_OVERRIDE,
 * and another user been given it. */
static bool thread_obeys_modes(void)
{
    struct __user_cap_header_struct thread = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct capabilities[_LINUX_CAPABILITY_U32S_3] = {0};
    return syscall(SYS_capget, &thread, capabilities) != 0 ||
           (capabilities[CAP_TO_INDEX(CAP_DAC_OVERRIDE)].effective &
            CAP_TO_MASK(CAP_DAC_OVERRIDE)) == 0;
}

struct meta_policy meta_policy_now(enum owner_policy owner)
{
    return (struct meta_policy){
        .owner = owner,
        .uid = geteuid(),
        .gid = getegid(),
        .umask = 0777, /* unknown: nothing reads it without setting it */
        .obeys_modes = thread_obeys_modes(),
    };
}

uint8_t meta_loss_bits(const struct meta_loss *loss)
{
    return (uint8_t)((loss->security_descriptors != 0) << 0 | (loss->streams != 0) << 1 |
                     (loss->attributes != 0) << 2 | (loss->reparse != 0) << 3 |
                     (loss->dos_attributes != 0) << 4 | (loss->owners != 0) << 5 |
                     (loss->links != 0) << 6 | (loss->times != 0) << 7);
}

void meta_loss_add(struct meta_loss *sum, const struct meta_loss *more)
{
    sum->security_descriptors += more->security_descriptors;
    sum->streams += more->streams;
    sum->attributes += more->attributes;
    sum->reparse += more->reparse;
    sum->dos_attributes += more->dos_attributes;
    sum->owners += more->owners;
    sum->links += more->links;
    sum->times += more->times;
}

/* Where to set an attribute: an open descriptor, or a symbolic link behind /proc/self/fd. */
struct meta_target {
    int fd;
    const char *link; /* NULL: fd */
};

static int meta_set_attribute(struct meta_target target, const char *name, struct view value)
{
    if (target.link != NULL) {
        return lsetxattr(target.link, name, value.p, value.n, 0) == 0 ? 0 : errno;
    }
    return fsetxattr(target.fd, name, value.p, value.n, 0) == 0 ? 0 : errno;
}

/* The counter that a refused attribute raises; by what its name stands for. */
static uint32_t *meta_counter(struct view name, struct meta_loss *loss)
{
    static const struct {
        struct view prefix;
        size_t counter;
    } rules[] = {
        {{"system.ntfs_acl", 15}, offsetof(struct meta_loss, security_descriptors)},
        {{"security.NTACL", 14}, offsetof(struct meta_loss, security_descriptors)},
        {{"user.DosStream.", 15}, offsetof(struct meta_loss, streams)},
        {{"user.ntfs.streams.", 18}, offsetof(struct meta_loss, streams)},
        {{"system.ntfs_reparse_data", 24}, offsetof(struct meta_loss, reparse)},
        {{"system.ntfs_attrib", 18}, offsetof(struct meta_loss, dos_attributes)},
        {{"user.DOSATTRIB", 14}, offsetof(struct meta_loss, dos_attributes)},
    };
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        if (view_starts(name, rules[i].prefix)) {
            return (uint32_t *)((char *)loss + rules[i].counter);
        }
    }
    return &loss->attributes;
}

static void meta_one_attribute(struct meta_target target, struct view name, struct view value,
                               struct meta_loss *loss)
{
    char text[256]; /* XATTR_NAME_MAX and a NUL */
    int fault = ERANGE;
    /* rights that the file would have here, like set-id bits (ruling 19) */
    const bool may = !view_equal(name, VIEW("security.capability"));
    if (may && name.n < sizeof text && memchr(name.p, '\0', name.n) == NULL) {
        memcpy(text, name.p, name.n);
        text[name.n] = '\0';
        fault = meta_set_attribute(target, text, value);
    }
    if (fault != 0) {
        ++*meta_counter(name, loss);
    }
}

static void meta_attributes(const struct media_index *index, uint32_t entry,
                            struct meta_target target, struct meta_loss *loss)
{
    const struct index_entry *e = &index->entries[entry];
    if (e->attribute_bytes != 0) {
        struct index_attribute attribute;
        uint32_t cursor = 0;
        while (index_attribute_next(index, entry, &cursor, &attribute)) {
            meta_one_attribute(target, attribute.name, attribute.value, loss);
        }
    }
    if (e->descriptor != UINT32_MAX) {
        const struct index_descriptor *d = &index->descriptors[e->descriptor];
        const char *value = index->blobs + d->offset;
        meta_one_attribute(target, (struct view){value - d->attribute_bytes, d->attribute_bytes},
                           (struct view){value, d->bytes}, loss);
    }
    if ((e->flags & INDEX_HAS_DOS) != 0 && (e->dos_attributes & ~META_DOS_SHOWN) != 0) {
        const uint32_t dos = e->dos_attributes; /* little-endian, as ntfs-3g takes it */
        meta_one_attribute(target, VIEW("system.ntfs_attrib"),
                           (struct view){(const char *)&dos, sizeof dos}, loss);
    }
}

static bool meta_has_attributes(const struct index_entry *e)
{
    return e->attribute_bytes != 0 || e->descriptor != UINT32_MAX ||
           ((e->flags & INDEX_HAS_DOS) != 0 && (e->dos_attributes & ~META_DOS_SHOWN) != 0);
}

static void meta_times(const struct index_entry *e, struct timespec times[2])
{
    const bool accessed = e->access_s != 0 || e->access_ns != 0;
    times[0] = accessed ? (struct timespec){.tv_sec = e->access_s, .tv_nsec = e->access_ns}
                        : (struct timespec){.tv_nsec = UTIME_OMIT};
    times[1] = (struct timespec){.tv_sec = e->modify_s, .tv_nsec = e->modify_ns};
}

/* Every file system holds these: FAT from its second day, in any time zone, others to 2038. */
static const int64_t META_HELD_FROM_S = 315532800 + 2 * 86400, META_HELD_TO_S = INT32_MAX;

bool meta_time_is_cut(const struct index_entry *e, int fd, const char *name)
{
    struct stat now;
    if ((e->modify_s >= META_HELD_FROM_S && e->modify_s <= META_HELD_TO_S) ||
        e->modify_ns == FOREIGN_NO_TIME) {
        return false;
    }
    if (fstatat(fd, name, &now, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW) != 0) {
        return true;
    }
    const bool is_even = now.st_mtim.tv_sec % 2 == 0 && now.st_mtim.tv_nsec == 0; /* FAT's step */
    return now.st_mtim.tv_sec != e->modify_s && !(is_even && now.st_mtim.tv_sec + 1 == e->modify_s);
}

/* -1 says to leave it as it is: nobody can be given to a file. */
static bool meta_owner_is_lost(const struct media_index *index, const struct index_entry *e)
{
    return !index->owners_untold && (e->uid == (uid_t)-1 || e->gid == (gid_t)-1);
}

int meta_apply(const struct media_index *index, uint32_t entry, int fd,
               const struct meta_policy *policy, bool is_new, struct meta_loss *loss)
{
    const struct index_entry *e = &index->entries[entry];
    struct timespec times[2];
    if (policy->owner == OWNER_MEDIA &&
        (!is_new || e->uid != policy->uid || e->gid != policy->gid) &&
        (fchown(fd, e->uid, e->gid) != 0 || meta_owner_is_lost(index, e))) {
        loss->owners++;
    }
    const mode_t mode = meta_mode(index, entry);
    bool as_meant = is_new && (mode & policy->umask) == 0;
    if (meta_has_attributes(e)) {
        /* before the mode: who may not write may not set user attributes, owner or not */
        if ((mode & 0200u) == 0 && policy->obeys_modes && as_meant) {
            as_meant = fchmod(fd, mode | 0200u) != 0;
        }
        meta_attributes(index, entry, (struct meta_target){fd, NULL}, loss);
    }
    if (!as_meant && fchmod(fd, mode) != 0 && errno != EOPNOTSUPP) {
        return errno;
    }
    meta_times(e, times);
    if (futimens(fd, times) != 0) {
        return errno;
    }
    loss->times += meta_time_is_cut(e, fd, "") ? 1 : 0;
    return 0;
}

int meta_apply_link(const struct media_index *index, uint32_t entry, int dir_fd, const char *name,
                    const struct meta_policy *policy, struct meta_loss *loss)
{
    const struct index_entry *e = &index->entries[entry];
    struct timespec times[2];
    if (policy->owner == OWNER_MEDIA && (e->uid != policy->uid || e->gid != policy->gid) &&
        (fchownat(dir_fd, name, e->uid, e->gid, AT_SYMLINK_NOFOLLOW) != 0 ||
         meta_owner_is_lost(index, e))) {
        loss->owners++;
    }
    if (meta_has_attributes(e)) {
        char path[sizeof "/proc/self/fd/2147483647/" + WIN_NAME_BYTES_MAX];
        (void)snprintf(path, sizeof path, "/proc/self/fd/%d/%s", dir_fd, name);
        meta_attributes(index, entry, (struct meta_target){-1, path}, loss);
    }
    meta_times(e, times);
    if (utimensat(dir_fd, name, times, AT_SYMLINK_NOFOLLOW) != 0) {
        return errno;
    }
    loss->times += meta_time_is_cut(e, dir_fd, name) ? 1 : 0;
    return 0;
}
