/* test_bcd_document.c - rules 2.2: unchanged is the same bytes; changed keeps all the rest.
 *
 * "All the rest" is checked by a second parse of both: every element, attribute, namespace and
 * the text around tags, in order, less what was edited. */
#include "document_fixture.h"

#include "vss/xml.h"

#include <dirent.h>

static struct bcd_document *document_of(struct view bytes)
{
    struct bcd_document *document = NULL;
    vsr_error error = {0};
    if (bcd_document_open(&document, bytes, "bcd.xml", &error) != VSR_OK) {
        fail_msg("%s", error.what);
    }
    return document;
}

static struct buffer rendered(const struct bcd_document *document)
{
    struct buffer out = {0};
    vsr_error error = {0};
    if (bcd_document_render(document, &out, &error) != VSR_OK) {
        fail_msg("%s", error.what);
    }
    return out;
}

/* --- unchanged --- */

static void assert_unchanged(const char *path)
{
    struct buffer bytes = file_bytes(path);
    struct bcd_document *document = document_of(buffer_view(&bytes));
    struct buffer out = rendered(document);
    assert_true(view_equal(buffer_view(&out), buffer_view(&bytes)));
    buffer_free(&out);
    buffer_free(&bytes);
    bcd_document_free(document);
}

static uint32_t each_bcd(const char *folder, const char *prefix, void (*visit)(const char *path))
{
    DIR *dir = opendir(folder);
    uint32_t count = 0;
    if (dir == NULL) {
        return 0;
    }
    for (struct dirent *e; (e = readdir(dir)) != NULL;) {
        char path[600];
        if (strncmp(e->d_name, prefix, strlen(prefix)) == 0 && strstr(e->d_name, ".xml") != NULL) {
            (void)snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
            visit(path);
            count++;
        }
    }
    (void)closedir(dir);
    return count;
}

static const char *const folders[] = {
    "dc-ntds-sysvol",
    "exchange-subcomponents",
    "file-server",
    "hyper-v",
    "multi-instance",
    "restore-methods",
    "sql-three-databases",
    "system-state-iis-registry",
    "partial-directed-differenced",
};

static uint32_t each_document(void (*visit)(const char *path))
{
    uint32_t count = each_bcd(DATA "variants", "utf", visit);
    for (size_t i = 0; i < COUNT_OF(folders); i++) {
        char folder[500];
        (void)snprintf(folder, sizeof folder, DATA "documents/%s", folders[i]);
        count += each_bcd(folder, "backup", visit);
    }
    return count;
}

static void unchanged_is_the_same_bytes(void **state)
{
    (void)state;
    assert_int_equal(each_document(assert_unchanged), 10 + 12);
}

/* --- changed --- */

/* What a walk is compared by: not what an edit of this test touches. */
static bool is_touched_attribute(struct view name)
{
    static const char *const names[] = {"selectedForRestore", "fileRestoreStatus", "restoreOptions",
                                        "restoreType"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if (view_equal(name, view_of(names[i]))) {
            return true;
        }
    }
    return false;
}

static bool is_touched_child(struct view name)
{
    return view_equal(name, VIEW("ALTERNATE_LOCATION_MAPPING")) ||
           view_equal(name, VIEW("RESTORE_SUBCOMPONENT"));
}

static void walk(struct view bytes, struct buffer *out)
{
    struct arena arena = {0};
    struct xml_text text;
    struct xml xml;
    vsr_error error = {0};
    if (xml_text_open(&text, &arena, bytes, "walk", &error) != VSR_OK ||
        xml_open(&xml, &arena, &arena, &text, &error) != VSR_OK) {
        fail_msg("%s", error.what);
    }
    buffer_printf(out, "form %d, %zu, %zu, prolog %.*s\n", (int)text.form, text.head_bytes,
                  text.tail_bytes, (int)xml.elements[0].tag_start, text.text.p);
    for (uint32_t i = 0; i < xml.element_count; i++) {
        const struct xml_element *e = &xml.elements[i];
        if (is_touched_child(e->name)) {
            continue;
        }
        buffer_printf(out, "%.*s {%.*s}", VIEW_ARG(e->name), VIEW_ARG(e->space));
        for (uint32_t a = 0; a < e->attribute_count; a++) {
            const struct xml_attribute *at = &xml.attributes[e->attribute_first + a];
            if (!is_touched_attribute(at->name)) {
                buffer_printf(out, " %.*s=[%.*s]", VIEW_ARG(at->name), VIEW_ARG(at->value));
            }
        }
        buffer_add_char(out, '\n');
    }
    arena_free(&arena);
}

