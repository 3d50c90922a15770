/* test_winfold.c - names without regard to case: what is equal, in what order, and by what hash.
 *
 * Goal: fold, equal, compare and hash never disagree, whatever bytes a name is made of.
 * Method: named cases, then seeded random texts of symbols that differ in case, in length when
 * folded, and in being WTF-8 at all. The table itself is proved by test_upcase.c. */
#include "vsr_test.h"

#include "base/hash_map.h"
#include "vss/upcase.h"
#include "vss/winpath.h"

#define HIGH  "\xED\xA0\xBD"     /* U+D83D */
#define LOW   "\xED\xB8\x80"     /* U+DE00 */
#define GRIN  "\xF0\x9F\x98\x80" /* U+1F600, the two together */
#define TURN  "\xC9\x90"         /* U+0250, upcased U+2C6F: 2 bytes become 3 */
#define TURNU "\xE2\xB1\xAF"

static void table_is_the_one_that_was_proved(void **state)
{
    (void)state;
    unsigned char bytes[2 * 0x10000];
    for (uint32_t unit = 0; unit < 0x10000; unit++) {
        const uint16_t upper = upcase_unit((uint16_t)unit);
        assert_int_equal(upcase_unit(upper), upper);
        assert_true((unit < 0x80) == (upper < 0x80)); /* what win_fold's steps rest on */
        bytes[2 * unit] = (unsigned char)upper;
        bytes[2 * unit + 1] = (unsigned char)(upper >> 8);
    }
    /* of $UpCase as mkntfs writes it */
    assert_true(hash_bytes(bytes, sizeof bytes) == UINT64_C(0x54EA5881C8B381E3));
}

struct pair {
    const char *a, *b;
    bool equal;
};

static const struct pair pairs[] = {
    {"", "", true},
    {"a", "", false},
    {"abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", true},
    {"@[`{~\x7F 0129", "@[`{~\x7F 0129", true},
    {"@@@@@@@@", "````````", false}, /* not letters, though bit 5 alone differs */
    {"[[[[[[[[", "{{{{{{{{", false},
    {"Data.MDF", "dATA.mdf", true},
    {"data.mdf", "data.mdfx", false},
    {"\xC3\xA4\xC3\xB6\xC3\xBC", "\xC3\x84\xC3\x96\xC3\x9C", true}, /* umlauts */
    {"\xC3\x9F", "SS", false},                                      /* sharp s stays */
    {"i", "\xC4\xB0", false},                                       /* no Turkish i */
    {"\xC4\xB1", "I", false},
    {"\xCF\x83", "\xCF\x82", false},         /* final sigma is its own */
    {"\xCF\x83", "\xCE\xA3", true},          /* sigma */
    {"\xE1\xBE\x80", "\xE1\xBE\x88", true},  /* title case where there is no upper case */
    {"\xC3\xA4", "a\xCC\x88", false},        /* no normalisation */
    {"\xC3\xBF", "\xC5\xB8", true},          /* y diaeresis, out of Latin-1 */
    {"\xE2\x84\xAA", "k", false},            /* Kelvin */
    {"\xEF\xBD\x81", "\xEF\xBC\xA1", true},  /* fullwidth */
    {"\xD0\xBF", "\xD0\x9F", true},          /* Cyrillic */
    {"\xE1\x83\x90", "\xE1\xB2\x90", false}, /* Georgian capitals came after the table */
    {TURN, TURNU, true},
    {"12345" TURN "b", "12345" TURNU "B", true},
    {"\xF0\x90\x90\xA8", "\xF0\x90\x90\x80", false}, /* Deseret: astral, so never folded */
    {HIGH LOW, GRIN, true},                          /* the same two units */
    {HIGH "x" LOW, HIGH "X" LOW, true},
    {LOW HIGH, LOW HIGH, true},
    {LOW HIGH, GRIN, false},
    {HIGH, LOW, false},
    {"\xFF", "\xFF", true},
    {"\xFF", "\xFE", false},
    {"\xE4", "\xC4", false},         /* Latin-1 bytes are no letters */
    {"\x80", "\xED\xB2\x80", false}, /* a byte is not the surrogate that win_units() lends it */
    {"\xC3", "\xC3\xA4", false},
    {"\xC0\xAF", "/", false},            /* overlong */
    {"\xF4\x90\x80\x80", "\xF4", false}, /* beyond U+10FFFF: four bytes */
    {"\xE2\x82", "\xE2\x82\xAC", false}, /* cut */
    {"a\xE2\x82z", "A\xE2\x82Z", true},
};

static void named_pairs(void **state)
{
    (void)state;
    struct arena arena = {0};
    for (size_t i = 0; i < COUNT_OF(pairs); i++) {
        const struct view a = view_of(pairs[i].a), b = view_of(pairs[i].b);
        const bool folded = view_equal(win_fold_copy(&arena, a), win_fold_copy(&arena, b));
        if (win_fold_equal(a, b) != pairs[i].equal || win_fold_equal(b, a) != pairs[i].equal ||
            folded != pairs[i].equal || (win_fold_hash(a) == win_fold_hash(b)) != pairs[i].equal) {
            fail_msg("pair %zu: %s | %s", i, pairs[i].a, pairs[i].b);
        }
    }
    assert_false(view_present(win_fold_copy(&arena, VIEW_NONE)));
    assert_true(win_fold_equal(VIEW_NONE, VIEW("")));
    arena_free(&arena);
}

