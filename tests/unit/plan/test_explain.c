/* test_explain.c - why a file goes where it goes: each kind of reason is told by the code that
 * decides, and the answer is the plan's.
 *
 * Goal: a person can follow every decision about one file. Method: small plans (plan_case.h) asked
 * about a file of theirs; the text and the JSON must hold the sentences that matter, in order. */
#include "vsr_test.h"

#include "plan/explain.h"
#include "plan_case.h"
#include "small_documents.h"

#define CAN "RESTORE_IF_CAN_BE_REPLACED"
#define VOL "volume C:\n"

#define GUID "\\\\?\\Volume{0d1e2f30-0000-0000-0000-000000000001}\\"

enum { PIECES_MAX = 8 };

struct asked {
    const char *name;
    struct plan_case plan;
    const char *path;
    const char *pieces[PIECES_MAX]; /* of the text, in this order */
    const char *json;               /* a piece of the JSON */
};

/* clang-format off */
static const struct asked asked[] = {
    {"restored to its original place, spelled otherwise",
     {.method = CAN, .locations = PLAN_C(PLAN_LIST("C:\\D", "*.x", "yes")),
      .catalog = VOL "file C:\\D\\sub\\a.x 7\n"},
     "c:\\d\\SUB\\A.X",
     {"C:\\D\\sub\\a.x\n", "a file of 7 bytes",
      "wanted by W: C, file set 'C:\\D' '*.x' and below (1.xml, ",
      "in scope: its root 'C' (0.xml, line 1) is restored: no component was named",
      "holds it, and its place counts", "no mapping and no new target",
      "6.6/2     row       holds: restore, verdict 'original'", "= /c/D/sub/a.x (create)"},
     "\"outcome\":\"restored\""},
    {"excluded",
     {.method = CAN,
      .locations = PLAN_C(PLAN_LIST("C:\\D", "*", "yes")) PLAN_EXCLUDE("C:\\D", "*.tmp", "yes"),
      .catalog = VOL "file C:\\D\\a.tmp 1\n"},
     "C:\\D\\a.tmp",
     {"excluded by W: 'C:\\D' '*.tmp' and below (1.xml, line 1)", "5.7       files",
      "an exclude takes the file away from it", "NOT RESTORED: it is in no unit"},
     "\"outcome\":\"left_out\""},
    {"overlapping sets: the first one's mapping counts (T31)",
     {.method = "RESTORE_TO_ALTERNATE_LOCATION",
      .mappings = PLAN_MAP("C:\\D", "a*", "no", "D:\\alt"),
      .locations = PLAN_C(PLAN_LIST("C:\\D", "a*", "no") PLAN_LIST("C:\\D", "*", "no")),
      .catalog = VOL "file C:\\D\\a 1\n", .options = "--volume C:=/c\n--volume D:=/d\n"},
     "C:\\D\\a",
     {"file set 'C:\\D' 'a*': holds it, and its place counts", "5.9       files",
      "the writer maps its file set to 'D:\\alt' (1.xml, line 1)",
      "look at the mappings' place", "'D:\\alt\\a': nothing stands there",
      "6.6/4     row       holds: restore, verdict 'alternate'", "= /d/alt/a (create)"},
     "\"place\":\"alternate\""},
    {"refused by another file of its unit",
     {.method = "RESTORE_IF_NOT_THERE", .locations = PLAN_C(PLAN_LIST("C:\\D", "*", "no")),
      .catalog = VOL "file C:\\D\\a 1\nfile C:\\D\\b 1\n",
      .options = "--volume C:=/c\nhave file C:\\D\\b\n"},
     "C:\\D\\a",
     {"'C:\\D\\a': nothing stands there", "the first obstacle is PRESENT, 'C:\\D\\b': it exists",
      "refuse, by what was met first at the original place", "6.6/1     refused   PRESENT",
      "NOT RESTORED, PRESENT (6.6/1)", "it would have gone to C:\\D\\a"},
     "\"outcome\":\"refused\""},
    {"a new target",
     {.method = CAN, .locations = PLAN_C(PLAN_LIST("C:\\D", "*", "no")),
      .catalog = VOL "file C:\\D\\a 1\n",
      .options = "--volume C:=/c\n--new-target W:C|C:\\D|*|no|C:\\New\n"},
     "C:\\D\\a",
     {"the caller's new target of its file set leads to 'C:\\New'", "= /c/New/a (create)"},
     "\"verdict\":\"mixed\""},
    {"out of scope: its component was not asked for",
     {.method = CAN,
      .locations = PLAN_GROUP("", "C", PLAN_LIST("C:\\D", "*", "no"))
                   PLAN_GROUP("", "E", PLAN_LIST("C:\\E", "*", "no")),
      .components = "<COMPONENT componentName=\"C\" componentType=\"filegroup\"/>"
                    "<COMPONENT componentName=\"E\" componentType=\"filegroup\"/>",
      .catalog = VOL "file C:\\D\\a 1\nfile C:\\E\\b 1\n",
      .options = "--volume C:=/c\n--component W:C\n"},
     "C:\\E\\b",
     {"wanted by W: E", "not in scope: its root 'E' (0.xml, line 1) is not among what was",
      "NOT RESTORED"},
     "\"in_scope\":false"},
    {"out of scope: excluded by the caller",
     {.method = CAN,
      .locations = PLAN_GROUP("", "C", PLAN_LIST("C:\\D", "*", "no"))
                   PLAN_GROUP("", "E", PLAN_LIST("C:\\E", "*", "no")),
      .components = "<COMPONENT componentName=\"C\" componentType=\"filegroup\"/>"
                    "<COMPONENT componentName=\"E\" componentType=\"filegroup\"/>",
      .catalog = VOL "file C:\\E\\b 1\n", .options = "--volume C:=/c\n--exclude-component W:E\n"},
     "C:\\E\\b", {"--exclude-component leaves it out"}, "\"results\":[]"},
    {"out of scope: other subcomponents were chosen",
     {.method = CAN,
      .locations = PLAN_GROUP("", "C", "")
                   PLAN_GROUP("logicalPath=\"C\" ", "s1", PLAN_LIST("C:\\D", "*", "no"))
                   PLAN_GROUP("logicalPath=\"C\" ", "s2", PLAN_LIST("C:\\E", "*", "no")),
      .catalog = VOL "file C:\\D\\a 1\nfile C:\\E\\b 1\n",
      .options = "--volume C:=/c\n--component W:C\\s1\n"},
     "C:\\E\\b", {"wanted by W: C\\s2", "of its root 'C' (0.xml, line 1) only other subcomponents"},
     "\"component\":\"C\\\\s2\""},
    {"not in this backup at all",
     {.method = CAN,
      .locations = PLAN_C(PLAN_LIST("C:\\D", "*", "no"))
                   PLAN_GROUP("", "E", PLAN_LIST("C:\\E", "*", "no")),
      .catalog = VOL "file C:\\D\\a 1\nfile C:\\E\\b 1\n"},
     "C:\\E\\b", {"not in this backup"}, "\"in_scope\":false"},
    {"shared by two units (ruling 8)",
     {.method = CAN, .locations = PLAN_C(PLAN_LIST("C:\\D", "*", "no")),
      .second = PLAN_C(PLAN_LIST("C:\\D", "a", "no")), .catalog = VOL "file C:\\D\\a 1\n"},
     "C:\\D\\a",
     {"wanted by W: C", "wanted by W2: C", "that one's record stands for both",
      "unit 0, W: C: restored", "unit 1, W2: C: restored with unit 0, to C:\\D\\a"},
     "\"restored_with\":0"},
    {"kept by --overwrite never",
     {.method = CAN, .locations = PLAN_C(PLAN_LIST("C:\\D", "*", "no")),
      .catalog = VOL "free C:\\T\\y 4\n",
      .options = "--volume C:=/c\n--unprotected\nhave file C:\\T\\y\n"},
     "C:\\T\\y", {"of no component", "no file set of any writer holds it", "kept (--overwrite)",
                  "kept as it stands (5.8)"},
     "\"outcome\":\"kept\""},
    {"of no component, and not asked for",
     {.method = CAN, .locations = PLAN_C(PLAN_LIST("C:\\D", "*", "no")),
      .catalog = VOL "free C:\\T\\y 4\n"},
     "C:\\T\\y", {"--unprotected restores such files", "NOT RESTORED"}, "\"unprotected\":true"},
    {"a folder of a recursive set",
     {.method = CAN, .locations = PLAN_C(PLAN_LIST("C:\\D", "*", "yes")),
      .catalog = VOL "dir C:\\D\\empty\n"},
     "C:\\D\\empty", {"a directory", "wanted by W: C", "which it makes", "= /c/D/empty (create)"},
     "\"kind\":\"directory\""},
    {"a folder that a file needs",
     {.method = CAN, .locations = PLAN_C(PLAN_LIST("C:\\D", "*", "no")),
      .catalog = VOL "file C:\\D\\a 1\n"},
     "C:\\D", {"a directory", "= /c/D (create)"}, "\"action\":\"create\""},
    {"not on the media",
     {.method = CAN, .locations = PLAN_C(PLAN_LIST("C:\\D", "*", "no")),
      .catalog = VOL "file C:\\D\\a 1\n"},
     "C:\\D\\b", {"C:\\D\\b\n  is not on the media\n  as far as it is there: C:\\D", "wanted by W:",
                  "the media do not hold it"},
     "\"outcome\":\"not_on_media\""},
    {"named by the document as a partial file",
     {.method = CAN, .locations = PLAN_C(PLAN_LIST("C:\\D", "*", "no")),
      .components = PLAN_ENTRIES(PLAN_PARTIAL("C:\\D", "p", "0:1")),
      .catalog = VOL "ranges C:\\D\\p 5 0:1\n", .options = "--volume C:=/c\nhave file C:\\D\\p\n"},
     "C:\\D\\p", {"names it itself, as a partial file", "holds it, and its place counts"},
     "\"outcome\":\"restored\""},
    {"no restore method",
     {.method = "UNDEFINED", .locations = PLAN_C(PLAN_LIST("C:\\D", "*", "no")),
      .catalog = VOL "file C:\\D\\a 1\n"},
     "C:\\D\\a", {"refuse: METHOD_UNDEFINED, the writer gave no restore method",
                 "NOT RESTORED, METHOD_UNDEFINED (6.6/0)"},
     "\"error\":\"METHOD_UNDEFINED\""},
    {"a folder that stands there",
     {.method = CAN, .locations = PLAN_C(PLAN_LIST("C:\\D", "*", "yes")),
      .catalog = VOL "dir C:\\D\\x\n", .options = "--volume C:=/c\nhave dir C:\\D\\x\n"},
     "C:\\D\\x", {"nothing to be done, it stands at C:\\D\\x"}, "\"kind\":\"directory\""},
    {"of no component, and listed as not to be backed up",
     {.method = CAN, .locations = PLAN_C(PLAN_LIST("C:\\D", "*", "no")),
      .catalog = VOL "free C:\\T\\y 4\n",
      .options = "--volume C:=/c\n--unprotected\n--not-to-backup C:\\T\\*\n"},
     "C:\\T\\y", {"it is not to be backed up, or must not come back: left out"},
     "\"results\":[]"},
    {"on a volume that has a GUID alone; an exclude that is none is no reason",
     {.method = "RESTORE_IF_NOT_THERE",
      .locations = PLAN_C(PLAN_LIST(GUID, "*", "no")) PLAN_EXCLUDE(GUID, "a:b", "no"),
      .catalog = "volume " GUID "\nfile " GUID "a 1\n",
      .options = "--volume " GUID "=/g\nhave file " GUID "\\a\n"},
     GUID "a", {"'" GUID "a': it exists", "NOT RESTORED, PRESENT"}, "\"outcome\":\"refused\""},
    {"two that differ by case: the one spelled so",
     {.method = CAN, .locations = PLAN_C(PLAN_LIST("C:\\D", "*", "no")),
      .catalog = VOL "file C:\\D\\A 1\nfile C:\\D\\a 2\n",
      .options = "--volume C:=/c\ndestination case-sensitive\n"},
     "C:\\D\\a", {"C:\\D\\a\n", "a file of 2 bytes", "differs only by case: C:\\D\\A"},
     "\"near\":[\"C:\\\\D\\\\A\"]"},
};
/* clang-format on */

