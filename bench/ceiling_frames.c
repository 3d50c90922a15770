/* ceiling_frames.c - how fast these packs could be read, decoded and checked, if nothing else were
 * to be done. Frames are found before the clock starts; threads claim them one by one. */
#include "ceilings.h"
#include "crew.h"
#include "widest_hash.h"

#include <errno.h>
#include <fcntl.h>
#include <lz4.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECE_BYTES = 1 << 20, HEADER_BYTES = 15, BLOCK_SUM_BYTES = 4, END_BYTES = 8 };
#define FRAME_MAGIC    UINT32_C(0x184D2204)
#define SKIPPABLE_LOW  UINT32_C(0x184D2A50)
#define SKIPPABLE_HIGH UINT32_C(0x184D2A5F)
#define BLOCK_STORED   UINT32_C(0x80000000)

struct frame {
    int pack;
    const char *block;
    uint32_t block_bytes; /* with BLOCK_STORED where it is not compressed */
    uint32_t plain_bytes;
};

struct pack {
    const char *path;
    const char *bytes;
    uint64_t byte_count;
    int fd;
};

struct frames {
    struct pack *packs;
    int pack_count;
    struct frame *list;
    size_t count, room;
    bool hash;
    atomic_size_t next;         /* frame, or 1 MiB piece of all packs in a row */
    atomic_uint_fast64_t bytes; /* that the threads have had */
    atomic_uint_fast64_t sum;   /* of the hashes: they must be wanted */
};

static uint32_t number_at(const char *bytes)
{
    uint32_t number;
    memcpy(&number, bytes, sizeof number);
    return number;
}

static void pack_broken(const struct pack *pack, uint64_t offset)
{
    errno = EBADMSG;
    char place[4096];
    (void)snprintf(place, sizeof place, "%s at %llu", pack->path, (unsigned long long)offset);
    crew_fail("find a frame in", place);
}

static void frames_add(struct frames *frames, struct frame frame)
{
    if (frames->count == frames->room) {
        frames->room = frames->room == 0 ? 4096 : frames->room * 2;
        frames->list = realloc(frames->list, frames->room * sizeof *frames->list);
        if (frames->list == NULL) {
            crew_fail("remember", "so many frames");
        }
    }
    frames->list[frames->count++] = frame;
}

/* Every frame has one block, a content size and all checksums (FORMAT.md, section 2). */
static void pack_find_frames(struct frames *frames, const struct pack *pack)
{
    uint64_t at = 0;
    while (at + HEADER_BYTES + 4 <= pack->byte_count) {
        const char *frame = pack->bytes + at;
        const uint32_t magic = number_at(frame);
        if (magic >= SKIPPABLE_LOW && magic <= SKIPPABLE_HIGH) {
            at += 8 + (uint64_t)number_at(frame + 4);
            continue;
        }
        const uint32_t plain_bytes = number_at(frame + 6);
        const uint32_t block_bytes = number_at(frame + HEADER_BYTES);
        const uint64_t end = at + HEADER_BYTES + 4 + (block_bytes & ~BLOCK_STORED);
        if (magic != FRAME_MAGIC || plain_bytes > PIECE_BYTES || number_at(frame + 10) != 0 ||
            end + BLOCK_SUM_BYTES + END_BYTES > pack->byte_count) {
            pack_broken(pack, at);
        }
        frames_add(frames, (struct frame){(int)(pack - frames->packs), frame + HEADER_BYTES + 4,
                                          block_bytes, plain_bytes});
        at = end + BLOCK_SUM_BYTES + END_BYTES;
    }
}

static void packs_open(struct frames *frames, char **paths, bool map)
{
    frames->packs = calloc((size_t)frames->pack_count, sizeof *frames->packs);
    for (int i = 0; i < frames->pack_count && frames->packs != NULL; i++) {
        struct pack *pack = &frames->packs[i];
        struct stat st;
        pack->path = paths[i];
        pack->fd = open(paths[i], O_RDONLY | O_CLOEXEC);
        if (pack->fd < 0 || fstat(pack->fd, &st) != 0) {
            crew_fail("open", paths[i]);
        }
        pack->byte_count = (uint64_t)st.st_size;
        if (!map || st.st_size == 0) {
            continue;
        }
        void *bytes =
            mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED | MAP_POPULATE, pack->fd, 0);
        if (bytes == MAP_FAILED) {
            crew_fail("map", paths[i]);
        }
        pack->bytes = bytes;
        pack_find_frames(frames, pack);
    }
}

static void frames_close(struct frames *frames)
{
    for (int i = 0; i < frames->pack_count; i++) {
        const struct pack *pack = &frames->packs[i];
        if (pack->bytes != NULL) {
            (void)munmap((void *)(uintptr_t)pack->bytes, (size_t)pack->byte_count);
        }
        (void)close(pack->fd);
    }
    free(frames->packs);
    free(frames->list);
}

static void *buffer_take(void)
{
    void *buffer = aligned_alloc(4096, PIECE_BYTES);
    if (buffer == NULL) {
        crew_fail("take", "a buffer");
    }
    memset(buffer, 1, PIECE_BYTES);
    return buffer;
}

static __thread char *own_buffer;

