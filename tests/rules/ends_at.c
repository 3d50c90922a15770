/* ends_at.c - a process that is killed before a given one of the calls that change something which
 * outlives it: names at destinations and in the run folder, records of a journal, syncs, bytes of
 * a file at its place and of an undo file.
 *
 * Preloaded into the program. ENDS_AT is the number of the call, from 1; without it, or with a
 * larger one than there are, nothing happens. ENDS_COUNT names a file that gets how many there
 * were, when the process ends by itself. With ENDS_HALF what would be written is written by half
 * first. With ENDS_BY, a signal's number, that is sent instead, and the call is made. Writes
 * elsewhere are not counted: what they leave is not seen until a name is. With SYNC_FAILS no file
 * system can be synced, with SYNC_HELD no sync ends while a file is there, with READ_HELD no read
 * of a pack, with NO_EXCHANGE no names are exchanged, with NO_ROOM_FOR there is none for one name
 * or attribute, with OVERTAKEN_AT somebody is faster than an exchange, with DENIED nothing is
 * renamed from or to one name, with NO_ROOM_AT no staged file has room from that byte on, with
 * NOT_SYNCED, the end of a path from its last '/', such a file cannot be synced (EIO, or the
 * number in NOT_SYNCED_FAULT), once NOT_SYNCED_BEHIND is there, if that is given, with NOTE_FAULT,
 * an errno's number, no sync can be noted, with NO_FOLDER there is no room for one whose name
 * begins so (with NO_FOLDER_FAULT it fails so, the first time), with NO_FLAGS no rename takes a
 * flag. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#define SEEN __attribute__((visibility("default")))

static atomic_ulong calls;

static unsigned long ends_at(void)
{
    const char *text = getenv("ENDS_AT");
    return text != NULL ? strtoul(text, NULL, 10) : 0;
}

/* True: now. */
static int count(void)
{
    return atomic_fetch_add(&calls, 1) + 1 == ends_at();
}

static void end(void)
{
    const char *by = getenv("ENDS_BY");
    if (by != NULL) {
        (void)kill(getpid(), (int)strtol(by, NULL, 10));
        return;
    }
    (void)kill(getpid(), SIGKILL);
    for (;;) {
        (void)pause();
    }
}

static void call(void)
{
    if (count()) {
        end();
    }
}

enum { PATH_BYTES = 4096 };

