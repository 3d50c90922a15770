/* test_reindex.c - a lost index comes back byte for byte, or the reason is named. */
#include "vsr_test.h"

#include "base/io.h"
#include "media/check.h"
#include "media_fixture.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILES = 60 };

static char folder[64];
static char set_path[128];
static char names[FILES][32];
static struct fixture_file files[FILES];
static const struct index_range holes[] = {{0, 512}, {4096, 512}};

static int set_up(void **state)
{
    (void)state;
    uint64_t seed = 5;
    for (size_t i = 0; i < FILES; i++) {
        const size_t bytes = 600 * i + 5000;
        (void)snprintf(names[i], sizeof names[i], "dir%zu/file%zu", i % 5, i);
        files[i] = (struct fixture_file){.path = names[i],
                                         .content = {fixture_bytes(++seed, bytes), bytes},
                                         .attribute = VIEW("some value"),
                                         .descriptor = {names[i], i % 3 + 1}};
        if (i % 10 == 3) {
            files[i].flags = INDEX_SPARSE;
            files[i].ranges = holes;
            files[i].range_count = 2;
        }
    }
    fixture_folder(folder);
    (void)snprintf(set_path, sizeof set_path, "%s/set", folder);
    fixture_write(set_path, &(struct fixture){.files = files,
                                              .file_count = FILES,
                                              .small_max = 16384,
                                              .shared_bytes = 16384,
                                              .piece_bytes = 16384,
                                              .pack_bytes = 100000});
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fixture_remove(folder);
    for (size_t i = 0; i < FILES; i++) {
        free((void *)(uintptr_t)files[i].content.p);
    }
    return 0;
}

static void part_path(const char *name, char out[256])
{
    (void)snprintf(out, 256, "%s/%s", set_path, name);
}

static void read_index(struct buffer *out)
{
    char path[256];
    vsr_error error = {0};
    part_path("index.bin", path);
    assert_int_equal(io_read_file(AT_FDCWD, path, (size_t)1 << 30, out, VSR_ERR_MEDIA, &error),
                     VSR_OK);
}

static void an_index_that_is_right_is_left_alone(void **state)
{
    (void)state;
    bool rebuilt = true;
    vsr_error error = {0};
    assert_int_equal(set_reindex(set_path, &rebuilt, &error), VSR_OK);
    assert_false(rebuilt);
}

static void a_lost_index_comes_back_byte_for_byte(void **state)
{
    (void)state;
    struct buffer before = {0};
    struct buffer after = {0};
    char path[256];
    read_index(&before);
    part_path("index.bin", path);
    assert_int_equal(unlink(path), 0);
    bool rebuilt = false;
    vsr_error error = {0};
    assert_int_equal(set_reindex(set_path, &rebuilt, &error), VSR_OK);
    assert_true(rebuilt);
    read_index(&after);
    assert_int_equal(before.n, after.n);
    assert_memory_equal(before.p, after.p, before.n);
    struct media_set set;
    assert_int_equal(set_open(&set, set_path, &error), VSR_OK);
    assert_true(set.description.pack_count >= 4);
    set_close(&set);
    buffer_free(&before);
    buffer_free(&after);
}

static void a_damaged_index_is_replaced(void **state)
{
    (void)state;
    struct buffer before = {0};
    struct buffer after = {0};
    char path[256];
    read_index(&before);
    part_path("index.bin", path);
    const int fd = open(path, O_WRONLY);
    assert_int_equal(pwrite(fd, "garbage", 7, 700), 7);
    close(fd);
    bool rebuilt = false;
    vsr_error error = {0};
    assert_int_equal(set_reindex(set_path, &rebuilt, &error), VSR_OK);
    assert_true(rebuilt);
    read_index(&after);
    assert_true(view_equal(buffer_view(&before), buffer_view(&after)));
    buffer_free(&before);
    buffer_free(&after);
}

/* Flip a byte of a trailer; counted from the pack's end. */
static void flip_from_end(const char *pack, off_t back)
{
    struct stat st;
    char c = 0;
    const int fd = open(pack, O_RDWR);
    assert_int_equal(fstat(fd, &st), 0);
    assert_int_equal(pread(fd, &c, 1, st.st_size - back), 1);
    c ^= 1;
    assert_int_equal(pwrite(fd, &c, 1, st.st_size - back), 1);
    close(fd);
}

static void a_damaged_trailer_is_named_and_nothing_written(void **state)
{
    (void)state;
    char index[256];
    char aside[256];
    char pack[256];
    char part[256];
    part_path("index.bin", index);
    part_path("packs/pack-000002.tar.lz4", pack);
    part_path(".index.bin.part", part);
    (void)snprintf(aside, sizeof aside, "%s/aside", folder);
    assert_int_equal(rename(index, aside), 0);
    static const off_t backs[] = {1, 10, 20, 24, 40, 60, 100};
    for (size_t i = 0; i < COUNT_OF(backs); i++) {
        bool rebuilt = true;
        vsr_error error = {0};
        flip_from_end(pack, backs[i]);
        assert_int_equal(set_reindex(set_path, &rebuilt, &error), VSR_ERR_MEDIA);
        assert_false(rebuilt);
        assert_non_null(strstr(error.what, "pack-000002.tar.lz4"));
        assert_int_equal(access(index, F_OK), -1);
        assert_int_equal(access(part, F_OK), -1);
        flip_from_end(pack, backs[i]);
    }
    assert_int_equal(rename(aside, index), 0);
}

static void a_missing_or_short_pack_is_named(void **state)
{
    (void)state;
    char index[256];
    char aside[256];
    char pack[256];
    char pack_aside[256];
    struct stat st;
    part_path("index.bin", index);
    part_path("packs/pack-000001.tar.lz4", pack);
    (void)snprintf(aside, sizeof aside, "%s/aside", folder);
    (void)snprintf(pack_aside, sizeof pack_aside, "%s/pack", folder);
    assert_int_equal(rename(index, aside), 0);
    assert_int_equal(rename(pack, pack_aside), 0);
    bool rebuilt = true;
    vsr_error missing = {0};
    assert_int_equal(set_reindex(set_path, &rebuilt, &missing), VSR_ERR_MEDIA);
    assert_non_null(strstr(missing.what, "pack-000001.tar.lz4"));
    assert_int_equal(rename(pack_aside, pack), 0);
    assert_int_equal(stat(pack, &st), 0);
    assert_int_equal(truncate(pack, st.st_size - 30), 0);
    vsr_error cut = {0};
    assert_int_equal(set_reindex(set_path, &rebuilt, &cut), VSR_ERR_MEDIA);
    assert_non_null(strstr(cut.what, "pack-000001.tar.lz4"));
    part_path("packs/pack-000000.tar.lz4", pack);
    assert_int_equal(unlink(pack), 0);
    vsr_error both = {0};
    assert_int_equal(set_reindex(set_path, &rebuilt, &both), VSR_ERR_MEDIA);
    assert_non_null(strstr(both.what, "pack-000000.tar.lz4, pack-000001.tar.lz4"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_index_that_is_right_is_left_alone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_lost_index_comes_back_byte_for_byte, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_damaged_index_is_replaced, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_damaged_trailer_is_named_and_nothing_written, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_missing_or_short_pack_is_named, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
