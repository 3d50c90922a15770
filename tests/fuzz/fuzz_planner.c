/* fuzz_planner.c - hostile documents beside honest media, planned: what a set's documents say
 * decides where every file goes.
 *
 * Goal: no text of a document breaks the planner; what it makes is a plan that its own distrust
 * lets pass (plan_check.h), prints as lines that read back as the same plan, and can be explained.
 * Method: the first byte chooses a golden case, whose catalogue and call stay, the second a few
 * choices, the third the file that is explained; behind them the documents' texts, a NUL between
 * two of them. */
#include "fuzz.h"
#include "fuzz_json.h"

#include "base/io.h"
#include "plan/bare_plan.h"
#include "plan/explain.h"
#include "plan/inspect.h"
#include "plan/plan_check.h"
#include "plan/plan_lines.h"
#include "planner_fixture.h"

#include <fcntl.h>
#include <libxml/parser.h>
#include <libxml/xmlerror.h>
#include <stdio.h>
#include <stdlib.h>

const bool fuzz_may_refuse = true;

enum {
    LIVE = 1,
    UNPROTECTED = 2,
    IN_PLACE = 4,
    ALWAYS = 8,
    LACKING = 16,   /* nothing stands at the destination, not even its roots */
    FORCED = 32,    /* all that can be forced */
    SERVICES = 64,  /* somebody stops and starts them */
    EXPLAINED = 128 /* inspected and explained, not planned */
};

enum { DOCUMENTS_MAX = 12, TEXT_MAX = 1 << 16, HEAD_BYTES = 3 };

/* Of tests/golden. A new one comes last, or kept inputs choose another. */
static const char *const cases[] = {
    "dc-ntds-sysvol",  "exchange-subcomponents",  "file-server",         "hyper-v",
    "multi-instance",  "partial-directed",        "partial-full",        "partial-incremental",
    "restore-methods", "restore-methods-present", "sql-three-databases", "system-state",
};
enum { CASE_COUNT = sizeof cases / sizeof *cases };

static struct planner_fixture fixtures[CASE_COUNT];

static char *case_text(const char *name, const char *file)
{
    char path[1024];
    struct buffer text = {0};
    (void)snprintf(path, sizeof path, "%s/tests/golden/%s/%s", VSR_SOURCE_ROOT, name, file);
    VSR_REQUIRE(io_read_file(AT_FDCWD, path, TEXT_MAX, &text, VSR_ERR_USAGE, NULL) == VSR_OK);
    buffer_add_char(&text, '\0');
    return text.p;
}

/* libxml2: what it makes once for itself is not swept away. */
void fuzz_prepare(void)
{
    fuzz_json_never_fails();
    xmlInitParser();
    xmlResetLastError();
    for (int i = 0; i < CASE_COUNT; i++) {
        char *catalog = case_text(cases[i], "catalog.txt");
        char *options = case_text(cases[i], "options.txt");
        planner_fixture_catalog(&fixtures[i], catalog);
        planner_fixture_options(&fixtures[i], options);
        free(catalog);
        free(options);
    }
}

void fuzz_forget(void)
{
    xmlResetLastError();
}

static struct plan_choices choices_of(const struct planner_fixture *fixture, unsigned bits)
{
    struct plan_choices choices = fixture->choices;
    choices.tree = (bits & LIVE) != 0 ? TREE_LIVE : TREE_OFFLINE;
    choices.unprotected = (bits & UNPROTECTED) != 0;
    choices.in_place = (bits & IN_PLACE) != 0;
    choices.overwrite = (bits & ALWAYS) != 0 ? OVERWRITE_ALWAYS : choices.overwrite;
    choices.force_mandatory = (bits & FORCED) != 0;
    choices.force_failed_backup = (bits & FORCED) != 0;
    choices.services = (bits & SERVICES) != 0;
    return choices;
}

static vsr_code lines_take(void *context, struct view lines, vsr_error *error)
{
    (void)error;
    buffer_add_view(context, lines);
    return VSR_OK;
}

static bool is_told(vsr_code rc)
{
    return rc == VSR_OK || rc == VSR_ERR_SELECTION || rc == VSR_ERR_DOCUMENT ||
           rc == VSR_ERR_MEDIA || rc == VSR_ERR_MEMORY;
}

/* --- what is made of them --- */

/* Its lines read back as the same plan. */
static vsr_code plan_is_kept(const struct plan *plan, const struct plan_input *input,
                             struct view lines, vsr_error *error)
{
    struct plan *read = NULL;
    struct buffer again = {0};
    VSR_REQUIRE(plan_check(plan, error) == VSR_OK);
    vsr_code rc = plan_read_lines(&read, lines, "p", input->set, input->documents, error);
    if (rc == VSR_OK) {
        rc = plan_check_set(read, input->set, error);
    }
    if (rc == VSR_OK) {
        rc = plan_render_jsonl(read, input->set, lines_take, &again, error);
    }
    VSR_REQUIRE(rc == VSR_OK || rc == VSR_ERR_MEMORY);
    VSR_REQUIRE(rc != VSR_OK || view_equal(buffer_view(&again), lines));
    plan_free(read);
    buffer_free(&again);
    return rc;
}

