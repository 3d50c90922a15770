/* test_ring.c - one read through either ring: at once, queued, past the end, of no file.
 *
 * Goal: both rings say the same of the same operation. Method: a small file on whatever holds the
 * temporary folder; a kernel ring may say that it would have to wait, the plain one never. */
#include "vsr_test.h"

#include "engine/ring.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FILE_BYTES = 70000 };

static int open_file(char *want)
{
    char name[] = "/tmp/vssrestore-test-ring-XXXXXX";
    const int fd = mkstemp(name);
    assert_true(fd >= 0);
    assert_int_equal(unlink(name), 0);
    for (int i = 0; i < FILE_BYTES; i++) {
        want[i] = (char)(i * 31 + i / 251);
    }
    assert_int_equal(write(fd, want, FILE_BYTES), FILE_BYTES);
    return fd;
}

static struct ring *open_ring(enum ring_choice choice)
{
    char reason[256];
    struct ring *ring = NULL;
    if (choice == RING_URING && !ring_probe(reason, sizeof reason)) {
        return NULL;
    }
    const struct ring_setup setup = {.choice = choice, .depth = 2};
    assert_int_equal(ring_open(&ring, &setup, NULL), VSR_OK);
    return ring;
}

static int32_t read_queued(struct ring *ring, const struct ring_operation *operation)
{
    struct ring_event event = {0};
    ring_read(ring, operation);
    assert_int_equal(ring_wait(ring, &event, 1), 1);
    assert_int_equal(event.tag, operation->tag);
    return event.result;
}

static void check_reads(enum ring_choice choice)
{
    struct ring *ring = open_ring(choice);
    if (ring == NULL) {
        skip_because("no io_uring here");
    }
    char *want = malloc(FILE_BYTES);
    char *got = malloc(FILE_BYTES);
    const int fd = open_file(want);
    struct ring_operation o = {.fd = fd, .bytes = got, .count = FILE_BYTES, .tag = 7};
    assert_int_equal(read_queued(ring, &o), FILE_BYTES);
    assert_memory_equal(got, want, FILE_BYTES);
    memset(got, 0, FILE_BYTES);
    const int32_t now = ring_read_now(ring, &o);
    if (now != -EAGAIN || choice == RING_SYNC) { /* it is in the page cache, to the last byte */
        assert_int_equal(now, FILE_BYTES);
        assert_memory_equal(got, want, FILE_BYTES);
    }
    o.offset = FILE_BYTES;
    const int32_t past = ring_read_now(ring, &o);
    assert_true(past == 0 || (past == -EAGAIN && choice == RING_URING));
    assert_int_equal(read_queued(ring, &o), 0);
    o.fd = -1;
    const int32_t none = ring_read_now(ring, &o);
    assert_true(none == -EBADF || (none == -EAGAIN && choice == RING_URING));
    assert_int_equal(read_queued(ring, &o), -EBADF);
    ring_close(ring);
    (void)close(fd);
    free(want);
    free(got);
}

static void test_plain_ring(void **state)
{
    (void)state;
    check_reads(RING_SYNC);
}

static void test_kernel_ring(void **state)
{
    (void)state;
    check_reads(RING_URING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain_ring),
        cmocka_unit_test(test_kernel_ring),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
