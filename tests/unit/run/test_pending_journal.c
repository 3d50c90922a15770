/* test_pending_journal.c - what is to be moved at the next boot comes back whole, or not at all.
 *
 * Method: a journal with two units is written, cut at every byte, and damaged at every byte; what
 * is read back is either what had been written up to there, or a refusal by name. */
#include "vsr_test.h"

#include "media_fixture.h"
#include "run/pending_journal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

struct world {
    char top[64];
    struct pending_folder folder;
};

static const struct pending_record records[] = {
    {.seq = 0,
     .unit = 3,
     .op = PENDING_MKDIR,
     .mode = 0750,
     .modify_s = -5,
     .modify_ns = 7,
     .src = {"0", 1},
     .dst = {"db", 2}},
    {.seq = 1,
     .unit = 3,
     .op = PENDING_MOVE,
     .kind = PENDING_FILE,
     .size = 1u << 20,
     .xxh3_128 = {1, 2, 3},
     .src = {"1", 1},
     .dst = {"db/a.mdf", 8}},
    {.seq = 4, .unit = 8, .op = PENDING_DELETE, .src = {"", 0}, .dst = {"old", 3}},
};

static int world_open(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    fixture_folder(w->top);
    w->folder.top_fd = open(w->top, O_RDONLY | O_DIRECTORY);
    (void)snprintf(w->folder.name, sizeof w->folder.name, PENDING_PREFIX "x");
    assert_int_equal(mkdirat(w->folder.top_fd, w->folder.name, 0700), 0);
    w->folder.fd = openat(w->folder.top_fd, w->folder.name, O_RDONLY | O_DIRECTORY);
    *state = w;
    return 0;
}

static int world_close(void **state)
{
    struct world *w = *state;
    pending_folder_close(&w->folder);
    fixture_remove(w->top);
    free(w);
    return 0;
}

/* Unit 3 kept, unit 8 kept, 3 counts, then 8 counts: as a run does with two groups. */
static off_t write_journal(const struct world *w)
{
    struct pending_journal journal;
    const struct pending_identity identity = {.created_s = 77, .run = {{9}}, .set = {{8}}};
    struct pending_unit unit = {.unit = 3, .writer = VIEW("W"), .component = VIEW("db")};
    assert_int_equal(pending_journal_make(&journal, &w->folder, &identity), 0);
    struct pending_batch batch = pending_batch_begin(&journal);
    for (size_t i = 0; i < COUNT_OF(records); i++) {
        pending_batch_record(&batch, &records[i]);
    }
    pending_batch_unit(&batch, &unit);
    unit = (struct pending_unit){.unit = 8, .first_seq = 4};
    pending_batch_unit(&batch, &unit);
    pending_batch_state(&batch, 1, PENDING_FAILED, ENOSPC);
    assert_int_equal(pending_batch_write(&batch, &journal), 0);
    const off_t bytes = lseek(journal.fd, 0, SEEK_END);
    pending_journal_close(&journal);
    return bytes;
}

static vsr_code read_journal(const struct world *w, struct pending_content *content, bool to_change)
{
    struct pending_journal journal;
    vsr_error error = {0};
    const vsr_code rc =
        pending_journal_open(&journal, content, &w->folder, w->top, to_change, &error);
    assert_int_equal(rc, error.code);
    if (rc == VSR_OK) {
        pending_journal_close(&journal);
    }
    return rc;
}