static vsr_code plan_number(const struct plan_input *input, uint64_t *sum)
{
    struct plan *plan = NULL;
    struct buffer lines = {0};
    vsr_error error = {0};
    vsr_code rc = plan_create(&plan, input, &error);
    VSR_REQUIRE(is_told(rc));
    if (rc != VSR_OK) {
        fuzz_add_number(sum, fuzz_refused(rc, &error));
        return rc == VSR_ERR_MEMORY ? rc : VSR_OK;
    }
    rc = plan_render_jsonl(plan, input->set, lines_take, &lines, &error);
    if (rc == VSR_OK) {
        rc = plan_is_kept(plan, input, buffer_view(&lines), &error);
    }
    fuzz_add_text(sum, buffer_view(&lines));
    plan_free(plan);
    buffer_free(&lines);
    return rc;
}

static vsr_code inspect_number(const struct plan_input *input, uint64_t *sum)
{
    struct plan *plan = NULL;
    struct buffer out = {0};
    vsr_error error = {0};
    const vsr_code rc =
        bare_plan_create(&plan, input->documents, input->set, input->contents, &error);
    VSR_REQUIRE(is_told(rc));
    inspect_render_json(input->documents, input->set, plan, &out);
    inspect_render_text(input->documents, input->set, plan, &out);
    fuzz_add_text(sum, buffer_view(&out));
    plan_free(plan);
    buffer_free(&out);
    return rc == VSR_ERR_MEMORY ? rc : VSR_OK;
}

static vsr_code explain_number(const struct plan_input *input, uint32_t entry, uint64_t *sum)
{
    struct explanation explanation;
    struct buffer path = {0}, out = {0};
    vsr_error error = {0};
    plan_entry_path(input->set, entry, &path);
    const vsr_code rc = plan_explain(&explanation, input, buffer_view(&path), &error);
    VSR_REQUIRE(is_told(rc));
    if (rc == VSR_OK) {
        explain_render_json(&explanation, &out);
        explain_render_text(&explanation, &out);
    }
    fuzz_add_text(sum, buffer_view(&out));
    explain_free(&explanation);
    buffer_free(&path);
    buffer_free(&out);
    return rc == VSR_ERR_MEMORY ? rc : VSR_OK;
}

/* --- an input --- */

static uint64_t documents_number(struct documents *documents, struct planner_fixture *fixture,
                                 unsigned bits, uint32_t asked)
{
    struct arena arena = {0};
    struct facts_fixture facts = fixture->facts; /* its list; what is asked is kept by this call */
    struct plan_mapped_root *roots = NULL;
    const struct plan_choices choices = choices_of(fixture, bits);
    const struct plan_contents contents = {fixture, planner_fixture_content};
    const struct plan_facts answers = facts_of(&facts);
    const struct plan_input input = {documents, &fixture->set, &choices, &answers, &contents};
    vsr_error error = {0};
    uint64_t sum = 1;
    facts.arena = (struct arena){0};
    facts.roots_missing = facts.roots_missing || (bits & LACKING) != 0;
    vsr_code rc = plan_map_volumes(&arena, &input, &roots, &facts.root_count, &error);
    VSR_REQUIRE(is_told(rc));
    if (rc == VSR_OK) {
        facts.roots = roots;
        rc = (bits & EXPLAINED) == 0 ? plan_number(&input, &sum) : inspect_number(&input, &sum);
    }
    if (rc == VSR_OK && (bits & EXPLAINED) != 0) {
        rc = explain_number(&input, asked % fixture->set.index.entry_count, &sum);
    }
    free(facts.handles);
    arena_free(&facts.arena);
    arena_free(&arena);
    return rc == VSR_ERR_MEMORY ? FUZZ_NO_MEMORY : sum;
}

static uint64_t texts_number(struct view texts, struct planner_fixture *fixture, unsigned bits,
                             uint32_t asked)
{
    struct document_source sources[DOCUMENTS_MAX] = {0};
    struct documents documents;
    uint32_t count = 0;
    vsr_error error = {0};
    char names[DOCUMENTS_MAX][8];
    while (texts.n > 0 && count < DOCUMENTS_MAX) {
        const struct view text = {texts.p, view_find(texts, '\0')};
        (void)snprintf(names[count], sizeof names[count], "%u.xml", count);
        sources[count] = (struct document_source){view_of(names[count]), text, true};
        texts = view_skip(texts, text.n < texts.n ? text.n + 1 : text.n);
        count++;
    }
    const vsr_code rc = documents_parse(&documents, sources, count, &error);
    if (rc != VSR_OK) {
        VSR_REQUIRE(rc == VSR_ERR_DOCUMENT || rc == VSR_ERR_MEMORY);
        return fuzz_refused(rc, &error);
    }
    const uint64_t sum = documents_number(&documents, fixture, bits, asked);
    documents_free(&documents);
    return sum;
}

uint64_t fuzz_target(const uint8_t *data, size_t size)
{
    if (size <= HEAD_BYTES) {
        return 1;
    }
    const struct view texts = fuzz_copy(data + HEAD_BYTES, size - HEAD_BYTES);
    const uint64_t sum = texts_number(texts, &fixtures[data[0] % CASE_COUNT], data[1], data[2]);
    free((void *)(uintptr_t)texts.p);
    return sum;
}
