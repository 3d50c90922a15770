/* test_select.c - which components come back, under which root (rules, section 4).
 *
 * The rules' traps keep their numbers. T07, T14 and T15 are about calls in the wrong order and
 * about writers; a selection here is made at once, and knows no writers. */
#include "selection_text.h"

#define ALL_WRITER_DATA                                                                            \
    "writerData{writerData,writerData\\Set1,writerData\\Set1\\Jan,writerData\\Set1\\Dec,"          \
    "writerData\\Set2,writerData\\Set2\\Jan,writerData\\Set2\\Dec,writerData\\QueryLogs\\Query,"   \
    "writerData\\Usage,writerData\\Usage\\Jan}"

static void t04_explicit_nonselectable_alone(void **state)
{
    struct fixture *f = *state;
    load(f, BCD(PART("1", ENTRY("", "Executables") ENTRY("Security", "UserInfo"))), WRITER_DATA);
    assert_string_equal(scopes_of(f, CHOOSE(ID1 ":Security\\UserInfo")),
                        "Security\\UserInfo{Security\\UserInfo}");
    assert_string_equal(scopes_of(f, CHOOSE(ID1 ":Executables")),
                        "Executables{Executables,Executables\\ConfigFiles}");
}

static void t05_implicit_nonselectable_alone_is_refused(void **state)
{
    struct fixture *f = *state;
    load(f, BCD(PART("1", ENTRY("", "writerData") ENTRY("", "Executables"))), WRITER_DATA);
    assert_selection_fails(f, "NOT_RESTORABLE_ALONE", CHOOSE(ID1 ":Executables\\ConfigFiles"));
    assert_selection_fails(f, "NOT_RESTORABLE_ALONE", CHOOSE(ID1 ":writerData\\Set1\\Jan"));
    /* widened to the nearest that may, else to the root */
    assert_string_equal(scopes_of(f, CHOOSE(ID1 ":writerData\\Set1\\Jan"), .widen = true),
                        "writerData{writerData\\Set1,writerData\\Set1\\Jan,writerData\\Set1\\Dec"
                        "/writerData\\Set1}");
    assert_int_equal(warnings_with(f, "widened"), 1);
    assert_string_equal(scopes_of(f, CHOOSE(ID1 ":Executables\\ConfigFiles"), .widen = true),
                        "Executables{Executables,Executables\\ConfigFiles}");
}

static void t06_subcomponent_brings_its_own_set_only(void **state)
{
    struct fixture *f = *state;
    load(f, BCD(PART("1", ENTRY("", "writerData"))), WRITER_DATA);
    assert_string_equal(scopes_of(f, CHOOSE(ID1 ":writerData\\Set1")),
                        "writerData{writerData\\Set1,writerData\\Set1\\Jan,writerData\\Set1\\Dec"
                        "/writerData\\Set1}");
    assert_string_equal(f->selection.scopes[0].rule, "4.5");
    assert_string_equal(
        scopes_of(f, CHOOSE(ID1 ":writerData\\Usage", ID1 ":writerData\\Set1")),
        "writerData{writerData\\Set1,writerData\\Set1\\Jan,writerData\\Set1\\Dec,"
        "writerData\\Usage,writerData\\Usage\\Jan/writerData\\Set1,writerData\\Usage}");
}

static void t08_descendant_without_a_component_between(void **state)
{
    struct fixture *f = *state;
    load(f, BCD(PART("1", ENTRY("", "writerData"))), WRITER_DATA);
    assert_string_equal(scopes_of(f, CHOOSE(ID1 ":writerData")), ALL_WRITER_DATA);
}

