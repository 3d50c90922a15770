/* test_scope.c - units that the documents alone refuse, each by its name (contract, section 6). */
#include "selection_text.h"

static void failed_backup_is_refused(void **state)
{
    struct fixture *f = *state;
    load(f,
         BCD(PART("1", ENTRY_AS("", "Executables", "filegroup", "backupSucceeded='no'", "")
                           ENTRY_AS("", "LicenseInfo", "filegroup", "backupSucceeded='yes'", ""))),
         WRITER_DATA);
    assert_string_equal(scopes(f, NULL),
                        "Executables{Executables,Executables\\ConfigFiles}!BACKUP_FAILED; "
                        "LicenseInfo{LicenseInfo}");
    assert_string_equal(f->selection.scopes[0].rule, "4.12");
    assert_string_equal(scopes_of(f, .force_failed_backup = true),
                        "Executables{Executables,Executables\\ConfigFiles}; "
                        "LicenseInfo{LicenseInfo}");
}

static void document_faults_refuse_their_unit(void **state)
{
    struct fixture *f = *state;
    load(f,
         BCD(PART("1", ENTRY_AS("", "A", "filegroup", "oddity='1'", "") ENTRY("", "B")
                           ENTRY_AS("", "D", "database", "", "") ENTRY("", "E")
                               ENTRY_AS("", "F", "shoebox", "", "") ENTRY("", "Nowhere"))),
         WMD("1", GROUP("", "A", "no", "") GROUP("", "B", "yes", "") GROUP("B", "b", "yes", "")
                      GROUP("B", "bad", "yes", FILES("C:\\x", "a\\b")) GROUP("", "D", "no", "")
                          GROUP("", "E", "no", "") GROUP("", "F", "no", "")));
    assert_string_equal(scopes(f, NULL),
                        "A{A}!DOCUMENT_UNKNOWN_WORD; B{B,B\\b,B\\bad}!DOCUMENT_INVALID; "
                        "D{D}!DOCUMENT_INVALID; " /* T74 */
                        "E{E}; F{F}!DOCUMENT_UNKNOWN_WORD; Nowhere{}!DOCUMENT_INVALID");
    assert_string_equal(scopes_of(f, CHOOSE(ID1 ":B\\b")),
                        "B{B\\b/B\\b}"); /* T73 is out of scope */
}

static void doubled_entries_are_refused(void **state)
{
    struct fixture *f = *state;
    load(f,
         BCD(PART("1",
                  ENTRY("", "A") ENTRY("\\", "A") ENTRY("", "B") ENTRY("", "C") ENTRY("", "c"))),
         WMD("1", GROUP("", "A", "no", "") GROUP("", "B", "no", "") GROUP("B", "x", "no", "")
                      GROUP("B", "x", "no", "") GROUP("", "C", "no", "")));
    assert_string_equal(scopes(f, NULL), "A{A}!DOCUMENT_INVALID; A{}!DOCUMENT_INVALID; "
                                         "B{B,B\\x,B\\x}!DOCUMENT_INVALID; "
                                         "C{C}!DOCUMENT_INVALID; c{}!DOCUMENT_INVALID");
}

static void logical_paths_end_somewhere(void **state)
{
    struct fixture *f = *state;
    struct buffer wmd = {0};
    const char *head =
        "<WRITER_METADATA xmlns='x-schema:#VssWriterMetadataInfo' version='1.2'>"
        "<IDENTIFICATION writerId='" ID1
        "' instanceId='" INSTANCE_ID("1") "' "
                                          "friendlyName='W' usage='USER_DATA' dataSource='OTHER'/>"
                                          "<BACKUP_LOCATIONS>" GROUP("", "A", "no", "");
    buffer_printf(&wmd, "%s<FILE_GROUP componentName='deep' selectable='no' logicalPath='A", head);
    for (uint32_t i = 0; i < LOGICAL_PATH_DEPTH_MAX; i++) {
        buffer_printf(&wmd, "\\x");
    }
    buffer_printf(&wmd, "'/></BACKUP_LOCATIONS></WRITER_METADATA>");
    buffer_add(&wmd, "", 1);
    load(f, BCD(PART("1", ENTRY("", "A"))), wmd.p);
    assert_string_equal(scopes(f, NULL), "A{A}!DOCUMENT_INVALID");
    buffer_free(&wmd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(failed_backup_is_refused),
        TEST(document_faults_refuse_their_unit),
        TEST(doubled_entries_are_refused),
        TEST(logical_paths_end_somewhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
