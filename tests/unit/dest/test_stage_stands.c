/* test_stage_stands.c - what stands at a name, held against what the index says was staged.
 *
 * Goal: another kind, length, time or text is somebody's, and a time is ours as any file system
 * keeps it. Method: links that are made, and facts of files as file systems would tell them. */
#include "vsr_test.h"

#include "publish_world.h"

#include "media_fixture.h"

#include <fcntl.h>
#include <unistd.h>

enum { FAT_BEGINS = 315532800, TIMES_OF_32_BITS_END = INT32_MAX };

static const struct fixture_file files[] = {
    {.path = "at", .content = {"bytes", 5}, .modify_s = 1500000001},
    {.path = "early", .content = {"bytes", 5}, .modify_s = 5},
    {.path = "late", .content = {"bytes", 5}, .modify_s = INT64_C(4000000000)},
    {.path = "first of all", .content = {"bytes", 5}, .modify_s = INT64_MIN},
    {.path = "last of all", .content = {"bytes", 5}, .modify_s = INT64_MAX},
    {.path = "link", .kind = FIXTURE_SYMLINK, .content = {"there", 5}, .modify_s = 1500000001},
};

static int files_open(void **state)
{
    struct world *w = world_create(files, COUNT_OF(files));
    world_plan(w);
    *state = w;
    return 0;
}

/* Is it ours, of that mode, length and time? */
static bool stands(const struct world *w, const struct stage *stage, const char *path, mode_t mode,
                   off_t bytes, time_t modify_s)
{
    const struct stat facts = {.st_mode = mode, .st_size = bytes, .st_mtim = {.tv_sec = modify_s}};
    return stage_stands(stage, restore_file(&w->r, path), AT_FDCWD, w->folder, &facts);
}

static void hook_kinds(void *context, struct stage *stage)
{
    const struct world *w = context;
    assert_true(stands(w, stage, "at", S_IFREG | 0600, 5, 1500000001));
    assert_false(stands(w, stage, "at", S_IFREG | 0600, 6, 1500000001));
    assert_false(stands(w, stage, "at", S_IFDIR | 0600, 5, 1500000001));
    assert_false(stands(w, stage, "at", S_IFLNK | 0777, 5, 1500000001));
}

static void hook_times(void *context, struct stage *stage)
{
    const struct world *w = context;
    static const struct {
        const char *path;
        time_t modify_s;
        bool is_ours;
    } cases[] = {
        {"at", 1500000000, true}, /* even seconds */
        {"at", 1500000002, false},
        {"at", 1499999999, false},
        {"at", FAT_BEGINS, false},
        {"at", TIMES_OF_32_BITS_END, false},
        {"early", 5, true},
        {"early", FAT_BEGINS, true},
        {"early", FAT_BEGINS + 14 * 3600, true}, /* of local time */
        {"early", 1500000001, false},
        {"late", INT64_C(4000000000), true},
        {"late", TIMES_OF_32_BITS_END, true},
        {"late", 1500000001, false},
        {"late", INT64_C(4000000001), false},
        {"first of all", INT64_MIN, true},
        {"first of all", -INT64_C(2147483648), true},
        {"first of all", 1500000001, false},
        {"first of all", INT64_MAX, false},
        {"last of all", INT64_MAX, true},
        {"last of all", TIMES_OF_32_BITS_END, true},
        {"last of all", 1500000001, false},
        {"last of all", INT64_MIN, false},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        print_message("%s %lld\n", cases[i].path, (long long)cases[i].modify_s);
        assert_int_equal(stands(w, stage, cases[i].path, S_IFREG | 0600, 5, cases[i].modify_s),
                         cases[i].is_ours);
    }
}

static void hook_links(void *context, struct stage *stage)
{
    const struct world *w = context;
    static const char *const texts[] = {"there", "where", "ther", "theree"};
    const struct stat facts = {.st_mode = S_IFLNK | 0777, .st_mtim = {.tv_sec = 1500000001}};
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        char path[128];
        (void)snprintf(path, sizeof path, "%s/a link", w->folder);
        assert_int_equal(symlink(texts[i], path), 0);
        assert_int_equal(stage_stands(stage, restore_file(&w->r, "link"), AT_FDCWD, path, &facts),
                         i == 0);
        assert_int_equal(unlink(path), 0);
    }
}

static void hook_ranges(void *context, struct stage *stage)
{
    const struct world *w = context;
    assert_true(stands(w, stage, "at", S_IFREG | 0600, 3, 1500000001));
    assert_false(stands(w, stage, "at", S_IFREG | 0600, 3, 1500000002));
    assert_false(stands(w, stage, "at", S_IFDIR | 0600, 3, 1500000001));
    assert_true(stands(w, stage, "late", S_IFREG | 0600, 3, 1500000001));
}

static void files_run(struct world *w, void (*hook)(void *context, struct stage *stage))
{
    w->r.before_publish = hook;
    w->r.context = w;
    assert_int_equal(restore_run(&w->r), VSR_OK);
}

static void test_another_kind_or_length_is_somebodys(void **state)
{
    files_run(*state, hook_kinds);
}

static void test_time_is_ours_as_a_file_system_keeps_it(void **state)
{
    files_run(*state, hook_times);
}

/* One that ranges make, and a further record of it, whose time is not the file's. */
static void test_file_of_ranges_has_the_time_of_the_first(void **state)
{
    static const struct plan_range range = {.length = 3};
    struct world *w = *state;
    const uint32_t first = restore_file(&w->r, "at");
    plan_fixture_set_ranges(w->plan, &(struct plan_fixture_ranges){.file = first,
                                                                   .kind = KIND_DIRECTED,
                                                                   .name = "made",
                                                                   .owner = MARK_NONE,
                                                                   .ranges = &range,
                                                                   .range_count = 1});
    plan_fixture_set_ranges(w->plan,
                            &(struct plan_fixture_ranges){.file = restore_file(&w->r, "late"),
                                                          .kind = KIND_DIRECTED,
                                                          .name = "made",
                                                          .owner = first});
    files_run(w, hook_ranges);
}

static void test_link_with_another_text_is_somebodys(void **state)
{
    files_run(*state, hook_links);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, files_open, world_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_another_kind_or_length_is_somebodys),
        TEST(test_time_is_ours_as_a_file_system_keeps_it),
        TEST(test_link_with_another_text_is_somebodys),
        TEST(test_file_of_ranges_has_the_time_of_the_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
