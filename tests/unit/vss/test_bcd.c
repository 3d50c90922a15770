/* test_bcd.c - the Backup Components Document read: words, faults, both namespaces. */
#include "document_fixture.h"

struct parsed {
    struct arena arena;
    struct vss_warnings warnings;
    struct bcd bcd;
    vsr_error error;
    vsr_code rc;
};

static struct parsed parse(const char *text)
{
    struct parsed p = {0};
    p.rc = bcd_parse(&p.bcd, &p.arena, view_of(text), "b.xml", &p.warnings, &p.error);
    return p;
}

static void all_words_are_read(void **state)
{
    (void)state;
    struct parsed p = parse(
        "<BACKUP_COMPONENTS xmlns='x-schema:#VssComponentMetadata' version='1.2' "
        "bootableSystemStateBackup='yes' selectComponents='yes' backupType='differential' "
        "partialFileSupport='yes' snapshotSetId='33333333-3333-3333-3333-333333333333' "
        "restoreType='by copy'><SNAPSHOT_SET_DESCRIPTION snapshotSetId='x'><A b='c'/>"
        "</SNAPSHOT_SET_DESCRIPTION>" WRITER_START
        "<COMPONENT xmlns='' logicalPath='l' componentName='n' componentType='database' "
        "componentCaption='cap' backupStamp='s' previousBackupStamp='ps' backupSucceeded='no' "
        "backupOptions='bo' restoreOptions='ro' selectedForRestore='yes' additionalRestores='no' "
        "restoreTarget='Original_Location' fileRestoreStatus='ALL' "
        "prepareForBackupFailureMsg='1' postSnapshotFailureMsg='2' preRestoreFailureMsg='3' "
        "postRestoreFailureMsg='4'><BACKUP_METADATA metadata='m'/><RESTORE_METADATA metadata=''/>"
        "<PARTIAL_FILE path='p' filespec='f' ranges='0:1' metadata='pm'/>"
        "<DIFFERENCED_FILE path='p' filespec='f' recursive='yes' lastModifyTime='7'/>"
        "<DIRECTED_TARGET sourcePath='1' sourceFilename='2' sourceRangeList='3' "
        "destinationPath='4' destinationFilename='5' destinationRangeList='6'/>"
        "<NEW_TARGET path='p' filespec='f' recursive='no' alternatePath='a'/>"
        "<ALTERNATE_LOCATION_MAPPING path='p' filespec='f' recursive='no' alternatePath='b'/>"
        "<RESTORE_SUBCOMPONENT logicalPath='' componentName='s' repair='no'/>"
        "</COMPONENT>" BCD_END);
    assert_int_equal(p.rc, VSR_OK);
    assert_int_equal(p.warnings.count, 0);
    assert_true(p.bcd.bootable_system_state && p.bcd.select_components &&
                p.bcd.partial_file_support);
    assert_int_equal(p.bcd.backup_type, BACKUP_DIFFERENTIAL);
    assert_view_equal(p.bcd.restore_type, "by copy");
    assert_int_equal(p.bcd.writer_count, 1);
    assert_int_equal(p.bcd.writers[0].component_count, 1);
    const struct bcd_component *c = &p.bcd.writers[0].components[0];
    assert_false(view_present(c->fault));
    assert_view_equal(c->logical_path, "l");
    assert_int_equal(c->type, COMPONENT_DATABASE);
    assert_int_equal(c->backup_succeeded, FLAG_NO);
    assert_int_equal(c->selected_for_restore, FLAG_YES);
    assert_int_equal(c->additional_restores, FLAG_NO);
    assert_view_equal(c->backup_stamp, "s");
    assert_view_equal(c->previous_backup_stamp, "ps");
    assert_view_equal(c->backup_options, "bo");
    assert_view_equal(c->restore_options, "ro");
    assert_int_equal(c->restore_target, TARGET_ORIGINAL_LOCATION);
    assert_int_equal(c->restore_status, RESTORE_STATUS_ALL);
    assert_view_equal(c->prepare_for_backup_failure, "1");
    assert_view_equal(c->post_snapshot_failure, "2");
    assert_view_equal(c->pre_restore_failure, "3");
    assert_view_equal(c->post_restore_failure, "4");
    assert_view_equal(c->backup_metadata, "m");
    assert_true(view_present(c->restore_metadata));
    assert_view_equal(c->partial_files[0].metadata, "pm");
    assert_view_equal(c->differenced_files[0].last_modify_time, "7");
    assert_true(c->differenced_files[0].recursive);
    assert_view_equal(c->directed_targets[0].source_ranges, "3");
    assert_view_equal(c->directed_targets[0].destination_ranges, "6");
    assert_view_equal(c->new_targets[0].alternate_path, "a");
    assert_view_equal(c->used_mappings[0].alternate_path, "b");
    assert_false(view_present(c->subcomponents[0].logical_path));
    arena_free(&p.arena);
}

