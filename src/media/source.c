/* source.c - reads of stored bytes, whoever keeps them.
 *
 * Under the packs of a set (set.c), and whatever else is decoded from. Knows nothing of frames.
 * Deliberately not here: retries of single reads, which the engine counts itself. */
#include "media/source.h"

#include "base/limits.h"
#include "media/part.h"

#include <errno.h>
#include <unistd.h>

static int64_t source_ask(const struct source *source, uint64_t offset, void *bytes, size_t count)
{
    const int64_t got = source->read(source->context, offset, bytes, count);
    const bool possible = got < 0 ? got >= -SOURCE_ERRNO_MAX : (uint64_t)got <= count;
    return possible ? got : -EPROTO;
}

int64_t source_read_at(const struct source *source, uint64_t offset, void *bytes, size_t count)
{
    if (source->fd >= 0) {
        const ssize_t got = pread(source->fd, bytes, count, (off_t)offset);
        return got < 0 ? -errno : (int64_t)got;
    }
    return source->read != NULL ? source_ask(source, offset, bytes, count)
                                : -(int64_t)source->os_errno;
}

vsr_code source_read_all(const struct source *source, uint64_t offset, void *bytes, size_t count,
                         const char *name, vsr_error *error)
{
    if (source->fd >= 0) {
        return part_read(source->fd, bytes, count, offset, name, error);
    }
    int idle = 0;
    for (size_t done = 0; done < count;) {
        const int64_t got =
            source_read_at(source, offset + done, (char *)bytes + done, count - done);
        if (got > 0) {
            done += (size_t)got;
            idle = 0;
        } else if (got == 0) {
            return err_set(error, VSR_ERR_MEDIA, "media/source",
                           "cannot read %zu bytes of %s at byte %llu: it ends at byte %llu", count,
                           name, (unsigned long long)offset, (unsigned long long)(offset + done));
        } else if ((got != -EINTR && got != -EAGAIN) || ++idle == IO_RETRIES_MAX) {
            errno = (int)-got;
            return err_sys(error, part_code(errno), "media/source",
                           "cannot read %zu bytes of %s at byte %llu", count, name,
                           (unsigned long long)offset);
        }
    }
    return VSR_OK;
}

void source_close(struct source *source)
{
    if (source->fd >= 0) {
        (void)close(source->fd);
    }
    if (source->close != NULL) {
        source->close(source->context);
    }
    *source = source_none(EBADF);
}
