/* test_direct_read.c - cold media, read past the page cache.
 *
 * Goal: every byte is as it is through the page cache, wherever a frame begins in its block; what
 * the kernel refuses, cuts short or cannot say is read through the cache, and a true fault keeps
 * its errno. Method: cachestat() and mincore() are played, and the events of a real ring are
 * changed behind it. */
#include "vsr_test.h"

#include "media_fixture.h"
#include "plan_fixture.h"

#include "engine/ring.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CACHESTAT = 451, BLOCK = 4096, BIG_BYTES = (12 << 20) + 777, FILES = 5 };

struct cache_range {
    uint64_t offset, bytes;
};
struct cache_facts {
    uint64_t cached, rest[4];
};

static struct {
    int os_errno;          /* cachestat() fails with it; 0: nothing is cached */
    int map_errno;         /* mincore(), ditto */
    bool warm;             /* everything is, ... */
    bool lacks_one;        /* but for a page */
    int read_errno;        /* queued reads end with it, ... */
    bool cut;              /* or short, ... */
    unsigned reads_to_hit; /* as long as this lasts */
    _Atomic unsigned asked, asked_by_map, hit;
} played;

long __real_syscall(long number, long a, long b, long c, long d, long e, long f);
long __wrap_syscall(long number, ...);
long __wrap_syscall(long number, ...)
{
    long arguments[6];
    va_list list;
    va_start(list, number);
    for (int i = 0; i < 6; i++) {
        arguments[i] = va_arg(list, long);
    }
    va_end(list);
    if (number != CACHESTAT) {
        return __real_syscall(number, arguments[0], arguments[1], arguments[2], arguments[3],
                              arguments[4], arguments[5]);
    }
    atomic_fetch_add(&played.asked, 1);
    if (played.os_errno != 0) {
        errno = played.os_errno;
        return -1;
    }
    const struct cache_range *range = (const struct cache_range *)arguments[1]; // NOLINT
    struct cache_facts *facts = (struct cache_facts *)arguments[2];             // NOLINT
    const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
    assert_int_equal(range->offset % BLOCK, 0);
    assert_in_range(range->bytes, 1, FRAME_STORED_BYTES_MAX + BLOCK - 1);
    const uint64_t pages = (range->bytes + page - 1) / page;
    *facts = (struct cache_facts){.cached = played.warm ? pages - played.lacks_one : 0};
    return 0;
}

int __wrap_mincore(void *address, size_t length, unsigned char *pages);
int __wrap_mincore(void *address, size_t length, unsigned char *pages)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    assert_int_equal((uintptr_t)address % page, 0);
    assert_int_equal(length % page, 0);
    atomic_fetch_add(&played.asked_by_map, 1);
    if (played.map_errno != 0) {
        errno = played.map_errno;
        return -1;
    }
    memset(pages, played.warm ? 0xff : 0xfe, length / page); /* bits but the lowest mean nothing */
    pages[length / page - 1] &= played.lacks_one ? 0xfe : 0xff;
    return 0;
}

static int32_t change(enum ring_kind kind, const struct ring_operation *operation, int32_t result)
{
    (void)operation;
    if (kind != RING_READ || result <= 0 || atomic_load(&played.hit) >= played.reads_to_hit) {
        return result;
    }
    atomic_fetch_add(&played.hit, 1);
    return played.cut ? result / 2 : -played.read_errno;
}

static const struct ring_watch watch = {.result = change};

struct world {
    char folder[64];
    char dir[128];
    char *text, *noise;
    struct fixture_file files[FILES];
    struct media_set set;
    struct plan *plan;
    struct restore r;
};

/* Bytes that LZ4 cannot shrink: their frames are stored as they are. */
static char *noise_bytes(uint64_t seed, size_t count)
{
    char *bytes = calloc(count, 1);
    for (size_t i = 0; i < count; i++) {
        seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
        bytes[i] = (char)(seed >> 56);
    }
    return bytes;
}

