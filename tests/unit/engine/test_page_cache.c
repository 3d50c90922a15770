/* test_page_cache.c - what of a file is in memory, as this kernel tells it.
 *
 * Goal: a mapping tells the same as cachestat(), at a file's end and at one call's limit. Method: a
 * file where the tests are started (a temporary folder may be in memory), written, synced, and a
 * range of it given up. */
#include "vsr_test.h"

#include "media_fixture.h"

#include "engine/page_cache.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

enum { PAGES = 600, HOLE_FIRST = 300, HOLE_PAGES = 4, PART_BYTES = 77 };

struct world {
    int fd;
    uint32_t page_bytes;
};

static int world_open(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    w->page_bytes = (uint32_t)sysconf(_SC_PAGESIZE);
    char name[] = "page-cache-XXXXXX";
    w->fd = mkostemp(name, O_CLOEXEC);
    assert_true(w->fd >= 0);
    assert_int_equal(unlink(name), 0);
    for (uint32_t i = 0; i < PAGES; i++) {
        char *page = fixture_bytes(i, w->page_bytes);
        const size_t bytes = i + 1 < PAGES ? w->page_bytes : PART_BYTES;
        assert_int_equal(write(w->fd, page, bytes), bytes);
        free(page);
    }
    assert_int_equal(fsync(w->fd), 0);
    *state = w;
    return 0;
}

static int world_close(void **state)
{
    struct world *w = *state;
    (void)close(w->fd);
    free(w);
    return 0;
}

static enum page_cache_answer ask(const struct world *w, uint64_t offset, uint64_t bytes,
                                  bool by_mapping)
{
    const enum page_cache_answer answer =
        page_cache_ask(w->fd, offset, bytes, w->page_bytes, &by_mapping);
    assert_int_not_equal(answer, PAGE_CACHE_UNKNOWN);
    return answer;
}

static void test_all_is_there(void **state)
{
    const struct world *w = *state;
    const uint64_t bytes = (uint64_t)(PAGES - 1) * w->page_bytes + PART_BYTES;
    assert_int_equal(ask(w, 0, bytes, true), PAGE_CACHE_HAS_ALL);
    assert_int_equal(ask(w, bytes - 1, 1, true), PAGE_CACHE_HAS_ALL);
    assert_int_equal(ask(w, 1, bytes - 1, true), PAGE_CACHE_HAS_ALL);
}

static void test_some_is_gone(void **state)
{
    const struct world *w = *state;
    const uint64_t page = w->page_bytes;
    const uint64_t first = HOLE_FIRST * page, end = first + HOLE_PAGES * page;
    bool by_mapping = false;
    (void)posix_fadvise(w->fd, (off_t)first, HOLE_PAGES * w->page_bytes, POSIX_FADV_DONTNEED);
    if (page_cache_ask(w->fd, first, page, w->page_bytes, &by_mapping) != PAGE_CACHE_LACKS_SOME) {
        skip_because("nothing leaves the page cache where this test's files are");
    }
    const struct {
        uint64_t offset, bytes;
        bool lacks;
    } rows[] = {
        {0, PAGES * page, true},
        {0, first, false},
        {0, first + 1, true},
        {first - 1, 1, false},
        {first - 1, 2, true},
        {first, page, true},
        {end - 1, 1, true},
        {end - 1, page, true},
        {end, page, false},
        {end, 256 * page, false},
        {first - 256 * page, 256 * page, false},
        {first - 256 * page, 256 * page + 1, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const enum page_cache_answer wanted =
            rows[i].lacks ? PAGE_CACHE_LACKS_SOME : PAGE_CACHE_HAS_ALL;
        assert_int_equal(ask(w, rows[i].offset, rows[i].bytes, true), wanted);
        if (!by_mapping) { /* this kernel has both */
            assert_int_equal(ask(w, rows[i].offset, rows[i].bytes, false), wanted);
        }
    }
}

static void test_what_cannot_be_mapped_is_unknown(void **state)
{
    const struct world *w = *state;
    bool by_mapping = true;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(page_cache_ask(ends[0], 0, 1, w->page_bytes, &by_mapping), PAGE_CACHE_UNKNOWN);
    (void)close(ends[0]);
    (void)close(ends[1]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_open, world_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_all_is_there),
        TEST(test_some_is_gone),
        TEST(test_what_cannot_be_mapped_is_unknown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
