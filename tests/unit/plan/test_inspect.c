/* test_inspect.c - what `inspect` says of a set: each component with its files, nested ones apart,
 * and documents alone without sizes. */
#include "vsr_test.h"

#include "plan/bare_plan.h"
#include "plan/inspect.h"
#include "plan/sizes.h"
#include "plan_case.h"
#include "small_documents.h"

static const struct plan_case nested = {
    .method = "RESTORE_IF_CAN_BE_REPLACED",
    .locations = PLAN_C(PLAN_LIST("C:\\D", "*", "yes") PLAN_LIST("C:\\D", "a", "no"))
        PLAN_GROUP("logicalPath=\"C\" ", "Below", PLAN_LIST("%Base%\\E", "*.txt", "no")),
    .catalog = "volume C:\nenv Base=c:\\\nfile C:\\D\\a 1\nfile C:\\D\\x\\b 20\n"
               "file C:\\E\\n.TXT 300\nfile C:\\E\\n.dat 4000\nfile C:\\F\\a 50000\n",
};

static void each_component_counts_its_own_files_once(void **state)
{
    (void)state;
    struct planner_fixture fixture = {0};
    plan_case_load(&fixture, &nested);
    struct arena arena = {0};
    struct component_size **sizes = component_sizes(&arena, &fixture.documents, &fixture.set);
    assert_int_equal(sizes[0][0].files, 2); /* a stands in two sets */
    assert_int_equal(sizes[0][0].bytes, 21);
    assert_int_equal(sizes[0][1].files, 1);
    assert_int_equal(sizes[0][1].bytes, 300);
    arena_free(&arena);
    planner_fixture_fini(&fixture);
}

static void both_forms_show_them(void **state)
{
    (void)state;
    struct planner_fixture fixture = {0};
    plan_case_load(&fixture, &nested);
    struct buffer out = {0};
    inspect_render_text(&fixture.documents, &fixture.set, NULL, &out);
    buffer_add_char(&out, '\0');
    assert_non_null(strstr(out.p, "2 files, 21 bytes"));
    assert_non_null(strstr(out.p, "Below  [filegroup, implicit]"));
    out.n = 0;
    inspect_render_json(&fixture.documents, &fixture.set, NULL, &out);
    buffer_add_char(&out, '\0');
    assert_non_null(strstr(out.p, "\"inclusion\":\"implicit\",\"selectable\":true,"
                                  "\"selectable_for_restore\":true,\"component_flags\":0,"
                                  "\"files\":1,\"bytes\":300"));
    out.n = 0;
    inspect_render_json(&fixture.documents, NULL, NULL, &out);
    buffer_add_char(&out, '\0');
    assert_non_null(strstr(out.p, "\"files\":null,\"bytes\":null"));
    buffer_free(&out);
    planner_fixture_fini(&fixture);
}

/* All that documents can say of a writer, in a backup that has it only in part. */
static const struct plan_case full = {
    .method = "RESTORE_IF_CAN_BE_REPLACED",
    .mappings = PLAN_MAP("C:\\D", "*.x", "yes", "C:\\Alt"),
    .locations =
        "<FILE_GROUP componentName=\"C\" caption=\"All of it\" restoreMetadata=\"no\" "
        "notifyOnBackupComplete=\"no\" selectable=\"yes\" selectableForRestore=\"yes\" "
        "componentFlags=\"0\"><FILE_LIST path=\"C:\\D\" filespec=\"*\" recursive=\"yes\" "
        "alternatePath=\"C:\\Copy\" filespecBackupType=\"257\"/>"
        "<DEPENDENCY writerId=\"22222222-2222-4222-8222-222222222222\" logicalPath=\"l\" "
        "componentName=\"needed\"/></FILE_GROUP>"
        "<DATABASE componentName=\"DB\"><DATABASE_LOGFILES path=\"C:\\L\" filespec=\"*.log\"/>"
        "</DATABASE><FILE_GROUP componentName=\"bad\" unheard=\"1\"/>" PLAN_EXCLUDE("C:\\D",
                                                                                    "*.tmp", "no"),
    .catalog = "volume C:\nfile C:\\D\\a 1\n",
};

static void assert_says(const char *text, const char *const *pieces)
{
    for (size_t i = 0; pieces[i] != NULL; i++) {
        if (strstr(text, pieces[i]) == NULL) {
            fail_msg("'%s' is missing in\n%s", pieces[i], text);
        }
    }
}

