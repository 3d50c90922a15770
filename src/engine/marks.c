/* marks.c - pieces.bin: a table of large files, then a word for each of their pieces.
 *
 * Made anew by each process of a run, under another name and renamed, with what still counts taken
 * over; so one that ends in between leaves the old one. Which files are whole is not looked at
 * here. */
#include "engine/marks.h"

#include "base/heap.h"
#include "base/io.h"
#include "base/limits.h"
#include "base/own.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

static const char WHERE[] = "engine/marks";
static const char PART[] = "." MARKS_PIECES ".part";
#define MARKS_MAGIC UINT64_C(0x32304B414D525356) /* "VSRMAK02" */

struct marks_header {
    uint64_t magic;
    uint32_t segment_count;
    uint32_t reserved;
    uint64_t piece_count;
};

void marks_init(struct marks *marks, int dir_fd, uint64_t seed, _Atomic uint64_t *files,
                uint32_t epoch, uint32_t trusted)
{
    *marks = (struct marks){
        .seed = seed, .files = files, .dir_fd = dir_fd, .trusted = trusted, .fd = -1};
    atomic_init(&marks->epoch, epoch);
}

/* Where things lie. False: what the header says is not what the file holds. */
static bool marks_lay_out(struct marks *marks)
{
    const struct marks_header *header = marks->mapping;
    const uint64_t table = sizeof *header;
    if (marks->mapping_bytes < table || header->magic != MARKS_MAGIC) {
        return false;
    }
    const uint64_t left = marks->mapping_bytes - table;
    const uint64_t table_bytes = (uint64_t)header->segment_count * sizeof *marks->segments;
    if (table_bytes > left || header->piece_count > (left - table_bytes) / sizeof *marks->pieces) {
        return false;
    }
    marks->segments = (const void *)((const char *)marks->mapping + table);
    marks->segment_count = header->segment_count;
    marks->pieces = (void *)((char *)marks->mapping + table + table_bytes);
    for (uint32_t i = 0; i < marks->segment_count; i++) {
        const struct marks_segment *s = &marks->segments[i];
        if (s->count > header->piece_count || s->first > header->piece_count - s->count ||
            (i > 0 && s->file <= marks->segments[i - 1].file)) {
            return false;
        }
    }
    return true;
}

static bool marks_map(struct marks *marks, int fd, uint64_t bytes, int protection)
{
    void *mapping = mmap(NULL, bytes, protection, MAP_SHARED, fd, 0);
    if (mapping == MAP_FAILED) {
        return false;
    }
    marks->mapping = mapping;
    marks->mapping_bytes = bytes;
    return true;
}

/* What the process before left. A file that is none of ours, or damaged, says nothing: its pieces
 * are read again. */
static void marks_open_old(struct marks *old, int dir_fd)
{
    struct stat facts;
    *old = (struct marks){.fd = -1};
    OWN(fd) fd = openat(dir_fd, MARKS_PIECES, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd >= 0 && fstat(fd, &facts) == 0 && S_ISREG(facts.st_mode) && facts.st_size > 0 &&
        marks_map(old, fd, (uint64_t)facts.st_size, PROT_READ) && !marks_lay_out(old)) {
        marks_fini(old);
    }
}

/* Another seed than that of files, whose numbers are such places, too. */
static uint64_t piece_word(const struct marks *marks, uint32_t file, uint32_t piece, uint32_t epoch)
{
    return marks_word(~marks->seed, (uint64_t)file << 32 | piece, 0, epoch);
}

static void marks_take_over(struct marks *marks, const struct marks *old, marks_carry *carry,
                            void *context)
{
    for (uint32_t i = 0; i < old->segment_count; i++) {
        const struct marks_segment *from = &old->segments[i];
        const struct marks_segment *to = marks_find(marks, from->file);
        if (to == NULL || to->count != from->count || !carry(context, from->file)) {
            continue;
        }
        for (uint32_t k = 0; k < from->count; k++) {
            const uint64_t word =
                atomic_load_explicit(&old->pieces[from->first + k], memory_order_relaxed);
            const uint32_t epoch = (uint32_t)word;
            if (epoch != 0 && epoch <= marks->trusted &&
                word == piece_word(marks, from->file, k, epoch)) {
                atomic_store_explicit(&marks->pieces[to->first + k], word, memory_order_relaxed);
            }
        }
    }
}

