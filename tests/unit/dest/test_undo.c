/* test_undo.c - what is saved before ranges are written into a file makes it what it was.
 *
 * Goal: put back, whatever was written meanwhile, however often it is done, and whatever the device
 * is called by then; and an undo file that is not whole - cut anywhere, or with a flipped bit - is
 * told apart before the base is touched. Method: a file of some blocks, ranges in it and beyond its
 * end. */
#include "vsr_test.h"

#include "dest/undo.h"
#include "media_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { BASE_BYTES = 900001, FILE_NUMBER = 0xabc };

static const struct plan_range ranges[] = {{0, 0, 1},
                                           {0, 1000, 300000},
                                           {0, 400000, 262144},
                                           {0, 899999, 100000}};
static const struct plan_range small[] = {{0, 17, 5}, {0, 900000, 10}};

struct world {
    char folder[64];
    int folder_fd, base_fd;
    char *base;
};

static int world_open(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    fixture_folder(w->folder);
    w->folder_fd = open(w->folder, O_RDONLY | O_DIRECTORY);
    w->base = fixture_bytes(3, BASE_BYTES);
    w->base_fd = openat(w->folder_fd, "base", O_RDWR | O_CREAT | O_EXCL, 0600);
    assert_true(w->folder_fd >= 0 && w->base_fd >= 0);
    assert_int_equal(pwrite(w->base_fd, w->base, BASE_BYTES, 0), BASE_BYTES);
    const struct timespec times[2] = {{.tv_sec = 3}, {.tv_sec = 4, .tv_nsec = 500}};
    assert_int_equal(futimens(w->base_fd, times), 0);
    *state = w;
    return 0;
}

static int world_close(void **state)
{
    struct world *w = *state;
    (void)close(w->base_fd);
    (void)close(w->folder_fd);
    fixture_remove(w->folder);
    free(w->base);
    free(w);
    return 0;
}

static void spoil(const struct world *w, const struct plan_range *what, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char *junk = malloc(what[i].length);
        memset(junk, '#', what[i].length);
        assert_int_equal(pwrite(w->base_fd, junk, what[i].length, (off_t)what[i].dest),
                         what[i].length);
        free(junk);
    }
}

static bool base_is_whole(const struct world *w)
{
    struct stat facts;
    char *bytes = malloc(BASE_BYTES);
    assert_int_equal(fstat(w->base_fd, &facts), 0);
    const bool whole = facts.st_size == BASE_BYTES &&
                       pread(w->base_fd, bytes, BASE_BYTES, 0) == BASE_BYTES &&
                       memcmp(bytes, w->base, BASE_BYTES) == 0;
    free(bytes);
    return whole;
}

static void base_is_modified(const struct world *w, int64_t at_s)
{
    const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = at_s}};
    assert_int_equal(futimens(w->base_fd, times), 0);
}

static void base_comes_back(void **state)
{
    const struct world *w = *state;
    struct stat facts;
    assert_int_equal(undo_save(w->folder_fd, FILE_NUMBER, w->base_fd, ranges, COUNT_OF(ranges)), 0);
    assert_true(base_is_whole(w));
    for (int again = 0; again < 2; again++) {
        spoil(w, ranges, COUNT_OF(ranges));
        assert_false(base_is_whole(w));
        assert_int_equal(undo_put_back(w->folder_fd, FILE_NUMBER, w->base_fd), 0);
        assert_true(base_is_whole(w));
        assert_int_equal(fstat(w->base_fd, &facts), 0);
        assert_int_equal(facts.st_mtim.tv_sec, 4);
        assert_int_equal(facts.st_mtim.tv_nsec, 500);
    }
    undo_remove(w->folder_fd, FILE_NUMBER);
    assert_int_equal(undo_put_back(w->folder_fd, FILE_NUMBER, w->base_fd), ENOENT);
}

