/* test_plan_lines.c - plans in JSON lines, read back: ours come back as they were, those of others
 * are taken with nothing but what the contract names, and no record leads outside.
 *
 * Method: a plan with most kinds of records is printed; then single members, bytes and lines are
 * changed, and the text read: it is refused, or can be rendered against its set without harm (the
 * sanitizers watch). The golden cases are read back in test_golden.c. */
#include "vsr_test.h"

#include "plan/plan_lines.h"
#include "plan/replay.h"
#include "plan_case.h"

#include <stdlib.h>

static const struct plan_case unprotected = {.name = "unprotected",
                                             .method = "RESTORE_IF_CAN_BE_REPLACED",
                                             .locations = PLAN_C(PLAN_LIST("C:\\D", "*", "yes")),
                                             .catalog =
                                                 "volume C:\nfile C:\\D\\a 5\nfree C:\\E\\e 7\n",
                                             .options = "--volume C:=/c\n--unprotected\n"};

static const struct plan_case chosen = {.name = "chosen",
                                        .method = "RESTORE_IF_CAN_BE_REPLACED",
                                        .locations = PLAN_C(PLAN_LIST("C:\\D", "*", "yes")),
                                        .catalog = "volume C:\nfile C:\\D\\a 5\nfile C:\\D\\b 7\n",
                                        .options = "--volume C:=/c\n--file C:\\D\\a\n"};

static void case_print(struct planner_fixture *fixture, const struct plan_case *c)
{
    vsr_error error = {0};
    plan_case_load(fixture, c);
    struct plan *plan = planner_fixture_plan(fixture, &error);
    assert_non_null(plan);
    (void)planner_fixture_jsonl(fixture, plan);
    plan_free(plan);
}

static void lines_load(struct planner_fixture *fixture)
{
    case_print(fixture, &plan_case_rich);
}

static vsr_code lines_read(const struct planner_fixture *fixture, struct view text,
                           struct plan **plan, vsr_error *error)
{
    *error = (vsr_error){0};
    vsr_code rc = plan_read_lines(plan, text, "p", &fixture->set, &fixture->documents, error);
    if (rc == VSR_OK) {
        rc = plan_check_set(*plan, &fixture->set, error);
        if (rc != VSR_OK) {
            plan_free(*plan);
        }
    }
    return rc;
}

static void what_was_printed_is_read_as_it_was(void **state)
{
    (void)state;
    static const struct plan_case *const cases[] = {&plan_case_rich, &unprotected, &chosen};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct planner_fixture fixture = {0};
        struct plan *plan = NULL;
        vsr_error error;
        case_print(&fixture, cases[i]);
        char *printed = strndup(fixture.lines.p, fixture.lines.n);
        if (lines_read(&fixture, view_of(printed), &plan, &error) != VSR_OK) {
            fail_msg("%s", error.what);
        }
        assert_view_equal(planner_fixture_jsonl(&fixture, plan), printed);
        assert_int_equal(plan->units[0].partial_selection, cases[i] == &chosen);
        plan_free(plan);
        free(printed);
        planner_fixture_fini(&fixture);
    }
}

/* text with the first `from` (behind the first `behind`, if not NULL) replaced by `to`. */
static char *replaced(struct view text, const char *behind, const char *from, const char *to)
{
    char *copy = strndup(text.p, text.n);
    char *start = behind != NULL ? strstr(copy, behind) : copy;
    assert_non_null(start);
    const char *at = strstr(start, from);
    assert_non_null(at);
    struct buffer out = {0};
    buffer_add(&out, copy, (size_t)(at - copy));
    buffer_add(&out, to, strlen(to));
    buffer_add(&out, at + strlen(from), strlen(at + strlen(from)) + 1);
    free(copy);
    return out.p;
}

