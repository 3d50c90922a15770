/* test_early_sync.c - the thread that syncs beside the engine: it does, it ends, it leaves memory
 * file systems alone.
 *
 * Goal: a run never waits for it longer than for one sync. Method: a stage that is nothing but its
 * mounts. That errors are still told by the commit's own sync is the kernel's promise for
 * descriptors of their own. */
#include "vsr_test.h"

#include "dest/early_sync.h"
#include "media_fixture.h"

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

static void pause_ms(long ms)
{
    (void)nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
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
    struct early_sync *early = early_sync_open(&stage, NULL);
    assert_non_null(early);
    early_sync_begin(early);
    pause_ms(1000);
    assert_true(early_sync_end(early) > 0);
    early = early_sync_open(&stage, NULL);
    assert_non_null(early);
    early_sync_begin(early);
    (void)early_sync_end(early); /* at once, whether or not the first pause is over */
    (void)close(mounts[1].fd);
    fixture_remove(folder);
}

static void test_memory_and_fuse_are_left_alone(void **state)
{
    (void)state;
    struct stage_mount mounts[2] = {{.abilities.memory_backed = true}, {.abilities.is_fuse = true}};
    const struct stage stage = {.mounts = mounts, .mount_count = 2};
    assert_null(early_sync_open(&stage, NULL));
    early_sync_begin(NULL);
    assert_int_equal(early_sync_end(NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_it_syncs_until_it_is_ended),
        cmocka_unit_test(test_memory_and_fuse_are_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
