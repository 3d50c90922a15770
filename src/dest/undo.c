/* undo.c - undo files written, checked as a whole, and put back. Decides nothing about units. */
#include "dest/undo.h"

#include "base/hash_map.h"
#include "base/heap.h"
#include "base/io.h"
#include "base/own.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { NS_IN_S = 1000000000 };

struct undo {
    int fd;
    int base_fd;
    struct undo_header header;
    struct undo_range *ranges;
    uint64_t at;    /* in the undo file */
    uint64_t check; /* so far */
    char *block;    /* the check, then UNDO_BLOCK_BYTES */
};

void undo_name(uint32_t file, char out[UNDO_NAME_BYTES])
{
    (void)snprintf(out, UNDO_NAME_BYTES, "undo-%x", file);
}

static void undone_name(uint32_t file, char out[UNDO_NAME_BYTES])
{
    (void)snprintf(out, UNDO_NAME_BYTES, "undone-%x", file);
}

static size_t undo_table_bytes(const struct undo *undo)
{
    return undo->header.range_count * sizeof *undo->ranges;
}

static void undo_begin_check(struct undo *undo)
{
    struct buffer head = {0};
    buffer_add(&head, &undo->header, sizeof undo->header);
    buffer_add(&head, undo->ranges, undo_table_bytes(undo));
    undo->check = hash_bytes(head.p, head.n);
    buffer_free(&head);
    undo->at = sizeof undo->header + undo_table_bytes(undo);
}

static void undo_check_block(struct undo *undo, size_t count)
{
    memcpy(undo->block, &undo->check, sizeof undo->check);
    undo->check = hash_bytes(undo->block, sizeof undo->check + count);
}

static int undo_pread(int fd, void *bytes, size_t count, uint64_t offset)
{
    vsr_error error = {0};
    const vsr_code code =
        io_pread(fd, bytes, count, offset, "", VSR_ERR_DEST_IO, VSR_ERR_MEDIA, &error);
    return code == VSR_OK ? 0 : error.os_errno != 0 ? error.os_errno : EBADMSG;
}

static int undo_pwrite(int fd, const void *bytes, size_t count, uint64_t offset)
{
    vsr_error error = {0};
    const vsr_code code = io_pwrite(fd, bytes, count, offset, "", VSR_ERR_DEST_IO, &error);
    return code == VSR_OK ? 0 : error.os_errno != 0 ? error.os_errno : EIO;
}

/* Blocks run across ranges: a stream that is handed on piece by piece. */
enum undo_way { UNDO_SAVE, UNDO_CHECK, UNDO_PUT_BACK };

/* One block of the file, full or the last: write it, or see what it holds. */
static int undo_end_block(struct undo *undo, enum undo_way way, size_t count)
{
    int fault = 0;
    if (way == UNDO_SAVE) {
        fault = undo_pwrite(undo->fd, undo->block + sizeof undo->check, count, undo->at);
    }
    undo_check_block(undo, count);
    undo->at += count;
    return fault;
}

/* The bytes of all ranges, below the base's size, in blocks. */
static int undo_stream(struct undo *undo, enum undo_way way)
{
    size_t filled = 0;
    int fault = 0;
    for (uint32_t i = 0; i < undo->header.range_count; i++) {
        const struct undo_range *range = &undo->ranges[i];
        const uint64_t end = range->offset + range->length;
        const uint64_t stop = end < undo->header.size ? end : undo->header.size;
        for (uint64_t at = range->offset; at < stop && fault == 0;) {
            const uint64_t room = UNDO_BLOCK_BYTES - filled;
            const size_t count = (size_t)(stop - at < room ? stop - at : room);
            char *bytes = undo->block + sizeof undo->check + filled;
            fault = way == UNDO_SAVE ? undo_pread(undo->base_fd, bytes, count, at)
                                     : undo_pread(undo->fd, bytes, count, undo->at + filled);
            if (fault == 0 && way == UNDO_PUT_BACK) {
                fault = undo_pwrite(undo->base_fd, bytes, count, at);
            }
            at += count;
            filled += count;
            if (fault == 0 && filled == UNDO_BLOCK_BYTES) {
                fault = undo_end_block(undo, way, filled);
                filled = 0;
            }
        }
    }
    return fault == 0 && filled > 0 ? undo_end_block(undo, way, filled) : fault;
}

static int undo_write(struct undo *undo)
{
    int fault = undo_pwrite(undo->fd, &undo->header, sizeof undo->header, 0);
    if (fault == 0) {
        fault = undo_pwrite(undo->fd, undo->ranges, undo_table_bytes(undo), sizeof undo->header);
    }
    undo_begin_check(undo);
    if (fault == 0) {
        fault = undo_stream(undo, UNDO_SAVE);
    }
    if (fault == 0) {
        fault = undo_pwrite(undo->fd, &undo->check, sizeof undo->check, undo->at);
    }
    return fault == 0 && fdatasync(undo->fd) != 0 ? errno : fault;
}

