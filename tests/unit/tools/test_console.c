/* test_console.c - the last words of a process that ends at once, while the time of day is set.
 *
 * Goal: who ends it waits a second for another thread that writes events, no longer when the clock
 * is set back meanwhile, and no shorter when it is set forward. Method: a process of its own, whose
 * other thread stands still with the lock of the events; what reads the time of day is wrapped, and
 * so are the calls that would wait by it. What is said otherwise: e2e/test_events.py,
 * fault/test_memory.py. */
#include "vsr_test.h"

#include "console.h"
#include "memory.h"
#include "metrics.h"
#include "verbs.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { HOUR_S = 3600, PATIENCE_S = 30 };

extern int __real_clock_gettime(clockid_t clock, struct timespec *out);
extern int __real_poll(struct pollfd *fds, nfds_t count, int timeout_ms);
extern int __real_pthread_mutex_clocklock(pthread_mutex_t *mutex, clockid_t clock,
                                          const struct timespec *until);
int __wrap_clock_gettime(clockid_t clock, struct timespec *out);
int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout_ms);
int __wrap_pthread_mutex_clocklock(pthread_mutex_t *mutex, clockid_t clock,
                                   const struct timespec *until);
int __wrap_pthread_mutex_timedlock(pthread_mutex_t *mutex, const struct timespec *until);

static enum { SET_BACK, SET_FORWARD } clock_is;
static atomic_bool holds, waits; /* the thread that writes has the lock; the other one wants it */
static _Thread_local bool is_writer;

static void look_again_soon(void)
{
    (void)nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

/* Set back by an hour when it has been read. */
int __wrap_clock_gettime(clockid_t clock, struct timespec *out)
{
    const int rc = __real_clock_gettime(clock, out);
    out->tv_sec += clock == CLOCK_REALTIME && clock_is == SET_BACK ? HOUR_S : 0;
    return rc;
}

/* Set forward: that time is past at once. By the other clock there is time until the lock is free:
 * a busy machine does not matter. */
int __wrap_pthread_mutex_clocklock(pthread_mutex_t *mutex, clockid_t clock,
                                   const struct timespec *until)
{
    atomic_store(&waits, true);
    if (clock_is == SET_BACK) {
        return __real_pthread_mutex_clocklock(mutex, clock, until);
    }
    return clock == CLOCK_REALTIME ? ETIMEDOUT : pthread_mutex_lock(mutex);
}

int __wrap_pthread_mutex_timedlock(pthread_mutex_t *mutex, const struct timespec *until)
{
    return __wrap_pthread_mutex_clocklock(mutex, CLOCK_REALTIME, until);
}

/* The thread that writes events stands still here: for ever, or until the other one waits. */
int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout_ms)
{
    if (is_writer) {
        atomic_store(&holds, true);
        while (clock_is == SET_BACK || !atomic_load(&waits)) {
            look_again_soon();
        }
    }
    return __real_poll(fds, count, timeout_ms);
}

/* Nothing of these is said here. */
void error_line(struct line *out, const vsr_error *error)
{
    (void)out;
    (void)error;
}

void metrics_progress(const vsr_progress *progress)
{
    (void)progress;
}

static void *write_event(void *context)
{
    static const char event[] = "{\"t\":\"warning\"}\n";
    is_writer = true;
    (void)console_event_sink(context, event, sizeof event - 1);
    return NULL;
}

/* The process: one thread writes an event, the other one finds no memory. */
static void end_in_the_middle(int events_fd)
{
    pthread_t writer;
    const struct call call = {.events_fd = (uint64_t)events_fd};
    if (!console_open(&call) || pthread_create(&writer, NULL, write_event, NULL) != 0) {
        _Exit(1);
    }
    while (!atomic_load(&holds)) {
        look_again_soon();
    }
    memory_end();
}

/* What came as events, when it has ended with 50. */
static void end_and_read(char *events, size_t room)
{
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void)alarm(PATIENCE_S); /* it waits by the clock that was set */
        end_in_the_middle(fds[1]);
    }
    assert_int_equal(close(fds[1]), 0);
    size_t n = 0;
    for (ssize_t got = 1; got > 0 && n<room - 1; n += got> 0 ? (size_t)got : 0) {
        got = read(fds[0], events + n, room - 1 - n);
        assert_true(got >= 0);
    }
    events[n] = '\0';
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(close(fds[0]), 0);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 50);
}

static void a_clock_that_is_set_back_does_not_keep_it(void **state)
{
    (void)state;
    char events[4096];
    clock_is = SET_BACK;
    end_and_read(events, sizeof events);
    assert_string_equal(events, ""); /* the lock is never free */
}

static void a_clock_that_is_set_forward_does_not_hurry_it(void **state)
{
    (void)state;
    char events[4096];
    clock_is = SET_FORWARD;
    end_and_read(events, sizeof events);
    assert_non_null(strstr(events, "{\"t\":\"warning\"}\n{\"t\":\"summary\""));
    assert_non_null(strstr(events, "\"exit_code\":50"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_clock_that_is_set_back_does_not_keep_it),
        cmocka_unit_test(a_clock_that_is_set_forward_does_not_hurry_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
