/* sync_ends.c - a process that syncs for the program, and how its syncs end.
 *
 * Preloaded into the program. That process calls the system by its numbers; the program's own
 * syncfs() is left alone. SYNC_TELLS names a file that gets a byte for each sync that begins, and
 * with ".ended" behind its name one for each that has ended. With SYNC_GATE none begins before a
 * file of that name is there. With SYNC_FAULT each fails, after it was made; with SYNC_DIES the
 * process ends where one has failed, before it can tell. With SYNC_NOTER all this is so for those
 * alone who note their syncs by that number (dest/sync_note.h): what is told of a sync is that.
 * With SYNC_NOTE_FULL none can be noted: there is no room for that. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define SEEN __attribute__((visibility("default")))

enum { GATE_LOOK_MS = 5, GATE_LOOKS_MAX = 12000 };
enum { NOTES_ALIGNED = 512 }; /* where they begin in their file */

static long (*real_syscall)(long number, ...);
static const char *tells, *gate;
static char ended[4096];
static int fault, dies, note_full;
static char noter = '0'; /* this process's */
static const char *noters;

__attribute__((constructor)) static void find(void)
{
    real_syscall = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
    tells = getenv("SYNC_TELLS");
    gate = getenv("SYNC_GATE");
    fault = getenv("SYNC_FAULT") != NULL;
    dies = getenv("SYNC_DIES") != NULL;
    noters = getenv("SYNC_NOTER");
    note_full = getenv("SYNC_NOTE_FULL") != NULL;
    (void)snprintf(ended, sizeof ended, "%s.ended", tells != NULL ? tells : "");
}

static void tell(const char *path)
{
    const long fd = real_syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND, 0600);
    (void)real_syscall(SYS_write, fd, &noter, 1L);
    (void)real_syscall(SYS_close, fd);
}

static void wait_for_gate(void)
{
    const struct timespec pause = {.tv_nsec = GATE_LOOK_MS * 1000000L};
    for (int i = 0; i < GATE_LOOKS_MAX; i++) {
        if (real_syscall(SYS_faccessat, AT_FDCWD, gate, F_OK) == 0) {
            return;
        }
        (void)real_syscall(SYS_nanosleep, &pause, NULL);
    }
}

static long sync_one(long fd)
{
    if (tells != NULL) {
        tell(tells);
    }
    const int meant = noters == NULL || noters[0] == noter;
    if (gate != NULL && meant) {
        wait_for_gate();
    }
    const long real = real_syscall(SYS_syncfs, fd);
    const int told = real != 0 ? errno : fault != 0 && meant ? EIO : 0;
    if (tells != NULL) {
        tell(ended);
    }
    if (told != 0 && dies != 0) {
        (void)real_syscall(SYS_exit_group, 1L);
    }
    errno = told;
    return told != 0 ? -1 : 0;
}

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
        noter = (char)('0' + words[3] % NOTES_ALIGNED);
        if (note_full != 0) {
            errno = ENOSPC;
            return -1;
        }
    }
    return number == SYS_syncfs
               ? sync_one(words[0])
               : real_syscall(number, words[0], words[1], words[2], words[3], words[4], words[5]);
}