static int undo_describe(struct undo *undo, uint32_t file, const struct plan_range *ranges,
                         uint32_t range_count)
{
    struct stat facts;
    if (fstat(undo->base_fd, &facts) != 0) {
        return errno;
    }
    undo->header = (struct undo_header){
        .magic = UNDO_MAGIC,
        .file = file,
        .range_count = range_count,
        .device = facts.st_dev,
        .inode = facts.st_ino,
        .size = (uint64_t)facts.st_size,
        .access_s = facts.st_atim.tv_sec,
        .modify_s = facts.st_mtim.tv_sec,
        .access_ns = (uint32_t)facts.st_atim.tv_nsec,
        .modify_ns = (uint32_t)facts.st_mtim.tv_nsec,
    };
    for (uint32_t i = 0; i < range_count; i++) {
        undo->ranges[i] = (struct undo_range){ranges[i].dest, ranges[i].length};
    }
    return 0;
}

int undo_save(int folder_fd, uint32_t file, int base_fd, const struct plan_range *ranges,
              uint32_t range_count)
{
    char name[UNDO_NAME_BYTES];
    OWN(heap) table = heap_alloc(range_count + 1u, sizeof(struct undo_range));
    OWN(heap) block = heap_alloc(1, sizeof(uint64_t) + UNDO_BLOCK_BYTES);
    undo_name(file, name);
    OWN(fd) fd = openat(folder_fd, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) {
        return errno;
    }
    struct undo undo = {.fd = fd, .base_fd = base_fd, .ranges = table, .block = block};
    int fault = undo_describe(&undo, file, ranges, range_count);
    if (fault == 0) {
        fault = undo_write(&undo);
    }
    if (fault == 0 && fsync(folder_fd) != 0) {
        fault = errno;
    }
    if (fault != 0) {
        undo_remove(folder_fd, file);
    }
    return fault;
}

/* Is the whole file what undo_save() wrote? The base is not touched before that is known. */
static int undo_check(struct undo *undo, uint32_t file)
{
    struct stat facts, base;
    uint64_t check;
    int fault = undo_pread(undo->fd, &undo->header, sizeof undo->header, 0);
    if (fault != 0 || fstat(undo->fd, &facts) != 0 || fstat(undo->base_fd, &base) != 0) {
        return fault != 0 ? fault : errno;
    }
    if (undo->header.magic != UNDO_MAGIC || undo->header.file != file ||
        undo->header.size > FILE_BYTES_MAX || undo->header.access_ns >= NS_IN_S ||
        undo->header.modify_ns >= NS_IN_S ||
        undo->header.range_count > (uint64_t)facts.st_size / sizeof *undo->ranges) {
        return EBADMSG;
    }
    undo->ranges = heap_alloc((size_t)undo->header.range_count + 1, sizeof *undo->ranges);
    fault = undo_pread(undo->fd, undo->ranges, undo_table_bytes(undo), sizeof undo->header);
    for (uint32_t i = 0; fault == 0 && i < undo->header.range_count; i++) {
        const struct undo_range *range = &undo->ranges[i];
        fault = range->length > FILE_BYTES_MAX || range->offset > FILE_BYTES_MAX - range->length
                    ? EBADMSG
                    : 0;
    }
    if (fault == 0) {
        undo_begin_check(undo);
        fault = undo_stream(undo, UNDO_CHECK);
    }
    if (fault == 0) {
        fault = undo_pread(undo->fd, &check, sizeof check, undo->at);
    }
    if (fault == 0 && check != undo->check) {
        fault = EBADMSG;
    }
    /* its device may be called otherwise by now: who opened the base has looked at that */
    return fault == 0 && undo->header.inode != base.st_ino ? ESTALE : fault;
}

/* The same. Bytes that the disk does not give are rotten for good, and it is not known of which. */
static int undo_check_readable(struct undo *undo, uint32_t file)
{
    const int fault = undo_check(undo, file);
    return fault == EIO ? ESTALE : fault;
}

/* Does the base reach beyond all that we had, or wrote? Then somebody has added to it. */
static bool undo_was_added_to(const struct undo *undo)
{
    struct stat base;
    uint64_t end = undo->header.size;
    for (uint32_t i = 0; i < undo->header.range_count; i++) {
        const uint64_t stop = undo->ranges[i].offset + undo->ranges[i].length;
        end = stop > end ? stop : end;
    }
    return fstat(undo->base_fd, &base) == 0 && (uint64_t)base.st_size > end;
}