static void absent_is_not_failure_nor_choice(void **state)
{
    (void)state;
    struct parsed p = parse(BCD_START WRITER_START
                            "<COMPONENT componentName='n' componentType='filegroup'/>" BCD_END);
    const struct bcd_component *c = &p.bcd.writers[0].components[0];
    assert_int_equal(c->backup_succeeded, FLAG_ABSENT);
    assert_int_equal(c->restore_target, TARGET_ORIGINAL);
    assert_false(view_present(c->restore_target_text));
    assert_int_equal(c->restore_status, RESTORE_STATUS_UNDEFINED);
    assert_false(view_present(c->logical_path));
    assert_false(view_present(c->fault));
    assert_int_equal(p.warnings.count, 0);
    arena_free(&p.arena);
}

static void component_faults_stay_with_the_component(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
        bool unknown;
    } rows[] = {
        {"<COMPONENT componentName='n' novel='1'/>", "novel", true},
        {"<COMPONENT componentName='n'><NOVEL/></COMPONENT>", "NOVEL", true},
        {"<COMPONENT componentName='n'><NEW_TARGET xmlns='urn:x' path='p' filespec='f' "
         "alternatePath='a'/></COMPONENT>",
         "NEW_TARGET", true},
        {"<COMPONENT componentName='n' componentType='thing'/>", "thing", true},
        {"<COMPONENT componentName='n' restoreTarget='moon'/>", "moon", true},
        {"<COMPONENT componentType='filegroup'/>", "has no componentName", false},
        {"<COMPONENT componentName='n' backupSucceeded='true'/>", "yes or no", false},
        {"<COMPONENT componentName='n' selectedForRestore=''/>", "yes or no", false},
        {"<COMPONENT componentName='n'><PARTIAL_FILE path='p' filespec='f'/></COMPONENT>",
         "has no ranges", false},
        {"<COMPONENT componentName='n'><PARTIAL_FILE path='p' filespec='f' ranges='' to='x'/>"
         "</COMPONENT>",
         "to", true},
        {"<COMPONENT componentName='n'><DIRECTED_TARGET sourcePath='p'/></COMPONENT>", "has no",
         false},
        {"<COMPONENT componentName='n'><NEW_TARGET path='p' filespec='f' recursive='y' "
         "alternatePath='a'/></COMPONENT>",
         "yes or no", false},
        {"<COMPONENT componentName='n'><BACKUP_METADATA metadata=''/><BACKUP_METADATA/>"
         "</COMPONENT>",
         "a second", false},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char text[2000];
        (void)snprintf(text, sizeof text,
                       BCD_START WRITER_START "\n%s<COMPONENT componentName='good' "
                                              "componentType='filegroup'/>" BCD_END,
                       rows[i].text);
        struct parsed p = parse(text);
        assert_int_equal(p.rc, VSR_OK);
        assert_int_equal(p.bcd.writers[0].component_count, 2);
        const struct bcd_component *c = p.bcd.writers[0].components;
        if (!view_present(c[0].fault)) {
            fail_msg("no fault: %s", rows[i].text);
        }
        assert_text_has(c[0].fault.p, "b.xml, line 2, byte ");
        assert_text_has(c[0].fault.p, rows[i].says);
        assert_int_equal(c[0].fault_unknown, rows[i].unknown);
        assert_false(view_present(c[1].fault));
        arena_free(&p.arena);
    }
}

static void unknown_elsewhere_is_a_warning(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
    } rows[] = {
        {BCD_START "<WHAT/>" WRITER_START BCD_END, "WHAT"},
        {BCD_START WRITER_START "<WHAT/>" BCD_END, "WHAT"},
        {BCD_START WRITER_START "<COMPONENT componentName='n' componentType='filegroup'>"
                                "<BACKUP_METADATA odd=''/></COMPONENT>" BCD_END,
         "odd"},
        {BCD_START WRITER_START "<COMPONENT componentName='n' componentType='filegroup' "
                                "fileRestoreStatus='perhaps'/>" BCD_END,
         "perhaps"},
        {BCD_START WRITER_START "<COMPONENT componentName='n'/>" BCD_END, "says no type"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct parsed p = parse(rows[i].text);
        assert_int_equal(p.rc, VSR_OK);
        assert_int_equal(p.warnings.count, 1);
        assert_text_has(p.warnings.items[0].p, rows[i].says);
        for (uint32_t c = 0; c < p.bcd.writers[0].component_count; c++) {
            assert_false(view_present(p.bcd.writers[0].components[c].fault));
        }
        arena_free(&p.arena);
    }
}

