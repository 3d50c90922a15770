/* opens_end.c - a system whose table of open files is full, from a given moment on.
 *
 * Preloaded into the program. OPENS_END is the number of the call that wants a descriptor for
 * something new, from 1, which gets none: ENFILE. OPENS_ONCE: that one alone, else all behind it,
 * too. OPENS_COUNT names a file that gets how many there were, when the process ends by itself.
 * What the C library opens for itself is not counted. */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SEEN __attribute__((visibility("default")))

struct io_uring;
int io_uring_queue_init(unsigned entries, struct io_uring *ring, unsigned flags); /* liburing.h */

static atomic_ulong calls;
static unsigned long ends;
static int once;
static long (*real_syscall)(long number, ...);

__attribute__((constructor)) static void find(void)
{
    const char *number = getenv("OPENS_END");
    ends = number != NULL ? strtoul(number, NULL, 10) : 0;
    once = getenv("OPENS_ONCE") != NULL;
    real_syscall = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
}

__attribute__((destructor)) static void tell(void)
{
    const char *path = getenv("OPENS_COUNT");
    FILE *(*real_fopen)(const char *, const char *) =
        (FILE * (*)(const char *, const char *)) dlsym(RTLD_NEXT, "fopen64");
    FILE *file = path != NULL ? real_fopen(path, "w") : NULL;
    if (file != NULL) {
        (void)fprintf(file, "%lu\n", atomic_load(&calls));
        (void)fclose(file);
    }
}

static int is_full(void)
{
    const unsigned long number = atomic_fetch_add(&calls, 1) + 1;
    if (ends == 0 || number < ends || (once && number > ends)) {
        return 0;
    }
    errno = ENFILE;
    return 1;
}

static int open_at(int fd, const char *path, int flags, va_list more)
{
    const mode_t mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(more, mode_t) : 0;
    return is_full() ? -1 : (int)real_syscall(SYS_openat, fd, path, flags, mode);
}

SEEN int open64(const char *path, int flags, ...)
{
    va_list more;
    va_start(more, flags);
    const int fd = open_at(AT_FDCWD, path, flags, more);
    va_end(more);
    return fd;
}

SEEN int openat64(int dir_fd, const char *path, int flags, ...)
{
    va_list more;
    va_start(more, flags);
    const int fd = open_at(dir_fd, path, flags, more);
    va_end(more);
    return fd;
}

SEEN DIR *opendir(const char *path)
{
    DIR *(*real)(const char *) = (DIR * (*)(const char *)) dlsym(RTLD_NEXT, "opendir");
    return is_full() ? NULL : real(path);
}

SEEN FILE *fopen64(const char *path, const char *mode)
{
    FILE *(*real)(const char *, const char *) =
        (FILE * (*)(const char *, const char *)) dlsym(RTLD_NEXT, "fopen64");
    return is_full() ? NULL : real(path, mode);
}

SEEN int eventfd(unsigned value, int flags)
{
    return is_full() ? -1 : (int)real_syscall(SYS_eventfd2, value, flags);
}

SEEN int memfd_create(const char *name, unsigned flags)
{
    return is_full() ? -1 : (int)real_syscall(SYS_memfd_create, name, flags);
}

SEEN int pipe2(int ends_of_it[2], int flags)
{
    return is_full() ? -1 : (int)real_syscall(SYS_pipe2, ends_of_it, flags);
}

SEEN int socket(int domain, int type, int protocol)
{
    return is_full() ? -1 : (int)real_syscall(SYS_socket, domain, type, protocol);
}

SEEN int socketpair(int domain, int type, int protocol, int ends_of_it[2])
{
    return is_full() ? -1 : (int)real_syscall(SYS_socketpair, domain, type, protocol, ends_of_it);
}

SEEN int accept4(int fd, struct sockaddr *from, socklen_t *bytes, int flags)
{
    return is_full() ? -1 : (int)real_syscall(SYS_accept4, fd, from, bytes, flags);
}

SEEN int io_uring_queue_init(unsigned entries, struct io_uring *ring, unsigned flags)
{
    int (*real)(unsigned, struct io_uring *, unsigned) =
        (int (*)(unsigned, struct io_uring *, unsigned))dlsym(RTLD_NEXT, "io_uring_queue_init");
    return is_full() ? -ENFILE : real(entries, ring, flags);
}

/* What has no function of its own; a landlock ruleset of no size asks for a version alone. */
SEEN long syscall(long number, ...)
{
    long words[6];
    va_list list;
    va_start(list, number);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        words[i] = va_arg(list, long);
    }
    va_end(list);
    if ((number == SYS_openat2 || (number == SYS_landlock_create_ruleset && words[1] != 0)) &&
        is_full()) {
        return -1;
    }
    return real_syscall(number, words[0], words[1], words[2], words[3], words[4], words[5]);
}
