/* test_index.c - what index_check() must refuse, and that what it lets pass is safe. */
#include "vsr_test.h"

#include "base/clock.h"
#include "base/heap.h"
#include "media/set.h"
#include "media_fixture.h"
#include "media_index_walk.h"

#include <stdlib.h>

static const struct index_range holes[] = {{512, 1024}, {8192, 300}};
static const struct index_range saved[] = {{2000, 700}, {0, 100}};
static char bytes[20000];

static const struct fixture_file files[] = {
    {.path = "a/one.txt", .content = VIEW("the first file"), .attribute = VIEW("value")},
    {.path = "a/two.txt", .content = VIEW("the second file"), .descriptor = VIEW("sd")},
    {.path = "a/sub/three", .content = {bytes, 20000}},
    {.path = "a/zub/four", .content = VIEW("4")},
    {.path = "b/holes",
     .content = {bytes, 8492},
     .flags = INDEX_SPARSE,
     .ranges = holes,
     .range_count = 2},
    {.path = "b/part",
     .content = {bytes, 3000},
     .flags = INDEX_PARTIAL,
     .ranges = saved,
     .range_count = 2},
    {.path = "b/second-name", .kind = FIXTURE_HARDLINK, .content = VIEW("a/one.txt")},
    {.path = "link", .kind = FIXTURE_SYMLINK, .content = VIEW("a/one.txt")},
    {.path = "zero", .content = VIEW("")},
    {.volume = 1, .path = "other", .content = VIEW("volume")},
};

static const struct set_volume volumes[] = {
    {.letter = VIEW("C:"), .prefix = VIEW("C")},
    {.guid = VIEW("\\\\?\\Volume{1}"), .prefix = VIEW("Volume{1}")},
};

static char folder[64];
static struct media_set set;

static int set_up(void **state)
{
    (void)state;
    char path[128];
    fixture_folder(folder);
    (void)snprintf(path, sizeof path, "%s/set", folder);
    fixture_write(path, &(struct fixture){.files = files,
                                          .file_count = COUNT_OF(files),
                                          .volumes = volumes,
                                          .volume_count = 2,
                                          .small_max = 6000,
                                          .shared_bytes = 2048,
                                          .piece_bytes = 8192});
    vsr_error error = {0};
    return set_open(&set, path, &error);
}

static int tear_down(void **state)
{
    (void)state;
    set_close(&set);
    fixture_remove(folder);
    return 0;
}

/* An index of one's own to change: each section in heap memory of exactly its size. */
struct copy {
    struct media_index index;
    struct index_volume *volumes;
    struct index_entry *entries;
    struct index_chunk *chunks;
    struct index_range *ranges;
    struct index_descriptor *descriptors;
    char *blobs;
};

static void *copy_of(const void *from, size_t count, size_t size)
{
    void *copied = heap_alloc(count, size);
    memcpy(copied, from, count * size);
    return copied;
}

static struct copy copy_make(void)
{
    const struct media_index *from = &set.index;
    struct copy copy = {
        .index = *from,
        .volumes = copy_of(from->volumes, from->volume_count, sizeof *from->volumes),
        .entries = copy_of(from->entries, from->entry_count, sizeof *from->entries),
        .chunks = copy_of(from->chunks, from->chunk_count, sizeof *from->chunks),
        .ranges = copy_of(from->ranges, from->range_count, sizeof *from->ranges),
        .descriptors =
            copy_of(from->descriptors, from->descriptor_count, sizeof *from->descriptors),
        .blobs = copy_of(from->blobs, from->blob_bytes, 1),
    };
    copy.index.mapping = NULL;
    copy.index.header = NULL;
    copy.index.volumes = copy.volumes;
    copy.index.entries = copy.entries;
    copy.index.chunks = copy.chunks;
    copy.index.ranges = copy.ranges;
    copy.index.descriptors = copy.descriptors;
    copy.index.blobs = copy.blobs;
    return copy;
}