static void edit_all(struct bcd_document *document, struct view bytes)
{
    struct arena arena = {0};
    struct bcd bcd;
    assert_int_equal(bcd_parse(&bcd, &arena, bytes, "b", NULL, NULL), VSR_OK);
    const struct vss_mapping mapping = {.path = VIEW("C:\\\xC3\x9C\"<&>'"),
                                        .filespec = VIEW("*"),
                                        .recursive = true,
                                        .alternate_path = VIEW("D:\\\xF0\x9F\x98\x80\r\n\t")};
    for (uint32_t w = 0; w < bcd.writer_count; w++) {
        for (uint32_t c = 0; c < bcd.writers[w].component_count; c++) {
            bcd_document_set(document, w, c, BCD_SELECTED_FOR_RESTORE, VIEW("yes"));
            bcd_document_set(document, w, c, BCD_FILE_RESTORE_STATUS, VIEW("all"));
            bcd_document_set(document, w, c, BCD_RESTORE_OPTIONS, VIEW("<x a=\"1\"\r\n\tb='2'/>"));
            bcd_document_remove(document, w, c, BCD_USED_MAPPING);
            bcd_document_remove(document, w, c, BCD_RESTORE_SUBCOMPONENT);
            bcd_document_add_mapping(document, w, c, BCD_USED_MAPPING, &mapping);
            bcd_document_add_subcomponent(document, w, c, VIEW("l\\p"), VIEW("n & m"));
        }
    }
    bcd_document_set_restore_type(document, VIEW("by copy"));
    arena_free(&arena);
}

static void assert_edits(struct view bytes)
{
    struct arena arena = {0};
    struct bcd bcd;
    assert_int_equal(bcd_parse(&bcd, &arena, bytes, "edited", NULL, NULL), VSR_OK);
    assert_view_equal(bcd.restore_type, "by copy");
    for (uint32_t w = 0; w < bcd.writer_count; w++) {
        for (uint32_t c = 0; c < bcd.writers[w].component_count; c++) {
            const struct bcd_component *k = &bcd.writers[w].components[c];
            assert_false(view_present(k->fault));
            assert_int_equal(k->selected_for_restore, FLAG_YES);
            assert_int_equal(k->restore_status, RESTORE_STATUS_ALL);
            assert_view_equal(k->restore_options, "<x a=\"1\"\r\n\tb='2'/>");
            assert_int_equal(k->used_mapping_count, 1);
            assert_view_equal(k->used_mappings[0].path, "C:\\\xC3\x9C\"<&>'");
            assert_true(k->used_mappings[0].recursive);
            assert_view_equal(k->used_mappings[0].alternate_path, "D:\\\xF0\x9F\x98\x80\r\n\t");
            assert_int_equal(k->subcomponent_count, 1);
            assert_view_equal(k->subcomponents[0].logical_path, "l\\p");
            assert_view_equal(k->subcomponents[0].component_name, "n & m");
        }
    }
    arena_free(&arena);
}

static void assert_changed_keeps_the_rest(const char *path)
{
    struct buffer bytes = file_bytes(path);
    struct bcd_document *document = document_of(buffer_view(&bytes));
    edit_all(document, buffer_view(&bytes));
    struct buffer out = rendered(document);
    assert_edits(buffer_view(&out));
    struct buffer before = {0};
    struct buffer after = {0};
    walk(buffer_view(&bytes), &before);
    walk(buffer_view(&out), &after);
    buffer_add_char(&before, '\0');
    buffer_add_char(&after, '\0');
    assert_string_equal(before.p, after.p);
    buffer_free(&before);
    buffer_free(&after);
    buffer_free(&out);
    buffer_free(&bytes);
    bcd_document_free(document);
}

static void changed_keeps_the_rest(void **state)
{
    (void)state;
    assert_int_equal(each_document(assert_changed_keeps_the_rest), 10 + 12);
}

/* --- exact texts --- */