static void buffer_begin(struct crew_member *member)
{
    (void)member;
    own_buffer = buffer_take();
}

static void buffer_end(struct crew_member *member)
{
    (void)member;
    free(own_buffer);
}

static void decode_run(struct crew_member *member)
{
    struct frames *frames = member->work;
    uint64_t bytes = 0;
    uint64_t sum = 0;
    for (size_t i; (i = atomic_fetch_add(&frames->next, 1)) < frames->count;) {
        const struct frame *frame = &frames->list[i];
        const int plain_bytes = (int)frame->plain_bytes;
        const char *plain = own_buffer;
        if ((frame->block_bytes & BLOCK_STORED) != 0) {
            plain = frame->block; /* as the engine does it: used where it lies */
        } else if (LZ4_decompress_safe(frame->block, own_buffer, (int)frame->block_bytes,
                                       plain_bytes) != plain_bytes) {
            errno = EBADMSG;
            crew_fail("decode", "a frame");
        }
        if (frames->hash) {
            sum += XXH3_64bits_withSeed(plain, frame->plain_bytes, i);
        }
        bytes += frame->plain_bytes;
    }
    atomic_fetch_add(&frames->bytes, bytes);
    atomic_fetch_add(&frames->sum, sum);
}

/* Every sum that a set has of its bytes: of the stored ones, of the block, and three of the plain
 * ones. */
static uint64_t sums_of(const char *stored, uint32_t stored_bytes, const char *plain,
                        uint32_t plain_bytes, size_t seed)
{
    const char *block = stored + HEADER_BYTES + 4;
    const uint32_t block_bytes = stored_bytes - HEADER_BYTES - 4 - BLOCK_SUM_BYTES - END_BYTES;
    return XXH3_128bits(stored, stored_bytes).low64 + XXH32(block, block_bytes, 0) +
           XXH32(plain, plain_bytes, 0) + XXH3_64bits_withSeed(plain, plain_bytes, seed) +
           XXH3_128bits(plain, plain_bytes).low64;
}

static void check_run(struct crew_member *member)
{
    struct frames *frames = member->work;
    uint64_t bytes = 0;
    uint64_t sum = 0;
    char *stored = aligned_alloc(4096, PIECE_BYTES + 4096); /* a frame that is not compressed */
    if (stored == NULL) {
        crew_fail("take", "a buffer");
    }
    for (size_t i; (i = atomic_fetch_add(&frames->next, 1)) < frames->count;) {
        const struct frame *frame = &frames->list[i];
        const struct pack *pack = &frames->packs[frame->pack];
        const uint32_t block_bytes = frame->block_bytes & ~BLOCK_STORED;
        const uint32_t stored_bytes = HEADER_BYTES + 4 + block_bytes + BLOCK_SUM_BYTES + END_BYTES;
        const char *plain = own_buffer;
        if (pread(pack->fd, stored, stored_bytes,
                  (off_t)(frame->block - pack->bytes - HEADER_BYTES - 4)) !=
            (ssize_t)stored_bytes) {
            crew_fail("read", pack->path);
        }
        if (block_bytes != frame->block_bytes) {
            plain = stored + HEADER_BYTES + 4;
        } else if (LZ4_decompress_safe(stored + HEADER_BYTES + 4, own_buffer, (int)block_bytes,
                                       (int)frame->plain_bytes) != (int)frame->plain_bytes) {
            errno = EBADMSG;
            crew_fail("decode", "a frame");
        }
        sum += sums_of(stored, stored_bytes, plain, frame->plain_bytes, i);
        bytes += frame->plain_bytes;
    }
    free(stored);
    atomic_fetch_add(&frames->bytes, bytes);
    atomic_fetch_add(&frames->sum, sum);
}

/* All packs in a row, cut in pieces; piece n belongs to the pack that it falls into. */
static void read_run(struct crew_member *member)
{
    struct frames *frames = member->work;
    for (;;) {
        size_t piece = atomic_fetch_add(&frames->next, 1);
        int i = 0;
        uint64_t pieces = 0;
        for (; i < frames->pack_count; i++, piece -= pieces) {
            pieces = (frames->packs[i].byte_count + PIECE_BYTES - 1) / PIECE_BYTES;
            if (piece < pieces) {
                break;
            }
        }
        if (i == frames->pack_count) {
            return;
        }
        const ssize_t got = pread(frames->packs[i].fd, own_buffer, PIECE_BYTES,
                                  (off_t)((uint64_t)piece * PIECE_BYTES));
        if (got < 0) {
            crew_fail("read", frames->packs[i].path);
        }
        atomic_fetch_add(&frames->bytes, (uint64_t)got);
    }
}

struct ceiling ceiling_frames(enum frames_work work, unsigned threads, char **packs, int pack_count)
{
    struct frames frames = {.pack_count = pack_count, .hash = work == FRAMES_VERIFY};
    packs_open(&frames, packs, work != FRAMES_READ);
    const double seconds = crew_run(threads, &frames, buffer_begin,
                                    work == FRAMES_READ    ? read_run
                                    : work == FRAMES_CHECK ? check_run
                                                           : decode_run,
                                    buffer_end);
    frames_close(&frames);
    return (struct ceiling){.seconds = seconds, .bytes = atomic_load(&frames.bytes)};
}