static void all_that_a_document_says_is_shown(void **state)
{
    (void)state;
    static const char *const in_text[] = {
        "adds to the set 01020304-",
        "  \"All of it\"",
        "file list C:\\D  *  and below  (read from C:\\Copy)  mask 0x101",
        "database log files C:\\L  *.log",
        "REFUSED: 1.xml, line 1",
        "  alternate location mapping C:\\D  *.x  and below -> C:\\Alt",
        "  exclude C:\\D  *.tmp",
        NULL};
    static const char *const in_json[] = {
        "\"dependencies\":[{\"writer\":\"22222222-2222-4222-8222-222222222222\",\"logical_path\":"
        "\"l\",\"component\":\"needed\"}]",
        "\"mappings\":[{\"path\":\"C:\\\\D\",\"filespec\":\"*.x\",\"recursive\":true,"
        "\"alternate_path\":\"C:\\\\Alt\"}]",
        NULL};
    struct planner_fixture fixture = {0};
    plan_case_load(&fixture, &full);
    assert_true(
        uuid_parse(VIEW("01020304-0000-0000-0000-000000000001"), &fixture.set.description.parent));
    struct buffer out = {0};
    inspect_render_text(&fixture.documents, &fixture.set, NULL, &out);
    buffer_add_char(&out, '\0');
    assert_says(out.p, in_text);
    out.n = 0;
    inspect_render_json(&fixture.documents, &fixture.set, NULL, &out);
    buffer_add_char(&out, '\0');
    assert_says(out.p, in_json);
    buffer_free(&out);
    planner_fixture_fini(&fixture);
}

#define MANY_4(x)  x x x x
#define MANY_64(x) MANY_4(MANY_4(MANY_4(x)))

/* Writers of which one half is missing: the entry of one in the backup, the document of another. */
static void halves_of_writers_are_told(void **state)
{
    (void)state;
    static const char *const in_text[] = {"instance \"One\"",
                                          "[filegroup, not in the backup]",
                                          "more (--json shows all)",
                                          "  REFUSED: wmd2.xml, line 1",
                                          "is in the backup but its document is missing",
                                          "  after a restore: no SQL writer prepared the databases",
                                          "warning: ",
                                          NULL};
    static const char *const in_json[] = {"\"actions\":[\"no SQL writer prepared the databases",
                                          "\"warnings\":[\"", "\"inclusion\":\"not in the backup\"",
                                          NULL};
    static const char sql[] =
        "<WRITER_METADATA xmlns='x-schema:#VssWriterMetadataInfo' version='1.2'><IDENTIFICATION "
        "writerId='a65faa63-5ea8-4ebc-9dbd-a0c4db26912a' instanceId='" INSTANCE_ID(
            "2") "' friendlyName='SqlServerWriter' usage='USER_DATA' dataSource='OTHER'/>"
                 "<RESTORE_METHOD method='RESTORE_IF_CAN_BE_REPLACED' writerRestore='always' "
                 "rebootRequired='no' odd='1'/></WRITER_METADATA>";
    struct documents documents;
    const char *const texts[] = {BCD(PART("9", ENTRY("", "A"))),
                                 WMD_AS("1", "1", "One", "First", "", "USER_DATA",
                                        GROUP("", "A", "no",
                                              MANY_64(FILES("C:\\x", "*"))) "<UNHEARD/>"),
                                 sql, NULL};
    struct buffer out = {0};
    small_documents_parse(&documents, texts);
    inspect_render_text(&documents, NULL, NULL, &out);
    buffer_add_char(&out, '\0');
    assert_says(out.p, in_text);
    out.n = 0;
    inspect_render_json(&documents, NULL, NULL, &out);
    buffer_add_char(&out, '\0');
    assert_says(out.p, in_json);
    buffer_free(&out);
    documents_free(&documents);
}

/* A component at the volume's top and two below it, of a writer with a method of its own; and one
 * whose place is taken, which says nothing of documents. */
static const struct plan_case of_its_own = {
    .method = "CUSTOM",
    .locations = PLAN_C(PLAN_LIST("C:\\", "top", "no"))
        PLAN_GROUP("logicalPath=\"C\\deep\" ", "Below", PLAN_LIST("C:\\D", "*", "yes"))
            PLAN_GROUP("logicalPath=\"C\" ", "deep", PLAN_LIST("%Env%\\E", "*", "yes")),
    .second = PLAN_C(PLAN_LIST("C:\\F", "*", "yes")),
    .catalog = "volume C:\nenv Env=C:\nfile C:\\top 1\nfile C:\\D\\a 1\nfile C:\\F\\b 1\n",
};

