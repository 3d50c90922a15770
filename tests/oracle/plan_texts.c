/* plan_texts.c - the real planner as a filter: many small restores as text in, their plans out.
 *
 * For tests that hold thousands of plans against another implementation: no set is packed, no
 * process started for each. Standard input, again and again: "KIND BYTES\n", and so many bytes;
 * KIND is document, catalog, options (see planner_fixture.h), or "plan 0\n", which ends a case.
 * Standard output: the lines of the plan, or "error CODE WHAT", then a line ".". */
#include "planner_fixture.h"

#include "base/bug.h"
#include "base/heap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DOCUMENTS_MAX = 8, KIND_BYTES_MAX = 16, PART_BYTES_MAX = 1 << 20 };

struct parts {
    char *documents[DOCUMENTS_MAX];
    uint32_t document_count;
    char *catalog, *options;
};

static char *part_read(size_t bytes)
{
    VSR_REQUIRE(bytes <= PART_BYTES_MAX);
    char *text = heap_alloc(bytes + 1, 1);
    VSR_REQUIRE(fread(text, 1, bytes, stdin) == bytes);
    text[bytes] = '\0';
    return text;
}

static void parts_free(struct parts *parts)
{
    for (uint32_t i = 0; i < parts->document_count; i++) {
        free(parts->documents[i]);
    }
    free(parts->catalog);
    free(parts->options);
    *parts = (struct parts){0};
}

static void parts_plan(const struct parts *parts)
{
    static struct planner_fixture fixture;
    vsr_error error = {0};
    planner_fixture_documents(&fixture, (const char *const *)parts->documents,
                              parts->document_count);
    planner_fixture_catalog(&fixture, parts->catalog);
    planner_fixture_options(&fixture, parts->options);
    struct plan *plan = planner_fixture_plan(&fixture, &error);
    if (plan == NULL) {
        (void)printf("error %d %s\n.\n", -(int)error.code, error.what);
    } else {
        const struct view lines = planner_fixture_jsonl(&fixture, plan);
        (void)printf("%.*s.\n", VIEW_ARG(lines));
        plan_free(plan);
    }
    planner_fixture_fini(&fixture);
}

int main(void)
{
    struct parts parts = {0};
    char kind[KIND_BYTES_MAX];
    size_t bytes = 0;
    while (scanf("%15s %zu", kind, &bytes) == 2 && getchar() == '\n') {
        if (strcmp(kind, "plan") == 0) {
            parts_plan(&parts);
            parts_free(&parts);
        } else if (strcmp(kind, "document") == 0) {
            VSR_REQUIRE(parts.document_count < DOCUMENTS_MAX);
            parts.documents[parts.document_count++] = part_read(bytes);
        } else if (strcmp(kind, "catalog") == 0) {
            free(parts.catalog);
            parts.catalog = part_read(bytes);
        } else {
            VSR_REQUIRE(strcmp(kind, "options") == 0);
            free(parts.options);
            parts.options = part_read(bytes);
        }
    }
    parts_free(&parts);
    return feof(stdin) ? 0 : 1;
}
