/* foreign_read.c - stored bytes of another front end to plain ones: as they are, LZ4 frames, or one
 * LZ4 block.
 *
 * By hand, as frame.c is: LZ4F would allocate while workers run, and copy through a context of its
 * own. A stored buffer that slides over the chunk, a plain one that holds one block of a frame
 * behind the 64 KiB before it: that is all, however long the chunk is. What the bytes say is held
 * against what the plan says; sizes never come from the bytes alone. Deliberately not here: who
 * reads (the caller's function), where the bytes go. */
#include "media/foreign_read.h"

#include "base/bug.h"
#include "base/xxh3.h"

#include <errno.h>
#include <lz4.h>
#include <string.h>

#define FRAME_MAGIC     UINT32_C(0x184D2204)
#define SKIPPABLE_MAGIC UINT32_C(0x184D2A50) /* its last four bits are free */
#define BLOCK_AS_IT_IS  UINT32_C(0x80000000)

/* The bits of a frame's FLG byte, and of its BD byte. */
enum {
    FLAG_DICTIONARY = 0x01,
    FLAG_RESERVED = 0x02,
    FLAG_CONTENT_CHECKSUM = 0x04,
    FLAG_CONTENT_SIZE = 0x08,
    FLAG_BLOCK_CHECKSUMS = 0x10,
    FLAG_INDEPENDENT = 0x20,
    FLAG_VERSION = 0xC0,
    VERSION_1 = 0x40,
    BLOCK_SIZE_SHIFT = 4,
    BLOCK_SIZE_LEAST = 4, /* 64 KiB; each step is four times as much, 7 is the last */
    BLOCK_SIZE_MOST = 7,
    DESCRIPTOR_RESERVED = 0x8F
};
enum { WORD_BYTES = 4, SIZE_BYTES = 8, DESCRIPTOR_BYTES = 2, CHECK_BYTES = 1 };

static const uint64_t FRAME_SIZE_NOT_TOLD = UINT64_MAX;

