/* test_winpath.c - environment, canonical form and lawful names.
 *
 * Goal: one directory has one canonical form, and nothing that is no directory has any. Method:
 * tables by rule number (5.3, T23-T25), and a property over all that parses: text and back. */
#include "vsr_test.h"

#include "base/limits.h"
#include "vss/winpath.h"

#define GUID      "0123abcd-ef01-2345-6789-abcdef012345"
#define GUID_CAPS "0123ABCD-EF01-2345-6789-ABCDEF012345"
#define VOLUME    "\\\\?\\Volume{" GUID "}"

/* --- environment ---------------------------------------------------------------------------- */

static struct view variables[][2] = {
    {{"SystemRoot", 10}, {"C:\\Windows", 10}}, {{"ProgramFiles(x86)", 17}, {"C:\\PF", 5}},
    {{"Nested", 6}, {"%SystemRoot%", 12}},     {{"Empty", 5}, {"", 0}},
    {{"\xC3\x84rger", 6}, {"D:", 2}},
};
static const struct win_env env = {variables, (uint32_t)COUNT_OF(variables)};

struct expansion {
    const char *text, *out, *unknown;
};

static const struct expansion expansions[] = {
    {"C:\\plain", "C:\\plain", NULL},
    {"%SystemRoot%\\x", "C:\\Windows\\x", NULL},
    {"%SYSTEMROOT%", "C:\\Windows", NULL},
    {"a%systemroot%b%SystemRoot%c", "aC:\\WindowsbC:\\Windowsc", NULL},
    {"%ProgramFiles(x86)%\\y", "C:\\PF\\y", NULL},
    {"%Nested%\\x", "%SystemRoot%\\x", NULL}, /* not expanded again */
    {"%Empty%x", "x", NULL},
    {"%\xC3\xA4RGER%\\x", "D:\\x", NULL},
    {"100%", "100%", NULL},
    {"%", "%", NULL},
    {"%%", "%%", NULL},
    {"%%SystemRoot%", "%C:\\Windows", NULL},
    {"C:\\50%\\60%", "C:\\50%\\60%", NULL}, /* partners in two elements */
    {"C:\\50%/60%", "C:\\50%/60%", NULL},
    {"C:\\50%\\%SystemRoot%", "C:\\50%\\C:\\Windows", NULL},
    {"%Nowhere%\\x", NULL, "Nowhere"}, /* T25 */
    {"%SystemRoot%\\%b c%\\%d%", NULL, "b c"},
    {"%SystemRoot %", NULL, "SystemRoot "},
};

static void variables_expand(void **state)
{
    (void)state;
    struct arena arena = {0};
    for (size_t i = 0; i < COUNT_OF(expansions); i++) {
        const struct expansion *e = &expansions[i];
        struct view out, unknown;
        if (win_env_expand(&arena, &env, view_of(e->text), &out, &unknown) != (e->out != NULL)) {
            fail_msg("expanding \"%s\"", e->text);
        }
        if (e->out != NULL) {
            assert_view_equal(out, e->out);
        } else {
            assert_view_equal(unknown, e->unknown);
        }
    }
    struct view out, unknown;
    assert_true(win_env_expand(&arena, &(struct win_env){0}, VIEW_NONE, &out, &unknown));
    assert_false(view_present(out));
    assert_false(win_env_expand(&arena, &(struct win_env){0}, VIEW("%A%"), &out, &unknown));
    arena_free(&arena);
}

/* However often a value is named: memory for a path, and a bit, is all that it takes. */
static void many_values_are_no_path(void **state)
{
    (void)state;
    enum { VALUE_BYTES = 1000, NAMES = 1000000 };
    struct arena arena = {0};
    struct win_path path;
    struct view out, unknown;
    char *value = calloc(1, VALUE_BYTES), *text = calloc(NAMES, 3);
    memset(value, 'v', VALUE_BYTES);
    for (size_t i = 0; i < NAMES; i++) {
        memcpy(text + 3 * i, "%V%", 3);
    }
    struct view names[1][2] = {{VIEW("V"), {value, VALUE_BYTES}}};
    const struct win_env one = {names, 1};
    assert_true(
        win_env_expand(&arena, &one, (struct view){text, 3 * (size_t)NAMES}, &out, &unknown));
    assert_true(out.n > WIN_PATH_BYTES_MAX && out.n <= WIN_PATH_BYTES_MAX + VALUE_BYTES);
    assert_int_equal(win_path_parse(&arena, out, &path), WIN_PATH_TOO_LONG);
    free(value);
    free(text);
    arena_free(&arena);
}

