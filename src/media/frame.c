/* frame.c - LZ4 frames of one block, written and read by hand.
 *
 * pack's workers encode here; run's and verify's workers decode here, straight from a read
 * buffer. By hand because LZ4F copies through a context of its own, while a frame of one known
 * block needs one call of LZ4_decompress_safe() into the buffer that is written from. What a
 * frame says is held against what the caller already knows (the index): sizes never come from
 * the frame alone. Deliberately not here: XXH3 of chunks, which are the caller's. */
#include "media/frame.h"

#include "base/xxh3.h"

#include <lz4.h>
#include <string.h>

#define FRAME_MAGIC    UINT32_C(0x184D2204)
#define FRAME_FLAGS    0x7Cu /* version 1, independent, block checksum, content size and checksum */
#define BLOCK_AS_IT_IS UINT32_C(0x80000000)

/* Where the parts of a frame's header stand; the block size follows it, then the block. */
enum { AT_FLAGS = 4, AT_DESCRIPTOR = 5, AT_CONTENT = 6, AT_CHECK = 14, DESCRIBED_BYTES = 10 };
/* Behind the block: its checksum, the end mark, the content's checksum. */
enum { TAIL_BYTES = FRAME_OVERHEAD_BYTES - FRAME_BLOCK_OFFSET };

