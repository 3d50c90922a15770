/* stops_at.c - a process that is stopped before a given one of the calls that take room: so that a
 * test can change the destination at that moment, and let it go on.
 *
 * Preloaded into the program. STOPS_AT is the number of the call, from 1; with STOPS_STEP it stops
 * before each so-manieth call behind that one, too. STOPS_COUNT names a file that gets how many
 * there were, when the process ends by itself. */
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define SEEN __attribute__((visibility("default")))

static atomic_ulong calls;

static unsigned long told_number(const char *name)
{
    const char *text = getenv(name);
    return text != NULL ? strtoul(text, NULL, 10) : 0;
}

static void call(void)
{
    const unsigned long number = atomic_fetch_add(&calls, 1) + 1, at = told_number("STOPS_AT");
    const unsigned long step = told_number("STOPS_STEP");
    if (number == at || (at > 0 && step > 0 && number > at && (number - at) % step == 0)) {
        (void)raise(SIGSTOP); /* at once: a signal to the process would stop this thread later */
    }
}

__attribute__((destructor)) static void tell(void)
{
    const char *path = getenv("STOPS_COUNT");
    FILE *file = path != NULL ? fopen(path, "w") : NULL;
    if (file != NULL) {
        (void)fprintf(file, "%lu\n", atomic_load(&calls));
        (void)fclose(file);
    }
}

SEEN ssize_t write(int fd, const void *bytes, size_t count)
{
    if (fd > STDERR_FILENO) {
        call();
    }
    return syscall(SYS_write, fd, bytes, count);
}

SEEN ssize_t pwrite64(int fd, const void *bytes, size_t count, off_t offset)
{
    call();
    return syscall(SYS_pwrite64, fd, bytes, count, offset);
}

SEEN ssize_t pwritev2(int fd, const struct iovec *parts, int count, off_t offset, int flags)
{
    call();
    return syscall(SYS_pwritev2, fd, parts, count, offset, 0L, flags);
}

SEEN int mkdirat(int fd, const char *path, mode_t mode)
{
    call();
    return (int)syscall(SYS_mkdirat, fd, path, mode);
}

SEEN int linkat(int from_fd, const char *from, int to_fd, const char *to, int flags)
{
    call();
    return (int)syscall(SYS_linkat, from_fd, from, to_fd, to, flags);
}

SEEN int symlinkat(const char *text, int fd, const char *path)
{
    call();
    return (int)syscall(SYS_symlinkat, text, fd, path);
}

SEEN int renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned flags)
{
    call();
    return (int)syscall(SYS_renameat2, from_fd, from, to_fd, to, flags);
}

SEEN int openat64(int fd, const char *path, int flags, ...)
{
    va_list more;
    va_start(more, flags);
    const mode_t mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(more, mode_t) : 0;
    va_end(more);
    if ((flags & O_CREAT) != 0) {
        call();
    }
    return (int)syscall(SYS_openat, fd, path, flags, mode);
}