/* Put back without a sync: settled for good while nothing was cut, else put back again. */
static void what_was_not_synced_is_put_back_after_a_cut(void **state)
{
    const struct world *w = *state;
    for (int cut = 0; cut < 2; cut++) {
        assert_int_equal(undo_save(w->folder_fd, FILE_NUMBER, w->base_fd, ranges, COUNT_OF(ranges)),
                         0);
        spoil(w, ranges, COUNT_OF(ranges));
        assert_int_equal(undo_put_back_unsynced(w->folder_fd, FILE_NUMBER, w->base_fd), 0);
        assert_true(base_is_whole(w));
        assert_true(undo_exists(w->folder_fd, FILE_NUMBER)); /* by its other name */
        spoil(w, ranges, COUNT_OF(ranges));                  /* by somebody, or by the cut */
        if (cut == 1) {
            base_is_modified(w, 5);
        }
        for (int again = 0; again < 2; again++) {
            assert_int_equal(undo_settle(w->folder_fd, FILE_NUMBER, w->base_fd, cut == 0), 0);
        }
        assert_int_equal(undo_exists(w->folder_fd, FILE_NUMBER), cut);
        assert_int_equal(undo_put_back(w->folder_fd, FILE_NUMBER, w->base_fd),
                         cut == 0 ? ENOENT : 0);
        assert_int_equal(base_is_whole(w), cut);
        assert_int_equal(pwrite(w->base_fd, w->base, BASE_BYTES, 0), BASE_BYTES);
        assert_int_equal(ftruncate(w->base_fd, BASE_BYTES), 0);
    }
}

/* Of two, the undo file was made later. */
static void what_was_put_back_before_is_forgotten(void **state)
{
    const struct world *w = *state;
    assert_int_equal(undo_save(w->folder_fd, FILE_NUMBER, w->base_fd, small, 2), 0);
    assert_int_equal(undo_put_back_unsynced(w->folder_fd, FILE_NUMBER, w->base_fd), 0);
    spoil(w, small, 2);
    assert_int_equal(undo_save(w->folder_fd, FILE_NUMBER, w->base_fd, small, 2), 0);
    assert_int_equal(undo_settle(w->folder_fd, FILE_NUMBER, w->base_fd, false), 0);
    assert_int_equal(undo_put_back(w->folder_fd, FILE_NUMBER, w->base_fd), 0);
    assert_false(base_is_whole(w)); /* it is what it was when that was saved */
}

static int sync_fault; /* of the next one; like the kernel, which tells it once */

/* In the library's place. */
int fsync(int fd)
{
    (void)fd;
    errno = sync_fault;
    sync_fault = 0;
    return errno == 0 ? 0 : -1;
}

/* What it was to cover may not be on the disk, whatever the next sync says. */
static void what_cannot_be_synced_is_put_back_again(void **state)
{
    const struct world *w = *state;
    assert_int_equal(undo_save(w->folder_fd, FILE_NUMBER, w->base_fd, small, 2), 0);
    assert_int_equal(undo_put_back_unsynced(w->folder_fd, FILE_NUMBER, w->base_fd), 0);
    sync_fault = EIO;
    assert_int_equal(undo_settle(w->folder_fd, FILE_NUMBER, w->base_fd, true), EIO);
    spoil(w, small, 2); /* what the disk holds */
    assert_int_equal(undo_settle(w->folder_fd, FILE_NUMBER, w->base_fd, true), 0);
    assert_int_equal(undo_put_back(w->folder_fd, FILE_NUMBER, w->base_fd), 0);
    assert_true(base_is_whole(w));
}

/* Nothing tells his bytes from what a cut has left, but that they came later. */
static void what_somebody_wrote_since_is_not_undone(void **state)
{
    const struct world *w = *state;
    static const char his[] = "his"; /* within a range */
    char found[sizeof his] = "", name[UNDO_NAME_BYTES];
    struct stat facts;
    assert_int_equal(undo_save(w->folder_fd, FILE_NUMBER, w->base_fd, small, 2), 0);
    assert_int_equal(undo_put_back_unsynced(w->folder_fd, FILE_NUMBER, w->base_fd), 0);
    assert_int_equal(pwrite(w->base_fd, his, sizeof his, 17), sizeof his);
    assert_int_equal(fstatat(w->folder_fd, "undone-abc", &facts, 0), 0);
    base_is_modified(w, facts.st_mtim.tv_sec + 1);
    sync_fault = EIO;
    assert_int_equal(undo_settle(w->folder_fd, FILE_NUMBER, w->base_fd, true), EIO);
    for (int again = 0; again < 2; again++) {
        assert_int_equal(undo_settle(w->folder_fd, FILE_NUMBER, w->base_fd, false), ESTALE);
    }
    assert_true(undo_find(w->folder_fd, FILE_NUMBER, name));
    assert_string_equal(name, "undone-abc");
    assert_int_equal(undo_put_back(w->folder_fd, FILE_NUMBER, w->base_fd), ENOENT);
    assert_int_equal(pread(w->base_fd, found, sizeof found, 17), sizeof his);
    assert_string_equal(found, his);
    base_is_modified(w, facts.st_mtim.tv_sec - 1); /* a cut has left the time of our own writing */
    assert_int_equal(undo_settle(w->folder_fd, FILE_NUMBER, w->base_fd, false), 0);
    assert_int_equal(undo_put_back(w->folder_fd, FILE_NUMBER, w->base_fd), 0);
    assert_true(base_is_whole(w));
}