static void copy_free(struct copy *copy)
{
    free(copy->volumes);
    free(copy->entries);
    free(copy->chunks);
    free(copy->ranges);
    free(copy->descriptors);
    free(copy->blobs);
}

static void copy_take_name(struct copy *copy, uint32_t entry, uint32_t of)
{
    copy->entries[entry].name_offset = copy->entries[of].name_offset;
    copy->entries[entry].name_bytes = copy->entries[of].name_bytes;
}

static uint32_t look_up(const char *path)
{
    uint32_t entry = 0;
    for (struct view rest = view_of(path); rest.n > 0;) {
        const struct view name = {rest.p, view_find(rest, '/')};
        entry = index_child(&set.index, entry, name);
        assert_int_not_equal(entry, MARK_NONE);
        rest = view_skip(rest, name.n < rest.n ? name.n + 1 : name.n);
    }
    return entry;
}

static void a_written_index_is_right(void **state)
{
    (void)state;
    struct copy copy = copy_make();
    vsr_error error = {0};
    assert_int_equal(index_check(&copy.index, &error), VSR_OK);
    assert_true(index_walk(&copy.index) == index_walk(&set.index));
    copy_free(&copy);
}

/* One wrong value each; the error must tell which rule it broke. */
#define MUST_REFUSE(change, text)                                                                  \
    do {                                                                                           \
        struct copy copy = copy_make();                                                            \
        vsr_error error = {0};                                                                     \
        change;                                                                                    \
        assert_int_equal(index_check(&copy.index, &error), VSR_ERR_MEDIA);                         \
        if (strstr(error.what, text) == NULL) {                                                    \
            fail_msg("line %d: want \"%s\": %s", __LINE__, text, error.what);                      \
        }                                                                                          \
        copy_free(&copy);                                                                          \
    } while (0)

static void entries_are_distrusted(void **state)
{
    (void)state;
    const uint32_t one = look_up("a/one.txt");
    const uint32_t a = look_up("a");
    const uint32_t b = look_up("b");
    const uint32_t sub = look_up("a/sub");
    MUST_REFUSE(copy.entries[one].parent = b, "not the child");
    MUST_REFUSE(copy.entries[one].volume = 1, "not the child");
    MUST_REFUSE(copy.entries[one].name_offset = UINT64_MAX - 3, "name lies outside");
    MUST_REFUSE(copy.entries[one].name_offset = copy.index.blob_bytes - 2, "name lies outside");
    MUST_REFUSE(copy.entries[one].name_bytes = 0, "none that a path");
    MUST_REFUSE(copy.entries[one].name_bytes = 0xFFFF, "name");
    MUST_REFUSE(copy.blobs[copy.entries[one].name_offset + 1] = '/', "none that a path");
    MUST_REFUSE(copy.blobs[copy.entries[one].name_offset + 1] = 0, "none that a path");
    MUST_REFUSE((copy.entries[one].name_bytes = 2,
                 memcpy(copy.blobs + copy.entries[one].name_offset, "..", 2)),
                "none that a path");
    MUST_REFUSE((copy.entries[one].name_bytes = 1, copy.blobs[copy.entries[one].name_offset] = '.'),
                "none that a path");
    MUST_REFUSE(copy.entries[one].name_offset = copy.entries[one + 1].name_offset, "not in order");
    MUST_REFUSE(copy_take_name(&copy, look_up("a/two.txt"), sub), "the same name");
    MUST_REFUSE(copy_take_name(&copy, look_up("link"), b), "the same name");
    MUST_REFUSE(copy_take_name(&copy, sub, look_up("a/two.txt")), "the same name");
    MUST_REFUSE(copy.entries[one].kind = 4, "no known kind");
    MUST_REFUSE(copy.entries[one].kind = INDEX_DIRECTORY, "parted");
    MUST_REFUSE(copy.entries[one].modify_ns = 1000000000, "nanoseconds");
    MUST_REFUSE(copy.entries[one].reserved = 1, "reserved");
    MUST_REFUSE(copy.entries[one].descriptor = 1, "security descriptor");
    MUST_REFUSE(copy.entries[one].attribute_bytes -= 1, "cut short");
    MUST_REFUSE(copy.entries[one].attribute_offset = UINT64_MAX, "attributes lie outside");
    MUST_REFUSE(copy.entries[a].directory.child_count++, "");
    MUST_REFUSE(copy.entries[a].directory.first_child--, "");
    MUST_REFUSE(copy.entries[a].directory.first_child = 0, "");
    MUST_REFUSE(copy.entries[a].directory.child_count = UINT32_MAX, "children lie outside");
    MUST_REFUSE(copy.entries[a].directory.first_directory--, "parted");
    MUST_REFUSE((copy.entries[sub].directory.first_child--,
                 copy.entries[sub].directory.first_directory--),
                "do not follow");
    MUST_REFUSE(copy.entries[0].parent = 1, "root");
    MUST_REFUSE(copy.entries[a].size = 1, "no file");
    MUST_REFUSE(copy.index.entry_count--, "");
    MUST_REFUSE(copy.index.volume_count--, "belongs to no directory");
    MUST_REFUSE(copy.volumes[1].root_entry++, "root");
    MUST_REFUSE(copy.volumes[1].prefix_bytes = 0, "prefix");
    MUST_REFUSE(copy.blobs[copy.volumes[1].prefix_offset] = '/', "prefix");
    MUST_REFUSE(copy.entries[look_up("link")].link.bytes = 0, "link text");
    MUST_REFUSE(copy.entries[look_up("link")].link.offset = UINT64_MAX, "link text");
    MUST_REFUSE(copy.descriptors[0].offset = 3, "descriptor 0");
    MUST_REFUSE(copy.descriptors[0].bytes = UINT32_MAX, "descriptor 0");
}

