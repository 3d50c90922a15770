/* test_marks.c - what an interrupted run has marked, and how much of it another process believes.
 *
 * Goal: marks of pieces are taken over when they were kept, when their file is still there and has
 * as many pieces; nothing else is, whatever stands in the file. */
#include "vsr_test.h"

#include "engine/marks.h"
#include "media_fixture.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

struct world {
    char folder[64];
    int fd;
};

static int world_open(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    fixture_folder(w->folder);
    w->fd = open(w->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(w->fd >= 0);
    *state = w;
    return 0;
}

static int world_close(void **state)
{
    struct world *w = *state;
    (void)close(w->fd);
    fixture_remove(w->folder);
    free(w);
    return 0;
}

static bool carry_but_9(void *context, uint32_t file)
{
    (void)context;
    return file != 9;
}

/* Files 3, 5 and 9 with 4, 2 and 3 pieces. */
static void open_marks(const struct world *w, struct marks *marks, uint32_t epoch, uint32_t trusted,
                       uint32_t count_of_5)
{
    struct marks_segment segments[] = {{.file = 3, .count = 4},
                                       {.file = 5, .count = count_of_5},
                                       {.file = 9, .count = 3}};
    vsr_error error = {0};
    marks_init(marks, w->fd, 99, NULL, epoch, trusted);
    assert_int_equal(marks_pieces_make(marks, segments, 3, carry_but_9, NULL, &error), VSR_OK);
}

static bool done(const struct marks *marks, uint32_t file, uint32_t piece)
{
    return marks_piece_is_done(marks, marks_find(marks, file), piece);
}

/* Pieces of each file, two of file 3, one of them in a later epoch. */
static void leave_marks(const struct world *w)
{
    struct marks marks;
    open_marks(w, &marks, 1, 0, 2);
    assert_false(done(&marks, 3, 0));
    marks_piece(&marks, 3, 0);
    marks_piece(&marks, 5, 1);
    marks_piece(&marks, 9, 2);
    atomic_fetch_add(&marks.epoch, 1);
    marks_piece(&marks, 3, 3);
    marks_piece(&marks, 4, 0); /* of no file that is marked */
    marks_fini(&marks);
}

static void test_what_was_kept_is_taken_over(void **state)
{
    struct marks marks;
    leave_marks(*state);
    open_marks(*state, &marks, 2, 1, 2);
    assert_true(done(&marks, 3, 0) && done(&marks, 5, 1));
    assert_false(done(&marks, 3, 3)); /* behind the epoch that was kept */
    assert_false(done(&marks, 9, 2)); /* not there any more */
    assert_false(done(&marks, 3, 1));
    marks_fini(&marks);
}

static void test_all_of_it_where_nothing_was_lost(void **state)
{
    struct marks marks;
    leave_marks(*state);
    open_marks(*state, &marks, 2, UINT32_MAX, 2);
    assert_true(done(&marks, 3, 0) && done(&marks, 3, 3) && done(&marks, 5, 1));
    marks_fini(&marks);
}

static void test_other_counts_are_another_file(void **state)
{
    struct marks marks;
    leave_marks(*state);
    open_marks(*state, &marks, 2, UINT32_MAX, 3);
    assert_true(done(&marks, 3, 0));
    assert_false(done(&marks, 5, 1));
    marks_fini(&marks);
}

static void test_nothing_is_trusted_by_a_first_process(void **state)
{
    struct marks marks;
    leave_marks(*state);
    open_marks(*state, &marks, 1, 0, 2);
    assert_false(done(&marks, 3, 0) || done(&marks, 5, 1));
    marks_fini(&marks);
}

/* Each byte of header and table wrong in turn: the marks say nothing, or what they said. */
static void test_a_damaged_table_says_nothing_wrong(void **state)
{
    const struct world *w = *state;
    enum { TABLE_BYTES = 24 + 3 * sizeof(struct marks_segment) };
    for (off_t at = 0; at < TABLE_BYTES; at++) {
        char byte;
        struct marks marks;
        leave_marks(w);
        const int fd = openat(w->fd, MARKS_PIECES, O_RDWR | O_CLOEXEC);
        assert_int_equal(pread(fd, &byte, 1, at), 1);
        byte = (char)(byte ^ 0x41);
        assert_int_equal(pwrite(fd, &byte, 1, at), 1);
        (void)close(fd);
        open_marks(w, &marks, 2, UINT32_MAX, 2);
        assert_int_equal(marks_find(&marks, 3)->count, 4);
        marks_fini(&marks);
    }
}

/* Each bit of each word wrong in turn: the piece is not done, and no other one is. */
static void test_a_damaged_word_says_nothing(void **state)
{
    const struct world *w = *state;
    enum { TABLE_BYTES = 24 + 3 * sizeof(struct marks_segment), WORDS = 4 + 2 };
    for (unsigned bit = 0; bit < WORDS * 64; bit++) {
        uint64_t words[WORDS];
        struct marks marks;
        leave_marks(w);
        const int fd = openat(w->fd, MARKS_PIECES, O_RDWR | O_CLOEXEC);
        assert_int_equal(pread(fd, words, sizeof words, TABLE_BYTES), sizeof words);
        words[bit / 64] ^= UINT64_C(1) << bit % 64;
        assert_int_equal(pwrite(fd, words, sizeof words, TABLE_BYTES), sizeof words);
        (void)close(fd);
        open_marks(w, &marks, 2, UINT32_MAX, 2);
        for (uint32_t word = 0; word < WORDS; word++) {
            const bool was_done = word == 0 || word == 3 || word == 5;
            assert_int_equal(word < 4 ? done(&marks, 3, word) : done(&marks, 5, word - 4),
                             was_done && word != bit / 64);
        }
        marks_fini(&marks);
    }
}

/* What stands for one piece, or in one run, says nothing of another. */
static void test_a_word_of_another_place_says_nothing(void **state)
{
    const struct world *w = *state;
    enum { TABLE_BYTES = 24 + 3 * sizeof(struct marks_segment) };
    struct marks marks;
    uint64_t word;
    leave_marks(w);
    const int fd = openat(w->fd, MARKS_PIECES, O_RDWR | O_CLOEXEC);
    assert_int_equal(pread(fd, &word, sizeof word, TABLE_BYTES), sizeof word);
    assert_int_equal(pwrite(fd, &word, sizeof word, TABLE_BYTES + sizeof word), sizeof word);
    (void)close(fd);
    open_marks(w, &marks, 2, UINT32_MAX, 2);
    assert_true(done(&marks, 3, 0));
    assert_false(done(&marks, 3, 1));
    marks_fini(&marks);

    _Atomic uint64_t files[2] = {0, 0};
    marks_init(&marks, w->fd, 99, files, 3, 0);
    marks_file(&marks, 1, 1234);
    assert_int_equal(marks_file_epoch(files, 99, 1, 1234), 3);
    assert_int_equal(marks_file_epoch(files, 98, 1, 1234), 0); /* of another run */
    assert_int_equal(marks_file_epoch(files, 99, 1, 1235), 0); /* its row is another one */
    assert_int_equal(marks_file_epoch(files, 99, 0, 1234), 0);
    files[0] = files[1];
    assert_int_equal(marks_file_epoch(files, 99, 0, 1234), 0); /* of another file */
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, world_open, world_close)
    const struct CMUnitTest tests[] = {
        TEST(test_what_was_kept_is_taken_over),
        TEST(test_all_of_it_where_nothing_was_lost),
        TEST(test_other_counts_are_another_file),
        TEST(test_nothing_is_trusted_by_a_first_process),
        TEST(test_a_damaged_table_says_nothing_wrong),
        TEST(test_a_damaged_word_says_nothing),
        TEST(test_a_word_of_another_place_says_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
