/* own.h - ownership that the compiler releases. Control plane only: the pipeline owns
 * slots, which have states, not scopes.
 *
 * OWN(fd) marks a local that owns a descriptor; it is closed at every exit of its scope.
 * take_fd() hands it to someone else and leaves the local empty. */
#ifndef BASE_OWN_H
#define BASE_OWN_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define OWN(kind) __attribute__((cleanup(own_##kind##_drop))) own_##kind

typedef int own_fd; /* -1 is empty */

static inline void own_fd_drop(own_fd *fd)
{
    const int saved = errno;
    if (*fd >= 0) {
        (void)close(*fd); /* write errors were caught by a sync before this */
    }
    *fd = -1;
    errno = saved;
}

static inline int take_fd(own_fd *fd)
{
    const int taken = *fd;
    *fd = -1;
    return taken;
}

typedef void *own_heap; /* NULL is empty */

static inline void own_heap_drop(own_heap *memory)
{
    free(*memory);
    *memory = NULL;
}

static inline void *take_heap(own_heap *memory)
{
    void *taken = *memory;
    *memory = NULL;
    return taken;
}

#endif
