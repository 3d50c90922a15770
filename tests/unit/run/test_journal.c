/* test_journal.c - what is written comes back in order; a torn tail is told apart from damage. */
#include "vsr_test.h"

#include "base/buffer.h"
#include "base/limits.h"
#include "run/journal.h"
#include "run/journal_content.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

static const uint8_t of_plan[16] = "a plan's hash";

/* A journal of five records: begin, session, two intents, commit. */
static struct buffer journal_bytes(void)
{
    const int fd = memfd_create("journal", MFD_CLOEXEC);
    struct journal journal;
    const struct uuid run = uuid_random();
    const struct plan plan = {.file_count = 3, .unit_count = 1};
    assert_int_equal(journal_begin(&journal, fd, "run", &run, &plan, of_plan, VIEW_NONE, NULL),
                     VSR_OK);
    const struct publish_log log = journal_publish_log(&journal);
    const struct publish_intent intents[2] = {{.unit = 0, .file = 1, .tree = MARK_NONE},
                                              {.unit = 0, .file = MARK_NONE, .tree = 7}};
    assert_int_equal(log.intents(log.context, 5, intents, 2, false, NULL), VSR_OK);
    assert_int_equal(log.commit(log.context, 5, NULL), VSR_OK);
    struct buffer bytes = {0};
    const off_t size = lseek(fd, 0, SEEK_END);
    buffer_reserve(&bytes, (size_t)size);
    assert_int_equal(pread(fd, bytes.p, (size_t)size, 0), size);
    bytes.n = (size_t)size;
    (void)close(fd);
    return bytes;
}

static uint32_t records_read(struct view bytes, struct journal_cursor *cursor)
{
    struct journal_record record;
    struct view payload;
    uint32_t count = 0;
    *cursor = (struct journal_cursor){.bytes = bytes};
    while (journal_next(cursor, &record, &payload)) {
        static const uint16_t types[] = {JOURNAL_BEGIN,  JOURNAL_SESSION, JOURNAL_TOKEN,
                                         JOURNAL_INTENT, JOURNAL_INTENT,  JOURNAL_COMMIT};
        assert_int_equal(record.type, types[count]);
        assert_int_equal(record.sequence, count);
        if (record.type == JOURNAL_INTENT) {
            struct publish_intent intent;
            assert_int_equal(payload.n, sizeof intent);
            memcpy(&intent, payload.p, sizeof intent);
            assert_int_equal(intent.tree, count == 3 ? MARK_NONE : 7);
            assert_int_equal(record.group, 5);
        }
        count++;
    }
    return count;
}

static void records_come_back(void **state)
{
    (void)state;
    struct buffer bytes = journal_bytes();
    struct journal_cursor cursor;
    assert_int_equal(records_read(buffer_view(&bytes), &cursor), 6);
    assert_int_equal(cursor.torn_bytes, 0);
    assert_null(cursor.fault);
    buffer_free(&bytes);
}

/* Cut at every byte: whole records before the cut are read, the rest is a torn tail, no fault. */
static void every_cut_is_a_torn_tail(void **state)
{
    (void)state;
    struct buffer bytes = journal_bytes();
    uint32_t last = 0;
    for (size_t n = 0; n <= bytes.n; n++) {
        struct journal_cursor cursor;
        const uint32_t count = records_read((struct view){bytes.p, n}, &cursor);
        assert_true(count >= last);
        assert_null(cursor.fault);
        assert_int_equal(cursor.at + cursor.torn_bytes, n);
        last = count;
    }
    assert_int_equal(last, 6);
    buffer_free(&bytes);
}