/* Its last name, with the '/'; path gets all of it. */
static const char *name_of(int fd, char path[PATH_BYTES])
{
    char link[64];
    (void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    const ssize_t n = readlink(link, path, PATH_BYTES - 1);
    path[n > 0 ? n : 0] = '\0';
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash : "";
}

static int is_journal(int fd)
{
    char path[PATH_BYTES];
    return strcmp(name_of(fd, path), "/journal") == 0;
}

/* A file at its place, or one that keeps what was there: not a staged one, nor another one of the
 * run folder, whose marks are written whenever there is time. */
static int is_in_place(int fd)
{
    char path[PATH_BYTES];
    const char *name = name_of(fd, path);
    return strncmp(name, "/undo-", 6) == 0 ||
           (strcmp(name, "/checkpoint") != 0 && strstr(path, "/.vssrestore-") == NULL);
}

/* With NO_ROOM_FOR, a name: the first time that something gets it there is no room for it. */
static int has_no_room(const char *to)
{
    static atomic_bool told;
    const char *name = getenv("NO_ROOM_FOR");
    return name != NULL && strcmp(to, name) == 0 && !atomic_exchange(&told, 1);
}

SEEN int fsetxattr(int fd, const char *name, const void *value, size_t n, int flags)
{
    if (has_no_room(name)) {
        errno = ENOSPC;
        return -1;
    }
    return (int)syscall(SYS_fsetxattr, fd, name, value, n, flags);
}

/* With NO_EXCHANGE, the end of a name or more than that: no names are exchanged, as on file systems
 * that cannot, and nothing is renamed from a name that ends so. With DENIED, a name: as in a folder
 * that may not be changed. */
static int refused(const char *from, const char *to, unsigned flags)
{
    const char *end = getenv("NO_EXCHANGE"), *denied = getenv("DENIED");
    if (denied != NULL && (strcmp(from, denied) == 0 || strcmp(to, denied) == 0)) {
        return EPERM;
    }
    if (has_no_room(to)) {
        return ENOSPC;
    }
    if (flags != 0 && getenv("NO_FLAGS") != NULL) {
        return EINVAL;
    }
    if (end == NULL) {
        return 0;
    }
    const size_t n = strlen(from), bytes = strlen(end);
    return (flags & RENAME_EXCHANGE) != 0                     ? EINVAL
           : n >= bytes && strcmp(from + n - bytes, end) == 0 ? EIO
                                                              : 0;
}

/* With OVERTAKEN_AT, a place: in the moment before something is exchanged with what stands there
 * (the time that OVERTAKEN_TIME says, from 1), the file OVERTAKEN_BY is renamed to it. */
static int is_overtaken(int fd, const char *name, unsigned flags)
{
    static atomic_ulong times;
    char path[PATH_BYTES];
    const char *place = getenv("OVERTAKEN_AT"), *time = getenv("OVERTAKEN_TIME");
    if (place == NULL || (flags & RENAME_EXCHANGE) == 0) {
        return 0;
    }
    (void)name_of(fd, path);
    const size_t n = strlen(path);
    return strncmp(place, path, n) == 0 && place[n] == '/' && strcmp(place + n + 1, name) == 0 &&
           atomic_fetch_add(&times, 1) + 1 == strtoul(time, NULL, 10);
}

/* With OVERTAKEN_ENDS the process is killed when that exchange was made. */
static int exchange_overtaken(int from_fd, const char *from, int to_fd, const char *to)
{
    (void)syscall(SYS_renameat2, AT_FDCWD, getenv("OVERTAKEN_BY"), AT_FDCWD, getenv("OVERTAKEN_AT"),
                  0);
    const int done = (int)syscall(SYS_renameat2, from_fd, from, to_fd, to, RENAME_EXCHANGE);
    if (getenv("OVERTAKEN_ENDS") != NULL) {
        end();
    }
    return done;
}

SEEN int renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned flags)
{
    call();
    const int fault = refused(from, to, flags);
    if (fault != 0) {
        errno = fault;
        return -1;
    }
    return is_overtaken(to_fd, to, flags)
               ? exchange_overtaken(from_fd, from, to_fd, to)
               : (int)syscall(SYS_renameat2, from_fd, from, to_fd, to, flags);
}

SEEN int renameat(int from_fd, const char *from, int to_fd, const char *to)
{
    call();
    if (has_no_room(to)) {
        errno = ENOSPC;
        return -1;
    }
    return (int)syscall(SYS_renameat2, from_fd, from, to_fd, to, 0);
}

SEEN int linkat(int from_fd, const char *from, int to_fd, const char *to, int flags)
{
    call();
    return (int)syscall(SYS_linkat, from_fd, from, to_fd, to, flags);
}

SEEN int unlinkat(int fd, const char *name, int flags)
{
    call();
    return (int)syscall(SYS_unlinkat, fd, name, flags);
}

SEEN int mkdirat(int fd, const char *name, mode_t mode)
{
    static atomic_bool told;
    const char *begins = getenv("NO_FOLDER"), *fault = getenv("NO_FOLDER_FAULT");
    call();
    if (begins != NULL && strncmp(name, begins, strlen(begins)) == 0 &&
        (fault == NULL || !atomic_exchange(&told, 1))) {
        errno = fault != NULL ? (int)strtol(fault, NULL, 10) : ENOSPC;
        return -1;
    }
    return (int)syscall(SYS_mkdirat, fd, name, mode);
}

SEEN int futimens(int fd, const struct timespec times[2])
{
    call();
    return (int)syscall(SYS_utimensat, fd, NULL, times, 0);
}

