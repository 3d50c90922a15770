/* test_winspec.c - file specifications against names, as a Win32 directory search matches.
 *
 * Goal: rules 5.4 to the letter, and a cost that no pattern can blow up. Method: the rules'
 * consequences by name, then 400,000 seeded random pairs against a matcher that is as naive as
 * the rule's text: it tries everything, over a translation of its own. */
#include "vsr_test.h"

#include "base/limits.h"
#include "vss/winpath.h"

#define GRIN "\xF0\x9F\x98\x80"

struct vector {
    const char *spec, *name;
    bool match;
};

/* clang-format off */
static const struct vector vectors[] = {
    /* all: rules 5.4, T20 */
    {"", "README", true}, {"*", "README", true}, {"*.*", "README", true}, {"*.*", "a.b.c", true},
    {"*.*", "", true}, {"**", "README", true}, {"*", ".", true},
    /* consequences named in rules 5.4 */
    {"a?.txt", "a.txt", true}, {"a?.txt", "ab.txt", true}, {"a?.txt", "abc.txt", false},
    {"temp*.*", "temp", true}, {"temp*.*", "temp1", true}, {"temp*.*", "temp.x", true},
    {"temp*.*", "tem", false},
    {"File1.*", "File1", true}, {"File1.*", "file1.txt", true}, {"File1.*", "File12", false},
    {"File1.*", "File1.a.b", true},
    /* rules 5.6 */
    {"File1.*", "File2.txt", false}, {"File1.*", "File1.txt", true},
    /* T21 */
    {"file?.txt", "file.txt", true}, {"file?.txt", "file1.txt", true},
    {"file?.txt", "file12.txt", false},
    {"*.", "README", true}, {"*.", "a.b", false}, {"*.", "a.b.c", false}, {"*.", ".x", false},
    {"*.", "", true}, {"r*.", "readme", true}, {"r*.", "readme.txt", false}, {"r*.", "x", false},
    {"a.b*.", "a.bcd", true}, {"a.b*.", "a.b.c", false}, {"?*.", "ab", true},
    {"**.", "a.b", true}, /* the first star takes the dot */
    {"*?*.", "ab", true}, {"*b*.", "a.bc", true}, {"*b*.", "ab.b", true}, {"*b*.", "ab.c", false},
    /* T22 */
    {"*.htm", "x.html", false}, {"*.htm", "x.htm", true}, {"*.HTM", "x.htm", true},
    /* '?' takes one unit, no dot, and nothing only before a dot or at the end */
    {"?", "a", true}, {"?", "", true}, {"?", ".", false}, {"?", "ab", false}, {"??", "a", true},
    {"???", "ab", true}, {"a?b", "ab", false}, {"a?b", "acb", true}, {"a?b", "a.b", false},
    {"?a", "a", false}, {"?.?", "a", true}, {"?.?", ".", true}, {"?.?", "a.b", true},
    {"?.?", "a.bc", false}, {"a??.b", "a.b", true}, {"a?.?b", "a.b", false},
    /* a '.' before a wildcard may stand for the end */
    {"a.?", "a", true}, {"a.?", "a.", true}, {"a.?", "a.b", true}, {"a.?", "ab", false},
    {"*.?*", "a", true}, {".*", "", true}, {".*", "a", false}, {".*", ".a", true},
    {"*.txt*", "a", false}, {"a.*.*", "a", true}, {"a.*b", "a.b", true}, {"a.*b", "ab", false},
    /* other dots are literal */
    {"a.", "a", false}, {"a.", "a.", true}, {"?.", "a", false}, {"..", "..", true},
    /* stars */
    {"*a", "a", true}, {"*a", "ba", true}, {"*a", "ab", false}, {"a*", "A", true},
    {"*.log", "x.log", true}, {"*.log", "x.log.1", false}, {"*a*b*", "xaxb", true},
    {"*ab", "aab", true}, {"*aab", "aaab", true}, {"a*a", "a", false}, {"a*a", "aa", true},
    /* literals, the characters that other searches make wildcards, and case */
    {"Data.mdf", "DATA.MDF", true}, {"data.mdf", "data.mdf2", false}, {"a<b", "axb", false},
    {"a<b", "A<B", true}, {"a>b", "axb", false}, {"a\"b", "a.b", false}, {"[ab]", "a", false},
    {"\xC3\xA4*", "\xC3\x84x", true}, {"*\xC3\x84", "x\xC3\xA4", true},
    {"*\xC3\x9F", "xSS", false},
    /* units: an astral letter is two; a lone surrogate and a stray byte are one each */
    {"?", GRIN, false}, {"??", GRIN, true}, {"*" GRIN, "x" GRIN, true},
    {"*\xED\xA0\xBD\xED\xB8\x80", GRIN, true}, {"*\xED\xB8\x80", GRIN, true},
    {"a?", "a\xED\xA0\x80", true}, {"?a", "\xFF" "a", true}, {"*\xFF", "a\xFF", true},
    {"*\xFF", "a\xFE", false}, {"*\x80", "\xED\xB2\x80", false},
};
/* clang-format on */

