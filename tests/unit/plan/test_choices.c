/* test_choices.c - what a selector means: the longest known writer, then the longest known
 * component, then the separator (contract, section 2 and ruling 11). */
#include "small_documents.h"

#include "base/limits.h"
#include "plan/choices.h"

#define ID1 WRITER_ID("1")
#define ID2 WRITER_ID("2")
#define ID3 WRITER_ID("3")

/* Writer 1 twice, as "One" and "Two"; 2, whose names hold every separator; 3 without its
 * document; 4 of which nothing was backed up. */
static struct documents documents;

static int set_up(void **state)
{
    (void)state;
    const char *const texts[] = {
        BCD(PART_AS("1", "1", "One", ENTRY("", "A") ENTRY("", "Shared"))
                PART_AS("1", "2", "Two", ENTRY("", "B") ENTRY("", "Shared"))
                    PART("2", ENTRY("", "a") ENTRY("", "a=b") ENTRY("a|b", "c:d"))
                        PART("3", ENTRY("lost\\path", "C") ENTRY("lost\\path", "CC")
                                      ENTRY("lost\\path", "Cc"))),
        WMD_AS("1", "1", "One", "SQL", "", "USER_DATA",
               GROUP("", "A", "no", "") GROUP("", "Shared", "no", "") GROUP("", "EXACT", "no", "")),
        WMD_AS("1", "2", "Two", "SQL", "", "USER_DATA",
               GROUP("", "B", "no", "") GROUP("", "Shared", "no", "") GROUP("", "Exact", "no", "")),
        WMD_AS("2", "2", "", "SQL:a", "", "USER_DATA",
               GROUP("", "a", "no", "") GROUP("", "a=b", "no", "") GROUP("a|b", "c:d", "no", "")),
        WMD_AS("4", "4", "", "Idle", "", "USER_DATA", GROUP("", "x", "no", "")),
        NULL,
    };
    small_documents_parse(&documents, texts);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    documents_free(&documents);
    return 0;
}

struct good {
    const char *text;
    char separator;
    uint32_t writer;
    const char *component; /* NULL: the whole writer */
    const char *rest;      /* NULL: absent */
};

/* clang-format off */
static const struct good good[] = {
    {ID1 "@One",                        '\0', 0, NULL, NULL},
    {"AAAAAAAA-0000-0000-0000-000000000001@two", '\0', 1, NULL, NULL},
    {"sql@TWO",                         '\0', 1, NULL, NULL},
    {ID1 "@" INSTANCE_ID("2"),          '\0', 1, NULL, NULL},
    {ID1 ":A",                          '\0', 0, "A", NULL},
    {"{" ID1 "}@{" INSTANCE_ID("1") "}:A", '\0', 0, "A", NULL},
    {"{" ID2 "}=x",                     '=',  2, NULL, "x"},
    {"SQL:B",                           '\0', 1, "B", NULL},
    {"SQL:b",                           '\0', 1, "B", NULL},
    {"SQL:Exact",                       '\0', 1, "Exact", NULL},
    {"SQL:EXACT",                       '\0', 0, "EXACT", NULL},
    {"SQL@One:Shared",                  '\0', 0, "Shared", NULL},
    {"SQL:a",                           '\0', 2, NULL, NULL}, /* the longer writer */
    {"sql:A:a",                         '\0', 2, "a", NULL},
    {ID2 ":a=b",                        '=',  2, "a=b", NULL},
    {ID2 ":a=b=original",               '=',  2, "a=b", "original"},
    {ID2 ":a=original",                 '=',  2, "a", "original"},
    {ID2 ":a=",                         '=',  2, "a", ""},
    {ID2 ":a|b\\c:d|C:\\x|*|no|D:\\y",  '|',  2, "c:d", "C:\\x|*|no|D:\\y"},
    {ID2 ":a|C:\\x|*|no|D:\\y",         '|',  2, "a", "C:\\x|*|no|D:\\y"},
    {ID2 ":\\a|b\\c:d",                 '\0', 2, "c:d", NULL},
    {ID2 "=x",                          '=',  2, NULL, "x"},
};
/* clang-format on */

