/* test_index_trim.c - a large mapping does not stay in the process.
 *
 * Goal: what was gone through is let go of by itself, and at once when that is asked for. Method:
 * a file is mapped and read; the kernel says how much of it is resident. */
#include "vsr_test.h"

#include "media/index_trim.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { MIB = 1 << 20, LARGE = 64 * MIB, SMALL = 4 * MIB };

static size_t resident_bytes(void)
{
    unsigned long size = 0, resident = 0, shared = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%lu %lu %lu", &size, &resident, &shared), 3);
    assert_int_equal(fclose(file), 0);
    return (size_t)shared * (size_t)sysconf(_SC_PAGESIZE);
}

static char *file_map(size_t bytes)
{
    FILE *file = tmpfile();
    assert_non_null(file);
    assert_int_equal(posix_fallocate(fileno(file), 0, (off_t)bytes), 0);
    char *mapping = mmap(NULL, bytes, PROT_READ, MAP_PRIVATE, fileno(file), 0);
    assert_ptr_not_equal(mapping, MAP_FAILED);
    assert_int_equal(fclose(file), 0);
    return mapping;
}

static void file_go_through(const char *mapping, size_t bytes)
{
    unsigned sum = 0;
    for (size_t i = 0; i < bytes; i += 4096) {
        sum += (unsigned char)((const volatile char *)mapping)[i];
    }
    assert_int_equal(sum, 0);
}

static void test_large_one_is_let_go_of(void **state)
{
    char *mapping = file_map(LARGE);
    struct index_trim *trim = index_trim_begin(mapping, LARGE);
    (void)state;
    assert_non_null(trim);
    file_go_through(mapping, LARGE);
    for (int i = 0; i < 1000 && resident_bytes() > LARGE / 2; i++) {
        (void)nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    }
    assert_true(resident_bytes() < LARGE / 2);
    file_go_through(mapping, LARGE); /* it is still there */
    index_trim_now(trim);
    assert_true(resident_bytes() < LARGE / 2);
    index_trim_end(trim);
    assert_int_equal(munmap(mapping, LARGE), 0);
}

static void test_small_one_is_left_alone(void **state)
{
    char *mapping = file_map(SMALL);
    (void)state;
    assert_null(index_trim_begin(mapping, SMALL));
    index_trim_now(NULL);
    index_trim_end(NULL);
    assert_int_equal(munmap(mapping, SMALL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_large_one_is_let_go_of),
        cmocka_unit_test(test_small_one_is_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
