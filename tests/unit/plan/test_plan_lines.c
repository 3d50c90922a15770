/* test_plan_lines.c - plans in JSON lines, read back: ours come back as they were, those of others
 * are taken with nothing but what the contract names, and no record leads outside.
 *
 * Method: a plan with most kinds of records is printed; then single members, bytes and lines are
 * changed, and the text read: it is refused, or can be rendered against its set without harm (the
 * sanitizers watch). The golden cases are read back in test_golden.c. */
#include "vsr_test.h"

#include "base/limits.h"
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

/* A volume that has no letter. */
#define GUID "\\\\?\\Volume{0d1e2f30-0000-0000-0000-000000000001}\\"
static const struct plan_case by_guid = {.name = "by_guid",
                                         .method = "RESTORE_IF_CAN_BE_REPLACED",
                                         .locations = PLAN_C(PLAN_LIST(GUID "D", "*", "yes")),
                                         .catalog = "volume " GUID "\nfile " GUID "D\\a 5\n",
                                         .options = "--volume " GUID "=/g\n"};

/* Two records of one destination. */
static const struct plan_case directed = {
    .name = "directed",
    .method = "RESTORE_IF_CAN_BE_REPLACED",
    .locations = PLAN_C(PLAN_LIST("C:\\D", "*", "yes")),
    .components = PLAN_ENTRIES_OF("C", "restoreTarget=\"directed\"",
                                  PLAN_DIRECTED("C:\\D", "a", "0:5", "C:\\E", "x", "0:5")
                                      PLAN_DIRECTED("C:\\D", "b", "0:5", "C:\\E", "X", "5:5")),
    .catalog = "volume C:\nfile C:\\D\\a 5\nfile C:\\D\\b 7\n",
    .options = "--volume C:=/c\n"};

/* With a NUL behind it; freed by free(). (strndup() of what has none is a fault to sanitizers.) */
static char *text_copy(struct view text)
{
    char *copy = calloc(text.n + 1, 1);
    assert_non_null(copy);
    memcpy(copy, text.p, text.n);
    return copy;
}

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
    static const struct plan_case *const cases[] = {&plan_case_rich, &unprotected, &chosen,
                                                    &by_guid, &directed};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct planner_fixture fixture = {0};
        struct plan *plan = NULL;
        vsr_error error;
        case_print(&fixture, cases[i]);
        char *printed = text_copy(buffer_view(&fixture.lines));
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
    char *copy = text_copy(text);
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
        {NULL, "\"volumes\":[{", "\"volumes\":[5,{", "holds what is no object"},
        {"\"t\":\"unit\"", "\"subcomponents\":[", "\"subcomponents\":[5,", "holds what is no text"},
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
    char *text = text_copy(buffer_view(&fixture.lines));
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
    char *text = text_copy(buffer_view(&fixture.lines));
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

/* Text with count times `again` in it. */
static char *repeated(struct view text, const char *from, const char *again, size_t count)
{
    struct buffer more = {0};
    buffer_add_view(&more, view_of(from));
    for (size_t i = 0; i < count; i++) {
        buffer_add_view(&more, view_of(again));
    }
    buffer_add_char(&more, '\0');
    char *out = replaced(text, NULL, from, more.p);
    buffer_free(&more);
    return out;
}

static void bounds_of_records_hold(void **state)
{
    (void)state;
    struct planner_fixture fixture = {0};
    struct plan *plan = NULL;
    vsr_error error;
    lines_load(&fixture);
    char *text = repeated(buffer_view(&fixture.lines), "{", " ", PLAN_LINE_BYTES_MAX);
    assert_int_equal(lines_read(&fixture, view_of(text), &plan, &error), VSR_ERR_RUN_FOREIGN);
    assert_non_null(strstr(error.what, "longer than a record can be"));
    free(text);
    text = repeated(buffer_view(&fixture.lines), "\"volumes\":[", "{},", SET_VOLUMES_MAX + 1);
    assert_int_equal(lines_read(&fixture, view_of(text), &plan, &error), VSR_ERR_RUN_FOREIGN);
    assert_non_null(strstr(error.what, "\"volumes\" has too many elements"));
    free(text);
    planner_fixture_fini(&fixture);
}

