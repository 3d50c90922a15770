/* test_select_made.c - the made documents: which file sets each of them brings in.
 *
 * Each folder's expect-filesets.tsv was computed apart from this project, from the logical paths
 * alone; every row must come out of the selection of everything, and no other. The documents
 * stand in tests/data, or beside the project. */
#include "vsr_test.h"

#include "base/buffer.h"
#include "base/io.h"
#include "base/limits.h"
#include "plan/select.h"

#include <dirent.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <unistd.h>

enum { PATHS_MAX = 32 };

static const char *const folders[] = {
    "dc-ntds-sysvol",  "exchange-subcomponents", "file-server",
    "hyper-v",         "multi-instance",         "partial-directed-differenced",
    "restore-methods", "sql-three-databases",    "system-state-iis-registry",
};

struct rows {
    char **items;
    size_t count;
    size_t capacity;
};

static void rows_add(struct rows *rows, char *row)
{
    if (rows->count == rows->capacity) {
        rows->capacity = rows->capacity * 2 + 64;
        rows->items = realloc(rows->items, rows->capacity * sizeof *rows->items);
        assert_non_null(rows->items);
    }
    rows->items[rows->count++] = row;
}

static int row_compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void rows_free(struct rows *rows)
{
    for (size_t i = 0; i < rows->count; i++) {
        free(rows->items[i]);
    }
    free(rows->items);
    *rows = (struct rows){0};
}

/* --- what is expected --- */

static const char *made_path(const char *folder, const char *file)
{
    static char path[4096];
    (void)snprintf(path, sizeof path, "%s/tests/data/documents/%s/%s", VSR_SOURCE_ROOT, folder,
                   file);
    if (access(path, R_OK) != 0) {
        const char *shared = getenv("VSSRESTORE_SHARED");
        (void)snprintf(path, sizeof path, "%s/documents/made/%s/%s",
                       shared != NULL ? shared : VSR_SOURCE_ROOT "/../shared", folder, file);
    }
    return access(path, R_OK) == 0 ? path : NULL;
}

static void expected_rows(struct rows *rows, const char *path)
{
    struct buffer text = {0};
    vsr_error error = {0};
    assert_int_equal(io_read_file(AT_FDCWD, path, 16 << 20, &text, VSR_ERR_DOCUMENT, &error), 0);
    buffer_add(&text, "", 1);
    char *save = NULL;
    const char *line = strtok_r(text.p, "\r\n", &save); /* the heading */
    while ((line = strtok_r(NULL, "\r\n", &save)) != NULL) {
        rows_add(rows, strdup(line));
    }
    buffer_free(&text);
    qsort(rows->items, rows->count, sizeof *rows->items, row_compare);
}

/* The folder's documents named in rows: each distinct first column. */
static bool is_first_of_document(const struct rows *rows, size_t i, size_t *bytes)
{
    *bytes = strcspn(rows->items[i], "\t");
    return i == 0 || strncmp(rows->items[i], rows->items[i - 1], *bytes + 1) != 0;
}

/* --- what comes out --- */

static const char *const kinds[] = {"FILE_LIST", "DATABASE_FILES", "DATABASE_LOGFILES"};

static struct view text_or_dash(struct view text)
{
    return text.n > 0 ? text : VIEW("-");
}

static char *row_text(const char *head, const struct vss_file_set *set)
{
    char *row = NULL;
    assert_true(asprintf(&row, "%s\t%s\t%.*s\t%.*s\t%s\t%.*s\t%u", head, kinds[set->kind],
                         VIEW_ARG(set->path), VIEW_ARG(set->filespec),
                         set->recursive ? "yes" : "no", VIEW_ARG(text_or_dash(set->alternate_path)),
                         set->backup_type_mask) > 0);
    return row;
}

