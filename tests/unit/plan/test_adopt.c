/* test_adopt.c - plans in JSON lines of which something is stale: the rest is told as fully as by a
 * plan of ours.
 *
 * Method: a plan is printed and read back, then planned again on what stands there by now; what the
 * lines do not say is taken over, and compared with the plan that was printed. */
#include "vsr_test.h"

#include "plan/adopt.h"
#include "plan/plan_lines.h"
#include "plan/stale.h"
#include "plan_case.h"

#include <stdlib.h>

struct pair {
    struct planner_fixture before, after;
    struct plan *whole; /* as it was planned ...    */
    struct plan *lines; /* ... and read back        */
    struct plan *now;
    enum refusal refusals[2];
    uint32_t stale;
};

static struct plan *plan_of(struct planner_fixture *fixture, const struct plan_case *c)
{
    vsr_error error = {0};
    plan_case_load(fixture, c);
    struct plan *plan = planner_fixture_plan(fixture, &error);
    if (plan == NULL) {
        fail_msg("%s", error.what);
    }
    return plan;
}

static void pair_load(struct pair *pair, const struct plan_case *c, const char *options)
{
    struct plan_case later = *c;
    vsr_error error = {0};
    *pair = (struct pair){0};
    later.options = options;
    pair->whole = plan_of(&pair->before, c);
    pair->now = plan_of(&pair->after, &later);
    assert_int_equal(plan_read_lines(&pair->lines,
                                     planner_fixture_jsonl(&pair->before, pair->whole), "p",
                                     &pair->before.set, &pair->before.documents, &error),
                     VSR_OK);
    pair->stale = plan_stale_units(pair->lines, pair->now, &pair->before.set, pair->refusals);
}

static void pair_free(struct pair *pair)
{
    plan_free(pair->whole);
    plan_free(pair->lines);
    plan_free(pair->now);
    planner_fixture_fini(&pair->before);
    planner_fixture_fini(&pair->after);
}

/* A writer that falls back to its mapping, with a ranges file, and what the caller asked for. */
static const struct plan_case told = {
    .method = "RESTORE_IF_CAN_BE_REPLACED",
    .mappings = PLAN_MAP("C:\\D", "*", "yes", "C:\\Alt"),
    .locations = PLAN_C(PLAN_LIST("C:\\D", "*", "yes") PLAN_LIST("C:\\E", "*", "no")),
    .components = PLAN_ENTRIES(PLAN_PARTIAL("C:\\D", "p", "C:\\D\\p.rng")),
    .second = PLAN_C(PLAN_LIST("C:\\F", "*", "no")),
    .catalog = "volume C:\nfile C:\\D\\a 1\nranges C:\\D\\p 5 0:4\npairs C:\\D\\p.rng 0:4\n"
               "file C:\\E\\e 1\nfile C:\\F\\f 1\n",
    .options = "--volume C:=/c\n--new-target W:C|C:\\E|*|no|C:\\New\n--restore-options W:C=x\n"
               "have file C:\\D\\a locked\nhave file C:\\Alt\\p\n"};

static void what_is_told_beside_the_records_is_taken_over(void **state)
{
    (void)state;
    struct pair pair;
    pair_load(&pair, &told,
              "--volume C:=/c\n--new-target W:C|C:\\E|*|no|C:\\New\n--restore-options W:C=x\n"
              "have file C:\\D\\a locked\nhave file C:\\Alt\\p\nhave file C:\\F\\f\n");
    assert_int_equal(pair.stale, 1);
    ((struct plan_unit *)(uintptr_t)pair.now->units)[0].additional_restores = FLAG_YES;
    for (int i = 0; i < 2; i++) { /* again, too */
        plan_adopt(pair.lines, pair.now, pair.refusals);
        assert_int_equal(pair.refusals[0], REFUSAL_NONE);
        assert_int_equal(pair.refusals[1], REFUSAL_DESTINATION_CHANGED);
        const struct view wanted = plan_case_text(&pair.before, pair.whole, false);
        const struct view got = plan_case_text(&pair.before, pair.lines, false);
        if (!view_equal(wanted, got)) {
            fail_msg("got\n%.*swanted\n%.*s", VIEW_ARG(got), VIEW_ARG(wanted));
        }
        assert_int_equal(pair.lines->used_mapping_count, 1);
        assert_int_equal(pair.lines->ranges_path_count, 1);
        assert_int_equal(pair.lines->new_target_count, 1);
        assert_int_equal(pair.lines->restore_option_count, 1);
        assert_int_equal(pair.lines->units[0].additional_restores, FLAG_YES);
        assert_view_equal(plan_text(pair.lines, pair.lines->new_targets[0].alternate_path),
                          "C:\\New");
        assert_view_equal(plan_text(pair.lines, pair.lines->restore_options[0].text), "x");
    }
    pair_free(&pair);
}

static const struct plan_case shared = {.method = "RESTORE_IF_CAN_BE_REPLACED",
                                        .locations = PLAN_C(PLAN_LIST("C:\\D", "*", "no")),
                                        .second = PLAN_C(PLAN_LIST("C:\\D", "a", "no")
                                                             PLAN_LIST("C:\\E", "e", "no")),
                                        .catalog = "volume C:\nfile C:\\D\\a 1\nfile C:\\D\\b 1\n"
                                                   "file C:\\E\\e 1\n",
                                        .options = "--volume C:=/c\n"};

static void files_of_other_units_are_depended_on(void **state)
{
    (void)state;
    struct pair pair;
    pair_load(&pair, &shared, shared.options);
    assert_int_equal(pair.stale, 0);
    plan_adopt(pair.lines, pair.now, pair.refusals);
    assert_int_equal(pair.refusals[1], REFUSAL_NONE);
    assert_int_equal(pair.lines->shared_count, 1);
    assert_view_equal(plan_case_text(&pair.before, pair.lines, false),
                      plan_case_text(&pair.before, pair.whole, false).p);
    pair_free(&pair);
}

static void what_they_lack_is_refused_with_it(void **state)
{
    (void)state;
    static const enum refusal wanted[] = {REFUSAL_DESTINATION_CHANGED, REFUSAL_DESTINATION_CHANGED,
                                          REFUSAL_PRESENT};
    for (size_t i = 0; i < COUNT_OF(wanted); i++) {
        struct pair pair;
        pair_load(&pair, &shared, i == 0 ? "--volume C:=/c\nhave file C:\\D\\b\n" : shared.options);
        struct plan_unit *first = (struct plan_unit *)(uintptr_t)pair.lines->units;
        assert_int_equal(pair.refusals[1], REFUSAL_NONE); /* its own records are as they were */
        if (i == 1) {
            first->writer = 7; /* of nobody that is planned now */
        } else if (i == 2) {
            first->refusal = REFUSAL_PRESENT;
        }
        plan_adopt(pair.lines, pair.now, pair.refusals);
        assert_int_equal(pair.refusals[1], wanted[i]);
        assert_int_equal(pair.lines->shared_count, 0);
        pair_free(&pair);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_told_beside_the_records_is_taken_over),
        cmocka_unit_test(files_of_other_units_are_depended_on),
        cmocka_unit_test(what_they_lack_is_refused_with_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
