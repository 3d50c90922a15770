/* test_stale.c - a saved plan beside what is planned now, and plans as people read them.
 *
 * Goal: a unit whose records come out otherwise is refused, and no other (contract, section 4;
 * rulings 28 and 31); what is to be done by hand is said once. Method: two plans of one case, the
 * second of another destination or with a spoilt record. */
#include "vsr_test.h"

#include "plan/plan_render.h"
#include "plan/stale.h"
#include "plan_case.h"

#define CAN "RESTORE_IF_CAN_BE_REPLACED"

struct pair {
    struct planner_fixture fixtures[2];
    struct plan *plans[2]; /* saved, now */
};

/* The plan of c, and that with other options. */
static void pair_load(struct pair *pair, const struct plan_case *c, const char *options)
{
    const struct plan_case now = {.method = c->method,
                                  .locations = c->locations,
                                  .components = c->components,
                                  .second = c->second,
                                  .catalog = c->catalog,
                                  .options = options};
    *pair = (struct pair){0};
    for (int i = 0; i < 2; i++) {
        vsr_error error = {0};
        plan_case_load(&pair->fixtures[i], i == 0 ? c : &now);
        pair->plans[i] = planner_fixture_plan(&pair->fixtures[i], &error);
        if (pair->plans[i] == NULL) {
            fail_msg("%s", error.what);
        }
    }
}

static void pair_free(struct pair *pair)
{
    for (int i = 0; i < 2; i++) {
        plan_free(pair->plans[i]);
        planner_fixture_fini(&pair->fixtures[i]);
    }
}

static const struct plan_case shared = {.method = CAN,
                                        .locations = PLAN_C(PLAN_LIST("C:\\D", "*", "no")),
                                        .second = PLAN_C(PLAN_LIST("C:\\D", "a", "no")
                                                             PLAN_LIST("C:\\E", "e", "no")),
                                        .catalog = "volume C:\nfile C:\\D\\a 1\nfile C:\\E\\e 1\n",
                                        .options = "--volume C:=/c\n"};

static void what_depends_on_a_stale_unit_is_refused_with_it(void **state)
{
    (void)state;
    struct pair pair;
    enum refusal refusals[2];
    pair_load(&pair, &shared, "--volume C:=/c\nhave file C:\\D\\a\n");
    assert_int_equal(pair.plans[0]->unit_count, 2);
    assert_int_equal(plan_stale_units(pair.plans[0], pair.plans[1], &pair.fixtures[0].set,
                                      refusals),
                     2);
    assert_int_equal(refusals[0], REFUSAL_DESTINATION_CHANGED); /* its file is replaced now */
    assert_int_equal(refusals[1], REFUSAL_DESTINATION_CHANGED); /* ruling 28 */
    pair_free(&pair);
}

static void a_unit_that_is_not_planned_now_is_stale(void **state)
{
    (void)state;
    struct pair pair;
    enum refusal refusals[2];
    pair_load(&pair, &shared, "--volume C:=/c\n--component W:C\n");
    assert_int_equal(plan_stale_units(pair.plans[0], pair.plans[1], &pair.fixtures[0].set,
                                      refusals),
                     1);
    assert_int_equal(refusals[0], REFUSAL_NONE);
    assert_int_equal(refusals[1], REFUSAL_DESTINATION_CHANGED);
    assert_false(plan_stale_is_same(pair.plans[0], pair.plans[1]));
    pair_free(&pair);
}

static void other_ranges_are_another_record(void **state)
{
    (void)state;
    static const struct plan_case partial = {.method = CAN,
                                             .locations = PLAN_C(PLAN_LIST("C:\\D", "*", "no")),
                                             .components =
                                                 PLAN_ENTRIES(PLAN_PARTIAL("C:\\D", "p", "0:4")),
                                             .catalog = "volume C:\nranges C:\\D\\p 5 0:4\n",
                                             .options = "--volume C:=/c\nhave file C:\\D\\p\n"};
    struct pair pair;
    enum refusal refusals[1];
    pair_load(&pair, &partial, partial.options);
    const struct media_set *set = &pair.fixtures[0].set;
    assert_int_equal(plan_stale_units(pair.plans[0], pair.plans[1], set, refusals), 0);
    assert_true(plan_stale_is_same(pair.plans[0], pair.plans[1]));
    ((struct plan_range *)(uintptr_t)pair.plans[1]->ranges)->source = 1;
    assert_int_equal(plan_stale_units(pair.plans[0], pair.plans[1], set, refusals), 1);
    assert_int_equal(refusals[0], REFUSAL_DESTINATION_CHANGED);
    pair_free(&pair);
}