static int world_open(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    w->text = fixture_bytes(5, BIG_BYTES);
    w->noise = noise_bytes(6, BIG_BYTES);
    const struct fixture_file files[FILES] = {
        {.path = "text", .content = {w->text, BIG_BYTES}},
        {.path = "noise", .content = {w->noise, BIG_BYTES}},
        {.path = "small/one", .content = {w->text + 1, 100}},
        {.path = "small/two", .content = {w->noise + 1, 5000}},
        {.path = "last", .content = {w->text, 70000}},
    };
    memcpy(w->files, files, sizeof files);
    restore_folder_open(w->folder, w->dir, &w->set, files, FILES);
    memset(&played, 0, sizeof played);
    w->r = (struct restore){
        .set = &w->set, .ring = RING_URING, .workers = 2, .undo_fd = -1, .direct = true};
    *state = w;
    return 0;
}

static int world_close(void **state)
{
    struct world *w = *state;
    ring_watch = NULL;
    restore_free(&w->r);
    if (w->plan != NULL) {
        plan_fixture_free(w->plan);
    }
    set_close(&w->set);
    fixture_remove(w->folder);
    free(w->text);
    free(w->noise);
    free(w);
    return 0;
}

static void need_direct_media(const struct world *w)
{
    char reason[128], path[192];
    (void)snprintf(path, sizeof path, "%s/set/packs/pack-000000.tar.lz4", w->folder);
    const int fd = open(path, O_RDONLY | O_DIRECT);
    if (fd < 0 || !ring_probe(reason, sizeof reason)) {
        skip_because(fd < 0 ? "no O_DIRECT where this test's media are" : "no io_uring");
    }
    (void)close(fd);
}

/* How much was read past the page cache. */
static uint64_t restore_all(struct world *w)
{
    uint64_t bytes = 0;
    w->plan = plan_fixture_create(&w->set, w->dir, 1, NULL);
    w->r.plan = w->plan;
    assert_int_equal(restore_run(&w->r), VSR_OK);
    for (uint32_t i = 0; i < w->r.profile_count; i++) {
        bytes += w->r.profile[i].direct_read_bytes;
    }
    return bytes;
}

static void assert_all_right(const struct world *w)
{
    assert_int_equal(w->r.states[0], UNIT_PUBLISHED);
    for (int i = 0; i < FILES; i++) {
        const struct view *wanted = &w->files[i].content;
        char path[256];
        char *found = malloc(wanted->n + 1);
        (void)snprintf(path, sizeof path, "%s/%s", w->dir, w->files[i].path);
        const int fd = open(path, O_RDONLY);
        assert_true(fd >= 0);
        assert_int_equal(read(fd, found, wanted->n + 1), wanted->n);
        assert_memory_equal(found, wanted->p, wanted->n);
        (void)close(fd);
        free(found);
    }
}

static void test_cold_frames_are_read_past_the_cache(void **state)
{
    struct world *w = *state;
    need_direct_media(w);
    const uint64_t bytes = restore_all(w);
    assert_true(bytes > BIG_BYTES); /* the noise alone is as long */
    assert_int_equal(bytes, w->r.progress.stored_bytes_read);
    assert_all_right(w);
}

static void test_cached_frames_are_not(void **state)
{
    struct world *w = *state;
    need_direct_media(w);
    played.warm = true;
    assert_int_equal(restore_all(w), 0);
    assert_true(atomic_load(&played.asked) > 2);
    assert_all_right(w);
}

static void test_a_kernel_that_cannot_say_is_asked_once(void **state)
{
    struct world *w = *state;
    need_direct_media(w);
    played.os_errno = played.map_errno = EPERM;
    assert_int_equal(restore_all(w), 0);
    assert_in_range(atomic_load(&played.asked), 1, 2); /* by each worker */
    assert_in_range(atomic_load(&played.asked_by_map), 1, 2);
    assert_all_right(w);
}

/* Before Linux 6.5, or where a filter of system calls came before it. */
static void test_without_cachestat_a_mapping_says_it(void **state)
{
    struct world *w = *state;
    need_direct_media(w);
    played.os_errno = ENOSYS;
    const uint64_t bytes = restore_all(w);
    assert_int_equal(bytes, w->r.progress.stored_bytes_read);
    assert_in_range(atomic_load(&played.asked), 1, 2);
    assert_true(atomic_load(&played.asked_by_map) > 2);
    assert_all_right(w);
}