static void order_is_that_of_units(void **state)
{
    (void)state;
    /* GRIN's first unit, D83D, is below U+FF21; its code point and its bytes are above. */
    static const char *const sorted[] = {
        "",
        "A",
        "a.b",
        "AB",
        "b",
        "[",
        "_",
        "\xC3\x84",
        "\xED\x9F\xBF",
        GRIN,
        HIGH "\xEE\x80\x80",
        LOW,
        "\xEF\xBD\x81",
        "\xEF\xBF\xBF",
        "\x80",
        "\xFF",
    };
    for (size_t i = 0; i < COUNT_OF(sorted); i++) {
        for (size_t k = 0; k < COUNT_OF(sorted); k++) {
            const int want = (i > k) - (i < k);
            if (win_fold_compare(view_of(sorted[i]), view_of(sorted[k])) != want) {
                fail_msg("order of %zu and %zu", i, k);
            }
        }
    }
}

static void units_of_a_name(void **state)
{
    (void)state;
    static const char name[] = "a\0" GRIN LOW "\xFF" TURN;
    static const uint16_t want[] = {'a', 0, 0xD83D, 0xDE00, 0xDE00, 0xDCFF, 0x0250};
    uint16_t got[sizeof name];
    assert_int_equal(win_units((struct view){name, sizeof name - 1}, got), COUNT_OF(want));
    assert_memory_equal(got, want, sizeof want);
    assert_int_equal(win_units(VIEW_NONE, got), 0);
}

/* --- seeded random texts ------------------------------------------------------------------- */

static uint64_t random_state = 20240229;

static uint32_t random_below(uint32_t bound)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (uint32_t)(random_state >> 33) % bound;
}

/* Two spellings of one folded symbol each. */
static const char *const symbols[][2] = {
    {"a", "A"},       {"z", "Z"},           {".", "."},       {"abcdefgh", "ABCdefGH"},
    {TURN, TURNU},    {GRIN, HIGH LOW},     {"\xFF", "\xFF"}, {"\xC3\xA4", "\xC3\x84"},
    {"\xE2", "\xE2"}, {HIGH "x", HIGH "X"}, {LOW, LOW},       {"\xE1\xBE\x80", "\xE1\xBE\x88"},
};

enum { TEXT_BYTES_MAX = 4096 };

struct text {
    char bytes[TEXT_BYTES_MAX];
    size_t n;
};

static void text_add(struct text *text, const char *symbol)
{
    const size_t n = strlen(symbol);
    memcpy(text->bytes + text->n, symbol, n);
    text->n += n;
}

/* Two texts of the same symbols, each spelled at random. */
static void spell_twice(struct text *a, struct text *b, uint32_t symbols_max)
{
    a->n = b->n = 0;
    for (uint32_t left = random_below(symbols_max + 1); left > 0; left--) {
        const uint32_t symbol = random_below((uint32_t)COUNT_OF(symbols));
        text_add(a, symbols[symbol][random_below(2)]);
        text_add(b, symbols[symbol][random_below(2)]);
    }
}

static struct view text_view(const struct text *text)
{
    return (struct view){text->bytes, text->n};
}

static void spellings_of_one_name_agree(void **state)
{
    (void)state;
    static struct text a, b;
    static char fold_a[3 * TEXT_BYTES_MAX], fold_b[3 * TEXT_BYTES_MAX], again[9 * TEXT_BYTES_MAX];
    for (int round = 0; round < 20000; round++) {
        spell_twice(&a, &b, round % 20 == 0 ? 400 : 12);
        const size_t n = win_fold(text_view(&a), fold_a);
        assert_true(n <= 3 * a.n);
        assert_int_equal(win_fold(text_view(&b), fold_b), n);
        assert_memory_equal(fold_a, fold_b, n);
        assert_int_equal(win_fold((struct view){fold_a, n}, again), n);
        assert_memory_equal(again, fold_a, n);
        assert_int_equal(win_fold_compare(text_view(&a), text_view(&b)), 0);
        assert_true(win_fold_hash(text_view(&a)) == win_fold_hash(text_view(&b)));
        if (n <= 504) {
            assert_true(win_fold_hash(text_view(&a)) == hash_bytes(fold_a, n));
        }
    }
}

static void order_is_total(void **state)
{
    (void)state;
    static struct text text[3], unused;
    static char fold[2][3 * TEXT_BYTES_MAX];
    for (int round = 0; round < 50000; round++) {
        for (int i = 0; i < 3; i++) {
            spell_twice(&text[i], &unused, 4);
        }
        const struct view a = text_view(&text[0]), b = text_view(&text[1]), c = text_view(&text[2]);
        const int ab = win_fold_compare(a, b), bc = win_fold_compare(b, c);
        assert_int_equal(win_fold_compare(b, a), -ab);
        if (ab <= 0 && bc <= 0) {
            assert_true(win_fold_compare(a, c) <= 0);
        }
        const struct view fold_a = {fold[0], win_fold(a, fold[0])};
        const struct view fold_b = {fold[1], win_fold(b, fold[1])};
        assert_int_equal(view_equal(fold_a, fold_b), ab == 0);
    }
}

/* A long path's hash depends on each of its parts. */
static void long_hashes_see_everything(void **state)
{
    (void)state;
    static char path[5000];
    memset(path, 'a', sizeof path);
    const uint64_t plain = win_fold_hash((struct view){path, sizeof path});
    for (size_t at = 0; at < sizeof path; at += 97) {
        path[at] = 'b';
        assert_true(win_fold_hash((struct view){path, sizeof path}) != plain);
        path[at] = 'A';
        assert_true(win_fold_hash((struct view){path, sizeof path}) == plain);
    }
    assert_true(win_fold_hash((struct view){path, sizeof path - 1}) != plain);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table_is_the_one_that_was_proved), cmocka_unit_test(named_pairs),
        cmocka_unit_test(order_is_that_of_units),           cmocka_unit_test(units_of_a_name),
        cmocka_unit_test(spellings_of_one_name_agree),      cmocka_unit_test(order_is_total),
        cmocka_unit_test(long_hashes_see_everything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
