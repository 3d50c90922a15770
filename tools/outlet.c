/* outlet.c - writes that cannot block: asked by poll() first, and no larger than what a pipe that
 * has room takes at once. O_NONBLOCK is not set, because the descriptor's flags are shared with
 * whoever else has it open. A terminal that has room may have less than that: it is opened once
 * more, with flags of our own. */
#include "outlet.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* Where it may not be opened (it is of another user's session), it is written to as it is. */
static int terminal_open(int fd)
{
    char path[32];
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    const int own = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    return own >= 0 ? own : fd;
}

void outlet_open(struct outlet *outlet, int fd)
{
    struct stat st;
    *outlet = (struct outlet){.fd = isatty(fd) == 1 ? terminal_open(fd) : fd};
    outlet->is_own = outlet->fd != fd;
    outlet->is_socket = fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode);
}

/* Is there room? Waits at most timeout_ms. */
static bool has_room(struct outlet *outlet, int timeout_ms)
{
    struct pollfd poller = {.fd = outlet->fd, .events = POLLOUT};
    const int count = poll(&poller, 1, timeout_ms);
    if (count > 0 && (poller.revents & POLLNVAL) != 0) {
        outlet->gone = EBADF;
    } else if (count > 0 && (poller.revents & (POLLERR | POLLHUP)) != 0) {
        outlet->gone = EPIPE;
    }
    return count > 0 && outlet->gone == 0;
}

/* Some of it; 0: none now. */
static size_t write_some(struct outlet *outlet, const char *text, size_t bytes)
{
    const size_t most = bytes < PIPE_BUF ? bytes : PIPE_BUF;
    const ssize_t wrote = outlet->is_socket
                              ? send(outlet->fd, text, most, MSG_DONTWAIT | MSG_NOSIGNAL)
                              : write(outlet->fd, text, most);
    if (wrote < 0 && errno != EINTR && errno != EAGAIN) {
        outlet->gone = errno;
    }
    return wrote > 0 ? (size_t)wrote : 0;
}

/* Make room for so many more bytes. False: there is no memory, and nothing has changed. */
static bool queue_reserve(struct outlet *outlet, size_t bytes)
{
    if (outlet->from > 0 && outlet->from == outlet->end) {
        outlet->from = 0;
        outlet->end = 0;
    }
    if (bytes > outlet->capacity - outlet->end) {
        const size_t wider = (outlet->end + bytes) * 2;
        char *queue = realloc(outlet->queue, wider);
        if (queue == NULL) {
            return false;
        }
        outlet->queue = queue;
        outlet->capacity = wider;
    }
    return true;
}

/* There is room. */
static void queue_add(struct outlet *outlet, const char *text, size_t bytes)
{
    memcpy(outlet->queue + outlet->end, text, bytes);
    outlet->end += bytes;
}

static void pump(struct outlet *outlet, int timeout_ms)
{
    while (outlet->from < outlet->end && outlet->gone == 0 && has_room(outlet, timeout_ms)) {
        const size_t wrote =
            write_some(outlet, outlet->queue + outlet->from, outlet->end - outlet->from);
        if (wrote == 0) {
            return;
        }
        outlet->from += wrote;
    }
}

void outlet_pump(struct outlet *outlet)
{
    pump(outlet, 0);
}

bool outlet_put(struct outlet *outlet, const char *text, size_t bytes)
{
    if (outlet->gone != 0 || bytes == 0) {
        return true;
    }
    if (!queue_reserve(outlet, bytes)) {
        return false;
    }
    queue_add(outlet, text, bytes);
    outlet_pump(outlet);
    return true;
}

void outlet_offer(struct outlet *outlet, const char *text, size_t bytes)
{
    outlet_pump(outlet);
    if (outlet->gone != 0 || outlet->from < outlet->end || bytes > PIPE_BUF ||
        !has_room(outlet, 0) || !queue_reserve(outlet, bytes)) {
        return;
    }
    const size_t wrote = write_some(outlet, text, bytes);
    if (wrote > 0 && wrote < bytes) { /* no line is left broken: the rest of it has its room */
        queue_add(outlet, text + wrote, bytes - wrote);
    }
}

static void outlet_drain(struct outlet *outlet, int stall_s)
{
    while (outlet->from < outlet->end && outlet->gone == 0) {
        const size_t before = outlet->from;
        pump(outlet, stall_s * 1000);
        if (outlet->from == before && outlet->gone == 0) {
            outlet->gone = ETIMEDOUT;
        }
    }
}

void outlet_last(struct outlet *outlet, const char *text, size_t bytes, int stall_s)
{
    outlet_drain(outlet, stall_s);
    outlet->queue = (char *)(uintptr_t)text;
    outlet->from = 0;
    outlet->end = bytes;
    outlet_drain(outlet, stall_s);
}

int outlet_close(struct outlet *outlet, int stall_s)
{
    outlet_drain(outlet, stall_s);
    if (outlet->is_own) {
        (void)close(outlet->fd);
        outlet->is_own = false;
    }
    free(outlet->queue);
    outlet->queue = NULL;
    outlet->from = 0;
    outlet->end = 0;
    outlet->capacity = 0;
    return outlet->gone;
}
