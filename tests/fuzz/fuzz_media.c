/* fuzz_media.c - a whole set whose index and packs say what they like, with all hashes right.
 *
 * Goal: opened, verified and read, a set gives errors of the media class or exactly the bytes
 * that its index promises, in bounded memory; its index comes back from its packs byte for byte.
 * Method: the input is an index as in fuzz_index.c (section lengths, sections), then one pack's
 * frames. What this program would write around them is written. */
#include "fuzz.h"
#include "fuzz_folder.h"
#include "fuzz_json.h"

#include "media/check.h"
#include "media/content.h"
#include "media/part.h"
#include "media/set_json.h"
#include "media/trailer.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CONTENT_BYTES_MAX = 4 << 20 };

static const struct uuid uuid = {{0x5e, 0x77, 0x10, 0x2b, 0x9c, 0x41, 0x4d, 0x8a, 0x93, 0x6f, 0x01,
                                  0x55, 0xaa, 0xc3, 0x3c, 0x7e}};
static const char *path;
static int folder_fd = -1;

void fuzz_prepare(void)
{
    fuzz_json_never_fails();
    path = fuzz_folder_make();
    folder_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    VSR_REQUIRE(folder_fd >= 0 && mkdirat(folder_fd, SET_PACKS, 0700) == 0);
}

/* --- around what the input says --- */

static void put_pack(const struct index_build *build, struct view frames, struct set_part *part)
{
    struct buffer pack = {0};
    struct trailer_head head = {0};
    uint64_t counts[SECTION_COUNT];
    index_build_counts(build, counts);
    memcpy(head.set_uuid, uuid.bytes, sizeof head.set_uuid);
    for (int i = 0; i < SECTION_COUNT; i++) {
        head.slices[i].count = counts[i];
    }
    buffer_add_view(&pack, frames);
    trailer_render(&pack, &head, build, pack.n, TRAILER_PIECE_BYTES);
    part->name = VIEW("pack-000000.tar.lz4");
    part->size = pack.n;
    part_hash_bytes(pack.p, pack.n, part->xxh3_128);
    fuzz_folder_put(folder_fd, "packs/pack-000000.tar.lz4", buffer_view(&pack));
    buffer_free(&pack);
}

/* False: no index has so many records. */
static bool put_set(const struct index_build *build, struct view frames)
{
    static struct set_volume volumes[2] = {{.letter = VIEW("C:"), .prefix = VIEW("C")},
                                           {.letter = VIEW("D:"), .prefix = VIEW("D")}};
    struct set_part pack;
    struct buffer json = {0};
    struct set_description d = {.uuid = uuid,
                                .backup_type = VIEW("full"),
                                .created = VIEW("2024-05-06T07:08:09Z"),
                                .volumes = volumes,
                                .volume_count = build->volume_count == 2 ? 2 : 1,
                                .packs = &pack,
                                .pack_count = 1,
                                .index = {.name = VIEW(INDEX_NAME)}};
    for (uint32_t i = 0; i < build->entry_count; i++) {
        d.files += build->entries[i].kind != INDEX_DIRECTORY;
        d.bytes += build->entries[i].size;
    }
    d.files &= INT64_MAX;
    d.bytes &= INT64_MAX;
    put_pack(build, frames, &pack);
    if (index_write(folder_fd, INDEX_NAME, &uuid, build, &d.index, NULL) != VSR_OK) {
        return false;
    }
    VSR_REQUIRE(set_json_render(&json, &d, NULL) == VSR_OK);
    fuzz_folder_put(folder_fd, SET_JSON_NAME, buffer_view(&json));
    buffer_free(&json);
    return true;
}

/* --- what is asked of it --- */

static bool is_told(vsr_code rc)
{
    return rc == VSR_OK || rc == VSR_ERR_MEDIA || rc == VSR_ERR_MEDIA_UNREADABLE ||
           rc == VSR_ERR_MEMORY;
}

static uint64_t files_number(const struct media_set *set)
{
    uint64_t sum = 1;
    for (uint32_t i = 0; i < set->index.entry_count; i++) {
        struct buffer content = {0};
        vsr_error error = {0};
        if (set->index.entries[i].kind != INDEX_FILE) {
            continue;
        }
        const vsr_code rc = content_read(set, i, CONTENT_BYTES_MAX, &content, &error);
        VSR_REQUIRE(is_told(rc) && (rc == VSR_OK || content.n == 0));
        VSR_REQUIRE(rc != VSR_OK || content.n == set->index.entries[i].size);
        fuzz_add_number(&sum, (uint64_t)(rc != VSR_OK));
        fuzz_add(&sum, content.p, content.n);
        buffer_free(&content);
        if (rc == VSR_ERR_MEMORY) {
            return FUZZ_NO_MEMORY;
        }
    }
    return sum;
}

