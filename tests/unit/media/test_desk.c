/* test_desk.c - errands of many threads, carried out by one; none is lost, none waits for ever. */
#include "vsr_test.h"

#include "media/desk.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>

enum { ASKERS = 8, ERRANDS = 500 };

struct desk_test {
    struct desk *desk;
    pthread_t home;
    int64_t carried_out; /* by home alone: no lock */
    atomic_int asking;   /* threads that have not ended */
    atomic_int refused;
};

static int64_t errand(void *argument)
{
    struct desk_test *test = argument;
    assert_true(pthread_equal(test->home, pthread_self()));
    return ++test->carried_out;
}

static void *asker(void *argument)
{
    struct desk_test *test = argument;
    int64_t last = 0;
    for (int i = 0; i < ERRANDS; i++) {
        const int64_t got = desk_ask(test->desk, errand, test);
        if (got == -ECANCELED) {
            (void)atomic_fetch_add(&test->refused, 1);
        } else if (got <= last) { /* each thread's own are in order */
            abort();
        }
        last = got;
    }
    (void)atomic_fetch_sub(&test->asking, 1);
    desk_ring(test->desk);
    return NULL;
}

static void test_begin(struct desk_test *test, pthread_t threads[ASKERS])
{
    vsr_error error = {0};
    *test = (struct desk_test){.home = pthread_self(), .asking = ASKERS};
    assert_int_equal(desk_create(&test->desk, &error), VSR_OK);
    desk_open(test->desk);
    for (int i = 0; i < ASKERS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, asker, test), 0);
    }
}

static void test_end(struct desk_test *test, pthread_t threads[ASKERS])
{
    for (int i = 0; i < ASKERS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    desk_close(test->desk);
    desk_free(test->desk);
}

static void serve_once(struct desk_test *test)
{
    struct pollfd event = {.fd = desk_descriptor(test->desk), .events = POLLIN};
    const int64_t before = test->carried_out;
    assert_true(poll(&event, 1, 10000) > 0);
    desk_serve(test->desk);
    assert_true(test->carried_out <= before + 1); /* then it looks at other things */
}

static void all_are_carried_out_by_one(void **state)
{
    struct desk_test test;
    pthread_t threads[ASKERS];
    (void)state;
    test_begin(&test, threads);
    while (atomic_load(&test.asking) > 0) {
        serve_once(&test);
    }
    assert_int_equal(test.carried_out, ASKERS * ERRANDS);
    assert_int_equal(atomic_load(&test.refused), 0);
    test_end(&test, threads);
}

/* Somewhere in the middle: who waits, and who asks later, is refused. */
static void nobody_waits_when_it_is_shut(void **state)
{
    struct desk_test test;
    pthread_t threads[ASKERS];
    (void)state;
    test_begin(&test, threads);
    while (test.carried_out < ERRANDS) {
        serve_once(&test);
    }
    desk_shut(test.desk);
    test_end(&test, threads);
    assert_int_equal(test.carried_out + atomic_load(&test.refused), ASKERS * ERRANDS);
    assert_true(atomic_load(&test.refused) > 0);
}

/* Who would wait for itself does it at once. */
static void the_one_who_serves_may_ask(void **state)
{
    struct desk_test test = {.home = pthread_self()};
    vsr_error error = {0};
    (void)state;
    assert_int_equal(desk_create(&test.desk, &error), VSR_OK);
    assert_int_equal(desk_ask(test.desk, errand, &test), 1);
    desk_open(test.desk);
    assert_int_equal(desk_ask(test.desk, errand, &test), 2);
    desk_shut(test.desk);
    assert_int_equal(desk_ask(test.desk, errand, &test), -ECANCELED);
    desk_close(test.desk);
    assert_int_equal(desk_ask(test.desk, errand, &test), 3);
    desk_free(test.desk);
    desk_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_are_carried_out_by_one),
        cmocka_unit_test(nobody_waits_when_it_is_shut),
        cmocka_unit_test(the_one_who_serves_may_ask),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