static void files_are_distrusted(void **state)
{
    (void)state;
    const uint32_t one = look_up("a/one.txt");
    const uint32_t three = look_up("a/sub/three");
    const uint32_t sparse = look_up("b/holes");
    const uint32_t partial = look_up("b/part");
    const uint32_t second = look_up("b/second-name");
    const uint64_t chunk = set.index.entries[three].file.first_chunk;
    const uint64_t range = set.index.entries[sparse].file.first_range;
    const uint64_t part_range = set.index.entries[partial].file.first_range;
    MUST_REFUSE(copy.entries[one].size++, "cover");
    MUST_REFUSE(copy.entries[one].size = UINT64_MAX, "larger");
    MUST_REFUSE(copy.entries[one].file.first_chunk++, "do not follow");
    MUST_REFUSE(copy.entries[one].chunk_count++, "");
    MUST_REFUSE(copy.entries[one].chunk_count = 0, "");
    MUST_REFUSE(copy.entries[one].chunk_count = UINT32_MAX, "chunks lie outside");
    MUST_REFUSE(copy.entries[one].range_count = 1, "neither sparse nor partial");
    MUST_REFUSE(copy.entries[one].flags = INDEX_SPARSE | INDEX_PARTIAL, "flags");
    MUST_REFUSE(copy.entries[one].flags = INDEX_SPARSE, "");
    MUST_REFUSE(copy.entries[sparse].flags |= INDEX_PARTIAL, "flags");
    MUST_REFUSE(copy.chunks[chunk].length--, "in order");
    MUST_REFUSE(copy.chunks[chunk].length = 0, "outside its frame");
    MUST_REFUSE(copy.chunks[chunk].offset_in_frame++, "outside its frame");
    MUST_REFUSE(copy.chunks[chunk].file_offset++, "in order");
    MUST_REFUSE(copy.chunks[chunk].pack = 1, "pack");
    MUST_REFUSE(copy.chunks[chunk].reserved = 1, "pack");
    MUST_REFUSE(copy.chunks[chunk].frame_plain_bytes = FRAME_PLAIN_BYTES_MAX + 1, "lengths");
    MUST_REFUSE(copy.chunks[chunk].frame_bytes = FRAME_STORED_BYTES_MAX + 1, "lengths");
    MUST_REFUSE(copy.chunks[chunk].frame_bytes = 31, "lengths");
    MUST_REFUSE(copy.chunks[chunk].frame_offset = UINT64_MAX, "lengths");
    MUST_REFUSE(copy.chunks[chunk].frame_offset = 0, "order of the media");
    MUST_REFUSE(copy.chunks[chunk + 1].frame_offset--, "order of the media");
    MUST_REFUSE(copy.index.chunk_count++, "belongs to no file");
    MUST_REFUSE(copy.index.chunk_count--, "chunks lie outside");
    MUST_REFUSE(copy.ranges[range].length = 0, "outside the file");
    MUST_REFUSE(copy.ranges[range].offset += 512, "");
    MUST_REFUSE(copy.ranges[range].offset += 1, "multiple of 512");
    MUST_REFUSE(copy.ranges[range + 1].offset = 0, "not in order");
    MUST_REFUSE(copy.ranges[range + 1].length = UINT64_MAX, "outside the file");
    MUST_REFUSE(copy.ranges[part_range].offset = 2500, "outside the file");
    MUST_REFUSE(copy.entries[sparse].file.first_range = UINT64_MAX, "ranges lie outside");
    MUST_REFUSE(copy.entries[sparse].range_count = UINT32_MAX, "ranges lie outside");
    MUST_REFUSE(copy.entries[second].link_group = three, "hard link");
    MUST_REFUSE(copy.entries[second].link_group = second + 1, "later");
    MUST_REFUSE(copy.entries[second].link_group = MARK_NONE, "cover");
    MUST_REFUSE(copy.entries[second].size++, "not the same file");
    MUST_REFUSE(copy.entries[one].link_group = MARK_NONE, "not the same file");
    MUST_REFUSE(copy.entries[second].file.first_chunk = UINT64_MAX, "chunks lie outside");
}