static vsr_code explain(struct planner_fixture *fixture, struct explanation *out, const char *path,
                        vsr_error *error)
{
    struct plan_mapped_root *roots = NULL;
    const struct plan_facts facts = facts_of(&fixture->facts);
    const struct plan_input input = {&fixture->documents, &fixture->set, &fixture->choices, &facts};
    if (plan_map_volumes(&fixture->arena, &input, &roots, &fixture->facts.root_count, error) !=
        VSR_OK) {
        fail_msg("%s", error->what);
    }
    fixture->facts.roots = roots;
    return plan_explain(out, &input, view_of(path), error);
}

static void assert_pieces(const struct asked *a, struct view text)
{
    const char *at = text.p;
    for (size_t i = 0; i < PIECES_MAX && a->pieces[i] != NULL; i++) {
        const char *found = strstr(at, a->pieces[i]);
        if (found == NULL) {
            fail_msg("%s: '%s' is missing, or not in its place, in\n%s", a->name, a->pieces[i],
                     text.p);
        }
        at = found + strlen(a->pieces[i]);
    }
}

static void every_reason_is_told(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
        const struct asked *a = &asked[i];
        struct planner_fixture fixture = {0};
        struct explanation explanation;
        struct buffer text = {0};
        struct buffer json = {0};
        vsr_error error = {0};
        plan_case_load(&fixture, &a->plan);
        if (explain(&fixture, &explanation, a->path, &error) != VSR_OK) {
            fail_msg("%s: %s", a->name, error.what);
        }
        explain_render_text(&explanation, &text);
        buffer_add_char(&text, '\0');
        assert_pieces(a, buffer_view(&text));
        explain_render_json(&explanation, &json);
        buffer_add_char(&json, '\0');
        if (strstr(json.p, a->json) == NULL) {
            fail_msg("%s: %s is not in %s", a->name, a->json, json.p);
        }
        buffer_free(&text);
        buffer_free(&json);
        explain_free(&explanation);
        planner_fixture_fini(&fixture);
    }
}