/* --- canonical form ------------------------------------------------------------------------- */

struct form {
    const char *text;
    enum win_volume_kind kind;
    const char *volume, *rest, *whole;
};

static const struct form forms[] = {
    {"C:\\", VOLUME_LETTER, "C:", "", "C:\\"}, /* T24: the root keeps its backslash */
    {"c:", VOLUME_LETTER, "C:", "", "C:\\"},
    {"c:\\DATA\\sub", VOLUME_LETTER, "C:", "DATA\\sub", "C:\\DATA\\sub"},
    {"C:\\Data\\", VOLUME_LETTER, "C:", "Data", "C:\\Data"},
    {"C:\\\\Data\\\\\\x\\\\", VOLUME_LETTER, "C:", "Data\\x", "C:\\Data\\x"},
    {"C:/Data/x/", VOLUME_LETTER, "C:", "Data\\x", "C:\\Data\\x"},
    {"\\\\?\\C:\\Data", VOLUME_LETTER, "C:", "Data", "C:\\Data"},
    {"\\??\\z:\\Data", VOLUME_LETTER, "Z:", "Data", "Z:\\Data"},
    {"\\\\?\\C:", VOLUME_LETTER, "C:", "", "C:\\"},
    {"//?/C:/Data", VOLUME_LETTER, "C:", "Data", "C:\\Data"},
    {"\\\\?\\\\C:\\\\Data", VOLUME_LETTER, "C:", "Data", "C:\\Data"},
    {"C:\\...\\.x\\x.", VOLUME_LETTER, "C:", "...\\.x\\x.", "C:\\...\\.x\\x."},
    {"C:\\\xFF\\\xED\xA0\xBD", VOLUME_LETTER, "C:", "\xFF\\\xED\xA0\xBD", "C:\\\xFF\\\xED\xA0\xBD"},
    {"\\\\srv\\share", VOLUME_UNC, "\\\\srv\\share", "", "\\\\srv\\share\\"},
    {"\\\\srv\\share\\", VOLUME_UNC, "\\\\srv\\share", "", "\\\\srv\\share\\"},
    {"\\\\Srv\\Share$\\d\\e\\", VOLUME_UNC, "\\\\Srv\\Share$", "d\\e", "\\\\Srv\\Share$\\d\\e"},
    {"//srv/share/d", VOLUME_UNC, "\\\\srv\\share", "d", "\\\\srv\\share\\d"},
    {"\\\\\\srv\\\\share\\\\d", VOLUME_UNC, "\\\\srv\\share", "d", "\\\\srv\\share\\d"},
    {"\\\\?\\UNC\\srv\\share\\d", VOLUME_UNC, "\\\\srv\\share", "d", "\\\\srv\\share\\d"},
    {"\\\\?\\unc\\srv\\share", VOLUME_UNC, "\\\\srv\\share", "", "\\\\srv\\share\\"},
    {"\\??\\UNC\\srv\\share\\d", VOLUME_UNC, "\\\\srv\\share", "d", "\\\\srv\\share\\d"},
    {"\\\\?\\UNC\\UNC\\C$", VOLUME_UNC, "\\\\UNC\\C$", "", "\\\\UNC\\C$\\"},
    {VOLUME "\\", VOLUME_GUID, VOLUME, "", VOLUME "\\"},
    {VOLUME, VOLUME_GUID, VOLUME, "", VOLUME "\\"},
    {"\\\\?\\volume{" GUID_CAPS "}\\Data\\", VOLUME_GUID, VOLUME, "Data", VOLUME "\\Data"},
    {"\\??\\Volume{" GUID "}\\x", VOLUME_GUID, VOLUME, "x", VOLUME "\\x"},
};

