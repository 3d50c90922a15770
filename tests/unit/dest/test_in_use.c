/* test_in_use.c - files that others use are found; what this process itself holds is not.
 *
 * Method: a child process opens, locks or executes a file of the test's own and waits on a pipe.
 * Swap files and loop devices need privileges that change the machine: a loop device is tried
 * where one can be had. */
#include "vsr_test.h"

#include "dest/in_use.h"
#include "dest/probe.h"
#include "media_fixture.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct world {
    char folder[64];
    char path[96];
    pid_t child;
};

static int world_open(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    fixture_folder(w->folder);
    (void)snprintf(w->path, sizeof w->path, "%s/file", w->folder);
    const int fd = open(w->path, O_CREAT | O_WRONLY | O_EXCL, 0755);
    assert_int_equal(write(fd, "123", 3), 3);
    (void)close(fd);
    *state = w;
    return 0;
}

static int world_close(void **state)
{
    struct world *w = *state;
    if (w->child > 0) {
        (void)kill(w->child, SIGKILL);
        (void)waitpid(w->child, NULL, 0);
    }
    fixture_remove(w->folder);
    free(w);
    return 0;
}

enum use { USE_OPEN, USE_FLOCK, USE_RECORD_LOCK, USE_EXECUTE };

static void child_use(const struct world *w, enum use use, int ready)
{
    const int fd = use == USE_EXECUTE ? ready : open(w->path, O_RDWR);
    const struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (fd < 0 || (use == USE_FLOCK && flock(fd, LOCK_EX) != 0) ||
        (use == USE_RECORD_LOCK && fcntl(fd, F_OFD_SETLK, &lock) != 0)) {
        _exit(1);
    }
    if (use == USE_EXECUTE) { /* the pipe closes when the program runs: it is close-on-exec */
        (void)execl(w->path, w->path, "1000", (char *)NULL);
        _exit(1);
    }
    (void)!write(ready, "r", 1);
    for (;;) {
        (void)pause();
    }
}

static void world_use(struct world *w, enum use use)
{
    int ready[2];
    char byte;
    assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
    w->child = fork();
    assert_int_not_equal(w->child, -1);
    if (w->child == 0) {
        child_use(w, use, ready[1]);
    }
    (void)close(ready[1]);
    assert_int_equal(read(ready[0], &byte, 1), use == USE_EXECUTE ? 0 : 1);
    (void)close(ready[0]);
}

static const char *world_reason(const struct world *w)
{
    struct stat facts;
    struct in_use_table *table = in_use_read();
    assert_int_equal(stat(w->path, &facts), 0);
    const char *reason = in_use_reason(table, facts.st_dev, facts.st_ino);
    in_use_free(table);
    return reason;
}

static void an_idle_file_is_free(void **state)
{
    const struct world *w = *state;
    const int fd = open(w->path, O_RDWR);
    assert_int_equal(flock(fd, LOCK_EX), 0); /* our own use is none */
    assert_null(world_reason(w));
    (void)close(fd);
}

static void an_open_file_is_in_use(void **state)
{
    struct world *w = *state;
    world_use(w, USE_OPEN);
    assert_non_null(world_reason(w));
    assert_non_null(strstr(world_reason(w), "open"));
}

static void a_locked_file_is_in_use(void **state)
{
    struct world *w = *state;
    world_use(w, USE_FLOCK);
    assert_non_null(world_reason(w));
    assert_non_null(strstr(world_reason(w), "locked"));
}

static void a_record_lock_counts(void **state)
{
    struct world *w = *state;
    world_use(w, USE_RECORD_LOCK);
    assert_non_null(world_reason(w));
    assert_non_null(strstr(world_reason(w), "in use"));
}

static void a_loop_device_counts(void **state)
{
    const struct world *w = *state;
    if (fixture_shell("truncate -s 64K '%s' && losetup -f '%s' 2>/dev/null", w->path, w->path) !=
        0) {
        skip_because("no loop device can be had here");
    }
    const char *reason = world_reason(w);
    assert_int_equal(fixture_shell("losetup -j '%s' | cut -d: -f1 | xargs losetup -d", w->path), 0);
    assert_non_null(reason);
    assert_non_null(strstr(reason, "loop"));
}

/* --- the same, as the planner is told --- */

static struct fact world_fact(const struct world *w, enum in_use in_use, enum tree_kind tree)
{
    struct probe *probe = NULL;
    struct fact_directory top;
    struct fact fact;
    vsr_error error = {0};
    const struct plan_mapped_root root = {VIEW("C:"), view_of(w->folder), false};
    const struct probe_options options = {.tree = tree, .in_use = in_use};
    assert_int_equal(probe_open(&probe, &root, 1, &options, &error), VSR_OK);
    const struct plan_facts facts = probe_facts(probe);
    assert_int_equal(facts.root(facts.context, 0, &top, &error), VSR_OK);
    assert_int_equal(facts.lookup(facts.context, top.handle, VIEW("FILE"), &fact, &error), VSR_OK);
    fact.name = VIEW_NONE; /* it stands in the probe */
    probe_close(probe);
    return fact;
}

static void a_free_file_is_replaceable_in_every_mode(void **state)
{
    const struct world *w = *state;
    const struct fact strict = world_fact(w, IN_USE_STRICT, TREE_LIVE);
    if (strict.use_unknown) {
        skip_because("no leases on %s", w->folder);
    }
    assert_true(strict.replaceable);
    assert_true(world_fact(w, IN_USE_LEASE, TREE_LIVE).replaceable);
    assert_true(world_fact(w, IN_USE_IGNORE, TREE_LIVE).replaceable);
}

static void what_is_in_use_is_replaced_only_where_that_is_ignored(void **state)
{
    struct world *w = *state;
    world_use(w, USE_FLOCK);
    const struct fact strict = world_fact(w, IN_USE_STRICT, TREE_LIVE);
    assert_false(strict.replaceable);
    assert_non_null(strstr(strict.obstacle, "locked"));
    assert_true(world_fact(w, IN_USE_IGNORE, TREE_LIVE).replaceable);
    assert_true(world_fact(w, IN_USE_STRICT, TREE_OFFLINE).replaceable); /* ruling 25 */
}

static void what_is_executed_is_in_use(void **state)
{
    struct world *w = *state;
    if (fixture_shell("cp \"$(command -v sleep)\" '%s'", w->path) != 0) {
        skip_because("no program to be copied here");
    }
    world_use(w, USE_EXECUTE);
    const struct fact strict = world_fact(w, IN_USE_STRICT, TREE_LIVE);
    assert_false(strict.replaceable);
    assert_non_null(strstr(strict.obstacle, "executed"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_idle_file_is_free, world_open, world_close),
        cmocka_unit_test_setup_teardown(an_open_file_is_in_use, world_open, world_close),
        cmocka_unit_test_setup_teardown(a_locked_file_is_in_use, world_open, world_close),
        cmocka_unit_test_setup_teardown(a_record_lock_counts, world_open, world_close),
        cmocka_unit_test_setup_teardown(a_loop_device_counts, world_open, world_close),
        cmocka_unit_test_setup_teardown(a_free_file_is_replaceable_in_every_mode, world_open,
                                        world_close),
        cmocka_unit_test_setup_teardown(what_is_in_use_is_replaced_only_where_that_is_ignored,
                                        world_open, world_close),
        cmocka_unit_test_setup_teardown(what_is_executed_is_in_use, world_open, world_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