static bool match(struct arena *arena, struct view text, struct view name)
{
    struct win_spec spec;
    assert_true(win_spec_compile(arena, text, &spec));
    return win_spec_match(&spec, name);
}

static void named_vectors(void **state)
{
    (void)state;
    struct arena arena = {0};
    for (size_t i = 0; i < COUNT_OF(vectors); i++) {
        const struct vector *v = &vectors[i];
        if (match(&arena, view_of(v->spec), view_of(v->name)) != v->match) {
            fail_msg("\"%s\" on \"%s\": want %d", v->spec, v->name, (int)v->match);
        }
    }
    assert_true(match(&arena, VIEW_NONE, VIEW("x")));
    arena_free(&arena);
}

static void kinds_of_specifications(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct win_spec spec;
    assert_true(win_spec_compile(&arena, VIEW("*.*"), &spec));
    assert_true(spec.all && !spec.literal);
    assert_true(win_spec_compile(&arena, VIEW("Data.mdf"), &spec));
    assert_true(!spec.all && spec.literal);
    assert_view_equal(spec.folded, "DATA.MDF");
    assert_view_equal(spec.text, "Data.mdf");
    assert_true(win_spec_compile(&arena, VIEW("*.mdf"), &spec));
    assert_true(!spec.all && !spec.literal);
    arena_free(&arena);
}

static void what_is_no_specification(void **state)
{
    (void)state;
    static const struct view bad[] = {
        {"a\\b", 3}, {"a/b", 3}, {"a:b", 3}, {"a\0b", 3}, {"\\", 1}, {"*.*\\", 4}, {":", 1},
    };
    struct arena arena = {0};
    struct win_spec spec;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        assert_false(win_spec_compile(&arena, bad[i], &spec)); /* T73 */
    }
    char longest[WIN_NAME_UNITS_MAX + 1];
    memset(longest, 'a', sizeof longest);
    assert_true(win_spec_compile(&arena, (struct view){longest, WIN_NAME_UNITS_MAX}, &spec));
    assert_true(win_spec_match(&spec, (struct view){longest, WIN_NAME_UNITS_MAX}));
    assert_false(win_spec_match(&spec, (struct view){longest, WIN_NAME_UNITS_MAX + 1}));
    assert_false(win_spec_compile(&arena, (struct view){longest, sizeof longest}, &spec));
    /* 255 units of three bytes each are one name; of four bytes, only half are */
    char wide[3 * WIN_NAME_UNITS_MAX];
    for (size_t i = 0; i < sizeof wide; i += 3) {
        memcpy(wide + i, "\xE4\xB8\xAD", 3);
    }
    assert_true(match(&arena, VIEW("*\xE4\xB8\xAD"), (struct view){wide, sizeof wide}));
    char astral[4 * 128];
    for (size_t i = 0; i < sizeof astral; i += 4) {
        memcpy(astral + i, GRIN, 4);
    }
    assert_false(match(&arena, VIEW("*?"), (struct view){astral, sizeof astral}));
    assert_true(match(&arena, VIEW("*?"), (struct view){astral, sizeof astral - 4}));
    arena_free(&arena);
}

/* Trying every way to share out the stars would not end within any test's time limit. */
static void hostile_patterns_end(void **state)
{
    (void)state;
    struct arena arena = {0};
    char name[WIN_NAME_UNITS_MAX], pattern[WIN_NAME_UNITS_MAX];
    memset(name, 'a', sizeof name);
    static const char *const pieces[] = {"*a",  "*?",  "*.",
                                         "*a?", "?*a", "*aaaaaaaaaaaaaaaaaaaaaaaa"};
    static const char *const ends[] = {"b", "b*", "b?", "*b*."}; /* no name here holds a b */
    for (size_t i = 0; i < COUNT_OF(pieces) * COUNT_OF(ends); i++) {
        const char *piece = pieces[i / COUNT_OF(ends)], *end = ends[i % COUNT_OF(ends)];
        size_t n = 0;
        while (n + strlen(piece) + strlen(end) <= sizeof pattern) {
            memcpy(pattern + n, piece, strlen(piece));
            n += strlen(piece);
        }
        memcpy(pattern + n, end, strlen(end));
        n += strlen(end);
        struct win_spec spec;
        assert_true(win_spec_compile(&arena, (struct view){pattern, n}, &spec));
        for (int round = 0; round < 100; round++) {
            assert_false(win_spec_match(&spec, (struct view){name, sizeof name}));
        }
    }
    assert_false(match(&arena, VIEW("*a*a*a*a*a*b*"), (struct view){name, sizeof name}));
    assert_false(match(&arena, VIEW("*a*a*a*a*a*b"), (struct view){name, sizeof name}));
    assert_true(match(&arena, VIEW("*a*a*a*a*a*"), (struct view){name, sizeof name}));
    arena_free(&arena);
}

/* --- against a naive matcher ---------------------------------------------------------------- */