static void each_fault_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *behind, *from, *to, *want;
    } cases[] = {
        {NULL, "\"v\":1", "\"v\":2", "no plan of version 1"},
        {NULL, "\"t\":\"plan\"", "\"t\":\"play\"", "no plan of version 1"},
        {NULL, "\"set\":\"", "\"set\":\"x", "no uuid"},
        {NULL, "\"files\":", "\"files\":1", "not as many"},
        {NULL, "\"files\":", "\"files\":-", "out of bounds"},
        {NULL, "\"units\":", "\"units\":-", "out of bounds"},
        {NULL, "\"units\":2", "\"units\":99999999999", "out of bounds"},
        {NULL, "\"bytes\":", "\"bytes\":1", "sums"},
        {NULL, "\"index\":\"00", "\"index\":\"0z", "no hash"},
        {NULL, "\"index\":\"00", "\"index\":\"01", "another set"},
        {"\"t\":\"unit\"", "\"id\":0", "\"id\":1", "numbered"},
        {"\"t\":\"unit\"", "\"component\":\"C\"", "\"component\":\"D\"", "no component"},
        {"\"t\":\"unit\"", "\"verdict\":\"original\"", "\"verdict\":\"odd\"", "not known here"},
        {"\"t\":\"unit\"", "\"error\":null", "\"error\":\"NONE\"", "not known here"},
        {"\"t\":\"unit\"", "\"files\":", "\"files\":1", "as many files"},
        {"\"t\":\"unit\"", "\"bytes\":", "\"bytes\":1", "add up"},
        {"\"t\":\"file\"", "\"unit\":0", "\"unit\":7", "no unit"},
        {"\"t\":\"file\"", "\"unit\":0", "\"unit\":1", "behind a later unit"},
        {"\"t\":\"file\"", "\"kind\":\"directory\"", "\"kind\":\"plain\"", "another kind"},
        {"\"t\":\"file\"", "\"source\":\"C:\\\\D", "\"source\":\"C:\\\\Q", "the set has no"},
        {"\"t\":\"file\"", "\"source\":\"C:\\\\D", "\"source\":\"C:\\\\..", "the set has no"},
        {"\"t\":\"file\"", "\"dest\":\"C:\\\\D", "\"dest\":\"C:\\\\Q", "no one place"},
        {"\"t\":\"file\"", "\"path\":\"/c/D", "\"path\":\"/etc/D", "no one place"},
        {"\"t\":\"file\"", "\"path\":\"/c/D", "\"path\":\"/c\\u0000/D", "\\u0000"},
        {"\"t\":\"file\"", "\"component\":\"C\"", "\"component\":\"Q\"", "no component"},
        {"\"kind\":\"plain\"", "\"action\":\"create\"", "\"action\":\"stage\"", "not in use"},
        {"\"kind\":\"plain\"", "\"action\":\"create\"", "\"action\":\"none\"", "left alone"},
        {"\"kind\":\"plain\"", "\"size\":5", "\"size\":6", "add up"},
        {"\"kind\":\"plain\"", "\"size\":5", "\"size\":-5", "out of bounds"},
        {"\"kind\":\"plain\"", "\"size\":5", "\"size\":\"5\"", "wrong type"},
        {"\"kind\":\"plain\"", "\"ranges\":null", "\"ranges\":[{\"source\":0}]", "missing"},
        {"\"kind\":\"plain\"", "\"ranges\":null",
         "\"ranges\":[{\"source\":0,\"dest\":0,\"length\":1}]", "no file of ranges"},
        {"\"kind\":\"plain\"", "\"ranges\":null", "\"chunks\":[]", "data of its own"},
        {NULL, "{\"t\":\"end\"", "{\"t\":\"odd\"", "can stand here"},
        {NULL, "\"refused_units\":", "\"refused_units\":1", "sums"},
        {NULL, "{\"t\":\"end\"", "{\"t\":\"end\"}\n{\"t\":\"end\"", "missing"},
        {NULL, "{\"t\":\"end\",\"refused_units\":0,\"actions\":[]}\n", "", "no end"},
        {"{\"t\":\"end\"", "\n", "\n\n", "behind the end"},
        {NULL, "\"actions\":[]", "\"actions\":[{\"unit\":7,\"text\":\"x\"}]", "out of bounds"},
    };
    struct planner_fixture fixture = {0};
    lines_load(&fixture);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct plan *plan = NULL;
        vsr_error error;
        char *text =
            replaced(buffer_view(&fixture.lines), cases[i].behind, cases[i].from, cases[i].to);
        if (lines_read(&fixture, view_of(text), &plan, &error) != VSR_ERR_RUN_FOREIGN ||
            strstr(error.what, cases[i].want) == NULL) {
            fail_msg("%s -> %s: \"%s\", wanted \"%s\"", cases[i].from, cases[i].to, error.what,
                     cases[i].want);
        }
        free(text);
    }
    planner_fixture_fini(&fixture);
}

static vsr_code sink_none(void *context, struct view lines, vsr_error *error)
{
    (void)error;
    *(size_t *)context += lines.n;
    return VSR_OK;
}