static void one_file_is_asked_about(void **state)
{
    (void)state;
    static const char *const paths[] = {"C:\\D\\*", "a", "", "%NO%\\a", "C:\\D\\..\\a"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        struct planner_fixture fixture = {0};
        struct explanation explanation;
        vsr_error error = {0};
        plan_case_load(&fixture, &asked[0].plan);
        assert_int_equal(explain(&fixture, &explanation, paths[i], &error), VSR_ERR_SELECTION);
        explain_free(&explanation);
        planner_fixture_fini(&fixture);
    }
}

/* A writer whose document alone is there. */
static void nothing_of_a_writer_was_backed_up(void **state)
{
    (void)state;
    const char *const texts[] = {
        BCD(PART("2", ENTRY("", "A"))),
        WMD("1", GROUP("", "A", "no", FILES("C:\\D", "*"))),
        WMD("2", GROUP("", "A", "no", FILES("C:\\E", "*"))),
    };
    struct planner_fixture fixture = {0};
    struct explanation explanation;
    struct buffer text = {0};
    vsr_error error = {0};
    planner_fixture_documents(&fixture, texts, 3);
    planner_fixture_catalog(&fixture, VOL "file C:\\D\\a 1\nfile C:\\E\\a 1\n");
    planner_fixture_options(&fixture, "--volume C:=/c\n");
    assert_int_equal(explain(&fixture, &explanation, "C:\\D\\a", &error), VSR_OK);
    explain_render_text(&explanation, &text);
    buffer_add_char(&text, '\0');
    assert_non_null(strstr(text.p, "not in scope: nothing of its writer was backed up"));
    buffer_free(&text);
    explain_free(&explanation);
    planner_fixture_fini(&fixture);
}

