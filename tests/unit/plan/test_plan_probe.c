/* test_plan_probe.c - plans over a real set and a real destination.
 *
 * Goal: what the planner understands by a fact is what dest/probe.c answers. Method: a small set
 * written by the fixture, a folder with a few things in it, and the plan in short. */
#include "vsr_test.h"

#include "dest/probe.h"
#include "media_fixture.h"
#include "plan_case.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct plan_case documents = {
    .method = "RESTORE_IF_CAN_BE_REPLACED",
    .mappings = PLAN_MAP("C:\\D", "*", "yes", "E:\\Alt"),
    .locations = PLAN_C(PLAN_LIST("C:\\D", "*", "yes")),
    .catalog = "volume C:\n",
};

static const struct fixture_file files[] = {
    {.path = "D/a.mdf", .content = {"aaaa", 4}},
    {.path = "D/sub/b", .content = {"bb", 2}},
    {.path = "D/empty", .kind = FIXTURE_DIRECTORY},
    {.path = "D/s", .kind = FIXTURE_SYMLINK, .content = {"a.mdf", 5}},
    {.path = "D/z", .kind = FIXTURE_HARDLINK, .content = {"D/a.mdf", 7}},
};

static char base[64];

static const char *below(const char *name)
{
    static char path[4][128];
    static unsigned turn;
    turn = (turn + 1) % 4;
    (void)snprintf(path[turn], sizeof path[turn], "%s/%s", base, name);
    return path[turn];
}

static int make_set(void **state)
{
    (void)state;
    fixture_folder(base);
    const struct fixture fixture = {.files = files, .file_count = COUNT_OF(files)};
    fixture_write(below("set"), &fixture);
    return mkdir(below("c"), 0755);
}

static int remove_set(void **state)
{
    (void)state;
    fixture_remove(base);
    return 0;
}

static void touch(const char *name)
{
    const int fd = open(below(name), O_WRONLY | O_CREAT, 0644);
    assert_true(fd >= 0);
    assert_int_equal(close(fd), 0);
}

/* The plan in short, against want; the volume C: at c, the others below r. */
static void expect(const char *want)
{
    struct planner_fixture fixture = {0};
    plan_case_load(&fixture, &documents);
    vsr_error error = {0};
    struct media_set set;
    assert_int_equal(set_open(&set, below("set"), &error), VSR_OK);
    char volume[160];
    (void)snprintf(volume, sizeof volume, "C:=%s/", below("c"));
    const char *volumes[] = {volume};
    const struct plan_choices choices = {.volumes = volumes,
                                         .volume_count = 1,
                                         .root = below("r"),
                                         .additional_restores = -1};
    struct plan_input input = {&fixture.documents, &set, &choices, NULL};
    struct plan_mapped_root *roots = NULL;
    uint32_t root_count = 0;
    assert_int_equal(plan_map_volumes(&fixture.arena, &input, &roots, &root_count, &error), VSR_OK);
    assert_int_equal(root_count, 2); /* C:, and the mapping's E: */
    struct probe *probe = NULL;
    const struct probe_options options = {.tree = TREE_OFFLINE};
    assert_int_equal(probe_open(&probe, roots, root_count, &options, &error), VSR_OK);
    const struct plan_facts facts = probe_facts(probe);
    input.facts = &facts;
    struct plan *plan = NULL;
    if (plan_create(&plan, &input, &error) != VSR_OK) {
        fail_msg("%s", error.what);
    }
    assert_int_equal(plan_check_set(plan, &set, &error), VSR_OK);
    fixture.set = set; /* for the names only */
    const struct view got = plan_case_text(&fixture, plan, false);
    assert_view_equal(got, want);
    plan_free(plan);
    probe_close(probe);
    fixture.set = (struct media_set){0};
    set_close(&set);
    planner_fixture_fini(&fixture);
}

static void an_empty_folder_takes_all(void **state)
{
    (void)state;
    expect("original - 6.6/2\nd C:\\D\nd C:\\D\\empty\nd C:\\D\\sub\n+ C:\\D\\a.mdf\nr C:\\D\\s\n"
           "l C:\\D\\z\n+ C:\\D\\sub\\b\n");
}

static void what_stands_there_is_found_whatever_its_case(void **state)
{
    (void)state;
    assert_int_equal(mkdir(below("c/d"), 0755), 0);
    touch("c/d/A.MDF");
    expect("original - 6.6/2\nd C:\\d\\empty\nd C:\\d\\sub\n= C:\\d\\A.MDF\nr C:\\d\\s\n"
           "l C:\\d\\z\n+ C:\\d\\sub\\b\n");
    assert_int_equal(unlink(below("c/d/A.MDF")), 0);
    assert_int_equal(rmdir(below("c/d")), 0);
}

static void a_folder_in_the_way_sends_all_to_the_mapping(void **state)
{
    (void)state;
    assert_int_equal(mkdir(below("c/D"), 0755), 0);
    assert_int_equal(mkdir(below("c/D/Z"), 0755), 0);
    expect("alternate - 6.6/2\nd E:\\Alt @alternate\nd E:\\Alt\\empty @alternate\n"
           "d E:\\Alt\\sub @alternate\n+ E:\\Alt\\a.mdf @alternate\nr E:\\Alt\\s @alternate\n"
           "l E:\\Alt\\z @alternate\n+ E:\\Alt\\sub\\b @alternate\na C:\\D * -> E:\\Alt\n");
    assert_int_equal(rmdir(below("c/D/Z")), 0);
    assert_int_equal(rmdir(below("c/D")), 0);
}

static const struct plan_case on_shares = {
    .method = "RESTORE_TO_ALTERNATE_LOCATION",
    .mappings = PLAN_MAP("C:\\D", "a*", "yes", "\\\\Files\\A")
        PLAN_MAP("C:\\D", "b*", "yes", "\\\\FILES\\B"),
    .locations = PLAN_C(PLAN_LIST("C:\\D", "a*", "yes") PLAN_LIST("C:\\D", "b*", "yes")),
    .catalog = "volume C:\n",
    .options = "--root /r\n",
};

/* Ruling 40: shares of one server stand in one folder, spelled as the first of them. */
static void shares_of_one_server_stand_together(void **state)
{
    (void)state;
    struct planner_fixture fixture = {0};
    plan_case_load(&fixture, &on_shares);
    const struct plan_input input = {&fixture.documents, &fixture.set, &fixture.choices, NULL};
    struct plan_mapped_root *roots = NULL;
    uint32_t root_count = 0;
    vsr_error error = {0};
    assert_int_equal(plan_map_volumes(&fixture.arena, &input, &roots, &root_count, &error), VSR_OK);
    assert_int_equal(root_count, 3);
    assert_view_equal(roots[1].dir, "/r/UNC/Files/A");
    assert_view_equal(roots[2].dir, "/r/UNC/Files/B");
    planner_fixture_fini(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_folder_takes_all),
        cmocka_unit_test(what_stands_there_is_found_whatever_its_case),
        cmocka_unit_test(a_folder_in_the_way_sends_all_to_the_mapping),
        cmocka_unit_test(shares_of_one_server_stand_together),
    };
    return cmocka_run_group_tests(tests, make_set, remove_set);
}