/* Nobody but somebody writes beyond the last range. */
static void what_somebody_added_is_not_cut_off(void **state)
{
    const struct world *w = *state;
    struct stat facts;
    assert_int_equal(undo_save(w->folder_fd, FILE_NUMBER, w->base_fd, small, 2), 0);
    spoil(w, small, 2);
    assert_int_equal(pwrite(w->base_fd, "+", 1, 900010), 1);
    assert_int_equal(undo_put_back(w->folder_fd, FILE_NUMBER, w->base_fd), ESTALE);
    assert_int_equal(fstat(w->base_fd, &facts), 0);
    assert_int_equal(facts.st_size, 900011);
    assert_int_equal(ftruncate(w->base_fd, 900010), 0);
    assert_int_equal(undo_put_back(w->folder_fd, FILE_NUMBER, w->base_fd), 0);
    assert_true(base_is_whole(w));
}

/* A file may be of the future, as far as its time says. */
static void what_was_modified_in_the_future_is_put_back_after_a_cut(void **state)
{
    const struct world *w = *state;
    base_is_modified(w, INT64_C(4000000000));
    assert_int_equal(undo_save(w->folder_fd, FILE_NUMBER, w->base_fd, small, 2), 0);
    assert_int_equal(undo_put_back_unsynced(w->folder_fd, FILE_NUMBER, w->base_fd), 0);
    spoil(w, small, 2);
    base_is_modified(w, INT64_C(4000000000));
    assert_int_equal(undo_settle(w->folder_fd, FILE_NUMBER, w->base_fd, false), 0);
    assert_int_equal(undo_put_back(w->folder_fd, FILE_NUMBER, w->base_fd), 0);
    assert_true(base_is_whole(w));
}

static int unreadable_fd = -1; /* a file whose bytes cannot be read, by any descriptor */
static off_t unreadable_from;

/* In the library's place: a bad sector. */
ssize_t pread(int fd, void *bytes, size_t count, off_t at)
{
    struct stat bad = {0}, facts = {0};
    const bool both =
        unreadable_fd >= 0 && fstat(unreadable_fd, &bad) == 0 && fstat(fd, &facts) == 0;
    if (both && bad.st_ino == facts.st_ino && at + (off_t)count > unreadable_from) {
        errno = EIO;
        return -1;
    }
    return syscall(SYS_pread64, fd, bytes, count, at);
}

/* It has rotted for good, which no later resume can mend. A disk whose base cannot be written to
 * may be mended. */
static void one_that_cannot_be_read_touches_nothing(void **state)
{
    const struct world *w = *state;
    struct stat facts;
    assert_int_equal(undo_save(w->folder_fd, FILE_NUMBER, w->base_fd, small, 2), 0);
    const int fd = openat(w->folder_fd, "undo-abc", O_RDONLY);
    assert_true(fd >= 0 && fstat(fd, &facts) == 0);
    for (off_t from = 0; from < facts.st_size; from++) {
        unreadable_fd = fd;
        unreadable_from = from;
        const int fault = undo_put_back(w->folder_fd, FILE_NUMBER, w->base_fd);
        unreadable_fd = -1;
        assert_int_equal(fault, ESTALE);
    }
    (void)close(fd);
    assert_true(base_is_whole(w));
}

