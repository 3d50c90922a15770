/* test_links.c - names of one file, and volumes on several mounts or inside one another.
 *
 * Goal: every planned name ends as one row, whichever of its names brings the data; what cannot
 * share data across mounts is written again and counted as a loss. Method: a set whose folder
 * "d" is mapped elsewhere than the rest. */
#include "vsr_test.h"

#include "media_fixture.h"
#include "plan_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/thread.h"
#include "engine/ring.h"
#include "engine/worker.h"

static const struct fixture_file files[] = {
    {.path = "c/owner", .content = {"shared content", 14}},
    {.path = "c/other", .content = {"other", 5}},
    {.path = "c/same folder", .kind = FIXTURE_HARDLINK, .content = {"c/owner", 7}},
    {.path = "d/far", .kind = FIXTURE_HARDLINK, .content = {"c/owner", 7}},
    {.path = "d/farther", .kind = FIXTURE_HARDLINK, .content = {"c/owner", 7}},
    {.path = "d/sub/own", .content = {"own", 3}},
};

struct world {
    char folder[64];
    char dir[128];  /* where the set goes ... */
    char dir2[192]; /* ... but for "d", which goes here */
    struct media_set set;
    struct plan *plan;
    struct restore r;
};

static int world_open(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    restore_folder_open(w->folder, w->dir, &w->set, files, COUNT_OF(files));
    *state = w;
    return 0;
}

static int world_close(void **state)
{
    struct world *w = *state;
    ring_watch = NULL;
    restore_free(&w->r);
    if (w->plan != NULL) { /* a skipped case made none */
        plan_fixture_free(w->plan);
    }
    set_close(&w->set);
    fixture_remove(w->folder);
    if (w->dir2[0] != '\0') {
        fixture_remove(w->dir2);
    }
    free(w);
    return 0;
}

/* Folder "d" becomes the top of a second volume that stands at dir2. */
static void plan_second_root(struct world *w)
{
    struct plan *plan = w->plan;
    struct plan_directory *d = (struct plan_directory *)(uintptr_t)plan->directories;
    struct plan_root *roots = calloc(2, sizeof *roots);
    char *text = malloc(plan->text_bytes + sizeof w->dir2);
    memcpy(text, plan->text, plan->text_bytes);
    memcpy(text + plan->text_bytes, w->dir2, strlen(w->dir2));
    roots[0] = plan->roots[0];
    roots[1] = (struct plan_root){.spec = roots[0].spec,
                                  .dir = {plan->text_bytes, (uint32_t)strlen(w->dir2)}};
    for (uint32_t i = 1; i < plan->directory_count; i++) {
        if (d[i].parent == 0 && view_equal(plan_text(plan, d[i].name), VIEW("d"))) {
            d[i] = (struct plan_directory){.parent = MARK_NONE, .root = 1, .entry = d[i].entry};
        } else if (d[i].parent != MARK_NONE) {
            d[i].root = d[d[i].parent].root;
        }
    }
    free((void *)(uintptr_t)plan->roots);
    free((void *)(uintptr_t)plan->text);
    plan->roots = roots;
    plan->root_count = 2;
    plan->text = text;
    plan->text_bytes += (uint32_t)strlen(w->dir2);
}

/* The "d" folder's record is planned no more: its directory exists. */
static void plan_drop_record(struct world *w, const char *path)
{
    struct plan_file *f = (struct plan_file *)(uintptr_t)w->plan->files;
    f[restore_file(&(struct restore){.set = &w->set, .plan = w->plan}, path)].action = ACTION_NONE;
}

static void world_plan(struct world *w)
{
    w->plan = plan_fixture_create(&w->set, w->dir, 1, NULL);
    w->r = (struct restore){.set = &w->set,
                            .plan = w->plan,
                            .ring = RING_SYNC,
                            .workers = 2,
                            .durability = DURABILITY_NONE};
    if (w->dir2[0] != '\0') {
        plan_second_root(w);
        plan_drop_record(w, "d");
    }
}

static struct stat facts_of(const char *dir, const char *name)
{
    char path[256];
    struct stat facts;
    (void)snprintf(path, sizeof path, "%s/%s", dir, name);
    assert_int_equal(lstat(path, &facts), 0);
    return facts;
}

static void check_content(const char *dir, const char *name, const char *want)
{
    char path[256], text[64] = "";
    (void)snprintf(path, sizeof path, "%s/%s", dir, name);
    const int fd = open(path, O_RDONLY);
    assert_int_not_equal(fd, -1);
    assert_int_equal(read(fd, text, sizeof text - 1), strlen(want));
    assert_string_equal(text, want);
    (void)close(fd);
}

static void run_all_restored(struct world *w)
{
    assert_int_equal(restore_run(&w->r), VSR_OK);
    for (uint32_t i = 0; i < w->plan->file_count; i++) {
        const enum outcome want =
            w->plan->files[i].action == ACTION_NONE ? OUTCOME_PRESENT : OUTCOME_RESTORED;
        assert_int_equal(w->r.rows[i].outcome, want);
    }
}

