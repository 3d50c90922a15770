/* test_check.c - verify finds every flipped byte, names what it hits, and survives what is lost. */
#include "vsr_test.h"

#include "media/check.h"
#include "media/trailer.h"
#include "media_fixture.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define STEPS 3, 11 /* odd: every place in an aligned field is met */

/* --- a drive that fails: pread() of one pack is wrapped by the linker (tests/meson.build) --- */

static ino_t bad_inode;
static off_t bad_from, bad_end;

ssize_t __real_pread64(int fd, void *bytes, size_t count, off_t offset);
ssize_t __wrap_pread64(int fd, void *bytes, size_t count, off_t offset);
ssize_t __wrap_pread64(int fd, void *bytes, size_t count, off_t offset)
{
    struct stat st;
    if (bad_inode != 0 && fstat(fd, &st) == 0 && st.st_ino == bad_inode && offset < bad_end &&
        offset + (off_t)count > bad_from) {
        errno = EIO;
        return -1;
    }
    return __real_pread64(fd, bytes, count, offset);
}

/* --- sets --- */

static const struct index_range holes[] = {{512, 1024}, {8192, 300}};
static const struct index_range saved[] = {{2000, 700}, {0, 100}};

static struct fixture_file small_files[] = {
    {.path = "a/one.txt", .content = VIEW("the first file"), .modify_s = 100},
    {.path = "a/two.txt", .content = VIEW("zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz")},
    {.path = "a/holes",
     .content = {NULL, 8492},
     .flags = INDEX_SPARSE,
     .ranges = holes,
     .range_count = 2},
    {.path = "a/part",
     .content = {NULL, 3000},
     .flags = INDEX_PARTIAL,
     .ranges = saved,
     .range_count = 2},
    {.path = "b/large", .content = {NULL, 9000}, .descriptor = VIEW("sd")},
    {.path = "b/link", .kind = FIXTURE_SYMLINK, .content = VIEW("large")},
    {.path = "empty", .kind = FIXTURE_DIRECTORY},
};

static const struct fixture_document documents[] = {{"bcd.xml", VIEW("<BCD>text</BCD>")}};

static const struct fixture small = {.files = small_files,
                                     .file_count = COUNT_OF(small_files),
                                     .documents = documents,
                                     .document_count = 1,
                                     .small_max = 6000,
                                     .shared_bytes = 4096,
                                     .piece_bytes = 4096,
                                     .pack_bytes = 3500};

static char folder[64];
static char small_set[128];
static char *contents[3];

static int set_up(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        contents[i] = fixture_bytes(i + 77, small_files[i + 2].content.n);
        small_files[i + 2].content.p = contents[i];
    }
    fixture_folder(folder);
    (void)snprintf(small_set, sizeof small_set, "%s/small", folder);
    fixture_write(small_set, &small);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fixture_remove(folder);
    for (size_t i = 0; i < 3; i++) {
        free(contents[i]);
    }
    return 0;
}

/* --- what was reported --- */

struct heard {
    uint64_t count;
    uint64_t paths; /* with a path */
    uint64_t of_structure;
    const char *structure; /* looked for */
    char path[200];        /* the last one */
    char what[600];
    uint64_t offset;
    vsr_code code;
};

static void hear(void *context, const struct check_finding *finding)
{
    struct heard *heard = context;
    heard->count++;
    heard->offset = finding->offset;
    heard->code = finding->code;
    if (heard->structure != NULL && view_equal(finding->structure, view_of(heard->structure))) {
        heard->of_structure++;
    }
    if (view_present(finding->path)) {
        heard->paths++;
        (void)snprintf(heard->path, sizeof heard->path, "%.*s", VIEW_ARG(finding->path));
    }
    (void)snprintf(heard->what, sizeof heard->what, "%.*s", VIEW_ARG(finding->what));
}