static struct view component_name(const struct component_ref *ref)
{
    return ref->component == MARK_NONE
               ? VIEW_NONE
               : documents.wmds[documents.writer_wmd[ref->writer]].components[ref->component].name;
}

static void selectors_resolve_longest_first(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        const struct good *g = &good[i];
        struct component_ref ref;
        struct view rest = VIEW("untouched");
        vsr_error error = {0};
        const vsr_code code = choice_resolve(&documents, view_of(g->text), g->separator, &ref,
                                             g->separator != '\0' ? &rest : NULL, &error);
        if (code != VSR_OK) {
            fail_msg("%s: %s", g->text, error.what);
        }
        const struct view name = component_name(&ref);
        const bool right =
            ref.writer == g->writer && view_present(name) == (g->component != NULL) &&
            view_equal(name, view_of(g->component)) && ref.bcd_component == MARK_NONE;
        if (!right) {
            fail_msg("%s: writer %u, component \"%.*s\"", g->text, ref.writer, VIEW_ARG(name));
        }
        if (g->separator != '\0') {
            assert_int_equal(view_present(rest), g->rest != NULL);
            assert_true(view_equal(rest, view_of(g->rest)));
        }
    }
}

static void bad_selectors_say_what_is_known(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *says;
    } bad[] = {
        {"", "names no writer"},
        {":A", "names no writer"},
        {"Nobody:A", ID1 "@One"},
        {"SQL2", "names no writer"},
        {"SQL:", "names no component"},
        {"SQL:none", "A, Shared, EXACT, B"},
        {"SQL:exact", "stands for several"},
        {"SQL", ID1 "@One, " ID1 "@Two"},
        {ID1 ":Shared", ID1 "@One, " ID1 "@Two"},
        {"SQL@Two:A", "names no component"},
        {ID2 ":a=original", "names no component"}, /* nothing may follow */
        {"Idle", "COMPONENT_NOT_IN_BACKUP"},
        {"Idle:x", "COMPONENT_NOT_IN_BACKUP"},
        {"Idle:y", "names no component"},
        {ID3 ":C", "names no component"},
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct component_ref ref;
        vsr_error error = {0};
        assert_int_equal(choice_resolve(&documents, view_of(bad[i].text), '\0', &ref, NULL, &error),
                         VSR_ERR_SELECTION);
        if (strstr(error.what, bad[i].says) == NULL) {
            fail_msg("\"%s\": \"%s\" does not say \"%s\"", bad[i].text, error.what, bad[i].says);
        }
    }
}

static void components_without_a_writer_document_have_names(void **state)
{
    (void)state;
    struct component_ref ref;
    vsr_error error = {0};
    assert_int_equal(choice_resolve(&documents, VIEW(ID3 ":lost\\PATH\\C"), '\0', &ref, NULL,
                                    &error),
                     VSR_OK);
    assert_int_equal(ref.writer, 3);
    assert_int_equal(ref.component, MARK_NONE);
    assert_int_equal(ref.bcd_component, 0);
    assert_int_equal(choice_resolve(&documents, VIEW(ID3 ":lost\\path\\Cc"), '\0', &ref, NULL,
                                    &error),
                     VSR_OK); /* spelled just so */
    assert_int_equal(ref.bcd_component, 2);
}

static void whole_writers_are_all_their_instances(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct component_ref *refs = NULL;
    uint32_t count = 0;
    vsr_error error = {0};
    assert_int_equal(choice_resolve_all(&arena, &documents, VIEW("SQL"), &refs, &count, &error),
                     VSR_OK);
    assert_int_equal(count, 2);
    assert_int_equal(refs[0].writer, 0);
    assert_int_equal(refs[1].writer, 1);
    assert_int_equal(choice_resolve_all(&arena, &documents, VIEW("SQL:Shared"), &refs, &count,
                                        &error),
                     VSR_ERR_SELECTION);
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(selectors_resolve_longest_first),
        cmocka_unit_test(bad_selectors_say_what_is_known),
        cmocka_unit_test(components_without_a_writer_document_have_names),
        cmocka_unit_test(whole_writers_are_all_their_instances),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
