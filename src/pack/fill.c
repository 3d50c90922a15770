/* fill.c - read what the cutter gave places to, hash it, encode the frame.
 *
 * The parallel part of pack, each worker on its own buffers: after it only the order is missing.
 * A file is read by the ranges and the size that its header, already rendered, promises: what is
 * missing at the end is zeros, what is too much is not read, and either is told. Reading goes
 * through the page cache; packing is not the path that this project is fast for. */
#include "pack/fill.h"
#include "base/limits.h"

#include "base/heap.h"
#include "base/limits.h"
#include "media/checksum.h"
#include "media/frame.h"
#include "media/part.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

void fill_init(struct filler *filler, const struct catalogue *catalogue,
               const struct sources *sources, const struct uuid *set_uuid, uint32_t worker_count)
{
    *filler = (struct filler){.catalogue = catalogue,
                              .lz4_state = heap_alloc(frame_state_bytes(), 1),
                              .open_entry = MARK_NONE,
                              .fd = -1};
    memcpy(filler->set_uuid, set_uuid->bytes, sizeof filler->set_uuid);
    dir_chain_init(&filler->chain, sources, worker_count);
}

static void file_close(struct filler *filler)
{
    if (filler->fd >= 0) {
        (void)close(filler->fd);
    }
    filler->fd = -1;
    filler->open_entry = MARK_NONE;
}

void fill_fini(struct filler *filler)
{
    file_close(filler);
    dir_chain_fini(&filler->chain);
    free(filler->lz4_state);
}

/* Open the part's file, unless it is open from the frame before. Returns an errno. */
static int file_open(struct filler *filler, const struct node *node)
{
    char name[WIN_NAME_BYTES_MAX + 1];
    if (filler->open_entry == node->entry) {
        return 0;
    }
    file_close(filler);
    const int dir_fd = dir_chain_open(&filler->chain, node->source);
    if (dir_fd < 0 || node->source_name.n > WIN_NAME_BYTES_MAX) {
        return dir_fd < 0 ? errno : ENAMETOOLONG;
    }
    memcpy(name, node->source_name.p, node->source_name.n);
    name[node->source_name.n] = '\0';
    const int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
    filler->fd = openat(dir_fd, name, flags | O_NOATIME);
    if (filler->fd < 0 && errno == EPERM) {
        filler->fd = openat(dir_fd, name, flags);
    }
    if (filler->fd < 0) {
        return errno;
    }
    filler->open_entry = node->entry;
    return 0;
}

/* Read count bytes; *done counts those that came. Returns an errno; an early end is none. */
static int piece_read(int fd, char *to, uint32_t count, uint64_t offset, uint32_t *done)
{
    int idle = 0;
    *done = 0;
    while (*done < count) {
        const ssize_t got = pread(fd, to + *done, count - *done, (off_t)(offset + *done));
        if (got == 0) {
            return 0;
        }
        if (got > 0) {
            *done += (uint32_t)got;
            idle = 0;
        } else if ((errno != EINTR && errno != EAGAIN) || ++idle >= IO_RETRIES_MAX) {
            return errno;
        }
    }
    return 0;
}

/* Is the open file still what the scan saw? */
static bool file_is_same(int fd, const struct index_entry *record)
{
    struct stat stat;
    return fstat(fd, &stat) == 0 && S_ISREG(stat.st_mode) &&
           (uint64_t)stat.st_size == record->size && stat.st_mtim.tv_sec == record->modify_s &&
           (uint32_t)stat.st_mtim.tv_nsec == record->modify_ns;
}

static void file_part_read(struct filler *filler, struct frame_job *job, struct frame_part *part)
{
    const struct node *node = filler->catalogue->nodes[part->entry];
    part->changed = false;
    part->fault = file_open(filler, node);
    for (uint32_t i = 0; i < part->piece_count; i++) {
        const struct frame_piece *piece = &job->pieces[part->first_piece + i];
        char *to = job->plain + piece->plain_offset;
        uint32_t done = 0;
        if (part->fault == 0) {
            part->fault = piece_read(filler->fd, to, piece->length, piece->file_offset, &done);
        }
        memset(to + done, 0, piece->length - done);
        part->changed = part->changed || done < piece->length;
    }
    if (part->fault == 0) {
        part->changed = part->changed || !file_is_same(filler->fd, &node->record);
    }
    if (part->ends) {
        file_close(filler);
    }
}

static void file_part_hash(const struct filler *filler, struct frame_job *job,
                           struct frame_part *part)
{
    for (uint32_t i = 0; i < part->piece_count; i++) {
        struct frame_piece *piece = &job->pieces[part->first_piece + i];
        const struct chunk_place place = {filler->set_uuid, part->entry, piece->file_offset};
        piece->xxh3_64 = checksum_chunk(&place, job->plain + piece->plain_offset, piece->length);
    }
    if (part->begins && part->ends) {
        part_hash_bytes(job->plain + part->plain_offset, part->plain_bytes, part->xxh3_128);
    }
}

void fill_frame(struct filler *filler, struct frame_job *job)
{
    for (uint32_t i = 0; i < job->part_count; i++) {
        file_part_read(filler, job, &job->parts[i]);
        file_part_hash(filler, job, &job->parts[i]);
    }
    job->stored_bytes = frame_encode(job->plain, job->plain_bytes, job->stored, filler->lz4_state);
}