static void on_finding(void *context, const struct check_finding *finding)
{
    uint64_t *sum = context;
    VSR_REQUIRE(finding->what.n > 0 && finding->structure.n > 0);
    VSR_REQUIRE(finding->code == VSR_ERR_MEDIA);
    fuzz_add_text(sum, finding->path);
    fuzz_add_number(sum, finding->offset);
}

static uint64_t check_number(void)
{
    struct check_totals totals;
    vsr_error error = {0};
    uint64_t sum = 1;
    const vsr_code rc = set_check(path, 1, on_finding, &sum, &totals, &error);
    VSR_REQUIRE(is_told(rc) && (rc == VSR_OK) == (totals.findings == 0 && rc == VSR_OK));
    fuzz_add_number(&sum, totals.findings);
    return rc == VSR_ERR_MEMORY ? FUZZ_NO_MEMORY : sum;
}

/* A lost index comes back, whatever it said, as long as it can be an index. */
static uint64_t reindex_number(void)
{
    vsr_error error = {0};
    bool rebuilt = false;
    VSR_REQUIRE(unlinkat(folder_fd, INDEX_NAME, 0) == 0);
    const vsr_code rc = set_reindex(path, &rebuilt, &error);
    if (rc != VSR_OK) {
        VSR_REQUIRE(rc == VSR_ERR_MEMORY);
        return fuzz_refused(rc, &error);
    }
    VSR_REQUIRE(rebuilt);
    return 1;
}

static uint64_t set_number(void)
{
    struct media_set set;
    vsr_error error = {0};
    uint64_t parts[3] = {0};
    const vsr_code rc = set_open(&set, path, &error);
    VSR_REQUIRE(is_told(rc));
    if (rc == VSR_OK) {
        parts[0] = files_number(&set);
        set_close(&set);
    } else {
        parts[0] = fuzz_refused(rc, &error);
    }
    parts[1] = check_number();
    parts[2] = reindex_number();
    if (parts[0] == FUZZ_NO_MEMORY || parts[1] == FUZZ_NO_MEMORY || parts[2] == FUZZ_NO_MEMORY) {
        return FUZZ_NO_MEMORY;
    }
    return (hash_bytes(parts, sizeof parts) & ~UINT64_C(1)) + 2 + parts[0] % 2;
}

uint64_t fuzz_target(const uint8_t *data, size_t size)
{
    uint16_t counts[SECTION_COUNT];
    char *sections[SECTION_COUNT] = {0};
    struct view left = {(const char *)data, size};
    if (size < sizeof counts) {
        return 1;
    }
    memcpy(counts, data, sizeof counts);
    left = view_skip(left, sizeof counts);
    for (int i = 0; i < SECTION_COUNT; i++) {
        const size_t bytes = counts[i] * (size_t)index_record_bytes((enum index_section)i);
        const size_t given = bytes < left.n ? bytes : left.n;
        sections[i] = fuzz_memory(bytes);
        memset(sections[i], 0, bytes);
        memcpy(sections[i], left.p, given);
        left = view_skip(left, given);
    }
    const struct index_build build = {
        .volumes = (void *)sections[SECTION_VOLUMES],
        .volume_count = counts[SECTION_VOLUMES],
        .entries = (void *)sections[SECTION_ENTRIES],
        .entry_count = counts[SECTION_ENTRIES],
        .chunks = (void *)sections[SECTION_CHUNKS],
        .chunk_count = counts[SECTION_CHUNKS],
        .ranges = (void *)sections[SECTION_RANGES],
        .range_count = counts[SECTION_RANGES],
        .descriptors = (void *)sections[SECTION_DESCRIPTORS],
        .descriptor_count = counts[SECTION_DESCRIPTORS],
        .blobs = {.p = sections[SECTION_BLOBS], .n = counts[SECTION_BLOBS]},
    };
    fuzz_plenty(true);
    const bool written = put_set(&build, left);
    fuzz_plenty(false);
    const uint64_t sum = written ? set_number() : 1;
    for (int i = 0; i < SECTION_COUNT; i++) {
        free(sections[i]);
    }
    return sum;
}
