/* test_checkpoint.c - the last epoch that was kept is read back, whatever a power cut has left of
 * the slot that was being written.
 *
 * Method: rounds as the thread that syncs makes them, then a byte of the file spoilt. */
#include "vsr_test.h"

#include "base/hash_map.h"
#include "media_fixture.h"
#include "run/checkpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* Three epochs kept: 5, 6, 7. */
static int folder_with_rounds(const char *folder)
{
    struct marks marks;
    struct checkpoint checkpoint;
    vsr_error error = {0};
    const int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    marks_init(&marks, fd, 0, NULL, 5, 0);
    assert_int_equal(checkpoint_open(&checkpoint, fd, fd, &marks, &error), VSR_OK);
    const struct early_sync_watch watch = checkpoint_watch(&checkpoint);
    assert_int_equal(watch.begin(watch.context), 0); /* not yet: the last one was just now */
    for (uint32_t epoch = 5; epoch < 8; epoch++) {
        checkpoint.taken_ns = 0;
        assert_int_equal(watch.begin(watch.context), epoch);
        watch.kept(watch.context, epoch);
    }
    assert_int_equal(atomic_load(&marks.epoch), 8);
    checkpoint_close(&checkpoint);
    return fd;
}

static uint32_t epoch_read(int fd)
{
    enum checkpoint_syncs syncs = SYNCS_FAILED;
    const uint32_t epoch = checkpoint_read(fd, &syncs);
    assert_int_equal(syncs, SYNCS_GOOD);
    return epoch;
}

static void test_the_last_one_is_read(void **state)
{
    char folder[64];
    (void)state;
    fixture_folder(folder);
    const int fd = folder_with_rounds(folder);
    assert_int_equal(epoch_read(fd), 7);
    (void)close(fd);
    fixture_remove(folder);
}

/* A process that may open nothing more knows nothing of the syncs: it takes none for good. */
static void test_one_that_cannot_be_opened_says_nothing(void **state)
{
    char folder[64];
    struct rlimit before, none;
    enum checkpoint_syncs syncs = SYNCS_GOOD;
    const struct checkpoint_waiting waiting = {0};
    vsr_error error = {0};
    (void)state;
    fixture_folder(folder);
    const int fd = folder_with_rounds(folder);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = before;
    none.rlim_cur = 0;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    const uint32_t epoch = checkpoint_read(fd, &syncs);
    const vsr_code waited = checkpoint_wait(fd, &waiting, &error);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(epoch, 0);
    assert_int_equal(syncs, SYNCS_UNTOLD);
    assert_int_equal(waited, VSR_ERR_DEST_IO);
    assert_int_equal(error.os_errno, EMFILE);
    assert_int_equal(unlinkat(fd, "checkpoint", 0), 0);
    assert_int_equal(checkpoint_read(fd, &syncs), 0);
    assert_int_equal(syncs, SYNCS_GOOD); /* there has been none */
    (void)close(fd);
    fixture_remove(folder);
}

static void test_a_torn_slot_leaves_the_one_before(void **state)
{
    char folder[64];
    (void)state;
    for (off_t at = 512; at < 512 + 24; at++) { /* epoch 7 stands in the second slot */
        char byte;
        fixture_folder(folder);
        const int fd = folder_with_rounds(folder);
        const int file = openat(fd, "checkpoint", O_RDWR | O_CLOEXEC);
        assert_int_equal(pread(file, &byte, 1, at), 1);
        byte = (char)~byte;
        assert_int_equal(pwrite(file, &byte, 1, at), 1);
        (void)close(file);
        assert_int_equal(epoch_read(fd), 6);
        (void)close(fd);
        fixture_remove(folder);
    }
}

/* A sync that failed is known to whoever goes on, until he has forgotten what it was about. */
static void test_a_failure_is_kept(void **state)
{
    struct marks marks;
    struct checkpoint checkpoint;
    vsr_error error = {0};
    char folder[64];
    enum checkpoint_syncs syncs = SYNCS_GOOD;
    (void)state;
    fixture_folder(folder);
    const int fd = folder_with_rounds(folder);
    marks_init(&marks, fd, 0, NULL, 8, 0);
    assert_int_equal(checkpoint_open(&checkpoint, fd, fd, &marks, &error), VSR_OK);
    const struct early_sync_watch watch = checkpoint_watch(&checkpoint);
    watch.failed(watch.context);
    assert_int_equal(checkpoint_read(fd, &syncs), 7);
    assert_int_equal(syncs, SYNCS_FAILED);
    checkpoint_close(&checkpoint);
    assert_int_equal(checkpoint_open(&checkpoint, fd, fd, &marks, &error), VSR_OK);
    checkpoint_forgive(&checkpoint);
    assert_int_equal(epoch_read(fd), 7);
    checkpoint_close(&checkpoint);
    (void)close(fd);
    fixture_remove(folder);
}

