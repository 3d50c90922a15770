/* test_stage.c - the staging folder: ours alone, on the right mount, gone at every end.
 *
 * Goal: it is never taken over from somebody else, a resumed run knows its own again, nothing is
 * left of it after a failed start, and no planned name leads out of it. */
#include "vsr_test.h"

#include "dest/stage_layout.h"
#include "media_fixture.h"
#include "plan_fixture.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BIG_BYTES = 3 << 20 };

struct world {
    char folder[64];
    char dir[128];
    char *big;
    struct media_set set;
    struct plan *plan;
    struct uuid run;
};

static int world_open(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    w->big = fixture_bytes(3, BIG_BYTES);
    const struct fixture_file files[] = {
        {.path = "tree/big", .content = {w->big, BIG_BYTES}},
        {.path = "tree/inner/small", .content = {"small", 5}},
        {.path = "top", .content = {"top", 3}},
    };
    restore_folder_open(w->folder, w->dir, &w->set, files, COUNT_OF(files));
    w->plan = plan_fixture_create(&w->set, w->dir, 1, NULL);
    w->run = uuid_random();
    *state = w;
    return 0;
}

static int world_close(void **state)
{
    struct world *w = *state;
    plan_fixture_free(w->plan);
    set_close(&w->set);
    fixture_remove(w->folder);
    free(w->big);
    free(w);
    return 0;
}

static vsr_code open_stage(const struct world *w, const struct stage_options *options,
                           struct stage **stage, vsr_error *error)
{
    *error = (vsr_error){0};
    return stage_open(stage, w->plan, &w->set, &w->run, options, error);
}

static uint32_t entries_in(const char *dir)
{
    DIR *list = opendir(dir);
    uint32_t count = 0;
    assert_non_null(list);
    for (struct dirent *entry; (entry = readdir(list)) != NULL;) {
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    }
    (void)closedir(list);
    return count;
}

static void test_it_is_ours_alone_and_goes_again(void **state)
{
    struct world *w = *state;
    struct stage *stage = NULL;
    struct stat before, facts;
    vsr_error error;
    assert_int_equal(lstat(w->dir, &before), 0);
    assert_int_equal(open_stage(w, &(struct stage_options){.owner = OWNER_MINE}, &stage, &error),
                     VSR_OK);
    assert_int_equal(stage->mount_count, 1);
    assert_int_equal(stage->tree_count, 1);
    assert_int_equal(stage->group_count, 1);
    assert_false(stage->mounts[0].others_may_write);
    assert_int_equal(fstat(stage->mounts[0].fd, &facts), 0);
    assert_int_equal(facts.st_mode & 07777, 0700);
    assert_int_equal(entries_in(w->dir), 1);
    assert_int_equal(stage_close(stage, false, &error), VSR_OK);
    assert_int_equal(entries_in(w->dir), 0);
    assert_int_equal(lstat(w->dir, &facts), 0);
    assert_int_equal(before.st_mtim.tv_nsec, facts.st_mtim.tv_nsec); /* its time is put back */
}

static void test_a_folder_that_stands_there_is_not_taken_over(void **state)
{
    struct world *w = *state;
    struct stage *stage = NULL;
    vsr_error error;
    char text[UUID_TEXT_BYTES], path[256];
    uuid_text(&w->run, text);
    (void)snprintf(path, sizeof path, "%s/.vssrestore-%s", w->dir, text);
    assert_int_equal(mkdir(path, 0777), 0);
    assert_int_not_equal(open_stage(w, &(struct stage_options){.owner = OWNER_MINE}, &stage,
                                    &error),
                         VSR_OK);
    assert_int_equal(error.os_errno, EEXIST);
    assert_int_equal(entries_in(path), 0);
    assert_int_equal(rmdir(path), 0); /* it was left where it stood */
    assert_int_equal(entries_in(w->dir), 0);
}

static void set_directory_name(struct world *w, const char *from, const char *to)
{
    struct plan_directory *d = (struct plan_directory *)(uintptr_t)w->plan->directories;
    for (uint32_t i = 0; i < w->plan->directory_count; i++) {
        if (view_equal(plan_text(w->plan, d[i].name), view_of(from))) {
            char *text = (char *)(uintptr_t)w->plan->text + d[i].name.offset;
            d[i].name.bytes = (uint32_t)strlen(to); /* shorter than what stood there */
            memcpy(text, to, d[i].name.bytes);
            return;
        }
    }
    fail();
}

static void test_names_that_lead_away_are_refused(void **state)
{
    struct world *w = *state;
    struct stage *stage = NULL;
    vsr_error error;
    static const char *const names[] = {"a/b", "..", "."};
    const char *now = "inner";
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        set_directory_name(w, now, names[i]);
        now = names[i];
        assert_int_equal(open_stage(w, &(struct stage_options){.owner = OWNER_MINE}, &stage,
                                    &error),
                         VSR_ERR_DEST_ESCAPE);
        assert_int_equal(entries_in(w->dir), 0);
    }
}

