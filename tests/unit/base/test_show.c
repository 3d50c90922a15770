/* test_show.c - what people see of text from outside.
 *
 * Goal: nothing that steers a terminal, breaks a line or turns the reading direction stands in it,
 * and everything else as it is. Method: texts and what must come of them; each byte alone. */
#include "vsr_test.h"

#include "base/show.h"

static void assert_shown(struct view text, const char *wanted)
{
    struct buffer out = {0};
    show_add(&out, text);
    buffer_add_char(&out, '\0');
    assert_string_equal(out.p, wanted);
    buffer_free(&out);
}

static void plain_text_stays(void **state)
{
    (void)state;
    assert_shown(VIEW(""), "");
    assert_shown(VIEW("C:\\a b\\%s~"), "C:\\a b\\%s~");
    assert_shown(VIEW("\xC3\xA4 \xE2\x82\xAC \xF0\x9F\x98\x80"),
                 "\xC3\xA4 \xE2\x82\xAC \xF0\x9F\x98\x80");
}

static void what_misleads_is_escaped(void **state)
{
    (void)state;
    assert_shown(VIEW("a\nb\r\tc"), "a\\nb\\r\\tc");
    assert_shown(VIEW("\x1b[31m"), "\\x1b[31m");
    assert_shown(VIEW("a\0b"), "a\\x00b");
    assert_shown(VIEW("\x7f"), "\\x7f");
    assert_shown(VIEW("\xC2\x9B"), "\\u{9b}");
    assert_shown(VIEW("x\xE2\x80\xAEy"), "x\\u{202e}y");
    assert_shown(VIEW("\xEF\xBB\xBF"), "\\u{feff}");
    assert_shown(VIEW("\xF3\xA0\x81\x81"), "\\u{e0041}");
}

static void what_is_no_utf8_is_told_byte_by_byte(void **state)
{
    (void)state;
    assert_shown(VIEW("\xFF"), "\\xff");
    assert_shown(VIEW("\xC3"), "\\xc3");
    assert_shown(VIEW("\xE2\x82"), "\\xe2\\x82");
    assert_shown(VIEW("\xED\xA0\x80"), "\\xed\\xa0\\x80"); /* half a pair, as WTF-8 has it */
    assert_shown(VIEW("\xC0\xAF"), "\\xc0\\xaf");
    assert_shown(VIEW("\xF4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");
}

static void no_byte_gets_through(void **state)
{
    (void)state;
    for (unsigned byte = 0; byte < 256; byte++) {
        const char text[] = {'a', (char)byte, 'b'};
        struct buffer out = {0};
        show_add(&out, (struct view){text, sizeof text});
        for (size_t i = 0; i < out.n; i++) {
            assert_in_range((unsigned char)out.p[i], 0x20, 0x7E);
        }
        buffer_free(&out);
    }
}

static void assert_printed(struct buffer *out, const char *wanted)
{
    buffer_add_char(out, '\0');
    assert_string_equal(out->p, wanted);
    buffer_free(out);
}

static void formats_are_those_of_printf(void **state)
{
    struct buffer out = {0};
    (void)state;
    show_printf(&out, "%d %5d|%-5d|%05d %i", -7, 42, 42, 42, 1);
    show_printf(&out, " %u %x %zu %llu %lld", 7u, 255u, (size_t)9, 1ULL << 40, -1LL);
    show_printf(&out, " %.1f %6.2f 100%%\n", 2.25, 3.14159);
    assert_printed(&out, "-7    42|42   |00042 1 7 ff 9 1099511627776 -1 2.2   3.14 100%\n");
}

static void texts_are_shown_in_their_width(void **state)
{
    struct buffer out = {0};
    (void)state;
    show_printf(&out, "[%s][%6s][%-6s][%.2s][%*s][%-8.*s]", "a\nb", "x", "y", "long", 4, "z", 3,
                "\x1bwhole");
    assert_printed(&out, "[a\\nb][     x][y     ][lo][   z][\\x1bwh  ]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_text_stays),
        cmocka_unit_test(what_misleads_is_escaped),
        cmocka_unit_test(what_is_no_utf8_is_told_byte_by_byte),
        cmocka_unit_test(no_byte_gets_through),
        cmocka_unit_test(formats_are_those_of_printf),
        cmocka_unit_test(texts_are_shown_in_their_width),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