/* A letter of the alphabet: its bytes, and the folded units that the naive matcher sees. */
struct letter {
    const char *bytes;
    uint32_t units[2];
};

static const struct letter letters[] = {
    {"a", {'A'}},
    {"A", {'A'}},
    {"b", {'B'}},
    {".", {'.'}},
    {".", {'.'}},
    {"?", {'?'}},
    {"*", {'*'}},
    {"*", {'*'}},
    {"?", {'?'}},
    {"a", {'A'}},
    {"\xC3\xA4", {0xC4}},
    {"\xC3\x84", {0xC4}},
    {GRIN, {0xD83D, 0xDE00}},
    {"\xFF", {0x99999}},
};
enum { TEXT_LETTERS = 9 };

struct text {
    char bytes[4 * TEXT_LETTERS];
    size_t n;
    uint32_t units[2 * TEXT_LETTERS];
    size_t count;
};

static uint64_t random_state = 5040504;

static uint32_t random_below(uint32_t bound)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (uint32_t)(random_state >> 33) % bound;
}

static void text_make(struct text *text, bool wild, uint32_t alphabet)
{
    *text = (struct text){.n = 0};
    for (uint32_t left = random_below(TEXT_LETTERS + 1); left > 0; left--) {
        const struct letter *letter = &letters[random_below(alphabet)];
        if (!wild && (letter->units[0] == '*' || letter->units[0] == '?')) {
            letter = &letters[2];
        }
        memcpy(text->bytes + text->n, letter->bytes, strlen(letter->bytes));
        text->n += strlen(letter->bytes);
        for (size_t i = 0; i < 2 && letter->units[i] != 0; i++) {
            text->units[text->count++] = letter->units[i];
        }
    }
}

enum { STAR = 0x1000001, STAR_TO_LAST_DOT, QM, DOT, END };

static void naive_translate(const struct text *spec, uint32_t *out)
{
    const uint32_t *u = spec->units;
    const size_t n = spec->count;
    for (size_t i = 0; i < n; i++) {
        uint32_t mark = u[i];
        if (u[i] == '?') {
            mark = QM;
        } else if (u[i] == '.' && i + 1 < n && (u[i + 1] == '*' || u[i + 1] == '?')) {
            mark = DOT;
        } else if (u[i] == '*' && i + 2 == n && u[i + 1] == '.') {
            *out++ = STAR_TO_LAST_DOT;
            break;
        } else if (u[i] == '*') {
            mark = STAR;
        }
        *out++ = mark;
    }
    *out = END;
}

static bool is_last_dot(const struct text *name, size_t at)
{
    bool last = name->units[at] == '.';
    for (size_t i = at + 1; i < name->count; i++) {
        last = last && name->units[i] != '.';
    }
    return last;
}

static bool naive_match(const uint32_t *mark, const struct text *name, size_t at)
{
    const bool ended = at == name->count;
    switch (*mark) {
    case END:
        return ended;
    case STAR:
        return naive_match(mark + 1, name, at) || (!ended && naive_match(mark, name, at + 1));
    case STAR_TO_LAST_DOT:
        return naive_match(mark + 1, name, at) ||
               (!ended && !is_last_dot(name, at) && naive_match(mark, name, at + 1));
    case QM:
        return naive_match(mark + 1, name, ended || name->units[at] == '.' ? at : at + 1);
    case DOT:
        return ended ? naive_match(mark + 1, name, at)
                     : name->units[at] == '.' && naive_match(mark + 1, name, at + 1);
    default:
        return !ended && name->units[at] == *mark && naive_match(mark + 1, name, at + 1);
    }
}

static void random_pairs_match_as_the_naive_way(void **state)
{
    (void)state;
    struct arena arena = {0};
    const struct arena_mark mark = arena_mark(&arena);
    int matches = 0;
    for (int round = 0; round < 400000; round++) {
        struct text spec, name;
        const uint32_t alphabet = round % 4 == 0 ? (uint32_t)COUNT_OF(letters) : 10;
        text_make(&spec, true, alphabet);
        text_make(&name, false, alphabet);
        uint32_t marks[2 * TEXT_LETTERS + 1];
        naive_translate(&spec, marks);
        const struct view text = {spec.bytes, spec.n};
        const bool all =
            spec.n == 0 || view_equal(text, VIEW("*")) || view_equal(text, VIEW("*.*"));
        const bool want = all || naive_match(marks, &name, 0);
        if (match(&arena, text, (struct view){name.bytes, name.n}) != want) {
            fail_msg("\"%.*s\" on \"%.*s\": want %d", (int)spec.n, spec.bytes, (int)name.n,
                     name.bytes, (int)want);
        }
        matches += want;
        arena_rewind(&arena, mark);
    }
    assert_true(matches > 40000 && matches < 360000); /* both answers were asked for */
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(named_vectors),
        cmocka_unit_test(kinds_of_specifications),
        cmocka_unit_test(what_is_no_specification),
        cmocka_unit_test(hostile_patterns_end),
        cmocka_unit_test(random_pairs_match_as_the_naive_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