static void canonical_forms(void **state)
{
    (void)state;
    struct arena arena = {0};
    for (size_t i = 0; i < COUNT_OF(forms); i++) {
        struct win_path path;
        const enum win_path_fault fault = win_path_parse(&arena, view_of(forms[i].text), &path);
        if (fault != WIN_PATH_OK || path.kind != forms[i].kind) {
            fail_msg("\"%s\": %s, kind %d", forms[i].text, win_path_fault_text(fault),
                     (int)path.kind);
        }
        assert_view_equal(path.volume, forms[i].volume);
        assert_view_equal(path.rest, forms[i].rest);
        const struct view whole = win_path_text(&arena, &path);
        assert_view_equal(whole, forms[i].whole);

        struct win_path again;
        assert_int_equal(win_path_parse(&arena, whole, &again), WIN_PATH_OK);
        assert_int_equal(again.kind, path.kind);
        assert_true(view_equal(again.volume, path.volume));
        assert_true(view_equal(again.rest, path.rest));
    }
    arena_free(&arena);
}

struct reject {
    struct view text;
    enum win_path_fault fault;
};

#define TEXT(literal)                                                                              \
    {                                                                                              \
        literal, sizeof(literal) - 1                                                               \
    }

static const struct reject rejects[] = {
    {TEXT(""), WIN_PATH_EMPTY},
    {{NULL, 0}, WIN_PATH_EMPTY},
    {TEXT("foo"), WIN_PATH_RELATIVE},
    {TEXT("foo\\bar"), WIN_PATH_RELATIVE},
    {TEXT("C:foo"), WIN_PATH_RELATIVE},
    {TEXT("\\foo"), WIN_PATH_RELATIVE},
    {TEXT("/foo"), WIN_PATH_RELATIVE},
    {TEXT("\\"), WIN_PATH_RELATIVE},
    {TEXT("\\\\"), WIN_PATH_RELATIVE},
    {TEXT("\\\\srv"), WIN_PATH_RELATIVE},
    {TEXT("\\\\srv\\"), WIN_PATH_RELATIVE},
    {TEXT("\\\\?\\UNC\\srv"), WIN_PATH_RELATIVE},
    {TEXT("\\\\?\\"), WIN_PATH_RELATIVE},
    {TEXT("\\??\\"), WIN_PATH_RELATIVE},
    {TEXT("\\\\?\\foo"), WIN_PATH_RELATIVE},
    {TEXT("\\\\?\\GLOBALROOT\\Device\\x"), WIN_PATH_RELATIVE},
    {TEXT("\\\\?\\Volume{1}\\x"), WIN_PATH_RELATIVE},
    {TEXT("\\\\?\\Volume{" GUID "\\"), WIN_PATH_RELATIVE},
    {TEXT(VOLUME "x\\"), WIN_PATH_RELATIVE},
    {TEXT("Volume{" GUID "}\\x"), WIN_PATH_RELATIVE},
    {TEXT("1:\\x"), WIN_PATH_RELATIVE},
    {TEXT("\xC3\x84:\\x"), WIN_PATH_RELATIVE},
    {TEXT("C:\\a\\..\\b"), WIN_PATH_DOTS},
    {TEXT("C:\\."), WIN_PATH_DOTS},
    {TEXT("C:/.."), WIN_PATH_DOTS},
    {TEXT("\\\\srv\\..\\x"), WIN_PATH_DOTS},
    {TEXT("\\\\.\\C:\\x"), WIN_PATH_DOTS},
    {TEXT(VOLUME "\\.."), WIN_PATH_DOTS},
    {TEXT("C:\\a*"), WIN_PATH_WILDCARD}, /* T73 */
    {TEXT("C:\\a\\?\\b"), WIN_PATH_WILDCARD},
    {TEXT("\\\\s?v\\share"), WIN_PATH_WILDCARD},
    {TEXT("C:\\a:b"), WIN_PATH_BAD_NAME},
    {TEXT("C:\\a\0b"), WIN_PATH_BAD_NAME},
    {TEXT("C:\\C:\\a"), WIN_PATH_BAD_NAME},
};

static void what_is_no_path(void **state)
{
    (void)state;
    struct arena arena = {0};
    for (size_t i = 0; i < COUNT_OF(rejects); i++) {
        struct win_path path;
        const enum win_path_fault fault = win_path_parse(&arena, rejects[i].text, &path);
        if (fault != rejects[i].fault) {
            fail_msg("\"%.*s\": got \"%s\"", VIEW_ARG(rejects[i].text), win_path_fault_text(fault));
        }
    }
    arena_free(&arena);
}

