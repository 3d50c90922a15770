/* test_ranges.c - range lists, names of ranges files, and ranges files (rules 7.5, 7.6).
 *
 * Goal: what the grammar allows is read to the number, all else is refused with the place where
 * it went wrong. Method: tables; T49, T50, T53, T54 by name. */
#include "vsr_test.h"

#include "base/limits.h"
#include "vss/ranges.h"

struct list {
    const char *text;
    uint32_t count;
    struct vss_range ranges[3];
};

static const struct list lists[] = {
    {"64:448,0x1239E8577A:65536", 2, {{64, 448}, {78280939386, 65536}}}, /* T49 */
    {"0:100,200:50", 2, {{0, 100}, {200, 50}}},                          /* T50 */
    {"0:100, 200:50", 2, {{0, 100}, {200, 50}}},
    {"0:100,\t\r\n 200:50", 2, {{0, 100}, {200, 50}}},
    {"0 : 100, 200: 50", 2, {{0, 100}, {200, 50}}},
    {"0:0", 1, {{0, 0}}},
    {"5:0,5:0,3:1", 3, {{5, 0}, {5, 0}, {3, 1}}}, /* as written: unsorted, twice, empty */
    {"007:010", 1, {{7, 10}}},
    {"0XfF:0x10", 1, {{255, 16}}},
    {"0x0:0x00000000000000001", 1, {{0, 1}}},
    {"0:9223372036854775807", 1, {{0, INT64_MAX}}},
    {"0x7fffffffffffffff:0", 1, {{INT64_MAX, 0}}},
    {"9223372036854775806:1", 1, {{INT64_MAX - 1, 1}}},
};

static void lists_are_read(void **state)
{
    (void)state;
    struct arena arena = {0};
    for (size_t i = 0; i < COUNT_OF(lists); i++) {
        struct vss_ranges out;
        const char *fault = "";
        size_t at = 99;
        if (!vss_ranges_parse(&arena, view_of(lists[i].text), &out, &fault, &at)) {
            fail_msg("\"%s\": %s at %zu", lists[i].text, fault, at);
        }
        assert_null(fault);
        assert_false(view_present(out.file));
        assert_int_equal(out.count, lists[i].count);
        for (uint32_t k = 0; k < out.count; k++) {
            assert_true(out.list[k].offset == lists[i].ranges[k].offset);
            assert_true(out.list[k].length == lists[i].ranges[k].length);
        }
    }
    arena_free(&arena);
}

struct reject {
    const char *text;
    size_t at;
};

static const struct reject rejects[] = {
    {"", 0},
    {"0:100,", 6},
    {",0:100", 0},
    {"0:1,,2:3", 4},
    {"-1:5", 0},
    {"+1:5", 0},
    {"1:-5", 2},
    {"FF:10", 0},
    {"1F:10", 1},
    {"0:FF", 2},
    {"0x:1", 2},
    {"0x1:0xg", 6},
    {"5", 1},
    {"5:", 2},
    {":5", 0},
    {"1:2:3", 3},
    {"1:2;3:4", 3},
    {"1:2 3:4", 3},
    {"1:2 ,3:4", 3}, /* white space only behind a comma and around a colon */
    {"1:2 ", 3},
    {" 1:2", 0},
    {"1 2:3", 2},
    {"18446744073709551616:0", 19}, /* beyond 64 bits: the digit that is too much */
    {"0x10000000000000000:0", 18},
    {"0:18446744073709551615", 0},
    {"3:1, 0:0x8000000000000000", 5}, /* T50: the range that ends beyond 2^63 - 1 */
    {"9223372036854775807:1", 0},
    {"1:2\xC2\xA0", 3},
};

static void what_is_no_list(void **state)
{
    (void)state;
    struct arena arena = {0};
    for (size_t i = 0; i < COUNT_OF(rejects); i++) {
        struct vss_ranges out;
        const char *fault = NULL;
        size_t at = 99;
        if (vss_ranges_parse(&arena, view_of(rejects[i].text), &out, &fault, &at)) {
            fail_msg("\"%s\" was let through", rejects[i].text);
        }
        assert_non_null(fault);
        if (at != rejects[i].at) {
            fail_msg("\"%s\": %s, at %zu, want %zu", rejects[i].text, fault, at, rejects[i].at);
        }
        assert_true(out.count == 0 && !view_present(out.file));
    }
    arena_free(&arena);
}

static void a_list_is_no_longer_than_an_attribute(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct vss_ranges out;
    const char *fault = NULL;
    size_t at = 0;
    const struct view huge = {"0:1", DOCUMENT_VALUE_BYTES_MAX + 1}; /* is not read */
    assert_false(vss_ranges_parse(&arena, huge, &out, &fault, &at));
    assert_string_equal(fault, "it is longer than any attribute may be");
    arena_free(&arena);
}

