/* ring_uring.c - the kernel's ring, with a worker's buffers registered where that is allowed.
 *
 * Opened by the thread that uses it, so that completions are run by that thread alone and only
 * when it waits (SINGLE_ISSUER, DEFER_TASKRUN); older kernels get less, never nothing. */
#include "base/bug.h"
#include "base/heap.h"
#include "engine/ring_inside.h"

#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

/* One registered buffer may not be larger than this. */
#define RING_FIXED_BYTES_MAX ((uint64_t)1 << 30)

/* A second in all, until a ring that does not get on is given up. */
enum { RING_RETRIES_MAX = 1000, RING_RETRY_NS = 1000000 };

struct ring_uring {
    struct ring ring;
    bool broken;
    bool no_read_now; /* the media's file system always waits */
    struct io_uring uring;
    char *buffers; /* to be registered */
    uint64_t buffers_bytes;
    uint32_t queued;   /* until they are */
    const char *fixed; /* registered as buffer 0; NULL: not registered */
    uint64_t fixed_bytes;
};

static int ring_uring_init(struct io_uring *uring, uint32_t depth)
{
    static const unsigned flags[] = {
        IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN, /* 6.1 */
        IORING_SETUP_COOP_TASKRUN,                               /* 5.19 */
        0,
    };
    int fault = 0;
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        fault = io_uring_queue_init(depth, uring, flags[i]);
        if (fault != -EINVAL) {
            break;
        }
    }
    return -fault;
}

static bool ring_uring_is_fixed(const struct ring_uring *u, const struct ring_operation *o)
{
    return u->fixed != NULL && o->bytes >= u->fixed &&
           o->bytes + o->count <= u->fixed + u->fixed_bytes;
}

/* Registering makes and zeroes every page of the buffers, which costs as much as restoring a
 * thousand small files: only when the ring has been used as often as it is deep. */
static void ring_uring_register(struct ring_uring *u)
{
    if (u->buffers == NULL || ++u->queued <= u->ring.depth) {
        return;
    }
    const struct iovec memory = {u->buffers, u->buffers_bytes};
    if (io_uring_register_buffers(&u->uring, &memory, 1) == 0) {
        u->fixed = u->buffers;
        u->fixed_bytes = u->buffers_bytes;
    }
    u->buffers = NULL;
}

static struct io_uring_sqe *ring_uring_take(struct ring_uring *u)
{
    ring_uring_register(u);
    struct io_uring_sqe *sqe = io_uring_get_sqe(&u->uring);
    VSR_REQUIRE(sqe != NULL); /* as many entries as operations in flight */
    return sqe;
}

static int32_t ring_uring_read_now(struct ring *ring, const struct ring_operation *o)
{
    struct ring_uring *u = (struct ring_uring *)ring;
    if (u->no_read_now) {
        return -EAGAIN;
    }
    const struct iovec part = {o->bytes, o->count};
    const ssize_t got = preadv2(o->fd, &part, 1, (off_t)o->offset, RWF_NOWAIT);
    u->no_read_now = got < 0 && errno == EOPNOTSUPP; /* not on this file system */
    return got >= 0 ? (int32_t)got : u->no_read_now ? -EAGAIN : -errno;
}

static void ring_uring_read(struct ring *ring, const struct ring_operation *o)
{
    struct ring_uring *u = (struct ring_uring *)ring;
    struct io_uring_sqe *sqe = ring_uring_take(u);
    if (ring_uring_is_fixed(u, o)) {
        io_uring_prep_read_fixed(sqe, o->fd, o->bytes, o->count, o->offset, 0);
    } else {
        io_uring_prep_read(sqe, o->fd, o->bytes, o->count, o->offset);
    }
    io_uring_sqe_set_data64(sqe, o->tag);
}

static void ring_uring_write(struct ring *ring, const struct ring_operation *o)
{
    struct ring_uring *u = (struct ring_uring *)ring;
    struct io_uring_sqe *sqe = ring_uring_take(u);
    if (ring_uring_is_fixed(u, o)) {
        io_uring_prep_write_fixed(sqe, o->fd, o->bytes, o->count, o->offset, 0);
    } else {
        io_uring_prep_write(sqe, o->fd, o->bytes, o->count, o->offset);
    }
    io_uring_sqe_set_data64(sqe, o->tag);
}

