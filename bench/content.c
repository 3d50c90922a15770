/* content.c - the bytes themselves. Each 64 bytes are 30 fresh ones and 34 that stood there before,
 * which LZ4 brings to about half. */
#include "content.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { WRITE_BYTES = 1 << 20, PERIOD_BYTES = 64, FRESH_BYTES = 30 };

uint64_t content_next(struct content_rng *rng)
{
    uint64_t z = (rng->state += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

uint64_t content_below(struct content_rng *rng, uint64_t bound)
{
    return (uint64_t)(((__uint128_t)content_next(rng) * bound) >> 64);
}

uint64_t content_log_uniform(struct content_rng *rng, uint64_t low, uint64_t high)
{
    const double unit = (double)(content_next(rng) >> 11) / 9007199254740992.0;
    const double value = (double)low * pow((double)high / (double)low, unit);
    return value > (double)high ? high : (uint64_t)value;
}

void content_fill(struct content_rng *rng, void *bytes, size_t count)
{
    unsigned char *out = bytes;
    unsigned char period[PERIOD_BYTES];
    const uint64_t start = content_next(rng);
    for (size_t i = 0; i < sizeof period; i += 8) {
        memcpy(period + i, &start, 8);
    }
    for (size_t at = 0; at < count; at += PERIOD_BYTES) {
        for (size_t i = 0; i < FRESH_BYTES + 2; i += 8) {
            const uint64_t fresh = content_next(rng);
            memcpy(period + i, &fresh, i + 8 <= FRESH_BYTES ? 8 : FRESH_BYTES - i);
        }
        memcpy(out + at, period, count - at < PERIOD_BYTES ? count - at : PERIOD_BYTES);
    }
}

static int extent_write(struct content_rng *rng, int fd, uint64_t offset, uint64_t length)
{
    static __thread unsigned char bytes[WRITE_BYTES];
    while (length > 0) {
        const size_t step = length > WRITE_BYTES ? WRITE_BYTES : (size_t)length;
        content_fill(rng, bytes, step);
        if (pwrite(fd, bytes, step, (off_t)offset) != (ssize_t)step) {
            return errno != 0 ? errno : EIO;
        }
        offset += step;
        length -= step;
    }
    return 0;
}

int content_write(struct content_rng *rng, int dir_fd, const char *name, uint64_t size,
                  const struct content_extent *extents, size_t extent_count)
{
    const struct content_extent whole = {0, size};
    if (extents == NULL) {
        extents = &whole;
        extent_count = 1;
    }
    const int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0) {
        return errno;
    }
    int rc = 0;
    for (size_t i = 0; i < extent_count && rc == 0; i++) {
        rc = extent_write(rng, fd, extents[i].offset, extents[i].length);
    }
    if (rc == 0 && ftruncate(fd, (off_t)size) != 0) {
        rc = errno;
    }
    /* between 2005 and 2023, in NTFS's steps of 100 ns */
    struct timespec times[2];
    times[0].tv_sec = (time_t)(1104537600 + content_below(rng, 568000000));
    times[0].tv_nsec = (long)(content_below(rng, 10000000) * 100);
    times[1] = times[0];
    if (rc == 0 && futimens(fd, times) != 0) {
        rc = errno;
    }
    (void)close(fd);
    return rc;
}
