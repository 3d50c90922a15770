/* io.c - reads and writes that finish what they began. */
#include "base/io.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/own.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

enum { FOLDER_DEPTH_MAX = 8192 }; /* as deep as any path that the kernel takes */

static const uint64_t LOCK_PATIENCE_NS = 1000000000;
enum { LOCK_LOOK_MS = 10 };

/* The code for the errno that a call has just left. */
static vsr_code io_code(vsr_code code)
{
    return code == VSR_ERR_DEST_IO ? err_dest_code(errno) : code;
}

/* Was the failure one that merits another try? idle counts tries without progress. */
static bool io_again(ssize_t got, int *idle)
{
    return got < 0 && (errno == EINTR || errno == EAGAIN) && ++*idle < IO_RETRIES_MAX;
}

vsr_code io_pread(int fd, void *bytes, size_t count, uint64_t offset, const char *name,
                  vsr_code code, vsr_code short_code, vsr_error *error)
{
    int idle = 0;
    for (size_t done = 0; done < count;) {
        const ssize_t got = pread(fd, (char *)bytes + done, count - done, (off_t)(offset + done));
        if (got > 0) {
            done += (size_t)got;
            idle = 0;
        } else if (got == 0) {
            return err_set(error, short_code, "base/io",
                           "cannot read %zu bytes of %s at byte %llu: the file ends at byte %llu",
                           count, name, (unsigned long long)offset,
                           (unsigned long long)(offset + done));
        } else if (!io_again(got, &idle)) {
            return err_sys(error, io_code(code), "base/io",
                           "cannot read %zu bytes of %s at byte %llu", count, name,
                           (unsigned long long)offset);
        }
    }
    return VSR_OK;
}

vsr_code io_pwrite(int fd, const void *bytes, size_t count, uint64_t offset, const char *name,
                   vsr_code code, vsr_error *error)
{
    int idle = 0;
    for (size_t done = 0; done < count;) {
        const ssize_t put =
            pwrite(fd, (const char *)bytes + done, count - done, (off_t)(offset + done));
        if (put > 0) {
            done += (size_t)put;
            idle = 0;
        } else if (!io_again(put, &idle)) {
            return err_sys(error, io_code(code), "base/io",
                           "cannot write %zu bytes of %s at byte %llu", count, name,
                           (unsigned long long)offset);
        }
    }
    return VSR_OK;
}

vsr_code io_write(int fd, const void *bytes, size_t count, const char *name, vsr_code code,
                  vsr_error *error)
{
    int idle = 0;
    for (size_t done = 0; done < count;) {
        const ssize_t put = write(fd, (const char *)bytes + done, count - done);
        if (put > 0) {
            done += (size_t)put;
            idle = 0;
        } else if (!io_again(put, &idle)) {
            return err_sys(error, io_code(code), "base/io", "cannot write to %s", name);
        }
    }
    return VSR_OK;
}

vsr_code io_read_file(int dir_fd, const char *name, size_t bytes_max, struct buffer *out,
                      vsr_code code, vsr_error *error)
{
    OWN(fd) fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0) {
        return err_sys(error, io_code(code), "base/io", "cannot open %s", name);
    }
    struct stat st;
    if (fstat(fd, &st) != 0) {
        return err_sys(error, io_code(code), "base/io", "cannot examine %s", name);
    }
    if (!S_ISREG(st.st_mode)) {
        return err_set(error, code, "base/io", "cannot read %s: it is not a regular file", name);
    }
    if ((uint64_t)st.st_size > bytes_max) {
        return err_set(error, code, "base/io",
                       "cannot read %s: %lld bytes, at most %zu are allowed", name,
                       (long long)st.st_size, bytes_max);
    }
    const size_t count = (size_t)st.st_size;
    buffer_reserve(out, count + 1);
    const vsr_code rc = io_pread(fd, out->p + out->n, count, 0, name, code, code, error);
    if (rc == VSR_OK) {
        out->n += count;
    }
    return rc;
}

int io_lock(int fd)
{
    const uint64_t began_ns = clock_monotonic_ns();
    int fault = 0;
    do {
        fault = flock(fd, LOCK_EX | LOCK_NB) == 0 ? 0 : errno;
    } while ((fault == EWOULDBLOCK || fault == EINTR) &&
             clock_monotonic_ns() - began_ns < LOCK_PATIENCE_NS &&
             poll(NULL, 0, LOCK_LOOK_MS) <= 0);
    return fault;
}

