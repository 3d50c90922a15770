/* test_sync_child.c - the process that syncs holds nothing that is not its business, and ends.
 *
 * Goal: no pipe and no lock of ours lives on in it, whatever the kernel offers to close them by.
 * Method: a pipe and a lock that it must not hold, another pipe that it must, so that its end can
 * be seen; with close_range(2), then in processes whose filter takes that away, and the list in
 * /proc with it. */
#include "vsr_test.h"

#include "dest/sync_child.h"
#include "media_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STUCK_MS = 60000, HIGH = 200, NO_FILTER = 255 };

static bool has_ended(int fd, int timeout_ms)
{
    struct pollfd events = {.fd = fd, .events = POLLIN};
    return poll(&events, 1, timeout_ms) == 1 && (events.revents & POLLHUP) != 0;
}

#define TRUE_OR_LINE(condition)                                                                    \
    if (!(condition)) {                                                                            \
        return __LINE__;                                                                           \
    }

/* 0, or the line of what was not so. */
static int holds_its_own_alone(void)
{
    int others[2];
    int its[2];
    char folder[64];
    struct sync_child child;
    fixture_folder(folder);
    const int locked = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    TRUE_OR_LINE(flock(locked, LOCK_EX | LOCK_NB) == 0);
    TRUE_OR_LINE(pipe2(others, O_CLOEXEC) == 0 && pipe2(its, O_CLOEXEC) == 0);
    const int high = fcntl(others[1], F_DUPFD_CLOEXEC, HIGH);
    TRUE_OR_LINE(high >= HIGH);

    TRUE_OR_LINE(sync_child_open(&child, &its[1], 1, NULL, SYNC_NOTER_PUBLISH) == 0);
    (void)close(others[1]);
    (void)close(high);
    (void)close(its[1]);
    (void)close(locked);
    TRUE_OR_LINE(has_ended(others[0], 0)); /* from when it was said to be there */
    const int again = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    TRUE_OR_LINE(flock(again, LOCK_EX | LOCK_NB) == 0);
    TRUE_OR_LINE(!has_ended(its[0], 0));

    sync_child_close(&child);
    TRUE_OR_LINE(has_ended(its[0], STUCK_MS));
    (void)close(again);
    (void)close(others[0]);
    (void)close(its[0]);
    TRUE_OR_LINE(rmdir(folder) == 0);
    return 0;
}

/* A kernel without this call, for this process from here on. */
static bool call_forget(unsigned number)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const struct sock_fprog program = {COUNT_OF(code), code};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

/* In a process without these calls, whose exit code is the line. What it may leave behind holds no
 * output of ours. */
static void assert_so_without(const unsigned *calls, size_t count)
{
    int status = 0;
    const pid_t process = fork();
    if (process == 0) {
        bool forgotten = true;
        for (size_t i = 0; i < count; i++) {
            forgotten = forgotten && call_forget(calls[i]);
        }
        for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
            (void)close(fd);
        }
        _exit(forgotten ? holds_its_own_alone() : NO_FILTER);
    }
    assert_int_equal(waitpid(process, &status, 0), process);
    if (WIFEXITED(status) && WEXITSTATUS(status) == NO_FILTER) {
        skip_because("no filter of system calls can be set here");
    }
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void it_closes_ranges(void **state)
{
    (void)state;
    assert_int_equal(holds_its_own_alone(), 0);
}

static void it_closes_what_is_listed(void **state)
{
    (void)state;
    assert_so_without((const unsigned[]){SYS_close_range}, 1);
}

static void it_closes_by_number(void **state)
{
    (void)state;
    assert_so_without((const unsigned[]){SYS_close_range, SYS_getdents64}, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_closes_ranges),
        cmocka_unit_test(it_closes_what_is_listed),
        cmocka_unit_test(it_closes_by_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