static void what_would_be_refused_is_marked(void **state)
{
    static const char *const in_text[] = {
        "\n  \xE2\x94\x94\xE2\x94\x80 C  [filegroup, explicit]",
        "\n     \xE2\x94\x82  REFUSED: METHOD_CUSTOM",
        "\n     \xE2\x94\x94\xE2\x94\x80 deep  [filegroup, implicit]",
        "\n        \xE2\x94\x94\xE2\x94\x80 Below  [filegroup, implicit]", NULL};
    static const char *const in_json[] = {"\"refused\":\"METHOD_CUSTOM\",\"refused_detail\":\"",
                                          "\"refused\":null,\"refused_detail\":null", NULL};
    struct planner_fixture fixture = {0};
    struct plan *plan = NULL;
    struct buffer out = {0};
    vsr_error error = {0};
    (void)state;
    plan_case_load(&fixture, &of_its_own);
    const struct media_set *const sets[] = {&fixture.set, NULL};
    for (size_t i = 0; i < COUNT_OF(sets); i++) {
        assert_int_equal(sets[i] != NULL
                             ? bare_plan_create(&plan, &fixture.documents, &fixture.set, NULL,
                                                &error)
                             : bare_plan_of_documents(&plan, &fixture.documents, &error),
                         VSR_OK);
        out.n = 0;
        inspect_render_text(&fixture.documents, sets[i], plan, &out);
        buffer_add_char(&out, '\0');
        assert_says(out.p, in_text);
        out.n = 0;
        inspect_render_json(&fixture.documents, sets[i], plan, &out);
        buffer_add_char(&out, '\0');
        assert_says(out.p, in_json);
        plan_free(plan);
    }
    buffer_free(&out);
    planner_fixture_fini(&fixture);
}

/* A path whose variable nobody knows the value of, and what stands beside it. */
static const struct {
    struct plan_case c;
    const char *refused; /* with documents alone */
} beside_the_unknown[] = {
    {{.components = PLAN_ENTRIES("")}, "\"refused\":null"},
    {{.components = PLAN_ENTRIES(PLAN_PARTIAL("C:\\D", "*", "0:1"))},
     "\"refused\":\"DOCUMENT_INVALID\",\"refused_detail\":\"the partial file '*'"},
    {{.components = PLAN_ENTRIES("<NEW_TARGET path=\"C:\\%Unknown%\" filespec=\"*\" "
                                 "recursive=\"no\" alternatePath=\"C:\\E\"/>")},
     "\"refused\":null"},
};

static void what_nobody_knows_hides_no_refusal(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(beside_the_unknown); i++) {
        struct plan_case c = beside_the_unknown[i].c;
        struct planner_fixture fixture = {0};
        struct plan *plan = NULL;
        struct buffer out = {0};
        vsr_error error = {0};
        c.method = "RESTORE_IF_CAN_BE_REPLACED";
        c.locations = PLAN_C(PLAN_LIST("C:\\%Unknown%", "*", "no"));
        c.catalog = "volume C:\n";
        plan_case_load(&fixture, &c);
        assert_int_equal(bare_plan_of_documents(&plan, &fixture.documents, &error), VSR_OK);
        inspect_render_json(&fixture.documents, NULL, plan, &out);
        buffer_add_char(&out, '\0');
        assert_says(out.p, (const char *const[]){beside_the_unknown[i].refused, NULL});
        plan_free(plan);
        out.n = 0;
        assert_int_equal(bare_plan_create(&plan, &fixture.documents, &fixture.set, NULL, &error),
                         VSR_OK);
        inspect_render_json(&fixture.documents, &fixture.set, plan, &out);
        buffer_add_char(&out, '\0');
        assert_says(out.p, (const char *const[]){"\"refused\":\"ENVIRONMENT_UNKNOWN\"", NULL});
        plan_free(plan);
        buffer_free(&out);
        planner_fixture_fini(&fixture);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_component_counts_its_own_files_once),
        cmocka_unit_test(both_forms_show_them),
        cmocka_unit_test(all_that_a_document_says_is_shown),
        cmocka_unit_test(halves_of_writers_are_told),
        cmocka_unit_test(what_would_be_refused_is_marked),
        cmocka_unit_test(what_nobody_knows_hides_no_refusal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