static void t09_prefixes_are_whole_elements(void **state)
{
    struct fixture *f = *state;
    load(f, BCD(PART("1", ENTRY("", "data"))),
         WMD("1", GROUP("", "data", "no", "") GROUP("database", "x", "no", "")
                      GROUP("data", "y", "no", "")));
    assert_string_equal(scopes(f, NULL), "data{data,data\\y}");
    assert_selection_fails(f, "COMPONENT_NOT_IN_BACKUP", CHOOSE(ID1 ":database\\x"));
    assert_false(select_is_ancestor(VIEW("data"), VIEW("database\\x")));
    assert_false(select_is_ancestor(VIEW("data\\y"), VIEW("data")));
    assert_false(select_is_ancestor(VIEW(""), VIEW("data")));
    assert_true(select_is_ancestor(VIEW("data"), VIEW("data")));
    assert_true(select_is_ancestor(VIEW("\\Data"), VIEW("data\\x\\y")));
}

static void t10_nested_explicit_root_stays_out(void **state)
{
    struct fixture *f = *state;
    load(f, BCD(PART("1", ENTRY("", "writerData") ENTRY("writerData", "Usage"))), WRITER_DATA);
    static const char without_usage[] =
        "writerData{writerData,writerData\\Set1,writerData\\Set1\\Jan,writerData\\Set1\\Dec,"
        "writerData\\Set2,writerData\\Set2\\Jan,writerData\\Set2\\Dec,"
        "writerData\\QueryLogs\\Query}";
    static const char usage[] = "writerData\\Usage{writerData\\Usage,writerData\\Usage\\Jan}";
    assert_string_equal(scopes_of(f, CHOOSE(ID1 ":writerData")), without_usage);
    assert_string_equal(scopes_of(f, CHOOSE(ID1 ":writerData\\Usage")), usage);
    char both[512];
    (void)snprintf(both, sizeof both, "%s; %s", without_usage, usage);
    assert_string_equal(scopes(f, NULL), both);
}

static uint32_t component_at(const struct fixture *f, const char *logical_path, const char *name)
{
    bool folded = false;
    return wmd_component_find(&f->documents.wmds[0], view_of(logical_path), view_of(name), &folded);
}

static void t11_equal_names_keep_their_own_roots(void **state)
{
    struct fixture *f = *state;
    load(f, BCD(PART("1", ENTRY("", "writerData") ENTRY("writerData", "Usage"))), WRITER_DATA);
    const struct documents *d = &f->documents;
    assert_int_equal(select_root_of(d, 0, component_at(f, "writerData\\Set1", "Jan")), 0);
    assert_int_equal(select_root_of(d, 0, component_at(f, "writerData\\Set2", "Jan")), 0);
    assert_int_equal(select_root_of(d, 0, component_at(f, "writerData\\Usage", "Jan")), 1);
    assert_int_equal(select_root_of(d, 0, component_at(f, "", "LicenseInfo")), MARK_NONE);
}

static void t12_missing_writer_document_stops_that_writer_only(void **state)
{
    struct fixture *f = *state;
    load(f, BCD(PART("2", ENTRY("x", "Lost")) PART("1", ENTRY("", "LicenseInfo"))), WRITER_DATA);
    assert_string_equal(scopes(f, NULL),
                        "x\\Lost{}!WRITER_DOCUMENT_MISSING; LicenseInfo{LicenseInfo}");
    assert_string_equal(scopes_of(f, CHOOSE(ID2 ":X\\lost")), "x\\Lost{}!WRITER_DOCUMENT_MISSING");
    assert_int_equal(f->selection.scopes[0].wmd, MARK_NONE);
    assert_int_equal(f->selection.scopes[0].root, MARK_NONE);
}

static void t13_instances_are_matched_by_class(void **state)
{
    struct fixture *f = *state;
    load(f, BCD(PART_AS("1", "9", "", ENTRY("", "LicenseInfo"))), WRITER_DATA);
    assert_string_equal(scopes_of(f, CHOOSE(ID1)), "LicenseInfo{LicenseInfo}");
}