/* --- for people --- */

static void assert_once(const char *text, const char *piece)
{
    const char *first = strstr(text, piece);
    if (first == NULL || strstr(first + 1, piece) != NULL) {
        fail_msg("'%s' is not once in\n%s", piece, text);
    }
}

static void refusals_and_files_of_no_component_are_shown(void **state)
{
    (void)state;
    const struct plan_case c = {.method = "RESTORE_IF_NOT_THERE",
                                .locations = PLAN_C(PLAN_LIST("C:\\D", "*", "no")),
                                .catalog = "volume C:\nfile C:\\D\\a 1\nfree C:\\T\\y 4\n",
                                .options = "--volume C:=/c\n--unprotected\nhave file C:\\D\\a\n"};
    struct planner_fixture fixture = {0};
    struct buffer text = {0};
    vsr_error error = {0};
    plan_case_load(&fixture, &c);
    struct plan *plan = planner_fixture_plan(&fixture, &error);
    assert_non_null(plan);
    plan_render_text(plan, &text);
    buffer_add_char(&text, '\0');
    assert_once(text.p, "    PRESENT: 'C:\\D\\a': it exists");
    assert_once(text.p, "files of no component\n");
    buffer_free(&text);
    plan_free(plan);
    planner_fixture_fini(&fixture);
}

/* Two units of one writer with a procedure of its own, and one of another such. */
static void what_is_left_to_do_is_said_once_a_writer(void **state)
{
    (void)state;
#define WRITER(id, name)                                                                           \
    "<WRITER_METADATA xmlns='x-schema:#VssWriterMetadataInfo' version='1.2'><IDENTIFICATION "      \
    "writerId='" id "' instanceId='11111111-0000-4000-8000-000000000000' friendlyName='" name      \
    "' usage='USER_DATA' dataSource='OTHER'/><RESTORE_METHOD method='RESTORE_IF_CAN_BE_REPLACED' " \
    "writerRestore='never' rebootRequired='no'/><BACKUP_LOCATIONS>" PLAN_C("")                     \
        PLAN_GROUP("", "E", "") "</BACKUP_LOCATIONS></WRITER_METADATA>"
#define ENTRIES(id)                                                                                \
    "<WRITER_COMPONENTS writerId='" id "' instanceId='11111111-0000-4000-8000-000000000000' "      \
    "backupSchema='0'><COMPONENT componentName='C' componentType='filegroup'/>"                    \
    "<COMPONENT componentName='E' componentType='filegroup'/></WRITER_COMPONENTS>"
#define IIS     "59b1f0cf-90ef-465f-9609-6ca8b2938366"
#define GATEWAY "368753ec-572e-4fc7-b4b9-ccd9bdc624cb"
    const char *const texts[] = {
        "<BACKUP_COMPONENTS xmlns='x-schema:#VssComponentMetadata' version='1.2' "
        "bootableSystemStateBackup='no' selectComponents='yes' backupType='full' "
        "partialFileSupport='no'>" ENTRIES(IIS) ENTRIES(GATEWAY) "</BACKUP_COMPONENTS>",
        WRITER(IIS, "IIS"), WRITER(GATEWAY, "TSG")};
    struct planner_fixture fixture = {0};
    struct buffer text = {0};
    vsr_error error = {0};
    planner_fixture_documents(&fixture, texts, 3);
    planner_fixture_catalog(&fixture, "volume C:\n");
    planner_fixture_options(&fixture, "--volume C:=/c\n");
    struct plan *plan = planner_fixture_plan(&fixture, &error);
    assert_non_null(plan);
    assert_int_equal(plan->to_do_count, 4);
    plan_render_text(plan, &text);
    buffer_add_char(&text, '\0');
    assert_once(text.p, "  to do: IIS: restore the machine keys of the same backup");
    assert_once(text.p, "  to do: TSG: it counts only together with the registry");
    buffer_free(&text);
    plan_free(plan);
    planner_fixture_fini(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_depends_on_a_stale_unit_is_refused_with_it),
        cmocka_unit_test(a_unit_that_is_not_planned_now_is_stale),
        cmocka_unit_test(other_ranges_are_another_record),
        cmocka_unit_test(refusals_and_files_of_no_component_are_shown),
        cmocka_unit_test(what_is_left_to_do_is_said_once_a_writer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
