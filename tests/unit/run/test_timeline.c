/* test_timeline.c - points of a run, few whatever it takes. Goal: order, ends and bounds hold.
 * Method: made-up times; no clock is asked. */
#include "vsr_test.h"

#include "run/timeline.h"

#include <stdlib.h>

static const uint64_t MS = 1000000;

static struct timeline_point point_at(uint64_t ms)
{
    return (struct timeline_point){.elapsed_ns = ms * MS, .bytes = ms * 10, .files = ms};
}

static void points_that_come_too_soon_are_left_out(void **state)
{
    struct timeline *timeline = calloc(1, sizeof *timeline);
    (void)state;
    assert_non_null(timeline);
    for (uint64_t ms = 0; ms <= 1000; ms += 10) {
        const struct timeline_point point = point_at(ms);
        timeline_add(timeline, &point, false);
    }
    assert_int_equal(timeline->count, 11);
    const struct timeline_point last = point_at(1001);
    timeline_add(timeline, &last, true);
    assert_int_equal(timeline->count, 12);
    assert_int_equal(timeline->points[11].files, 1001);
    free(timeline);
}

static void a_long_run_is_thinned_out(void **state)
{
    struct timeline *timeline = calloc(1, sizeof *timeline);
    (void)state;
    assert_non_null(timeline);
    for (uint64_t ms = 0; ms <= 7200000; ms += 100) { /* two hours */
        const struct timeline_point point = point_at(ms);
        timeline_add(timeline, &point, ms == 7200000);
    }
    assert_in_range(timeline->count, TIMELINE_POINTS_MAX / 2, TIMELINE_POINTS_MAX);
    assert_int_equal(timeline->points[0].elapsed_ns, 0);
    assert_int_equal(timeline->points[timeline->count - 1].elapsed_ns, 7200000 * MS);
    for (uint32_t i = 1; i < timeline->count; i++) {
        assert_true(timeline->points[i].elapsed_ns > timeline->points[i - 1].elapsed_ns);
        assert_true(timeline->points[i].elapsed_ns - timeline->points[i - 1].elapsed_ns <=
                    timeline->step_ns);
    }
    free(timeline);
}

static void it_is_told_as_numbers(void **state)
{
    struct timeline *timeline = calloc(1, sizeof *timeline);
    struct buffer out = {0};
    struct json json = json_into(&out);
    const struct timeline_point point = {
        .elapsed_ns = 1500 * MS, .bytes = 2, .files = 3, .failed = 4, .units = 5};
    (void)state;
    assert_non_null(timeline);
    timeline_add(timeline, &point, false);
    timeline_render(timeline, &json);
    buffer_add_char(&out, '\0');
    assert_string_equal(out.p, "\"samples\":[[1500,2,3,4,5]]");
    buffer_free(&out);
    free(timeline);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(points_that_come_too_soon_are_left_out),
        cmocka_unit_test(a_long_run_is_thinned_out),
        cmocka_unit_test(it_is_told_as_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