#define ROOT "<BACKUP_COMPONENTS xmlns='x-schema:#VssComponentMetadata'"
#define WRITER                                                                                     \
    "<WRITER_COMPONENTS writerId='11111111-1111-1111-1111-111111111111' "                          \
    "instanceId='22222222-2222-2222-2222-222222222222'>"
#define END "</WRITER_COMPONENTS></BACKUP_COMPONENTS>"

typedef void edit(struct bcd_document *document);

static void set_target(struct bcd_document *d)
{
    bcd_document_set(d, 0, 0, BCD_RESTORE_TARGET, VIEW("it's \"x\"\n"));
}

static void set_same_target(struct bcd_document *d)
{
    bcd_document_set(d, 0, 0, BCD_RESTORE_TARGET, VIEW("a&b c"));
}

static void set_and_remove(struct bcd_document *d)
{
    bcd_document_set(d, 0, 0, BCD_RESTORE_TARGET, VIEW("x"));
    bcd_document_set(d, 0, 0, BCD_RESTORE_TARGET, VIEW_NONE);
}

static void set_messages(struct bcd_document *d)
{
    bcd_document_set(d, 0, 0, BCD_PRE_RESTORE_FAILURE, VIEW("bad \x1B[0m \xFF \xEF\xBF\xBF."));
    bcd_document_set(d, 0, 0, BCD_POST_RESTORE_FAILURE, VIEW("worse"));
}

static void add_two(struct bcd_document *d)
{
    bcd_document_add_subcomponent(d, 0, 0, VIEW_NONE, VIEW("n"));
    bcd_document_add_mapping(d, 0, 0, BCD_NEW_TARGET,
                             &(struct vss_mapping){VIEW("p"), VIEW("f"), false, VIEW("a"), {0}});
}

static void remove_targets(struct bcd_document *d)
{
    bcd_document_add_mapping(d, 0, 0, BCD_NEW_TARGET,
                             &(struct vss_mapping){VIEW("p"), VIEW("f"), false, VIEW("a"), {0}});
    bcd_document_add_subcomponent(d, 0, 0, VIEW_NONE, VIEW("n"));
    bcd_document_remove(d, 0, 0, BCD_RESTORE_SUBCOMPONENT);
    bcd_document_remove(d, 0, 0, BCD_NEW_TARGET);
    bcd_document_remove(d, 0, 0, BCD_USED_MAPPING);
}

static void add_answers(struct bcd_document *d)
{
    bcd_document_add_directed(
        d, 0, 0,
        &(struct bcd_directed_target){
            VIEW("a"), VIEW("b"), VIEW("0:1"), VIEW("c"), VIEW("d"), VIEW("2:1"), {0}});
    bcd_document_add_restore_metadata(d, 0, 0, VIEW("m"));
}

static void drop_and_set(struct bcd_document *d)
{
    bcd_document_drop(d, 0, 0, BCD_NEW_TARGET, 1);
    bcd_document_set_ranges(d, 0, 0, 0, VIEW("D:\\r"));
    bcd_document_set_ranges(d, 0, 0, 1, VIEW("D:\\s"));
}

static void set_ranges_backwards(struct bcd_document *d)
{
    bcd_document_set_ranges(d, 0, 0, 1, VIEW("D:\\s"));
    bcd_document_set_ranges(d, 0, 0, 0, VIEW("D:\\r"));
}

static void set_root(struct bcd_document *d)
{
    bcd_document_set_restore_type(d, VIEW("import"));
}

#define SUB "RESTORE_SUBCOMPONENT componentName=\"n\" repair=\"no\"/>"
#define NEW "NEW_TARGET path=\"p\" filespec=\"f\" recursive=\"no\" alternatePath=\"a\"/>"

