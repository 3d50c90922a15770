/* stage_ranges.c - ranges into files that exist: the staged file grows from pieces of the media
 * and from the gaps between them, which come from the base.
 *
 * All by plain calls at offsets, in any order, by any worker (range_table.h). The base is opened
 * to read, and only as long as it is the file of the run's beginning; publishing looks again. */
#include "engine/worker.h"

#include "base/io.h"
#include "base/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

int ranges_write(struct worker *worker, const struct claim_piece *piece, const char *payload)
{
    const struct range_table *ranges = &worker->claims->ranges;
    const struct index_chunk *chunk = claim_chunk(worker->claims, piece);
    const struct range_piece *own = &ranges->pieces[piece->chunk];
    const struct large_file *large =
        large_file_open(worker, stage_target(worker->input->plan, piece->file));
    if (large == NULL) {
        return errno;
    }
    for (uint32_t i = own->first_span; i < own[1].first_span; i++) {
        const struct range_span *span = &ranges->spans[i];
        const int fault =
            large_file_write(worker, large, payload + chunk->offset_in_frame + span->skip,
                             span->length, span->dest);
        if (fault != 0) {
            return fault;
        }
    }
    return 0;
}

/* --- gaps --- */

static bool copy_is_stopped(const struct worker *worker)
{
    return atomic_load_explicit(worker->stop, memory_order_acquire);
}

/* Where the kernel cannot copy between two files. */
static int copy_by_buffer(const struct worker *worker, const struct large_file *large,
                          uint64_t from, uint64_t to, char *buffer)
{
    while (from < to) {
        const uint64_t left = to - from;
        const uint32_t bytes_max = worker->input->budget->plain_bytes_max;
        const size_t want = left < bytes_max ? (size_t)left : bytes_max;
        const ssize_t got = pread(large->base_fd, buffer, want, (off_t)from);
        if (got <= 0) {
            return got < 0 ? errno : ESTALE; /* the base has become shorter */
        }
        const int fault = large_file_write(worker, large, buffer, (uint32_t)got, from);
        if (fault != 0 || copy_is_stopped(worker)) {
            return fault != 0 ? fault : ECANCELED;
        }
        from += (uint64_t)got;
    }
    return 0;
}

static bool copy_is_refused(int os_errno)
{
    return os_errno == EXDEV || os_errno == EINVAL || os_errno == EOPNOTSUPP ||
           os_errno == ENOSYS || os_errno == EPERM;
}

static int copy_by_kernel(const struct worker *worker, const struct large_file *large,
                          uint64_t from, uint64_t to, char *buffer)
{
    uint32_t retries = 0;
    while (from < to) {
        const uint64_t left = to - from;
        off_t in = (off_t)from, out = (off_t)from;
        const ssize_t moved =
            copy_file_range(large->base_fd, &in, large->fd, &out,
                            (size_t)(left < RANGE_COPY_BYTES_MAX ? left : RANGE_COPY_BYTES_MAX), 0);
        if (moved > 0) {
            from += (uint64_t)moved;
            retries = 0;
        } else if (moved == 0 || copy_is_refused(errno)) {
            return copy_by_buffer(worker, large, from, to, buffer); /* procfs, FUSE: 0 */
        } else if ((errno != EINTR && errno != EAGAIN) || ++retries > IO_RETRIES_MAX) {
            return errno;
        }
        if (copy_is_stopped(worker)) {
            return ECANCELED;
        }
    }
    return 0;
}

/* Bytes that are there: whole blocks are shared where the file system can. */
static int copy_data(const struct worker *worker, const struct large_file *large, uint64_t from,
                     uint64_t to, char *buffer)
{
    const uint32_t mount = stage_file_mount(worker->input->stage, large->file);
    const struct dest_abilities *abilities = &worker->input->stage->mounts[mount].abilities;
    const uint64_t block = abilities->block_bytes;
    const uint64_t first = (from + block - 1) / block * block;
    const uint64_t end = to / block * block;
    if (abilities->reflinks && first < end) {
        struct file_clone_range range = {.src_fd = large->base_fd,
                                         .src_offset = first,
                                         .src_length = end - first,
                                         .dest_offset = first};
        if (ioctl(large->fd, FICLONERANGE, &range) == 0) {
            const int fault = copy_by_kernel(worker, large, from, first, buffer);
            return fault != 0 ? fault : copy_by_kernel(worker, large, end, to, buffer);
        }
    }
    return copy_by_kernel(worker, large, from, to, buffer);
}

