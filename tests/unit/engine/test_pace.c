/* test_pace.c - what slows workers down, and which files took longest.
 *
 * Goal: a limit holds for all together, a pause lasts until it ends, and a stopped run waits for
 * neither. Method: threads that take their places as workers do; times are looked at from below
 * alone, so that a slow machine changes nothing. */
#include "vsr_test.h"

#include "base/clock.h"
#include "engine/pace.h"
#include "engine/slow_files.h"

#include <pthread.h>

enum { WORKERS = 3, FRAMES = 8, FRAME_BYTES = 100000 };

struct crew {
    struct pace pace;
    atomic_bool stop;
    atomic_uint frames;
};

static void *worker(void *argument)
{
    struct crew *crew = argument;
    for (int i = 0; i < FRAMES && !atomic_load(&crew->stop); i++) {
        if (!pace_is_free(&crew->pace)) {
            pace_wait(&crew->pace, FRAME_BYTES, &crew->stop);
        }
        atomic_fetch_add(&crew->frames, 1);
    }
    return NULL;
}

static void crew_start(struct crew *crew, pthread_t threads[WORKERS])
{
    for (int i = 0; i < WORKERS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, worker, crew), 0);
    }
}

static void crew_join(pthread_t threads[WORKERS])
{
    for (int i = 0; i < WORKERS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
}

static void a_limit_holds_for_all_together(void **state)
{
    struct crew crew = {0};
    pthread_t threads[WORKERS];
    (void)state;
    pace_limit(&crew.pace, 10 * FRAME_BYTES); /* 24 frames: 2.4 s, less what may be caught up */
    const uint64_t began_ns = clock_monotonic_ns();
    crew_start(&crew, threads);
    crew_join(threads);
    assert_int_equal(atomic_load(&crew.frames), WORKERS * FRAMES);
    assert_true(clock_monotonic_ns() - began_ns > UINT64_C(2100000000));
}

static void a_pause_lasts_until_it_ends(void **state)
{
    struct crew crew = {0};
    pthread_t threads[WORKERS];
    (void)state;
    pace_pause(&crew.pace, true);
    crew_start(&crew, threads);
    const uint64_t began_ns = clock_monotonic_ns();
    while (clock_monotonic_ns() - began_ns < 100000000) {
        assert_int_equal(atomic_load(&crew.frames), 0);
    }
    pace_pause(&crew.pace, false);
    crew_join(threads);
    assert_int_equal(atomic_load(&crew.frames), WORKERS * FRAMES);
}

static void a_stopped_run_waits_for_nothing(void **state)
{
    struct crew crew = {0};
    pthread_t threads[WORKERS];
    (void)state;
    pace_limit(&crew.pace, 1); /* a frame a day */
    pace_pause(&crew.pace, true);
    crew_start(&crew, threads);
    atomic_store(&crew.stop, true);
    crew_join(threads);
}

static void a_limit_that_goes_holds_nobody(void **state)
{
    struct crew crew = {0};
    pthread_t threads[WORKERS];
    (void)state;
    pace_limit(&crew.pace, 1);
    crew_start(&crew, threads);
    pace_limit(&crew.pace, 0);
    crew_join(threads);
    assert_int_equal(atomic_load(&crew.frames), WORKERS * FRAMES);
}

static void the_slowest_are_kept(void **state)
{
    struct slow_list list = {0};
    (void)state;
    for (uint32_t file = 0; file < 1000; file++) {
        slow_list_add(&list, file, file * 7919 % 1000); /* each time once */
    }
    slow_list_sort(&list);
    assert_int_equal(list.count, SLOW_FILES_MAX);
    for (uint32_t i = 0; i < list.count; i++) {
        assert_int_equal(list.files[i].ms, 999 - i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_limit_holds_for_all_together),
        cmocka_unit_test(a_pause_lasts_until_it_ends),
        cmocka_unit_test(a_stopped_run_waits_for_nothing),
        cmocka_unit_test(a_limit_that_goes_holds_nobody),
        cmocka_unit_test(the_slowest_are_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
