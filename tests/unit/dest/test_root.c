/* test_root.c - the confined door, where the kernel cannot tell at once whether a path leaves.
 *
 * Goal: openat2's EAGAIN, which it gives while something is renamed or mounted anywhere, is tried
 * again, and not for ever; so is EINTR; nothing else is. Method: syscall() is wrapped. */
#include "vsr_test.h"

#include "base/limits.h"
#include "dest/root.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct {
    int os_errno;
    unsigned times; /* that it fails so */
    unsigned calls;
} faulty;

long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);

long __wrap_syscall(long number, ...)
{
    long words[6];
    va_list list;
    va_start(list, number);
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        words[i] = va_arg(list, long);
    }
    va_end(list);
    if (number == SYS_openat2 && faulty.calls++ < faulty.times) {
        errno = faulty.os_errno;
        return -1;
    }
    return __real_syscall(number, words[0], words[1], words[2], words[3], words[4], words[5]);
}

static int open_so(int os_errno, unsigned times)
{
    const int folder_fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_not_equal(folder_fd, -1);
    faulty.os_errno = os_errno;
    faulty.times = times;
    faulty.calls = 0;
    const int fd = root_openat(folder_fd, "", O_RDONLY | O_DIRECTORY, 0);
    if (fd >= 0) {
        assert_true((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
        (void)close(fd);
    }
    (void)close(folder_fd);
    return fd;
}

static void what_passes_is_tried_again(void **state)
{
    (void)state;
    const int passing[] = {EAGAIN, EINTR};
    const unsigned times[] = {0, 1, 5, IO_RETRIES_MAX};
    for (size_t e = 0; e < COUNT_OF(passing); e++) {
        for (size_t i = 0; i < COUNT_OF(times); i++) {
            assert_true(open_so(passing[e], times[i]) >= 0);
            assert_int_equal(faulty.calls, times[i] + 1);
        }
    }
}

static void what_does_not_pass_ends(void **state)
{
    (void)state;
    const int passing[] = {EAGAIN, EINTR};
    for (size_t e = 0; e < COUNT_OF(passing); e++) {
        assert_int_equal(open_so(passing[e], UINT32_MAX), -passing[e]);
        assert_int_equal(faulty.calls, IO_RETRIES_MAX + 1);
    }
}

static void an_answer_is_not_asked_for_again(void **state)
{
    (void)state;
    const int answers[] = {EXDEV, ELOOP, ENOENT, EACCES};
    for (size_t e = 0; e < COUNT_OF(answers); e++) {
        assert_int_equal(open_so(answers[e], 1), -answers[e]);
        assert_int_equal(faulty.calls, 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_passes_is_tried_again),
        cmocka_unit_test(what_does_not_pass_ends),
        cmocka_unit_test(an_answer_is_not_asked_for_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
