/* sync_child.c - the process that syncs: cloned twice, so that it is an orphan; it makes system
 * calls and nothing else, because other threads of ours may hold any lock. */
#include "dest/sync_child.h"

#include "base/bug.h"
#include "base/heap.h"
#include "base/own.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Descriptors that are looked for by number: as many as distributions allow a process by default,
 * and more than a restore opens. */
enum { NUMBERS_MAX = 1 << 20 };

/* --- in the child: nothing but system calls --- */

struct child_work {
    const int *fds; /* sorted copies, to keep */
    const int *keep;
    uint32_t count, keep_count;
    int fd;
    const struct sync_notes *notes;
    enum sync_noter noter;
};

/* All from first up to before kept. False: this kernel cannot, or a filter of calls says so. */
static bool child_close_range(unsigned first, unsigned kept)
{
    return kept <= first || syscall(SYS_close_range, first, kept - 1, 0) == 0;
}

static bool child_close_ranges(const struct child_work *work)
{
    unsigned first = 0;
    bool closed = true;
    for (uint32_t i = 0; closed && i < work->keep_count; i++) {
        closed = child_close_range(first, (unsigned)work->keep[i]);
        first = (unsigned)work->keep[i] + 1;
    }
    return closed && syscall(SYS_close_range, first, ~0u, 0) == 0;
}

static void child_close(const struct child_work *work, int fd)
{
    uint32_t i = 0;
    while (i < work->keep_count && work->keep[i] != fd) {
        i++;
    }
    if (i == work->keep_count) {
        (void)syscall(SYS_close, fd);
    }
}

/* What getdents64(2) gives: records whose names are numbers, but for "." and "..". */
struct child_entry {
    uint64_t inode;
    int64_t next;
    uint16_t bytes;
    uint8_t type;
    char name[];
};

static int child_entry_fd(const struct child_entry *entry)
{
    int fd = 0;
    const char *at = entry->name;
    while (*at >= '0' && *at <= '9') {
        fd = fd * 10 + (*at++ - '0');
    }
    return *at == '\0' ? fd : -1;
}

static bool child_close_listed(const struct child_work *work)
{
    _Alignas(struct child_entry) char list[4096];
    const long dir = syscall(SYS_openat, AT_FDCWD, "/proc/self/fd", O_RDONLY | O_DIRECTORY, 0);
    long bytes = -1;
    while (dir >= 0 && (bytes = syscall(SYS_getdents64, dir, list, sizeof list)) > 0) {
        for (long at = 0; at < bytes;) {
            const struct child_entry *entry = (const void *)(list + at);
            const int fd = child_entry_fd(entry);
            if (fd >= 0 && fd != dir) {
                child_close(work, fd);
            }
            at += entry->bytes;
        }
    }
    if (dir >= 0) {
        (void)syscall(SYS_close, dir);
    }
    return bytes == 0;
}

/* Nothing is mounted at /proc. */
static void child_close_numbers(const struct child_work *work)
{
    struct rlimit64 limit;
    const bool told = syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, NULL, &limit) == 0;
    const int end = told && limit.rlim_cur < NUMBERS_MAX ? (int)limit.rlim_cur : NUMBERS_MAX;
    for (int fd = 0; fd < end; fd++) {
        child_close(work, fd);
    }
}

/* Descriptors that are not its business: a pipe that it held would never end for its reader, nor it
 * itself while it held our end of its socket. close_range(2) is there since Linux 5.9. */
static void child_close_others(const struct child_work *work)
{
    if (!child_close_ranges(work) && !child_close_listed(work)) {
        child_close_numbers(work);
    }
}

/* 0, errno, or -errno: not begun; never noted as good behind one that failed. */
static int32_t child_sync(const struct child_work *work, uint32_t number, bool failed)
{
    const int32_t unnoted = sync_note_begin(work->notes, work->noter);
    if (unnoted != 0) {
        return -unnoted;
    }
    if (syscall(SYS_syncfs, work->fds[number]) != 0) {
        return errno;
    }
    if (!failed) {
        sync_note_good(work->notes, work->noter);
    }
    return 0;
}