static void malformed_heads_refuse_the_document(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
    } rows[] = {
        {"<BACKUP_COMPONENTS xmlns='x-schema:#VssComponentMetadata' selectComponents='1'/>",
         "selectComponents"},
        {BCD_START "\n<WRITER_COMPONENTS writerId='1'/></BACKUP_COMPONENTS>",
         "b.xml, line 2, byte "},
        {BCD_START "<WRITER_COMPONENTS writerId='11111111-1111-1111-1111-111111111111' "
                   "instanceId='11111111-1111-1111-1111-111111111111' backupSchema='-1'/>"
                   "</BACKUP_COMPONENTS>",
         "backupSchema"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct parsed p = parse(rows[i].text);
        assert_int_equal(p.rc, VSR_ERR_DOCUMENT);
        assert_text_has(p.error.what, rows[i].says);
        arena_free(&p.arena);
    }
}

static void writers_are_counted(void **state)
{
    (void)state;
    struct buffer text = {0};
    buffer_printf(&text, "%s", BCD_START);
    for (uint32_t i = 0; i <= DOCUMENT_WRITERS_MAX; i++) {
        buffer_printf(&text, "<WRITER_COMPONENTS writerId='11111111-1111-1111-1111-111111111111' "
                             "instanceId='11111111-1111-1111-1111-111111111111'/>");
    }
    buffer_printf(&text, "</BACKUP_COMPONENTS>");
    buffer_add_char(&text, '\0');
    struct parsed p = parse(text.p);
    assert_int_equal(p.rc, VSR_ERR_DOCUMENT);
    assert_text_has(p.error.what, "at most 4096 are allowed");
    arena_free(&p.arena);
    buffer_free(&text);
}

/* Warnings are for who asks. */
static void nobody_has_to_hear_warnings(void **state)
{
    (void)state;
    struct parsed p = {0};
    const char *text = BCD_START "<NOVELTY/></BACKUP_COMPONENTS>";
    assert_int_equal(bcd_parse(&p.bcd, &p.arena, view_of(text), "b.xml", NULL, &p.error), VSR_OK);
    arena_free(&p.arena);
}

static void component_mode(void **state)
{
    (void)state;
    struct parsed p =
        parse("<BACKUP_COMPONENTS xmlns='x-schema:#VssComponentMetadata' backupType='odd' "
              "snapshotSetId='odd'/>");
    assert_int_equal(p.rc, VSR_OK);
    assert_false(p.bcd.select_components);
    assert_int_equal(p.bcd.backup_type, BACKUP_UNKNOWN);
    assert_view_equal(p.bcd.backup_type_text, "odd");
    assert_non_null(strstr(p.bcd.backup_type_fault.p, "line 1, byte 0: backupType=\"odd\""));
    assert_int_equal(p.warnings.count, 3);
    arena_free(&p.arena);
    p = parse("<BACKUP_COMPONENTS xmlns='x-schema:#VssComponentMetadata' "
              "selectComponents='no'>" WRITER_START BCD_END);
    assert_false(p.bcd.select_components);
    assert_int_equal(p.bcd.backup_type, BACKUP_UNDEFINED);
    assert_false(view_present(p.bcd.backup_type_fault));
    arena_free(&p.arena);
}

static void duplicates_are_marked(void **state)
{
    (void)state;
    struct parsed p = parse(BCD_START WRITER_START
                            "<COMPONENT logicalPath='a' componentName='n' "
                            "componentType='filegroup'/><COMPONENT logicalPath='\\a\\' "
                            "componentName='n' componentType='database'/><COMPONENT "
                            "logicalPath='A' componentName='n' componentType='filegroup'/>"
                            "<COMPONENT componentName='a\\n' componentType='filegroup'/>" BCD_END);
    const struct bcd_component *c = p.bcd.writers[0].components;
    assert_text_has(c[0].fault.p, "a second time");
    assert_text_has(c[1].fault.p, "a second time");
    assert_false(view_present(c[2].fault));
    assert_false(view_present(c[3].fault));
    arena_free(&p.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_words_are_read),
        cmocka_unit_test(absent_is_not_failure_nor_choice),
        cmocka_unit_test(component_faults_stay_with_the_component),
        cmocka_unit_test(unknown_elsewhere_is_a_warning),
        cmocka_unit_test(malformed_heads_refuse_the_document),
        cmocka_unit_test(writers_are_counted),
        cmocka_unit_test(nobody_has_to_hear_warnings),
        cmocka_unit_test(component_mode),
        cmocka_unit_test(duplicates_are_marked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