int ranges_copy(struct worker *worker, const struct claim_piece *piece, char *buffer)
{
    const struct range_part *part = &worker->claims->ranges.copies[piece->chunk & ~CLAIM_COPY];
    const struct stage *stage = worker->input->stage;
    const uint64_t end = part->offset + part->length;
    struct large_file *large = large_file_open(worker, piece->file);
    if (large == NULL) {
        return errno;
    }
    if (large->base_fd < 0) {
        large->base_fd = stage_open_base(stage, stage_base_of(stage, piece->file), O_RDONLY);
        if (large->base_fd < 0) {
            const int fault = -large->base_fd;
            large->base_fd = -1;
            return fault;
        }
    }
    uint64_t data, hole;
    for (uint64_t at = part->offset;
         at < end && io_data_next(large->base_fd, at, end, &data, &hole); at = hole) {
        const int fault = copy_data(worker, large, data, hole, buffer);
        if (fault != 0) {
            return fault;
        }
    }
    return 0;
}

/* --- the end --- */

/* The base's own attributes, its access lists among them. What cannot be carried over is lost. */
static void finish_attributes(struct worker *worker, const struct large_file *large, int base_fd)
{
    char *names = worker->attributes;
    char *value = worker->attributes + WORKER_ATTRIBUTE_BYTES;
    const ssize_t bytes = flistxattr(base_fd, names, WORKER_ATTRIBUTE_BYTES);
    if (bytes < 0 && errno != ENOTSUP) {
        worker->file_loss.attributes++;
    }
    for (ssize_t at = 0; at < bytes; at += (ssize_t)strlen(names + at) + 1) {
        const ssize_t n = fgetxattr(base_fd, names + at, value, WORKER_ATTRIBUTE_BYTES);
        if (n < 0 || fsetxattr(large->fd, names + at, value, (size_t)n, 0) != 0) {
            worker->file_loss.attributes++;
        }
    }
}

/* In place, too, where publishing sets it again: a loss is told by the row, which is made now. */
static int finish_time(struct worker *worker, const struct large_file *large, uint32_t file)
{
    const struct plan_file *f = &worker->input->plan->files[file];
    const struct index_entry *e = &worker->input->set->index.entries[f->entry];
    const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT},
                                      {.tv_sec = e->modify_s, .tv_nsec = e->modify_ns}};
    if (f->kind != KIND_PARTIAL) {
        return 0;
    }
    if (futimens(large->fd, times) != 0) {
        return errno;
    }
    worker->file_loss.times += meta_time_is_cut(e, large->fd, "") ? 1 : 0;
    return 0;
}

static int finish_as_base(struct worker *worker, struct large_file *large,
                          const struct stage_base *base)
{
    const struct engine_input *input = worker->input;
    const int base_fd =
        large->base_fd >= 0 ? large->base_fd : stage_open_base(input->stage, base, O_RDONLY);
    if (base_fd < 0) {
        return -base_fd;
    }
    large->base_fd = base_fd;
    if ((base->uid != worker->policy.uid || base->gid != worker->policy.gid) &&
        fchown(large->fd, base->uid, base->gid) != 0) {
        worker->file_loss.owners++;
    }
    finish_attributes(worker, large, base_fd);
    if (fchmod(large->fd, base->mode & 0777u) != 0 && errno != EOPNOTSUPP) {
        return errno;
    }
    return finish_time(worker, large, base->file);
}

int ranges_finish(struct worker *worker, struct large_file *large, uint32_t file)
{
    const struct engine_input *input = worker->input;
    const struct stage_base *base = stage_base_of(input->stage, file);
    const struct range_target *target = range_table_find(&worker->claims->ranges, file);
    if (ftruncate(large->fd, (off_t)target->size) != 0) {
        return errno;
    }
    if (!base->identity.present) {
        return meta_apply(&input->set->index, input->plan->files[file].entry, large->fd,
                          &worker->policy, false, &worker->file_loss);
    }
    return stage_is_in_place(input->stage, base) ? finish_time(worker, large, file)
                                                 : finish_as_base(worker, large, base);
}