static int ring_uring_wait(struct ring *ring, struct ring_event *events, uint32_t max)
{
    struct ring_uring *u = (struct ring_uring *)ring;
    struct io_uring_cqe *cqe;
    unsigned head, count = 0;
    for (int retries = 0; count == 0; retries++) {
        const int submitted = io_uring_submit_and_wait(&u->uring, 1);
        if (submitted < 0 &&
            ((submitted != -EINTR && submitted != -EAGAIN && submitted != -EBUSY) ||
             retries == RING_RETRIES_MAX)) {
            u->broken = true;
            return submitted;
        }
        if (submitted == -EAGAIN || submitted == -EBUSY) {
            /* the kernel has no memory for it now; what is in flight gives some back */
            (void)nanosleep(&(struct timespec){.tv_nsec = RING_RETRY_NS}, NULL);
        }
        io_uring_for_each_cqe(&u->uring, head, cqe) {
            if (count == max) {
                break;
            }
            events[count++] = (struct ring_event){(uint32_t)io_uring_cqe_get_data64(cqe), cqe->res};
        }
    }
    io_uring_cq_advance(&u->uring, count);
    return (int)count;
}

static void ring_uring_close(struct ring *ring)
{
    struct ring_uring *u = (struct ring_uring *)ring;
    struct ring_event event;
    /* one that is broken would start what was given up; the thread's end waits for the kernel */
    while (!u->broken && u->ring.in_flight > 0 && ring_uring_wait(ring, &event, 1) == 1) {
        u->ring.in_flight--;
    }
    io_uring_queue_exit(&u->uring);
    free(u);
}

/* Entries that the kernel has not taken stand between its head and our tail. */
static bool ring_uring_is_started(struct ring *ring, uint32_t tag)
{
    struct ring_uring *u = (struct ring_uring *)ring;
    const struct io_uring_sq *sq = &u->uring.sq;
    u->broken = true;
    for (unsigned at = *sq->khead; at != sq->sqe_tail; at++) {
        if (sq->sqes[at & sq->ring_mask].user_data == tag) {
            return false;
        }
    }
    return true;
}

static const struct ring_calls ring_uring_calls = {
    .close = ring_uring_close,
    .read_now = ring_uring_read_now,
    .read = ring_uring_read,
    .write = ring_uring_write,
    .wait = ring_uring_wait,
    .is_started = ring_uring_is_started,
};

struct ring *ring_uring_open(const struct ring_setup *setup)
{
    struct ring_uring *u = heap_alloc(1, sizeof *u);
    u->ring.calls = &ring_uring_calls;
    const int fault = ring_uring_init(&u->uring, setup->depth);
    if (fault != 0) {
        free(u);
        errno = fault;
        return NULL;
    }
    if (setup->fixed_bytes <= RING_FIXED_BYTES_MAX) {
        u->buffers = setup->fixed;
        u->buffers_bytes = setup->fixed_bytes;
    }
    return &u->ring;
}

/* --- why there is none --- */

static int ring_disabled_by_sysctl(void)
{
    char digit = '0';
    const int fd = open("/proc/sys/kernel/io_uring_disabled", O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        if (read(fd, &digit, 1) != 1) {
            digit = '0';
        }
        (void)close(fd);
    }
    return digit - '0';
}

bool ring_probe(char *reason, size_t reason_bytes)
{
    struct io_uring uring;
    const int fault = ring_uring_init(&uring, 4);
    if (fault == 0) {
        io_uring_queue_exit(&uring);
        reason[0] = '\0';
        return true;
    }
    const int disabled = ring_disabled_by_sysctl();
    if (fault == ENOSYS) {
        (void)snprintf(reason, reason_bytes, "the kernel, or a seccomp filter, has no io_uring");
    } else if (disabled != 0) {
        (void)snprintf(reason, reason_bytes, "sysctl kernel.io_uring_disabled is %d", disabled);
    } else if (fault == EPERM) {
        (void)snprintf(reason, reason_bytes,
                       "io_uring is not permitted here: a seccomp filter, as containers have");
    } else if (fault == ENOMEM) {
        (void)snprintf(reason, reason_bytes,
                       "no locked memory for a ring: raise ulimit -l (RLIMIT_MEMLOCK)");
    } else {
        (void)snprintf(reason, reason_bytes, "io_uring: %s", strerrordesc_np(fault));
    }
    return false;
}
