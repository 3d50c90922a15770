/* test_base.c - the parts without a domain: bounds, first cause wins, escapes, growth. */
#include "vsr_test.h"

#include "base/arena.h"
#include "base/buffer.h"
#include "base/ending.h"
#include "base/err.h"
#include "base/hash_map.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/uuid.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static void error_keeps_the_first_cause(void **state)
{
    (void)state;
    vsr_error error = {0};
    errno = ENOSPC;
    assert_int_equal(err_sys(&error, VSR_ERR_DEST_FULL, "here", "cannot write %s", "a"), -30);
    assert_int_equal(err_set(&error, VSR_ERR_MEDIA, "there", "second"), VSR_ERR_MEDIA);
    assert_int_equal(error.code, VSR_ERR_DEST_FULL);
    assert_int_equal(error.os_errno, ENOSPC);
    assert_string_equal(error.what, "cannot write a: No space left on device");
}

static void numbers_stop_at_64_bits(void **state)
{
    (void)state;
    uint64_t value = 0;
    assert_true(view_to_u64(VIEW("18446744073709551615"), &value));
    assert_true(value == UINT64_MAX);
    assert_false(view_to_u64(VIEW("18446744073709551616"), &value));
    assert_false(view_to_u64(VIEW(""), &value));
    assert_false(view_to_u64(VIEW("1 "), &value));
    assert_false(view_to_u64(VIEW("-1"), &value));
}

static void utf8_is_strict(void **state)
{
    (void)state;
    assert_true(view_is_utf8(VIEW("S\xC3\xBC"
                                  "d \xF0\x9F\x98\x80")));
    assert_false(view_is_utf8(VIEW("\xC0\xAF")));         /* overlong */
    assert_false(view_is_utf8(VIEW("\xED\xA0\x80")));     /* a surrogate */
    assert_false(view_is_utf8(VIEW("\xF4\x90\x80\x80"))); /* beyond U+10FFFF */
    assert_false(view_is_utf8(VIEW("\xE2\x82")));         /* cut */
    assert_false(view_is_utf8((struct view){"a\0b", 3}));
}

static void arena_rewinds_to_a_mark(void **state)
{
    (void)state;
    struct arena arena = {0};
    const struct view kept = arena_printf(&arena, "%s-%d", "kept", 7);
    const struct arena_mark mark = arena_mark(&arena);
    char *big = arena_alloc(&arena, 1, 1 << 20);
    memset(big, 0x5A, 1 << 20);
    arena_rewind(&arena, mark);
    assert_view_equal(kept, "kept-7");
    const unsigned char *again = arena_alloc(&arena, 1, 64);
    for (size_t i = 0; i < 64; i++) {
        assert_int_equal(again[i], 0);
    }
    arena_free(&arena);
    assert_int_equal(arena.total_bytes, 0);
}

static bool is_value(const void *context, const void *key, uint32_t value)
{
    (void)context;
    return *(const uint32_t *)key == value;
}

static void map_keeps_the_order_of_one_hash(void **state)
{
    (void)state;
    struct hash_map map = {0};
    for (uint32_t i = 0; i < 10000; i++) {
        hash_map_add(&map, i % 100, i);
    }
    size_t step = 0;
    for (uint32_t i = 42; i < 10000; i += 100) {
        assert_int_equal(hash_map_next(&map, 42, &step), i);
    }
    assert_int_equal(hash_map_next(&map, 42, &step), MARK_NONE);
    const uint32_t wanted = 9942;
    assert_int_equal(hash_map_find(&map, 42, &wanted, is_value, NULL), 9942);
    const uint32_t unknown = 10042;
    assert_int_equal(hash_map_find(&map, 42, &unknown, is_value, NULL), MARK_NONE);
    hash_map_free(&map);
}

