/* ceiling_write.c - how fast the target takes bytes, in each of the ways in which a restore may
 * give them: through the page cache, through it and out of it at once (RWF_DONTCACHE), or past it
 * (O_DIRECT, many in flight on a ring for each thread). Files are made, and given their size, on
 * the clock; nothing is read and nothing decoded. */
#include "ceilings.h"
#include "crew.h"

#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#ifndef RWF_DONTCACHE
#define RWF_DONTCACHE 0x00000080
#endif

enum { PIECE_BYTES = 1 << 20, DIRECT_ALIGN = 4096 };

/* A run of one file that one thread writes from its start to its end. */
struct run {
    unsigned file;
    uint64_t offset, end;
};

struct writing {
    const struct write_plan *plan;
    int *fds;
    struct run *runs;
    size_t run_count;
    atomic_size_t next;
    atomic_int fault; /* errno of the first write that failed */
};

static __thread char *own_bytes;
static __thread struct io_uring own_ring;
static __thread bool own_registered;

static void file_path(const struct write_plan *plan, unsigned file, char path[4096])
{
    (void)snprintf(path, 4096, "%s/raw-%u", plan->directory, file);
}

/* Of each file one run, or, when there are fewer files than threads, one for each thread. */
static void runs_cut(struct writing *writing, unsigned threads)
{
    const struct write_plan *plan = writing->plan;
    const unsigned parts = plan->files >= threads ? 1 : threads;
    const uint64_t pieces = (plan->file_bytes + PIECE_BYTES - 1) / PIECE_BYTES;
    writing->runs = calloc((size_t)plan->files * parts, sizeof *writing->runs);
    writing->fds = calloc(plan->files, sizeof *writing->fds);
    if (writing->runs == NULL || writing->fds == NULL) {
        crew_fail("remember", "so many files");
    }
    for (unsigned file = 0; file < plan->files; file++) {
        writing->fds[file] = -1;
        for (unsigned part = 0; part < parts; part++) {
            const uint64_t end = pieces * (part + 1) / parts * PIECE_BYTES;
            writing->runs[writing->run_count++] =
                (struct run){file, pieces * part / parts * PIECE_BYTES,
                             end < plan->file_bytes ? end : plan->file_bytes};
        }
    }
}

static void own_begin(struct crew_member *member)
{
    const struct writing *writing = member->work;
    const unsigned depth = writing->plan->mode == WRITE_DIRECT ? writing->plan->queue_depth : 1;
    own_bytes = aligned_alloc(DIRECT_ALIGN, (size_t)depth * PIECE_BYTES);
    if (own_bytes == NULL) {
        crew_fail("take", "buffers");
    }
    memset(own_bytes, 0x5A, (size_t)depth * PIECE_BYTES);
    if (writing->plan->mode != WRITE_DIRECT) {
        return;
    }
    const int made = io_uring_queue_init(depth, &own_ring, 0);
    if (made < 0) {
        errno = -made;
        crew_fail("make", "a ring");
    }
    const struct iovec all = {own_bytes, (size_t)depth * PIECE_BYTES};
    own_registered =
        io_uring_register_buffers(&own_ring, &all, 1) == 0; /* else: not ours to lock */
}

static void own_end(struct crew_member *member)
{
    const struct writing *writing = member->work;
    if (writing->plan->mode == WRITE_DIRECT) {
        io_uring_queue_exit(&own_ring);
    }
    free(own_bytes);
}

static void fault_note(struct writing *writing, int os_errno)
{
    int none = 0;
    (void)atomic_compare_exchange_strong(&writing->fault, &none, os_errno);
}

static void run_plain(struct writing *writing, const struct run *run)
{
    const int flags = writing->plan->mode == WRITE_UNCACHED ? RWF_DONTCACHE : 0;
    for (uint64_t at = run->offset; at < run->end; at += PIECE_BYTES) {
        const size_t left = run->end - at < PIECE_BYTES ? (size_t)(run->end - at) : PIECE_BYTES;
        const struct iovec piece = {own_bytes, left};
        if (pwritev2(writing->fds[run->file], &piece, 1, (off_t)at, flags) != (ssize_t)left) {
            fault_note(writing, errno != 0 ? errno : EIO);
            return;
        }
    }
}