static void a_set_that_cannot_be_read_is_told(void **state)
{
    (void)state;
    struct planner_fixture fixture = {0};
    struct explanation explanation;
    vsr_error error = {0};
    const struct plan_input input = {&fixture.documents, &fixture.set, &fixture.choices, NULL};
    plan_case_load(&fixture, &asked[0].plan);
    ((struct set_volume *)(uintptr_t)fixture.set.description.volumes)->letter = VIEW("?:");
    assert_int_equal(plan_explain(&explanation, &input, VIEW("C:\\D\\a"), &error), VSR_ERR_MEDIA);
    assert_non_null(strstr(error.what, "volume 0 of set.json"));
    explain_free(&explanation);
    planner_fixture_fini(&fixture);
}

/* Notes change nothing: the plan of the trace is the plan. */
static void the_answer_is_the_plans(void **state)
{
    (void)state;
    struct planner_fixture fixture = {0};
    struct explanation explanation;
    vsr_error error = {0};
    plan_case_load(&fixture, &asked[2].plan);
    assert_int_equal(explain(&fixture, &explanation, asked[2].path, &error), VSR_OK);
    struct plan *plan = planner_fixture_plan(&fixture, &error);
    assert_non_null(plan);
    assert_int_equal(explanation.result_count, 1);
    assert_int_equal(explanation.results[0].verdict, plan->units[0].verdict);
    struct buffer path = {0};
    plan_unix_path(plan, &fixture.set, plan->file_count - 1, &path);
    assert_true(view_equal(buffer_view(&path), explanation.results[0].unix_path));
    buffer_free(&path);
    plan_free(plan);
    explain_free(&explanation);
    planner_fixture_fini(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_reason_is_told),
        cmocka_unit_test(one_file_is_asked_about),
        cmocka_unit_test(nothing_of_a_writer_was_backed_up),
        cmocka_unit_test(a_set_that_cannot_be_read_is_told),
        cmocka_unit_test(the_answer_is_the_plans),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
