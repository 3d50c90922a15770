/* test_pack_tar.c - a whole set comes back with nothing but lz4 and tar, and is the same for any
 * number of workers. Goal: FORMAT.md, sections 1 and 2, from the writer's side. Method: trees of
 * every odd name and every size at a border, packed, verified, unpacked by the two tools,
 * compared with the source. */
#include "unit/pack/pack_fixture.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define EVERYTHING "<FILE_LIST path=\"C:\\\" filespec=\"*\" recursive=\"yes\"/>"

static void tree_odd_names(const struct pack_fixture *fixture)
{
    char longest[256];
    memset(longest, 'n', 255);
    longest[255] = '\0';
    tree_text(fixture, longest, "255 bytes");
    tree_text(fixture, "line\nbreak", "newline");
    tree_text(fixture, "trailing.", "dot");
    tree_text(fixture, "trailing ", "blank");
    tree_text(fixture, "lone \xED\xA0\x80 surrogate", "WTF-8");
    tree_text(fixture, "bytes \xFF\xFE\x80", "not even WTF-8");
    tree_text(fixture, "\xC3\xBC\xE6\xBC\xA2\xF0\x9F\x8E\x89", "umlaut, kanji, beyond 16 bits");
    tree_text(fixture, "-rf", "like an option");
    tree_text(fixture, "back\\slash", "legal here alone");
    tree_text(fixture, "Case", "upper");
    tree_text(fixture, "case", "lower");
    tree_text(fixture, "blanks and 'quotes' \"$x\"", "shell");
    tree_directory(fixture, "empty directory");
    tree_directory(fixture, "deep/er/and/deeper");
}

static void tree_sizes(const struct pack_fixture *fixture)
{
    static const size_t sizes[] = {
        0,       1,       511,     512,     513,     262143,     262144,         262145,
        785407,  785408,  785409,  786431,  786432,  786433,     1048575,        1048576,
        1048577, 2097151, 2097152, 2097153, 3670016, (5u << 20), (5u << 20) + 1,
    };
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        char name[40];
        (void)snprintf(name, sizeof name, "sizes/%zu", sizes[i]);
        tree_random(fixture, name, sizes[i]);
    }
    for (int i = 0; i < 700; i++) {
        char name[60];
        (void)snprintf(name, sizeof name, "many/folder %d/file %d", i % 7, i);
        tree_random(fixture, name, (size_t)(i * 37 % 9000));
        tree_time(fixture, name, 1000000000 + i, i * 1000003 % 1000000000);
    }
}

static void hole_file(const struct pack_fixture *fixture, const char *name, off_t size,
                      const off_t *at, size_t count)
{
    char path[200];
    tree_text(fixture, name, "");
    (void)snprintf(path, sizeof path, "%s/%s", fixture->c, name);
    const int fd = open(path, O_WRONLY);
    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, size), 0);
    for (size_t i = 0; i < count; i++) {
        char block[4096];
        memset(block, 'a' + (int)(i % 26), sizeof block);
        assert_int_equal(pwrite(fd, block, sizeof block, at[i]), sizeof block);
    }
    assert_int_equal(close(fd), 0);
}

static void tree_holes(const struct pack_fixture *fixture)
{
    static const off_t start[] = {0};
    static const off_t middle[] = {5 << 20};
    static const off_t end[] = {(9 << 20) - 4096};
    off_t many[600];
    for (size_t i = 0; i < COUNT_OF(many); i++) {
        many[i] = (off_t)i * 65536 + (off_t)(i % 3) * 4096;
    }
    hole_file(fixture, "holes/start", 9 << 20, start, 1);
    hole_file(fixture, "holes/middle", (9 << 20) + 5, middle, 1);
    hole_file(fixture, "holes/end", 9 << 20, end, 1);
    hole_file(fixture, "holes/all", (7 << 20) + 3, NULL, 0);
    hole_file(fixture, "holes/many", 40 << 20, many, COUNT_OF(many));
}

static void tree_links(const struct pack_fixture *fixture)
{
    assert_int_equal(
        shell("cd '%s' && ln 'sizes/1048577' 'sizes/hard' && ln sizes/1 'deep/hard' && "
              "ln holes/middle holes/hard && ln -s ../nowhere 'deep/soft' && "
              "ln -s /etc/passwd absolute && ln -s . 'loop'",
              fixture->c),
        0);
    tree_time(fixture, "absolute", 1234567890, 123456789);
}

static void whole_set_comes_back_with_lz4_and_tar(void **state)
{
    (void)state;
    struct pack_fixture fixture;
    char out[96], tree[128];
    pack_fixture_begin(&fixture);
    pack_fixture_sets(&fixture, EVERYTHING, "");
    tree_odd_names(&fixture);
    tree_sizes(&fixture);
    tree_holes(&fixture);
    tree_links(&fixture);
    tree_time(&fixture, "deep", -86400 * 365, 250000000);
    pack_fixture_pack_and_verify(&fixture);
    assert_int_equal(fixture.result.incomplete_count, 0);
    assert_true(pack_fixture_warned(&fixture, "equal but for case"));
    assert_true(pack_fixture_warned(&fixture, "trailing."));
    pack_fixture_extract(&fixture, out);
    (void)snprintf(tree, sizeof tree, "%s/C", out);
    assert_trees_equal(fixture.c, tree);
    pack_fixture_end(&fixture);
}