static struct heard check(const char *path, const char *structure, vsr_code want)
{
    struct heard heard = {.structure = structure};
    struct check_totals totals;
    vsr_error error = {0};
    const vsr_code got = set_check(path, 2, hear, &heard, &totals, &error);
    if (got != want) {
        fail_msg("%s: got %d, want %d: %s; %s", structure != NULL ? structure : "", got, want,
                 error.what, heard.what);
    }
    assert_int_equal(totals.findings, heard.count);
    return heard;
}

static int open_part(const char *set, const char *name, uint64_t *size)
{
    char path[512];
    struct stat st;
    (void)snprintf(path, sizeof path, "%s/%s", set, name);
    const int fd = open(path, O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(fstat(fd, &st), 0);
    *size = (uint64_t)st.st_size;
    return fd;
}

static void flip(int fd, uint64_t at, unsigned char bits)
{
    unsigned char c = 0;
    assert_int_equal(__real_pread64(fd, &c, 1, (off_t)at), 1);
    c ^= bits;
    assert_int_equal(pwrite(fd, &c, 1, (off_t)at), 1);
}

/* --- tests --- */

static void a_good_set_is_good(void **state)
{
    (void)state;
    struct heard heard = {0};
    struct check_totals totals;
    vsr_error error = {0};
    for (uint32_t workers = 0; workers < 5; workers++) {
        assert_int_equal(set_check(small_set, workers, hear, &heard, &totals, &error), VSR_OK);
    }
    assert_int_equal(heard.count, 0);
    assert_int_equal(totals.files, 6);
    assert_true(totals.frames >= 6);
    assert_int_equal(totals.damaged_files, 0);
}

/* A flipped byte is found, and told of the part that it is in. Returns the findings. */
static struct heard flip_is_found(const char *set, const char *name, int fd, uint64_t at,
                                  unsigned char bits)
{
    flip(fd, at, bits);
    struct heard heard = {.structure = name};
    struct check_totals totals;
    vsr_error error = {0};
    const uint32_t workers = at % 8 == 0 ? 3 : 1; /* threads cost more than the work here */
    const vsr_code got = set_check(set, workers, hear, &heard, &totals, &error);
    flip(fd, at, bits);
    if (got != VSR_ERR_MEDIA || heard.of_structure == 0 || heard.of_structure != heard.count) {
        fail_msg("byte %llu of %s: result %d, %llu findings, %llu of it: %s",
                 (unsigned long long)at, name, got, (unsigned long long)heard.count,
                 (unsigned long long)heard.of_structure, heard.what);
    }
    return heard;
}

static void every_flip_in(const char *name)
{
    uint64_t size = 0;
    const int fd = open_part(small_set, name, &size);
    uint64_t seed = size;
    for (uint64_t at = 0; at < size; at += campaign_step(STEPS)) {
        const unsigned char bits = (unsigned char)(1u << fixture_random(&seed) % 8);
        (void)flip_is_found(small_set, name, fd, at, bits);
    }
    close(fd);
}

static void every_flip_in_set_json_is_found(void **state)
{
    (void)state;
    every_flip_in("set.json");
}

static void every_flip_in_a_document_is_found(void **state)
{
    (void)state;
    every_flip_in("documents/bcd.xml");
}

static void every_flip_in_the_packs_is_found(void **state)
{
    (void)state;
    struct media_set set;
    vsr_error error = {0};
    assert_int_equal(set_open(&set, small_set, &error), VSR_OK);
    const uint32_t packs = set.description.pack_count;
    set_close(&set);
    assert_true(packs >= 2);
    for (uint32_t i = 0; i < packs; i++) {
        char name[64] = "packs/";
        set_pack_name(i, name + strlen(name));
        every_flip_in(name);
    }
}

static void every_flip_in_the_index_is_found_and_placed(void **state)
{
    (void)state;
    uint64_t size = 0;
    const int fd = open_part(small_set, "index.bin", &size);
    for (uint64_t at = 0; at < size; at += campaign_step(STEPS)) {
        const struct heard heard = flip_is_found(small_set, "index.bin", fd, at, 0x04);
        if (at + 16 < size) {
            assert_int_equal(heard.offset, at);
        } else {
            assert_int_equal(heard.offset, size - 16);
        }
    }
    close(fd);
}

static void a_flip_in_a_file_names_the_file(void **state)
{
    (void)state;
    struct media_set set;
    vsr_error error = {0};
    assert_int_equal(set_open(&set, small_set, &error), VSR_OK);
    const uint32_t b = index_child(&set.index, 0, VIEW("b"));
    const uint32_t large = index_child(&set.index, b, VIEW("large"));
    const struct index_entry *e = &set.index.entries[large];
    assert_int_equal(e->chunk_count, 3);
    for (uint32_t i = 0; i < e->chunk_count; i++) {
        const struct index_chunk *c = &set.index.chunks[e->file.first_chunk + i];
        char name[64] = "packs/";
        uint64_t size = 0;
        set_pack_name(c->pack, name + strlen(name));
        const int fd = open_part(small_set, name, &size);
        const struct heard heard =
            flip_is_found(small_set, name, fd, c->frame_offset + c->frame_bytes / 2, 1);
        assert_string_equal(heard.path, "C:\\b\\large");
        assert_int_equal(heard.paths, 1);
        assert_int_equal(heard.offset, c->frame_offset);
        close(fd);
    }
    set_close(&set);
}

static void move_part(const char *name, bool away)
{
    char path[512];
    char aside[512];
    (void)snprintf(path, sizeof path, "%s/%s", small_set, name);
    (void)snprintf(aside, sizeof aside, "%s/aside", folder);
    assert_int_equal(away ? rename(path, aside) : rename(aside, path), 0);
}

static void a_missing_pack_and_its_files_are_named(void **state)
{
    (void)state;
    move_part("packs/pack-000000.tar.lz4", true);
    const struct heard heard = check(small_set, "packs/pack-000000.tar.lz4", VSR_ERR_MEDIA);
    assert_int_equal(heard.of_structure, heard.count);
    assert_true(heard.paths > 0);
    assert_int_equal(heard.count, heard.paths + 1);
    move_part("packs/pack-000000.tar.lz4", false);
}

static void a_pack_cut_short_is_named(void **state)
{
    (void)state;
    char path[512];
    struct stat st;
    (void)snprintf(path, sizeof path, "%s/copy", folder);
    assert_int_equal(fixture_shell("cp -r '%s' '%s'", small_set, path), 0);
    char pack[600];
    (void)snprintf(pack, sizeof pack, "%s/packs/pack-000000.tar.lz4", path);
    assert_int_equal(stat(pack, &st), 0);
    const off_t cuts[] = {0, 1, 20, st.st_size / 2, st.st_size - 1};
    for (size_t i = 0; i < COUNT_OF(cuts); i++) {
        assert_int_equal(truncate(pack, cuts[COUNT_OF(cuts) - 1 - i]), 0);
        const struct heard heard = check(path, "packs/pack-000000.tar.lz4", VSR_ERR_MEDIA);
        assert_int_equal(heard.of_structure, heard.count);
    }
    fixture_remove(path);
}

/* What set.json says of a length costs no time. */
static void a_pack_that_no_disk_could_hold_is_named(void **state)
{
    (void)state;
    char path[512];
    struct media_set set;
    vsr_error error = {0};
    (void)snprintf(path, sizeof path, "%s/copy", folder);
    assert_int_equal(fixture_shell("cp -r '%s' '%s'", small_set, path), 0);
    const struct heard good = check(path, NULL, VSR_OK);
    assert_int_equal(set_open_description(&set, path, &error), VSR_OK);
    for (uint32_t i = 0; i < set.description.pack_count; i++) {
        set.description.packs[i].size = FILE_BYTES_MAX;
    }
    assert_int_equal(set_write_description(set.dir_fd, &set.description, &error), VSR_OK);
    const struct heard heard = check(path, "packs/pack-000000.tar.lz4", VSR_ERR_MEDIA);
    assert_int_equal(heard.count, good.count + set.description.pack_count);
    assert_int_equal(heard.of_structure, 1);
    assert_int_equal(heard.paths, 0); /* no file has bytes there */
    assert_int_equal(
        fixture_shell("rm '%s/packs/pack-000000.tar.lz4' '%s/packs/pack-000001.tar.lz4'", path,
                      path),
        0);
    const struct heard missing = check(path, "packs/pack-000000.tar.lz4", VSR_ERR_MEDIA);
    assert_true(missing.paths > 0 && missing.of_structure > 1);
    set_close(&set);
    fixture_remove(path);
}

enum long_sort {
    LONG_HOLE,    /* and nothing behind it */
    LONG_END,     /* the pack's last bytes, which tell of a trailer, stand there again */
    LONG_TRAILER, /* ... and that one says that it is so long */
    LONG_SORT_COUNT
};

/* The trailer's head, so that its lengths agree with a pack of so many bytes. */
static void claim_trailer(int fd, uint64_t bytes)
{
    struct trailer_head head;
    uint64_t begin = 0;
    assert_int_equal(pread(fd, &begin, sizeof begin, (off_t)(bytes - sizeof begin)), sizeof begin);
    const off_t at = (off_t)begin + 8; /* behind the first piece's own head */
    assert_int_equal(pread(fd, &head, sizeof head, at), sizeof head);
    head.stored_bytes = bytes / 4;
    head.plain_bytes += bytes;
    head.slices[SECTION_BLOBS].count += bytes;
    assert_int_equal(pwrite(fd, &head, sizeof head, at), sizeof head);
}

/* A set with one of its packs as long as that, by a hole, as set.json says, too. */
static void make_long(char path[512], uint64_t bytes, enum long_sort sort)
{
    enum { LAST_BYTES = 24 };
    const bool at_end = sort != LONG_HOLE;
    char last[LAST_BYTES];
    uint64_t size = 0;
    struct media_set set;
    vsr_error error = {0};
    (void)snprintf(path, 512, "%s/copy", folder);
    assert_int_equal(fixture_shell("cp -r '%s' '%s'", small_set, path), 0);
    const int fd = open_part(path, "packs/pack-000000.tar.lz4", &size);
    assert_int_equal(pread(fd, last, LAST_BYTES, (off_t)size - LAST_BYTES), LAST_BYTES);
    if (ftruncate(fd, (off_t)bytes) != 0) {
        skip_because("no file of %llu bytes in %s", (unsigned long long)bytes, folder);
    }
    assert_true(!at_end || pwrite(fd, last, LAST_BYTES, (off_t)bytes - LAST_BYTES) == LAST_BYTES);
    if (sort == LONG_TRAILER) {
        claim_trailer(fd, bytes);
    }
    (void)close(fd);
    assert_int_equal(set_open_description(&set, path, &error), VSR_OK);
    set.description.packs[0].size = bytes;
    assert_int_equal(set_write_description(set.dir_fd, &set.description, &error), VSR_OK);
    set_close(&set);
}

/* Reading them would take longer than this test may. */
static void a_pack_of_holes_is_told_and_not_read(void **state)
{
    (void)state;
    for (int kind = 0; kind < 2 * LONG_SORT_COUNT; kind++) {
        char path[512];
        make_long(path, UINT64_C(1) << 40, (enum long_sort)(kind % LONG_SORT_COUNT));
        if (kind >= LONG_SORT_COUNT) {
            assert_int_equal(fixture_shell("rm '%s/index.bin'", path), 0);
        }
        const struct heard heard = check(path, "packs/pack-000000.tar.lz4", VSR_ERR_MEDIA);
        assert_true(heard.of_structure > 0);
        assert_int_equal(heard.paths, 0); /* all files are right */
        fixture_remove(path);
    }
}

static void bytes_behind_a_pack_are_named(void **state)
{
    (void)state;
    uint64_t size = 0;
    const int fd = open_part(small_set, "packs/pack-000000.tar.lz4", &size);
    assert_int_equal(pwrite(fd, "x", 1, (off_t)size), 1);
    const struct heard heard = check(small_set, "packs/pack-000000.tar.lz4", VSR_ERR_MEDIA);
    assert_int_equal(heard.count, 1);
    assert_int_equal(heard.offset, size);
    assert_int_equal(ftruncate(fd, (off_t)size), 0);
    close(fd);
}

static void without_an_index_frames_are_walked(void **state)
{
    (void)state;
    move_part("index.bin", true);
    struct heard heard = check(small_set, "index.bin", VSR_ERR_MEDIA);
    assert_int_equal(heard.count, 1);
    uint64_t size = 0;
    const int fd = open_part(small_set, "packs/pack-000000.tar.lz4", &size);
    for (uint64_t at = 0; at < size; at += 7) {
        flip(fd, at, 0x80);
        heard = check(small_set, "packs/pack-000000.tar.lz4", VSR_ERR_MEDIA);
        assert_true(heard.of_structure > 0);
        flip(fd, at, 0x80);
    }
    close(fd);
    move_part("index.bin", false);
}

static void a_missing_document_is_named(void **state)
{
    (void)state;
    move_part("documents/bcd.xml", true);
    const struct heard heard = check(small_set, "documents/bcd.xml", VSR_ERR_MEDIA);
    assert_int_equal(heard.count, 1);
    assert_int_equal(heard.of_structure, 1);
    move_part("documents/bcd.xml", false);
}

static void a_failing_drive_is_not_damage(void **state)
{
    (void)state;
    struct media_set set;
    vsr_error error = {0};
    assert_int_equal(set_open(&set, small_set, &error), VSR_OK);
    const uint32_t b = index_child(&set.index, 0, VIEW("b"));
    const struct index_entry *e = &set.index.entries[index_child(&set.index, b, VIEW("large"))];
    const struct index_chunk *c = &set.index.chunks[e->file.first_chunk + 1];
    char name[64] = "packs/";
    struct stat st;
    uint64_t size = 0;
    set_pack_name(c->pack, name + strlen(name));
    const int fd = open_part(small_set, name, &size);
    assert_int_equal(fstat(fd, &st), 0);
    bad_from = (off_t)c->frame_offset + 100;
    bad_end = bad_from + 1;
    bad_inode = st.st_ino;
    const struct heard heard = check(small_set, name, VSR_ERR_MEDIA_UNREADABLE);
    bad_inode = 0;
    assert_string_equal(heard.path, "C:\\b\\large");
    assert_int_equal(heard.code, VSR_ERR_MEDIA_UNREADABLE);
    assert_int_equal(heard.count, 1);
    close(fd);
    set_close(&set);
}

/* Another pack with right frames: only the hash in set.json tells. */
static void an_exchanged_pack_is_told(void **state)
{
    (void)state;
    char other[128];
    struct fixture twin = small;
    twin.uuid = (struct uuid){{9, 9, 9}};
    (void)snprintf(other, sizeof other, "%s/twin", folder);
    fixture_write(other, &twin);
    char from[256];
    char to[256];
    (void)snprintf(from, sizeof from, "%s/packs/pack-000000.tar.lz4", other);
    (void)snprintf(to, sizeof to, "%s/packs/pack-000000.tar.lz4", small_set);
    move_part("packs/pack-000000.tar.lz4", true);
    assert_int_equal(rename(from, to), 0);
    const struct heard heard = check(small_set, "packs/pack-000000.tar.lz4", VSR_ERR_MEDIA);
    assert_true(heard.of_structure > 0);
    assert_int_equal(unlink(to), 0);
    move_part("packs/pack-000000.tar.lz4", false);
    fixture_remove(other);
}

static void seeded_flips_in_a_larger_set(void **state)
{
    (void)state;
    enum { FILES = 300, FLIPS = 300 };
    static struct fixture_file files[FILES];
    static char names[FILES][48];
    char path[128];
    uint64_t seed = 2024;
    for (size_t i = 0; i < FILES; i++) {
        const size_t bytes = fixture_random(&seed) % (i % 20 == 0 ? 200000 : 8000);
        (void)snprintf(names[i], sizeof names[i], "d%zu/e%zu/file %zu.dat", i % 7, i % 3, i);
        files[i] =
            (struct fixture_file){.path = names[i], .content = {fixture_bytes(seed, bytes), bytes}};
    }
    (void)snprintf(path, sizeof path, "%s/larger", folder);
    fixture_write(path, &(struct fixture){.files = files,
                                          .file_count = FILES,
                                          .documents = documents,
                                          .document_count = 1,
                                          .small_max = 60000,
                                          .shared_bytes = 65536,
                                          .piece_bytes = 65536,
                                          .pack_bytes = 500000});
    (void)check(path, NULL, VSR_OK);
    const char *parts[] = {"packs/pack-000000.tar.lz4", "packs/pack-000001.tar.lz4",
                           "packs/pack-000002.tar.lz4", "index.bin"};
    for (size_t i = 0; i < FLIPS / campaign_step(STEPS); i++) {
        uint64_t size = 0;
        const char *name = parts[i % COUNT_OF(parts)];
        const int fd = open_part(path, name, &size);
        const uint64_t at = fixture_random(&seed) % size;
        (void)flip_is_found(path, name, fd, at, (unsigned char)(1u << fixture_random(&seed) % 8));
        close(fd);
    }
    for (size_t i = 0; i < FILES; i++) {
        free((void *)(uintptr_t)files[i].content.p);
    }
    fixture_remove(path);
}

static void a_folder_that_is_no_set(void **state)
{
    (void)state;
    struct heard heard = check(folder, "set.json", VSR_ERR_SELECTION); /* what was typed is wrong */
    assert_int_equal(heard.count, 0);
    char path[128];
    (void)snprintf(path, sizeof path, "%s/lost", folder);
    assert_int_equal(mkdir(path, 0700), 0);
    (void)snprintf(path, sizeof path, "%s/lost/packs", folder);
    assert_int_equal(mkdir(path, 0700), 0);
    (void)snprintf(path, sizeof path, "%s/lost", folder);
    heard = check(path, "set.json", VSR_ERR_MEDIA); /* a set without its description */
    assert_int_equal(heard.count, 1);
    assert_int_equal(heard.of_structure, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_set_is_good),
        cmocka_unit_test(every_flip_in_set_json_is_found),
        cmocka_unit_test(every_flip_in_a_document_is_found),
        cmocka_unit_test(every_flip_in_the_packs_is_found),
        cmocka_unit_test(every_flip_in_the_index_is_found_and_placed),
        cmocka_unit_test(a_flip_in_a_file_names_the_file),
        cmocka_unit_test(a_missing_pack_and_its_files_are_named),
        cmocka_unit_test(a_pack_that_no_disk_could_hold_is_named),
        cmocka_unit_test(a_pack_cut_short_is_named),
        cmocka_unit_test(a_pack_of_holes_is_told_and_not_read),
        cmocka_unit_test(bytes_behind_a_pack_are_named),
        cmocka_unit_test(without_an_index_frames_are_walked),
        cmocka_unit_test(a_missing_document_is_named),
        cmocka_unit_test(a_failing_drive_is_not_damage),
        cmocka_unit_test(an_exchanged_pack_is_told),
        cmocka_unit_test(seeded_flips_in_a_larger_set),
        cmocka_unit_test(a_folder_that_is_no_set),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