/* --- resume --- */

static struct outcome_row *run_engine(struct world *w, struct stage *stage)
{
    struct outcome_row *rows = calloc(w->plan->file_count, sizeof *rows);
    struct machine_facts machine;
    struct budget budget;
    struct engine *engine;
    vsr_error error = {0};
    uint32_t group;
    machine_examine(&machine);
    assert_int_equal(budget_resolve(&budget, &(struct engine_options){.ring = RING_SYNC}, &machine,
                                    FRAME_STORED_BYTES_MAX, FRAME_PLAIN_BYTES_MAX,
                                    w->plan->file_count, 0, &error),
                     VSR_OK);
    assert_int_equal(engine_start(&engine,
                                  &(struct engine_input){.plan = w->plan,
                                                         .set = &w->set,
                                                         .stage = stage,
                                                         .budget = &budget,
                                                         .owner = OWNER_MINE,
                                                         .rows = rows},
                                  &error),
                     VSR_OK);
    while (!engine_is_done(engine)) {
        (void)engine_wait(engine, 1000000000, &group);
    }
    engine_end(engine, NULL);
    return rows;
}

static void spoil(int dir_fd, const char *path)
{
    const int fd = openat(dir_fd, path, O_WRONLY);
    assert_int_not_equal(fd, -1);
    assert_int_equal(ftruncate(fd, 0), 0);
    assert_int_equal(pwrite(fd, "spoilt", 6, 2 * BIG_BYTES), 6);
    (void)close(fd);
}

static void test_a_resumed_run_knows_its_folder(void **state)
{
    struct world *w = *state;
    struct stage *stage = NULL;
    vsr_error error;
    assert_int_equal(open_stage(w, &(struct stage_options){.owner = OWNER_MINE}, &stage, &error),
                     VSR_OK);
    free(run_engine(w, stage));
    spoil(stage->mounts[0].fd, "t1/big");
    spoil(stage->mounts[0].fd, "t1/inner/small");
    struct stage_identity folder = stage->mounts[0].identity;
    folder.same_boot = true;
    const struct stage_known known = {.folders = &folder, .folder_count = 1, .staged = true};
    assert_int_equal(stage_close(stage, true, &error), VSR_OK); /* as a kill leaves it */
    const struct stage_options again = {.owner = OWNER_MINE, .known = &known};
    folder.inode ^= 1;
    assert_int_equal(open_stage(w, &again, &stage, &error), VSR_ERR_RUN_FOREIGN);
    folder.inode ^= 1;
    assert_int_equal(open_stage(w, &again, &stage, &error), VSR_OK);
    assert_true(stage->mounts[0].adopted && stage->mounts[0].continuous);
    struct outcome_row *rows = run_engine(w, stage);
    enum unit_state states[1] = {UNIT_STAGED};
    uint64_t residue[1] = {0};
    assert_int_equal(publish_group(stage, 0, DURABILITY_END, NULL, states, rows, residue, &error),
                     VSR_OK);
    assert_int_equal(states[0], UNIT_PUBLISHED);
    free(rows);
    assert_int_equal(stage_close(stage, false, &error), VSR_OK);
    char path[256];
    struct stat facts;
    (void)snprintf(path, sizeof path, "%s/tree/big", w->dir);
    assert_int_equal(lstat(path, &facts), 0);
    assert_int_equal(facts.st_size, BIG_BYTES);
    assert_int_equal(entries_in(w->dir), 2);
}

/* After a cut that took the staging folder, on a disk that is called otherwise now: what was
 * renamed is still known by what the device was called. */
static void test_a_device_is_known_without_its_folder(void **state)
{
    struct world *w = *state;
    struct stage *stage = NULL;
    vsr_error error;
    static const uint8_t unknown[sizeof((struct stage_identity *)NULL)->fs_uuid];
    assert_int_equal(open_stage(w, &(struct stage_options){.owner = OWNER_MINE}, &stage, &error),
                     VSR_OK);
    struct stage_identity folders[2] = {stage->mounts[0].identity, stage->mounts[0].identity};
    const bool told = memcmp(folders[0].fs_uuid, unknown, sizeof unknown) != 0;
    const uint64_t device = folders[0].device;
    folders[0].device = device + 1;
    folders[1].fs_uuid[3] ^= 1; /* another file system */
    folders[1].device = device + 2;
    const struct stage_known known = {.folders = folders, .folder_count = 2};
    const struct stage_options again = {.owner = OWNER_MINE, .known = &known};
    assert_int_equal(stage_close(stage, false, &error), VSR_OK);
    assert_int_equal(open_stage(w, &again, &stage, &error), VSR_OK);
    assert_false(stage->mounts[0].adopted);
    assert_int_equal(stage->mounts[0].device, device);
    assert_int_equal(stage->mounts[0].device_before, told ? device + 1 : 0);
    assert_int_equal(stage_close(stage, false, &error), VSR_OK);
}

