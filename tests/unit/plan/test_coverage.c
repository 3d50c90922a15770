/* test_coverage.c - which bytes the media hold of a file.
 *
 * Goal: coverage_holds() says yes exactly where every byte was saved. Method: random saved
 * ranges of a small file, in any order and overlapping, against a map of its bytes. */
#include "vsr_test.h"

#include "plan/coverage.h"

#include <stdlib.h>

enum { FILE_BYTES = 48, RANGES_MAX = 8, ROUNDS = 300 };

static unsigned next_random(unsigned *state)
{
    *state = *state * 1103515245u + 12345u;
    return *state >> 16;
}

static bool map_holds(const bool *saved, unsigned offset, unsigned length)
{
    bool all = offset + length <= FILE_BYTES || length == 0;
    for (unsigned i = offset; i < offset + length && all; i++) {
        all = saved[i];
    }
    return all;
}

static void random_ranges_against_a_map(void **state)
{
    (void)state;
    unsigned seed = 7;
    struct coverage coverage = COVERAGE_NONE;
    for (uint32_t round = 0; round < ROUNDS; round++) {
        struct index_range ranges[RANGES_MAX];
        bool saved[FILE_BYTES] = {false};
        struct index_entry entries[2] = {
            {.kind = INDEX_FILE, .flags = INDEX_PARTIAL, .link_group = MARK_NONE},
            {.kind = INDEX_FILE, .flags = INDEX_PARTIAL, .link_group = 0}};
        const struct media_index index = {.entries = entries, .ranges = ranges};
        entries[0].range_count = next_random(&seed) % (RANGES_MAX + 1);
        for (uint32_t i = 0; i < entries[0].range_count; i++) {
            ranges[i].offset = next_random(&seed) % FILE_BYTES;
            ranges[i].length = 1 + next_random(&seed) % (FILE_BYTES - ranges[i].offset);
            memset(saved + ranges[i].offset, true, ranges[i].length);
        }
        coverage.entry = MARK_NONE;
        coverage_of(&coverage, &index, round % 2); /* a further name holds what the first does */
        for (unsigned offset = 0; offset <= FILE_BYTES; offset++) {
            for (unsigned length = 0; length <= FILE_BYTES; length++) {
                if (coverage_holds(&coverage, offset, length) != map_holds(saved, offset, length)) {
                    fail_msg("round %u: %u:%u", round, offset, length);
                }
            }
        }
    }
    coverage_free(&coverage);
}

static void a_whole_file_is_one_range(void **state)
{
    (void)state;
    const struct index_entry entry = {.kind = INDEX_FILE, .size = 10, .link_group = MARK_NONE};
    const struct media_index index = {.entries = &entry};
    struct coverage coverage = COVERAGE_NONE;
    coverage_of(&coverage, &index, 0);
    assert_true(coverage_holds(&coverage, 0, 10));
    assert_true(coverage_holds(&coverage, 10, 0));
    assert_false(coverage_holds(&coverage, 1, 10));
    assert_false(coverage_holds(&coverage, UINT64_MAX, 1));
    assert_false(coverage_holds(&coverage, 1, UINT64_MAX));
    coverage_free(&coverage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_ranges_against_a_map),
        cmocka_unit_test(a_whole_file_is_one_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