static void what_was_written_comes_back(void **state)
{
    struct world *w = *state;
    struct pending_content content;
    (void)write_journal(w);
    assert_int_equal(read_journal(w, &content, false), VSR_OK);
    assert_int_equal(content.item_count, COUNT_OF(records));
    assert_int_equal(content.identity.created_s, 77);
    for (size_t i = 0; i < COUNT_OF(records); i++) {
        const struct pending_record *got = &content.items[i].record;
        assert_true(got->seq == records[i].seq && got->unit == records[i].unit &&
                    got->op == records[i].op && got->kind == records[i].kind &&
                    got->mode == records[i].mode && got->modify_s == records[i].modify_s &&
                    got->modify_ns == records[i].modify_ns && got->size == records[i].size);
        assert_memory_equal(got->xxh3_128, records[i].xxh3_128, 16);
        assert_true(view_equal(got->src, records[i].src) && view_equal(got->dst, records[i].dst));
        assert_true(content.items[i].counts);
    }
    assert_int_equal(content.items[1].state, PENDING_FAILED);
    assert_int_equal(content.items[1].os_errno, ENOSPC);
    assert_int_equal(content.unit_count, 2);
    assert_view_equal(content.units[0].component, "db");
    pending_content_free(&content);
}

static void a_dropped_unit_does_not_count(void **state)
{
    struct world *w = *state;
    struct pending_content content;
    struct pending_journal journal;
    vsr_error error = {0};
    (void)write_journal(w);
    assert_int_equal(pending_journal_open(&journal, &content, &w->folder, w->top, true, &error),
                     VSR_OK);
    pending_content_free(&content);
    struct pending_batch batch = pending_batch_begin(&journal);
    pending_batch_drop(&batch, 3);
    assert_int_equal(pending_batch_write(&batch, &journal), 0);
    pending_journal_close(&journal);
    assert_int_equal(read_journal(w, &content, false), VSR_OK);
    assert_false(content.items[0].counts || content.items[1].counts);
    assert_true(content.items[0].dropped && content.items[1].dropped);
    assert_true(content.items[2].counts && !content.items[2].dropped);
    pending_content_free(&content);
}

/* It is staged once more by who goes on with the run. */
static void a_dropped_unit_that_is_kept_again_counts(void **state)
{
    struct world *w = *state;
    struct pending_content content;
    struct pending_journal journal;
    struct pending_record again = records[0];
    vsr_error error = {0};
    (void)write_journal(w);
    assert_int_equal(pending_journal_open(&journal, &content, &w->folder, w->top, true, &error),
                     VSR_OK);
    again.seq = content.items[content.item_count - 1].record.seq + 1;
    pending_content_free(&content);
    struct pending_batch batch = pending_batch_begin(&journal);
    pending_batch_drop(&batch, 9); /* of which there is nothing */
    pending_batch_drop(&batch, again.unit);
    pending_batch_record(&batch, &again);
    pending_batch_unit(&batch, &(struct pending_unit){.first_seq = again.seq, .unit = again.unit});
    assert_int_equal(pending_batch_write(&batch, &journal), 0);
    pending_journal_close(&journal);
    assert_int_equal(read_journal(w, &content, false), VSR_OK);
    assert_int_equal(content.item_count, COUNT_OF(records) + 1);
    assert_true(content.items[0].dropped && !content.items[0].counts);
    assert_true(content.items[COUNT_OF(records)].counts);
    assert_false(content.items[COUNT_OF(records)].dropped);
    pending_content_free(&content);
}

static struct pending_record record_of(uint32_t unit, uint64_t seq)
{
    return (struct pending_record){.seq = seq,
                                   .unit = unit,
                                   .op = PENDING_MOVE,
                                   .kind = PENDING_FILE,
                                   .src = VIEW("0"),
                                   .dst = VIEW("a")};
}

/* Kept, dropped, kept again, as units that are tried again are: what counts is what was said of the
 * records that stood there then, and were not dropped since. */