/* --- depth --- */

static void test_a_deep_tree_is_removed(void **state)
{
    struct world *w = *state;
    struct stage *stage = NULL;
    vsr_error error;
    char name[201];
    memset(name, 'n', sizeof name - 1);
    name[200] = '\0';
    assert_int_equal(open_stage(w, &(struct stage_options){.owner = OWNER_MINE}, &stage, &error),
                     VSR_OK);
    int fd = dup(stage->mounts[0].fd);
    for (int i = 0; i < 60; i++) { /* 12,000 bytes of path: three times PATH_MAX */
        assert_int_equal(mkdirat(fd, name, 0700), 0);
        const int inner = openat(fd, name, O_RDONLY | O_DIRECTORY);
        (void)close(fd);
        fd = inner;
        (void)close(openat(fd, "file", O_CREAT | O_WRONLY, 0600));
        (void)fchmod(fd, 0500);
        (void)fchmod(fd, 0700);
    }
    (void)close(fd);
    assert_int_equal(stage_close(stage, false, &error), VSR_OK);
    assert_int_equal(entries_in(w->dir), 0);
}

static void test_long_paths_are_walked_in_steps(void **state)
{
    struct world *w = *state;
    char path[60 * 101];
    size_t at = 0;
    int fd = open(w->dir, O_RDONLY | O_DIRECTORY);
    const int top = dup(fd);
    char name[101];
    memset(name, 'm', 100);
    name[100] = '\0';
    for (int i = 0; i < 60; i++) {
        assert_int_equal(mkdirat(fd, name, 0700), 0);
        const int inner = openat(fd, name, O_RDONLY | O_DIRECTORY);
        (void)close(fd);
        fd = inner;
        memcpy(path + at, name, 100);
        path[at + 100] = '/';
        at += 101;
    }
    path[at - 1] = '\0';
    struct stat deep, found;
    assert_int_equal(fstat(fd, &deep), 0);
    const int walked = root_openat(top, path, O_RDONLY | O_DIRECTORY, 0);
    assert_true(walked >= 0);
    assert_int_equal(fstat(walked, &found), 0);
    assert_int_equal(deep.st_ino, found.st_ino);
    assert_int_equal(symlinkat("/etc", fd, "out"), 0);
    assert_int_equal(root_openat(fd, "out/passwd", O_RDONLY, 0), -ELOOP);
    assert_int_equal(root_openat(fd, "../..", O_RDONLY, 0) >= 0, 0);
    assert_int_equal(root_openat(fd, "/etc", O_RDONLY, 0) >= 0, 0);
    (void)close(walked);
    (void)close(fd);
    (void)close(top);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_open, world_close)

/* Numbers of mounts that are given again are believed of memory alone, or where there is nothing
 * else to go by. */
static void test_a_mount_is_the_same_only_if_that_is_known(void **state)
{
    enum { DISK = 0xEF53, MEMORY = 0x01021994 };
    const uint64_t unique = (UINT64_C(1) << 32) + 7, small = 7;
    struct stage_identity known = {.mount_id = unique,
                                   .device = 5,
                                   .fs_type = DISK,
                                   .same_boot = true};
    struct stage_identity now = known;
    (void)state;
    assert_true(stage_is_continuous(&known, &now, true));
    known.same_boot = false;
    assert_false(stage_is_continuous(&known, &now, false));
    known.same_boot = true;
    now.mount_id++;
    assert_false(stage_is_continuous(&known, &now, true));
    now.mount_id = known.mount_id = small;
    assert_false(stage_is_continuous(&known, &now, true));
    assert_true(stage_is_continuous(&known, &now, false));
    now.fs_type = known.fs_type = MEMORY;
    assert_true(stage_is_continuous(&known, &now, true));
    now.device++;
    assert_false(stage_is_continuous(&known, &now, true));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_it_is_ours_alone_and_goes_again),
        TEST(test_a_folder_that_stands_there_is_not_taken_over),
        TEST(test_names_that_lead_away_are_refused),
        TEST(test_a_resumed_run_knows_its_folder),
        TEST(test_a_device_is_known_without_its_folder),
        TEST(test_a_mount_is_the_same_only_if_that_is_known),
        TEST(test_a_deep_tree_is_removed),
        TEST(test_long_paths_are_walked_in_steps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