static void edits_leave_the_spelling_of_the_rest(void **state)
{
    (void)state;
    static const struct {
        edit *edit;
        const char *before, *after;
    } rows[] = {
        {set_target, "<COMPONENT componentName='c' />",
         "<COMPONENT componentName='c' restoreTarget=\"it's &quot;x&quot;&#10;\" />"},
        {set_target, "<COMPONENT restoreTarget = 'y'\n componentName='c'></COMPONENT>",
         "<COMPONENT restoreTarget = 'it&apos;s \"x\"&#10;'\n componentName='c'></COMPONENT>"},
        {set_same_target, "<COMPONENT restoreTarget='a&#38;b\tc' componentName='c'/>",
         "<COMPONENT restoreTarget='a&#38;b\tc' componentName='c'/>"},
        {set_and_remove, "<COMPONENT componentName='c'  restoreTarget='y'/>",
         "<COMPONENT componentName='c'/>"},
        {set_and_remove, "<COMPONENT componentName='c'/>", "<COMPONENT componentName='c'/>"},
        {set_messages, "<COMPONENT/>",
         "<COMPONENT preRestoreFailureMsg=\"bad \xEF\xBF\xBD[0m \xEF\xBF\xBD "
         "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD.\" postRestoreFailureMsg=\"worse\"/>"},
        {add_two, "<COMPONENT componentName='c'/>",
         "<COMPONENT componentName='c'><" SUB "<" NEW "</COMPONENT>"},
        {add_two, "<COMPONENT componentName='c'></COMPONENT>",
         "<COMPONENT componentName='c'><" SUB "<" NEW "</COMPONENT>"},
        {add_two, "<COMPONENT componentName='c'>\n   <X/><!-- y -->\n </COMPONENT >",
         "<COMPONENT componentName='c'>\n   <X/><!-- y -->\n   <" SUB "\n   <" NEW
         "\n </COMPONENT >"},
        {add_two, "<v:COMPONENT xmlns:v='x-schema:#VssComponentMetadata' componentName='c'/>",
         "<v:COMPONENT xmlns:v='x-schema:#VssComponentMetadata' componentName='c'><v:" SUB "<v:" NEW
         "</v:COMPONENT>"},
        {remove_targets,
         "<COMPONENT>\n <A/>\n <NEW_TARGET path='p'><!-- > --></NEW_TARGET>\n "
         "<RESTORE_SUBCOMPONENT xmlns=''/>text<NEW_TARGET/>\n <B/>\n</COMPONENT>",
         "<COMPONENT>\n <A/>text\n <B/>\n</COMPONENT>"},
        {add_answers, "<COMPONENT componentName='c'/>",
         "<COMPONENT componentName='c'><DIRECTED_TARGET sourcePath=\"a\" sourceFilename=\"b\" "
         "sourceRangeList=\"0:1\" destinationPath=\"c\" destinationFilename=\"d\" "
         "destinationRangeList=\"2:1\"/><RESTORE_METADATA metadata=\"m\"/></COMPONENT>"},
        {drop_and_set,
         "<COMPONENT><NEW_TARGET path='1'/><PARTIAL_FILE ranges='x'/><NEW_TARGET path='2'/>"
         "<PARTIAL_FILE path='y'/><NEW_TARGET path='3'/></COMPONENT>",
         "<COMPONENT><NEW_TARGET path='1'/><PARTIAL_FILE ranges='D:\\r'/>"
         "<PARTIAL_FILE path='y' ranges=\"D:\\s\"/><NEW_TARGET path='3'/></COMPONENT>"},
        {set_ranges_backwards, "<COMPONENT><PARTIAL_FILE ranges='x'/><PARTIAL_FILE/></COMPONENT>",
         "<COMPONENT><PARTIAL_FILE ranges='D:\\r'/><PARTIAL_FILE ranges=\"D:\\s\"/>"
         "</COMPONENT>"},
        {set_root, "<COMPONENT/>", NULL},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char before[1000];
        char after[1200];
        (void)snprintf(before, sizeof before, ROOT ">" WRITER "%s" END "\n", rows[i].before);
        if (rows[i].after != NULL) {
            (void)snprintf(after, sizeof after, ROOT ">" WRITER "%s" END "\n", rows[i].after);
        } else {
            (void)snprintf(after, sizeof after,
                           ROOT " restoreType=\"import\">" WRITER "%s" END "\n", rows[i].before);
        }
        struct bcd_document *document = document_of(view_of(before));
        rows[i].edit(document);
        struct buffer out = rendered(document);
        assert_view_equal(buffer_view(&out), after);
        buffer_free(&out);
        bcd_document_free(document);
    }
}

