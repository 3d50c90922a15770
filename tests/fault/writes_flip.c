/* writes_flip.c - preloaded: memory in which a bit goes bad between the check and the disk. Of each
 * write that begins with the bytes in WRITES_FLIP_AFTER (hexadecimal, at most 16), the last byte
 * is changed where it lies. */
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#define SEEN __attribute__((visibility("default")))

enum { MARK_BYTES_MAX = 16 };

static size_t mark_read(unsigned char mark[MARK_BYTES_MAX])
{
    const char *text = getenv("WRITES_FLIP_AFTER");
    size_t count = 0;
    for (unsigned byte = 0;
         text != NULL && count < MARK_BYTES_MAX && sscanf(text + 2 * count, "%2x", &byte) == 1;) {
        mark[count++] = (unsigned char)byte;
    }
    return count;
}

static void spoil(const void *bytes, size_t count)
{
    unsigned char mark[MARK_BYTES_MAX];
    const size_t mark_bytes = mark_read(mark);
    if (mark_bytes > 0 && count > mark_bytes && memcmp(bytes, mark, mark_bytes) == 0) {
        ((char *)(uintptr_t)bytes)[count - 1] ^= 1;
    }
}

SEEN ssize_t pwrite64(int fd, const void *bytes, size_t count, off_t offset)
{
    static ssize_t (*next)(int, const void *, size_t, off_t);
    if (next == NULL) {
        void *found = dlsym(RTLD_NEXT, "pwrite64");
        memcpy(&next, &found, sizeof next);
    }
    spoil(bytes, count);
    return next(fd, bytes, count, offset);
}

SEEN ssize_t pwritev64v2(int fd, const struct iovec *parts, int part_count, off_t offset, int flags)
{
    static ssize_t (*next)(int, const struct iovec *, int, off_t, int);
    if (next == NULL) {
        void *found = dlsym(RTLD_NEXT, "pwritev64v2");
        memcpy(&next, &found, sizeof next);
    }
    if (part_count > 0) {
        spoil(parts[0].iov_base, parts[0].iov_len);
    }
    return next(fd, parts, part_count, offset, flags);
}
