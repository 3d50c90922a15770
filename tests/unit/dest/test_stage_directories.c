/* test_stage_directories.c - a thousand staged directories, by one thread and by several.
 *
 * Goal: several threads make and describe what one does; they change nothing else; what one of them
 * fails at stops the start, or the unit. Method: a set with a broad folder and a deep chain, more
 * than a block of each, and mkdirat() wrapped. */
#include "vsr_test.h"

#include "base/confine.h"
#include "dest/stage_layout.h"
#include "media_fixture.h"
#include "plan_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { BROAD = 700, DEEP = 300, ALL = BROAD + DEEP, WAIT_S = 20 };

struct world {
    char folder[64];
    char dir[128];
    char *paths[ALL];
    struct media_set set;
    struct plan *plan;
    struct restore r;
};

/* What the wrapped call does, set before threads are there. */
static struct {
    bool meet;           /* wait in a broad folder until two threads have come */
    const char *full;    /* no room for this one */
    const char *outside; /* another thread than first tries to make this, too */
    pthread_t first;
    _Atomic int others; /* have come */
    _Atomic int outside_errno;
} played;

int __real_mkdirat(int dir_fd, const char *name, mode_t mode);
int __wrap_mkdirat(int dir_fd, const char *name, mode_t mode);
int __wrap_mkdirat(int dir_fd, const char *name, mode_t mode)
{
    const bool is_first = pthread_equal(played.first, pthread_self()) != 0;
    if (played.full != NULL && strcmp(name, played.full) == 0) {
        errno = ENOSPC;
        return -1;
    }
    if (!is_first) {
        atomic_store(&played.others, 1);
    }
    if (!is_first && played.outside != NULL) {
        const int made = __real_mkdirat(AT_FDCWD, played.outside, 0700);
        atomic_store(&played.outside_errno, made == 0 ? 0 : errno);
    }
    const time_t until = time(NULL) + WAIT_S;
    while (is_first && played.meet && strcmp(name, "broad 699") == 0 && time(NULL) < until &&
           atomic_load(&played.others) == 0) {
        (void)sched_yield();
    }
    return __real_mkdirat(dir_fd, name, mode);
}

static void world_paths(struct world *w)
{
    char path[128 + 3 * DEEP];
    for (int i = 0; i < BROAD; i++) {
        (void)snprintf(path, sizeof path, "tree/broad %03d", i);
        w->paths[i] = strdup(path);
    }
    size_t n = (size_t)snprintf(path, sizeof path, "tree/deep");
    for (int i = 0; i < DEEP; i++) {
        n += (size_t)snprintf(path + n, sizeof path - n, "/%x", (unsigned)i % 16);
        w->paths[BROAD + i] = strdup(path);
    }
}

static int world_open(void **state)
{
    static struct fixture_file files[ALL + 1];
    struct world *w = calloc(1, sizeof *w);
    world_paths(w);
    for (int i = 0; i < ALL; i++) {
        files[i] = (struct fixture_file){.path = w->paths[i],
                                         .kind = FIXTURE_DIRECTORY,
                                         .mode = i % 3 == 0 ? 0750 : 0755,
                                         .modify_s = 1000 + i};
    }
    files[ALL] = (struct fixture_file){.path = "tree/file", .content = {"file", 4}};
    restore_folder_open(w->folder, w->dir, &w->set, files, COUNT_OF(files));
    w->plan = plan_fixture_create(&w->set, w->dir, 1, NULL);
    w->r = (struct restore){.set = &w->set, .plan = w->plan, .workers = 4, .undo_fd = -1};
    memset(&played, 0, sizeof played);
    played.first = pthread_self();
    *state = w;
    return 0;
}

static int world_close(void **state)
{
    struct world *w = *state;
    restore_free(&w->r);
    plan_fixture_free(w->plan);
    set_close(&w->set);
    fixture_remove(w->folder);
    for (int i = 0; i < ALL; i++) {
        free(w->paths[i]);
    }
    free(w);
    return 0;
}