static vsr_code marks_write(int fd, struct marks_segment *segments, uint32_t segment_count,
                            uint64_t *bytes, vsr_error *error)
{
    struct marks_header header = {.magic = MARKS_MAGIC, .segment_count = segment_count};
    for (uint32_t i = 0; i < segment_count; i++) {
        segments[i].first = header.piece_count;
        header.piece_count += segments[i].count;
    }
    const size_t table_bytes = segment_count * sizeof *segments;
    *bytes = sizeof header + table_bytes + header.piece_count * sizeof(uint64_t);
    /* allocated now: a full disk must not become a SIGBUS in the middle of the run */
    const int fault = posix_fallocate(fd, 0, (off_t)*bytes);
    if (fault != 0) {
        errno = fault;
        return err_sys(error, err_dest_code(fault), WHERE, "cannot reserve %llu bytes for %s",
                       (unsigned long long)*bytes, MARKS_PIECES);
    }
    const vsr_code rc = io_write(fd, &header, sizeof header, MARKS_PIECES, VSR_ERR_DEST_IO, error);
    return rc != VSR_OK ? rc
                        : io_write(fd, segments, table_bytes, MARKS_PIECES, VSR_ERR_DEST_IO, error);
}

vsr_code marks_pieces_make(struct marks *marks, struct marks_segment *segments,
                           uint32_t segment_count, marks_carry *carry, void *context,
                           vsr_error *error)
{
    struct marks old;
    uint64_t bytes = 0;
    if (segment_count == 0) {
        return VSR_OK;
    }
    OWN(fd) fd = io_open_part(marks->dir_fd, PART, O_RDWR, 0600);
    if (fd < 0) {
        return err_sys(error, err_dest_code(errno), WHERE, "cannot create %s", MARKS_PIECES);
    }
    const vsr_code rc = marks_write(fd, segments, segment_count, &bytes, error);
    if (rc != VSR_OK) {
        return rc;
    }
    if (!marks_map(marks, fd, bytes, PROT_READ | PROT_WRITE) || !marks_lay_out(marks)) {
        return err_sys(error, VSR_ERR_MEMORY, WHERE, "cannot map %s", MARKS_PIECES);
    }
    if (marks->trusted > 0) {
        marks_open_old(&old, marks->dir_fd);
        marks_take_over(marks, &old, carry, context);
        marks_fini(&old);
    }
    if (fdatasync(fd) != 0 || renameat(marks->dir_fd, PART, marks->dir_fd, MARKS_PIECES) != 0) {
        return err_sys(error, err_dest_code(errno), WHERE, "cannot keep %s", MARKS_PIECES);
    }
    marks->fd = take_fd(&fd);
    return VSR_OK;
}

void marks_fini(struct marks *marks)
{
    if (marks->mapping != NULL) {
        (void)munmap(marks->mapping, marks->mapping_bytes);
    }
    own_fd_drop(&marks->fd);
    marks->mapping = NULL;
    marks->segments = NULL;
    marks->segment_count = 0;
    marks->pieces = NULL;
}

const struct marks_segment *marks_find(const struct marks *marks, uint32_t file)
{
    uint32_t first = 0, end = marks->segment_count;
    while (first < end) {
        const uint32_t middle = first + (end - first) / 2;
        if (marks->segments[middle].file < file) {
            first = middle + 1;
        } else {
            end = middle;
        }
    }
    return first < marks->segment_count && marks->segments[first].file == file
               ? &marks->segments[first]
               : NULL;
}

void marks_piece(struct marks *marks, uint32_t file, uint32_t piece)
{
    const struct marks_segment *segment = marks != NULL ? marks_find(marks, file) : NULL;
    if (segment != NULL) {
        const uint32_t epoch = atomic_load_explicit(&marks->epoch, memory_order_acquire);
        atomic_store_explicit(&marks->pieces[segment->first + piece],
                              piece_word(marks, file, piece, epoch), memory_order_release);
    }
}