static void test_names_on_one_mount_share_data(void **state)
{
    struct world *w = *state;
    world_plan(w);
    run_all_restored(w);
    assert_int_equal(facts_of(w->dir, "c/owner").st_nlink, 4);
    assert_int_equal(facts_of(w->dir, "c/owner").st_ino, facts_of(w->dir, "d/farther").st_ino);
    assert_int_equal(w->r.losses.links, 0);
}

static void test_second_volume_inside_the_first(void **state)
{
    struct world *w = *state;
    (void)snprintf(w->dir2, sizeof w->dir2, "%s/nested", w->dir);
    assert_int_equal(mkdir(w->dir2, 0755), 0);
    world_plan(w);
    run_all_restored(w);
    assert_int_equal(facts_of(w->dir, "c/owner").st_ino, facts_of(w->dir2, "far").st_ino);
    check_content(w->dir2, "sub/own", "own");
    assert_int_equal(w->r.losses.links, 0);
    w->dir2[0] = '\0'; /* goes with dir */
}

static void test_names_on_two_mounts_are_written_again(void **state)
{
    struct world *w = *state;
    if (access("/dev/shm", W_OK) != 0 ||
        facts_of("/dev", "shm").st_dev == facts_of(w->folder, "dest").st_dev) {
        skip_because("no second file system to write to");
    }
    (void)snprintf(w->dir2, sizeof w->dir2, "/dev/shm/dest-XXXXXX");
    assert_non_null(mkdtemp(w->dir2));
    world_plan(w);
    run_all_restored(w);
    check_content(w->dir2, "far", "shared content");
    assert_int_equal(facts_of(w->dir2, "far").st_ino, facts_of(w->dir2, "farther").st_ino);
    assert_int_equal(facts_of(w->dir, "c/owner").st_nlink, 2);
    assert_int_equal(w->r.losses.links, 1);
    assert_int_not_equal(w->r.rows[restore_file(&w->r, "d/far")].loss, 0);
}

static void test_owner_that_is_left_alone(void **state)
{
    struct world *w = *state;
    world_plan(w);
    uint8_t *skipped = calloc(w->plan->file_count, 1);
    skipped[restore_file(&w->r, "c/owner")] = 1;
    w->r.skip = skipped;
    assert_int_equal(restore_run(&w->r), VSR_OK);
    assert_int_equal(w->r.rows[restore_file(&w->r, "c/owner")].outcome, OUTCOME_NOT_STARTED);
    assert_int_equal(w->r.rows[restore_file(&w->r, "d/far")].bytes, 0);
    assert_int_equal(w->r.states[0], UNIT_FAILED); /* as the fixture counts: not every row */
    free(skipped);
}

static void test_damaged_owner_fails_all_its_names(void **state)
{
    struct world *w = *state;
    world_plan(w);
    const uint32_t owner = restore_file(&w->r, "c/owner");
    const struct media_index *index = &w->set.index;
    struct index_chunk *chunks = calloc(index->chunk_count, sizeof *chunks);
    memcpy(chunks, index->chunks, index->chunk_count * sizeof *chunks);
    chunks[index->entries[w->plan->files[owner].entry].file.first_chunk].xxh3_64 ^= 4;
    w->set.index.chunks = chunks;
    assert_int_equal(restore_run(&w->r), VSR_OK);
    assert_int_equal(w->r.rows[owner].outcome, OUTCOME_MEDIA_CORRUPT);
    assert_int_equal(w->r.rows[restore_file(&w->r, "d/far")].outcome, OUTCOME_MEDIA_CORRUPT);
    assert_int_equal(w->r.rows[restore_file(&w->r, "c/same folder")].outcome,
                     OUTCOME_MEDIA_CORRUPT);
    assert_int_equal(w->r.rows[restore_file(&w->r, "c/other")].outcome, OUTCOME_WITHDRAWN);
    free(chunks);
}

/* --- a frame is decoded once --- */

static void test_each_frame_is_decoded_once(void **state)
{
    struct world *w = *state;
    world_plan(w);
    run_all_restored(w);
    assert_int_equal(w->r.progress.frames, 1); /* three files with data, one shared frame */
}

/* --- what a worker cannot do --- */

/* What comes of each place, tried by a worker of a restore, in the middle of it. */
static struct {
    const struct stage *stage;
    char pack[256], beside[256], in_destination[256];
    pthread_t caller;
    _Atomic unsigned tried;
    unsigned staged; /* made and removed again, of as many as there are staging folders */
    int read, made_beside, made_in_destination; /* 0, or errno */
    bool by_caller;
} reach;

static int reach_for(const char *path, int flags)
{
    const int fd = open(path, flags | O_CLOEXEC, 0600);
    const int fault = fd < 0 ? errno : 0;
    (void)close(fd);
    return fault;
}

