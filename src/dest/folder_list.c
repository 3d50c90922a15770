/* folder_list.c - readdir() on a descriptor of its own, so that the caller's stays where it is. */
#include "dest/folder_list.h"

#include "base/heap.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

int folder_list(int dir_fd, folder_visit *visit, void *context)
{
    const int listed = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *list = listed < 0 ? NULL : fdopendir(listed);
    if (listed >= 0 && list == NULL && errno == ENOMEM) {
        heap_require(NULL); /* it would seem to be empty, or not to be there */
    }
    if (list == NULL) {
        const int fault = errno;
        if (listed >= 0) {
            (void)close(listed);
        }
        return fault;
    }
    int ended = 0;
    errno = 0;
    for (struct dirent *entry; ended == 0 && (entry = readdir(list)) != NULL; errno = 0) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            ended = visit(context, dir_fd, entry->d_name);
        }
    }
    ended = ended == 0 ? errno : ended;
    (void)closedir(list);
    return ended;
}