static void holes_are_not_on_the_media(void **state)
{
    (void)state;
    struct pack_fixture fixture;
    struct media_set set;
    pack_fixture_begin(&fixture);
    tree_holes(&fixture);
    struct stat stat;
    char path[128];
    (void)snprintf(path, sizeof path, "%s/holes/all", fixture.c);
    assert_int_equal(lstat(path, &stat), 0);
    if (stat.st_blocks != 0) {
        pack_fixture_end(&fixture);
        skip_because("the file system below TMPDIR has no holes");
    }
    pack_fixture_sets(&fixture, EVERYTHING, "");
    pack_fixture_pack_and_verify(&fixture);
    pack_fixture_open(&fixture, &set);
    const struct index_entry *all = &set.index.entries[set_entry(&set, "holes/all")];
    assert_int_equal(all->flags & INDEX_SPARSE, INDEX_SPARSE);
    assert_int_equal(all->range_count, 0);
    assert_int_equal(all->chunk_count, 0);
    const struct index_entry *many = &set.index.entries[set_entry(&set, "holes/many")];
    assert_true(many->range_count > 300);
    assert_true(fixture.result.stored_bytes < (1 << 20));
    set_close(&set);
    pack_fixture_end(&fixture);
}

static void any_number_of_workers_makes_the_same_set(void **state)
{
    (void)state;
    struct pack_fixture fixture;
    static const uint32_t counts[] = {1, 2, 4, 9};
    pack_fixture_begin(&fixture);
    pack_fixture_sets(&fixture, EVERYTHING, "");
    tree_odd_names(&fixture);
    tree_sizes(&fixture);
    tree_holes(&fixture);
    tree_links(&fixture);
    fixture.pack_bytes_target = 3 << 20;
    /* Reading a link changes its access time, which the index keeps, as long as that is not later
     * than the link's own times: so links are made old, and read in a later tick of the clock. */
    assert_int_equal(shell("find '%s' -type l -exec touch -h -d 2020-01-01 {} + > /dev/null",
                           fixture.c),
                     0);
    assert_int_equal(shell("sleep 0.1; find '%s' -type l -exec readlink {} + > /dev/null",
                           fixture.c),
                     0);
    for (size_t i = 0; i < COUNT_OF(counts); i++) {
        fixture.worker_count = counts[i];
        (void)snprintf(fixture.set, sizeof fixture.set, "%s/set%u", fixture.folder, counts[i]);
        assert_int_equal(pack_fixture_pack(&fixture), VSR_OK);
        assert_int_equal(shell("diff -r %s/set1 %s", fixture.folder, fixture.set), 0);
    }
    pack_fixture_end(&fixture);
}

static void packs_end_at_member_borders(void **state)
{
    (void)state;
    struct pack_fixture fixture;
    char out[96], tree[128];
    pack_fixture_begin(&fixture);
    pack_fixture_sets(&fixture, EVERYTHING, "");
    tree_sizes(&fixture);
    fixture.pack_bytes_target = 1 << 20;
    pack_fixture_pack_and_verify(&fixture);
    assert_int_equal(shell("test $(ls %s/packs | wc -l) -gt 8", fixture.set), 0);
    /* each pack alone is a legal archive */
    assert_int_equal(
        shell("for p in %s/packs/*; do lz4 -dc $p | tar -t > /dev/null || exit 1; done",
              fixture.set),
        0);
    pack_fixture_extract(&fixture, out);
    (void)snprintf(tree, sizeof tree, "%s/C", out);
    assert_trees_equal(fixture.c, tree);
    pack_fixture_end(&fixture);
}

/* Deeper than a walk keeps directories open, and longer than Linux takes a path. */
static void deep_and_long_paths_are_walked(void **state)
{
    (void)state;
    enum { LEVELS = 70 };
    struct pack_fixture fixture;
    struct media_set set;
    char name[128];
    memset(name, 'd', 127);
    name[127] = '\0';
    pack_fixture_begin(&fixture);
    pack_fixture_sets(&fixture, EVERYTHING, "");
    int dir = open(fixture.c, O_RDONLY | O_DIRECTORY);
    for (int i = 0; i < LEVELS; i++) {
        assert_int_equal(mkdirat(dir, name, 0755), 0);
        const int next = openat(dir, name, O_RDONLY | O_DIRECTORY);
        const int file = openat(dir, "file", O_WRONLY | O_CREAT, 0644);
        assert_true(next >= 0 && file >= 0);
        assert_int_equal(dprintf(file, "%d", i) > 0, 1);
        assert_int_equal(close(file), 0);
        assert_int_equal(close(dir), 0);
        dir = next;
    }
    assert_int_equal(close(dir), 0);
    pack_fixture_pack_and_verify(&fixture);
    assert_int_equal(fixture.result.warning_count, 0);
    assert_int_equal(fixture.result.files, LEVELS);
    pack_fixture_open(&fixture, &set);
    uint32_t entry = set.index.volumes[0].root_entry;
    for (int i = 0; i < LEVELS; i++) {
        const uint32_t file = index_child(&set.index, entry, VIEW("file"));
        assert_int_not_equal(file, MARK_NONE);
        assert_int_equal(set.index.entries[file].size, i < 10 ? 1 : 2);
        entry = index_child(&set.index, entry, view_of(name));
    }
    set_close(&set);
    assert_int_equal(shell("rm -rf '%s'/d*", fixture.c), 0);
    pack_fixture_end(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_set_comes_back_with_lz4_and_tar),
        cmocka_unit_test(holes_are_not_on_the_media),
        cmocka_unit_test(any_number_of_workers_makes_the_same_set),
        cmocka_unit_test(deep_and_long_paths_are_walked),
        cmocka_unit_test(packs_end_at_member_borders),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