static void t16_dependency_cycle_ends(void **state)
{
    struct fixture *f = *state;
    load(f, BCD(PART("1", ENTRY("", "A")) PART("2", ENTRY("", "B"))),
         WMD("1", GROUP("", "A", "no", DEPENDENCY("2", "", "B"))),
         WMD("2", GROUP("", "B", "no", DEPENDENCY("1", "", "A"))));
    assert_string_equal(scopes_of(f, CHOOSE(ID1 ":A")), "A{A}; B{B}");
    assert_int_equal(warnings_with(f, "is restored too"), 1);
    assert_string_equal(scopes_of(f, CHOOSE(ID2 ":B")), "A{A}; B{B}");
    assert_string_equal(scopes_of(f, CHOOSE(ID1 ":A"), IGNORE), "A{A}");
    assert_string_equal(scopes_of(f, CHOOSE(ID1 ":A"), REFUSE), "A{A}!DEPENDENCY_MISSING");
    assert_string_equal(scopes_of(f, REFUSE), "A{A}; B{B}");
}

static void t17_remote_dependency_is_reported(void **state)
{
    struct fixture *f = *state;
    load(f, BCD(PART("1", ENTRY("", "A") ENTRY("", "C")) PART("2", ENTRY("", "B"))),
         WMD("1", GROUP("", "A", "no", DEPENDENCY("2", "", "\\\\HOST\\B"))
                      GROUP("", "C", "no", DEPENDENCY("2", "\\\\HOST", "B"))),
         WMD("2", GROUP("", "B", "no", "")));
    assert_string_equal(scopes_of(f, CHOOSE(ID1), REFUSE), "A{A}; C{C}");
    assert_int_equal(warnings_with(f, "another machine"), 2);
}

static void t18_backslash_is_the_root_path(void **state)
{
    struct fixture *f = *state;
    load(f, BCD(PART("1", ENTRY("", "A")) PART("2", ENTRY("\\", "B"))),
         WMD("1", GROUP("", "A", "no", DEPENDENCY("2", "\\", "B"))),
         WMD("2", GROUP("", "B", "no", "")));
    assert_string_equal(scopes_of(f, CHOOSE(ID1)), "A{A}; B{B}");
}

/* --- selectors --- */

static void unknown_selectors_stop_the_call(void **state)
{
    struct fixture *f = *state;
    load(f, BCD(PART("1", ENTRY("", "writerData"))), WRITER_DATA,
         WMD("2", GROUP("", "B", "no", "")));
    assert_selection_fails(f, "names no writer", CHOOSE("Nobody"));
    assert_selection_fails(f, "names no component", CHOOSE(ID1 ":Nothing"));
    assert_selection_fails(f, "COMPONENT_NOT_IN_BACKUP", CHOOSE(ID1 ":LicenseInfo"));
    assert_selection_fails(f, "COMPONENT_NOT_IN_BACKUP", CHOOSE("Writer 2"));
    assert_selection_fails(f, "COMPONENT_NOT_IN_BACKUP", CHOOSE("Writer 2:B"));
    assert_selection_fails(f, "names no component", EXCLUDE(ID1 ":Nothing"));
    assert_selection_fails(f, "COMPONENT_NOT_IN_BACKUP", EXCLUDE(ID1 ":LicenseInfo"));
}

static void root_wins_over_its_subcomponent(void **state) /* ruling 14 */
{
    struct fixture *f = *state;
    load(f, BCD(PART("1", ENTRY("", "writerData"))), WRITER_DATA);
    assert_string_equal(scopes_of(f, CHOOSE(ID1 ":writerData\\Set1", ID1 ":writerData")),
                        ALL_WRITER_DATA);
    assert_string_equal(scopes_of(f, CHOOSE(ID1 ":writerData", ID1 ":writerData\\Set1")),
                        ALL_WRITER_DATA);
    assert_int_equal(f->selection.scopes[0].subcomponent_count, 0);
}

static void excluded_roots_are_dropped(void **state)
{
    struct fixture *f = *state;
    load(f, BCD(PART("1", ENTRY("", "LicenseInfo") ENTRY("", "writerData"))), WRITER_DATA);
    assert_string_equal(scopes_of(f, EXCLUDE(ID1 ":writerData")), "LicenseInfo{LicenseInfo}");
    assert_selection_fails(f, "leaves nothing", EXCLUDE(ID1));
    assert_selection_fails(f, "leaves nothing", CHOOSE(ID1 ":writerData\\Set1"),
                           EXCLUDE(ID1 ":writerData"));
    assert_string_equal(scopes_of(f, EXCLUDE(ID1), .unprotected = true), "");
}