/* One to three bytes anywhere in any section: refused, or safe to walk. */
static void seeded_mutations_are_refused_or_safe(void **state)
{
    (void)state;
    uint64_t seed = 19;
    uint32_t refused = 0;
    for (uint32_t round = 0; round < 4000; round++) {
        struct copy copy = copy_make();
        const struct {
            void *bytes;
            uint64_t count;
        } sections[] = {
            {copy.volumes, copy.index.volume_count * sizeof *copy.volumes},
            {copy.entries, copy.index.entry_count * sizeof *copy.entries},
            {copy.chunks, copy.index.chunk_count * sizeof *copy.chunks},
            {copy.ranges, copy.index.range_count * sizeof *copy.ranges},
            {copy.descriptors, copy.index.descriptor_count * sizeof *copy.descriptors},
            {copy.blobs, copy.index.blob_bytes},
            {copy.entries, copy.index.entry_count * sizeof *copy.entries},
        };
        for (uint64_t n = fixture_random(&seed) % 3 + 1; n > 0; n--) {
            const size_t s = fixture_random(&seed) % COUNT_OF(sections);
            static const unsigned char values[] = {0, 1, 0x7F, 0x80, 0xFF};
            const uint64_t draw = fixture_random(&seed);
            unsigned char *at =
                (unsigned char *)sections[s].bytes + fixture_random(&seed) % sections[s].count;
            *at = draw % 2 == 0 ? values[draw / 2 % COUNT_OF(values)]
                                : (unsigned char)(*at + (draw >> 8) % 5 - 2);
        }
        vsr_error error = {0};
        if (index_check(&copy.index, &error) == VSR_OK) {
            assert_true(index_walk(&copy.index) != 1);
        } else {
            assert_int_equal(error.code, VSR_ERR_MEDIA);
            refused++;
        }
        copy_free(&copy);
    }
    assert_true(refused > 1000);
}

