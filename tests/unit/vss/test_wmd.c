/* test_wmd.c - a writer's document, element by element; its faults stay where they are. */
#include "document_fixture.h"

struct parsed {
    struct arena arena;
    struct vss_warnings warnings;
    struct wmd wmd;
    vsr_error error;
    vsr_code rc;
};

static struct parsed parse(const char *text)
{
    struct parsed p = {0};
    p.rc = wmd_parse(&p.wmd, &p.arena, view_of(text), "w.xml", &p.warnings, &p.error);
    return p;
}

static const char all_words[] =
    "<WRITER_METADATA xmlns='x-schema:#VssWriterMetadataInfo' version='1.2' "
    "backupSchema='4294967295'>"
    "<IDENTIFICATION writerId='AAAAAAAA-aaaa-aaaa-aaaa-AAAAAAAAAAAA' "
    "instanceId='bbbbbbbb-bbbb-bbbb-bbbb-bbbbbbbbbbbb' instanceName='I' friendlyName='F' "
    "usage='SYSTEM_SERVICE' dataSource='WHATEVER' majorVersion='3' minorVersion='4'/>"
    "<BACKUP_LOCATIONS>"
    "<FILE_GROUP logicalPath='a\\b' componentName='c' caption='' icon='x' "
    "restoreMetadata='yes' notifyOnBackupComplete='yes' selectable='yes' "
    "selectableForRestore='yes' componentFlags='4'>"
    "<FILE_LIST path='%P%\\' filespec='*.x' recursive='yes' alternatePath='D:\\spit' "
    "filespecBackupType='3841'/>"
    "<FILE_LIST path='\\\\?\\Volume{0}\\q' filespec='?'/>"
    "<DEPENDENCY writerId='cccccccc-cccc-cccc-cccc-cccccccccccc' logicalPath='\\' "
    "componentName='d'/></FILE_GROUP>"
    "<EXCLUDE_FILES path='C:\\' filespec='*.tmp' recursive='yes'/>"
    "<DATABASE componentName='db'><DATABASE_FILES path='C:\\d' filespec='d.dit' "
    "filespecBackupType='3855'/><DATABASE_LOGFILES path='C:\\d' filespec='*.log'/></DATABASE>"
    "<EXCLUDE_FILES_FROM_SNAPSHOT path='\\Heat' filespec='*' recursive='no'/>"
    "<INCLUDE_FILES path='C:\\i' filespec='*' recursive='no' alternatePath='x'/>"
    "</BACKUP_LOCATIONS>"
    "<RESTORE_METHOD method='STOP_RESTORE_START' service='svc' userProcedure='u' "
    "writerRestore='if_replace_fails' rebootRequired='yes'>"
    "<ALTERNATE_LOCATION_MAPPING path='p' filespec='*' recursive='yes' alternatePath='q'/>"
    "</RESTORE_METHOD></WRITER_METADATA>";

static void all_words_are_read(void **state)
{
    (void)state;
    struct parsed p = parse(all_words);
    assert_int_equal(p.rc, VSR_OK);
    const struct wmd *w = &p.wmd;
    char id[UUID_TEXT_BYTES];
    uuid_text(&w->writer_id, id);
    assert_string_equal(id, "aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa");
    assert_view_equal(w->instance_name, "I");
    assert_view_equal(w->friendly_name, "F");
    assert_view_equal(w->data_source, "WHATEVER");
    assert_int_equal(w->usage, USAGE_SYSTEM_SERVICE);
    assert_true(w->backup_schema == UINT32_MAX);
    assert_int_equal(w->method, METHOD_STOP_RESTORE_START);
    assert_view_equal(w->service, "svc");
    assert_view_equal(w->user_procedure, "u");
    assert_int_equal(w->writer_restore, WRITER_RESTORE_IF_REPLACE_FAILS);
    assert_true(w->reboot_required);
    assert_int_equal(w->mapping_count, 1);
    assert_view_equal(w->mappings[0].alternate_path, "q");
    assert_true(w->mappings[0].recursive);
    assert_int_equal(w->component_count, 2);
    assert_int_equal(w->exclude_count, 1);
    assert_int_equal(w->snapshot_exclude_count, 1);
    assert_int_equal(w->include_count, 1);
    const struct wmd_component *c = &w->components[0];
    assert_view_equal(c->logical_path, "a\\b");
    assert_view_equal(c->name, "c");
    assert_true(view_present(c->caption));
    assert_int_equal(c->component_flags, 4);
    assert_true(c->restore_metadata && c->notify_on_backup_complete && c->selectable &&
                c->selectable_for_restore);
    assert_int_equal(c->file_set_count, 2);
    assert_view_equal(c->file_sets[0].path, "%P%\\");
    assert_view_equal(c->file_sets[0].alternate_path, "D:\\spit");
    assert_true(c->file_sets[0].recursive);
    assert_int_equal(c->file_sets[0].backup_type_mask, 3841);
    assert_false(c->file_sets[1].recursive);
    assert_int_equal(c->file_sets[1].backup_type_mask, FSBT_DEFAULT);
    assert_int_equal(c->dependency_count, 1);
    assert_view_equal(c->dependencies[0].component_name, "d");
    c = &w->components[1];
    assert_int_equal(c->type, COMPONENT_DATABASE);
    assert_false(view_present(c->logical_path));
    assert_false(view_present(c->caption));
    assert_int_equal(c->file_sets[0].kind, SET_DATABASE_FILES);
    assert_int_equal(c->file_sets[1].kind, SET_DATABASE_LOGFILES);
    assert_false(view_present(w->fault));
    assert_false(view_present(w->components[0].fault));
    assert_false(view_present(w->components[1].fault));
    assert_int_equal(p.warnings.count, 0);
    arena_free(&p.arena);
}