vsr_code io_open_folder_of(const char *path, int *folder_fd, const char **name, vsr_error *error)
{
    const char *slash = strrchr(path, '/');
    struct buffer folder = {0};
    buffer_printf(&folder, "%.*s", slash == NULL ? 1 : (int)(slash - path) + 1,
                  slash == NULL ? "." : path);
    *name = slash == NULL ? path : slash + 1;
    *folder_fd = -1;
    if (**name == '\0' || strcmp(*name, ".") == 0 || strcmp(*name, "..") == 0) {
        buffer_free(&folder);
        return err_set(error, VSR_ERR_SELECTION, "base/io",
                       "cannot write '%s': that is no name of a file", path);
    }
    *folder_fd = open(folder.p, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    buffer_free(&folder);
    return *folder_fd >= 0 ? VSR_OK
                           : err_sys(error, err_place_code(errno), "base/io",
                                     "cannot write %s: cannot open the folder that it is to stand "
                                     "in",
                                     path);
}

bool io_folder_is_below(int folder_fd, int top_fd)
{
    struct stat top;
    struct stat here;
    struct stat above;
    bool found = false;
    int fd = dup(folder_fd);
    bool more = fd >= 0 && fstat(top_fd, &top) == 0 && fstat(fd, &here) == 0;
    for (int depth = 0; more && depth < FOLDER_DEPTH_MAX; depth++) {
        found = here.st_dev == top.st_dev && here.st_ino == top.st_ino;
        const int up = found ? -1 : openat(fd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
        more = up >= 0 && fstat(up, &above) == 0 &&
               (above.st_dev != here.st_dev || above.st_ino != here.st_ino);
        here = above;
        (void)close(fd);
        fd = up;
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    return found;
}

vsr_code io_check_replaceable(int dir_fd, const char *name, vsr_code code, vsr_error *error)
{
    struct stat st;
    if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
        return errno == ENOENT
                   ? VSR_OK
                   : err_sys(error,
                             code == VSR_ERR_SELECTION ? err_place_code(errno) : io_code(code),
                             "base/io", "cannot examine %s", name);
    }
    if (!S_ISREG(st.st_mode)) {
        return err_set(error, code, "base/io",
                       "cannot write %s: it is there and is no regular file; it is left alone",
                       name);
    }
    return VSR_OK;
}

bool io_data_next(int fd, uint64_t at, uint64_t end, uint64_t *data, uint64_t *hole)
{
    const off_t first = lseek(fd, (off_t)at, SEEK_DATA);
    if (first < 0 && errno == ENXIO) {
        return false;
    }
    const off_t behind = first < 0 ? -1 : lseek(fd, first, SEEK_HOLE);
    *data = first < 0 ? at : (uint64_t)first;
    *hole = behind > first && (uint64_t)behind < end ? (uint64_t)behind : end;
    return *data < *hole;
}

bool io_part_name(char out[IO_PART_NAME_BYTES], const char *name)
{
    const int length = snprintf(out, IO_PART_NAME_BYTES, ".%s.part", name);
    return length > 0 && length < IO_PART_NAME_BYTES;
}

int io_open_part(int dir_fd, const char *name, int access, mode_t mode)
{
    (void)unlinkat(dir_fd, name, 0);
    return openat(dir_fd, name, access | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
}

vsr_code io_replace_file(int dir_fd, const char *name, struct view bytes, enum io_sync sync,
                         vsr_code code, vsr_error *error)
{
    char hidden[IO_PART_NAME_BYTES];
    if (!io_part_name(hidden, name)) {
        return err_set(error, code, "base/io", "cannot write %s: the name is too long", name);
    }
    vsr_code rc = io_check_replaceable(dir_fd, name, code, error);
    if (rc != VSR_OK) {
        return rc;
    }
    OWN(fd) fd = io_open_part(dir_fd, hidden, O_WRONLY, 0644);
    if (fd < 0) {
        return err_sys(error, io_code(code), "base/io", "cannot create %s", hidden);
    }
    rc = io_write(fd, bytes.p, bytes.n, name, code, error);
    if (rc == VSR_OK && sync == IO_SYNCED && fsync(fd) != 0) {
        rc = err_sys(error, io_code(code), "base/io", "cannot sync %s", hidden);
    }
    if (rc == VSR_OK && renameat(dir_fd, hidden, dir_fd, name) != 0) {
        rc = err_sys(error, io_code(code), "base/io", "cannot rename %s to %s", hidden, name);
    }
    if (rc != VSR_OK) {
        (void)unlinkat(dir_fd, hidden, 0);
        return rc;
    }
    if (sync == IO_SYNCED && fsync(dir_fd) != 0 && errno != EINVAL) {
        return err_sys(error, io_code(code), "base/io", "cannot sync the folder of %s", name);
    }
    return VSR_OK;
}