const char *foreign_fault_text(enum foreign_fault fault)
{
    static const char *const texts[] = {
        [FOREIGN_PIECE] = "no fault",
        [FOREIGN_END] = "no fault",
        [FOREIGN_UNREAD] = "the stored file of a chunk cannot be read",
        [FOREIGN_SHORT] = "the stored file ends inside a chunk",
        [FOREIGN_NO_FRAME] = "a chunk has no LZ4 frame where one must begin",
        [FOREIGN_BAD_FRAME] =
            "the header of a chunk's LZ4 frame is damaged, or of a kind that is not read",
        [FOREIGN_BAD_BLOCK] =
            "a chunk has an LZ4 block that cannot be decoded, or holds more than the plan says",
        [FOREIGN_BAD_SIZE] = "a chunk holds more or fewer bytes than the plan says",
        [FOREIGN_BAD_SUM] = "the checksum of a chunk's bytes is not the plan's",
    };
    return (size_t)fault < sizeof texts / sizeof *texts ? texts[fault] : "unknown fault";
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* A frame's block and the sizes around it: with that much room, none of them is ever cut. */
uint32_t foreign_stored_space(const struct foreign_chunk *chunk)
{
    const uint64_t room = chunk->codec == FOREIGN_NONE ? FOREIGN_READ_BYTES
                          : chunk->codec == FOREIGN_LZ4_FRAME
                              ? FOREIGN_FRAME_BLOCK_BYTES_MAX + FOREIGN_HISTORY_BYTES
                              : UINT32_MAX; /* bounded by who read the plan */
    return (uint32_t)least(chunk->stored_bytes, room);
}

uint32_t foreign_plain_space(const struct foreign_chunk *chunk)
{
    const uint64_t room =
        chunk->codec == FOREIGN_LZ4_FRAME ? FOREIGN_FRAME_BLOCK_BYTES_MAX : FOREIGN_BLOCK_BYTES_MAX;
    const uint64_t plain = chunk->codec == FOREIGN_NONE ? 0 : least(chunk->plain_bytes, room);
    return (uint32_t)plain + FOREIGN_HISTORY_BYTES;
}

bool foreign_sum_is_right(const struct checksum *checksum, const struct foreign_chunk *chunk)
{
    uint8_t sum[FOREIGN_SUM_BYTES_MAX];
    if (chunk->sum_bytes == sizeof sum) {
        checksum_end(checksum, sum);
    } else {
        checksum_end_64(checksum, sum);
    }
    return memcmp(sum, chunk->sum, chunk->sum_bytes) == 0;
}

void foreign_reader_init(struct foreign_reader *reader, foreign_read *read, void *context)
{
    *reader = (struct foreign_reader){.read = read, .context = context};
    reader->checksum = checksum_create();
}

void foreign_reader_fini(struct foreign_reader *reader)
{
    if (reader->checksum != NULL) {
        checksum_free(reader->checksum);
    }
    reader->checksum = NULL;
}

void foreign_reader_begin(struct foreign_reader *reader, const struct foreign_chunk *chunk)
{
    VSR_REQUIRE(reader->stored_room >= foreign_stored_space(chunk));
    VSR_REQUIRE(reader->plain_room >= foreign_plain_space(chunk));
    reader->chunk = chunk;
    reader->read_bytes = 0;
    reader->plain_left = chunk->plain_bytes;
    reader->first = reader->last = 0;
    reader->block_max = reader->history = reader->piece = 0;
    reader->any_frame = false;
    reader->os_errno = 0;
    checksum_begin(reader->checksum);
}

/* --- stored bytes --- */

static uint64_t stored_left(const struct foreign_reader *reader)
{
    return reader->chunk->stored_bytes - reader->read_bytes;
}

static uint32_t stored_have(const struct foreign_reader *reader)
{
    return reader->last - reader->first;
}

/* At least one more byte into the buffer. There are some left, and room. */
static enum foreign_fault stored_read(struct foreign_reader *reader)
{
    const size_t room = reader->stored_room - reader->last;
    const size_t want = (size_t)least(room, stored_left(reader));
    for (uint32_t retries = 0;;) {
        const int64_t got =
            reader->read(reader->context, reader->chunk->offset + reader->read_bytes,
                         reader->stored + reader->last, want);
        if (got > 0 && (uint64_t)got <= want) {
            reader->last += (uint32_t)got;
            reader->read_bytes += (uint64_t)got;
            return FOREIGN_PIECE;
        }
        if (got == 0) {
            return FOREIGN_SHORT;
        }
        if ((got != -EINTR && got != -EAGAIN) || ++retries > IO_RETRIES_MAX) {
            reader->os_errno = got < 0 ? (int)-got : EPROTO;
            return FOREIGN_UNREAD;
        }
    }
}

/* count bytes in a row behind first. fault: what it is when the chunk has no more. */
static enum foreign_fault stored_want(struct foreign_reader *reader, uint32_t count,
                                      enum foreign_fault fault)
{
    if (stored_have(reader) + stored_left(reader) < count || count > reader->stored_room) {
        return fault;
    }
    if (count > reader->stored_room - reader->first) {
        memmove(reader->stored, reader->stored + reader->first, stored_have(reader));
        reader->last -= reader->first;
        reader->first = 0;
    }
    while (stored_have(reader) < count) {
        const enum foreign_fault got = stored_read(reader);
        if (got != FOREIGN_PIECE) {
            return got;
        }
    }
    return FOREIGN_PIECE;
}

static const unsigned char *stored_take(struct foreign_reader *reader, uint32_t count)
{
    const unsigned char *at = (const unsigned char *)reader->stored + reader->first;
    reader->first += count;
    return at;
}

static uint32_t word_of(const unsigned char *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

/* --- frames --- */

/* Passed over without being held: it may be longer than the buffer. */
static enum foreign_fault frame_pass_over(struct foreign_reader *reader)
{
    enum foreign_fault fault = stored_want(reader, WORD_BYTES, FOREIGN_BAD_FRAME);
    if (fault != FOREIGN_PIECE) {
        return fault;
    }
    uint64_t left = word_of(stored_take(reader, WORD_BYTES));
    if (left > stored_have(reader) + stored_left(reader)) {
        return FOREIGN_BAD_FRAME;
    }
    const uint32_t have = (uint32_t)least(left, stored_have(reader));
    reader->first += have;
    left -= have;
    reader->read_bytes += left; /* the buffer is empty if there are any */
    if (left > 0) {
        reader->first = reader->last = 0;
    }
    return FOREIGN_PIECE;
}

/* What stands behind a frame's magic number. */
static enum foreign_fault frame_open(struct foreign_reader *reader)
{
    enum foreign_fault fault = stored_want(reader, DESCRIPTOR_BYTES, FOREIGN_BAD_FRAME);
    if (fault != FOREIGN_PIECE) {
        return fault;
    }
    const unsigned char flags = (unsigned char)reader->stored[reader->first];
    const uint32_t size_bytes = (flags & FLAG_CONTENT_SIZE) != 0 ? SIZE_BYTES : 0;
    const uint32_t described = DESCRIPTOR_BYTES + size_bytes;
    fault = stored_want(reader, described + CHECK_BYTES, FOREIGN_BAD_FRAME);
    if (fault != FOREIGN_PIECE) {
        return fault;
    }
    const unsigned char *at = stored_take(reader, described + CHECK_BYTES);
    const unsigned block_size = at[1] >> BLOCK_SIZE_SHIFT;
    if ((flags & FLAG_VERSION) != VERSION_1 || (flags & (FLAG_RESERVED | FLAG_DICTIONARY)) != 0 ||
        (at[1] & DESCRIPTOR_RESERVED) != 0 || block_size < BLOCK_SIZE_LEAST ||
        block_size > BLOCK_SIZE_MOST ||
        at[described] != (unsigned char)(XXH32(at, described, 0) >> 8)) {
        return FOREIGN_BAD_FRAME;
    }
    reader->linked = (flags & FLAG_INDEPENDENT) == 0;
    reader->block_checksums = (flags & FLAG_BLOCK_CHECKSUMS) != 0;
    reader->content_checksum = (flags & FLAG_CONTENT_CHECKSUM) != 0;
    reader->block_max = UINT32_C(1) << (8 + 2 * block_size);
    reader->history = reader->piece = 0;
    reader->frame_left = FRAME_SIZE_NOT_TOLD;
    if (size_bytes != 0) {
        reader->frame_left = (uint64_t)word_of(at + DESCRIPTOR_BYTES + WORD_BYTES) << 32 |
                             word_of(at + DESCRIPTOR_BYTES);
    }
    return FOREIGN_PIECE;
}

/* The next frame of the chunk; FOREIGN_END: there is none, which is right. */
static enum foreign_fault frame_next(struct foreign_reader *reader)
{
    for (;;) {
        if (stored_have(reader) == 0 && stored_left(reader) == 0 && reader->any_frame) {
            return FOREIGN_END;
        }
        enum foreign_fault fault = stored_want(reader, WORD_BYTES, FOREIGN_NO_FRAME);
        if (fault != FOREIGN_PIECE) {
            return fault;
        }
        const uint32_t magic = word_of(stored_take(reader, WORD_BYTES));
        reader->any_frame = true;
        if (magic == FRAME_MAGIC) {
            return frame_open(reader);
        }
        if ((magic & ~UINT32_C(15)) != SKIPPABLE_MAGIC) {
            return FOREIGN_NO_FRAME;
        }
        fault = frame_pass_over(reader);
        if (fault != FOREIGN_PIECE) {
            return fault;
        }
    }
}

/* Behind the last block. */
static enum foreign_fault frame_end(struct foreign_reader *reader)
{
    if (reader->frame_left != FRAME_SIZE_NOT_TOLD && reader->frame_left != 0) {
        return FOREIGN_BAD_SIZE;
    }
    reader->block_max = 0;
    if (!reader->content_checksum) {
        return FOREIGN_PIECE;
    }
    const enum foreign_fault fault = stored_want(reader, WORD_BYTES, FOREIGN_BAD_FRAME);
    if (fault == FOREIGN_PIECE) {
        (void)stored_take(reader, WORD_BYTES);
    }
    return fault;
}

/* The piece that was given last becomes what the next block may lean on. */
static void history_take(struct foreign_reader *reader)
{
    char *block = reader->plain + FOREIGN_HISTORY_BYTES;
    if (!reader->linked || reader->piece == 0) {
        return;
    }
    const uint32_t have = reader->history + reader->piece;
    const uint32_t keep = (uint32_t)least(have, FOREIGN_HISTORY_BYTES);
    memmove(block - keep, block + reader->piece - keep, keep);
    reader->history = keep;
}

/* One block, whose length has been taken. *count: its plain bytes. */
static enum foreign_fault block_decode(struct foreign_reader *reader, uint32_t word,
                                       uint32_t *count)
{
    const uint32_t bytes = word & ~BLOCK_AS_IT_IS;
    const uint32_t more = reader->block_checksums ? WORD_BYTES : 0;
    char *block = reader->plain + FOREIGN_HISTORY_BYTES;
    if (bytes > reader->block_max) {
        return FOREIGN_BAD_BLOCK;
    }
    const enum foreign_fault fault = stored_want(reader, bytes + more, FOREIGN_BAD_BLOCK);
    if (fault != FOREIGN_PIECE) {
        return fault;
    }
    const char *stored = (const char *)stored_take(reader, bytes + more);
    const uint32_t room = (uint32_t)least(reader->block_max, reader->plain_left);
    history_take(reader);
    reader->piece = 0;
    if ((word & BLOCK_AS_IT_IS) != 0) {
        if (bytes > room) {
            return FOREIGN_BAD_SIZE;
        }
        memcpy(block, stored, bytes);
        *count = bytes;
        return FOREIGN_PIECE;
    }
    const uint32_t lean = reader->linked ? reader->history : 0;
    const int got = LZ4_decompress_safe_usingDict(stored, block, (int)bytes, (int)room,
                                                  block - lean, (int)lean);
    *count = got < 0 ? 0 : (uint32_t)got;
    return got < 0 ? FOREIGN_BAD_BLOCK : FOREIGN_PIECE;
}

static enum foreign_fault frames_next(struct foreign_reader *reader, const char **bytes,
                                      uint32_t *count)
{
    for (;;) {
        enum foreign_fault fault = reader->block_max == 0 ? frame_next(reader) : FOREIGN_PIECE;
        if (fault == FOREIGN_PIECE) {
            fault = stored_want(reader, WORD_BYTES, FOREIGN_BAD_FRAME);
        }
        if (fault != FOREIGN_PIECE) {
            return fault;
        }
        const uint32_t word = word_of(stored_take(reader, WORD_BYTES));
        fault = word == 0 ? frame_end(reader) : block_decode(reader, word, count);
        if (fault != FOREIGN_PIECE) {
            return fault;
        }
        if (word == 0 || *count == 0) {
            continue;
        }
        if (reader->frame_left != FRAME_SIZE_NOT_TOLD) {
            if (*count > reader->frame_left) {
                return FOREIGN_BAD_SIZE;
            }
            reader->frame_left -= *count;
        }
        reader->piece = *count;
        *bytes = reader->plain + FOREIGN_HISTORY_BYTES;
        return FOREIGN_PIECE;
    }
}

/* --- the other two --- */

static enum foreign_fault plain_next(struct foreign_reader *reader, const char **bytes,
                                     uint32_t *count)
{
    if (stored_left(reader) == 0) {
        return FOREIGN_END;
    }
    reader->first = reader->last = 0;
    const enum foreign_fault fault = stored_read(reader);
    *bytes = reader->stored;
    *count = reader->last;
    return fault;
}

static enum foreign_fault block_next(struct foreign_reader *reader, const char **bytes,
                                     uint32_t *count)
{
    const uint32_t stored = (uint32_t)reader->chunk->stored_bytes;
    const uint32_t plain = (uint32_t)reader->chunk->plain_bytes;
    if (reader->plain_left == 0) {
        return FOREIGN_END;
    }
    const enum foreign_fault fault = stored_want(reader, stored, FOREIGN_SHORT);
    if (fault != FOREIGN_PIECE) {
        return fault;
    }
    const int got = LZ4_decompress_safe(reader->stored, reader->plain, (int)stored, (int)plain);
    *bytes = reader->plain;
    *count = plain;
    return got < 0 ? FOREIGN_BAD_BLOCK : (uint32_t)got == plain ? FOREIGN_PIECE : FOREIGN_BAD_SIZE;
}

enum foreign_fault foreign_reader_next(struct foreign_reader *reader, const char **bytes,
                                       uint32_t *count)
{
    enum foreign_fault fault = FOREIGN_END;
    switch ((enum foreign_codec)reader->chunk->codec) {
    case FOREIGN_NONE:
        fault = plain_next(reader, bytes, count);
        break;
    case FOREIGN_LZ4_FRAME:
        fault = frames_next(reader, bytes, count);
        break;
    case FOREIGN_LZ4_BLOCK:
        fault = block_next(reader, bytes, count);
        break;
    case FOREIGN_CODEC_COUNT:
        VSR_BUG("a chunk of no codec");
    }
    if (fault == FOREIGN_PIECE) {
        VSR_REQUIRE(*count <= reader->plain_left);
        reader->plain_left -= *count;
    } else if (fault == FOREIGN_END && reader->plain_left > 0) {
        fault = FOREIGN_BAD_SIZE;
    } else if (fault == FOREIGN_END && !foreign_sum_is_right(reader->checksum, reader->chunk)) {
        fault = FOREIGN_BAD_SUM;
    }
    return fault;
}
