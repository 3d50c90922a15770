/* test_roundtrip.c - a set of every kind of file, staged and published, is what was packed.
 *
 * Goal: contents, holes, links, modes and times come back, whatever the ring, the number of
 * workers, the way of writing and the file system. Method: one fixture set with small frames,
 * restored under all combinations; each file is read back and compared with the list that the set
 * was made from. */
#include "vsr_test.h"

#include "media_fixture.h"
#include "plan_fixture.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define KIB(n) ((size_t)(n) << 10)

static const struct index_range holes_ranges[] = {{0, 4096}, {1 << 20, 5120}, {3 << 20, 300032}};
static const struct index_range tail_hole_ranges[] = {{65536, 1024}};

static struct fixture_file files[] = {
    {.path = "empty", .modify_s = 1000000000, .modify_ns = 123456700},
    {.path = "one", .modify_s = 1, .mode = 0600},
    {.path = "d/frame-1"},
    {.path = "d/frame"},
    {.path = "d/frame+1"},
    {.path = "d/big", .modify_s = 1600000000, .modify_ns = 999999900, .mode = 0444},
    {.path = "d/big again", .kind = FIXTURE_HARDLINK, .content = {"d/big", 5}},
    {.path = "d/deep/er/small"},
    {.path = "e/link to small", .kind = FIXTURE_HARDLINK, .content = {"d/deep/er/small", 15}},
    {.path = "d/empty folder", .kind = FIXTURE_DIRECTORY, .mode = 0711, .modify_s = 77},
    {.path = "d/read only folder", .kind = FIXTURE_DIRECTORY, .mode = 0555, .modify_s = 78},
    {.path = "d/read only folder/file"},
    {.path = "symlink", .kind = FIXTURE_SYMLINK, .content = {"d/deep/../frame", 15}},
    {.path = "away", .kind = FIXTURE_SYMLINK, .content = {"/etc/passwd", 11}},
    {.path = "holes",
     .flags = INDEX_SPARSE,
     .ranges = holes_ranges,
     .range_count = COUNT_OF(holes_ranges)},
    {.path = "all hole", .flags = INDEX_SPARSE},
    {.path = "tail hole",
     .flags = INDEX_SPARSE,
     .ranges = tail_hole_ranges,
     .range_count = COUNT_OF(tail_hole_ranges)},
    {.path = "name with \xe2\x82\xac and \xed\xa0\x80 and \xff"},
    {.path = "attribute", .attribute = {"value", 5}},
};
static const size_t sizes[COUNT_OF(files)] = {
    [1] = 1,
    [2] = KIB(64) - 1,
    [3] = KIB(64),
    [4] = KIB(64) + 1,
    [5] = 5 * 1234567,
    [7] = 300,
    [11] = 9,
    [14] = (3 << 20) + 300032,
    [15] = 10 << 20,
    [16] = (2 << 20) + 4321,
    [17] = KIB(64) - 8,
    [18] = 17,
};

/* Sparse files are zero outside their ranges. */
static char *content_make(const struct fixture_file *file, size_t size, uint64_t seed)
{
    char *bytes = fixture_bytes(seed, size + 1);
    if ((file->flags & INDEX_SPARSE) != 0) {
        char *sparse = calloc(1, size + 1);
        for (uint32_t i = 0; i < file->range_count; i++) {
            memcpy(sparse + file->ranges[i].offset, bytes + file->ranges[i].offset,
                   file->ranges[i].length);
        }
        free(bytes);
        bytes = sparse;
    }
    return bytes;
}

struct world {
    char folder[64];
    char set_path[128];
    struct media_set set;
};

static int world_open(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    vsr_error error = {0};
    fixture_folder(w->folder);
    (void)snprintf(w->set_path, sizeof w->set_path, "%s/set", w->folder);
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        if (files[i].kind == FIXTURE_FILE) {
            files[i].content = (struct view){content_make(&files[i], sizes[i], i), sizes[i]};
        }
    }
    fixture_write(w->set_path, &(struct fixture){.files = files,
                                                 .file_count = COUNT_OF(files),
                                                 .small_max = KIB(96),
                                                 .shared_bytes = KIB(32),
                                                 .piece_bytes = KIB(256),
                                                 .pack_bytes = 2 << 20});
    if (set_open(&w->set, w->set_path, &error) != VSR_OK ||
        set_open_packs(&w->set, true, &error) != VSR_OK) {
        print_error("%s: %s\n", error.where, error.what);
        return -1;
    }
    *state = w;
    return 0;
}

static int world_close(void **state)
{
    struct world *w = *state;
    set_close(&w->set);
    fixture_remove(w->folder);
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        if (files[i].kind == FIXTURE_FILE) {
            free((void *)(uintptr_t)files[i].content.p);
        }
    }
    free(w);
    return 0;
}

static void check_content(int dir_fd, const struct fixture_file *file)
{
    struct stat facts;
    const int fd = openat(dir_fd, file->path, O_RDONLY | O_NOFOLLOW);
    assert_int_not_equal(fd, -1);
    assert_int_equal(fstat(fd, &facts), 0);
    assert_int_equal(facts.st_size, file->content.n);
    char *bytes = malloc(file->content.n + 1);
    size_t at = 0;
    for (ssize_t got; (got = read(fd, bytes + at, file->content.n + 1 - at)) > 0;) {
        at += (size_t)got;
    }
    assert_int_equal(at, file->content.n);
    assert_memory_equal(bytes, file->content.p, at);
    free(bytes);
    (void)close(fd);
    if ((file->flags & INDEX_SPARSE) != 0) {
        assert_true((size_t)facts.st_blocks * 512 < file->content.n); /* holes are holes */
    }
}

