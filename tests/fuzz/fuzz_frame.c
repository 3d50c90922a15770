/* fuzz_frame.c - frames out of nothing: whatever the bytes say, decoding stays inside its buffers.
 *
 * The first byte chooses: the rest is a frame as it stands, or a block that a right header is
 * put around, so that the decoder is reached. Buffers are of exactly the sizes told. Decoding
 * allocates nothing, so that here no memory runs out. */
#include "fuzz.h"

#include "media/frame.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

static uint64_t frame_check(const char *stored, uint32_t stored_bytes, uint32_t plain_bytes)
{
    char *plain = fuzz_memory(plain_bytes);
    const char *payload = NULL;
    uint64_t sum = 1;
    if (frame_decode(stored, stored_bytes, plain, plain_bytes, &payload) == FRAME_OK) {
        fuzz_add_number(&sum, frame_verify(stored, stored_bytes, payload, plain_bytes));
        fuzz_add(&sum, payload, plain_bytes); /* all of it is read */
    }
    free(plain);
    return sum;
}

static void frame_around(char *stored, const uint8_t *block, uint32_t block_bytes,
                         uint32_t plain_bytes, uint32_t as_it_is)
{
    const uint64_t content = plain_bytes;
    const uint32_t magic = 0x184D2204;
    const uint32_t word = block_bytes | as_it_is << 31;
    memcpy(stored, &magic, 4);
    stored[4] = 0x7C;
    stored[5] = plain_bytes <= 65536 ? 0x40 : plain_bytes <= 262144 ? 0x50 : 0x60;
    memcpy(stored + 6, &content, 8);
    stored[14] = (char)(XXH32(stored + 4, 10, 0) >> 8);
    memcpy(stored + 15, &word, 4);
    memcpy(stored + FRAME_BLOCK_OFFSET, block, block_bytes);
    memset(stored + FRAME_BLOCK_OFFSET + block_bytes, 0, 12);
}

uint64_t fuzz_target(const uint8_t *data, size_t size)
{
    if (size < 5 || size > 70000) {
        return 1;
    }
    uint32_t plain_bytes = 0;
    memcpy(&plain_bytes, data + 1, 4);
    plain_bytes %= 300000;
    const uint8_t *rest = data + 5;
    const uint32_t rest_bytes = (uint32_t)size - 5;
    const bool around = (data[0] & 1) != 0;
    const uint32_t stored_bytes = rest_bytes + (around ? FRAME_OVERHEAD_BYTES : 0);
    char *stored = fuzz_memory(stored_bytes);
    if (around) {
        frame_around(stored, rest, rest_bytes, plain_bytes, (data[0] & 2) != 0);
    } else {
        memcpy(stored, rest, rest_bytes);
    }
    const uint64_t sum = frame_check(stored, stored_bytes, plain_bytes);
    free(stored);
    return sum;
}