/* A flip anywhere but in the last record is a fault, and nothing behind it is believed. */
static void every_flip_inside_is_a_fault(void **state)
{
    (void)state;
    struct buffer bytes = journal_bytes();
    struct journal_cursor cursor;
    const size_t last_bytes =
        sizeof(struct journal_record) + sizeof(struct journal_commit) + sizeof(uint64_t);
    for (size_t at = 0; at < bytes.n - last_bytes; at++) {
        bytes.p[at] = (char)(bytes.p[at] ^ 0x10);
        struct journal_record record;
        struct view payload;
        uint32_t count = 0;
        cursor = (struct journal_cursor){.bytes = buffer_view(&bytes)};
        while (journal_next(&cursor, &record, &payload)) {
            count++;
        }
        assert_true(count < 5);
        assert_true(cursor.fault != NULL || cursor.torn_bytes > 0);
        bytes.p[at] = (char)(bytes.p[at] ^ 0x10);
    }
    buffer_free(&bytes);
}

/* Write with room for so many bytes only. */
static vsr_code append_within(struct journal *journal, off_t bytes_max, bool commit)
{
    const struct publish_log log = journal_publish_log(journal);
    const struct publish_intent intents[2] = {{.file = 1}, {.file = 2}};
    struct rlimit limit, small;
    struct sigaction ignore = {.sa_handler = SIG_IGN}, was;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    small = (struct rlimit){(rlim_t)bytes_max, limit.rlim_max};
    assert_int_equal(sigaction(SIGXFSZ, &ignore, &was), 0);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    const vsr_code code = commit ? log.commit(log.context, 5, NULL)
                                 : log.intents(log.context, 5, intents, 2, false, NULL);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    assert_int_equal(sigaction(SIGXFSZ, &was, NULL), 0);
    return code;
}

/* Records that do not fit are none, not even half of one, and what comes later stands behind the
 * last whole one. */
static void failed_records_are_cut_off(void **state)
{
    (void)state;
    const int fd = memfd_create("journal", MFD_CLOEXEC);
    struct journal journal;
    const struct uuid run = uuid_random();
    const struct plan plan = {.file_count = 3, .unit_count = 1};
    assert_int_equal(journal_begin(&journal, fd, "run", &run, &plan, of_plan, VIEW_NONE, NULL),
                     VSR_OK);
    const off_t before = lseek(fd, 0, SEEK_END);
    assert_int_not_equal(append_within(&journal, before + 10, true), VSR_OK);
    assert_int_equal(lseek(fd, 0, SEEK_END), before);
    assert_int_not_equal(append_within(&journal, before + 150, false), VSR_OK);
    assert_int_equal(lseek(fd, 0, SEEK_END), before);
    assert_int_equal(journal_end(&journal, 32, false, 0, NULL), VSR_OK); /* and it can go on */
    assert_int_equal(journal.sequence, 5); /* what rows come to, and the end */
    (void)close(fd);
}

/* Half a record that cannot be cut off is the end of the journal. */
static void nothing_follows_half_a_record(void **state)
{
    (void)state;
    const int fd = memfd_create("journal", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    struct journal journal;
    const struct uuid run = uuid_random();
    const struct plan plan = {.file_count = 3, .unit_count = 1};
    vsr_error error = {0};
    assert_int_equal(journal_begin(&journal, fd, "run", &run, &plan, of_plan, VIEW_NONE, NULL),
                     VSR_OK);
    const off_t before = lseek(fd, 0, SEEK_END);
    assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK), 0);
    assert_int_not_equal(append_within(&journal, before + 10, true), VSR_OK);
    const off_t torn = lseek(fd, 0, SEEK_END);
    assert_true(torn > before);
    assert_int_equal(journal_end(&journal, 32, false, 0, &error), VSR_ERR_DEST_IO);
    assert_non_null(strstr(error.what, "half a record"));
    assert_int_equal(lseek(fd, 0, SEEK_END), torn);
    (void)close(fd);
}

