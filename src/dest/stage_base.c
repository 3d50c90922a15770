/* stage_base.c - the files that ranges are written into: found when the run begins, known again
 * later.
 *
 * A base is only read here. Workers copy what the ranges leave of it (engine/), publishing puts
 * the result in its place, or writes the ranges into it (publish_patch.c); all of them ask here
 * whether it is still the file that it was. */
#include "base/heap.h"
#include "base/limits.h"
#include "base/own.h"
#include "dest/publish_step.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

static struct publish_identity base_identity(const struct stat *facts)
{
    return (struct publish_identity){
        .present = true,
        .device = facts->st_dev,
        .inode = facts->st_ino,
        .size = (uint64_t)facts->st_size,
        .modify_s = facts->st_mtim.tv_sec,
        .modify_ns = (uint32_t)facts->st_mtim.tv_nsec,
    };
}

struct publish_identity publish_identify(int fd, const char *name)
{
    struct stat facts;
    if (fstatat(fd, name, &facts, AT_SYMLINK_NOFOLLOW) != 0) {
        return (struct publish_identity){.present = false};
    }
    return base_identity(&facts);
}

bool publish_identity_equal(const struct publish_identity *a, const struct publish_identity *b)
{
    return a->present == b->present &&
           (!a->present || (a->device == b->device && a->inode == b->inode && a->size == b->size &&
                            a->modify_s == b->modify_s && a->modify_ns == b->modify_ns));
}

uint32_t stage_base_find(const struct stage_base *bases, uint32_t count, uint32_t file)
{
    uint32_t first = 0, end = count;
    while (first < end) {
        const uint32_t middle = first + (end - first) / 2;
        if (bases[middle].file < file) {
            first = middle + 1;
        } else {
            end = middle;
        }
    }
    return first < count && bases[first].file == file ? first : MARK_NONE;
}

/* --- when the run begins --- */

/* A directory of bases that is kept open: records come folder by folder. */
struct base_folder {
    uint32_t directory;
    own_fd fd;
};

/* Why nothing may be written into what stands there. Another name of it would keep the old
 * content when the clone is exchanged. */
static int base_fault(const struct stage *stage, const struct stage_base *base,
                      const struct stat *facts)
{
    if (stage->plan->files[base->file].present == 0) {
        return EEXIST; /* it came after the plan was made */
    }
    if (!S_ISREG(facts->st_mode)) {
        return ESTALE; /* it was one */
    }
    return facts->st_nlink > 1 && !stage_is_in_place(stage, base) ? EMLINK : 0;
}

static int base_examine(const struct stage *stage, struct base_folder *folder,
                        struct stage_base *base)
{
    const struct plan_file *f = &stage->plan->files[base->file];
    char name[WIN_NAME_BYTES_MAX + 1];
    struct stat facts;
    if (stage->directory_tree[f->directory] == MARK_NONE &&
        stage->plan->directories[f->directory].make == 0) {
        if (folder->directory != f->directory || folder->fd < 0) {
            own_fd_drop(&folder->fd);
            folder->fd = stage_open_place(stage, f->directory, O_PATH | O_DIRECTORY);
            folder->directory = f->directory;
        }
        if (folder->fd < 0 || !stage_final_name(stage, base->file, name)) {
            return folder->fd < 0 ? -folder->fd : EINVAL;
        }
        if (fstatat(folder->fd, name, &facts, AT_SYMLINK_NOFOLLOW) == 0) {
            base->identity = base_identity(&facts);
            base->allocated_bytes = (uint64_t)facts.st_blocks * 512; /* st_blocks' unit */
            base->mode = facts.st_mode & 07777u;
            base->uid = facts.st_uid;
            base->gid = facts.st_gid;
            return base_fault(stage, base, &facts);
        }
        if (errno != ENOENT) {
            return errno;
        }
    }
    return f->present != 0 ? ENOENT : 0; /* a directed target is created if none was planned on */
}

/* What the journal says of it; MARK_NONE: nothing. */
static uint32_t base_known(const struct stage *stage, uint32_t file)
{
    const struct stage_known *known = stage->options.known;
    return known == NULL ? MARK_NONE : stage_base_find(known->bases, known->base_count, file);
}

/* Looked at anew, since nothing is staged any more that was made of it. But the run, whatever ended
 * it, is about the file that it found first: what somebody has made of that since is as if he had
 * done it while the run lived (T03). The number of a file is not asked for: a file system that was
 * mounted anew may call it otherwise. */
static bool base_was_changed(const struct stage *stage, uint32_t known,
                             const struct stage_base *base)
{
    const struct stage_base *before = &stage->options.known->bases[known];
    const uint8_t *begun = stage->options.known->bases_begun;
    struct publish_identity now = base->identity;
    now.device = before->identity.device;
    now.inode = before->identity.inode;
    return (begun == NULL || begun[known] == 0) && before->os_errno == 0 &&
           before->identity.present && !publish_identity_equal(&before->identity, &now);
}