/* One directory of 100,000 files; what the check costs is printed, and bounded generously. */
static void a_hundred_thousand_entries_are_quick(void **state)
{
    (void)state;
    enum { COUNT = 100000, NAME_BYTES = 12 };
    struct index_build build = {.volume_count = 1, .entry_count = COUNT + 1};
    build.volumes = heap_alloc(1, sizeof *build.volumes);
    build.entries = heap_alloc(COUNT + 1, sizeof *build.entries);
    build.chunks = heap_alloc(COUNT, sizeof *build.chunks);
    build.chunk_count = COUNT;
    buffer_add_view(&build.blobs, VIEW("C"));
    build.volumes[0].prefix_bytes = 1;
    build.entries[0] = (struct index_entry){.parent = MARK_NONE,
                                            .kind = INDEX_DIRECTORY,
                                            .directory = {1, COUNT, COUNT + 1, 0},
                                            .link_group = MARK_NONE,
                                            .descriptor = MARK_NONE};
    for (uint32_t i = 0; i < COUNT; i++) {
        build.entries[i + 1] = (struct index_entry){.name_offset = build.blobs.n,
                                                    .name_bytes = NAME_BYTES,
                                                    .kind = INDEX_FILE,
                                                    .size = 100,
                                                    .file = {i, 0},
                                                    .chunk_count = 1,
                                                    .link_group = MARK_NONE,
                                                    .descriptor = MARK_NONE};
        build.chunks[i] = (struct index_chunk){.frame_offset = (uint64_t)i * 200,
                                               .frame_bytes = 150,
                                               .frame_plain_bytes = 150,
                                               .length = 100};
        buffer_printf(&build.blobs, "file-%07u", i);
    }
    struct media_index index = index_build_view(&build);
    index.pack_count = 1;
    vsr_error error = {0};
    const uint64_t begin = clock_monotonic_ns();
    assert_int_equal(index_check(&index, &error), VSR_OK);
    const uint64_t spent_ms = (clock_monotonic_ns() - begin) / 1000000;
    print_message("index_check of %d entries: %llu ms\n", COUNT, (unsigned long long)spent_ms);
    assert_true(spent_ms < 2000);
    assert_int_equal(index_child(&index, 0, VIEW("file-0099999")), COUNT);
    index_build_free(&build);
}

static void directories_nested_too_deeply_are_refused(void **state)
{
    (void)state;
    enum { DEPTH = WIN_PATH_DEPTH_MAX + 2 };
    struct index_build build = {.volume_count = 1, .entry_count = DEPTH};
    build.volumes = heap_alloc(1, sizeof *build.volumes);
    build.entries = heap_alloc(DEPTH, sizeof *build.entries);
    buffer_add_view(&build.blobs, VIEW("Cn"));
    build.volumes[0].prefix_bytes = 1;
    for (uint32_t i = 0; i < DEPTH; i++) {
        build.entries[i] = (struct index_entry){.parent = i == 0 ? MARK_NONE : i - 1,
                                                .name_offset = 1,
                                                .name_bytes = i > 0,
                                                .kind = INDEX_DIRECTORY,
                                                .directory = {i + 1, 1, i + 1, 0},
                                                .link_group = MARK_NONE,
                                                .descriptor = MARK_NONE};
    }
    build.entries[DEPTH - 1].directory.child_count = 0;
    struct media_index index = index_build_view(&build);
    vsr_error error = {0};
    assert_int_equal(index_check(&index, &error), VSR_ERR_MEDIA);
    assert_non_null(strstr(error.what, "deep"));
    index.entry_count = DEPTH - 1;
    build.entries[DEPTH - 2].directory.child_count = 0;
    vsr_error none = {0};
    assert_int_equal(index_check(&index, &none), VSR_OK);
    assert_true(index_walk(&index) != 1);
    index_build_free(&build);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_written_index_is_right),
        cmocka_unit_test(entries_are_distrusted),
        cmocka_unit_test(files_are_distrusted),
        cmocka_unit_test(seeded_mutations_are_refused_or_safe),
        cmocka_unit_test(a_hundred_thousand_entries_are_quick),
        cmocka_unit_test(directories_nested_too_deeply_are_refused),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