static void records_count_that_stood_there_when_it_was_said(void **state)
{
    struct world *w = *state;
    const struct pending_identity identity = {.created_s = 1};
    const struct pending_unit from_1 = {.unit = 5, .first_seq = 1};
    const struct pending_unit from_4 = {.unit = 5, .first_seq = 4, .component = VIEW("last")};
    const struct pending_unit of_none = {.unit = 6, .first_seq = 4};
    static const char want[] = "-dccc-dd"; /* dropped, counts */
    struct pending_journal journal;
    struct pending_content content;
    assert_int_equal(pending_journal_make(&journal, &w->folder, &identity), 0);
    struct pending_batch batch = pending_batch_begin(&journal);
    const uint32_t units[] = {4, 5, 5, 5, 5, 5, 7, 7};
    for (uint32_t i = 0; i < 2; i++) {
        const struct pending_record record = record_of(units[i], i);
        pending_batch_record(&batch, &record);
    }
    pending_batch_unit(&batch, &from_1);
    pending_batch_drop(&batch, 5);
    for (uint32_t i = 2; i < COUNT_OF(units); i++) {
        const struct pending_record record = record_of(units[i], i);
        pending_batch_record(&batch, &record);
        if (i == 4) { /* the fifth record comes after it was said, and never counts */
            pending_batch_unit(&batch, &(struct pending_unit){.unit = 5, .first_seq = 2});
            pending_batch_unit(&batch, &from_4);
            pending_batch_unit(&batch, &of_none);
        }
    }
    pending_batch_unit(&batch, &(struct pending_unit){.unit = 7, .first_seq = 7});
    pending_batch_drop(&batch, 7);
    pending_batch_unit(&batch, &(struct pending_unit){.unit = 7, .first_seq = 6});
    assert_int_equal(pending_batch_write(&batch, &journal), 0);
    pending_journal_close(&journal);
    assert_int_equal(read_journal(w, &content, false), VSR_OK);
    for (uint32_t i = 0; i < COUNT_OF(units); i++) {
        const char found = content.items[i].counts ? 'c' : content.items[i].dropped ? 'd' : '-';
        assert_int_equal(found, want[i]);
    }
    assert_view_equal(pending_content_unit(&content, 5)->component, "last");
    assert_null(pending_content_unit(&content, 4));
    pending_content_free(&content);
}

/* Each of them about all records, one by one: that would be a day. */
static void records_about_the_same_unit_are_looked_at_once(void **state)
{
    struct world *w = *state;
    enum { COUNT = 200000 };
    const struct pending_identity identity = {.created_s = 1};
    const struct pending_unit unit = {.unit = 5, .writer = VIEW("W")};
    struct pending_journal journal;
    struct pending_content content;
    assert_int_equal(pending_journal_make(&journal, &w->folder, &identity), 0);
    struct pending_batch batch = pending_batch_begin(&journal);
    for (uint32_t i = 0; i < COUNT; i++) {
        const struct pending_record record = record_of(5, i);
        pending_batch_record(&batch, &record);
    }
    for (uint32_t i = 0; i < COUNT; i++) {
        pending_batch_drop(&batch, 5);
        pending_batch_unit(&batch, &unit);
    }
    assert_int_equal(pending_batch_write(&batch, &journal), 0);
    pending_journal_close(&journal);
    assert_int_equal(read_journal(w, &content, false), VSR_OK);
    assert_int_equal(content.item_count, COUNT);
    assert_int_equal(content.unit_count, 1);
    assert_true(content.items[0].dropped && content.items[COUNT - 1].dropped);
    pending_content_free(&content);
}

