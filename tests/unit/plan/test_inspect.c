/* test_inspect.c - what `inspect` says of a set: each component with its files, nested ones apart,
 * and documents alone without sizes. */
#include "vsr_test.h"

#include "plan/inspect.h"
#include "plan/sizes.h"
#include "plan_case.h"

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
    inspect_render_text(&fixture.documents, &fixture.set, &out);
    buffer_add_char(&out, '\0');
    assert_non_null(strstr(out.p, "2 files, 21 bytes"));
    assert_non_null(strstr(out.p, "C\\Below  [filegroup, implicit]"));
    out.n = 0;
    inspect_render_json(&fixture.documents, &fixture.set, &out);
    buffer_add_char(&out, '\0');
    assert_non_null(strstr(out.p, "\"inclusion\":\"implicit\",\"selectable\":true,"
                                  "\"selectable_for_restore\":true,\"component_flags\":0,"
                                  "\"files\":1,\"bytes\":300"));
    out.n = 0;
    inspect_render_json(&fixture.documents, NULL, &out);
    buffer_add_char(&out, '\0');
    assert_non_null(strstr(out.p, "\"files\":null,\"bytes\":null"));
    buffer_free(&out);
    planner_fixture_fini(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_component_counts_its_own_files_once),
        cmocka_unit_test(both_forms_show_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
