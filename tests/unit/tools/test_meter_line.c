/* test_meter_line.c - the rates of a run, and the time that is left by them.
 *
 * Goal: they are right from the beginning on, and follow when the pace changes. Method: progress as
 * a run of a known pace tells it, ten times a second; nothing was done yet the first time. What is
 * drawn: e2e/test_events.py. */
#include "vsr_test.h"

#include "console.h"
#include "meter_line.h"

#include <math.h>
#include <stdlib.h>

enum { TICK_MS = 100 };

/* Memory ends nothing here. */
void console_end(int code, const char *sentence)
{
    (void)sentence;
    exit(code);
}

static void go_on(struct meter_rates *rates, vsr_progress *progress, unsigned ticks,
                  uint64_t bytes_s)
{
    for (unsigned i = 0; i < ticks; i++) {
        progress->elapsed_ns += TICK_MS * UINT64_C(1000000);
        progress->bytes_done += bytes_s / 1000 * TICK_MS;
        progress->files_done += 10;
        meter_rates_take(rates, progress);
    }
}

static bool is_near(double value, double wanted)
{
    return fabs(value - wanted) < wanted / 10;
}

static void rates_are_right_from_the_beginning(void **state)
{
    (void)state;
    struct meter_rates rates = {0};
    vsr_progress progress = {.bytes_total = 100000000, .files_total = 100000};
    progress.elapsed_ns = TICK_MS * UINT64_C(1000000);
    meter_rates_take(&rates, &progress);
    assert_true(meter_seconds_left(&rates, &progress) < 0);
    go_on(&rates, &progress, 15, 10000000);
    assert_true(is_near(rates.bytes_s, 10000000));
    assert_true(is_near(rates.files_s, 100));
    assert_true(is_near(meter_seconds_left(&rates, &progress), 8.5));
}

static void rates_follow_the_pace(void **state)
{
    (void)state;
    struct meter_rates rates = {0};
    vsr_progress progress = {.bytes_total = UINT64_MAX, .files_total = UINT64_MAX};
    go_on(&rates, &progress, 1000, 10000000);
    assert_true(is_near(rates.bytes_s, 10000000));
    go_on(&rates, &progress, 150, 40000000);
    assert_true(is_near(rates.bytes_s, 40000000));
    go_on(&rates, &progress, 300, 0);
    assert_true(rates.bytes_s < 1000000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rates_are_right_from_the_beginning),
        cmocka_unit_test(rates_follow_the_pace),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