/* A journal's beginning, of that version, right in all else. */
static vsr_code read_version(uint32_t version, vsr_error *error)
{
    const struct plan plan = {.file_count = 3, .unit_count = 1};
    struct journal_begin begin = {.version = version, .file_count = 3, .unit_count = 1};
    struct journal_content content;
    struct buffer bytes = {0};
    memcpy(begin.plan_xxh3, of_plan, sizeof begin.plan_xxh3);
    journal_frame(&bytes, 0, JOURNAL_BEGIN, MARK_NONE, &begin, sizeof begin);
    const vsr_code rc =
        journal_content_read(&content, buffer_view(&bytes), -1, &plan, of_plan, "run", error);
    journal_content_free(&content);
    buffer_free(&bytes);
    return rc;
}

static void another_version_is_refused(void **state)
{
    (void)state;
    /* 1 and 2: rows, marks and the call of another shape */
    const uint32_t others[] = {0, 1, 2, JOURNAL_VERSION + 1, UINT32_MAX};
    vsr_error error = {0};
    (void)read_version(JOURNAL_VERSION, &error);
    assert_null(strstr(error.what, "version"));
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        error = (vsr_error){0};
        assert_int_equal(read_version(others[i], &error), VSR_ERR_RUN_FOREIGN);
        assert_non_null(strstr(error.what, "another version"));
    }
}

/* What several processes wrote of whom they asked: each once, services as they were stopped first;
 * one that was not stopped, or is started, takes back the last record of it alone. */
static void those_who_were_asked_are_told_once(void **state)
{
    (void)state;
    static const struct journal_asked_one items[] = {
        {.what = ASKING_BEGUN},
        {.what = ASKING_WRITER, .writer = 7},
        {.what = ASKING_SERVICE, .service = {"Second", 6}},
        {.what = ASKING_SERVICE, .service = {"First", 5}},
        {.what = ASKING_WRITER, .writer = 3},
        {.what = ASKING_WRITER, .writer = 7},
        {.what = ASKING_SERVICE, .service = {"Second", 6}},
        {.what = ASKING_SERVICE, .service = {"First", 5}},
        {.what = ASKING_NOT_STOPPED, .service = {"First", 5}},
        {.what = ASKING_SERVICE, .service = {"Runs", 4}},
        {.what = ASKING_SERVICE, .service = {"Later", 5}},
        {.what = ASKING_NOT_STOPPED, .service = {"Runs", 4}},
        {.what = ASKING_NOT_STOPPED, .service = {"Later", 5}},
        {.what = ASKING_NOT_STOPPED, .service = {"Nobody", 6}},
    };
    const int fd = memfd_create("journal", MFD_CLOEXEC);
    const struct uuid run = uuid_random();
    const struct plan plan = {.file_count = 3, .unit_count = 1};
    struct journal journal;
    struct journal_content content;
    char bytes[4096];
    assert_int_equal(journal_begin(&journal, fd, "run", &run, &plan, of_plan, VIEW_NONE, NULL),
                     VSR_OK);
    assert_int_equal(journal_asking(&journal, items, COUNT_OF(items), NULL), VSR_OK);
    const ssize_t n = pread(fd, bytes, sizeof bytes, 0);
    assert_in_range(n, 1, sizeof bytes - 1);
    assert_int_equal(journal_content_read(&content, (struct view){bytes, (size_t)n}, -1, &plan,
                                          of_plan, "run", NULL),
                     VSR_OK);
    assert_int_equal(content.stopped_count, 2);
    assert_string_equal(content.stopped[0].p, "Second");
    assert_string_equal(content.stopped[1].p, "First");
    assert_int_equal(content.asked_count, 2);
    assert_int_equal(journal_content_asked_at(&content, 3), 0);
    assert_int_equal(journal_content_asked_at(&content, 7), 1);
    assert_int_equal(journal_content_asked_at(&content, 4), MARK_NONE);
    journal_content_free(&content);
    (void)close(fd);
}

