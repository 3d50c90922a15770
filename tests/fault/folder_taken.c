/* folder_taken.c - preloaded: a neighbour who is faster than anybody. The moment that the program
 * has made a staging folder, it is exchanged with the folder that FOLDER_TAKEN_BY names. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

__attribute__((visibility("default"))) int mkdirat(int fd, const char *name, mode_t mode)
{
    static const char prefix[] = ".vssrestore-", run[] = ".vssrestore-run-";
    const char *other = getenv("FOLDER_TAKEN_BY");
    const int made = (int)syscall(SYS_mkdirat, fd, name, mode);
    if (made == 0 && other != NULL && strncmp(name, prefix, sizeof prefix - 1) == 0 &&
        strncmp(name, run, sizeof run - 1) != 0) {
        (void)renameat2(fd, name, AT_FDCWD, other, RENAME_EXCHANGE);
    }
    return made;
}
