/* test_foreign.c - a plan with media of its own through the public headers: its file is opened as a
 * set, loaded, asked about its places, run, compared. */
#include "vsr_test.h"

#include "media_fixture.h"

#include "vssrestore/vssrestore.h"

#include <sys/stat.h>
#include <xxhash.h>

static char folder[64];

static int set_up(void **state)
{
    (void)state;
    fixture_folder(folder);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fixture_remove(folder);
    return 0;
}

static const char *path_in(const char *name)
{
    static char paths[4][160];
    static unsigned next;
    char *path = paths[next++ % COUNT_OF(paths)];
    (void)snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static void file_write(const char *name, const char *text)
{
    FILE *file = fopen(path_in(name), "w");
    assert_non_null(file);
    assert_int_equal(fputs(text, file) < 0, 0);
    assert_int_equal(fclose(file), 0);
}

static const char *unit_members = ""; /* what the unit has beside its number and name */

/* One file, "out/a", of the stored file beside the plan. */
static void plan_lines_write(const char *text)
{
    char lines[2000];
    (void)snprintf(lines, sizeof lines,
                   "{\"t\":\"plan\",\"v\":1,\"set\":null,\"volumes\":[{\"spec\":\"C:\",\"dir\":"
                   "\"%s/out\"}],\"units\":1,\"files\":1,\"bytes\":%zu}\n"
                   "{\"t\":\"unit\",\"id\":0,\"component\":\"files\"%s}\n"
                   "{\"t\":\"file\",\"unit\":0,\"path\":\"%s/out/a\",\"size\":%zu,\"chunks\":["
                   "{\"file\":\"stored\",\"offset\":0,\"length\":%zu,\"codec\":\"none\","
                   "\"size\":%zu,\"xxh3\":\"%016llx\"}]}\n{\"t\":\"end\"}\n",
                   folder, strlen(text), unit_members, folder, strlen(text), strlen(text),
                   strlen(text), (unsigned long long)XXH3_64bits(text, strlen(text)));
    file_write("plan", lines);
}

static void plan_write(const char *text)
{
    plan_lines_write(text);
    file_write("stored", text);
    assert_int_equal(mkdir(path_in("out"), 0777), 0);
}

static void it_is_opened_asked_and_run(void **state)
{
    (void)state;
    char set_path[4096];
    vsr_error error = {0};
    vsr_set *set = NULL;
    vsr_plan *plan = NULL;
    vsr_report *report = NULL;
    uint64_t differences = 0;
    vsr_plan_totals totals;
    plan_write("what is stored");
    assert_int_equal(vsr_plan_set_path(path_in("plan"), set_path, sizeof set_path, &error), VSR_OK);
    assert_string_equal(set_path, path_in("plan"));
    assert_int_equal(vsr_set_open(&set, set_path, &error), VSR_OK);
    assert_int_equal(vsr_plan_load(&plan, set, set_path, &error), VSR_OK);
    vsr_plan_count(plan, &totals);
    assert_int_equal(totals.files, 1);
    assert_int_equal(vsr_plan_verify(plan, NULL, NULL, &differences, &error), VSR_OK);
    assert_int_equal(differences, 1);
    const vsr_restore_options options = {.size = sizeof options, .run_dir = path_in("run")};
    assert_int_equal(vsr_restore_run(&report, plan, &options, &error), VSR_ERR_USAGE);
    assert_non_null(strstr(error.what, "vsr_plan_refresh()"));
    error = (vsr_error){0};
    assert_int_equal(vsr_plan_refresh(plan, &error), VSR_OK);
    assert_int_equal(vsr_restore_run(&report, plan, &options, &error), VSR_OK);
    assert_int_equal(vsr_plan_verify(plan, NULL, NULL, &differences, &error), VSR_OK);
    assert_int_equal(differences, 0);
    vsr_report_free(report);
    vsr_plan_free(plan);
    vsr_set_close(set);
}

static int unit_compare(void *context, const vsr_plan_unit *unit)
{
    const vsr_plan_unit *expected = context;
    const char *const told[][2] = {{unit->writer, expected->writer},
                                   {unit->instance, expected->instance},
                                   {unit->writer_name, expected->writer_name},
                                   {unit->logical_path, expected->logical_path}};
    for (size_t i = 0; i < COUNT_OF(told); i++) {
        assert_int_equal(told[i][0] == NULL, told[i][1] == NULL);
        if (told[i][1] != NULL) {
            assert_string_equal(told[i][0], told[i][1]);
        }
    }
    assert_string_equal(unit->component, "files");
    assert_null(unit->type);
    assert_int_equal(unit->involve_writer, 0);
    return 0;
}

/* Whose a unit is, is told as the plan says it; what it does not say is NULL. */
static void a_unit_is_whose_the_plan_says(void **state)
{
    (void)state;
    static const struct {
        const char *members;
        vsr_plan_unit expected;
    } cases[] = {
        {"", {.id = 0}},
        {",\"writer\":\"A65FAA63-5EA8-4EBC-9DBD-A0C4DB26912A\"",
         {.writer = "a65faa63-5ea8-4ebc-9dbd-a0c4db26912a"}},
        {",\"writer\":\"00000000-0000-0000-0000-000000000000\",\"writer_name\":\"\"",
         {.writer_name = ""}},
        {",\"writer\":\"a65faa63-5ea8-4ebc-9dbd-a0c4db26912a\",\"logical_path\":\"l\","
         "\"instance\":\"00000000-0000-0000-0000-000000000001\",\"writer_name\":\"w\"",
         {.writer = "a65faa63-5ea8-4ebc-9dbd-a0c4db26912a",
          .instance = "00000000-0000-0000-0000-000000000001",
          .writer_name = "w",
          .logical_path = "l"}},
    };
    plan_write("what is stored");
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        vsr_error error = {0};
        vsr_set *set = NULL;
        vsr_plan *plan = NULL;
        vsr_plan_unit expected = cases[i].expected;
        unit_members = cases[i].members;
        plan_lines_write("what is stored");
        assert_int_equal(vsr_set_open(&set, path_in("plan"), &error), VSR_OK);
        assert_int_equal(vsr_plan_load(&plan, set, path_in("plan"), &error), VSR_OK);
        assert_int_equal(vsr_plan_refresh(plan, &error), VSR_OK);
        assert_int_equal(vsr_plan_walk(plan, unit_compare, NULL, &expected, &error), VSR_OK);
        vsr_plan_free(plan);
        vsr_set_close(set);
    }
    unit_members = "";
}

