/* source.h - where stored bytes come from: a file that is open, or a function that reads.
 *
 * Who has many reads in flight at once gives the descriptor, where there is one, to its ring; all
 * others, and all reads where there is none, go through the calls here. Any thread, several at
 * once: a function must stand that, or bring its calls to one thread itself (media/desk.h). */
#ifndef MEDIA_SOURCE_H
#define MEDIA_SOURCE_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* At most count bytes at offset. How many were read, 0: the source ends there; or -errno. */
typedef int64_t source_function(void *context, uint64_t offset, void *bytes, size_t count);

/* What a function may return at the least; the kernel's own bound. */
enum { SOURCE_ERRNO_MAX = 4095 };

struct source {
    int fd;                       /* -1: none                                      */
    int os_errno;                 /* with neither descriptor nor function: why not */
    source_function *read;        /* asked where there is no descriptor; or NULL   */
    void (*close)(void *context); /* when nobody reads it any more; or NULL        */
    void *context;                /* of both */
};

static inline struct source source_none(int os_errno)
{
    return (struct source){.fd = -1, .os_errno = os_errno};
}

/* fd is the source's from here on (source_close()). */
static inline struct source source_of_fd(int fd)
{
    return (struct source){.fd = fd};
}

static inline bool source_has_fd(const struct source *source)
{
    return source->fd >= 0;
}

static inline bool source_is_open(const struct source *source)
{
    return source->fd >= 0 || source->read != NULL;
}

/* One read, which may be short: bytes, 0 at the end, or -errno (of a source that is not open, the
 * reason). What a function returns is not believed: what can be neither is -EPROTO. */
int64_t source_read_at(const struct source *source, uint64_t offset, void *bytes, size_t count);

/* All count bytes, as part_read() reads them: MEDIA when the source ends before, else as
 * part_code(). name is for the message. */
vsr_code source_read_all(const struct source *source, uint64_t offset, void *bytes, size_t count,
                         const char *name, vsr_error *error);

/* The source is none (EBADF) then. */
void source_close(struct source *source);

#endif
