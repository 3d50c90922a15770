/* part.c - opening, reading and hashing the files of a set.
 *
 * Under index.c, set.c, trailer.c and the check; so that "missing", "cut short" and "the drive
 * fails" are told apart in one place. A part is hashed by reads, not through a mapping: a read
 * that fails is an error, a mapping that fails is a signal. */
#include "media/part.h"

#include "base/bug.h"
#include "base/heap.h"
#include "base/io.h"
#include "base/limits.h"
#include "base/own.h"
#include "base/xxh3.h"

#include <fcntl.h>
#include <sys/stat.h>

vsr_code part_code(int os_errno)
{
    switch (os_errno) {
    case ENOENT:
    case ENOTDIR:
    case EISDIR:
    case ELOOP: /* O_NOFOLLOW met a link */
    case ENXIO:
        return VSR_ERR_MEDIA;
    default:
        return VSR_ERR_MEDIA_UNREADABLE;
    }
}

static const char *part_kind(mode_t mode)
{
    return S_ISDIR(mode)    ? "a folder"
           : S_ISFIFO(mode) ? "a FIFO"
           : S_ISSOCK(mode) ? "a socket"
                            : "a device";
}

vsr_code part_open(int dir_fd, const char *name, int *fd, uint64_t *size, vsr_error *error)
{
    OWN(fd)
    opened = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW);
    if (opened < 0) {
        const int fault = errno;
        const vsr_code rc =
            err_sys(error, part_code(fault), "media/part", "cannot open %s of the set", name);
        errno = fault;
        return rc;
    }
    struct stat st;
    if (fstat(opened, &st) != 0) {
        return err_sys(error, VSR_ERR_MEDIA_UNREADABLE, "media/part",
                       "cannot examine %s of the set", name);
    }
    if (!S_ISREG(st.st_mode)) {
        (void)err_set(error, VSR_ERR_MEDIA, "media/part",
                      "cannot read %s of the set: %s stands there, not a regular file", name,
                      part_kind(st.st_mode));
        errno = S_ISDIR(st.st_mode) ? EISDIR : ESPIPE;
        return VSR_ERR_MEDIA;
    }
    *size = (uint64_t)st.st_size;
    *fd = take_fd(&opened);
    return VSR_OK;
}

vsr_code part_read(int fd, void *bytes, size_t count, uint64_t offset, const char *name,
                   vsr_error *error)
{
    return io_pread(fd, bytes, count, offset, name, VSR_ERR_MEDIA_UNREADABLE, VSR_ERR_MEDIA, error);
}

static void part_hash_canonical(XXH128_hash_t hash, uint8_t xxh3_128[16])
{
    XXH128_canonical_t canonical;
    XXH128_canonicalFromHash(&canonical, hash);
    memcpy(xxh3_128, canonical.digest, sizeof canonical.digest);
}

void part_hash_bytes(const void *bytes, size_t count, uint8_t xxh3_128[16])
{
    part_hash_canonical(XXH3_128bits(bytes, count), xxh3_128);
}

static vsr_code part_hash_windows(int fd, uint64_t from, uint64_t end, const char *name,
                                  XXH3_state_t *state, vsr_error *error)
{
    OWN(heap) window = heap_alloc(1, PART_WINDOW_BYTES);
    for (uint64_t at = from; at < end;) {
        const uint64_t left = end - at;
        const size_t count = left < PART_WINDOW_BYTES ? (size_t)left : PART_WINDOW_BYTES;
        const vsr_code rc = part_read(fd, window, count, at, name, error);
        if (rc != VSR_OK) {
            return rc;
        }
        (void)XXH3_128bits_update(state, window, count);
        at += count;
    }
    return VSR_OK;
}

/* before may be NULL; else it gets the hash of all but the last 16 bytes on the way. */
static vsr_code part_hash_with(XXH3_state_t *state, int fd, uint64_t bytes, const char *name,
                               uint8_t *before, uint8_t whole[16], vsr_error *error)
{
    const uint64_t cut = before != NULL ? bytes - 16 : 0;
    (void)XXH3_128bits_reset(state);
    vsr_code rc = VSR_OK;
    if (before != NULL) {
        rc = part_hash_windows(fd, 0, cut, name, state, error);
        part_hash_canonical(XXH3_128bits_digest(state), before);
    }
    if (rc == VSR_OK) {
        rc = part_hash_windows(fd, cut, bytes, name, state, error);
        part_hash_canonical(XXH3_128bits_digest(state), whole);
    }
    return rc;
}

static vsr_code part_hash_any(int fd, uint64_t bytes, const char *name, uint8_t *before,
                              uint8_t whole[16], vsr_error *error)
{
    XXH3_state_t *state = XXH3_createState();
    heap_require(state);
    const vsr_code rc = part_hash_with(state, fd, bytes, name, before, whole, error);
    (void)XXH3_freeState(state);
    return rc;
}

vsr_code part_hash(int fd, uint64_t bytes, const char *name, uint8_t xxh3_128[16], vsr_error *error)
{
    return part_hash_any(fd, bytes, name, NULL, xxh3_128, error);
}

vsr_code part_hash_sealed(int fd, uint64_t bytes, const char *name, uint8_t before[16],
                          uint8_t whole[16], vsr_error *error)
{
    VSR_REQUIRE(bytes >= 16);
    return part_hash_any(fd, bytes, name, before, whole, error);
}

void part_hash_text(const uint8_t xxh3_128[16], char out[PART_HASH_DIGITS])
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < 16; i++) {
        out[2 * i] = digits[xxh3_128[i] >> 4];
        out[2 * i + 1] = digits[xxh3_128[i] & 15];
    }
}

bool part_hash_parse(struct view text, uint8_t xxh3_128[16])
{
    if (text.n != PART_HASH_DIGITS) {
        return false;
    }
    for (size_t i = 0; i < text.n; i++) {
        const char c = text.p[i];
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) {
            return false;
        }
        const unsigned digit = (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
        xxh3_128[i / 2] = (uint8_t)(i % 2 == 0 ? digit << 4 : xxh3_128[i / 2] | digit);
    }
    return true;
}

bool part_name_is_plain(struct view name)
{
    if (name.n == 0 || name.n > 255 || view_find(name, '/') != name.n ||
        memchr(name.p, 0, name.n) != NULL) {
        return false;
    }
    return !view_equal(name, VIEW(".")) && !view_equal(name, VIEW(".."));
}