/* 0, or why that file cannot be synced. */
static int is_not_synced(const char *name)
{
    const char *unsynced = getenv("NOT_SYNCED"), *fault = getenv("NOT_SYNCED_FAULT");
    const char *behind = getenv("NOT_SYNCED_BEHIND");
    if (unsynced == NULL || strcmp(name, unsynced) != 0 ||
        (behind != NULL && access(behind, F_OK) != 0)) {
        return 0;
    }
    return fault != NULL ? (int)strtol(fault, NULL, 10) : EIO;
}

static void hold_below(const char *path);

SEEN int fdatasync(int fd)
{
    char path[PATH_BYTES];
    const int fault = is_not_synced(name_of(fd, path));
    call();
    hold_below(path);
    if (fault != 0) {
        errno = fault;
        return -1;
    }
    return (int)syscall(SYS_fdatasync, fd);
}

SEEN int ftruncate(int fd, off_t length)
{
    call();
    return (int)syscall(SYS_ftruncate, fd, length);
}

SEEN ssize_t write(int fd, const void *bytes, size_t n)
{
    if (is_journal(fd) && count()) {
        if (getenv("ENDS_HALF") != NULL) {
            (void)syscall(SYS_write, fd, bytes, n / 2);
        }
        end();
    }
    return syscall(SYS_write, fd, bytes, n);
}

/* With NO_ROOM_AT, an offset, no staged file has room for a byte from there on. How many of these
 * bytes can be written; 0: none. */
static size_t room_for(int fd, size_t n, off_t at)
{
    char path[PATH_BYTES];
    const char *text = getenv("NO_ROOM_AT");
    const off_t end = text != NULL ? (off_t)strtoll(text, NULL, 10) : 0;
    if (text == NULL || at + (off_t)n <= end) {
        return n;
    }
    (void)name_of(fd, path);
    if (strstr(path, "/.vssrestore-") == NULL) {
        return n;
    }
    const int unit = (fcntl(fd, F_GETFL) & O_DIRECT) != 0 ? 4096 : 1;
    return at < end ? (size_t)((end - at) / unit * unit) : 0;
}

SEEN ssize_t pwrite64(int fd, const void *bytes, size_t n, off_t at)
{
    const size_t room = room_for(fd, n, at);
    if (room < n) {
        errno = ENOSPC;
        return room == 0 ? -1 : syscall(SYS_pwrite64, fd, bytes, room, at);
    }
    if (is_in_place(fd) && count()) {
        if (getenv("ENDS_HALF") != NULL) {
            (void)syscall(SYS_pwrite64, fd, bytes, n / 2, at);
        }
        end();
    }
    return syscall(SYS_pwrite64, fd, bytes, n, at);
}

/* One part is all that the program writes so. */
SEEN ssize_t pwritev64v2(int fd, const struct iovec *parts, int part_count, off_t at, int flags)
{
    const size_t room = room_for(fd, parts->iov_len, at);
    if (room < parts->iov_len) {
        errno = ENOSPC;
        return room == 0 ? -1 : syscall(SYS_pwrite64, fd, parts->iov_base, room, at);
    }
    if (is_in_place(fd) && count()) {
        if (getenv("ENDS_HALF") != NULL) {
            (void)syscall(SYS_pwrite64, fd, parts->iov_base, parts->iov_len / 2, at);
        }
        end();
    }
    return syscall(SYS_pwritev2, fd, parts, part_count, at, 0L, flags);
}

/* With SYNC_HELD, a file's name, no sync ends as long as that is there, once SYNC_HELD_BEHIND is
 * there, too; a process that waits so, and publishes, adds its number to the first. With
 * SYNC_FAILS, a file's name, no file system can be synced; who tried has made that file. */
