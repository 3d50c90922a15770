/* test_names.c - the words of the contract, sections 5 and 6, as outside programs read them. */
#include "vsr_test.h"

#include "plan/outcome.h"
#include "plan/refusal.h"

static void refusals_are_spelled_as_in_the_contract(void **state)
{
    (void)state;
    assert_null(refusal_text(REFUSAL_NONE));
    assert_string_equal(refusal_text(REFUSAL_DOCUMENT_INVALID), "DOCUMENT_INVALID");
    assert_string_equal(refusal_text(REFUSAL_NOT_REPLACEABLE), "NOT_REPLACEABLE");
    assert_string_equal(refusal_text(REFUSAL_NO_SPACE), "NO_SPACE");
    assert_int_equal(REFUSAL_COUNT, 34);
}

static void outcomes_are_spelled_as_in_the_contract(void **state)
{
    (void)state;
    assert_string_equal(outcome_text(OUTCOME_NOT_STARTED), "NOT_STARTED");
    assert_string_equal(outcome_text(OUTCOME_MEDIA_CORRUPT), "MEDIA_CORRUPT");
    assert_string_equal(outcome_text(OUTCOME_CANCELLED), "CANCELLED");
    assert_int_equal(OUTCOME_COUNT, 11);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refusals_are_spelled_as_in_the_contract),
        cmocka_unit_test(outcomes_are_spelled_as_in_the_contract),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
