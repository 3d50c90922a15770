/* test_pack_threads.c - threads of pack and check have given up what they do not need.
 *
 * Goal: none of them, whatever bytes it reads, can make a file; the caller's thread still can.
 * Method: the calls by which they look and read are wrapped, and try to make one first. Who takes
 * a directory, or a frame, is chance: until another thread than the caller's has, it is done
 * again. */
#include "unit/pack/pack_fixture.h"

#include "base/confine.h"
#include "media/check.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { FOLDERS = 12, ROUNDS_MAX = 200 };

static struct {
    char path[128]; /* of the file that is tried; empty: nothing is */
    pthread_t home;
    atomic_uint looked, read; /* calls on other threads */
    atomic_uint made;         /* of them: it could be made */
} probe;

static void probe_now(atomic_uint *calls)
{
    const struct timespec pause = {.tv_nsec = 200000};
    if (probe.path[0] == '\0') {
        return;
    }
    if (pthread_equal(pthread_self(), probe.home)) {
        (void)nanosleep(&pause, NULL); /* so that others get something to do */
        return;
    }
    (void)atomic_fetch_add(calls, 1);
    const int fd = open(probe.path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    if (fd >= 0) {
        (void)atomic_fetch_add(&probe.made, 1);
        (void)close(fd);
    }
}

int __real_statx(int fd, const char *path, int flags, unsigned mask, struct statx *facts);
int __wrap_statx(int fd, const char *path, int flags, unsigned mask, struct statx *facts);
int __wrap_statx(int fd, const char *path, int flags, unsigned mask, struct statx *facts)
{
    probe_now(&probe.looked);
    return __real_statx(fd, path, flags, mask, facts);
}

ssize_t __real_pread64(int fd, void *bytes, size_t count, off_t offset);
ssize_t __wrap_pread64(int fd, void *bytes, size_t count, off_t offset);
ssize_t __wrap_pread64(int fd, void *bytes, size_t count, off_t offset)
{
    probe_now(&probe.read);
    return __real_pread64(fd, bytes, count, offset);
}

static void *confine_and_make(void *result)
{
    const bool confined = confine_thread(NULL);
    const int fd = open(probe.path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    *(int *)result = !confined ? -1 : fd < 0 ? errno : 0;
    (void)close(fd);
    return NULL;
}

static void probe_begin(const char *folder)
{
    pthread_t thread;
    int fault = 0;
    memset(&probe, 0, sizeof probe);
    probe.home = pthread_self();
    (void)snprintf(probe.path, sizeof probe.path, "%s/made", folder);
    assert_int_equal(pthread_create(&thread, NULL, confine_and_make, &fault), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    if (fault < 0) {
        probe.path[0] = '\0';
        skip_because("no Landlock in this kernel");
    }
    assert_int_equal(fault, EACCES);
}

static void probe_end(void)
{
    assert_int_equal(atomic_load(&probe.made), 0);
    const int fd = open(probe.path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    assert_true(fd >= 0); /* and we, who started them, still can */
    (void)close(fd);
    assert_int_equal(unlink(probe.path), 0);
    probe.path[0] = '\0';
}

static void fixture_fill(struct pack_fixture *fixture)
{
    pack_fixture_begin(fixture);
    pack_fixture_sets(fixture, "<FILE_LIST path=\"C:\\\" filespec=\"*\" recursive=\"yes\"/>", "");
    for (int i = 0; i < FOLDERS; i++) {
        char path[32];
        (void)snprintf(path, sizeof path, "folder%d/in/file", i);
        tree_random(fixture, path, 100000);
    }
}

static void threads_of_pack_make_nothing(void **state)
{
    (void)state;
    struct pack_fixture fixture;
    fixture_fill(&fixture);
    probe_begin(fixture.folder);
    for (int round = 0; atomic_load(&probe.looked) == 0 || round == 0; round++) {
        assert_true(round < ROUNDS_MAX);
        assert_int_equal(shell("rm -rf '%s'", fixture.set), 0);
        assert_int_equal(pack_fixture_pack(&fixture), VSR_OK);
    }
    assert_true(atomic_load(&probe.read) > 0);
    probe_end();
    pack_fixture_end(&fixture);
}

static void threads_of_check_make_nothing(void **state)
{
    (void)state;
    struct pack_fixture fixture;
    fixture_fill(&fixture);
    assert_int_equal(pack_fixture_pack(&fixture), VSR_OK);
    probe_begin(fixture.folder);
    for (int round = 0; atomic_load(&probe.read) == 0; round++) {
        struct check_totals totals;
        vsr_error error = {0};
        assert_true(round < ROUNDS_MAX);
        assert_int_equal(set_check(fixture.set, 4, NULL, NULL, &totals, &error), VSR_OK);
    }
    probe_end();
    pack_fixture_end(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_of_pack_make_nothing),
        cmocka_unit_test(threads_of_check_make_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