static void there_is_nothing_to_choose_from(void **state)
{
    (void)state;
    vsr_error error = {0};
    vsr_set *set = NULL;
    vsr_plan *plan = NULL;
    const vsr_choices choices = {.size = sizeof choices};
    plan_write("what is stored");
    assert_int_equal(vsr_set_open(&set, path_in("plan"), &error), VSR_OK);
    assert_int_equal(vsr_plan_create(&plan, set, &choices, &error), VSR_ERR_USAGE);
    assert_non_null(strstr(error.what, "run --plan"));
    error = (vsr_error){0};
    file_write("other", "{\"t\":\"plan\",\"v\":1,\"set\":null}\n");
    assert_int_equal(vsr_plan_load(&plan, set, path_in("other"), &error), VSR_ERR_RUN_FOREIGN);
    error = (vsr_error){0};
    vsr_set_close(set);
    assert_int_equal(vsr_set_open(&set, path_in("other"), &error), VSR_ERR_RUN_FOREIGN);
    assert_non_null(strstr(error.what, "line 1"));
}

static void nothing_adds_to_it(void **state)
{
    (void)state;
    vsr_error error = {0};
    vsr_set *set = NULL;
    vsr_chain *chain = NULL;
    plan_write("what is stored");
    assert_int_equal(vsr_set_open(&set, path_in("plan"), &error), VSR_OK);
    const vsr_set *const sets[] = {set};
    const vsr_chain_options options = {.size = sizeof options};
    assert_int_equal(vsr_chain_open_sets(&chain, sets, 1, &options, &error), VSR_ERR_USAGE);
    assert_non_null(strstr(error.what, "not a backup set"));
    assert_null(chain);
    error = (vsr_error){0};
    const char *const documents[] = {path_in("documents")};
    const vsr_pack_options pack = {.size = sizeof pack,
                                   .documents = documents,
                                   .document_count = 1,
                                   .parent_set = set,
                                   .output = path_in("set")};
    assert_int_equal(vsr_set_pack(&pack, NULL, &error), VSR_ERR_USAGE);
    assert_non_null(strstr(error.what, "not a backup set"));
    vsr_set_close(set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(it_is_opened_asked_and_run, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_unit_is_whose_the_plan_says, set_up, tear_down),
        cmocka_unit_test_setup_teardown(there_is_nothing_to_choose_from, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nothing_adds_to_it, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