static int32_t reach_out(enum ring_kind kind, const struct ring_operation *operation,
                         int32_t result)
{
    (void)kind;
    (void)operation;
    if (atomic_fetch_add(&reach.tried, 1) > 0) {
        return result;
    }
    reach.by_caller = pthread_equal(pthread_self(), reach.caller) != 0;
    for (uint32_t i = 0; i < reach.stage->mount_count; i++) {
        const int fd = reach.stage->mounts[i].fd;
        const int made = openat(fd, "tried", O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
        reach.staged += made >= 0 && close(made) == 0 && unlinkat(fd, "tried", 0) == 0;
    }
    reach.read = reach_for(reach.pack, O_RDONLY);
    reach.made_beside = reach_for(reach.beside, O_CREAT | O_WRONLY);
    reach.made_in_destination = reach_for(reach.in_destination, O_CREAT | O_WRONLY);
    return result;
}

static void reach_begin(void *context, struct stage *stage)
{
    const struct world *w = context;
    memset(&reach, 0, sizeof reach);
    reach.stage = stage;
    reach.caller = pthread_self();
    (void)snprintf(reach.pack, sizeof reach.pack, "%s/set/packs/pack-000000.tar.lz4", w->folder);
    (void)snprintf(reach.beside, sizeof reach.beside, "%s/made", w->folder);
    (void)snprintf(reach.in_destination, sizeof reach.in_destination, "%s/made", w->dir);
}

static void test_a_worker_can_write_in_staging_alone(void **state)
{
    static const struct ring_watch watch = {.result = reach_out};
    struct world *w = *state;
    if (syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION) < 2) {
        skip_because("no Landlock that lets a worker link (Linux 5.19) in this kernel");
    }
    world_plan(w);
    ring_watch = &watch;
    w->r.before_engine = reach_begin;
    w->r.context = w;
    run_all_restored(w);
    assert_true(atomic_load(&reach.tried) > 0 && !reach.by_caller);
    assert_int_equal(reach.staged, 1);
    assert_int_equal(reach.read, 0);
    assert_int_equal(reach.made_beside, EACCES);
    assert_int_equal(reach.made_in_destination, EACCES);
    assert_int_equal(access(reach.beside, F_OK), -1);
}

static void *confined(void *argument)
{
    const char *dir = argument;
    int *result = calloc(1, sizeof *result);
    if (!worker_confine(NULL)) {
        *result = -1;
        return result;
    }
    const int fd = open(dir, O_RDONLY | O_DIRECTORY);
    *result = fd >= 0 && openat(fd, "made", O_CREAT | O_WRONLY, 0600) < 0 ? errno : 0;
    (void)close(fd);
    return result;
}

static void test_a_worker_without_staging_can_write_nowhere(void **state)
{
    struct world *w = *state;
    pthread_t thread;
    void *result = NULL;
    world_plan(w);
    assert_int_equal(pthread_create(&thread, NULL, confined, w->dir), 0);
    assert_int_equal(pthread_join(thread, &result), 0);
    const int fault = *(int *)result;
    free(result);
    if (fault < 0) {
        skip_because("no Landlock in this kernel");
    }
    assert_int_equal(fault, EACCES);
    assert_int_equal(mkdir(w->dir, 0755), -1); /* and we, who started it, still can: */
    assert_int_equal(rmdir(w->dir), 0);
    assert_int_equal(mkdir(w->dir, 0755), 0);
}

struct ticking {
    const char *path;
    _Atomic int fault; /* of making it; -1: not tried yet */
};

static void tick_makes(void *context)
{
    struct ticking *ticking = context;
    const int fd = open(ticking->path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    atomic_store(&ticking->fault, fd < 0 ? errno : 0);
    (void)close(fd);
}

static void test_a_thread_that_ticks_can_write_nowhere(void **state)
{
    const struct world *w = *state;
    char path[256];
    struct ticking ticking = {.path = path, .fault = -1};
    pthread_t thread;
    void *result = NULL;
    (void)snprintf(path, sizeof path, "%s/made", w->folder);
    assert_int_equal(pthread_create(&thread, NULL, confined, (void *)(uintptr_t)w->folder), 0);
    assert_int_equal(pthread_join(thread, &result), 0);
    const int fault = *(int *)result;
    free(result);
    if (fault < 0) {
        skip_because("no Landlock in this kernel");
    }
    struct ticker *ticker = ticker_begin("ticks", 1000000, tick_makes, &ticking);
    assert_non_null(ticker);
    while (atomic_load(&ticking.fault) < 0) {
        (void)sched_yield();
    }
    ticker_end(ticker);
    assert_int_equal(atomic_load(&ticking.fault), EACCES);
    assert_int_equal(access(path, F_OK), -1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_open, world_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_names_on_one_mount_share_data),
        TEST(test_second_volume_inside_the_first),
        TEST(test_names_on_two_mounts_are_written_again),
        TEST(test_owner_that_is_left_alone),
        TEST(test_damaged_owner_fails_all_its_names),
        TEST(test_each_frame_is_decoded_once),
        TEST(test_a_worker_can_write_in_staging_alone),
        TEST(test_a_worker_without_staging_can_write_nowhere),
        TEST(test_a_thread_that_ticks_can_write_nowhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
