/* test_tar.c - what plain lz4 and tar get out of a set: names, contents, holes, links, times. */
#include "vsr_test.h"

#include "media/tar.h"
#include "media_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define LONG_NAME                                                                                  \
    "a-name-of-two-hundred-and-fifty-five-bytes-0123456789-0123456789-0123456789-0123456789-"      \
    "0123456789-0123456789-0123456789-0123456789-0123456789-0123456789-0123456789-0123456789-"     \
    "0123456789-0123456789-0123456789-0123456789-0123456789-0123456789-0123456789-01"
#define DEEP "deep-folder-name-of-forty-characters-aaaa/"

static const struct index_range holes[] = {{65536, 4096}, {131072, 512}};
static const struct index_range to_the_end[] = {{0, 512}, {1024, 77}};
static const struct index_range saved[] = {{700, 300}, {0, 100}};
static char holes_content[1 << 20], end_content[1101], part_content[2000];

/* Times: NTFS's steps of 100 ns, one before 1970, one far ahead. */
static struct fixture_file files[] = {
    {.path = "plain.txt",
     .content = VIEW("plain content\n"),
     .modify_s = 1700000000,
     .modify_ns = 123456700,
     .mode = 0640},
    {.path = "before-1970.txt", .content = VIEW("old"), .modify_s = -11644473600, .modify_ns = 100},
    {.path = "year-2500.txt", .content = VIEW("far"), .modify_s = 16725225600},
    {.path = "S\xC3\xBC"
             "d/\xE6\x97\xA5\xE6\x9C\xAC \xF0\x9F\x98\x80.txt",
     .content = VIEW("utf-8")},
    {.path = "lone \xED\xA0\x80 surrogate", .content = VIEW("wtf-8")},
    {.path = "not even \xFF\xFE wtf-8", .content = VIEW("bytes")},
    {.path = "new\nline and back\\slash", .content = VIEW("odd")},
    {.path = "l/" LONG_NAME, .content = VIEW("long name")},
    {.path = DEEP DEEP DEEP DEEP DEEP DEEP DEEP DEEP "file", .content = VIEW("long path")},
    {.path = "holes.bin",
     .content = {holes_content, sizeof holes_content},
     .flags = INDEX_SPARSE,
     .ranges = holes,
     .range_count = 2,
     .modify_s = 5},
    {.path = "data-at-end.bin",
     .content = {end_content, sizeof end_content},
     .flags = INDEX_SPARSE,
     .ranges = to_the_end,
     .range_count = 2},
    {.path = "all-hole.bin", .content = {holes_content, 4096}, .flags = INDEX_SPARSE},
    {.path = "S\xC3\xBC"
             "d/sparse \xE6\x97\xA5.bin",
     .content = {end_content, sizeof end_content},
     .flags = INDEX_SPARSE,
     .ranges = to_the_end,
     .range_count = 2},
    {.path = "db.mdf",
     .content = {part_content, sizeof part_content},
     .flags = INDEX_PARTIAL,
     .ranges = saved,
     .range_count = 2},
    {.path = "hard-1", .content = VIEW("two names")},
    {.path = "hard-2", .kind = FIXTURE_HARDLINK, .content = VIEW("hard-1")},
    {.path = "z-folder/symbolic", .kind = FIXTURE_SYMLINK, .content = VIEW("../plain.txt")},
    {.path = "z-folder/symbolic-2",
     .kind = FIXTURE_SYMLINK,
     .content = VIEW("../" DEEP DEEP DEEP DEEP "S\xC3\xBC"
                     "d")},
    {.path = "empty-folder", .kind = FIXTURE_DIRECTORY, .modify_s = 1600000000, .mode = 0555},
    {.path = "empty-file", .content = VIEW("")},
    {.path = "owner", .content = VIEW("x"), .uid = 4000000000u, .gid = 3999999999u},
    {.path = "set-id", .content = VIEW("x"), .mode = 06755},
    {.path = "large.bin", .content = {NULL, 300000}},
};

static char folder[64];
static char out[128];
static char tar_errors[128];

