/* test_budget.c - the numbers of a run: what is asked for, what fits, what is refused. */
#include "vsr_test.h"

#include "base/limits.h"
#include "engine/budget.h"

#include <sched.h>
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

/* As many cores are used as memory allows; workers that were asked for are had or refused. */
static void test_little_memory_cuts_workers(void **state)
{
    struct budget budget;
    vsr_error error;
    struct machine_facts many = plenty;
    many.cores = 64;
    (void)state;
    struct engine_options some = {.memory_bytes = (uint64_t)64 << 20};
    assert_int_equal(resolve(&budget, &some, &many, &error), VSR_OK);
    assert_true(budget.total_bytes <= some.memory_bytes);
    assert_int_equal(budget.slots, 1);
    assert_in_range(budget.workers, 2, 63);
    const uint64_t one_worker = budget.slab_bytes + BUDGET_WORKER_BYTES;
    assert_true(budget.total_bytes + one_worker > some.memory_bytes); /* not one less than fits */
    some.workers = 64;
    assert_int_equal(resolve(&budget, &some, &many, &error), VSR_ERR_MEMORY);
    assert_non_null(strstr(error.what, "64 workers with one frame each need"));
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

static void test_more_cores_than_workers(void **state)
{
    struct budget budget;
    vsr_error error;
    struct machine_facts large = plenty;
    (void)state;
    large.cores = WORKERS_MAX + 128;
    assert_int_equal(resolve(&budget, &(struct engine_options){0}, &large, &error), VSR_OK);
    assert_int_equal(budget.workers, WORKERS_MAX);
}

/* What budget_render() tells of these options here, and that there are these words in it. */
static void assert_told(const struct engine_options *options, const struct machine_facts *machine,
                        uint64_t file_count, const char *words)
{
    struct budget budget;
    vsr_error error = {0};
    struct buffer text = {0};
    assert_int_equal(budget_resolve(&budget, options, machine, FRAME_STORED_BYTES_MAX,
                                    FRAME_PLAIN_BYTES_MAX, file_count, 0, &error),
                     VSR_OK);
    budget_render(&budget, machine, &text);
    buffer_add_char(&text, '\0');
    if (strstr(text.p, words) == NULL) {
        fail_msg("\"%s\" is not in:\n%s", words, text.p);
    }
    buffer_free(&text);
}

static void test_every_number_is_told(void **state)
{
    const struct engine_options none = {0};
    struct machine_facts bounded = plenty, large = plenty;
    (void)state;
    bounded.locked_memory_bytes = 12345;
    large.cores = 384;
    assert_told(&none, &plenty, 0, "machine: 2 cores, 25769803776 bytes of memory, pages of 4096");
    assert_told(&none, &plenty, 0, "workers 2: chosen; one for each of 2 cores\n");
    assert_told(&none, &large, 0, "workers 256: chosen; as many as a run can have, of 384 cores\n");
    assert_told(&none, &plenty, 0, "queue depth 8: chosen; ");
    assert_told(&none, &plenty, 0, "memory limit 12884901888 bytes: chosen; half of the machine's");
    assert_told(&none, &plenty, 0, "the least that reaches full speed");
    assert_told(&none, &plenty, 0, "and 28 more for each file of a plan\n");
    assert_told(&none, &plenty, 1000, "28000 in tables of planned files\n");
    assert_told(&none, &plenty, 0, "ring io_uring: chosen; ");
    assert_told(&none, &plenty, 0, "registered buffers yes: no limit on locked memory\n");
    assert_told(&none, &bounded, 0, "registered buffers no: 12345 bytes may be locked, ");
    assert_told(&none, &plenty, 0, "write mode auto: chosen; large files go past the page cache");
}

static void test_what_was_asked_for_is_told_as_that(void **state)
{
    struct machine_facts without = plenty;
    (void)state;
    without.uring = false;
    (void)snprintf(without.uring_reason, sizeof without.uring_reason, "%s", "because");
    assert_told(&(struct engine_options){.workers = 4}, &plenty, 0,
                "workers 4: asked for; this process may use 2 cores\n");
    assert_told(&(struct engine_options){.queue_depth = 2}, &plenty, 0,
                "queue depth 2: asked for; ");
    assert_told(&(struct engine_options){.memory_bytes = UINT64_C(64) << 20}, &plenty, 0,
                "memory limit 67108864 bytes: asked for; ");
    assert_told(&(struct engine_options){.ring = RING_SYNC}, &plenty, 0,
                "registered buffers no: they are io_uring's, which is not used\n");
    assert_told(&(struct engine_options){.ring = RING_SYNC}, &plenty, 0,
                "ring preadv and pwritev: asked for; ");
    assert_told(&(struct engine_options){0}, &without, 0,
                "ring preadv and pwritev: chosen; because\n");
    assert_told(&(struct engine_options){.write_mode = WRITE_DIRECT}, &plenty, 0,
                "write mode direct: asked for; ");
}

static void test_what_memory_cut_is_told(void **state)
{
    const struct engine_options chosen = {.memory_bytes = UINT64_C(12) << 20};
    const struct engine_options asked = {.memory_bytes = UINT64_C(12) << 20, .queue_depth = 64};
    (void)state;
    assert_told(&chosen, &plenty, 0,
                "queue depth 2: cut from 8, which would be chosen; no more fit "
                "into 12582912 bytes of memory\n");
    assert_told(&asked, &plenty, 0, "queue depth 2: cut from 64, which was asked for; ");
    struct machine_facts many = plenty;
    many.cores = 64;
    assert_told(&chosen, &many, 0, "workers 3: cut from 64, which would be chosen; no more fit ");
}

static void test_numbers_are_json(void **state)
{
    struct budget budget;
    vsr_error error;
    struct buffer text = {0};
    (void)state;
    const struct engine_options asked = {.memory_bytes = UINT64_C(12) << 20, .queue_depth = 64};
    assert_int_equal(resolve(&budget, &asked, &plenty, &error), VSR_OK);
    budget_render_json(&budget, &plenty, &text);
    buffer_add_char(&text, '\0');
    assert_non_null(strstr(text.p, "{\"t\":\"system\",\"v\":1,\"machine\":{\"cores\":2,"));
    assert_non_null(strstr(text.p, "\"locked_memory_bytes\":null,\"io_uring\":true}"));
    assert_non_null(strstr(text.p, "{\"name\":\"queue depth\",\"value\":2,\"origin\":\"cut\","
                                   "\"cut_from\":64,\"reason\":\"no more fit"));
    assert_non_null(strstr(text.p, "{\"name\":\"ring\",\"value\":\"io_uring\",\"origin\":"
                                   "\"chosen\",\"cut_from\":null,"));
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

static void test_cores_are_those_that_may_be_used(void **state)
{
    cpu_set_t all, one;
    struct machine_facts machine;
    (void)state;
    assert_int_equal(sched_getaffinity(0, sizeof all, &all), 0);
    CPU_ZERO(&one);
    for (size_t i = 0; CPU_COUNT(&one) == 0; i++) {
        if (CPU_ISSET(i, &all)) {
            CPU_SET(i, &one);
        }
    }
    assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
    machine_examine(&machine);
    assert_int_equal(sched_setaffinity(0, sizeof all, &all), 0);
    assert_int_equal(machine.cores, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults_are_one_worker_a_core),
        cmocka_unit_test(test_memory_is_held),
        cmocka_unit_test(test_little_memory_cuts_workers),
        cmocka_unit_test(test_rings),
        cmocka_unit_test(test_locked_memory_bounds_registration),
        cmocka_unit_test(test_too_many_workers),
        cmocka_unit_test(test_more_cores_than_workers),
        cmocka_unit_test(test_every_number_is_told),
        cmocka_unit_test(test_what_was_asked_for_is_told_as_that),
        cmocka_unit_test(test_what_memory_cut_is_told),
        cmocka_unit_test(test_numbers_are_json),
        cmocka_unit_test(test_this_machine_has_numbers),
        cmocka_unit_test(test_cores_are_those_that_may_be_used),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