#define GROUP(inside) "<FILE_GROUP componentName='c'>" inside "</FILE_GROUP>"
#define IN(inside)    WMD_START METHOD "<BACKUP_LOCATIONS>" inside "</BACKUP_LOCATIONS>" WMD_END

/* One faulty component beside a good one: only the first is stopped. */
static void component_faults_stay_with_the_component(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
        bool unknown;
    } rows[] = {
        {GROUP("<FILE_LIST path='C:\\' filespec='a\\b'/>"), "holds a backslash", false}, /* T73 */
        {GROUP("<FILE_LIST path='C:\\*' filespec='a'/>"), "holds a wildcard", false},
        {GROUP("<FILE_LIST path='\\\\?\\C:\\a?' filespec='a'/>"), "holds a wildcard", false},
        {GROUP("<FILE_LIST path='C:\\'/>"), "has no filespec", false},
        {GROUP("<FILE_LIST filespec='*'/>"), "has no path", false},
        {GROUP("<FILE_LIST path='C:' filespec='a' recursive='YES'/>"), "not yes or no", false},
        {GROUP("<FILE_LIST path='C:' filespec='a' filespecBackupType='0xF'/>"), "decimal", false},
        {GROUP("<FILE_LIST path='C:' filespec='a' filespecBackupType='4294967296'/>"), "decimal",
         false},
        {GROUP("<FILE_LIST path='C:' filespec='a' moveTo='D:'/>"), "moveTo", true},
        {GROUP("<FILE_LIST path='C:' filespec='a'><X/></FILE_LIST>"), "X", true},
        {GROUP("<FILE_LIST xmlns='' path='C:' filespec='a'/>"), "FILE_LIST", true},
        {GROUP("<DATABASE_FILES path='C:' filespec='a'/>"), "DATABASE_FILES", true},
        {GROUP("<DEPENDENCY writerId='{11111111-1111-1111-1111-111111111111}' "
               "componentName='c'/>"),
         "GUID", false},
        {"<FILE_GROUP componentName='c' unheard='1'/>", "unheard", true},
        {"<FILE_GROUP componentName='c' x:y='1' xmlns:x='z'/>", "x:y", true},
        {"<FILE_GROUP componentName='a\\c'/>", "backslash", false},
        {"<FILE_GROUP componentName=''/>", "empty", false},
        {"<FILE_GROUP logicalPath='c'/>", "has no componentName", false},
        {"<FILE_GROUP componentName='c' selectable='maybe'/>", "selectable=\"maybe\"", false},
        {"<DATABASE componentName='c'><DATABASE_FILES path='C:' filespec='a' recursive='yes'/>"
         "</DATABASE>",
         "rules 5.1", false},
        {"<DATABASE componentName='c'><DATABASE_FILES path='C:' filespec='a' alternatePath='x'/>"
         "</DATABASE>",
         "rules 5.1", false},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char text[2000];
        (void)snprintf(text, sizeof text, IN("\n%s\n<FILE_GROUP componentName='good'/>"),
                       rows[i].text);
        struct parsed p = parse(text);
        assert_int_equal(p.rc, VSR_OK);
        assert_int_equal(p.wmd.component_count, 2);
        assert_false(view_present(p.wmd.fault));
        assert_false(view_present(p.wmd.components[1].fault));
        const struct view fault = p.wmd.components[0].fault;
        if (!view_present(fault)) {
            fail_msg("no fault: %s", rows[i].text);
        }
        assert_text_has(fault.p, "w.xml, line 2, byte ");
        assert_text_has(fault.p, rows[i].says);
        assert_int_equal(p.wmd.components[0].fault_unknown, rows[i].unknown);
        arena_free(&p.arena);
    }
}