static int set_up(void **state)
{
    (void)state;
    memset(holes_content + 65536, 'a', 4096);
    memset(holes_content + 131072, 'b', 512);
    memset(end_content, 'c', 512);
    memset(end_content + 1024, 'd', 77);
    for (size_t i = 0; i < sizeof part_content; i++) {
        part_content[i] = (char)('A' + i % 23);
    }
    struct fixture_file *large = &files[COUNT_OF(files) - 1];
    large->content.p = fixture_bytes(3, large->content.n);
    char set[128];
    fixture_folder(folder);
    (void)snprintf(set, sizeof set, "%s/set", folder);
    (void)snprintf(out, sizeof out, "%s/out", folder);
    (void)snprintf(tar_errors, sizeof tar_errors, "%s/tar-errors", folder);
    fixture_write(set, &(struct fixture){.files = files,
                                         .file_count = COUNT_OF(files),
                                         .small_max = 100000,
                                         .shared_bytes = 20000,
                                         .piece_bytes = 65536,
                                         .pack_bytes = 30000});
    if (fixture_shell("command -v lz4 >/dev/null && command -v tar >/dev/null") != 0) {
        return 0; /* each test skips */
    }
    assert_int_equal(mkdir(out, 0755), 0);
    assert_int_equal(fixture_shell("ls '%s'/packs | wc -l | grep -q '[2-9]'", set), 0);
    assert_int_equal(fixture_shell("cat '%s'/packs/*.lz4 | lz4 -dc | "
                                   "tar -x --ignore-zeros -C '%s' 2>'%s'",
                                   set, out, tar_errors),
                     0);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    (void)fixture_shell("chmod -R u+w '%s'", folder);
    fixture_remove(folder);
    free((void *)(uintptr_t)files[COUNT_OF(files) - 1].content.p);
    return 0;
}

static void need_tools(void)
{
    if (access(out, F_OK) != 0) {
        skip_because("no lz4 or no tar unpacked the set");
    }
}

static void stat_out(const char *path, struct stat *st)
{
    char full[1024];
    (void)snprintf(full, sizeof full, "%s/C/%s", out, path);
    if (lstat(full, st) != 0) {
        fail_msg("tar made no %s: %s", full, strerror(errno));
    }
}

static void assert_content(const char *path, const char *want, size_t count)
{
    char full[1024];
    struct stat st;
    stat_out(path, &st);
    assert_int_equal(st.st_size, count);
    (void)snprintf(full, sizeof full, "%s/C/%s", out, path);
    const int fd = open(full, O_RDONLY);
    assert_true(fd >= 0);
    char *got = malloc(count + 1);
    assert_int_equal(read(fd, got, count + 1), count);
    assert_memory_equal(got, want, count);
    free(got);
    close(fd);
}

static void every_file_has_its_content_and_name(void **state)
{
    (void)state;
    need_tools();
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        if (files[i].kind == FIXTURE_FILE && (files[i].flags & INDEX_PARTIAL) == 0) {
            assert_content(files[i].path, files[i].content.p, files[i].content.n);
        }
    }
}

static void times_are_exact_before_and_after_1970(void **state)
{
    (void)state;
    need_tools();
    for (size_t i = 0; i < 3; i++) {
        struct stat st;
        stat_out(files[i].path, &st);
        /* file systems with 34-bit seconds end in 1901 and 2446; then the nearest is kept */
        if (files[i].modify_s > -2147483648 && files[i].modify_s < 15032385536) {
            assert_int_equal(st.st_mtim.tv_sec, files[i].modify_s);
            assert_int_equal(st.st_mtim.tv_nsec, files[i].modify_ns);
        }
    }
    struct stat st;
    stat_out("empty-folder", &st);
    assert_true(S_ISDIR(st.st_mode));
    assert_int_equal(st.st_mtim.tv_sec, 1600000000);
}

static void holes_stay_holes(void **state)
{
    (void)state;
    need_tools();
    struct stat st;
    stat_out("holes.bin", &st);
    assert_true((uint64_t)st.st_blocks * 512 < sizeof holes_content / 4);
}