static void base_find_out(const struct stage *stage, struct base_folder *folder,
                          struct stage_base *base)
{
    const struct stage_mount *mount = &stage->mounts[stage_file_mount(stage, base->file)];
    const uint32_t known = base_known(stage, base->file);
    if (known == MARK_NONE || !mount->adopted) {
        base->os_errno = base_examine(stage, folder, base);
        if (base->os_errno == 0 && known != MARK_NONE && base_was_changed(stage, known, base)) {
            base->os_errno = ESTALE;
        }
        return;
    }
    *base = stage->options.known->bases[known]; /* what is staged was made of it */
    base->last_record = base->file;
    if (base->identity.device == mount->device_before) {
        base->identity.device = mount->device;
    }
}

void stage_find_bases(struct stage_layout *layout)
{
    struct stage *stage = &layout->stage;
    const struct plan *plan = stage->plan;
    struct base_folder folder = {.fd = -1};
    size_t capacity = 0;
    for (uint32_t i = 0; i < plan->file_count; i++) {
        if (!stage_is_ranged(&plan->files[i]) || !stage_is_staged(stage, i)) {
            continue;
        }
        const uint32_t target = stage_target(plan, i);
        if (target != i) {
            const uint32_t first = stage_base_find(stage->bases, stage->base_count, target);
            if (first != MARK_NONE) {
                stage->bases[first].last_record = i;
            }
            continue;
        }
        stage->bases = heap_grow(stage->bases, stage->base_count, &capacity, sizeof *stage->bases);
        struct stage_base *base = &stage->bases[stage->base_count++];
        *base = (struct stage_base){.file = i, .last_record = i};
        base_find_out(stage, &folder, base);
    }
    own_fd_drop(&folder.fd);
}

/* --- later --- */

const struct stage_base *stage_base_of(const struct stage *stage, uint32_t file)
{
    const uint32_t at = stage_base_find(stage->bases, stage->base_count, file);
    return at == MARK_NONE ? NULL : &stage->bases[at];
}

bool stage_is_in_place(const struct stage *stage, const struct stage_base *base)
{
    return stage->options.in_place && base->identity.present &&
           stage->plan->files[base->file].action != ACTION_STAGE;
}

int stage_open_base(const struct stage *stage, const struct stage_base *base, int flags)
{
    char name[WIN_NAME_BYTES_MAX + 1];
    struct stat facts;
    if (base->os_errno != 0 || !base->identity.present ||
        !stage_final_name(stage, base->file, name)) {
        return base->os_errno != 0 ? -base->os_errno : -ENOENT;
    }
    OWN(fd) parent = publish_open_parent(stage, stage->plan->files[base->file].directory);
    if (parent < 0) {
        return parent;
    }
    OWN(fd) fd = openat(parent, name, flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        return -errno;
    }
    if (fstat(fd, &facts) != 0) {
        return -errno;
    }
    const struct publish_identity now = base_identity(&facts);
    return publish_identity_equal(&now, &base->identity) ? take_fd(&fd) : -ESTALE;
}

static int base_compare_ranges(const void *left, const void *right)
{
    const struct plan_range *a = left, *b = right;
    return (a->dest > b->dest) - (a->dest < b->dest);
}

static uint32_t base_join_ranges(struct plan_range *ranges, uint32_t count)
{
    uint32_t joined = 0;
    qsort(ranges, count, sizeof *ranges, base_compare_ranges);
    for (uint32_t i = 0; i < count; i++) {
        struct plan_range *last = joined > 0 ? &ranges[joined - 1] : NULL;
        if (last == NULL || ranges[i].dest > last->dest + last->length) {
            ranges[joined++] = ranges[i];
        } else if (ranges[i].dest + ranges[i].length > last->dest + last->length) {
            last->length = ranges[i].dest + ranges[i].length - last->dest;
        }
    }
    return joined;
}

uint32_t stage_base_ranges(const struct stage *stage, const struct stage_base *base,
                           struct plan_range **out)
{
    const struct plan *plan = stage->plan;
    struct plan_range *ranges = NULL;
    uint32_t count = 0;
    size_t capacity = 0;
    for (uint32_t i = base->file; i <= base->last_record; i++) {
        const struct plan_file *f = &plan->files[i];
        if (!stage_is_ranged(f) || stage_target(plan, i) != base->file) {
            continue;
        }
        for (uint32_t k = 0; k < f->range_count; k++) {
            if (plan->ranges[f->first_range + k].length > 0) {
                ranges = heap_grow(ranges, count, &capacity, sizeof *ranges);
                ranges[count++] = plan->ranges[f->first_range + k];
            }
        }
    }
    *out = ranges;
    return count > 0 ? base_join_ranges(ranges, count) : 0;
}