static int undo_restore(int folder_fd, uint32_t file, int base_fd)
{
    char name[UNDO_NAME_BYTES];
    OWN(heap) block = heap_alloc(1, sizeof(uint64_t) + UNDO_BLOCK_BYTES);
    undo_name(file, name);
    OWN(fd) fd = openat(folder_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        return errno;
    }
    struct undo undo = {.fd = fd, .base_fd = base_fd, .block = block};
    int fault = undo_check_readable(&undo, file);
    fault = fault == 0 && undo_was_added_to(&undo) ? ESTALE : fault;
    if (fault == 0) {
        undo.at = sizeof undo.header + undo_table_bytes(&undo);
        fault = undo_stream(&undo, UNDO_PUT_BACK);
    }
    if (fault == 0 && ftruncate(base_fd, (off_t)undo.header.size) != 0) {
        fault = errno;
    }
    const struct timespec times[2] = {
        {.tv_sec = undo.header.access_s, .tv_nsec = undo.header.access_ns},
        {.tv_sec = undo.header.modify_s, .tv_nsec = undo.header.modify_ns},
    };
    if (fault == 0 && futimens(base_fd, times) != 0) {
        fault = errno;
    }
    free(undo.ranges);
    return fault;
}

int undo_put_back(int folder_fd, uint32_t file, int base_fd)
{
    const int fault = undo_restore(folder_fd, file, base_fd);
    return fault != 0 || fsync(base_fd) == 0 ? fault : errno;
}

/* When that was is the time of its last modification. */
int undo_put_back_unsynced(int folder_fd, uint32_t file, int base_fd)
{
    static const struct timespec now[2] = {{.tv_nsec = UTIME_NOW}, {.tv_nsec = UTIME_NOW}};
    char name[UNDO_NAME_BYTES], done[UNDO_NAME_BYTES];
    undo_name(file, name);
    undone_name(file, done);
    const int fault = undo_restore(folder_fd, file, base_fd);
    if (fault != 0) {
        return fault;
    }
    return utimensat(folder_fd, name, now, AT_SYMLINK_NOFOLLOW) == 0 &&
                   renameat(folder_fd, name, folder_fd, done) == 0
               ? 0
               : errno;
}

static bool undo_stands(int folder_fd, const char *name)
{
    return faccessat(folder_fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* Has somebody written to the base since it was put back? Whatever a cut has left of our own
 * writes, they came before, if only by a tick of the clock; within one, nobody can tell. */
static bool undone_is_written_to(int folder_fd, const char *done, int base_fd)
{
    struct undo_header header;
    struct stat put_back, base;
    OWN(fd) fd = openat(folder_fd, done, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 || base_fd < 0 || fstat(fd, &put_back) != 0 || fstat(base_fd, &base) != 0 ||
        undo_pread(fd, &header, sizeof header, 0) != 0) {
        return false;
    }
    const struct timespec *at = &base.st_mtim, *before = &put_back.st_mtim;
    const bool is_old = at->tv_sec == header.modify_s && at->tv_nsec == (long)header.modify_ns;
    return !is_old && (at->tv_sec > before->tv_sec ||
                       (at->tv_sec == before->tv_sec && at->tv_nsec >= before->tv_nsec));
}

int undo_settle(int folder_fd, uint32_t file, int base_fd, bool continuous)
{
    char name[UNDO_NAME_BYTES], done[UNDO_NAME_BYTES];
    int fault = 0;
    undo_name(file, name);
    undone_name(file, done);
    if (undo_stands(folder_fd, name)) { /* saved later: what was put back before is settled */
        return unlinkat(folder_fd, done, 0) == 0 || errno == ENOENT ? 0 : errno;
    }
    if (faccessat(folder_fd, done, F_OK, AT_SYMLINK_NOFOLLOW) != 0) {
        return errno == ENOENT ? 0 : errno;
    }
    if (continuous) {
        if (fsync(base_fd) == 0) {
            return unlinkat(folder_fd, done, 0) == 0 ? 0 : errno;
        }
        fault = errno; /* said once: the next sync would say that all is well */
    }
    if (undone_is_written_to(folder_fd, done, base_fd)) {
        return fault != 0 ? fault : ESTALE;
    }
    return renameat(folder_fd, done, folder_fd, name) == 0 ? fault : errno;
}

bool undo_find(int folder_fd, uint32_t file, char out[UNDO_NAME_BYTES])
{
    undo_name(file, out);
    if (!undo_stands(folder_fd, out)) {
        undone_name(file, out);
    }
    return undo_stands(folder_fd, out);
}

bool undo_exists(int folder_fd, uint32_t file)
{
    char name[UNDO_NAME_BYTES];
    return undo_find(folder_fd, file, name);
}

void undo_remove(int folder_fd, uint32_t file)
{
    char name[UNDO_NAME_BYTES], done[UNDO_NAME_BYTES];
    undo_name(file, name);
    undone_name(file, done);
    (void)unlinkat(folder_fd, done, 0); /* first: alone, it would become an undo file again */
    (void)unlinkat(folder_fd, name, 0);
}