static void both_names_go(void **state)
{
    const struct world *w = *state;
    assert_int_equal(undo_save(w->folder_fd, FILE_NUMBER, w->base_fd, small, 2), 0);
    assert_int_equal(undo_put_back_unsynced(w->folder_fd, FILE_NUMBER, w->base_fd), 0);
    assert_int_equal(undo_save(w->folder_fd, FILE_NUMBER, w->base_fd, small, 2), 0);
    undo_remove(w->folder_fd, FILE_NUMBER);
    assert_false(undo_exists(w->folder_fd, FILE_NUMBER));
    assert_int_equal(undo_settle(w->folder_fd, FILE_NUMBER, w->base_fd, false), 0);
    assert_int_equal(undo_put_back(w->folder_fd, FILE_NUMBER, w->base_fd), ENOENT);
}

static void one_that_stands_is_not_written_over(void **state)
{
    const struct world *w = *state;
    assert_int_equal(undo_save(w->folder_fd, FILE_NUMBER, w->base_fd, small, 2), 0);
    spoil(w, small, 2);
    assert_int_equal(undo_save(w->folder_fd, FILE_NUMBER, w->base_fd, small, 2), EEXIST);
    assert_int_equal(undo_put_back(w->folder_fd, FILE_NUMBER, w->base_fd), 0);
    assert_true(base_is_whole(w));
}

/* Every length and every byte of a small undo file. */
static void torn_or_flipped_one_touches_nothing(void **state)
{
    const struct world *w = *state;
    char whole[256];
    assert_int_equal(undo_save(w->folder_fd, FILE_NUMBER, w->base_fd, small, 2), 0);
    const int fd = openat(w->folder_fd, "undo-abc", O_RDWR);
    const ssize_t bytes = pread(fd, whole, sizeof whole, 0);
    assert_true(bytes > 0 && bytes < (ssize_t)sizeof whole);
    for (ssize_t cut = 0; cut < bytes; cut++) {
        assert_int_equal(ftruncate(fd, 0), 0);
        assert_int_equal(pwrite(fd, whole, (size_t)cut, 0), cut);
        assert_int_equal(undo_put_back(w->folder_fd, FILE_NUMBER, w->base_fd), EBADMSG);
        assert_int_equal(pwrite(fd, whole, (size_t)bytes, 0), bytes);
        const char flipped = (char)(whole[cut] ^ 0x10);
        assert_int_equal(pwrite(fd, &flipped, 1, cut), 1);
        assert_int_equal(undo_put_back(w->folder_fd, FILE_NUMBER, w->base_fd), EBADMSG);
    }
    (void)close(fd);
    assert_true(base_is_whole(w));
}

static dev_t device_more; /* than it is */

/* In the library's place: a file system that is known by another number. */
int fstat(int fd, struct stat *facts)
{
    const int done = fstatat(fd, "", facts, AT_EMPTY_PATH);
    facts->st_dev += device_more;
    return done;
}

/* As after a boot, or when it is mounted from another loop device. */
static void base_comes_back_on_another_device(void **state)
{
    const struct world *w = *state;
    assert_int_equal(undo_save(w->folder_fd, FILE_NUMBER, w->base_fd, small, 2), 0);
    spoil(w, small, 2);
    device_more = 3;
    const int fault = undo_put_back(w->folder_fd, FILE_NUMBER, w->base_fd);
    device_more = 0;
    assert_int_equal(fault, 0);
    assert_true(base_is_whole(w));
}

static void undo_of_another_base(void **state)
{
    const struct world *w = *state;
    assert_int_equal(undo_save(w->folder_fd, FILE_NUMBER, w->base_fd, small, 2), 0);
    const int other = openat(w->folder_fd, "other", O_RDWR | O_CREAT | O_EXCL, 0600);
    assert_true(other >= 0);
    assert_int_equal(undo_put_back(w->folder_fd, FILE_NUMBER, other), ESTALE);
    assert_int_equal(lseek(other, 0, SEEK_END), 0);
    (void)close(other);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_open, world_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(base_comes_back),
        TEST(what_was_not_synced_is_put_back_after_a_cut),
        TEST(what_was_put_back_before_is_forgotten),
        TEST(what_cannot_be_synced_is_put_back_again),
        TEST(what_somebody_wrote_since_is_not_undone),
        TEST(what_somebody_added_is_not_cut_off),
        TEST(what_was_modified_in_the_future_is_put_back_after_a_cut),
        TEST(one_that_cannot_be_read_touches_nothing),
        TEST(both_names_go),
        TEST(one_that_stands_is_not_written_over),
        TEST(torn_or_flipped_one_touches_nothing),
        TEST(base_comes_back_on_another_device),
        TEST(undo_of_another_base),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
