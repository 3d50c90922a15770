/* pending_hash.c - files that wait, read through, a window at a time; holes are passed over.
 *
 * Who asks is dest/pending_hold.c, once, and dest/pending.c, each time it is carried out. */
#include "dest/pending_hash.h"

#include "base/cancel.h"
#include "base/heap.h"
#include "base/io.h"
#include "base/limits.h"
#include "base/own.h"
#include "base/xxh3.h"

#include <endian.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { BLOCK_BYTES = 4096 };

struct hashing {
    int fd;
    uint64_t bytes;
    const volatile int *cancel;
    XXH3_state_t *state;
    char *window;
};

/* At most a window of [at, end): *count bytes of it. */
static int window_read(const struct hashing *h, uint64_t at, uint64_t end, size_t *count)
{
    vsr_error error = {0};
    *count = end - at < PART_WINDOW_BYTES ? (size_t)(end - at) : PART_WINDOW_BYTES;
    if (cancel_number(h->cancel) != 0) {
        return ECANCELED;
    }
    return io_pread(h->fd, h->window, *count, at, "a file that waits", VSR_ERR_DEST_IO,
                    VSR_ERR_DEST_IO, &error) == VSR_OK
               ? 0
           : error.os_errno != 0 ? error.os_errno
                                 : EIO;
}

static int range_hash(const struct hashing *h)
{
    size_t count = 0;
    int fault = 0;
    for (uint64_t at = 0; at < h->bytes && fault == 0; at += count) {
        fault = window_read(h, at, h->bytes, &count);
        if (fault == 0) {
            (void)XXH3_128bits_update(h->state, h->window, count);
        }
    }
    return fault;
}

/* --- with holes --- */

static bool is_zero(const char *bytes, size_t count)
{
    return bytes[0] == 0 && memcmp(bytes, bytes + 1, count - 1) == 0;
}

static void blocks_hash(const struct hashing *h, uint64_t offset, size_t count)
{
    for (size_t at = 0; at < count; at += BLOCK_BYTES) {
        const size_t block = count - at < BLOCK_BYTES ? count - at : BLOCK_BYTES;
        const uint64_t where = htole64(offset + at);
        if (!is_zero(h->window + at, block)) {
            (void)XXH3_128bits_update(h->state, &where, sizeof where);
            (void)XXH3_128bits_update(h->state, h->window + at, block);
        }
    }
}

/* The blocks that [*begin, *end), the next data from *begin on, lies in. False: there are none. */
static bool data_find(const struct hashing *h, uint64_t *begin, uint64_t *end)
{
    uint64_t data, hole;
    if (!io_data_next(h->fd, *begin, h->bytes, &data, &hole)) {
        return false;
    }
    const uint64_t after = (hole + BLOCK_BYTES - 1) / BLOCK_BYTES * BLOCK_BYTES;
    *begin = data / BLOCK_BYTES * BLOCK_BYTES;
    *end = after < h->bytes ? after : h->bytes;
    return true;
}

static int data_hash(const struct hashing *h)
{
    uint64_t at = 0, end = 0;
    size_t count = 0;
    int fault = 0;
    while (fault == 0 && at < h->bytes && data_find(h, &at, &end)) {
        for (; at < end && fault == 0; at += count) {
            fault = window_read(h, at, end, &count);
            if (fault == 0) {
                blocks_hash(h, at, count);
            }
        }
    }
    return fault;
}

/* --- either --- */

static int hash_by(int (*read)(const struct hashing *h), struct hashing h, uint8_t xxh3_128[16])
{
    XXH128_canonical_t canonical;
    OWN(heap) window = heap_alloc(1, PART_WINDOW_BYTES);
    h.window = window;
    h.state = XXH3_createState();
    heap_require(h.state);
    (void)XXH3_128bits_reset(h.state);
    const int fault = read(&h);
    XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(h.state));
    memcpy(xxh3_128, canonical.digest, sizeof canonical.digest);
    (void)XXH3_freeState(h.state);
    return fault;
}

int pending_hash_whole(int fd, uint64_t bytes, const volatile int *cancel, uint8_t xxh3_128[16])
{
    return hash_by(range_hash, (struct hashing){.fd = fd, .bytes = bytes, .cancel = cancel},
                   xxh3_128);
}

int pending_hash_sparse(int fd, uint64_t bytes, const volatile int *cancel, uint8_t xxh3_128[16])
{
    return hash_by(data_hash, (struct hashing){.fd = fd, .bytes = bytes, .cancel = cancel},
                   xxh3_128);
}
