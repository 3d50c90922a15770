/* test_turns.c - groups of a system state appear in its order (rules 3.6), and nothing else waits
 * for it: groups by their turns, handed over as they become ready. */
#include "vsr_test.h"

#include "run/turns.h"

enum { UNITS_MAX = 8 };

struct made { /* a stage of groups of one unit each, but for the last, which has the last two */
    struct plan_unit units[UNITS_MAX];
    struct plan plan;
    struct stage_group groups[UNITS_MAX];
    uint32_t group_units[UNITS_MAX];
    struct stage stage;
    struct turns turns;
};

static void made_init(struct made *made, const uint8_t *turn_of_unit, uint32_t count)
{
    *made = (struct made){0};
    for (uint32_t i = 0; i < count; i++) {
        made->units[i].turn = turn_of_unit[i];
        made->group_units[i] = i;
        made->groups[i] = (struct stage_group){.first_unit = i, .unit_count = 1};
    }
    made->groups[count - 2].unit_count = 2;
    made->plan = (struct plan){.units = made->units, .unit_count = count};
    made->stage = (struct stage){.plan = &made->plan,
                                 .groups = made->groups,
                                 .group_count = count - 1,
                                 .group_units = made->group_units};
    turns_init(&made->turns, &made->stage);
}

static void later_turns_wait_for_earlier_ones(void **state)
{
    (void)state;
    static const uint8_t turns[] = {TURN_REGISTRY, TURN_FREE,   TURN_COM,
                                    TURN_BOOT,     TURN_SHARED, TURN_FREE};
    struct made made;
    uint32_t waiting[UNITS_MAX] = {0, 1};
    made_init(&made, turns, 6);
    assert_int_equal(turns_take(&made.turns, waiting, 2, false), 1);
    assert_int_equal(waiting[0], 1); /* free */
    assert_int_equal(waiting[1], 0);
    waiting[0] = 0;
    waiting[1] = 2;
    assert_int_equal(turns_take(&made.turns, waiting, 2, false), 0); /* boot files are not ready */
    assert_int_equal(waiting[0], 2);
    waiting[2] = 3;
    assert_int_equal(turns_take(&made.turns, waiting, 3, false), 2);
    assert_int_equal(waiting[0], 3);
    assert_int_equal(waiting[1], 2);
    assert_int_equal(waiting[2], 0); /* the last group, of a shared turn, is not ready */
    waiting[0] = 0;
    waiting[1] = 4;
    assert_int_equal(turns_take(&made.turns, waiting, 2, false), 2);
    assert_int_equal(waiting[0], 4);
    assert_int_equal(waiting[1], 0);
    turns_fini(&made.turns);
}

static void at_the_end_all_appear_in_order(void **state)
{
    (void)state;
    static const uint8_t turns[] = {TURN_REGISTRY, TURN_BOOT, TURN_COM, TURN_BOOT, TURN_REGISTRY};
    struct made made;
    uint32_t waiting[UNITS_MAX] = {0, 3, 2};
    made_init(&made, turns, 5); /* group 1 was never ready; group 3 has a registry in it */
    assert_int_equal(turns_take(&made.turns, waiting, 3, false), 0);
    assert_int_equal(turns_take(&made.turns, waiting, 3, true), 3);
    assert_int_equal(waiting[0], 2);
    assert_int_equal(waiting[1], 0);
    assert_int_equal(waiting[2], 3);
    turns_fini(&made.turns);
}

static void others_are_left_as_they_come(void **state)
{
    (void)state;
    static const uint8_t turns[] = {TURN_FREE, TURN_FREE, TURN_FREE, TURN_FREE};
    struct made made;
    uint32_t waiting[UNITS_MAX] = {2, 0, 1};
    made_init(&made, turns, 4);
    assert_int_equal(turns_take(&made.turns, waiting, 3, false), 3);
    assert_int_equal(waiting[0], 2);
    assert_int_equal(waiting[2], 1);
    turns_fini(&made.turns);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(later_turns_wait_for_earlier_ones),
        cmocka_unit_test(at_the_end_all_appear_in_order),
        cmocka_unit_test(others_are_left_as_they_come),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