static void excluded_members_reduce_the_unit(void **state)
{
    struct fixture *f = *state;
    load(f, BCD(PART("1", ENTRY("", "writerData"))), WRITER_DATA);
    assert_string_equal(scopes_of(f, EXCLUDE(ID1 ":writerData\\Set1", ID1 ":writerData\\Set2",
                                             ID1 ":writerData\\Usage\\Jan")),
                        "writerData{writerData,writerData\\QueryLogs\\Query,writerData\\Usage}~");
    assert_int_equal(warnings_with(f, "left out"), 3);
    assert_string_equal(scopes_of(f, CHOOSE(ID1 ":writerData\\Set1", ID1 ":writerData\\Usage"),
                                  EXCLUDE(ID1 ":writerData\\Usage")),
                        "writerData{writerData\\Set1,writerData\\Set1\\Jan,writerData\\Set1\\Dec"
                        "/writerData\\Set1}"); /* not chosen after all: nothing is lacking */
    assert_string_equal(scopes_of(f, CHOOSE(ID1 ":writerData\\Set1"),
                                  EXCLUDE(ID1 ":writerData\\Set1\\Dec")),
                        "writerData{writerData\\Set1,writerData\\Set1\\Jan/writerData\\Set1}~");
}

/* Rules 4.3: exact, else the one that differs in letter case only. */
static void letter_case_yields_to_exact_names(void **state)
{
    struct fixture *f = *state;
    load(f, BCD(PART("1", ENTRY("", "data") ENTRY("", "OTHER"))),
         WMD("1",
             GROUP("", "Data", "no", "") GROUP("", "data", "no", "") GROUP("data", "x", "yes", "")
                 GROUP("", "other", "no", "") GROUP("Other", "y", "no", "")));
    assert_string_equal(scopes(f, NULL), "data{data,data\\x}; OTHER{other,Other\\y}");
    assert_int_equal(warnings_with(f, "letter case"), 1);
}

static void everything_is_the_default(void **state)
{
    struct fixture *f = *state;
    load(f, BCD(PART("1", ENTRY("", "Executables") ENTRY("", "LicenseInfo"))), WRITER_DATA);
    static const char all[] =
        "Executables{Executables,Executables\\ConfigFiles}; LicenseInfo{LicenseInfo}";
    assert_string_equal(scopes(f, NULL), all);
    assert_string_equal(scopes_of(f, AUTO), all);
    assert_string_equal(scopes_of(f, CHOOSE(ID1)), all);
    assert_int_equal(f->selection.warning_count, 0);
}

static void volume_mode_has_no_scopes(void **state) /* 2.10 */
{
    struct fixture *f = *state;
    load(f, BCD_AS("no", PART("1", ENTRY("", "LicenseInfo"))), WRITER_DATA);
    assert_string_equal(scopes(f, NULL), "");
    assert_int_equal(warnings_with(f, "volume mode"), 1);
    assert_selection_fails(f, "volume mode", CHOOSE(ID1));
}

/* --- warnings --- */

static void mandatory_members_are_named_or_forced(void **state) /* 4.7 */
{
    struct fixture *f = *state;
    load(f, BCD(PART("1", ENTRY("", "M") ENTRY("", "S") ENTRY("S", "n")) PART("2", ENTRY("", "B"))),
         WMD("1", COMPONENT_OF("FILE_GROUP", "", "M", "no", "no", "0", "") GROUP("", "S", "no", "")
                      COMPONENT_OF("FILE_GROUP", "S", "n", "no", "no", "0", "")),
         WMD("2", GROUP("", "B", "no", "")));
    assert_string_equal(scopes_of(f, CHOOSE(ID1 ":S")), "S{S}");
    assert_int_equal(warnings_with(f, "mandatory"), 1); /* M, and not S\n, which S is above */
    assert_string_equal(scopes_of(f, CHOOSE(ID1 ":S"), .force_mandatory = true), "M{M}; S{S}");
    assert_int_equal(f->selection.warning_count, 0);
    assert_string_equal(scopes_of(f, CHOOSE(ID1 ":S"), EXCLUDE(ID1 ":M"), .force_mandatory = true),
                        "S{S}");
    assert_int_equal(warnings_with(f, "mandatory"), 1);
    assert_string_equal(scopes_of(f, CHOOSE(ID2)), "B{B}");
    assert_int_equal(f->selection.warning_count, 0);
}

