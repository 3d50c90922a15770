/* test_write_mode.c - what large files are written by: what was asked for against what a mount can.
 *
 * Goal: each mode gives what it names or is refused with the destination's name, and auto takes the
 * best that there is. Method: made-up abilities; test_roundtrip.c writes files in each mode. */
#include "vsr_test.h"

#include "engine/write_mode.h"

static const struct dest_abilities disk = {.direct_write = true, .uncached_write = true};
static const struct dest_abilities older = {.direct_write = true};
static const struct dest_abilities memory = {.memory_backed = true};

static struct budget budget_of(enum write_mode mode, enum ring_choice ring)
{
    const struct machine_facts machine = {.cores = 1,
                                          .memory_bytes = (uint64_t)1 << 30,
                                          .locked_memory_bytes = UINT64_MAX,
                                          .page_bytes = 4096,
                                          .uring = true};
    const struct engine_options options = {.write_mode = mode, .ring = ring};
    struct budget budget;
    vsr_error error = {0};
    assert_int_equal(budget_resolve(&budget, &options, &machine, 4096, 4096, 1, 0, &error), VSR_OK);
    return budget;
}

static void each_mode_on_each_destination(void **state)
{
    static const struct {
        enum write_mode asked;
        enum ring_choice ring;
        const struct dest_abilities *abilities;
        enum write_mode got;
    } rows[] = {
        {WRITE_AUTO, RING_URING, &disk, WRITE_DIRECT},
        {WRITE_AUTO, RING_SYNC, &disk, WRITE_UNCACHED}, /* one at a time: no gain by O_DIRECT */
        {WRITE_AUTO, RING_SYNC, &older, WRITE_BUFFERED},
        {WRITE_AUTO, RING_URING, &memory, WRITE_BUFFERED},
        {WRITE_DIRECT, RING_URING, &disk, WRITE_DIRECT},
        {WRITE_DIRECT, RING_SYNC, &disk, WRITE_DIRECT},
        {WRITE_BUFFERED, RING_URING, &disk, WRITE_BUFFERED},
        {WRITE_UNCACHED, RING_URING, &disk, WRITE_UNCACHED},
        {WRITE_UNCACHED, RING_SYNC, &disk, WRITE_UNCACHED},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct budget budget = budget_of(rows[i].asked, rows[i].ring);
        assert_int_equal(write_mode_of(&budget, rows[i].abilities), rows[i].got);
    }
}

static void what_cannot_be_had_is_refused_by_name(void **state)
{
    static const struct {
        enum write_mode mode;
        const struct dest_abilities *abilities;
        const char *why; /* NULL: it is taken */
    } rows[] = {
        {WRITE_AUTO, &memory, NULL},
        {WRITE_BUFFERED, &memory, NULL},
        {WRITE_DIRECT, &older, NULL},
        {WRITE_DIRECT, &memory, "it is memory"},
        {WRITE_UNCACHED, &older, "RWF_DONTCACHE"},
        {WRITE_UNCACHED, &disk, NULL},
    };
    static const char text[] = "/first/second";
    const struct plan_root roots[] = {{.dir = {0, 6}}, {.dir = {6, 7}}};
    const struct plan plan = {.roots = roots, .root_count = 2, .text = text, .text_bytes = 13};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct budget budget = budget_of(rows[i].mode, RING_URING);
        struct stage_mount mounts[] = {{.root = 0, .abilities = disk},
                                       {.root = 1, .abilities = *rows[i].abilities}};
        const struct stage stage = {.plan = &plan, .mounts = mounts, .mount_count = 2};
        vsr_error error = {0};
        const vsr_code code = write_mode_check(&budget, &stage, &error);
        assert_int_equal(code, rows[i].why == NULL ? VSR_OK : VSR_ERR_USAGE);
        if (rows[i].why != NULL) {
            assert_non_null(strstr(error.what, rows[i].why));
            assert_non_null(strstr(error.what, "/second"));
            assert_null(strstr(error.what, "/first"));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_mode_on_each_destination),
        cmocka_unit_test(what_cannot_be_had_is_refused_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
