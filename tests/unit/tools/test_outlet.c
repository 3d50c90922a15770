/* test_outlet.c - what is said to a stream, where memory runs out and the other side takes little.
 *
 * Goal: of no line a part alone is written. Method: realloc() and send() are wrapped: no memory,
 * and a side that takes half. What whole programs say: e2e/test_events.py, fault/test_memory.py. */
#include "vsr_test.h"

#include "outlet.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

extern void *__real_realloc(void *memory, size_t bytes);
extern ssize_t __real_send(int fd, const void *bytes, size_t count, int flags);
void *__wrap_realloc(void *memory, size_t bytes);
ssize_t __wrap_send(int fd, const void *bytes, size_t count, int flags);

static bool no_memory;
static size_t room; /* the other side takes so much, and then nothing */

void *__wrap_realloc(void *memory, size_t bytes)
{
    if (no_memory) {
        errno = ENOMEM;
        return NULL;
    }
    return __real_realloc(memory, bytes);
}

ssize_t __wrap_send(int fd, const void *bytes, size_t count, int flags)
{
    if (room == 0) {
        errno = EAGAIN;
        return -1;
    }
    const ssize_t sent = __real_send(fd, bytes, count < room ? count : room, flags);
    room -= sent > 0 ? (size_t)sent : 0;
    return sent;
}

struct pair {
    struct outlet outlet;
    int theirs;
};

static void pair_open(struct pair *pair)
{
    int fds[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    outlet_open(&pair->outlet, fds[0]);
    pair->theirs = fds[1];
    no_memory = false;
    room = 3;
}

/* There is room again for the last line: all that came. */
static void pair_end(struct pair *pair, const char *wanted)
{
    char got[256];
    char *queue = pair->outlet.queue;
    room = sizeof got;
    outlet_last(&pair->outlet, "last\n", 5, 1);
    free(queue); /* which the end of a process would do */
    assert_int_equal(close(pair->outlet.fd), 0);
    const ssize_t n = recv(pair->theirs, got, sizeof got - 1, MSG_WAITALL);
    assert_true(n >= 0);
    got[n] = '\0';
    assert_string_equal(got, wanted);
    assert_int_equal(close(pair->theirs), 0);
}

static void what_was_put_is_not_taken_without_memory(void **state)
{
    (void)state;
    struct pair pair;
    pair_open(&pair);
    assert_true(outlet_put(&pair.outlet, "first\n", 6)); /* half of it waits */
    no_memory = true;
    assert_false(outlet_put(&pair.outlet, "a line that does not fit beside it\n", 35));
    pair_end(&pair, "first\nlast\n");
}

static void what_is_offered_is_dropped_whole_without_memory(void **state)
{
    (void)state;
    struct pair pair;
    pair_open(&pair);
    no_memory = true;
    outlet_offer(&pair.outlet, "offered\n", 8);
    pair_end(&pair, "last\n");
}

static void the_rest_of_what_was_offered_has_its_room(void **state)
{
    (void)state;
    struct pair pair;
    pair_open(&pair);
    outlet_offer(&pair.outlet, "offered\n", 8);
    no_memory = true;
    outlet_offer(&pair.outlet, "too early\n", 10);
    assert_false(outlet_put(&pair.outlet, "a line that does not fit beside it\n", 35));
    pair_end(&pair, "offered\nlast\n");
}

static void who_has_gone_needs_no_memory(void **state)
{
    (void)state;
    struct pair pair;
    pair_open(&pair);
    assert_int_equal(close(pair.theirs), 0);
    assert_true(outlet_put(&pair.outlet, "first\n", 6));
    assert_int_equal(pair.outlet.gone, EPIPE);
    no_memory = true;
    assert_true(outlet_put(&pair.outlet, "a line that does not fit beside it\n", 35));
    no_memory = false;
    assert_int_equal(outlet_close(&pair.outlet, 1), EPIPE);
    assert_int_equal(close(pair.outlet.fd), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_put_is_not_taken_without_memory),
        cmocka_unit_test(what_is_offered_is_dropped_whole_without_memory),
        cmocka_unit_test(the_rest_of_what_was_offered_has_its_room),
        cmocka_unit_test(who_has_gone_needs_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
