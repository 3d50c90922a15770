/* test_golden.c - whole plans of the made documents, compared with plans that were worked out by
 * hand from the documents and the rules (tests/golden/CASE/REVIEW.md says how).
 *
 * Each case is a folder: documents.txt (folder and Backup Components Document), catalog.txt (what
 * the media hold), options.txt (the call, and what the destination holds), expect.jsonl.
 * `test_golden CASE` prints the plan of one case instead. */
#include "vsr_test.h"

#include "base/io.h"
#include "plan/plan_lines.h"
#include "planner_fixture.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

enum { CASES_MAX = 64, TEXT_MAX = 1 << 22 };

static char *case_text(const char *name, const char *file)
{
    char path[1024];
    struct buffer text = {0};
    vsr_error error = {0};
    (void)snprintf(path, sizeof path, "%s/tests/golden/%s/%s", VSR_SOURCE_ROOT, name, file);
    if (io_read_file(AT_FDCWD, path, TEXT_MAX, &text, VSR_ERR_USAGE, &error) != VSR_OK) {
        (void)fprintf(stderr, "%s\n", error.what);
        return NULL;
    }
    buffer_add_char(&text, '\0');
    return text.p;
}

static struct view case_plan(struct planner_fixture *fixture, const char *name)
{
    char folder[1024];
    char *documents = case_text(name, "documents.txt");
    char *catalog = case_text(name, "catalog.txt");
    char *options = case_text(name, "options.txt");
    if (documents == NULL || catalog == NULL || options == NULL) {
        exit(1);
    }
    char *bcd = strchr(documents, ' ');
    if (bcd == NULL) {
        exit(1);
    }
    *bcd++ = '\0';
    bcd[strcspn(bcd, "\n")] = '\0';
    (void)snprintf(folder, sizeof folder, "%s/tests/data/documents/%s", VSR_SOURCE_ROOT, documents);
    planner_fixture_documents_folder(fixture, folder, bcd);
    planner_fixture_catalog(fixture, catalog);
    planner_fixture_options(fixture, options);
    vsr_error error = {0};
    struct plan *plan = planner_fixture_plan(fixture, &error);
    if (plan == NULL) {
        (void)fprintf(stderr, "%s: no plan: %s\n", name, error.what);
        exit(1);
    }
    const struct view lines = planner_fixture_jsonl(fixture, plan);
    if (getenv("VSR_GOLDEN_WARNINGS") != NULL) {
        for (uint32_t i = 0; i < plan->warning_count; i++) {
            (void)fprintf(stderr, "warning: %.*s\n", VIEW_ARG(plan_text(plan, plan->warnings[i])));
        }
    }
    plan_free(plan);
    free(documents);
    free(catalog);
    free(options);
    return lines;
}

/* The first line that differs, shown from both sides. */
static void case_compare(const char *name, struct view got, struct view want)
{
    for (unsigned line = 1; got.n > 0 || want.n > 0; line++) {
        const struct view a = {got.p, view_find(got, '\n')};
        const struct view b = {want.p, view_find(want, '\n')};
        if (!view_equal(a, b)) {
            fail_msg("%s, line %u:\n got %.*s\nwant %.*s", name, line, VIEW_ARG(a), VIEW_ARG(b));
        }
        got = view_skip(got, a.n < got.n ? a.n + 1 : a.n);
        want = view_skip(want, b.n < want.n ? b.n + 1 : b.n);
    }
}

/* What was printed is a plan that can be run: read, it prints the same. */
static void case_read_back(struct planner_fixture *fixture, const char *name, struct view printed)
{
    struct plan *plan = NULL;
    vsr_error error = {0};
    if (plan_read_lines(&plan, printed, name, &fixture->set, &fixture->documents, &error) !=
            VSR_OK ||
        plan_check_set(plan, &fixture->set, &error) != VSR_OK) {
        fail_msg("%s", error.what);
    }
    case_compare(name, planner_fixture_jsonl(fixture, plan), printed);
    plan_free(plan);
}

static void golden_case(void **state)
{
    const char *name = *state;
    struct planner_fixture first = {0};
    struct planner_fixture again = {0};
    char *want = case_text(name, "expect.jsonl");
    assert_non_null(want);
    const struct view got = case_plan(&first, name);
    case_compare(name, got, view_of(want));
    const struct view same = case_plan(&again, name);
    assert_true(view_equal(got, same)); /* same input, same bytes */
    case_read_back(&first, name, view_of(want));
    planner_fixture_fini(&first);
    planner_fixture_fini(&again);
    free(want);
}

static int by_name(const void *left, const void *right)
{
    return strcmp(((const struct CMUnitTest *)left)->name,
                  ((const struct CMUnitTest *)right)->name);
}

int main(int argc, char **argv)
{
    if (argc > 1) {
        struct planner_fixture fixture = {0};
        const struct view lines = case_plan(&fixture, argv[1]);
        (void)fwrite(lines.p, 1, lines.n, stdout);
        planner_fixture_fini(&fixture);
        return 0;
    }
    struct CMUnitTest tests[CASES_MAX];
    size_t count = 0;
    DIR *dir = opendir(VSR_SOURCE_ROOT "/tests/golden");
    if (dir == NULL) {
        return 1;
    }
    for (const struct dirent *entry = NULL; (entry = readdir(dir)) != NULL && count < CASES_MAX;) {
        if (strchr(entry->d_name, '.') == NULL) { /* a case's folder */
            char *name = strdup(entry->d_name);
            tests[count++] = (struct CMUnitTest){name, golden_case, NULL, NULL, name};
        }
    }
    (void)closedir(dir);
    if (count == 0) {
        return 1;
    }
    qsort(tests, count, sizeof *tests, by_name);
    const int failed = _cmocka_run_group_tests("golden", tests, count, NULL, NULL);
    for (size_t i = 0; i < count; i++) {
        free(tests[i].initial_state);
    }
    return failed;
}
