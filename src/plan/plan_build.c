/* plan_build.c - growing arrays with 32-bit numbers, and their handing over to a plan. */
#include "plan/plan_build.h"

#include "base/bug.h"
#include "base/heap.h"
#include "base/limits.h"

#include <stdlib.h>

#define X(array, one, type)                                                                        \
    struct type *plan_build_add_##one(struct plan_build *build)                                    \
    {                                                                                              \
        if (build->one##_count >= MARK_NONE - 1) {                                                 \
            build->full = true;                                                                    \
            return &build->array[build->one##_count - 1];                                          \
        }                                                                                          \
        build->array = heap_grow(build->array, build->one##_count, &build->one##_capacity,         \
                                 sizeof *build->array);                                            \
        memset(&build->array[build->one##_count], 0, sizeof *build->array); /* padding, too */     \
        return &build->array[build->one##_count++];                                                \
    }
PLAN_ARRAYS(X)
#undef X

void plan_build_reserve_files(struct plan_build *build, void *memory, size_t count)
{
    VSR_REQUIRE(build->files == NULL);
    build->files = heap_resize(memory, count, sizeof *build->files);
    build->file_capacity = count;
}

struct plan_text plan_build_text(struct plan_build *build, struct view text)
{
    if (!view_present(text)) {
        return (struct plan_text){MARK_NONE, 0};
    }
    if (build->text.n + text.n >= MARK_NONE) {
        build->full = true; /* GCOVR_EXCL_START: no test has 4 GiB of text */
        return (struct plan_text){MARK_NONE, 0};
        /* GCOVR_EXCL_STOP */
    }
    const struct plan_text out = {(uint32_t)build->text.n, (uint32_t)text.n};
    buffer_add(&build->text, text.p, text.n);
    return out;
}

vsr_code plan_build_end(struct plan_build *build, struct plan **out, vsr_error *error)
{
    if (build->full) {
        /* GCOVR_EXCL_START: no test has 4 GiB of text, or as many files */
        return err_set(error, VSR_ERR_MEMORY, "plan/build",
                       "the plan has more files or text than 32 bits can number; restore in parts");
        /* GCOVR_EXCL_STOP */
    }
    struct plan *plan = heap_alloc(1, sizeof *plan);
#define X(arrays, one, type)                                                                       \
    plan->arrays = build->arrays;                                                                  \
    plan->one##_count = build->one##_count;
    PLAN_ARRAYS(X)
#undef X
    plan->text_bytes = (uint32_t)build->text.n;
    struct plan_build *owned = heap_alloc(1, sizeof *owned);
    *owned = *build;
    plan->text = buffer_view(&owned->text).p;
    plan->owned = owned;
    *build = (struct plan_build){0};
    *out = plan;
    return VSR_OK;
}

void plan_build_free(struct plan_build *build)
{
#define X(array, one, type) free(build->array);
    PLAN_ARRAYS(X)
#undef X
    buffer_free(&build->text);
    *build = (struct plan_build){0};
}
