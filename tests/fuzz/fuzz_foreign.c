/* fuzz_foreign.c - another front end's plan and media: its lines, refused with their line or a
 * catalogue that hangs together; its stored bytes, decoded inside buffers of exactly the sizes
 * told, to no more than the plan says.
 *
 * The first byte chooses: lines, or a chunk of one of the codecs, whose size the next three say. */
#include "fuzz.h"
#include "fuzz_json.h"

#include "media/foreign_read.h"
#include "plan/foreign_lines.h"

#include <stdlib.h>

void fuzz_prepare(void)
{
    fuzz_json_never_fails();
}

/* Everything that a plan is made of, and that all of it lies inside. */
static uint64_t media_number(const struct media_set *set)
{
    const struct media_index *index = &set->index;
    const struct foreign_media *foreign = set->foreign;
    uint64_t sum = 1;
    for (uint32_t i = 0; i < index->entry_count; i++) {
        const struct index_entry *e = &index->entries[i];
        VSR_REQUIRE(e->parent == MARK_NONE || e->parent < i);
        VSR_REQUIRE(e->volume < index->volume_count);
        VSR_REQUIRE(e->name_offset + e->name_bytes <= index->blob_bytes);
        VSR_REQUIRE(e->link_group == MARK_NONE || index->entries[e->link_group].kind == INDEX_FILE);
        fuzz_add_text(&sum, index_name(index, i));
        fuzz_add_text(&sum, index_link_text(index, i));
        if (e->kind == INDEX_DIRECTORY) {
            VSR_REQUIRE(e->directory.first_child + e->directory.child_count <= index->entry_count);
            VSR_REQUIRE(e->directory.first_directory <=
                        e->directory.first_child + e->directory.child_count);
            continue;
        }
        uint64_t end = 0;
        for (uint32_t k = 0; e->kind == INDEX_FILE && k < e->chunk_count; k++) {
            const struct foreign_chunk *chunk = &foreign->chunks[e->file.first_chunk + k];
            VSR_REQUIRE(e->file.first_chunk + k < foreign->chunk_count);
            VSR_REQUIRE(chunk->source < foreign->source_count && chunk->file_offset >= end);
            VSR_REQUIRE(foreign_stored_space(chunk) <= foreign->stored_bytes_max);
            VSR_REQUIRE(foreign_plain_space(chunk) <= foreign->plain_bytes_max);
            end = chunk->file_offset + chunk->plain_bytes;
            VSR_REQUIRE(end > chunk->file_offset && end <= e->size);
        }
    }
    for (uint32_t i = 0; i < foreign->record_count; i++) {
        VSR_REQUIRE(foreign->records[i] < index->entry_count);
        fuzz_add_number(&sum, foreign->records[i]);
    }
    fuzz_add_number(&sum, foreign->unit_count);
    return sum;
}

static uint64_t lines_number(struct view text)
{
    struct media_set set;
    vsr_error error = {0};
    const vsr_code rc = foreign_read_lines(&set, text, "/p", &error);
    VSR_REQUIRE(rc != VSR_OK || foreign_lines_are(text));
    if (rc != VSR_OK) {
        VSR_REQUIRE(rc == VSR_ERR_RUN_FOREIGN || rc == VSR_ERR_MEMORY);
        return fuzz_refused(rc, &error);
    }
    const uint64_t sum = media_number(&set);
    set_close(&set);
    return sum;
}

struct stored {
    const uint8_t *bytes;
    size_t count;
};

/* As a slow file system does: a part of what was asked for. */
static int64_t stored_read(void *context, uint64_t offset, void *bytes, size_t count)
{
    const struct stored *stored = context;
    const size_t left = offset < stored->count ? stored->count - (size_t)offset : 0;
    size_t got = count < left ? count : left;
    got = got > 7000 ? 7000 : got;
    memcpy(bytes, stored->bytes + (left > 0 ? offset : 0), got);
    return (int64_t)got;
}

static uint64_t chunk_number(unsigned codec, uint32_t plain_bytes, struct stored *stored)
{
    const struct foreign_chunk chunk = {.stored_bytes = stored->count,
                                        .plain_bytes =
                                            codec == FOREIGN_NONE ? stored->count : plain_bytes,
                                        .codec = (uint8_t)codec,
                                        .sum_bytes = 8};
    struct foreign_reader reader;
    uint64_t sum = 1, all = 0;
    const char *bytes = NULL;
    uint32_t count = 0;
    foreign_reader_init(&reader, stored_read, stored);
    reader.stored_room = foreign_stored_space(&chunk);
    reader.plain_room = foreign_plain_space(&chunk);
    reader.stored = fuzz_memory(reader.stored_room);
    reader.plain = fuzz_memory(reader.plain_room);
    foreign_reader_begin(&reader, &chunk);
    enum foreign_fault fault;
    while ((fault = foreign_reader_next(&reader, &bytes, &count)) == FOREIGN_PIECE) {
        VSR_REQUIRE(count > 0);
        fuzz_add(&sum, bytes, count); /* all of it is read */
        all += count;
    }
    VSR_REQUIRE(all <= chunk.plain_bytes);
    fuzz_add_number(&sum, fault);
    free(reader.stored);
    free(reader.plain);
    foreign_reader_fini(&reader);
    return sum;
}

uint64_t fuzz_target(const uint8_t *data, size_t size)
{
    if (size < 6) {
        return 1;
    }
    if (data[0] % 4 == 3) {
        const struct view text = fuzz_copy(data + 1, size - 1);
        const uint64_t sum = lines_number(text);
        free((void *)(uintptr_t)text.p);
        return sum;
    }
    const uint32_t plain = 1 + ((uint32_t)data[1] | (uint32_t)data[2] << 8 | (data[3] & 7u) << 16);
    char *copy = fuzz_memory(size - 4);
    memcpy(copy, data + 4, size - 4);
    struct stored stored = {(const uint8_t *)copy, size - 4};
    const uint64_t sum = chunk_number(data[0] % 4, plain, &stored);
    free(copy);
    return sum;
}