static struct checkpoint opened_in(int fd, struct marks *marks)
{
    struct checkpoint checkpoint;
    vsr_error error = {0};
    marks_init(marks, fd, 0, NULL, 8, 0);
    assert_int_equal(checkpoint_open(&checkpoint, fd, fd, marks, &error), VSR_OK);
    return checkpoint;
}

/* A sync that was begun, by whoever, and of which nobody has told a good end; also when the next
 * process has made good ones, until it has forgotten what that was about. */
static void test_a_sync_without_an_end_may_have_failed(void **state)
{
    char folder[64];
    struct marks marks;
    enum checkpoint_syncs syncs = SYNCS_GOOD;
    (void)state;
    for (uint32_t noter = 0; noter < SYNC_NOTER_COUNT; noter++) {
        fixture_folder(folder);
        const int fd = folder_with_rounds(folder);
        struct checkpoint checkpoint = opened_in(fd, &marks);
        assert_int_equal(sync_note_begin(&checkpoint.notes, noter), 0);
        sync_note_good(&checkpoint.notes, noter);
        assert_int_equal(epoch_read(fd), 7);
        assert_int_equal(sync_note_begin(&checkpoint.notes, noter), 0);
        checkpoint_close(&checkpoint);
        assert_int_equal(checkpoint_read(fd, &syncs), 7);
        assert_int_equal(syncs, SYNCS_UNTOLD);
        checkpoint = opened_in(fd, &marks);
        assert_int_equal(sync_note_begin(&checkpoint.notes, noter), 0);
        sync_note_good(&checkpoint.notes, noter);
        assert_int_equal(checkpoint_read(fd, &syncs), 7);
        assert_int_equal(syncs, SYNCS_UNTOLD);
        checkpoint_forgive(&checkpoint);
        assert_int_equal(epoch_read(fd), 7);
        checkpoint_close(&checkpoint);
        (void)close(fd);
        fixture_remove(folder);
    }
}

/* What is known to have failed has, whatever else nobody has told the end of. */
static void test_a_failure_stays_one_beside_a_sync_without_an_end(void **state)
{
    char folder[64];
    struct marks marks;
    enum checkpoint_syncs syncs = SYNCS_GOOD;
    (void)state;
    fixture_folder(folder);
    const int fd = folder_with_rounds(folder);
    struct checkpoint checkpoint = opened_in(fd, &marks);
    assert_int_equal(sync_note_begin(&checkpoint.notes, SYNC_NOTER_EARLY), 0);
    checkpoint_fail(&checkpoint);
    checkpoint_close(&checkpoint);
    for (int again = 0; again < 2; again++) {
        assert_int_equal(checkpoint_read(fd, &syncs), 7);
        assert_int_equal(syncs, SYNCS_FAILED);
        checkpoint = opened_in(fd, &marks);
        checkpoint_close(&checkpoint);
    }
    (void)close(fd);
    fixture_remove(folder);
}

/* What fails in this process is not forgiven with what failed before. */
static void test_its_own_failure_is_not_forgiven(void **state)
{
    char folder[64];
    struct marks marks;
    enum checkpoint_syncs syncs = SYNCS_GOOD;
    (void)state;
    fixture_folder(folder);
    const int fd = folder_with_rounds(folder);
    struct checkpoint checkpoint = opened_in(fd, &marks);
    checkpoint_fail(&checkpoint);
    checkpoint_forgive(&checkpoint);
    assert_int_equal(checkpoint_read(fd, &syncs), 7);
    assert_int_equal(syncs, SYNCS_FAILED);
    checkpoint_close(&checkpoint);
    (void)close(fd);
    fixture_remove(folder);
}

/* Whoever still syncs for a process that has ended is waited for, or the waiting is cancelled. */
static void test_who_syncs_is_waited_for(void **state)
{
    char folder[64];
    struct marks marks;
    vsr_error error = {0};
    const int cancel = 15;
    (void)state;
    fixture_folder(folder);
    const int fd = folder_with_rounds(folder);
    struct checkpoint checkpoint = opened_in(fd, &marks);
    const struct checkpoint_waiting waiting = {.cancel = &cancel};
    assert_int_equal(checkpoint_wait(fd, &waiting, &error), VSR_ERR_CANCELLED);
    checkpoint_close(&checkpoint);
    assert_int_equal(checkpoint_wait(fd, &waiting, NULL), VSR_OK);
    (void)close(fd);
    fixture_remove(folder);
}

static void warned(void *context, const char *sentence)
{
    assert_non_null(strstr(sentence, "waiting for a sync"));
    *(int *)context = 15; /* cancelled only when it was told */
}

