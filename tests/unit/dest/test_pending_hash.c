/* test_pending_hash.c - what waits is known again by what it holds, however its holes lie, and
 * nobody who wants to end waits for that.
 *
 * Method: the same bytes with holes, without, and with some; bytes that differ in one place; a file
 * that nobody could read through. */
#include "vsr_test.h"

#include "dest/pending_hash.h"
#include "media/part.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { SIZE = 3000001, DATA_AT = 1234567, DATA_BYTES = 300000, LAST = SIZE - 1 };

static uint8_t *content_make(void)
{
    uint8_t *bytes = calloc(SIZE, 1);
    memset(bytes + DATA_AT, 'x', DATA_BYTES);
    bytes[LAST] = 1;
    return bytes;
}

static FILE *file_with(const uint8_t *bytes, size_t from, size_t count)
{
    FILE *file = tmpfile();
    assert_non_null(file);
    assert_int_equal(ftruncate(fileno(file), SIZE), 0);
    assert_int_equal(pwrite(fileno(file), bytes + from, count, (off_t)from), (ssize_t)count);
    assert_int_equal(pwrite(fileno(file), bytes + LAST, 1, LAST), 1);
    return file;
}

static void hash_of(FILE *file, uint8_t hash[16])
{
    assert_int_equal(pending_hash_sparse(fileno(file), SIZE, NULL, hash), 0);
    (void)fclose(file);
}

static void holes_are_no_difference(void **state)
{
    (void)state;
    uint8_t *bytes = content_make();
    uint8_t holes[16], some[16], none[16];
    hash_of(file_with(bytes, DATA_AT, DATA_BYTES), holes);
    hash_of(file_with(bytes, DATA_AT - 70000, DATA_BYTES + 500000), some);
    hash_of(file_with(bytes, 0, SIZE), none);
    assert_memory_equal(holes, some, 16);
    assert_memory_equal(holes, none, 16);
    free(bytes);
}

static void each_byte_and_its_place_count(void **state)
{
    (void)state;
    uint8_t *bytes = content_make();
    uint8_t before[16], after[16];
    hash_of(file_with(bytes, 0, SIZE), before);
    static const size_t places[] = {0, 4095, 4096, DATA_AT, DATA_AT + DATA_BYTES, LAST};
    for (size_t i = 0; i < COUNT_OF(places); i++) {
        bytes[places[i]] ^= 0x40;
        hash_of(file_with(bytes, 0, SIZE), after);
        assert_memory_not_equal(before, after, 16);
        bytes[places[i]] ^= 0x40;
    }
    memmove(bytes + 4096, bytes, LAST - 4096); /* the same blocks, elsewhere */
    memset(bytes, 0, 4096);
    hash_of(file_with(bytes, 0, SIZE), after);
    assert_memory_not_equal(before, after, 16);
    free(bytes);
}

static void all_of_it_is_as_of_the_media(void **state)
{
    (void)state;
    uint8_t *bytes = content_make();
    uint8_t wanted[16], hash[16];
    FILE *file = file_with(bytes, 0, SIZE);
    part_hash_bytes(bytes, SIZE, wanted);
    assert_int_equal(pending_hash_whole(fileno(file), SIZE, NULL, hash), 0);
    assert_memory_equal(hash, wanted, 16);
    assert_int_equal(pending_hash_whole(fileno(file), SIZE + 1, NULL, hash), EIO); /* cut short */
    (void)fclose(file);
    free(bytes);
}

/* Of a size that takes minutes to read. */
static void a_hole_is_not_read(void **state)
{
    (void)state;
    uint8_t hash[16];
    FILE *file = tmpfile();
    const off_t size = (off_t)4 << 40;
    if (ftruncate(fileno(file), size) != 0) {
        skip(); /* of a file system that knows of no such file */
    }
    assert_int_equal(pwrite(fileno(file), "x", 1, size - 1), 1);
    assert_int_equal(pending_hash_sparse(fileno(file), (uint64_t)size, NULL, hash), 0);
    (void)fclose(file);
}

static void who_wants_to_end_does_not_wait(void **state)
{
    (void)state;
    const volatile int cancel = 15;
    uint8_t *bytes = content_make();
    uint8_t hash[16];
    FILE *file = file_with(bytes, 0, SIZE);
    assert_int_equal(pending_hash_whole(fileno(file), SIZE, &cancel, hash), ECANCELED);
    assert_int_equal(pending_hash_sparse(fileno(file), SIZE, &cancel, hash), ECANCELED);
    (void)fclose(file);
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(holes_are_no_difference),
        cmocka_unit_test(each_byte_and_its_place_count),
        cmocka_unit_test(all_of_it_is_as_of_the_media),
        cmocka_unit_test(a_hole_is_not_read),
        cmocka_unit_test(who_wants_to_end_does_not_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
