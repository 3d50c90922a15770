/* test_budget.c - the numbers of a run: what is asked for, what fits, what is refused. */
#include "vsr_test.h"

#include "base/limits.h"
#include "engine/budget.h"

#include <stdlib.h>

static const struct machine_facts plenty = {
    .cores = 2,
    .memory_bytes = UINT64_C(24) << 30,
    .locked_memory_bytes = UINT64_MAX,
    .page_bytes = 4096,
    .uring = true,
};

static vsr_code resolve(struct budget *out, const struct engine_options *options,
                        const struct machine_facts *machine, vsr_error *error)
{
    *error = (vsr_error){0};
    return budget_resolve(out, options, machine, FRAME_STORED_BYTES_MAX, FRAME_PLAIN_BYTES_MAX,
                          1000, 0, error);
}

static void test_defaults_are_one_worker_a_core(void **state)
{
    struct budget budget;
    vsr_error error;
    (void)state;
    assert_int_equal(resolve(&budget, &(struct engine_options){0}, &plenty, &error), VSR_OK);
    assert_int_equal(budget.workers, 2);
    assert_int_equal(budget.ring, RING_URING);
    assert_true(budget.registered_buffers);
    assert_true(budget.slots <= budget.queue_depth);
    assert_int_equal(budget.slab_bytes % 4096, 0);
    assert_true(budget.total_bytes >= budget.workers * budget.slab_bytes + 1000 * 28);
}

static void test_memory_is_held(void **state)
{
    struct budget budget;
    vsr_error error;
    (void)state;
    const struct engine_options some = {.memory_bytes = (uint64_t)16 << 20};
    assert_int_equal(resolve(&budget, &some, &plenty, &error), VSR_OK);
    assert_true(budget.total_bytes <= some.memory_bytes);
    assert_true(budget.slots >= 1);
    const struct engine_options little = {.memory_bytes = (uint64_t)1 << 20};
    assert_int_equal(resolve(&budget, &little, &plenty, &error), VSR_ERR_MEMORY);
    assert_non_null(strstr(error.what, "need")); /* and names the number */
}

static void test_rings(void **state)
{
    struct budget budget;
    vsr_error error;
    struct machine_facts without = plenty;
    (void)state;
    without.uring = false;
    (void)snprintf(without.uring_reason, sizeof without.uring_reason, "%s", "because");
    assert_int_equal(resolve(&budget, &(struct engine_options){0}, &without, &error), VSR_OK);
    assert_int_equal(budget.ring, RING_SYNC);
    assert_false(budget.registered_buffers);
    const struct engine_options uring = {.ring = RING_URING};
    assert_int_equal(resolve(&budget, &uring, &without, &error), VSR_ERR_USAGE);
    assert_non_null(strstr(error.what, "because"));
    const struct engine_options sync = {.ring = RING_SYNC};
    assert_int_equal(resolve(&budget, &sync, &plenty, &error), VSR_OK);
    assert_int_equal(budget.ring, RING_SYNC);
}

static void test_locked_memory_bounds_registration(void **state)
{
    struct budget budget;
    vsr_error error;
    struct machine_facts ordinary = plenty;
    (void)state;
    ordinary.locked_memory_bytes = (uint64_t)8 << 20;
    assert_int_equal(resolve(&budget, &(struct engine_options){0}, &ordinary, &error), VSR_OK);
    assert_false(budget.registered_buffers);
}

static void test_too_many_workers(void **state)
{
    struct budget budget;
    vsr_error error;
    (void)state;
    const struct engine_options workers = {.workers = WORKERS_MAX + 1};
    assert_int_equal(resolve(&budget, &workers, &plenty, &error), VSR_ERR_USAGE);
    const struct engine_options depth = {.queue_depth = QUEUE_DEPTH_MAX + 1};
    assert_int_equal(resolve(&budget, &depth, &plenty, &error), VSR_ERR_USAGE);
}

static void test_every_number_is_told(void **state)
{
    struct budget budget;
    vsr_error error;
    struct buffer text = {0};
    (void)state;
    assert_int_equal(resolve(&budget, &(struct engine_options){0}, &plenty, &error), VSR_OK);
    budget_render(&budget, &plenty, &text);
    buffer_add_char(&text, '\0');
    assert_non_null(strstr(text.p, "workers 2"));
    assert_non_null(strstr(text.p, "io_uring"));
    struct machine_facts bounded = plenty;
    bounded.locked_memory_bytes = 12345;
    text.n = 0;
    budget_render(&budget, &bounded, &text);
    buffer_add_char(&text, '\0');
    assert_non_null(strstr(text.p, " 12345 bytes may be locked\n"));
    bounded.locked_memory_bytes = UINT64_MAX;
    text.n = 0;
    budget_render(&budget, &bounded, &text);
    buffer_add_char(&text, '\0');
    assert_non_null(strstr(text.p, "no limit on locked memory\n"));
    buffer_free(&text);
}

static void test_this_machine_has_numbers(void **state)
{
    struct machine_facts machine;
    (void)state;
    machine_examine(&machine);
    assert_true(machine.cores > 0 && machine.memory_bytes > 0 && machine.page_bytes >= 4096);
    assert_true(machine.uring == (machine.uring_reason[0] == '\0'));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults_are_one_worker_a_core),
        cmocka_unit_test(test_memory_is_held),
        cmocka_unit_test(test_rings),
        cmocka_unit_test(test_locked_memory_bounds_registration),
        cmocka_unit_test(test_too_many_workers),
        cmocka_unit_test(test_every_number_is_told),
        cmocka_unit_test(test_this_machine_has_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