static void test_a_long_wait_is_told(void **state)
{
    char folder[64];
    struct marks marks;
    vsr_error error = {0};
    int cancel = 0;
    (void)state;
    fixture_folder(folder);
    const int fd = folder_with_rounds(folder);
    struct checkpoint checkpoint = opened_in(fd, &marks);
    const struct checkpoint_waiting waiting = {.cancel = &cancel,
                                               .on_warning = warned,
                                               .context = &cancel};
    assert_int_equal(checkpoint_wait(fd, &waiting, &error), VSR_ERR_CANCELLED);
    assert_int_equal(cancel, 15);
    checkpoint_close(&checkpoint);
    (void)close(fd);
    fixture_remove(folder);
}

/* Of a program that kept no notes: the file gets room for them, and what it says stays. */
static void test_a_short_file_is_filled(void **state)
{
    char folder[64];
    struct marks marks;
    struct stat facts;
    enum checkpoint_syncs syncs;
    (void)state;
    fixture_folder(folder);
    const int fd = folder_with_rounds(folder);
    const uint32_t epoch = checkpoint_read(fd, &syncs);
    const int file = openat(fd, "checkpoint", O_RDWR);
    assert_true(file >= 0 && epoch != 0);
    assert_int_equal(fstat(file, &facts), 0);
    const off_t whole = facts.st_size;
    assert_int_equal(ftruncate(file, 1536), 0);
    struct checkpoint checkpoint = opened_in(fd, &marks);
    assert_int_equal(fstat(file, &facts), 0);
    assert_int_equal(facts.st_size, whole);
    checkpoint_close(&checkpoint);
    assert_int_equal(checkpoint_read(fd, &syncs), epoch);
    assert_int_equal(syncs, SYNCS_GOOD);
    (void)close(file);
    (void)close(fd);
    fixture_remove(folder);
}

/* The one behind it is 0, which says that nothing was done. */
static void test_an_epoch_that_no_run_reaches_is_none(void **state)
{
    char folder[64];
    struct {
        uint64_t magic;
        uint32_t epoch, reserved;
        uint64_t check;
    } slot;
    (void)state;
    fixture_folder(folder);
    const int fd = folder_with_rounds(folder);
    const int file = openat(fd, "checkpoint", O_RDWR | O_CLOEXEC);
    assert_int_equal(pread(file, &slot, sizeof slot, 0), (ssize_t)sizeof slot);
    slot.epoch = UINT32_MAX;
    slot.check = hash_bytes(&slot, offsetof(__typeof__(slot), check));
    assert_int_equal(pwrite(file, &slot, sizeof slot, 0), (ssize_t)sizeof slot);
    (void)close(file);
    assert_int_equal(epoch_read(fd), 7);
    (void)close(fd);
    fixture_remove(folder);
}

static void test_what_is_no_file_is_not_waited_for(void **state)
{
    char folder[64];
    struct marks marks;
    struct marks_segment segment = {.file = 1, .count = 2};
    vsr_error error = {0};
    enum checkpoint_syncs syncs = SYNCS_GOOD;
    (void)state;
    fixture_folder(folder);
    const int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(mkfifoat(fd, "checkpoint", 0600), 0);
    assert_int_equal(mkfifoat(fd, MARKS_PIECES, 0600), 0);
    assert_int_equal(checkpoint_read(fd, &syncs), 0);
    assert_int_not_equal(syncs, SYNCS_GOOD);
    marks_init(&marks, fd, 0, NULL, 2, 1);
    assert_int_equal(marks_pieces_make(&marks, &segment, 1, NULL, NULL, &error), VSR_OK);
    marks_fini(&marks);
    (void)close(fd);
    fixture_remove(folder);
}

static void test_none_is_none(void **state)
{
    char folder[64];
    (void)state;
    fixture_folder(folder);
    const int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(epoch_read(fd), 0);
    (void)close(fd);
    fixture_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_last_one_is_read),
        cmocka_unit_test(test_one_that_cannot_be_opened_says_nothing),
        cmocka_unit_test(test_a_torn_slot_leaves_the_one_before),
        cmocka_unit_test(test_a_failure_is_kept),
        cmocka_unit_test(test_a_sync_without_an_end_may_have_failed),
        cmocka_unit_test(test_a_failure_stays_one_beside_a_sync_without_an_end),
        cmocka_unit_test(test_its_own_failure_is_not_forgiven),
        cmocka_unit_test(test_who_syncs_is_waited_for),
        cmocka_unit_test(test_a_long_wait_is_told),
        cmocka_unit_test(test_a_short_file_is_filled),
        cmocka_unit_test(test_none_is_none),
        cmocka_unit_test(test_an_epoch_that_no_run_reaches_is_none),
        cmocka_unit_test(test_what_is_no_file_is_not_waited_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