/* One piece of a run into the ring; the last is written to the next boundary, and cut later. */
static void piece_submit(const struct writing *writing, const struct run *run, uint64_t at,
                         unsigned slot)
{
    const uint64_t left = run->end - at;
    const unsigned bytes = left < PIECE_BYTES
                               ? (unsigned)(left + DIRECT_ALIGN - 1) / DIRECT_ALIGN * DIRECT_ALIGN
                               : PIECE_BYTES;
    struct io_uring_sqe *sqe = io_uring_get_sqe(&own_ring);
    char *from = own_bytes + (size_t)slot * PIECE_BYTES;
    if (own_registered) {
        io_uring_prep_write_fixed(sqe, writing->fds[run->file], from, bytes, at, 0);
    } else {
        io_uring_prep_write(sqe, writing->fds[run->file], from, bytes, at);
    }
    io_uring_sqe_set_data64(sqe, ((uint64_t)slot << 32) | bytes);
}

static void run_direct(struct writing *writing, const struct run *run)
{
    const unsigned depth = writing->plan->queue_depth;
    uint64_t at = run->offset;
    unsigned flying = 0;
    for (; flying < depth && at < run->end; flying++, at += PIECE_BYTES) {
        piece_submit(writing, run, at, flying);
    }
    while (flying > 0) {
        struct io_uring_cqe *cqe = NULL;
        const int submitted = io_uring_submit_and_wait(&own_ring, 1);
        if (submitted < 0 || io_uring_peek_cqe(&own_ring, &cqe) != 0) {
            if (submitted == -EINTR || submitted >= 0) {
                continue;
            }
            errno = -submitted;
            crew_fail("submit to", "the ring");
        }
        do {
            const uint64_t data = io_uring_cqe_get_data64(cqe);
            if (cqe->res != (int)(uint32_t)data) {
                fault_note(writing, cqe->res < 0 ? -cqe->res : EIO);
            }
            io_uring_cqe_seen(&own_ring, cqe);
            flying--;
            if (at < run->end && atomic_load(&writing->fault) == 0) {
                piece_submit(writing, run, at, (unsigned)(data >> 32));
                flying++;
                at += PIECE_BYTES;
            }
        } while (io_uring_peek_cqe(&own_ring, &cqe) == 0);
    }
}

static void writing_run(struct crew_member *member)
{
    struct writing *writing = member->work;
    for (size_t i; (i = atomic_fetch_add(&writing->next, 1)) < writing->run_count;) {
        if (atomic_load(&writing->fault) != 0) {
            return;
        }
        if (writing->plan->mode == WRITE_DIRECT) {
            run_direct(writing, &writing->runs[i]);
        } else {
            run_plain(writing, &writing->runs[i]);
        }
    }
}

static void files_open(struct writing *writing)
{
    const struct write_plan *plan = writing->plan;
    const int direct = plan->mode == WRITE_DIRECT ? O_DIRECT : 0;
    for (unsigned i = 0; i < plan->files; i++) {
        char path[4096];
        file_path(plan, i, path);
        writing->fds[i] = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | direct, 0644);
        if (writing->fds[i] < 0 || ftruncate(writing->fds[i], (off_t)plan->file_bytes) != 0) {
            if (direct != 0 && errno == EINVAL) {
                fault_note(writing, EINVAL);
                return;
            }
            crew_fail("make", path);
        }
    }
}

/* The sizes that were meant, and everything on stable storage. */
static void files_sync(struct writing *writing)
{
    for (unsigned i = 0; i < writing->plan->files; i++) {
        if (ftruncate(writing->fds[i], (off_t)writing->plan->file_bytes) != 0 ||
            fsync(writing->fds[i]) != 0) {
            crew_fail("sync", writing->plan->directory);
        }
    }
}

static void files_drop(const struct write_plan *plan)
{
    for (unsigned i = 0; i < plan->files; i++) {
        char path[4096];
        file_path(plan, i, path);
        (void)unlink(path);
    }
}

static void writing_free(struct writing *writing)
{
    for (unsigned i = 0; i < writing->plan->files; i++) {
        if (writing->fds[i] >= 0) {
            (void)close(writing->fds[i]);
        }
    }
    free(writing->fds);
    free(writing->runs);
}

bool ceiling_write(const struct write_plan *plan, unsigned threads, struct ceiling *out)
{
    struct writing writing = {.plan = plan};
    runs_cut(&writing, threads);
    const double made_from = crew_now();
    files_open(&writing);
    const double making = crew_now() - made_from;
    double writing_seconds = 0;
    if (atomic_load(&writing.fault) == 0) {
        writing_seconds = crew_run(threads, &writing, own_begin, writing_run, own_end);
    }
    if (atomic_load(&writing.fault) != 0) {
        files_drop(plan);
        writing_free(&writing);
        errno = atomic_load(&writing.fault);
        return false;
    }
    const double from = crew_now();
    files_sync(&writing);
    out->seconds = making + writing_seconds;
    out->synced_seconds = out->seconds + crew_now() - from;
    out->bytes = plan->file_bytes * plan->files;
    writing_free(&writing);
    return true;
}
