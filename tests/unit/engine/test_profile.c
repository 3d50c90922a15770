/* test_profile.c - where a worker's time went, all of it.
 *
 * Goal: the parts of each worker's time add up to the pipeline's, whatever it did; runs of small
 * files are divided as their samples say; what was done is counted. Method: meters filled by hand,
 * and restores of every kind of piece with both rings, of which only sums and counts are looked at,
 * never how long anything took. */
#include "vsr_test.h"

#include "media_fixture.h"
#include "plan_fixture.h"

#include <stdlib.h>

static void small_files_are_divided_by_their_samples(void **state)
{
    struct meter meter = {0};
    struct work_profile profile;
    (void)state;
    meter_add(&meter.small_ns, 1000);
    meter_add(&meter.sampled_ns[WORK_CREATE], 30);
    meter_add(&meter.sampled_ns[WORK_WRITE], 10);
    meter_add(&meter.exact_ns[WORK_WRITE], 5);
    meter_add(&meter.count[WORK_WRITE], 7);
    work_profile_take(&profile, &meter);
    assert_int_equal(profile.ns[WORK_CREATE], 750);
    assert_int_equal(profile.ns[WORK_WRITE], 255);
    assert_int_equal(profile.ns[WORK_METADATA], 0);
    assert_int_equal(profile.count[WORK_WRITE], 7);
}

static void who_has_nothing_to_do_is_idle(void **state)
{
    struct work_profile workers[] = {{.began_ns = 100, .ended_ns = 1100},
                                     {.began_ns = 150, .ended_ns = 600}};
    (void)state;
    work_profile_idle(workers, 2);
    assert_int_equal(workers[0].wall_ns, 1000);
    assert_int_equal(workers[0].ns[WORK_IDLE], 0);
    assert_int_equal(workers[1].wall_ns, 1000);
    assert_int_equal(workers[1].ns[WORK_IDLE], 550);
}

static void one_small_file_of_some_is_timed(void **state)
{
    enum { FILES = 3 * METER_SAMPLE_EACH };
    struct meter meter = {0};
    uint32_t sampled = 0;
    (void)state;
    meter.marked_ns = clock_monotonic_ns();
    for (uint32_t i = 0; i < FILES; i++) {
        meter_small(&meter);
        sampled += meter.mode == METER_SAMPLED;
        meter_mark(&meter, WORK_CREATE);
        assert_int_equal(meter_read(&meter.exact_ns[WORK_CREATE]), 0);
    }
    meter_small_end(&meter);
    assert_int_equal(sampled, 3);
    assert_int_equal(meter.mode, METER_EXACT);
    assert_int_equal(meter_read(&meter.count[WORK_CREATE]), FILES);
    assert_true(meter_read(&meter.sampled_ns[WORK_CREATE]) <= meter_read(&meter.small_ns));
}

/* --- whole restores --- */

enum { FILES = 300, LARGE = 77, LARGE_BYTES = 5 << 20 };

struct world {
    char folder[64], dir[128];
    struct media_set set;
    struct plan *plan;
    char *bytes;
    struct fixture_file files[FILES];
    char names[FILES][32];
};

static int world_open(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    w->bytes = fixture_bytes(1, LARGE_BYTES);
    for (uint32_t i = 0; i < FILES; i++) {
        (void)snprintf(w->names[i], sizeof w->names[i], "d%u/f%u", i / 20, i);
        w->files[i] =
            (struct fixture_file){.path = w->names[i],
                                  .content = {w->bytes, i == LARGE ? LARGE_BYTES : i * 37 % 5000}};
    }
    restore_folder_open(w->folder, w->dir, &w->set, w->files, FILES);
    *state = w;
    return 0;
}

static int world_close(void **state)
{
    struct world *w = *state;
    set_close(&w->set);
    fixture_remove(w->folder);
    free(w->bytes);
    free(w);
    return 0;
}

/* Sums over the workers; each one's parts are all of its time. */
static struct work_profile profile_check(const struct restore *r)
{
    struct work_profile all = {0};
    assert_int_equal(r->profile_count, r->workers);
    for (uint32_t i = 0; i < r->profile_count; i++) {
        const struct work_profile *one = &r->profile[i];
        uint64_t sum = 0;
        for (int phase = 0; phase < WORK_PHASE_COUNT; phase++) {
            sum += one->ns[phase];
            all.count[phase] += one->count[phase];
        }
        assert_true(sum <= one->wall_ns && one->wall_ns - sum <= WORK_PHASE_COUNT); /* rounding */
        assert_int_equal(one->wall_ns, r->profile[0].wall_ns);
        all.direct_bytes += one->direct_bytes;
    }
    return all;
}

static struct restore restored(struct world *w, enum ring_choice ring, uint32_t workers,
                               bool nothing)
{
    struct restore r = {.set = &w->set,
                        .plan = plan_fixture_create(&w->set, w->dir, 1, NULL),
                        .ring = ring,
                        .workers = workers,
                        .durability = DURABILITY_NONE,
                        .discard = nothing};
    assert_int_equal(restore_run(&r), VSR_OK);
    assert_int_equal(r.progress.files_failed, 0);
    return r;
}

static void restored_free(struct restore *r)
{
    struct plan *plan = (struct plan *)(uintptr_t)r->plan;
    restore_free(r);
    plan_fixture_free(plan);
}

static void parts_are_the_whole(void **state)
{
    struct machine_facts machine;
    machine_examine(&machine);
    for (int ring = RING_URING; ring <= RING_SYNC; ring++) {
        for (uint32_t workers = 1; workers <= 3; workers++) {
            if (ring == RING_URING && !machine.uring) {
                continue;
            }
            struct restore r = restored(*state, (enum ring_choice)ring, workers, false);
            const struct work_profile all = profile_check(&r);
            assert_int_equal(all.count[WORK_DECODE], r.progress.frames);
            assert_true(all.count[WORK_READ] >= r.progress.frames);
            assert_int_equal(all.count[WORK_METADATA], r.plan->file_count);
            assert_true(all.count[WORK_CREATE] >= FILES);
            assert_true(all.count[WORK_VERIFY] >= all.count[WORK_DECODE]);
            assert_true(all.count[WORK_WRITE] + all.count[WORK_WRITE_WAIT] >= FILES - 2);
            assert_true(all.direct_bytes <= LARGE_BYTES);
            restored_free(&r);
        }
    }
}

static void the_null_sink_writes_no_time_away(void **state)
{
    struct restore r = restored(*state, RING_SYNC, 2, true);
    const struct work_profile all = profile_check(&r);
    assert_true(all.count[WORK_VERIFY] >= FILES - 2); /* two are empty */
    assert_int_equal(all.count[WORK_CREATE], 0);
    assert_int_equal(all.count[WORK_WRITE], 0);
    restored_free(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_files_are_divided_by_their_samples),
        cmocka_unit_test(who_has_nothing_to_do_is_idle),
        cmocka_unit_test(one_small_file_of_some_is_timed),
        cmocka_unit_test(parts_are_the_whole),
        cmocka_unit_test(the_null_sink_writes_no_time_away),
    };
    return cmocka_run_group_tests(tests, world_open, world_close);
}