static void member_rows(struct rows *rows, struct arena *arena, const char *document,
                        const struct wmd *wmd, uint32_t number, bool explicit)
{
    const struct wmd_component *c = &wmd->components[number];
    char head[4096];
    (void)snprintf(head, sizeof head, "%s\t%.*s\t%.*s\t%s", document, VIEW_ARG(wmd->file_name),
                   VIEW_ARG(vss_full_name(arena, c->logical_path, c->name)),
                   explicit ? "explicit" : "implicit");
    for (uint32_t i = 0; i < c->file_set_count; i++) {
        rows_add(rows, row_text(head, &c->file_sets[i]));
    }
    if (c->file_set_count == 0) {
        char *row = NULL;
        assert_true(asprintf(&row, "%s\t-\t-\t-\t-\t-\t-", head) > 0);
        rows_add(rows, row);
    }
}

/* The paths of one Backup Components Document and of all writers' documents of its folder. */
static uint32_t input_paths(const char *folder, const char *document, char *paths[PATHS_MAX])
{
    uint32_t count = 0;
    paths[count++] = strdup(made_path(folder, document));
    char *directory = strdup(paths[0]);
    directory[strlen(directory) - strlen(document)] = '\0';
    DIR *listing = opendir(directory);
    assert_non_null(listing);
    for (const struct dirent *entry = readdir(listing); entry != NULL; entry = readdir(listing)) {
        if (fnmatch("writer-*.xml", entry->d_name, 0) == 0) {
            assert_true(count < PATHS_MAX);
            paths[count++] = strdup(made_path(folder, entry->d_name));
        }
    }
    (void)closedir(listing);
    free(directory);
    return count;
}

static void selected_rows(struct rows *rows, const char *folder, const char *document)
{
    char *paths[PATHS_MAX];
    const uint32_t path_count = input_paths(folder, document, paths);
    struct documents documents = {0};
    struct arena arena = {0};
    struct selection selection = {0};
    vsr_error error = {0};
    if (documents_read(&documents, (const char *const *)paths, path_count, &error) != VSR_OK ||
        select_components(&arena, &documents, NULL, &selection, &error) != VSR_OK) {
        fail_msg("%s/%s: %s", folder, document, error.what);
    }
    for (uint32_t i = 0; i < selection.scope_count; i++) {
        const struct scope *scope = &selection.scopes[i];
        for (uint32_t k = 0; k < scope->member_count; k++) {
            member_rows(rows, &arena, document, &documents.wmds[scope->wmd], scope->members[k],
                        scope->members[k] == scope->root);
        }
    }
    qsort(rows->items, rows->count, sizeof *rows->items, row_compare);
    arena_free(&arena);
    documents_free(&documents);
    for (uint32_t i = 0; i < path_count; i++) {
        free(paths[i]);
    }
}

static void compare_document(const struct rows *expected, size_t first, const char *folder,
                             const char *document)
{
    struct rows got = {0};
    selected_rows(&got, folder, document);
    const size_t bytes = strlen(document);
    size_t at = first;
    for (size_t i = 0; i < got.count; i++, at++) {
        if (at == expected->count || strcmp(got.items[i], expected->items[at]) != 0) {
            fail_msg("%s: got \"%s\", want \"%s\"", folder, got.items[i],
                     at == expected->count ? "" : expected->items[at]);
        }
    }
    if (at < expected->count && strncmp(expected->items[at], document, bytes) == 0 &&
        expected->items[at][bytes] == '\t') {
        fail_msg("%s: \"%s\" is missing", folder, expected->items[at]);
    }
    rows_free(&got);
}

static void made_documents_bring_their_file_sets(void **state)
{
    (void)state;
    size_t row_count = 0;
    for (size_t i = 0; i < COUNT_OF(folders); i++) {
        const char *path = made_path(folders[i], "expect-filesets.tsv");
        if (path == NULL) {
            print_message("skipped: %s is not here\n", folders[i]);
            skip();
        }
        struct rows expected = {0};
        expected_rows(&expected, path);
        assert_true(expected.count > 0);
        for (size_t k = 0; k < expected.count; k++) {
            size_t bytes = 0;
            if (is_first_of_document(&expected, k, &bytes)) {
                char document[256];
                (void)snprintf(document, sizeof document, "%.*s", (int)bytes, expected.items[k]);
                compare_document(&expected, k, folders[i], document);
            }
        }
        row_count += expected.count;
        rows_free(&expected);
    }
    print_message("%zu rows of %zu folders compared\n", row_count, COUNT_OF(folders));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(made_documents_bring_their_file_sets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