static void lengths_are_bounded(void **state)
{
    (void)state;
    static char text[WIN_PATH_BYTES_MAX + 16];
    struct arena arena = {0};
    struct win_path path;
    memcpy(text, "C:\\", 3);
    memset(text + 3, 'a', sizeof text - 3);
    assert_int_equal(win_path_parse(&arena, (struct view){text, 3 + 255}, &path), WIN_PATH_OK);
    assert_int_equal(win_path_parse(&arena, (struct view){text, 3 + 256}, &path),
                     WIN_PATH_TOO_LONG);
    for (size_t i = 3 + 100; i < sizeof text; i += 100) {
        text[i] = '\\';
    }
    assert_int_equal(win_path_parse(&arena, (struct view){text, WIN_PATH_UNITS_MAX}, &path),
                     WIN_PATH_OK);
    assert_int_equal(win_path_parse(&arena, (struct view){text, WIN_PATH_UNITS_MAX + 1}, &path),
                     WIN_PATH_TOO_LONG);
    assert_int_equal(win_path_parse(&arena, (struct view){text, sizeof text}, &path),
                     WIN_PATH_TOO_LONG);
    memset(text + 3, 'a', sizeof text - 3);
    for (size_t i = 4; i < sizeof text; i += 2) {
        text[i] = '\\';
    }
    assert_int_equal(win_path_parse(&arena, (struct view){text, 3 + 2 * 4096}, &path), WIN_PATH_OK);
    assert_int_equal(win_path_parse(&arena, (struct view){text, 3 + 2 * 4097}, &path),
                     WIN_PATH_TOO_LONG);
    arena_free(&arena);
}

static void elements_are_cut_one_by_one(void **state)
{
    (void)state;
    struct view rest = VIEW("Windows\\System32\\a b");
    assert_view_equal(win_path_element(&rest), "Windows");
    assert_view_equal(rest, "System32\\a b");
    assert_view_equal(win_path_element(&rest), "System32");
    assert_view_equal(win_path_element(&rest), "a b");
    assert_false(view_present(win_path_element(&rest)));
    assert_false(view_present(win_path_element(&rest)));
}

/* T23 with what a caller does: same volume, then element by element, folded. */
static bool is_below(struct arena *arena, const char *directory, const char *file)
{
    struct win_path a, b;
    assert_int_equal(win_path_parse(arena, view_of(directory), &a), WIN_PATH_OK);
    assert_int_equal(win_path_parse(arena, view_of(file), &b), WIN_PATH_OK);
    if (!win_fold_equal(a.volume, b.volume)) {
        return false;
    }
    struct view element;
    while (view_present(element = win_path_element(&a.rest))) {
        if (!win_fold_equal(element, win_path_element(&b.rest))) {
            return false;
        }
    }
    return true;
}

static void directories_hold_files_by_elements(void **state)
{
    (void)state;
    struct arena arena = {0};
    assert_true(is_below(&arena, "C:\\Data", "c:\\DATA\\sub\\f"));
    assert_false(is_below(&arena, "C:\\Data", "C:\\Data2\\f"));
    assert_true(is_below(&arena, "C:\\Data\\", "\\\\?\\c:\\data\\f"));
    assert_true(is_below(&arena, "C:\\", "c:\\x"));
    arena_free(&arena);
}

/* --- property: text and back ---------------------------------------------------------------- */

static uint64_t random_state = 530053;

static uint32_t random_below(uint32_t bound)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (uint32_t)(random_state >> 33) % bound;
}