static void ranges_files_are_told_by_their_names(void **state)
{
    (void)state;
    static const char *const named[][2] = {
        {"File=C:\\w\\r.bin", "C:\\w\\r.bin"}, /* T53 */
        {"file= C:\\w\\r.bin", "C:\\w\\r.bin"},
        {"C:\\w\\r.bin", "C:\\w\\r.bin"},
        {"FILE=\t \\\\srv\\share\\r.bin", "\\\\srv\\share\\r.bin"},
        {"\\\\?\\C:\\r.bin", "\\\\?\\C:\\r.bin"},
        {"\\??\\C:\\r.bin", "\\??\\C:\\r.bin"},
        {"%SystemRoot%\\r.bin", "%SystemRoot%\\r.bin"},
        {"f:/w/r.bin", "f:/w/r.bin"},
        {"C:\\0:1,2:3", "C:\\0:1,2:3"}, /* whether the path is lawful is winpath's business */
    };
    static const char *const not_named[] = {
        "File=",      "File= ", "File=0:100", "r.bin",  "\\r.bin", "F:10", "F:r.bin",
        "File=r.bin", "%r.bin", "File C:\\x", " C:\\x", "C:",      "%",    "\\\\",
    };
    struct arena arena = {0};
    struct vss_ranges out;
    const char *fault;
    size_t at;
    for (size_t i = 0; i < COUNT_OF(named); i++) {
        assert_true(vss_ranges_parse(&arena, view_of(named[i][0]), &out, &fault, &at));
        assert_view_equal(out.file, named[i][1]);
        assert_int_equal(out.count, 0);
    }
    for (size_t i = 0; i < COUNT_OF(not_named); i++) {
        if (vss_ranges_parse(&arena, view_of(not_named[i]), &out, &fault, &at)) {
            fail_msg("\"%s\" was let through", not_named[i]);
        }
    }
    arena_free(&arena);
}

/* --- ranges files --------------------------------------------------------------------------- */

struct file {
    char bytes[128];
    size_t n;
};

static void file_add(struct file *file, uint64_t value)
{
    for (int i = 0; i < 8; i++) {
        file->bytes[file->n++] = (char)(value >> (8 * i));
    }
}

static struct file file_of(uint64_t count, const uint64_t *numbers, size_t number_count)
{
    struct file file = {.n = 0};
    file_add(&file, count);
    for (size_t i = 0; i < number_count; i++) {
        file_add(&file, numbers[i]);
    }
    return file;
}

static void ranges_files_are_read(void **state)
{
    (void)state;
    static const uint64_t numbers[] = {0x0102030405060708, 9, 0, 0, 5, INT64_MAX - 5};
    struct arena arena = {0};
    struct vss_ranges out;
    uint64_t tail = 99;
    const char *fault = NULL;
    const struct file file = file_of(3, numbers, 6);
    assert_true(
        vss_ranges_file_parse(&arena, (struct view){file.bytes, 8 + 16 * 3}, &out, &tail, &fault));
    assert_int_equal(out.count, 3);
    assert_false(view_present(out.file));
    assert_true(out.list[0].offset == 0x0102030405060708 && out.list[0].length == 9);
    assert_true(out.list[2].offset == 5 && out.list[2].length == INT64_MAX - 5);
    assert_true(tail == 0 && fault == NULL);

    /* T54: larger is a warning */
    assert_true(vss_ranges_file_parse(&arena, (struct view){file.bytes, 8 + 16 * 3 + 4}, &out,
                                      &tail, &fault));
    assert_true(out.count == 3 && tail == 4);
    const struct file none = file_of(0, numbers, 1);
    assert_true(
        vss_ranges_file_parse(&arena, (struct view){none.bytes, none.n}, &out, &tail, &fault));
    assert_true(out.count == 0 && tail == 8);
    arena_free(&arena);
}

static void what_is_no_ranges_file(void **state)
{
    (void)state;
    static const uint64_t numbers[] = {0, 1, 2, 3, 4, 5};
    static const uint64_t past_end[] = {0, 1, INT64_MAX, 1};
    static const uint64_t wraps[] = {UINT64_MAX, 2};
    const struct file files[] = {
        file_of(3, numbers, 4), /* T54: smaller */
        file_of(1, numbers, 1),
        file_of(1, numbers, 0),
        file_of(UINT64_MAX, numbers, 6),
        file_of(UINT64_C(1) << 60, numbers, 6), /* 16 * count wraps to 0 */
        file_of(2, past_end, 4),
        file_of(1, wraps, 2),
    };
    struct arena arena = {0};
    struct vss_ranges out;
    uint64_t tail = 0;
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        const char *fault = NULL;
        const struct view bytes = {files[i].bytes, files[i].n};
        assert_false(vss_ranges_file_parse(&arena, bytes, &out, &tail, &fault));
        assert_non_null(fault);
        assert_int_equal(out.count, 0);
    }
    const char *fault = NULL;
    assert_false(vss_ranges_file_parse(&arena, VIEW("1234567"), &out, &tail, &fault));
    assert_false(vss_ranges_file_parse(&arena, VIEW_NONE, &out, &tail, &fault));
    assert_false(vss_ranges_file_parse(&arena, (struct view){files[0].bytes, 8 + 16 * 3 - 1}, &out,
                                       &tail, &fault));
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_are_read),
        cmocka_unit_test(what_is_no_list),
        cmocka_unit_test(a_list_is_no_longer_than_an_attribute),
        cmocka_unit_test(ranges_files_are_told_by_their_names),
        cmocka_unit_test(ranges_files_are_read),
        cmocka_unit_test(what_is_no_ranges_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