static void child_run(const struct child_work *work)
{
    bool failed = false;
    uint32_t number;
    const int32_t ready = 0;
    child_close_others(work);
    (void)!syscall(SYS_write, work->fd, &ready, sizeof ready);
    while (syscall(SYS_read, work->fd, &number, sizeof number) == (long)sizeof number &&
           number < work->count) {
        const int32_t fault = child_sync(work, number, failed);
        failed = failed || fault > 0;
        if (syscall(SYS_write, work->fd, &fault, sizeof fault) != (long)sizeof fault) {
            break;
        }
    }
    (void)syscall(SYS_exit_group, 0);
}

/* A process without a signal for its end. */
static long child_clone(void)
{
    return syscall(SYS_clone, 0UL, NULL, NULL, NULL, NULL);
}

/* --- on our side --- */

static int compare_fds(const void *left, const void *right)
{
    const int a = *(const int *)left, b = *(const int *)right;
    return (a > b) - (a < b);
}

/* The process in between ends at once and is waited for here. */
static int child_start(const struct child_work *work)
{
    sigset_t all, before;
    (void)sigfillset(&all);
    const int masking = pthread_sigmask(SIG_SETMASK, &all, &before);
    if (masking != 0) {
        return masking;
    }
    const long pid = child_clone();
    if (pid == 0) {
        if (child_clone() == 0) {
            child_run(work);
        }
        (void)syscall(SYS_exit_group, 0);
    }
    const int fault = pid < 0 ? errno : 0;
    while (pid > 0 && waitpid((pid_t)pid, NULL, __WALL) < 0 && errno == EINTR) {
    }
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return fault;
}

/* It holds nothing of ours any more: a lock that it had would outlive us. */
static bool child_is_ready(int fd)
{
    int32_t ready;
    ssize_t got;
    while ((got = read(fd, &ready, sizeof ready)) < 0 && errno == EINTR) {
    }
    return got == (ssize_t)sizeof ready;
}

int sync_child_open(struct sync_child *out, const int *fds, uint32_t count,
                    const struct sync_notes *notes, enum sync_noter noter)
{
    int ends[2];
    *out = (struct sync_child){-1, false};
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
        return errno;
    }
    OWN(fd) ours = ends[0];
    OWN(fd) its = ends[1];
    OWN(heap) memory = heap_alloc(count + 2u, sizeof(int));
    int *keep = memory;
    const uint32_t keep_count = notes != NULL ? count + 2u : count + 1u;
    for (uint32_t i = 0; i < count; i++) {
        keep[i] = fds[i];
    }
    keep[count] = its;
    if (notes != NULL) {
        keep[count + 1u] = notes->fd;
    }
    qsort(keep, keep_count, sizeof *keep, compare_fds);
    const struct child_work work = {fds, keep, count, keep_count, its, notes, noter};
    const int fault = child_start(&work);
    own_fd_drop(&its);
    if (fault != 0) {
        return fault;
    }
    if (!child_is_ready(ours)) {
        return ECHILD;
    }
    out->fd = take_fd(&ours);
    return 0;
}

void sync_child_close(struct sync_child *child)
{
    own_fd_drop(&child->fd);
}

bool sync_child_ask(struct sync_child *child, uint32_t number)
{
    VSR_REQUIRE(!child->busy);
    child->busy = child->fd >= 0 &&
                  send(child->fd, &number, sizeof number, MSG_NOSIGNAL) == (ssize_t)sizeof number;
    return child->busy;
}

enum sync_child_end sync_child_wait(struct sync_child *child, int timeout_ms, int wake_fd,
                                    int *fault)
{
    int32_t told = 0;
    struct pollfd events[2] = {{.fd = child->fd, .events = POLLIN},
                               {.fd = wake_fd, .events = POLLIN}};
    const int ready = poll(events, 2, timeout_ms);
    if (ready <= 0 || events[0].revents == 0) {
        return SYNC_CHILD_WAITING; /* EINTR as well: the caller looks why */
    }
    ssize_t got;
    while ((got = read(child->fd, &told, sizeof told)) < 0 && errno == EINTR) {
    }
    if (got != (ssize_t)sizeof told) {
        sync_child_close(child);
        child->busy = false;
        return SYNC_CHILD_GONE;
    }
    child->busy = false;
    *fault = told;
    return SYNC_CHILD_TOLD;
}
