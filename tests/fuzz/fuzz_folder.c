/* fuzz_folder.c - see fuzz_folder.h. Two levels deep at most. */
#include "fuzz_folder.h"

#include "base/bug.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char folder[128];

static int remove_one(const char *path, const struct stat *facts, int type, struct FTW *ftw)
{
    (void)facts;
    (void)type;
    (void)ftw;
    return remove(path);
}

static void folder_remove(void)
{
    (void)nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

const char *fuzz_folder_make(void)
{
    const char *above = getenv("TMPDIR");
    const int length = snprintf(folder, sizeof folder, "%s/vssrestore-fuzz-XXXXXX",
                                above != NULL ? above : "/tmp");
    VSR_REQUIRE(length > 0 && (size_t)length < sizeof folder && mkdtemp(folder) != NULL);
    VSR_REQUIRE(atexit(folder_remove) == 0);
    return folder;
}

void fuzz_folder_put(int folder_fd, const char *name, struct view bytes)
{
    const int fd = openat(folder_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    VSR_REQUIRE(fd >= 0 && (bytes.n == 0 || write(fd, bytes.p, bytes.n) == (ssize_t)bytes.n));
    (void)close(fd);
}