static void check_files(const char *dir)
{
    const int fd = open(dir, O_RDONLY | O_DIRECTORY);
    assert_int_not_equal(fd, -1);
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        struct stat facts, other;
        assert_int_equal(fstatat(fd, files[i].path, &facts, AT_SYMLINK_NOFOLLOW), 0);
        if (files[i].kind == FIXTURE_FILE) {
            check_content(fd, &files[i]);
            assert_int_equal(facts.st_mode & 07777, files[i].mode != 0 ? files[i].mode : 0644);
        } else if (files[i].kind == FIXTURE_SYMLINK) {
            char text[256];
            const ssize_t n = readlinkat(fd, files[i].path, text, sizeof text);
            assert_true(view_equal((struct view){text, (size_t)n}, files[i].content));
        } else if (files[i].kind == FIXTURE_HARDLINK) {
            assert_int_equal(fstatat(fd, files[i].content.p, &other, AT_SYMLINK_NOFOLLOW), 0);
            assert_int_equal(facts.st_ino, other.st_ino);
            continue; /* its times are the first name's */
        } else {
            assert_int_equal(facts.st_mode & 07777, files[i].mode != 0 ? files[i].mode : 0755);
        }
        assert_int_equal(facts.st_mtim.tv_sec, files[i].modify_s);
        assert_int_equal(facts.st_mtim.tv_nsec, files[i].modify_ns);
    }
    (void)close(fd);
}

/* Nothing of ours is left beside what was restored. */
static void check_no_staging(const char *dir)
{
    DIR *list = opendir(dir);
    assert_non_null(list);
    for (struct dirent *entry; (entry = readdir(list)) != NULL;) {
        assert_true(strncmp(entry->d_name, ".vssrestore", 11) != 0);
    }
    (void)closedir(list);
}

static void restore_check(struct world *w, const char *dir, enum ring_choice ring, uint32_t workers,
                          enum write_mode mode)
{
    struct plan *plan = plan_fixture_create(&w->set, dir, 1, NULL);
    struct restore r = {.set = &w->set,
                        .plan = plan,
                        .ring = ring,
                        .write_mode = mode,
                        .workers = workers,
                        .durability = DURABILITY_NONE};
    const vsr_code code = restore_run(&r);
    if (code != VSR_OK) {
        print_error("%s: %s\n", r.error.where, r.error.what);
    }
    assert_int_equal(code, VSR_OK);
    uint32_t wrong = 0;
    for (uint32_t i = 0; i < plan->file_count; i++) {
        if (r.rows[i].outcome != OUTCOME_RESTORED) {
            print_error("row %u below %s: outcome %u, errno %d\n", i, dir, r.rows[i].outcome,
                        r.rows[i].os_errno);
            wrong++;
        }
    }
    assert_int_equal(wrong, 0);
    assert_int_equal(r.states[0], UNIT_PUBLISHED);
    assert_int_equal(r.residue[0], 0);
    assert_int_equal(r.progress.files_done, plan->file_count);
    check_files(dir);
    check_no_staging(dir);
    restore_free(&r);
    plan_fixture_free(plan);
}

/* VSSRESTORE_RING=sync or uring chooses one ring; else both. */
static bool ring_is_chosen(enum ring_choice ring)
{
    const char *chosen = getenv("VSSRESTORE_RING");
    return chosen == NULL || strcmp(chosen, ring == RING_SYNC ? "sync" : "uring") == 0;
}

static void everywhere(void **state, enum ring_choice ring)
{
    static const char *const bases[] = {"/dev/shm", NULL}; /* NULL: the tests' own folder */
    struct machine_facts machine;
    machine_examine(&machine);
    if (!ring_is_chosen(ring) || (ring == RING_URING && !machine.uring)) {
        skip_because("VSSRESTORE_RING chose another ring, or there is no io_uring here");
    }
    for (size_t i = 0; i < COUNT_OF(bases); i++) {
        for (uint32_t workers = 1; workers <= 4; workers += 3) {
            struct world *w = *state;
            char dir[128];
            (void)snprintf(dir, sizeof dir, "%s/dest-XXXXXX",
                           bases[i] != NULL && access(bases[i], W_OK) == 0 ? bases[i] : w->folder);
            assert_non_null(mkdtemp(dir));
            restore_check(w, dir, ring, workers, WRITE_AUTO);
            /* again: everything is replaced */
            restore_check(w, dir, ring, workers, WRITE_DIRECT);
            restore_check(w, dir, ring, workers, WRITE_UNCACHED);
            restore_check(w, dir, ring, workers, WRITE_BUFFERED);
            fixture_remove(dir);
        }
    }
}

static void test_sync(void **state)
{
    everywhere(state, RING_SYNC);
}

static void test_uring(void **state)
{
    everywhere(state, RING_URING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sync),
        cmocka_unit_test(test_uring),
    };
    return cmocka_run_group_tests(tests, world_open, world_close);
}
