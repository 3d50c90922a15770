/* test_early_sync.c - the thread that syncs beside the engine: it does, it ends, it leaves memory
 * file systems alone.
 *
 * Goal: a run never waits for it longer than for one sync. Method: a stage that is nothing but its
 * mounts. That an error which it alone was told fails the commit's own sync, too:
 * fault/test_sync.py. */
#include "vsr_test.h"

#include "dest/early_sync.h"
#include "media_fixture.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

static void pause_ms(long ms)
{
    (void)nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

struct rounds {
    atomic_uint begun, kept;
};

static uint32_t round_begun(void *context)
{
    struct rounds *rounds = context;
    return 1 + atomic_fetch_add(&rounds->begun, 1);
}

static void round_kept(void *context, uint32_t round)
{
    struct rounds *rounds = context;
    atomic_store(&rounds->kept, round);
}

static void wait_for(const atomic_uint *number)
{
    while (atomic_load(number) == 0) {
        pause_ms(1);
    }
}

static void test_it_syncs_until_it_is_ended(void **state)
{
    (void)state;
    char folder[64];
    fixture_folder(folder);
    struct stage_mount mounts[2] = {{.abilities.memory_backed = true},
                                    {.fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)}};
    assert_true(mounts[1].fd >= 0);
    struct stage stage = {.mounts = mounts, .mount_count = 2};
    struct rounds rounds = {0};
    const struct early_sync_watch watch = {&rounds, round_begun, round_kept, NULL};
    struct early_sync *early = early_sync_open(&stage, &watch);
    assert_non_null(early);
    early_sync_begin(early);
    wait_for(&rounds.kept); /* a disk may take its time */
    assert_true(early_sync_end(early) > 0);
    early = early_sync_open(&stage, NULL);
    assert_non_null(early);
    early_sync_begin(early);
    (void)early_sync_end(early); /* at once, whether or not the first pause is over */
    (void)close(mounts[1].fd);
    fixture_remove(folder);
}

static void test_none_is_begun_while_it_is_held(void **state)
{
    (void)state;
    char folder[64];
    fixture_folder(folder);
    struct stage_mount mount = {.fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    assert_true(mount.fd >= 0);
    struct stage stage = {.mounts = &mount, .mount_count = 1};
    struct rounds rounds = {0};
    const struct early_sync_watch watch = {&rounds, round_begun, round_kept, NULL};
    struct early_sync *early = early_sync_open(&stage, &watch);
    assert_non_null(early);
    assert_ptr_equal(stage.early, early);
    early_sync_hold(early);
    early_sync_begin(early);
    wait_for(&rounds.begun); /* it waits, or is about to */
    assert_true(early_sync_is_settled(early, 0));
    assert_int_equal(early_sync_end(early), 0);
    assert_null(stage.early);
    early = early_sync_open(&stage, &watch);
    assert_non_null(early);
    early_sync_hold(early);
    early_sync_begin(early);
    early_sync_let_go(early);
    wait_for(&rounds.kept);
    assert_true(early_sync_end(early) > 0);
    (void)close(mount.fd);
    fixture_remove(folder);
}

static void test_memory_and_fuse_are_left_alone(void **state)
{
    (void)state;
    struct stage_mount mounts[2] = {{.abilities.memory_backed = true}, {.abilities.is_fuse = true}};
    struct stage stage = {.mounts = mounts, .mount_count = 2};
    assert_null(early_sync_open(&stage, NULL));
    early_sync_begin(NULL);
    assert_int_equal(early_sync_end(NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_it_syncs_until_it_is_ended),
        cmocka_unit_test(test_none_is_begun_while_it_is_held),
        cmocka_unit_test(test_memory_and_fuse_are_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
