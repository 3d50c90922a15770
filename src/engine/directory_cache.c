/* directory_cache.c - the staged directories that a worker keeps open.
 *
 * Files come folder by folder, so that one openat2 serves a folder; everything in it is made by
 * single names on its descriptor. */
#include "engine/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

struct open_directory *worker_directory(struct worker *worker, uint32_t file)
{
    const struct stage *stage = worker->input->stage;
    const uint64_t key = stage_key(stage, file);
    struct open_directory *found = &worker->directories[0];
    for (int i = 0; i < WORKER_DIRECTORIES; i++) {
        struct open_directory *directory = &worker->directories[i];
        if (directory->fd >= 0 && directory->where.key == key) {
            directory->used = ++worker->clock;
            if (!stage_place(stage, file, &directory->where)) {
                errno = EINVAL;
                return NULL;
            }
            return directory;
        }
        found = directory->used < found->used ? directory : found;
    }
    if (found->fd >= 0) {
        (void)close(found->fd);
        found->fd = -1;
    }
    if (!stage_place(stage, file, &found->where)) {
        errno = EINVAL;
        return NULL;
    }
    const int fd = root_openat(found->where.base_fd, found->where.path, O_PATH | O_DIRECTORY, 0);
    if (fd < 0) {
        errno = -fd;
        return NULL;
    }
    found->fd = fd;
    found->used = ++worker->clock;
    return found;
}

int worker_create(const struct open_directory *directory, mode_t mode)
{
    const int flags = O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC;
    int fd = openat(directory->fd, directory->where.name, flags, mode);
    if (fd < 0 && errno == EEXIST && unlinkat(directory->fd, directory->where.name, 0) == 0) {
        fd = openat(directory->fd, directory->where.name, flags, mode);
    }
    return fd < 0 ? -errno : fd;
}
