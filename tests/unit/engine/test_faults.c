/* test_faults.c - reads and writes that end short, are interrupted, fail, or never succeed.
 *
 * Goal: what can be retried is, a bounded number of times; what cannot fails the files it
 * concerns, by the outcome that the exit codes rest on, and no other. Method: RING_SYNC with a
 * hook before each operation. */
#include "vsr_test.h"

#include "base/limits.h"
#include "media_fixture.h"
#include "plan_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "engine/ring.h"

enum { BIG_BYTES = (3 << 20) + 777 };

struct world {
    char folder[64];
    char dir[128];
    struct media_set set;
    struct plan *plan;
    struct restore r;
    char *big;
};

static _Atomic unsigned calls;

static int world_open(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    w->big = fixture_bytes(1, BIG_BYTES);
    const struct fixture_file files[] = {
        {.path = "big", .content = {w->big, BIG_BYTES}},
        {.path = "small", .content = {"small", 5}},
        {.path = "empty"},
    };
    restore_folder_open(w->folder, w->dir, &w->set, files, COUNT_OF(files));
    w->plan = plan_fixture_create(&w->set, w->dir, 1, NULL);
    w->r = (struct restore){.set = &w->set,
                            .plan = w->plan,
                            .ring = RING_SYNC,
                            .workers = 2,
                            .durability = DURABILITY_NONE,
                            .direct = true};
    atomic_store(&calls, 0);
    *state = w;
    return 0;
}

static int world_close(void **state)
{
    struct world *w = *state;
    ring_sync_fault = NULL;
    ring_wait_break = NULL;
    restore_free(&w->r);
    plan_fixture_free(w->plan);
    set_close(&w->set);
    fixture_remove(w->folder);
    free(w->big);
    free(w);
    return 0;
}

static void check_big(const struct world *w)
{
    char path[256];
    (void)snprintf(path, sizeof path, "%s/big", w->dir);
    const int fd = open(path, O_RDONLY);
    assert_int_not_equal(fd, -1);
    char *bytes = malloc(BIG_BYTES + 1);
    assert_int_equal(pread(fd, bytes, BIG_BYTES + 1, 0), BIG_BYTES);
    assert_memory_equal(bytes, w->big, BIG_BYTES);
    free(bytes);
    (void)close(fd);
}

static void check_rows(struct world *w, enum outcome big, enum outcome small, enum outcome empty)
{
    assert_int_equal(restore_run(&w->r), VSR_OK);
    assert_int_equal(w->r.rows[restore_file(&w->r, "big")].outcome, big);
    assert_int_equal(w->r.rows[restore_file(&w->r, "small")].outcome, small);
    assert_int_equal(w->r.rows[restore_file(&w->r, "empty")].outcome, empty);
}

/* --- what comes right in the end --- */

static int fault_short(bool write, uint64_t offset, uint32_t *count)
{
    const unsigned call = atomic_fetch_add(&calls, 1);
    (void)offset;
    if (*count > 4096) {
        *count = write ? *count / 2 / 4096 * 4096 : *count / 2 + 1;
        *count = *count == 0 ? 4096 : *count;
    }
    return call % 3 == 0 ? EINTR : call % 5 == 0 ? EAGAIN : 0;
}

static void test_short_and_interrupted_operations_go_on(void **state)
{
    struct world *w = *state;
    ring_sync_fault = fault_short;
    check_rows(w, OUTCOME_RESTORED, OUTCOME_RESTORED, OUTCOME_RESTORED);
    check_big(w);
    assert_true(atomic_load(&calls) > 20);
}

static int fault_unaligned_write(bool write, uint64_t offset, uint32_t *count)
{
    (void)offset;
    if (write && *count > 100) {
        *count -= 100; /* and so what is left is no longer aligned */
        atomic_fetch_add(&calls, 1);
    }
    return 0;
}

static int fault_strict_device(bool write, uint64_t offset, uint32_t *count)
{
    (void)offset;
    (void)count;
    atomic_fetch_add(&calls, write);
    return write ? EINVAL : 0;
}

static void test_direct_writes_that_are_refused_go_plain(void **state)
{
    struct world *w = *state;
    ring_sync_fault = fault_strict_device;
    check_rows(w, OUTCOME_RESTORED, OUTCOME_RESTORED, OUTCOME_RESTORED);
    check_big(w);
    restore_free(&w->r);
    if (atomic_load(&calls) == 0) {
        skip_because("no direct writes here");
    }
    ring_sync_fault = fault_unaligned_write;
    plan_fixture_free(w->plan);
    w->plan = plan_fixture_create(&w->set, w->dir, 1, NULL); /* now everything is replaced */
    w->r.plan = w->plan;
    check_rows(w, OUTCOME_RESTORED, OUTCOME_RESTORED, OUTCOME_RESTORED);
    check_big(w);
}

/* --- what does not --- */

static int fault_read_eio(bool write, uint64_t offset, uint32_t *count)
{
    (void)offset;
    (void)count;
    return !write && atomic_fetch_add(&calls, 1) == 2 ? EIO : 0;
}

static void test_unreadable_media(void **state)
{
    struct world *w = *state;
    char path[256];
    struct stat facts;
    ring_sync_fault = fault_read_eio;
    w->r.workers = 1;
    assert_int_equal(restore_run(&w->r), VSR_OK);
    uint32_t missing = 0;
    for (uint32_t i = 0; i < w->plan->file_count; i++) {
        missing += w->r.rows[i].outcome == OUTCOME_MEDIA_MISSING && w->r.rows[i].os_errno == EIO;
    }
    assert_int_equal(missing, 1);
    (void)snprintf(path, sizeof path, "%s/empty", w->dir);
    assert_int_equal(lstat(path, &facts), -1); /* all or nothing */
}