static uint32_t frame_u32(const unsigned char *at)
{
    uint32_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

static uint64_t frame_u64(const unsigned char *at)
{
    uint64_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

static void frame_put_u32(unsigned char *at, uint32_t value)
{
    memcpy(at, &value, sizeof value);
}

/* The BD byte: the least of the standard's block sizes that holds plain_bytes. */
static unsigned char frame_descriptor(uint32_t plain_bytes)
{
    if (plain_bytes <= (uint32_t)64 << 10) {
        return 0x40;
    }
    return plain_bytes <= (uint32_t)256 << 10 ? 0x50 : 0x60;
}

static unsigned char frame_header_check(const unsigned char *frame)
{
    return (unsigned char)(XXH32(frame + AT_FLAGS, DESCRIBED_BYTES, 0) >> 8);
}

size_t frame_state_bytes(void)
{
    return (size_t)LZ4_sizeofState();
}

size_t frame_stored_bound(uint32_t plain_bytes)
{
    return (size_t)plain_bytes + FRAME_OVERHEAD_BYTES;
}

uint32_t frame_encode(const void *plain, uint32_t plain_bytes, void *stored, void *state)
{
    unsigned char *frame = stored;
    const uint64_t content_bytes = plain_bytes;
    frame_put_u32(frame, FRAME_MAGIC);
    frame[AT_FLAGS] = FRAME_FLAGS;
    frame[AT_DESCRIPTOR] = frame_descriptor(plain_bytes);
    memcpy(frame + AT_CONTENT, &content_bytes, sizeof content_bytes);
    frame[AT_CHECK] = frame_header_check(frame);

    /* One byte less than plain as the room: what does not shrink is kept as it is. */
    unsigned char *block = frame + FRAME_BLOCK_OFFSET;
    const int packed = LZ4_compress_fast_extState(state, plain, (char *)block, (int)plain_bytes,
                                                  (int)plain_bytes - 1, 1);
    uint32_t block_bytes = (uint32_t)packed;
    if (packed <= 0) {
        block_bytes = plain_bytes;
        memcpy(block, plain, plain_bytes);
    }
    frame_put_u32(frame + FRAME_HEADER_BYTES, block_bytes | (packed <= 0 ? BLOCK_AS_IT_IS : 0));
    unsigned char *tail = block + block_bytes;
    frame_put_u32(tail, XXH32(block, block_bytes, 0));
    frame_put_u32(tail + 4, 0);
    frame_put_u32(tail + 8, XXH32(plain, plain_bytes, 0));
    return block_bytes + FRAME_OVERHEAD_BYTES;
}

enum frame_fault frame_measure(const void *stored, uint32_t *stored_bytes, uint32_t *plain_bytes)
{
    const unsigned char *frame = stored;
    if (frame_u32(frame) != FRAME_MAGIC) {
        return FRAME_BAD_MAGIC;
    }
    const uint64_t content_bytes = frame_u64(frame + AT_CONTENT);
    if (frame[AT_FLAGS] != FRAME_FLAGS || content_bytes == 0 ||
        content_bytes > FRAME_PLAIN_BYTES_MAX ||
        frame[AT_DESCRIPTOR] != frame_descriptor((uint32_t)content_bytes) ||
        frame[AT_CHECK] != frame_header_check(frame)) {
        return FRAME_BAD_HEADER;
    }
    const uint32_t block_word = frame_u32(frame + FRAME_HEADER_BYTES);
    const uint32_t block_bytes = block_word & ~BLOCK_AS_IT_IS;
    const bool as_it_is = (block_word & BLOCK_AS_IT_IS) != 0;
    if (block_bytes == 0 ||
        (as_it_is ? block_bytes != content_bytes : block_bytes >= content_bytes)) {
        return FRAME_BAD_LENGTH;
    }
    *stored_bytes = block_bytes + FRAME_OVERHEAD_BYTES;
    *plain_bytes = (uint32_t)content_bytes;
    return FRAME_OK;
}

enum frame_fault frame_decode(const void *stored, uint32_t stored_bytes, void *plain,
                              uint32_t plain_bytes, const char **payload)
{
    if (stored_bytes <= FRAME_OVERHEAD_BYTES) {
        return FRAME_BAD_LENGTH;
    }
    uint32_t measured_stored = 0;
    uint32_t measured_plain = 0;
    const enum frame_fault fault = frame_measure(stored, &measured_stored, &measured_plain);
    if (fault != FRAME_OK) {
        return fault;
    }
    if (measured_stored != stored_bytes || measured_plain != plain_bytes) {
        return FRAME_BAD_LENGTH;
    }
    const char *block = (const char *)stored + FRAME_BLOCK_OFFSET;
    const uint32_t block_bytes = stored_bytes - FRAME_OVERHEAD_BYTES;
    if (block_bytes == plain_bytes) { /* frame_measure() lets no packed block be as long */
        *payload = block;
        return FRAME_OK;
    }
    const int got = LZ4_decompress_safe(block, plain, (int)block_bytes, (int)plain_bytes);
    if (got < 0 || (uint32_t)got != plain_bytes) {
        return FRAME_BAD_BLOCK;
    }
    *payload = plain;
    return FRAME_OK;
}

enum frame_fault frame_verify(const void *stored, uint32_t stored_bytes, const void *plain,
                              uint32_t plain_bytes)
{
    if (stored_bytes <= FRAME_OVERHEAD_BYTES) {
        return FRAME_BAD_LENGTH;
    }
    const unsigned char *block = (const unsigned char *)stored + FRAME_BLOCK_OFFSET;
    const uint32_t block_bytes = stored_bytes - FRAME_OVERHEAD_BYTES;
    const unsigned char *tail = block + block_bytes;
    if (frame_u32(tail) != XXH32(block, block_bytes, 0) || frame_u32(tail + 4) != 0 ||
        frame_u32(tail + 8) != XXH32(plain, plain_bytes, 0)) {
        return FRAME_BAD_CHECKSUM;
    }
    return FRAME_OK;
}

const char *frame_fault_text(enum frame_fault fault)
{
    switch (fault) {
    case FRAME_OK:
        return "no fault";
    case FRAME_BAD_MAGIC:
        return "no frame begins here";
    case FRAME_BAD_HEADER:
        return "the frame's header is damaged";
    case FRAME_BAD_LENGTH:
        return "the frame's lengths are wrong";
    case FRAME_BAD_BLOCK:
        return "the frame's block cannot be decoded";
    case FRAME_BAD_CHECKSUM:
        return "the frame's checksum is wrong";
    }
    return "unknown fault";
}
