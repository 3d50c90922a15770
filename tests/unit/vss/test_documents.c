/* test_documents.c - folders of documents; which file lists each made document brings in,
 * against its oracle; and the one real set, when it is there. */
#include "document_fixture.h"
#include "media_fixture.h"

#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>
#include <time.h>

/* --- the made documents and their expect-filesets.tsv --- */

struct line_list {
    struct buffer bytes; /* lines with NULs behind them */
    size_t count;
};

static int compare_lines(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static char *lines_sorted(struct line_list *lines)
{
    const char **order = calloc(lines->count + 1, sizeof *order);
    const char *p = lines->bytes.p;
    for (size_t i = 0; i < lines->count; i++, p += strlen(p) + 1) {
        order[i] = p;
    }
    qsort(order, lines->count, sizeof *order, compare_lines);
    struct buffer out = {0};
    for (size_t i = 0; i < lines->count; i++) {
        buffer_printf(&out, "%s\n", order[i]);
    }
    buffer_add_char(&out, '\0');
    free(order);
    buffer_free(&lines->bytes);
    return out.p;
}

static void line_end(struct line_list *lines)
{
    buffer_add_char(&lines->bytes, '\0');
    lines->count++;
}

/* The lines of the oracle that begin with the document's name. */
static char *oracle(const char *folder, const char *document)
{
    char path[600];
    (void)snprintf(path, sizeof path, DATA "documents/%s/expect-filesets.tsv", folder);
    struct buffer bytes = file_bytes(path);
    struct line_list lines = {0};
    struct view left = buffer_view(&bytes);
    while (left.n > 0) {
        const size_t n = view_find(left, '\n');
        const struct view line = {left.p, n > 0 && left.p[n - 1] == '\r' ? n - 1 : n};
        const size_t tab = view_find(line, '\t');
        if (view_equal((struct view){line.p, tab}, view_of(document))) {
            buffer_add_view(&lines.bytes, line);
            line_end(&lines);
        }
        left = view_skip(left, n < left.n ? n + 1 : n);
    }
    buffer_free(&bytes);
    return lines_sorted(&lines);
}

static const char *const kinds[] = {"FILE_LIST", "DATABASE_FILES", "DATABASE_LOGFILES"};

static void put_component(struct line_list *lines, const char *document, const struct wmd *wmd,
                          const struct wmd_component *c, const char *inclusion)
{
    struct arena arena = {0};
    const struct view full = vss_full_name(&arena, c->logical_path, c->name);
    for (uint32_t s = 0; s < c->file_set_count; s++) {
        const struct vss_file_set *set = &c->file_sets[s];
        buffer_printf(&lines->bytes, "%s\t%s\t%.*s\t%s\t%s\t%.*s\t%.*s\t%s\t%.*s\t%u", document,
                      wmd->file_name.p, VIEW_ARG(full), inclusion, kinds[set->kind],
                      VIEW_ARG(set->path), VIEW_ARG(set->filespec), set->recursive ? "yes" : "no",
                      VIEW_ARG(view_present(set->alternate_path) ? set->alternate_path : VIEW("-")),
                      set->backup_type_mask);
        line_end(lines);
    }
    if (c->file_set_count == 0) {
        buffer_printf(&lines->bytes, "%s\t%s\t%.*s\t%s\t-\t-\t-\t-\t-\t-", document,
                      wmd->file_name.p, VIEW_ARG(full), inclusion);
        line_end(lines);
    }
    arena_free(&arena);
}

/* Rules 4.3: below B means that B's full name and a backslash begin the logical path. */
static bool is_below(const struct wmd_component *c, struct view full)
{
    const struct view path = vss_logical_path_norm(c->logical_path);
    return view_starts(path, full) && (path.n == full.n || path.p[full.n] == '\\');
}

static char *brought_in(const struct documents *d, const char *document)
{
    struct line_list lines = {0};
    struct arena arena = {0};
    for (uint32_t w = 0; w < d->bcd.writer_count; w++) {
        assert_true(d->writer_wmd[w] != MARK_NONE);
        const struct wmd *wmd = &d->wmds[d->writer_wmd[w]];
        const struct bcd_writer *writer = &d->bcd.writers[w];
        for (uint32_t i = 0; i < wmd->component_count; i++) {
            const struct wmd_component *c = &wmd->components[i];
            const char *inclusion = NULL;
            for (uint32_t b = 0; b < writer->component_count && inclusion == NULL; b++) {
                const struct bcd_component *e = &writer->components[b];
                bool folded = false;
                if (wmd_component_find(wmd, e->logical_path, e->name, &folded) == i) {
                    inclusion = "explicit";
                }
            }
            for (uint32_t b = 0; b < writer->component_count && inclusion == NULL; b++) {
                const struct bcd_component *e = &writer->components[b];
                if (is_below(c, vss_full_name(&arena, e->logical_path, e->name))) {
                    inclusion = "implicit";
                }
            }
            if (inclusion != NULL) {
                put_component(&lines, document, wmd, c, inclusion);
            }
        }
    }
    arena_free(&arena);
    return lines_sorted(&lines);
}

/* The folder's writers and one of its Backup Components Documents, from memory. */
static void made_parse(const char *folder, const char *document, struct documents *out)
{
    char path[600];
    (void)snprintf(path, sizeof path, DATA "documents/%s", folder);
    struct document_source sources[32];
    struct buffer bytes[32];
    char names[32][256];
    uint32_t count = 0;
    DIR *dir = opendir(path);
    assert_non_null(dir);
    for (struct dirent *e; (e = readdir(dir)) != NULL;) {
        if (strncmp(e->d_name, "writer-", 7) == 0 || strcmp(e->d_name, document) == 0) {
            (void)snprintf(path, sizeof path, DATA "documents/%s/%s", folder, e->d_name);
            (void)snprintf(names[count], sizeof names[count], "%s", e->d_name);
            bytes[count] = file_bytes(path);
            sources[count] =
                (struct document_source){view_of(names[count]), buffer_view(&bytes[count]), true};
            count++;
        }
    }
    (void)closedir(dir);
    vsr_error error = {0};
    if (documents_parse(out, sources, count, &error) != VSR_OK) {
        fail_msg("%s: %s", folder, error.what);
    }
    for (uint32_t i = 0; i < count; i++) {
        buffer_free(&bytes[i]);
    }
}

static void assert_no_faults(const struct documents *d)
{
    for (uint32_t i = 0; i < d->wmd_count; i++) {
        const struct wmd *wmd = &d->wmds[i];
        assert_view_equal(wmd->fault, "");
        for (uint32_t c = 0; c < wmd->component_count; c++) {
            assert_view_equal(wmd->components[c].fault, "");
        }
    }
    for (uint32_t w = 0; w < d->bcd.writer_count; w++) {
        for (uint32_t c = 0; c < d->bcd.writers[w].component_count; c++) {
            assert_view_equal(d->bcd.writers[w].components[c].fault, "");
        }
    }
}

static void made_documents_bring_in_their_file_lists(void **state)
{
    (void)state;
    static const struct {
        const char *folder, *document;
    } rows[] = {
        {"dc-ntds-sysvol", "backup-components.xml"},
        {"exchange-subcomponents", "backup-components.xml"},
        {"exchange-subcomponents", "backup-components-restore-logs-only.xml"},
        {"file-server", "backup-components.xml"},
        {"hyper-v", "backup-components.xml"},
        {"multi-instance", "backup-components.xml"},
        {"partial-directed-differenced", "backup-components.xml"},
        {"partial-directed-differenced", "backup-components-full.xml"},
        {"partial-directed-differenced", "backup-components-restore.xml"},
        {"restore-methods", "backup-components.xml"},
        {"sql-three-databases", "backup-components.xml"},
        {"system-state-iis-registry", "backup-components.xml"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct documents d;
        made_parse(rows[i].folder, rows[i].document, &d);
        assert_no_faults(&d);
        char *want = oracle(rows[i].folder, rows[i].document);
        char *got = brought_in(&d, rows[i].document);
        assert_true(strlen(want) > 0);
        assert_string_equal(got, want);
        free(want);
        free(got);
        documents_free(&d);
    }
}

static void made_methods_are_told_apart(void **state)
{
    (void)state;
    static const struct {
        const char *file;
        enum vss_method method;
    } rows[] = {
        {"writer-m-alternate.xml", METHOD_RESTORE_TO_ALTERNATE_LOCATION},
        {"writer-m-at-reboot-if.xml", METHOD_RESTORE_AT_REBOOT_IF_CANNOT_REPLACE},
        {"writer-m-at-reboot.xml", METHOD_RESTORE_AT_REBOOT},
        {"writer-m-can-replace-doc.xml", METHOD_RESTORE_IF_CAN_REPLACE},
        {"writer-m-can-replace.xml", METHOD_RESTORE_IF_CAN_REPLACE},
        {"writer-m-custom.xml", METHOD_CUSTOM},
        {"writer-m-not-there.xml", METHOD_RESTORE_IF_NOT_THERE},
        {"writer-m-restore-stop-start.xml", METHOD_RESTORE_STOP_START},
        {"writer-m-stop-restore-start.xml", METHOD_STOP_RESTORE_START},
        {"writer-m-unknown.xml", METHOD_UNKNOWN},
    };
    struct documents d;
    made_parse("restore-methods", "backup-components.xml", &d);
    assert_int_equal(d.wmd_count, COUNT_OF(rows));
    for (size_t i = 0; i < COUNT_OF(rows); i++) { /* in the order of the files' names */
        assert_view_equal(d.wmds[i].file_name, rows[i].file);
        assert_int_equal(d.wmds[i].method, rows[i].method);
    }
    documents_free(&d);
}

static void made_values_are_verbatim(void **state)
{
    (void)state;
    struct documents d;
    made_parse("partial-directed-differenced", "backup-components-restore.xml", &d);
    const struct bcd_component *c = &d.bcd.writers[0].components[0];
    assert_int_equal(c->restore_target, TARGET_DIRECTED);
    assert_int_equal(c->partial_file_count, 3);
    assert_view_equal(c->partial_files[1].ranges, "0:5, 100:20");
    assert_view_equal(c->partial_files[2].ranges, "C:\\WriterData\\Journal\\huge.rng");
    assert_int_equal(c->differenced_file_count, 2);
    assert_int_equal(c->directed_target_count, 2);
    assert_view_equal(c->directed_targets[1].destination_ranges, "0x0:0x5,5:20");
    documents_free(&d);
    made_parse("exchange-subcomponents", "backup-components-restore-logs-only.xml", &d);
    c = &d.bcd.writers[0].components[0];
    assert_view_equal(c->restore_options,
                      "\"DatabaseGuid\"=\"5b446f74-f27f-585e-b671-631651c17c63\"");
    assert_view_equal(c->new_targets[0].alternate_path, "R:\\Recovery\\DB01\\Logs");
    assert_view_equal(c->subcomponents[0].component_name, "Logs");
    documents_free(&d);
}

/* --- folders --- */

static void put_file(const char *folder, const char *name, const char *text)
{
    char path[600];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
}

static void folders_and_files_are_read(void **state)
{
    (void)state;
    char folder[64];
    fixture_folder(folder);
    char sub[600];
    (void)snprintf(sub, sizeof sub, "%s/sub.xml", folder);
    assert_int_equal(mkdir(sub, 0700), 0);
    put_file(folder, "z.XML", BCD(PART(X, I1, CO("a"))));
    put_file(folder, "b.xml", WMD(X, I1, FG("a")));
    put_file(folder, "a.xml", "<!DOCTYPE x><Manifest><broken>");
    put_file(folder, "notes.txt", "<WRITER_METADATA>");
    put_file(folder, "extra", WMD(Y, I1, ""));
    char extra[600];
    (void)snprintf(extra, sizeof extra, "%s/extra", folder);
    const char *const paths[] = {extra, folder};
    struct documents d;
    vsr_error error = {0};
    if (documents_read(&d, paths, 2, &error) != VSR_OK) {
        fail_msg("%s", error.what);
    }
    assert_int_equal(d.file_count, 4);
    assert_view_equal(d.files[0].name, "a.xml");
    assert_int_equal(d.files[0].kind, DOCUMENT_FOREIGN);
    assert_view_equal(d.files[0].root_element, "Manifest");
    assert_view_equal(d.files[2].name, "extra");
    assert_int_equal(d.bcd_file, 3);
    assert_int_equal(d.wmd_count, 2);
    assert_int_equal(d.writer_wmd[0], 0);
    assert_int_equal(d.warning_count, 1);
    documents_free(&d);
    (void)snprintf(extra, sizeof extra, "%s/a.xml", folder);
    assert_int_equal(documents_read(&d, paths, 2, &error), VSR_ERR_DOCUMENT);
    assert_text_has(error.what, "<Manifest>");
    (void)snprintf(extra, sizeof extra, "%s/absent", folder);
    error = (vsr_error){0};
    assert_int_equal(documents_read(&d, paths, 2, &error), VSR_ERR_DOCUMENT);
    assert_int_equal(error.os_errno, ENOENT);
    fixture_remove(folder);
}

/* --- the real set --- */

static double seconds_now(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* More documents than a backup has, as sources and in a folder; one that cannot be read. */
static void documents_are_counted_and_all_read(void **state)
{
    (void)state;
    static struct document_source sources[DOCUMENT_FILES_MAX + 1];
    struct documents d;
    vsr_error error = {0};
    for (uint32_t i = 0; i <= DOCUMENT_FILES_MAX; i++) {
        sources[i] = (struct document_source){VIEW("a.xml"), VIEW(BCD("")), false};
    }
    assert_int_equal(documents_parse(&d, sources, DOCUMENT_FILES_MAX + 1, &error),
                     VSR_ERR_DOCUMENT);
    assert_text_has(error.what, "at most 1024");
    char folder[64];
    char name[32];
    fixture_folder(folder);
    for (uint32_t i = 0; i <= DOCUMENT_FILES_MAX; i++) {
        (void)snprintf(name, sizeof name, "%u.xml", i);
        put_file(folder, name, "<x/>");
    }
    const char *const paths[] = {folder};
    error = (vsr_error){0};
    assert_int_equal(documents_read(&d, paths, 1, &error), VSR_ERR_DOCUMENT);
    assert_text_has(error.what, "more than 1024 documents");
    fixture_remove(folder);
    fixture_folder(folder);
    char link[80];
    (void)snprintf(link, sizeof link, "%s/x.xml", folder);
    assert_int_equal(symlink("nowhere", link), 0);
    error = (vsr_error){0};
    assert_int_equal(documents_read(&d, paths, 1, &error), VSR_ERR_DOCUMENT);
    assert_text_has(error.what, "x.xml");
    fixture_remove(folder);
}

static void the_real_set_is_read(void **state)
{
    (void)state;
    const char *shared = getenv("VSSRESTORE_SHARED");
    char folder[600];
    (void)snprintf(folder, sizeof folder, "%s/documents/real-diskshadow-sql",
                   shared != NULL ? shared : VSR_SOURCE_ROOT "/../shared");
    if (access(folder, R_OK) != 0) {
        print_message("no %s\n", folder);
        skip();
    }
    const char *const paths[] = {folder};
    struct documents d;
    vsr_error error = {0};
    const double start = seconds_now();
    if (documents_read(&d, paths, 1, &error) != VSR_OK) {
        fail_msg("%s", error.what);
    }
    const double took = seconds_now() - start;
    print_message("real set read in %.3f s\n", took);
    assert_true(took < 5.0); /* some hundredths of a second; sanitizers and busy machines */
    assert_int_equal(d.file_count, 13);
    assert_int_equal(d.wmd_count, 11);
    assert_int_equal(d.bcd.writer_count, 8);
    assert_no_faults(&d);
    uint64_t sets = 0;
    uint32_t largest = 0;
    uint32_t foreign = 0;
    for (uint32_t i = 0; i < d.file_count; i++) {
        foreign += d.files[i].kind == DOCUMENT_FOREIGN;
    }
    for (uint32_t i = 0; i < d.wmd_count; i++) {
        uint32_t in_writer = 0;
        for (uint32_t c = 0; c < d.wmds[i].component_count; c++) {
            in_writer += d.wmds[i].components[c].file_set_count;
        }
        sets += in_writer;
        largest = in_writer > largest ? in_writer : largest;
    }
    assert_int_equal(foreign, 1); /* DiskShadow's Manifest.xml */
    assert_int_equal(sets, 19028);
    assert_int_equal(largest, 18995); /* the System Writer */
    uint32_t components = 0;
    for (uint32_t w = 0; w < d.bcd.writer_count; w++) {
        assert_true(d.writer_wmd[w] != MARK_NONE);
        components += d.bcd.writers[w].component_count;
    }
    assert_int_equal(components, 9);
    assert_int_equal(d.warning_count, 1);
    documents_free(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(made_documents_bring_in_their_file_lists),
        cmocka_unit_test(made_methods_are_told_apart),
        cmocka_unit_test(made_values_are_verbatim),
        cmocka_unit_test(folders_and_files_are_read),
        cmocka_unit_test(documents_are_counted_and_all_read),
        cmocka_unit_test(the_real_set_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