static int fault_read_never(bool write, uint64_t offset, uint32_t *count)
{
    (void)offset;
    (void)count;
    atomic_fetch_add(&calls, 1);
    return write ? 0 : EAGAIN;
}

static void test_endless_retries_end(void **state)
{
    struct world *w = *state;
    ring_sync_fault = fault_read_never;
    check_rows(w, OUTCOME_MEDIA_MISSING, OUTCOME_MEDIA_MISSING, OUTCOME_WITHDRAWN);
    assert_true(atomic_load(&calls) <= 16 * (IO_RETRIES_MAX + 1));
}

static int fault_write_full(bool write, uint64_t offset, uint32_t *count)
{
    (void)count;
    return write && offset > 0 ? ENOSPC : 0;
}

static void test_full_destination(void **state)
{
    struct world *w = *state;
    ring_sync_fault = fault_strict_device;
    check_rows(w, OUTCOME_RESTORED, OUTCOME_RESTORED, OUTCOME_RESTORED);
    restore_free(&w->r);
    plan_fixture_free(w->plan);
    w->plan = plan_fixture_create(&w->set, w->dir, 1, NULL);
    w->r.plan = w->plan;
    if (atomic_load(&calls) == 0) {
        assert_int_equal(restore_run(&w->r), VSR_OK);
        skip_because("no direct writes here");
    }
    ring_sync_fault = fault_write_full;
    check_rows(w, OUTCOME_DEST_FULL, OUTCOME_WITHDRAWN, OUTCOME_WITHDRAWN);
    check_big(w); /* the one that stood there */
}

/* --- the null sink --- */

static void test_discarding_verifies_and_writes_nothing(void **state)
{
    struct world *w = *state;
    w->r.discard = true;
    check_rows(w, OUTCOME_RESTORED, OUTCOME_RESTORED, OUTCOME_RESTORED);
    assert_int_equal(rmdir(w->dir), 0);
    assert_int_equal(mkdir(w->dir, 0755), 0);
    assert_int_equal(w->r.progress.files_done, 3);
    assert_int_equal(w->r.progress.bytes_done, BIG_BYTES + 5);
}

/* --- a ring that breaks --- */

static int break_first(void)
{
    return atomic_fetch_add(&calls, 1) == 0 ? EFAULT : 0;
}

static int break_always(void)
{
    return EFAULT;
}

/* The kernel's ring falls back to plain calls: what it had not begun is done again. */
static void test_broken_ring_is_replaced(void **state)
{
    struct world *w = *state;
    const char *ring = getenv("VSSRESTORE_RING");
    char reason[128];
    if ((ring != NULL && strcmp(ring, "sync") == 0) || !ring_probe(reason, sizeof reason)) {
        skip_because("no io_uring to break");
    }
    w->r.ring = RING_URING;
    w->r.workers = 1;
    ring_wait_break = break_first;
    check_rows(w, OUTCOME_RESTORED, OUTCOME_RESTORED, OUTCOME_RESTORED);
    check_big(w);
    assert_true(atomic_load(&calls) > 1);
}

/* Nothing is left to fall back to: what has data fails, the run ends. */
static void test_ring_without_a_spare(void **state)
{
    struct world *w = *state;
    ring_wait_break = break_always;
    check_rows(w, OUTCOME_DEST_ERROR, OUTCOME_DEST_ERROR, OUTCOME_WITHDRAWN);
}

/* --- a server behind FUSE, which only fsync() reaches --- */

static _Atomic int file_sync_errno; /* of what is large */
static _Atomic unsigned failures_told;
static struct sync_notes notes;

int fsync(int fd)
{
    struct stat facts;
    const int fault = atomic_load(&file_sync_errno);
    if (fault != 0 && fstat(fd, &facts) == 0 && facts.st_size == BIG_BYTES) {
        errno = fault;
        return -1;
    }
    return (int)syscall(SYS_fsync, fd);
}

static void sync_failed(void *context)
{
    (void)context;
    atomic_fetch_add(&failures_told, 1);
}

static void hook_is_fuse(void *context, struct stage *stage)
{
    (void)context;
    stage->mounts[0].abilities.is_fuse = true;
    stage->options.on_sync_failed = sync_failed;
    stage->options.sync_notes = &notes;
}

/* Nothing of it is marked before it is synced: the file fails, and nothing else that is staged is
 * given up. */
static void test_large_file_that_cannot_be_synced_fails_alone(void **state)
{
    struct world *w = *state;
    notes = (struct sync_notes){.fd = memfd_create("notes", MFD_CLOEXEC)};
    assert_true(notes.fd >= 0);
    w->r.before_engine = hook_is_fuse;
    check_rows(w, OUTCOME_RESTORED, OUTCOME_RESTORED, OUTCOME_RESTORED);
    restore_free(&w->r);
    fixture_remove(w->dir);
    assert_int_equal(mkdir(w->dir, 0700), 0);
    atomic_store(&file_sync_errno, ENOSPC);
    check_rows(w, OUTCOME_DEST_FULL, OUTCOME_WITHDRAWN, OUTCOME_WITHDRAWN);
    assert_int_equal(atomic_load(&failures_told), 0);
    atomic_store(&file_sync_errno, 0);
    (void)close(notes.fd);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_open, world_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_short_and_interrupted_operations_go_on),
        TEST(test_direct_writes_that_are_refused_go_plain),
        TEST(test_unreadable_media),
        TEST(test_endless_retries_end),
        TEST(test_full_destination),
        TEST(test_discarding_verifies_and_writes_nothing),
        TEST(test_broken_ring_is_replaced),
        TEST(test_ring_without_a_spare),
        TEST(test_large_file_that_cannot_be_synced_fails_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