static bool is_harmless(const struct planner_fixture *fixture, struct view text)
{
    struct plan *plan = NULL;
    vsr_error error;
    size_t bytes = 0;
    if (lines_read(fixture, text, &plan, &error) != VSR_OK) {
        assert_int_equal(error.code, VSR_ERR_RUN_FOREIGN);
        return false;
    }
    assert_int_equal(plan_render_jsonl(plan, &fixture->set, sink_none, &bytes, &error), VSR_OK);
    plan_free(plan);
    return true;
}

static void every_byte_is_distrusted(void **state)
{
    (void)state;
    struct planner_fixture fixture = {0};
    lines_load(&fixture);
    char *text = strndup(fixture.lines.p, fixture.lines.n);
    static const char changes[] = "0-\"\\ ./\xff";
    size_t refused = 0;
    for (size_t at = 0; at < fixture.lines.n; at++) {
        const char was = text[at];
        for (size_t k = 0; k + 1 < sizeof changes; k++) {
            text[at] = changes[k];
            refused += is_harmless(&fixture, (struct view){text, fixture.lines.n}) ? 0 : 1;
        }
        text[at] = was;
        assert_true(at == 0 || !is_harmless(&fixture, (struct view){text, at}) ||
                    at + 1 == fixture.lines.n);
    }
    assert_true(refused > fixture.lines.n);
    free(text);
    planner_fixture_fini(&fixture);
}

/* "key":... out of every line, up to the next key or the line's end. */
static void member_drop(char *text, const char *lead, const char *end)
{
    for (char *at; (at = strstr(text, lead)) != NULL;) {
        char *behind = strstr(at + 1, end);
        assert_non_null(behind);
        memmove(at, behind, strlen(behind) + 1);
    }
}

/* What the contract's section 4 does not name may be missing: the call is then put together. */
static void a_plan_of_another_front_end_names_its_units(void **state)
{
    (void)state;
    struct planner_fixture fixture = {0};
    struct plan *plan = NULL;
    struct plan_choices choices;
    vsr_error error;
    lines_load(&fixture);
    char *text = strndup(fixture.lines.p, fixture.lines.n);
    member_drop(text, ",\"index\":", "}\n");
    member_drop(text, ",\"detail\":", ",\"files\"");
    if (lines_read(&fixture, view_of(text), &plan, &error) != VSR_OK) {
        fail_msg("%s", error.what);
    }
    assert_int_equal(plan_replay(&fixture.arena, plan, &choices, &error), VSR_OK);
    assert_int_equal(choices.volume_count, plan->root_count);
    assert_string_equal(choices.volumes[0], "C:=/c");
    assert_int_equal(choices.component_count, plan->unit_count);
    struct component_ref ref;
    for (uint32_t i = 0; i < choices.component_count; i++) {
        assert_int_equal(choice_resolve(&fixture.documents, view_of(choices.components[i]), '\0',
                                        &ref, NULL, &error),
                         VSR_OK);
        assert_int_equal(ref.writer, plan->units[i].writer);
    }
    plan_free(plan);
    free(text);
    planner_fixture_fini(&fixture);
}

static void names_that_are_no_text_come_back(void **state)
{
    (void)state;
    struct planner_fixture fixture = {0};
    struct plan *plan = NULL;
    vsr_error error;
    lines_load(&fixture);
    char *text = replaced(buffer_view(&fixture.lines), NULL, "\"dir\":\"/c\"",
                          "\"dir\":\"?\",\"dir_b64\":\"L2M=\""); /* "/c" */
    if (lines_read(&fixture, view_of(text), &plan, &error) != VSR_OK) {
        fail_msg("%s", error.what);
    }
    assert_view_equal(plan_text(plan, plan->roots[0].dir), "/c");
    plan_free(plan);
    free(text);
    static const char *const wrong[] = {"L2M", "L2M*", "====", "L2MA"};
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        char member[64];
        (void)snprintf(member, sizeof member, "\"dir\":\"?\",\"dir_b64\":\"%s\"", wrong[i]);
        text = replaced(buffer_view(&fixture.lines), NULL, "\"dir\":\"/c\"", member);
        assert_int_equal(lines_read(&fixture, view_of(text), &plan, &error), VSR_ERR_RUN_FOREIGN);
        free(text);
    }
    planner_fixture_fini(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_printed_is_read_as_it_was),
        cmocka_unit_test(each_fault_is_named),
        cmocka_unit_test(every_byte_is_distrusted),
        cmocka_unit_test(a_plan_of_another_front_end_names_its_units),
        cmocka_unit_test(names_that_are_no_text_come_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
