/* fuzz_trailer.c - the end of a pack, hostile: refused, or a stream of exactly the records that it
 * announced.
 *
 * The input: a byte of choices, two bytes for the length of a piece, the trailer's head as it lies
 * on the media, and what it calls its slices, stored. The hash is put right, and so is what the
 * choices say, so that the decoder is reached. */
#include "fuzz.h"

#include "media/part.h"
#include "media/trailer.h"

#include <stdlib.h>
#include <unistd.h>

enum { RIGHT_MAGIC = 1, RIGHT_LENGTH = 2, RIGHT_END = 4, LEAD_BYTES = 24 };

static const uint8_t uuid[16] = {7};

static void add_piece(struct buffer *out, uint32_t magic, const void *bytes, size_t count)
{
    const uint32_t header[2] = {magic, (uint32_t)count};
    buffer_add(out, header, sizeof header);
    buffer_add(out, bytes, count);
}

static void head_mend(struct trailer_head *head, unsigned choices, size_t stored_bytes)
{
    if ((choices & RIGHT_MAGIC) != 0) {
        memcpy(head->magic, "VSRTRAIL", 8);
        memcpy(head->set_uuid, uuid, sizeof uuid);
        head->format = INDEX_FORMAT;
        head->pack = 3;
    }
    if ((choices & RIGHT_LENGTH) != 0) {
        head->stored_bytes = stored_bytes;
        head->plain_bytes = 0;
        for (int i = 0; i < SECTION_COUNT; i++) {
            head->plain_bytes += head->slices[i].count * index_record_bytes((enum index_section)i);
        }
    }
}

/* A pack that is all trailer, behind some bytes of frames. */
static void pack_render(struct buffer *out, unsigned choices, uint32_t piece_bytes,
                        struct trailer_head *head, struct view stored)
{
    struct buffer content = {0};
    uint8_t hash[16];
    static const char frames[LEAD_BYTES];
    head_mend(head, choices, stored.n);
    buffer_add(&content, head, sizeof *head);
    buffer_add(&content, stored.p, stored.n);
    part_hash_bytes(content.p, content.n, hash);
    content.n = sizeof *head;
    buffer_add(&content, hash, sizeof hash);
    buffer_add(&content, stored.p, stored.n);
    buffer_add(out, frames, sizeof frames);
    for (size_t at = 0; at < content.n; at += piece_bytes) {
        const size_t left = content.n - at;
        add_piece(out, 0x184D2A5E, content.p + at, left < piece_bytes ? left : piece_bytes);
    }
    const uint64_t begin = (choices & RIGHT_END) != 0 ? LEAD_BYTES : piece_bytes;
    char last[16] = "VSRTEND1";
    memcpy(last + 8, &begin, sizeof begin);
    add_piece(out, 0x184D2A5F, last, sizeof last);
    buffer_free(&content);
}

struct taken {
    const struct trailer_head *head;
    uint64_t bytes;
    uint64_t sum;
};

static vsr_code take(void *context, enum index_section section, uint64_t offset, const void *bytes,
                     size_t count, vsr_error *error)
{
    struct taken *taken = context;
    const struct trailer_slice *slice = &taken->head->slices[section];
    const uint64_t record = index_record_bytes(section);
    (void)error;
    VSR_REQUIRE(offset >= slice->first * record);
    VSR_REQUIRE(offset + count <= (slice->first + slice->count) * record);
    taken->bytes += count;
    fuzz_add(&taken->sum, bytes, count);
    return VSR_OK;
}

static uint64_t trailer_number(int fd, uint64_t pack_bytes)
{
    struct trailer trailer;
    vsr_error error = {0};
    const struct source source = source_of_fd(fd);
    struct taken taken = {.head = &trailer.head, .sum = 1};
    vsr_code rc = trailer_open(&trailer, &source, "pack", pack_bytes, 3, uuid, &error);
    if (rc == VSR_OK) {
        rc = trailer_stream(&trailer, take, &taken, &error);
        VSR_REQUIRE(taken.bytes <= trailer.head.plain_bytes);
    }
    if (rc != VSR_OK) {
        VSR_REQUIRE(rc == VSR_ERR_MEDIA || rc == VSR_ERR_MEMORY);
        return fuzz_refused(rc, &error);
    }
    VSR_REQUIRE(taken.bytes == trailer.head.plain_bytes);
    return taken.sum;
}

uint64_t fuzz_target(const uint8_t *data, size_t size)
{
    struct trailer_head head;
    struct buffer pack = {0};
    char path[FUZZ_PATH_BYTES];
    if (size < 3 + sizeof head) {
        return 1;
    }
    memcpy(&head, data + 3, sizeof head);
    const uint32_t piece_bytes = 1 + data[1] + 256u * data[2];
    fuzz_plenty(true);
    pack_render(&pack, data[0], piece_bytes, &head,
                (struct view){(const char *)data + 3 + sizeof head, size - 3 - sizeof head});
    const int fd = fuzz_file(buffer_view(&pack), path);
    fuzz_plenty(false);
    const uint64_t sum = trailer_number(fd, pack.n);
    (void)close(fd);
    buffer_free(&pack);
    return sum;
}
