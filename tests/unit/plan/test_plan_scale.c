/* test_plan_scale.c - many files, many file sets, many directories: the work stays in proportion.
 *
 * Goal: planning never loops over pairs. Method: a component with as many file sets as there are
 * directories, and questions counted: each existing directory is entered once, each file is
 * looked up once. VSR_PLAN_SCALE=N makes N files and prints what it took. */
#include "vsr_test.h"

#include "base/clock.h"
#include "plan_case.h"

#include <malloc.h>
#include <stdlib.h>

enum { FILES_A_DIRECTORY = 50, FILES_DEFAULT = 20000 };

static struct view texts(struct buffer *lists, struct buffer *catalog, uint32_t directories)
{
    buffer_add(catalog, "volume C:\n", 10);
    for (uint32_t d = 0; d < directories; d++) {
        buffer_printf(
            lists,
            "<FILE_LIST path=\"C:\\Data\\part%u\\dir%u\" filespec=\"*.dat\" recursive=\"no\" "
            "filespecBackupType=\"3855\"/>",
            d % 100, d);
        for (uint32_t f = 0; f < FILES_A_DIRECTORY; f++) {
            buffer_printf(catalog, "file C:\\Data\\part%u\\dir%u\\some file %u.dat %u\n", d % 100,
                          d, f, f);
        }
    }
    buffer_add_char(lists, '\0');
    buffer_add_char(catalog, '\0');
    struct buffer location = {0};
    buffer_printf(&location, "<FILE_GROUP componentName=\"C\" selectable=\"yes\" "
                             "selectableForRestore=\"yes\" componentFlags=\"0\" "
                             "restoreMetadata=\"no\" notifyOnBackupComplete=\"no\">");
    buffer_add(&location, lists->p, lists->n - 1);
    buffer_printf(&location, "</FILE_GROUP>");
    buffer_add_char(&location, '\0');
    return buffer_view(&location);
}

/* A line of /proc/self/status; the peak begins anew when the present is asked. */
static long memory_kib(const char *name)
{
    char line[256];
    long kib = 0;
    FILE *reset = strcmp(name, "VmRSS:") == 0 && malloc_trim(0) >= 0
                      ? fopen("/proc/self/clear_refs", "w")
                      : NULL;
    if (reset != NULL) {
        (void)fputs("5", reset);
        (void)fclose(reset);
    }
    FILE *status = fopen("/proc/self/status", "r");
    while (status != NULL && fgets(line, sizeof line, status) != NULL) {
        if (strncmp(line, name, strlen(name)) == 0) {
            kib = strtol(line + strlen(name), NULL, 10);
        }
    }
    if (status != NULL) {
        (void)fclose(status);
    }
    return kib;
}

static void the_work_is_in_proportion(void **state)
{
    (void)state;
    const char *scale = getenv("VSR_PLAN_SCALE");
    const uint32_t files = scale != NULL ? (uint32_t)strtoul(scale, NULL, 10) : FILES_DEFAULT;
    const uint32_t directories = files / FILES_A_DIRECTORY;
    struct buffer lists = {0};
    struct buffer catalog = {0};
    struct view locations = texts(&lists, &catalog, directories);
    struct planner_fixture fixture = {0};
    const struct plan_case c = {.method = "RESTORE_IF_CAN_BE_REPLACED",
                                .locations = locations.p,
                                .catalog = catalog.p,
                                .options = "--volume C:=/c\nhave file C:\\Data\\part7\\x\n"};
    plan_case_load(&fixture, &c);
    const long before = scale != NULL ? memory_kib("VmRSS:") : 0;
    const uint64_t start = clock_monotonic_ns();
    vsr_error error = {0};
    struct plan *plan = planner_fixture_plan(&fixture, &error);
    const uint64_t took = clock_monotonic_ns() - start;
    assert_non_null(plan);
    assert_int_equal(plan->units[0].refusal, REFUSAL_NONE);
    /* C:\Data and part7 exist; what is missing is found missing once */
    assert_int_equal(plan->file_count, directories * FILES_A_DIRECTORY + directories + 99);
    assert_true(fixture.facts.entered <= 1 + 100 + directories);
    assert_int_equal(fixture.facts.lookups, 0);
    if (scale != NULL) {
        print_message("%u files, %u sets: %.3f s, peak +%ld KiB\n", files, directories,
                      (double)took / 1e9, memory_kib("VmHWM:") - before);
        const uint64_t rendering = clock_monotonic_ns();
        const size_t bytes = planner_fixture_jsonl(&fixture, plan).n;
        print_message("rendered %zu bytes in %.3f s\n", bytes,
                      (double)(clock_monotonic_ns() - rendering) / 1e9);
    }
    plan_free(plan);
    planner_fixture_fini(&fixture);
    buffer_free(&lists);
    buffer_free(&catalog);
    free((void *)(uintptr_t)locations.p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_work_is_in_proportion)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