static const char *sync_fails, *sync_held, *sync_held_behind, *read_held;
static long (*real_syscall)(long number, ...);
enum { NOTES_ALIGNED = 512, NOTER_PUBLISH = 0 }; /* dest/sync_note.h; where they begin in a file */
static int publishes;                            /* the sync that this process has noted */
static int note_fault;

__attribute__((constructor)) static void find(void)
{
    sync_fails = getenv("SYNC_FAILS");
    sync_held = getenv("SYNC_HELD");
    sync_held_behind = getenv("SYNC_HELD_BEHIND");
    read_held = getenv("READ_HELD");
    const char *fault = getenv("NOTE_FAULT");
    note_fault = fault != NULL ? (int)strtol(fault, NULL, 10) : 0;
    real_syscall = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
}

static int stands(const char *path)
{
    return real_syscall(SYS_faccessat, AT_FDCWD, path, F_OK) == 0;
}

static void hold(const char *held)
{
    while (stands(held)) {
        const struct timespec pause = {.tv_nsec = 10000000};
        (void)real_syscall(SYS_nanosleep, &pause, NULL);
    }
}

/* With READ_HELD, a file's name, no read of a set's packs ends as long as that is there. */
SEEN ssize_t pread64(int fd, void *bytes, size_t n, off_t at)
{
    char path[PATH_BYTES];
    (void)name_of(fd, path);
    if (read_held != NULL && strstr(path, "/packs/") != NULL) {
        hold(read_held);
    }
    return real_syscall(SYS_pread64, fd, bytes, n, at);
}

static void hold_sync(void)
{
    if (sync_held == NULL || !stands(sync_held) ||
        (sync_held_behind != NULL && !stands(sync_held_behind))) {
        return;
    }
    const int pid = (int)real_syscall(SYS_getpid);
    const long told = real_syscall(SYS_openat, AT_FDCWD, sync_held, O_WRONLY | O_APPEND);
    if (publishes != 0) {
        (void)real_syscall(SYS_write, told, &pid, sizeof pid);
    }
    (void)real_syscall(SYS_close, told);
    hold(sync_held);
}

static int sync_one(int fd)
{
    hold_sync();
    if (sync_fails == NULL) {
        return (int)real_syscall(SYS_syncfs, fd);
    }
    const long told = real_syscall(SYS_openat, AT_FDCWD, sync_fails, O_WRONLY | O_CREAT, 0600);
    (void)real_syscall(SYS_close, told);
    errno = EIO;
    return -1;
}

SEEN int syncfs(int fd)
{
    return sync_one(fd);
}

/* Files one by one, below the folder in SYNC_HELD_BELOW, if that is given. */
static void hold_below(const char *path)
{
    const char *below = getenv("SYNC_HELD_BELOW");
    if (below != NULL && strncmp(path, below, strlen(below)) == 0) {
        hold_sync();
    }
}

SEEN int fsync(int fd)
{
    char path[PATH_BYTES];
    const int fault = is_not_synced(name_of(fd, path));
    hold_below(path);
    if (fault != 0) {
        errno = fault;
        return -1;
    }
    return (int)real_syscall(SYS_fsync, fd);
}

/* The process that syncs calls the system by its numbers. */
SEEN long syscall(long number, ...)
{
    long words[6];
    va_list list;
    va_start(list, number);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        words[i] = va_arg(list, long);
    }
    va_end(list);
    if (number == SYS_pwrite64 && words[2] == 1) {
        publishes = words[3] % NOTES_ALIGNED == NOTER_PUBLISH;
        if (note_fault != 0) {
            errno = note_fault;
            return -1;
        }
    }
    return number == SYS_syncfs
               ? sync_one((int)words[0])
               : real_syscall(number, words[0], words[1], words[2], words[3], words[4], words[5]);
}

__attribute__((destructor)) static void told(void)
{
    const char *path = getenv("ENDS_COUNT");
    FILE *out = path != NULL ? fopen(path, "w") : NULL;
    if (out != NULL) {
        (void)fprintf(out, "%lu\n", atomic_load(&calls));
        (void)fclose(out);
    }
}
