/* fuzz_lines.c - a plan in JSON lines, as another front end may write it: refused with its line, or
 * a plan that prints as lines which read back as the same plan. */
#include "fuzz.h"
#include "fuzz_json.h"

#include "plan/plan_lines.h"
#include "plan_case.h"

#include <stdlib.h>

static struct planner_fixture fixture;

void fuzz_prepare(void)
{
    fuzz_json_never_fails();
    plan_case_load(&fixture, &plan_case_rich);
}

static vsr_code take_lines(void *context, struct view lines, vsr_error *error)
{
    (void)error;
    buffer_add_view(context, lines);
    return VSR_OK;
}

/* Read, checked, printed into out. */
static vsr_code lines_print(struct view text, struct buffer *out, vsr_error *error)
{
    struct plan *plan = NULL;
    vsr_code rc = plan_read_lines(&plan, text, "p", &fixture.set, &fixture.documents, error);
    if (rc == VSR_OK) {
        rc = plan_check_set(plan, &fixture.set, error);
    }
    if (rc == VSR_OK) {
        rc = plan_render_jsonl(plan, &fixture.set, take_lines, out, error);
    }
    plan_free(plan);
    return rc;
}

static uint64_t lines_number(struct view text)
{
    struct buffer set_path = {0}, out = {0}, again = {0};
    vsr_error error = {0}, ignored = {0};
    uint64_t sum = 1;
    (void)plan_read_set_path(text, "p", &set_path, &ignored);
    vsr_code rc = ignored.code == VSR_ERR_MEMORY ? VSR_ERR_MEMORY : lines_print(text, &out, &error);
    if (rc == VSR_OK) {
        fuzz_add_text(&sum, buffer_view(&out));
        rc = lines_print(buffer_view(&out), &again, &error);
        VSR_REQUIRE(rc == VSR_OK || rc == VSR_ERR_MEMORY);
        VSR_REQUIRE(rc != VSR_OK || view_equal(buffer_view(&out), buffer_view(&again)));
    } else if (rc != VSR_ERR_MEMORY) {
        VSR_REQUIRE(rc == VSR_ERR_RUN_FOREIGN);
        sum = fuzz_refused(rc, &error);
    }
    buffer_free(&set_path);
    buffer_free(&out);
    buffer_free(&again);
    return rc == VSR_ERR_MEMORY ? FUZZ_NO_MEMORY : sum;
}

uint64_t fuzz_target(const uint8_t *data, size_t size)
{
    const struct view text = fuzz_copy(data, size);
    const uint64_t sum = lines_number(text);
    free((void *)(uintptr_t)text.p);
    return sum;
}
