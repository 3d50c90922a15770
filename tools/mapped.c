/* mapped.c - from an address that nothing stands behind any more to the file that did. The end is
 * console.c's. No memory is got: the access may have been anybody's. */
#include "mapped.h"

#include "console.h"

#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATH_BYTES = 4096, LINE_BYTES = PATH_BYTES + 128, SENTENCE_BYTES = PATH_BYTES + 256 };

/* "7f00-7f80 r--p 00000000 08:01 1234  /set/index.bin": the path, if the address is in it. */
static const char *path_of(const char *line, uintptr_t address)
{
    char *rest = NULL;
    const uintptr_t from = (uintptr_t)strtoull(line, &rest, 16);
    const uintptr_t end = *rest == '-' ? (uintptr_t)strtoull(rest + 1, NULL, 16) : 0;
    return address >= from && address < end ? strchr(line, '/') : NULL;
}

/* The file that is mapped there, into path; "": the system does not tell. */
static void mapped_find(uintptr_t address, char path[PATH_BYTES])
{
    char line[LINE_BYTES];
    size_t bytes = 0;
    char byte;
    const int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    path[0] = '\0';
    while (fd >= 0 && path[0] == '\0' && read(fd, &byte, 1) == 1) {
        if (byte != '\n') {
            line[bytes] = byte >= ' ' && byte != '\x7f' ? byte : '?'; /* shown on a terminal */
            bytes += bytes < sizeof line - 1 ? 1 : 0;
            continue;
        }
        line[bytes] = '\0';
        bytes = 0;
        const char *found = path_of(line, address);
        if (found != NULL) {
            (void)snprintf(path, PATH_BYTES, "%s", found);
        }
    }
    if (fd >= 0) {
        (void)close(fd);
    }
}

static void mapped_end(int signal_number, siginfo_t *info, void *context)
{
    char path[PATH_BYTES], sentence[SENTENCE_BYTES];
    (void)signal_number;
    (void)context;
    mapped_find((uintptr_t)info->si_addr, path);
    const char *slash = strrchr(path, '/');
    const bool of_media = slash != NULL && strncmp(slash, "/index.bin", 10) == 0;
    (void)
        snprintf(sentence, sizeof sentence,
                 "vssrestore: %s was cut short, or cannot be read any more, while it was in use\n",
                 path[0] != '\0' ? path : "a file that is mapped");
    console_end(of_media ? -(int)VSR_ERR_MEDIA_UNREADABLE : -(int)VSR_ERR_DEST_IO, sentence);
}

void mapped_watch(void)
{
    struct sigaction action = {.sa_sigaction = mapped_end, .sa_flags = SA_SIGINFO};
    (void)sigemptyset(&action.sa_mask);
    (void)sigaction(SIGBUS, &action, NULL);
}