static void what_parses_is_written_and_parsed_alike(void **state)
{
    (void)state;
    static const char *const pieces[] = {
        "\\",    "\\",      "/",        "C:",    "d:\\",
        "\\\\",  "\\\\?\\", "\\??\\",   "UNC\\", "srv",
        "share", "a",       "\xC3\xA4", ".",     "..",
        "*",     "?",       ":",        "\xFF",  "Volume{" GUID_CAPS "}",
        "x y",   "unc",
    };
    struct arena arena = {0};
    const struct arena_mark mark = arena_mark(&arena);
    uint32_t parsed = 0;
    for (int round = 0; round < 200000; round++) {
        char text[512];
        size_t n = 0;
        for (uint32_t left = 1 + random_below(7); left > 0; left--) {
            const char *piece = pieces[random_below((uint32_t)COUNT_OF(pieces))];
            memcpy(text + n, piece, strlen(piece));
            n += strlen(piece);
        }
        struct win_path path, again;
        if (win_path_parse(&arena, (struct view){text, n}, &path) == WIN_PATH_OK) {
            parsed++;
            const struct view whole = win_path_text(&arena, &path);
            assert_int_equal(win_path_parse(&arena, whole, &again), WIN_PATH_OK);
            assert_true(again.kind == path.kind && view_equal(again.volume, path.volume) &&
                        view_equal(again.rest, path.rest));
            assert_true(view_equal(win_path_text(&arena, &again), whole));
        }
        arena_rewind(&arena, mark);
    }
    assert_true(parsed > 5000);
    arena_free(&arena);
}

/* --- names ---------------------------------------------------------------------------------- */

static void names_that_windows_holds(void **state)
{
    (void)state;
    static const char *const good[] = {
        "a",
        "...x",
        ".profile",
        "a b",
        " a",
        "a.b.c",
        "COM",
        "COM0",
        "LPT0",
        "COM10",
        "COMA",
        "CON1",
        "CONS",
        "NULL",
        "xCON",
        "a.CON",
        "AUXILIARY.txt",
        "LPT\xC2\xB4",
        "CONIN",
        "CLOCK$",
        "\x7F",
        "\xED\xA0\xBD",
        "\xC3\xA4",
        "COM\xE2\x81\xB4",
        "CON$",
        "COM1x.txt",
        "_NUL",
    };
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        if (win_name_fault(view_of(good[i])) != NULL) {
            fail_msg("\"%s\": %s", good[i], win_name_fault(view_of(good[i])));
        }
    }
}

static void names_that_windows_cannot_hold(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        ".",
        "..",
        "...",
        "a.",
        "a ",
        " ",
        "a\\b",
        "a/b",
        "a:b",
        "a*",
        "?",
        "\"",
        "<",
        ">",
        "|",
        "a\x01",
        "a\n",
        "\x1F",
        "CON",
        "con",
        "Prn",
        "AUX",
        "NUL",
        "nul.txt",
        "NUL.tar.gz",
        "NUL .txt",
        "COM1",
        "com9.log",
        "LPT1",
        "lpt9",
        "COM\xC2\xB9",
        "com\xC2\xB2.x",
        "LPT\xC2\xB3",
        "CONIN$",
        "conout$",
        "CONOUT$.x",
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        if (win_name_fault(view_of(bad[i])) == NULL) {
            fail_msg("\"%s\" was let through", bad[i]);
        }
    }
    assert_non_null(win_name_fault((struct view){"a\0b", 3}));
    assert_non_null(win_name_fault(VIEW_NONE));
}

static void names_are_counted_in_units(void **state)
{
    (void)state;
    char name[3 * 256];
    for (size_t i = 0; i < sizeof name; i += 3) {
        memcpy(name + i, "\xE4\xB8\xAD", 3);
    }
    assert_null(win_name_fault((struct view){name, 3 * 255}));
    assert_non_null(win_name_fault((struct view){name, 3 * 256}));
    for (size_t i = 0; i < 4 * 128; i += 4) {
        memcpy(name + i, "\xF0\x9F\x98\x80", 4);
    }
    assert_null(win_name_fault((struct view){name, 4 * 127}));
    assert_non_null(win_name_fault((struct view){name, 4 * 128}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(variables_expand),
        cmocka_unit_test(many_values_are_no_path),
        cmocka_unit_test(canonical_forms),
        cmocka_unit_test(what_is_no_path),
        cmocka_unit_test(lengths_are_bounded),
        cmocka_unit_test(elements_are_cut_one_by_one),
        cmocka_unit_test(directories_hold_files_by_elements),
        cmocka_unit_test(what_parses_is_written_and_parsed_alike),
        cmocka_unit_test(names_that_windows_holds),
        cmocka_unit_test(names_that_windows_cannot_hold),
        cmocka_unit_test(names_are_counted_in_units),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