static void assert_all_there(const struct world *w)
{
    for (int i = 0; i < ALL; i++) {
        char path[1280];
        struct stat facts;
        (void)snprintf(path, sizeof path, "%s/%s", w->dir, w->paths[i]);
        assert_int_equal(lstat(path, &facts), 0);
        assert_true(S_ISDIR(facts.st_mode));
        assert_int_equal(facts.st_mode & 07777, i % 3 == 0 ? 0750 : 0755);
        assert_int_equal(facts.st_mtim.tv_sec, 1000 + i);
    }
    assert_int_equal(fixture_shell("test $(find '%s/tree' | wc -l) = %d", w->dir, ALL + 3), 0);
}

static void test_one_thread_makes_them(void **state)
{
    struct world *w = *state;
    w->r.workers = 1;
    assert_int_equal(restore_run(&w->r), VSR_OK);
    assert_int_equal(w->r.states[0], UNIT_PUBLISHED);
    assert_int_equal(atomic_load(&played.others), 0);
    assert_all_there(w);
}

static void test_several_threads_make_the_same(void **state)
{
    struct world *w = *state;
    played.meet = true;
    assert_int_equal(restore_run(&w->r), VSR_OK);
    assert_int_equal(w->r.states[0], UNIT_PUBLISHED);
    assert_int_equal(atomic_load(&played.others), 1);
    assert_all_there(w);
}

static void *is_confined(void *context)
{
    *(bool *)context = confine_thread(NULL);
    return NULL;
}

static void test_they_make_nothing_outside_staging(void **state)
{
    struct world *w = *state;
    char path[256];
    pthread_t thread;
    bool confined = false;
    assert_int_equal(pthread_create(&thread, NULL, is_confined, &confined), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    if (!confined) {
        skip_because("no Landlock in this kernel");
    }
    (void)snprintf(path, sizeof path, "%s/planted", w->dir);
    played.meet = true;
    played.outside = path;
    assert_int_equal(restore_run(&w->r), VSR_OK);
    assert_int_equal(atomic_load(&played.others), 1);
    assert_int_equal(atomic_load(&played.outside_errno), EACCES);
    assert_int_equal(access(path, F_OK), -1);
}

static void test_one_that_cannot_be_made_stops_the_start(void **state)
{
    struct world *w = *state;
    static const char *const names[] = {"broad 000", "broad 650", "b"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        played.full = names[i];
        assert_int_equal(restore_run(&w->r), VSR_ERR_DEST_FULL);
        assert_int_equal(w->r.error.os_errno, ENOSPC);
        assert_non_null(strstr(w->r.error.what, names[i]));
        assert_int_equal(fixture_shell("test -z \"$(ls -A '%s')\"", w->dir), 0);
        restore_free(&w->r);
        w->r.error = (vsr_error){0};
    }
}

static void hook_one_goes(void *context, struct stage *stage)
{
    char path[256];
    char tree[10];
    stage_tree_name(stage, 0, tree);
    (void)snprintf(path, sizeof path, "%s/%s", tree, (const char *)context);
    assert_int_equal(unlinkat(stage->mounts[0].fd, path, AT_REMOVEDIR), 0);
}

static void test_one_that_cannot_be_described_fails_the_unit(void **state)
{
    struct world *w = *state;
    static char gone[] = "broad 600";
    w->r.before_publish = hook_one_goes;
    w->r.context = gone;
    assert_int_equal(restore_run(&w->r), VSR_OK);
    assert_int_equal(w->r.states[0], UNIT_FAILED);
    assert_int_equal(fixture_shell("test -z \"$(ls -A '%s')\"", w->dir), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_open, world_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_one_thread_makes_them),
        TEST(test_several_threads_make_the_same),
        TEST(test_they_make_nothing_outside_staging),
        TEST(test_one_that_cannot_be_made_stops_the_start),
        TEST(test_one_that_cannot_be_described_fails_the_unit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
