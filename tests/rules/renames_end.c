/* renames_end.c - a file system that takes no more renames, from the first one to a given name on.
 *
 * Preloaded into the program: what a drive does to it that turns read-only while a component is
 * being published, at a moment that a test can choose. RENAMES_END_AT is the name. Only the calls
 * that publish: the run folder is not on that drive. */
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SEEN __attribute__((visibility("default")))

SEEN int renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned flags);

int renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned flags)
{
    static atomic_bool ended;
    const char *last = getenv("RENAMES_END_AT");
    if (last != NULL && strcmp(to, last) == 0) {
        atomic_store(&ended, 1);
    }
    if (atomic_load(&ended)) {
        errno = EROFS;
        return -1;
    }
    return (int)syscall(SYS_renameat2, from_fd, from, to_fd, to, flags);
}