/* The beginning of a journal in a file of many bytes, mapped; then what stands there is read. */
static vsr_code read_long(off_t bytes, off_t record_at, struct journal_content *content,
                          vsr_error *error)
{
    const int fd = memfd_create("journal", MFD_CLOEXEC);
    const struct uuid run = uuid_random();
    const struct plan plan = {.file_count = 3, .unit_count = 1};
    struct journal journal;
    assert_int_equal(journal_begin(&journal, fd, "run", &run, &plan, of_plan, VIEW_NONE, NULL),
                     VSR_OK);
    assert_int_equal(ftruncate(fd, bytes), 0);
    if (record_at > 0) {
        struct buffer record = {0};
        journal_frame(&record, 9, JOURNAL_SYNCED, MARK_NONE, NULL, 0);
        assert_int_equal(pwrite(fd, record.p, record.n, record_at), (ssize_t)record.n);
        buffer_free(&record);
    }
    void *mapped = mmap(NULL, (size_t)bytes, PROT_READ, MAP_SHARED, fd, 0);
    assert_ptr_not_equal(mapped, MAP_FAILED);
    const vsr_code rc = journal_content_read(content, (struct view){mapped, (size_t)bytes}, fd,
                                             &plan, of_plan, "run", error);
    (void)munmap(mapped, (size_t)bytes);
    (void)close(fd);
    return rc;
}

/* Looking through all of it would take longer than this test may. */
static void a_tail_of_holes_is_passed_over(void **state)
{
    (void)state;
    const off_t bytes = (off_t)4 << 40;
    struct journal_content content;
    vsr_error error = {0};
    assert_int_equal(read_long(bytes, 0, &content, &error), VSR_OK);
    assert_true(content.torn_bytes > (uint64_t)bytes - 4096);
    journal_content_free(&content);
    assert_int_equal(read_long(bytes, bytes / 2 + 5, &content, &error), VSR_ERR_RUN_FOREIGN);
    journal_content_free(&content);
    assert_int_equal(read_long(bytes, bytes - 40, &content, &error), VSR_ERR_RUN_FOREIGN);
    journal_content_free(&content);
}

/* Each of them as long as a record can be: hashed one by one they are a hundred gigabytes. */
static void records_that_lie_over_each_other_are_none_of_ours(void **state)
{
    (void)state;
    enum { COUNT = 1 << 20 };
    struct buffer one = {0}, tail = {0};
    char *payload = calloc(1, JOURNAL_PAYLOAD_BYTES_MAX);
    journal_frame(&one, 9, JOURNAL_CALL, MARK_NONE, payload, JOURNAL_PAYLOAD_BYTES_MAX);
    for (uint32_t i = 0; i < COUNT; i++) {
        buffer_add(&tail, one.p, sizeof(struct journal_record));
    }
    assert_true(journal_holds_record(buffer_view(&tail), -1, 0));
    /* what is torn may name a length that it does not have any more, also twice */
    const struct view two = {tail.p, 2 * sizeof(struct journal_record)};
    assert_false(journal_holds_record(two, -1, 0));
    one.p[one.n - 1] = (char)~one.p[one.n - 1];
    tail.n = 0;
    buffer_add(&tail, one.p, one.n);
    buffer_add(&tail, one.p, one.n);
    assert_false(journal_holds_record(buffer_view(&tail), -1, 0));
    buffer_free(&one);
    buffer_free(&tail);
    free(payload);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_come_back),
        cmocka_unit_test(every_cut_is_a_torn_tail),
        cmocka_unit_test(every_flip_inside_is_a_fault),
        cmocka_unit_test(failed_records_are_cut_off),
        cmocka_unit_test(nothing_follows_half_a_record),
        cmocka_unit_test(another_version_is_refused),
        cmocka_unit_test(those_who_were_asked_are_told_once),
        cmocka_unit_test(a_tail_of_holes_is_passed_over),
        cmocka_unit_test(records_that_lie_over_each_other_are_none_of_ours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