static void system_state_belongs_together(void **state) /* 4.7, 11 */
{
    struct fixture *f = *state;
    load(f,
         BCD(PART("1", ENTRY("", "A")) PART("2", ENTRY("", "B") ENTRY("", "X"))
                 PART("3", ENTRY("", "C"))),
         WMD_AS("1", "1", "", "One", "", "BOOTABLE_SYSTEM_STATE",
                GROUP("", "A", "no", "") GROUP("A", "s", "yes", "")),
         WMD_AS("2", "2", "", "Two", "", "SYSTEM_SERVICE",
                GROUP("", "B", "no", "") COMPONENT_OF("FILE_GROUP", "", "X", "yes", "no", "4", "")),
         WMD_AS("3", "3", "", "Three", "backupSchema='1024'", "SYSTEM_SERVICE",
                GROUP("", "C", "no", "")));
    assert_string_equal(scopes_of(f, CHOOSE("One")), "A{A,A\\s}");
    assert_int_equal(warnings_with(f, "system state"), 2); /* B and C; X is none of it */
    assert_string_equal(scopes_of(f, CHOOSE("One:A\\s")), "A{A\\s/A\\s}");
    assert_int_equal(warnings_with(f, "system state"), 3); /* the rest of A as well */
    assert_string_equal(scopes_of(f, CHOOSE("Three")), "C{C}");
    assert_int_equal(warnings_with(f, "system state"), 0); /* independent */
    assert_string_equal(scopes_of(f, CHOOSE("One"), .force_mandatory = true),
                        "A{A,A\\s}; B{B}; C{C}");
}

static void errors_of_writers_are_told(void **state) /* 9.6 */
{
    struct fixture *f = *state;
    static const struct {
        const char *schema, *warned;
    } rows[] = {{"4", "1"},  {"7", ""},  {"5", "1"}, {"32", "1"},
                {"64", "1"}, {"33", ""}, {"66", ""}, {"0", ""}};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char text[2048];
        (void)snprintf(text, sizeof text,
                       WMD_AS("1", "1", "", "One", "backupSchema='%s'", "USER_DATA",
                              GROUP("", "A", "no", "")),
                       rows[i].schema);
        load(f, BCD(PART("1", ENTRY("", "A"))), text);
        assert_string_equal(scopes_of(f, .widen = true), "A{A}");
        assert_int_equal(warnings_with(f, "an error of One"), rows[i].warned[0] != '\0');
        forget(f);
    }
}

static void a_writer_that_says_not_when_it_takes_part_is_told(void **state) /* 9.6 */
{
    struct fixture *f = *state;
    load(f, BCD(PART("1", ENTRY("", "A"))),
         "<WRITER_METADATA xmlns='x-schema:#VssWriterMetadataInfo' version='1.2'><IDENTIFICATION "
         "writerId='" WRITER_ID("1") "' instanceId='" INSTANCE_ID(
             "1") "' friendlyName='One' usage='USER_DATA' dataSource='OTHER'/><RESTORE_METHOD "
                  "method='RESTORE_IF_CAN_BE_REPLACED' "
                  "rebootRequired='no'/><BACKUP_LOCATIONS>" GROUP(
                      "", "A", "no", "") "</BACKUP_LOCATIONS></WRITER_METADATA>");
    assert_string_equal(scopes_of(f, .widen = true), "A{A}");
    assert_int_equal(warnings_with(f, "an error of One: it does not say when it takes part"), 1);
}