static void the_sets_folder_is_in_the_first_record(void **state)
{
    (void)state;
    struct buffer path = {0};
    vsr_error error = {0};
    assert_int_equal(plan_read_set_path(VIEW("{\"t\":\"plan\",\"set_path\":\"/m\"}\n"), "p", &path,
                                        &error),
                     VSR_OK);
    assert_view_equal(buffer_view(&path), "/m");
    assert_int_equal(plan_read_set_path(VIEW("{\"t\":\"unit\",\"set_path\":\"/m\"}\n"), "p", &path,
                                        &error),
                     VSR_ERR_RUN_FOREIGN);
    assert_non_null(strstr(error.what, "it is no plan"));
    buffer_free(&path);
}

/* What the call was cannot be told from such options. */
static void odd_choices_cannot_be_replayed(void **state)
{
    (void)state;
    static const struct {
        const char *option, *value, *want;
    } rows[] = {{"--tree", "odd", "the option --tree odd, which is not known here"},
                {"--odd", "x", "the option --odd x, which is not known here"},
                {"--volume", NULL, "option --volume has no value"}};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct planner_fixture fixture = {0};
        struct plan_choices choices;
        vsr_error error = {0};
        plan_case_load(&fixture, &chosen);
        struct plan *plan = planner_fixture_plan(&fixture, &error);
        struct buffer text = {0};
        assert_non_null(plan);
        buffer_printf(&text, "%s%s", rows[i].option, rows[i].value != NULL ? rows[i].value : "");
        const uint32_t n = (uint32_t)strlen(rows[i].option);
        const struct plan_text options[] = {{0, n}, {n, (uint32_t)text.n - n}};
        struct plan odd = *plan;
        odd.text = text.p;
        odd.choices = options;
        odd.choice_count = rows[i].value != NULL ? 2 : 1;
        assert_int_equal(plan_replay(&fixture.arena, &odd, &choices, &error), VSR_ERR_RUN_FOREIGN);
        if (strstr(error.what, rows[i].want) == NULL) {
            fail_msg("%s", error.what);
        }
        buffer_free(&text);
        plan_free(plan);
        planner_fixture_fini(&fixture);
    }
}

static vsr_code sink_full(void *context, struct view lines, vsr_error *error)
{
    (void)context;
    (void)lines;
    return err_set(error, VSR_ERR_DEST_IO, "test", "the disk is full");
}

/* More than one sinkful, so that it is met between records. */
static void a_sink_that_fails_ends_the_printing(void **state)
{
    (void)state;
    struct planner_fixture fixture = {0};
    struct buffer catalog = {0};
    struct plan_case c = chosen;
    vsr_error error = {0};
    buffer_add_view(&catalog, VIEW("volume C:\n"));
    for (int i = 0; i < 20000; i++) {
        buffer_printf(&catalog, "file C:\\D\\f%d 1\n", i);
    }
    buffer_add_char(&catalog, '\0');
    c.catalog = catalog.p;
    c.options = NULL;
    plan_case_load(&fixture, &c);
    struct plan *plan = planner_fixture_plan(&fixture, &error);
    assert_non_null(plan);
    assert_int_equal(plan_render_jsonl(plan, &fixture.set, sink_full, NULL, &error),
                     VSR_ERR_DEST_IO);
    assert_string_equal(error.what, "the disk is full");
    plan_free(plan);
    buffer_free(&catalog);
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
        cmocka_unit_test(bounds_of_records_hold),
        cmocka_unit_test(the_sets_folder_is_in_the_first_record),
        cmocka_unit_test(odd_choices_cannot_be_replayed),
        cmocka_unit_test(a_sink_that_fails_ends_the_printing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