/* Another program gets UTF-8, and a prolog that says so. */
static void utf8_is_for_other_programs(void **state)
{
    (void)state;
    static const struct {
        const char *prolog, *after;
    } rows[] = {
        {"", ""},
        {"<?xml version='1.0'?>", "<?xml version='1.0'?>"},
        {"<?xml version='1.0' encoding = 'utf-16'?>\n",
         "<?xml version='1.0' encoding = 'UTF-8'?>\n"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct buffer bytes = {0};
        struct buffer out = {0};
        char text[500];
        (void)snprintf(text, sizeof text, "%s" ROOT ">" WRITER "<COMPONENT componentName='c'/>" END,
                       rows[i].prolog);
        buffer_add(&bytes, "\xFF\xFE", 2);
        for (const char *at = text; *at != '\0'; at++) {
            buffer_add(&bytes, (const char[]){*at, '\0'}, 2);
        }
        buffer_add(&bytes, "\0\0", 2);
        struct bcd_document *document = document_of(buffer_view(&bytes));
        assert_int_equal(bcd_document_render_utf8(document, &out, NULL), VSR_OK);
        (void)snprintf(text, sizeof text, "%s" ROOT ">" WRITER "<COMPONENT componentName='c'/>" END,
                       rows[i].after);
        assert_view_equal(buffer_view(&out), text);
        buffer_free(&out);
        buffer_free(&bytes);
        bcd_document_free(document);
    }
}

/* Rules T72: what nobody knows survives, also beside an edit. */
static void unknown_words_survive(void **state)
{
    (void)state;
    static const char text[] =
        "<?xml version='1.0'?>\r\n" ROOT " odd='1'><!-- kept --><WHAT x='&#13;'/>" WRITER
        "<COMPONENT componentName='c' strange='&lt;'><STRANGER xmlns='o' "
        "p:q='r' xmlns:p='u'>deep<!-- c --></STRANGER></COMPONENT>" END;
    struct bcd_document *document = document_of(view_of(text));
    struct buffer out = rendered(document);
    assert_view_equal(buffer_view(&out), text);
    buffer_free(&out);
    bcd_document_set(document, 0, 0, BCD_ADDITIONAL_RESTORES, VIEW("no"));
    out = rendered(document);
    buffer_add_char(&out, '\0');
    assert_non_null(strstr(out.p, " odd='1'><!-- kept --><WHAT x='&#13;'/>"));
    assert_non_null(strstr(out.p, "strange='&lt;' additionalRestores=\"no\"><STRANGER xmlns='o' "
                                  "p:q='r' xmlns:p='u'>deep<!-- c --></STRANGER>"));
    buffer_free(&out);
    bcd_document_free(document);
}

static void what_xml_cannot_hold_is_refused(void **state)
{
    (void)state;
    static const char text[] = ROOT ">" WRITER "<COMPONENT componentName='c'/>" END;
    static const struct view values[] = {{"a\x01", 2},
                                         {"\xED\xA0\x80", 3},
                                         {"a\0b", 3},
                                         {"\xEF\xBF\xBE", 3}};
    for (size_t i = 0; i < COUNT_OF(values); i++) {
        struct bcd_document *document = document_of(view_of(text));
        bcd_document_set(document, 0, 0, BCD_RESTORE_OPTIONS, values[i]);
        struct buffer out = {0};
        vsr_error error = {0};
        assert_int_equal(bcd_document_render(document, &out, &error), VSR_ERR_DOCUMENT);
        assert_text_has(error.what, "XML cannot hold");
        assert_int_equal(out.n, 0);
        bcd_document_free(document);
    }
}

static void bad_documents_are_not_opened(void **state)
{
    (void)state;
    struct bcd_document *document = NULL;
    vsr_error error = {0};
    assert_int_equal(bcd_document_open(&document, VIEW(WMD_START WMD_END), "w.xml", &error),
                     VSR_ERR_DOCUMENT);
    assert_null(document);
    assert_text_has(error.what, "w.xml");
    bcd_document_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unchanged_is_the_same_bytes),
        cmocka_unit_test(changed_keeps_the_rest),
        cmocka_unit_test(edits_leave_the_spelling_of_the_rest),
        cmocka_unit_test(utf8_is_for_other_programs),
        cmocka_unit_test(unknown_words_survive),
        cmocka_unit_test(what_xml_cannot_hold_is_refused),
        cmocka_unit_test(bad_documents_are_not_opened),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
