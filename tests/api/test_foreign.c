/* test_foreign.c - a plan with media of its own through the public headers: its file is opened as a
 * set, loaded, asked about its places, run, compared. */
#include "vsr_test.h"

#include "vssrestore/vssrestore.h"

#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

static char folder[64];

static int set_up(void **state)
{
    (void)state;
    const char *above = getenv("TMPDIR");
    (void)snprintf(folder, sizeof folder, "%s/vsr-foreign-XXXXXX", above != NULL ? above : "/tmp");
    return mkdtemp(folder) == NULL;
}

static int remove_one(const char *path, const struct stat *facts, int kind, struct FTW *at)
{
    (void)facts;
    (void)kind;
    (void)at;
    return remove(path);
}

static int tear_down(void **state)
{
    (void)state;
    return nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
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

/* One file, "out/a", of the stored file beside the plan. */
static void plan_write(const char *text)
{
    char lines[2000];
    (void)snprintf(lines, sizeof lines,
                   "{\"t\":\"plan\",\"v\":1,\"set\":null,\"volumes\":[{\"spec\":\"C:\",\"dir\":"
                   "\"%s/out\"}],\"units\":1,\"files\":1,\"bytes\":%zu}\n"
                   "{\"t\":\"unit\",\"id\":0,\"component\":\"files\"}\n"
                   "{\"t\":\"file\",\"unit\":0,\"path\":\"%s/out/a\",\"size\":%zu,\"chunks\":["
                   "{\"file\":\"stored\",\"offset\":0,\"length\":%zu,\"codec\":\"none\","
                   "\"size\":%zu,\"xxh3\":\"%016llx\"}]}\n{\"t\":\"end\"}\n",
                   folder, strlen(text), folder, strlen(text), strlen(text), strlen(text),
                   (unsigned long long)XXH3_64bits(text, strlen(text)));
    file_write("plan", lines);
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
        cmocka_unit_test_setup_teardown(there_is_nothing_to_choose_from, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nothing_adds_to_it, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