/* However much of it a power cut has left: whole records count, the rest is cut off. */
static void a_torn_tail_is_cut_off(void **state)
{
    struct world *w = *state;
    struct pending_content content;
    struct stat facts;
    const off_t bytes = write_journal(w);
    char *whole = malloc((size_t)bytes);
    int fd = openat(w->folder.fd, PENDING_JOURNAL, O_RDWR);
    assert_int_equal(pread(fd, whole, (size_t)bytes, 0), bytes);
    uint32_t counted_last = 3;
    for (off_t left = bytes - 1; left > 0; left--) {
        assert_int_equal(pwrite(fd, whole, (size_t)bytes, 0), bytes);
        assert_int_equal(ftruncate(fd, left), 0);
        const bool zeros = left % 2 == 0; /* some file systems leave these behind it */
        assert_int_equal(zeros ? ftruncate(fd, bytes) : 0, 0);
        const vsr_code rc = read_journal(w, &content, true);
        if (rc == VSR_ERR_RUN_FOREIGN) {
            assert_true(left < 100); /* not even its beginning is there */
            continue;
        }
        assert_int_equal(rc, VSR_OK);
        uint32_t counted = 0;
        for (uint32_t i = 0; i < content.item_count; i++) {
            counted += content.items[i].counts;
        }
        assert_true(counted <= counted_last);
        counted_last = counted;
        assert_int_equal(fstat(fd, &facts), 0);
        assert_true(facts.st_size <= left);
        assert_int_equal(content.torn_bytes != 0, facts.st_size < (zeros ? bytes : left));
        pending_content_free(&content);
    }
    assert_int_equal(counted_last, 0);
    (void)close(fd);
    free(whole);
}

static void damage_inside_is_refused(void **state)
{
    struct world *w = *state;
    struct pending_content content;
    const off_t bytes = write_journal(w);
    const int fd = openat(w->folder.fd, PENDING_JOURNAL, O_RDWR);
    /* the last record's checksum may be a torn write; everything before it is not */
    for (off_t at = 0; at < bytes - 48; at++) {
        char byte;
        assert_int_equal(pread(fd, &byte, 1, at), 1);
        const char flipped = (char)(byte ^ 0x20);
        assert_int_equal(pwrite(fd, &flipped, 1, at), 1);
        assert_int_equal(read_journal(w, &content, true), VSR_ERR_RUN_FOREIGN);
        assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    }
    assert_int_equal(read_journal(w, &content, true), VSR_OK);
    pending_content_free(&content);
    (void)close(fd);
}

static void a_locked_journal_is_busy(void **state)
{
    struct world *w = *state;
    struct pending_content content;
    (void)write_journal(w);
    const int fd = openat(w->folder.fd, PENDING_JOURNAL, O_RDWR);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    assert_int_equal(read_journal(w, &content, true), VSR_ERR_RUN_BUSY);
    assert_int_equal(read_journal(w, &content, false), VSR_OK); /* looking is allowed */
    pending_content_free(&content);
    (void)close(fd);
}

static void records_that_would_leave_are_refused(void **state)
{
    struct world *w = *state;
    static const char *const places[] = {"../x", "a/../../x", "/etc/x", "a//b", "a/", ".", ""};
    for (size_t i = 0; i < COUNT_OF(places); i++) {
        struct pending_journal journal;
        struct pending_content content;
        const struct pending_identity identity = {.created_s = 1};
        const struct pending_record record = {.op = PENDING_MOVE,
                                              .kind = PENDING_FILE,
                                              .src = VIEW("0"),
                                              .dst = view_of(places[i])};
        (void)unlinkat(w->folder.fd, PENDING_JOURNAL, 0);
        assert_int_equal(pending_journal_make(&journal, &w->folder, &identity), 0);
        struct pending_batch batch = pending_batch_begin(&journal);
        pending_batch_record(&batch, &record);
        assert_int_equal(pending_batch_write(&batch, &journal), 0);
        pending_journal_close(&journal);
        assert_int_equal(read_journal(w, &content, true), VSR_ERR_RUN_FOREIGN);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_open, world_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_was_written_comes_back),
        TEST(a_dropped_unit_does_not_count),
        TEST(a_dropped_unit_that_is_kept_again_counts),
        TEST(records_count_that_stood_there_when_it_was_said),
        TEST(records_about_the_same_unit_are_looked_at_once),
        TEST(a_torn_tail_is_cut_off),
        TEST(damage_inside_is_refused),
        TEST(a_locked_journal_is_busy),
        TEST(records_that_would_leave_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