static void a_writer_without_a_name_is_called_by_its_id(void **state)
{
    struct fixture *f = *state;
    load(f, BCD(PART("1", ENTRY("", "a"))),
         WMD_AS("1", "1", "", "", "", "USER_DATA", GROUP("", "A", "no", "")));
    assert_string_equal(scopes_of(f, .widen = true), "a{A}");
    assert_int_equal(warnings_with(f, WRITER_ID("1") ": "), 1);
}

/* Without its document a writer is known by its id. */
static void what_has_no_document_is_left_out_by_its_id(void **state)
{
    struct fixture *f = *state;
    static const char *const excluded[] = {WRITER_ID("2") ":B"};
    load(f, BCD(PART("1", ENTRY("", "A")) PART("2", ENTRY("", "B") ENTRY("", "E"))),
         WMD("1", GROUP("", "A", "no", "")));
    assert_string_equal(scopes_of(f, .exclude_components = excluded, .exclude_component_count = 1),
                        "A{A}; E{}!WRITER_DOCUMENT_MISSING");
}

static void earlier_marks_are_ignored(void **state) /* ruling 6 */
{
    struct fixture *f = *state;
    load(f,
         BCD(PART("1", ENTRY_AS("", "writerData", "filegroup", "selectedForRestore='yes'",
                                "<RESTORE_SUBCOMPONENT logicalPath='writerData' "
                                "componentName='Set1' repair='no'/>"))),
         WRITER_DATA);
    assert_string_equal(scopes_of(f, AUTO), ALL_WRITER_DATA);
    assert_int_equal(warnings_with(f, "earlier restore"), 1);
}

static void instances_without_restore_with_move_are_ambiguous(void **state) /* 4.11 */
{
    struct fixture *f = *state;
    load(f, BCD(PART_AS("1", "1", "i1", ENTRY("", "A")) PART_AS("1", "2", "i2", ENTRY("", "B"))),
         WMD_AS("1", "1", "i1", "One", "", "USER_DATA", GROUP("", "A", "no", "")),
         WMD_AS("1", "2", "i2", "One", "", "USER_DATA", GROUP("", "B", "no", "")));
    assert_string_equal(scopes_of(f, CHOOSE("One")), "A{A}; B{B}");
    assert_int_equal(warnings_with(f, "ambiguous"), 1);
    assert_string_equal(scopes_of(f, CHOOSE(ID1 "@I2")), "B{B}");
    assert_int_equal(f->selection.warning_count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(t04_explicit_nonselectable_alone),
        TEST(t05_implicit_nonselectable_alone_is_refused),
        TEST(t06_subcomponent_brings_its_own_set_only),
        TEST(t08_descendant_without_a_component_between),
        TEST(t09_prefixes_are_whole_elements),
        TEST(t10_nested_explicit_root_stays_out),
        TEST(t11_equal_names_keep_their_own_roots),
        TEST(t12_missing_writer_document_stops_that_writer_only),
        TEST(t13_instances_are_matched_by_class),
        TEST(t16_dependency_cycle_ends),
        TEST(t17_remote_dependency_is_reported),
        TEST(t18_backslash_is_the_root_path),
        TEST(unknown_selectors_stop_the_call),
        TEST(root_wins_over_its_subcomponent),
        TEST(excluded_roots_are_dropped),
        TEST(excluded_members_reduce_the_unit),
        TEST(letter_case_yields_to_exact_names),
        TEST(everything_is_the_default),
        TEST(volume_mode_has_no_scopes),
        TEST(mandatory_members_are_named_or_forced),
        TEST(system_state_belongs_together),
        TEST(errors_of_writers_are_told),
        TEST(a_writer_that_says_not_when_it_takes_part_is_told),
        TEST(a_writer_without_a_name_is_called_by_its_id),
        TEST(what_has_no_document_is_left_out_by_its_id),
        TEST(earlier_marks_are_ignored),
        TEST(instances_without_restore_with_move_are_ambiguous),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
