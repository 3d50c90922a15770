/* fuzz_plan.c - a saved plan, hostile: refused as foreign, or safe to render against its set.
 *
 * The input is the file without its hash, which is put right. */
#include "fuzz.h"

#include "media/part.h"
#include "plan_case.h"

#include <unistd.h>

static struct planner_fixture fixture;

void fuzz_prepare(void)
{
    plan_case_load(&fixture, &plan_case_rich);
}

static vsr_code take_lines(void *context, struct view lines, vsr_error *error)
{
    (void)error;
    fuzz_add_text(context, lines);
    return VSR_OK;
}

static uint64_t plan_number(const char *path)
{
    struct plan *plan = NULL;
    vsr_error error = {0};
    uint64_t sum = 1;
    vsr_code rc = plan_load(&plan, path, &error);
    if (rc == VSR_OK) {
        rc = plan_check_set(plan, &fixture.set, &error);
    }
    if (rc == VSR_OK) {
        rc = plan_render_jsonl(plan, &fixture.set, take_lines, &sum, &error);
        VSR_REQUIRE(rc == VSR_OK);
    }
    plan_free(plan);
    if (rc != VSR_OK) {
        VSR_REQUIRE(rc == VSR_ERR_RUN_FOREIGN || rc == VSR_ERR_MEMORY);
        return fuzz_refused(rc, &error);
    }
    return sum;
}

uint64_t fuzz_target(const uint8_t *data, size_t size)
{
    char path[FUZZ_PATH_BYTES];
    uint8_t hash[16];
    bool binary = false;
    vsr_error error = {0};
    part_hash_bytes(data, size, hash);
    const int fd = fuzz_file((struct view){(const char *)data, size}, path);
    VSR_REQUIRE(write(fd, hash, sizeof hash) == sizeof hash);
    VSR_REQUIRE(plan_is_binary(path, &binary, &error) == VSR_OK);
    const uint64_t sum = plan_number(path);
    (void)close(fd);
    return sum;
}