static void a_partial_file_is_laid_beside_its_place(void **state)
{
    (void)state;
    need_tools();
    char want[400];
    memcpy(want, part_content + 700, 300);
    memcpy(want + 300, part_content, 100);
    assert_content("db.mdf.vss-ranges", want, sizeof want);
    char full[1024];
    (void)snprintf(full, sizeof full, "%s/C/db.mdf", out);
    assert_int_equal(access(full, F_OK), -1);
}

static void links_are_links(void **state)
{
    (void)state;
    need_tools();
    struct stat first;
    struct stat second;
    stat_out("hard-1", &first);
    stat_out("hard-2", &second);
    assert_int_equal(first.st_ino, second.st_ino);
    char full[1024];
    char text[512] = "";
    (void)snprintf(full, sizeof full, "%s/C/z-folder/symbolic", out);
    assert_int_equal(readlink(full, text, sizeof text), 12);
    assert_memory_equal(text, "../plain.txt", 12);
    (void)snprintf(full, sizeof full, "%s/C/z-folder/symbolic-2", out);
    assert_int_equal(readlink(full, text, sizeof text), files[17].content.n);
    assert_memory_equal(text, files[17].content.p, files[17].content.n);
}

static void owners_and_modes_come_back_without_set_id(void **state)
{
    (void)state;
    need_tools();
    struct stat st;
    stat_out("set-id", &st);
    assert_int_equal(st.st_mode & 07000, 0);
    stat_out("plain.txt", &st);
    assert_int_equal(st.st_mode & 0700, 0600);
    if (geteuid() == 0) {
        stat_out("owner", &st);
        assert_int_equal(st.st_uid, 4000000000u);
        assert_int_equal(st.st_gid, 3999999999u);
    }
}

/* The keyword of a partial file and times that tar finds implausible: nothing else is said. */
static void tar_says_no_more_than_it_must(void **state)
{
    (void)state;
    need_tools();
    assert_int_equal(
        fixture_shell("! grep -v -e \"unknown extended header keyword 'VSSRESTORE.ranges'\" "
                      "-e 'implausibly old time stamp' -e 'in the future' '%s'",
                      tar_errors),
        0);
    assert_int_equal(fixture_shell("test \"$(grep -c VSSRESTORE.ranges '%s')\" = 1", tar_errors),
                     0);
}

/* A member of more than 8 GiB, as tar lists it: the data is a hole in the archive's own file. */
static void sizes_beyond_8_gib_are_told(void **state)
{
    (void)state;
    need_tools();
    const uint64_t size = UINT64_C(9) << 30;
    struct buffer header = {0};
    tar_header(&header, &(struct tar_member){.path = VIEW("C/huge"),
                                             .kind = TAR_FILE,
                                             .mode = 0644,
                                             .size = size,
                                             .data_bytes = size});
    assert_int_equal(header.n % TAR_BLOCK_BYTES, 0);
    char path[128];
    (void)snprintf(path, sizeof path, "%s/huge.tar", folder);
    const int fd = open(path, O_RDWR | O_CREAT, 0600);
    assert_int_equal(write(fd, header.p, header.n), header.n);
    assert_int_equal(ftruncate(fd, (off_t)(header.n + size + TAR_END_BYTES)), 0);
    close(fd);
    assert_int_equal(fixture_shell("tar -tvf '%s' | grep -q ' 9663676416 .* C/huge$'", path), 0);
    assert_int_equal(unlink(path), 0);
    buffer_free(&header);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_file_has_its_content_and_name),
        cmocka_unit_test(times_are_exact_before_and_after_1970),
        cmocka_unit_test(holes_stay_holes),
        cmocka_unit_test(a_partial_file_is_laid_beside_its_place),
        cmocka_unit_test(links_are_links),
        cmocka_unit_test(owners_and_modes_come_back_without_set_id),
        cmocka_unit_test(tar_says_no_more_than_it_must),
        cmocka_unit_test(sizes_beyond_8_gib_are_told),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