/* Larger than before, smaller, empty: nothing of the map before is found, the new one whole. */
static void a_restarted_map_holds_only_what_is_added_anew(void **state)
{
    (void)state;
    static const uint32_t counts[] = {10, 5000, 3, 0, 5000, 200};
    struct hash_map map = {0};
    for (uint32_t round = 0; round < sizeof counts / sizeof *counts; round++) {
        hash_map_restart(&map, counts[round]);
        for (uint32_t i = 0; i < counts[round]; i++) {
            const uint32_t value = round * 10000 + i;
            assert_int_equal(hash_map_find(&map, i, &value, is_value, NULL), MARK_NONE);
            hash_map_add(&map, i, value);
        }
        for (uint32_t i = 0; i < 6000; i++) {
            size_t step = 0;
            assert_int_equal(hash_map_next(&map, i, &step),
                             i < counts[round] ? round * 10000 + i : MARK_NONE);
        }
    }
    hash_map_add(&map, 7, 7); /* one more than was asked for */
    hash_map_free(&map);
}

static void json_escapes_and_shows_exact_bytes(void **state)
{
    (void)state;
    struct buffer out = {0};
    struct json json = json_into(&out);
    json_object_begin(&json, NULL);
    json_text(&json, "t", VIEW("a\"\\\n\xC3\xBC"));
    json_path(&json, "p", VIEW("C:\\\xED\xA0\x80x"));
    json_text(&json, "n", VIEW_NONE);
    json_array_begin(&json, "l");
    json_u64(&json, NULL, 1);
    json_i64(&json, NULL, -2);
    json_array_end(&json);
    json_bool(&json, "b", true);
    json_raw(&json, "r", VIEW("{\"x\":1}"));
    json_raw(&json, "a", VIEW_NONE);
    json_object_end(&json);
    json_line_end(&json);
    assert_view_equal(buffer_view(&out),
                      "{\"t\":\"a\\\"\\\\\\u000a\xC3\xBC\","
                      "\"p\":\"C:\\\\\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBDx\","
                      "\"p_b64\":\"Qzpc7aCAeA==\",\"n\":null,\"l\":[1,-2],\"b\":true,"
                      "\"r\":{\"x\":1},\"a\":null}\n");
    buffer_free(&out);
}

static void uuid_reads_every_letter_case(void **state)
{
    (void)state;
    struct uuid a, b;
    char text[UUID_TEXT_BYTES];
    assert_true(uuid_parse(VIEW("A65FAA63-5ea8-4EBC-9dbd-a0c4db26912a"), &a));
    assert_true(uuid_parse(VIEW("a65faa63-5EA8-4ebc-9DBD-A0C4DB26912A"), &b));
    assert_true(uuid_equal(&a, &b));
    uuid_text(&a, text);
    assert_string_equal(text, "a65faa63-5ea8-4ebc-9dbd-a0c4db26912a");
    assert_false(uuid_parse(VIEW("{a65faa63-5ea8-4ebc-9dbd-a0c4db2691}"), &a));
    assert_false(uuid_parse(VIEW("a65faa63-5ea8-4ebc-9dbd-a0c4db26912g"), &a));
    assert_false(uuid_is_null(&b));
}

/* The exit status of a process that puts count bytes into eight that are fixed, and frees it. */
static int fixed_exit(size_t count, bool freed)
{
    const pid_t child = fork();
    if (child == 0) {
        char room[8];
        struct buffer text = {.p = room, .capacity = sizeof room, .fixed = true};
        (void)dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), STDERR_FILENO);
        for (size_t i = 0; i < count; i++) {
            buffer_add(&text, "x", 1);
        }
        if (freed) {
            buffer_free(&text);
        }
        _exit(text.p == room && text.n == count ? 0 : 1);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void a_fixed_buffer_is_never_outgrown(void **state)
{
    (void)state;
    assert_int_equal(unsetenv("VSSRESTORE_ABORT_ON_BUG"), 0); /* which asks for a core */
    assert_int_equal(fixed_exit(8, false), 0);
    assert_int_equal(fixed_exit(9, false), ENDING_BUG);
    assert_int_equal(fixed_exit(8, true), ENDING_BUG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(error_keeps_the_first_cause),
        cmocka_unit_test(numbers_stop_at_64_bits),
        cmocka_unit_test(utf8_is_strict),
        cmocka_unit_test(arena_rewinds_to_a_mark),
        cmocka_unit_test(map_keeps_the_order_of_one_hash),
        cmocka_unit_test(a_restarted_map_holds_only_what_is_added_anew),
        cmocka_unit_test(json_escapes_and_shows_exact_bytes),
        cmocka_unit_test(uuid_reads_every_letter_case),
        cmocka_unit_test(a_fixed_buffer_is_never_outgrown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
