/* media_fixture.c - a set from a list: description, documents, and the order of making it. */
#include "media_fixture_maker.h"

#include "base/bug.h"
#include "base/heap.h"
#include "media/frame.h"

#include <lz4.h>
#include <stdlib.h>

static const uint8_t fixed_uuid[16] = {0x5e, 0x77, 0x10, 0x2b, 0x9c, 0x41, 0x4d, 0x8a,
                                       0x93, 0x6f, 0x01, 0x55, 0xaa, 0xc3, 0x3c, 0x7e};

static void maker_description(const struct fixture_maker *maker, struct set_description *out,
                              struct set_volume *volumes, uint32_t volume_count)
{
    static struct view environment[1][2] = {{{"SystemRoot", 10}, {"C:\\Windows", 10}}};
    *out = (struct set_description){.uuid = maker->uuid,
                                    .backup_type = VIEW("full"),
                                    .created = VIEW("2024-05-06T07:08:09Z"),
                                    .host = VIEW("FIXTURE"),
                                    .volumes = volumes,
                                    .volume_count = volume_count,
                                    .environment = environment,
                                    .environment_count = 1};
}

void fixture_write(const char *path, const struct fixture *fixture)
{
    struct set_volume volumes[8] = {{.letter = VIEW("C:"), .prefix = VIEW("C")}};
    const uint32_t volume_count = fixture->volumes != NULL ? fixture->volume_count : 1;
    VSR_REQUIRE(volume_count <= 8);
    if (fixture->volumes != NULL) {
        memcpy(volumes, fixture->volumes, volume_count * sizeof *volumes);
    }
    struct fixture_maker maker = {
        .fixture = fixture,
        .uuid = fixture->uuid,
        .small_max = fixture->small_max != 0 ? fixture->small_max : MEMBER_SMALL_BYTES_MAX,
        .shared_bytes = fixture->shared_bytes != 0 ? fixture->shared_bytes : FRAME_SHARED_BYTES,
        .piece_bytes = fixture->piece_bytes != 0 ? fixture->piece_bytes : FRAME_PLAIN_BYTES_MAX,
        .stored = heap_alloc(1, frame_stored_bound(FRAME_PLAIN_BYTES_MAX)),
        .scratch = heap_alloc(1, (size_t)LZ4_sizeofState()),
    };
    if (uuid_is_null(&maker.uuid)) {
        memcpy(maker.uuid.bytes, fixed_uuid, sizeof fixed_uuid);
    }
    vsr_error error = {0};
    VSR_REQUIRE(set_writer_begin(&maker.writer, path, &maker.uuid, &error) == VSR_OK);
    if (fixture->pack_bytes != 0) {
        set_writer_set_pack_target(maker.writer, fixture->pack_bytes);
    }
    for (uint32_t i = 0; i < fixture->document_count; i++) {
        VSR_REQUIRE(set_writer_document(maker.writer, view_of(fixture->documents[i].name),
                                        fixture->documents[i].bytes, &error) == VSR_OK);
    }
    maker_tree(&maker, volumes, volume_count);
    maker_packs(&maker);
    struct set_description description;
    maker_description(&maker, &description, volumes, volume_count);
    VSR_REQUIRE(set_writer_end(maker.writer, &maker.build, &description, &error) == VSR_OK);
    index_build_free(&maker.build);
    buffer_free(&maker.frame);
    free(maker.tree.nodes);
    free(maker.node_of);
    free(maker.stored);
    free(maker.scratch);
}