static void test_a_mapping_tells_what_is_cached(void **state)
{
    struct world *w = *state;
    need_direct_media(w);
    played.os_errno = ENOSYS;
    played.warm = true;
    assert_int_equal(restore_all(w), 0);
    assert_true(atomic_load(&played.asked_by_map) > 2);
    assert_all_right(w);
}

static void test_a_mapping_tells_of_one_page(void **state)
{
    struct world *w = *state;
    need_direct_media(w);
    played.os_errno = ENOSYS;
    played.warm = played.lacks_one = true;
    assert_true(restore_all(w) > BIG_BYTES);
    assert_all_right(w);
}

static void test_partly_cached_frames_are_read_past_it(void **state)
{
    struct world *w = *state;
    need_direct_media(w);
    played.warm = played.lacks_one = true;
    assert_true(restore_all(w) > BIG_BYTES);
    assert_all_right(w);
}

static void test_a_pack_that_ends_early_is_damaged(void **state)
{
    struct world *w = *state;
    char path[192];
    need_direct_media(w);
    (void)snprintf(path, sizeof path, "%s/set/packs/pack-000000.tar.lz4", w->folder);
    assert_int_equal(truncate(path, BIG_BYTES), 0);
    (void)restore_all(w);
    assert_int_equal(w->r.states[0], UNIT_FAILED);
    uint32_t damaged = 0;
    for (uint32_t i = 0; i < w->plan->file_count; i++) {
        damaged += w->r.rows[i].outcome == OUTCOME_MEDIA_CORRUPT;
        assert_int_equal(w->r.rows[i].os_errno, 0);
    }
    assert_true(damaged > 0);
}

static void test_one_read_at_a_time_goes_through_the_cache(void **state)
{
    struct world *w = *state;
    w->r.ring = RING_SYNC;
    assert_int_equal(restore_all(w), 0);
    assert_int_equal(atomic_load(&played.asked), 0);
    assert_all_right(w);
}

/* What does not bring the whole frame is read again; EINVAL is not tried again. */
static void test_what_fails_is_read_through_the_cache(void **state)
{
    struct world *w = *state;
    need_direct_media(w);
    ring_watch = &watch;
    played.read_errno = EINVAL;
    played.reads_to_hit = 1;
    w->r.workers = 1;
    const uint64_t bytes = restore_all(w);
    assert_int_equal(atomic_load(&played.hit), 1);
    assert_true(bytes < w->r.progress.stored_bytes_read / 2); /* but what was queued by then */
    assert_all_right(w);
}

static void test_what_ends_short_is_read_through_the_cache(void **state)
{
    struct world *w = *state;
    need_direct_media(w);
    ring_watch = &watch;
    played.cut = true;
    played.reads_to_hit = 3;
    const uint64_t bytes = restore_all(w);
    assert_int_equal(atomic_load(&played.hit), 3);
    assert_true(bytes > 0 && bytes < w->r.progress.stored_bytes_read);
    assert_all_right(w);
}

static void test_a_true_fault_keeps_its_errno(void **state)
{
    struct world *w = *state;
    need_direct_media(w);
    ring_watch = &watch;
    played.read_errno = EIO;
    played.reads_to_hit = UINT32_MAX; /* those through the cache too, where they are queued */
    w->r.discard = true;
    assert_int_equal(restore_all(w), 0);
    for (int i = 0; i < FILES; i++) {
        const struct outcome_row *row = &w->r.rows[restore_file(&w->r, w->files[i].path)];
        assert_int_equal(row->outcome, OUTCOME_MEDIA_MISSING);
        assert_int_equal(row->os_errno, EIO);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_open, world_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_cold_frames_are_read_past_the_cache),
        TEST(test_cached_frames_are_not),
        TEST(test_a_kernel_that_cannot_say_is_asked_once),
        TEST(test_without_cachestat_a_mapping_says_it),
        TEST(test_a_mapping_tells_what_is_cached),
        TEST(test_a_mapping_tells_of_one_page),
        TEST(test_partly_cached_frames_are_read_past_it),
        TEST(test_a_pack_that_ends_early_is_damaged),
        TEST(test_one_read_at_a_time_goes_through_the_cache),
        TEST(test_what_fails_is_read_through_the_cache),
        TEST(test_what_ends_short_is_read_through_the_cache),
        TEST(test_a_true_fault_keeps_its_errno),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