/* Each of them is stopped, and names another; a fault that it has already stays. */
static void components_of_one_name_are_all_stopped(void **state)
{
    (void)state;
    struct parsed p = parse(IN("<FILE_GROUP componentName='c'/>\n<FILE_GROUP componentName='c'/>\n"
                               "<FILE_GROUP componentName='c'/>\n"
                               "<FILE_GROUP componentName='d'/>"));
    assert_int_equal(p.rc, VSR_OK);
    assert_int_equal(p.wmd.component_count, 4);
    for (uint32_t i = 0; i < 3; i++) {
        char says[100];
        const uint32_t other = i == 0 ? 1 : i - 1;
        (void)snprintf(says, sizeof says, "\"c\" stands a second time at byte %llu",
                       (unsigned long long)p.wmd.components[other].place.byte);
        assert_text_has(p.wmd.components[i].fault.p, says);
    }
    assert_false(view_present(p.wmd.components[3].fault));
    arena_free(&p.arena);
}

static void writer_faults_stop_the_writer(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
        bool unknown;
    } rows[] = {
        {WMD_START "<RESTORE_METHOD method='CUSTOM' how='x'/>" WMD_END, "how", true},
        {WMD_START "<RESTORE_METHOD method='CUSTOM'><Y/></RESTORE_METHOD>" WMD_END, "Y", true},
        {WMD_START "<RESTORE_METHOD method='CUSTOM' rebootRequired='1'/>" WMD_END, "yes or no",
         false},
        {WMD_START "<RESTORE_METHOD method='CUSTOM'><ALTERNATE_LOCATION_MAPPING path='p' "
                   "filespec='*'/></RESTORE_METHOD>" WMD_END,
         "has no alternatePath", false},
        {WMD_START METHOD METHOD WMD_END, "a second <RESTORE_METHOD>", false},
        {IN("<EXCLUDE_FILES path='C:' filespec='a\\b' recursive='no'/>"), "backslash", false},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct parsed p = parse(rows[i].text);
        assert_int_equal(p.rc, VSR_OK);
        if (!view_present(p.wmd.fault)) {
            fail_msg("no fault: %s", rows[i].text);
        }
        assert_text_has(p.wmd.fault.p, rows[i].says);
        assert_int_equal(p.wmd.fault_unknown, rows[i].unknown);
        arena_free(&p.arena);
    }
}

static void unknown_elsewhere_is_a_warning(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
    } rows[] = {
        {WMD_START "<NOVELTY/>" WMD_END, "NOVELTY"},
        {"<WRITER_METADATA xmlns='x-schema:#VssWriterMetadataInfo'><IDENTIFICATION writerId='" X
         "' instanceId='" I1 "' usage='HOBBY'/>" METHOD WMD_END,
         "the usage \"HOBBY\" is not known"},
        {IN("<NOVELTY/>"), "NOVELTY"},
        {IN("<EXCLUDE_FILES path='C:' filespec='a' odd='1'/>"), "odd"},
        {IN("<EXCLUDE_FILES_FROM_SNAPSHOT path='C:*' filespec='a\\b' odd='1'/>"), "odd"},
        {IN("some text"), "text inside <BACKUP_LOCATIONS>"},
        {WMD_START "<RESTORE_METHOD writerRestore='always'><ALTERNATE_LOCATION_MAPPING path='p*' "
                   "filespec='*' alternatePath='q'/></RESTORE_METHOD>" WMD_END,
         "fits no file set"},
        {WMD_START "<RESTORE_METHOD method='CUSTOM'/>" WMD_END, "writerRestore=\"\" says not when"},
        {WMD_START "<RESTORE_METHOD writerRestore='now and then'/>" WMD_END, "\"now and then\""},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct parsed p = parse(rows[i].text);
        assert_int_equal(p.rc, VSR_OK);
        assert_false(view_present(p.wmd.fault));
        assert_int_equal(p.warnings.count, 1);
        assert_text_has(p.warnings.items[0].p, rows[i].says);
        assert_text_has(p.warnings.items[0].p, "w.xml, line 1, byte ");
        arena_free(&p.arena);
    }
}

static void methods_absent_and_unknown(void **state)
{
    (void)state;
    struct parsed p = parse(WMD_START WMD_END);
    assert_int_equal(p.wmd.method, METHOD_UNDEFINED);
    assert_false(view_present(p.wmd.method_text));
    assert_int_equal(p.wmd.component_count, 0);
    arena_free(&p.arena);
    p = parse(WMD_START "<RESTORE_METHOD method='RESTORE_SOMEHOW'/>" WMD_END);
    assert_int_equal(p.wmd.method, METHOD_UNKNOWN);
    assert_view_equal(p.wmd.method_text, "RESTORE_SOMEHOW");
    assert_false(view_present(p.wmd.fault));
    arena_free(&p.arena);
}

static void without_identity_the_document_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
    } rows[] = {
        {"<WRITER_METADATA xmlns='x-schema:#VssWriterMetadataInfo'/>", "no <IDENTIFICATION>"},
        {"<WRITER_METADATA/>", "namespace"},
        {BCD_START "</BACKUP_COMPONENTS>", "not <WRITER_METADATA>"},
        {"<WRITER_METADATA xmlns='x-schema:#VssWriterMetadataInfo'>\n<IDENTIFICATION "
         "writerId='x' instanceId='22222222-2222-2222-2222-222222222222'/>" WMD_END,
         "w.xml, line 2, byte 58: writerId=\"x\""},
        {"<WRITER_METADATA xmlns='x-schema:#VssWriterMetadataInfo'><IDENTIFICATION "
         "writerId='22222222-2222-2222-2222-222222222222'/>" WMD_END,
         "has no instanceId"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct parsed p = parse(rows[i].text);
        assert_int_equal(p.rc, VSR_ERR_DOCUMENT);
        assert_text_has(p.error.what, rows[i].says);
        arena_free(&p.arena);
    }
}

static void components_are_found_by_path_and_name(void **state)
{
    (void)state;
    struct parsed p = parse(IN("<FILE_GROUP logicalPath='A' componentName='x'/>"
                               "<FILE_GROUP logicalPath='\\a\\' componentName='x'/>"
                               "<FILE_GROUP logicalPath='A' componentName='Y'/>"
                               "<FILE_GROUP componentName='x'/>"
                               "<FILE_GROUP logicalPath='D' componentName='dup'/>"
                               "<DATABASE logicalPath='D\\' componentName='dup'/>"));
    bool folded = true;
    assert_int_equal(wmd_component_find(&p.wmd, VIEW("A"), VIEW("x"), &folded), 0);
    assert_false(folded);
    assert_int_equal(wmd_component_find(&p.wmd, VIEW("a"), VIEW("x"), &folded), 1);
    assert_int_equal(wmd_component_find(&p.wmd, VIEW("\\"), VIEW("x"), &folded), 3);
    assert_int_equal(wmd_component_find(&p.wmd, VIEW_NONE, VIEW("X"), &folded), 3);
    assert_true(folded);
    assert_int_equal(wmd_component_find(&p.wmd, VIEW("a\\"), VIEW("y"), &folded), 2);
    assert_true(folded);
    /* two that match without regard to case, none exactly: nobody (rules 4.3) */
    assert_true(wmd_component_find(&p.wmd, VIEW("A"), VIEW("X"), &folded) == MARK_NONE);
    assert_false(folded);
    assert_true(wmd_component_find(&p.wmd, VIEW("A\\x"), VIEW(""), &folded) == MARK_NONE);
    for (uint32_t i = 0; i < p.wmd.component_count; i++) {
        assert_int_equal(view_present(p.wmd.components[i].fault), i >= 4);
    }
    assert_text_has(p.wmd.components[4].fault.p, "a second time");
    arena_free(&p.arena);
}

static void full_names(void **state)
{
    (void)state;
    struct arena arena = {0};
    assert_view_equal(vss_full_name(&arena, VIEW("\\a\\b\\"), VIEW("c")), "a\\b\\c");
    assert_view_equal(vss_full_name(&arena, VIEW_NONE, VIEW("c")), "c");
    assert_view_equal(vss_full_name(&arena, VIEW("\\"), VIEW("c")), "c");
    assert_view_equal(vss_logical_path_norm(VIEW_NONE), "");
    arena_free(&arena);
}

static void a_flood_of_warnings_is_counted(void **state)
{
    (void)state;
    struct buffer text = {0};
    buffer_add_view(&text, VIEW(WMD_START));
    for (int i = 0; i < 5000; i++) {
        buffer_add_view(&text, VIEW("<N/>"));
    }
    buffer_add_view(&text, VIEW(WMD_END "\0"));
    struct parsed p = parse(text.p);
    assert_int_equal(p.warnings.count, DOCUMENT_WARNINGS_MAX);
    assert_int_equal(p.warnings.dropped_count, 5000 - DOCUMENT_WARNINGS_MAX);
    vss_warnings_end(&p.warnings, &p.arena);
    assert_text_has(p.warnings.items[DOCUMENT_WARNINGS_MAX].p, "4000 more");
    arena_free(&p.arena);
    buffer_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_words_are_read),
        cmocka_unit_test(component_faults_stay_with_the_component),
        cmocka_unit_test(components_of_one_name_are_all_stopped),
        cmocka_unit_test(writer_faults_stop_the_writer),
        cmocka_unit_test(unknown_elsewhere_is_a_warning),
        cmocka_unit_test(methods_absent_and_unknown),
        cmocka_unit_test(without_identity_the_document_is_refused),
        cmocka_unit_test(components_are_found_by_path_and_name),
        cmocka_unit_test(full_names),
        cmocka_unit_test(a_flood_of_warnings_is_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
