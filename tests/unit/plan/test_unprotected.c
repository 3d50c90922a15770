/* test_unprotected.c - files of no component: asked for, listed as not to be backed up, in the way
 * of what stands there (rules 5.8, 2.10, section 11; contract, --unprotected and --overwrite).
 *
 * Goal: they come back when asked for, as a last unit that nobody else notices. Method: plans of
 * one writer with such files beside its own, in short form; the list's lines one by one. */
#include "vsr_test.h"

#include "plan/not_to_backup.h"
#include "plan_case.h"

#define CAN "RESTORE_IF_CAN_BE_REPLACED"
#define OWN PLAN_C(PLAN_LIST("C:\\D", "*", "no"))
#define SET                                                                                        \
    "volume C:\nfile C:\\D\\a 1\nfree C:\\D\\b 2\nfree C:\\T\\x.tmp 3\nfree C:\\T\\y 4\n"          \
    "freedir C:\\T\nfreedir C:\\Empty\n"
#define OWN_PLAN "original - 6.6/2\nd C:\\D\n+ C:\\D\\a\n"

/* clang-format off */
static const struct plan_case cases[] = {
    {.name = "not asked for: not there", .method = CAN, .locations = OWN, .catalog = SET,
     .want = OWN_PLAN},
    {.name = "asked for: the last unit, with its folders, empty ones too", .method = CAN,
     .locations = OWN, .catalog = SET, .options = "--volume C:=/c\n--unprotected\n",
     .want = OWN_PLAN "original - 5.8\nd C:\\Empty\nd C:\\T\n+ C:\\D\\b\n+ C:\\T\\x.tmp\n"
             "+ C:\\T\\y\n"},
    {.name = "what stands there is kept", .method = CAN, .locations = OWN, .catalog = SET,
     .options = "--volume C:=/c\n--unprotected\nhave file C:\\T\\y old\nhave dir C:\\T\\x.tmp\n",
     .want = OWN_PLAN "original - 5.8\nd C:\\Empty\n+ C:\\D\\b\n. C:\\T\\x.tmp\n. C:\\T\\y\n"},
    {.name = "if newer: the older one is replaced, one as new is kept", .method = CAN,
     .locations = OWN, .catalog = SET,
     .options = "--volume C:=/c\n--unprotected\n--overwrite if-newer\nhave file C:\\T\\y old\n"
                "have file C:\\T\\x.tmp\n",
     .want = OWN_PLAN "original - 5.8\nd C:\\Empty\n+ C:\\D\\b\n. C:\\T\\x.tmp\n= C:\\T\\y\n"},
    {.name = "always", .method = CAN, .locations = OWN, .catalog = SET,
     .options = "--volume C:=/c\n--unprotected\n--overwrite always\nhave file C:\\T\\y\n",
     .want = OWN_PLAN "original - 5.8\nd C:\\Empty\n+ C:\\D\\b\n+ C:\\T\\x.tmp\n= C:\\T\\y\n"},
    {.name = "a folder is never replaced by a file", .method = CAN, .locations = OWN,
     .catalog = SET,
     .options = "--volume C:=/c\n--unprotected\n--overwrite always\nhave dir C:\\T\\y\n",
     .want = OWN_PLAN "refused NOT_REPLACEABLE 6.5\n"},
    {.name = "left out by a list: with wildcards, with /s, on all volumes", .method = CAN,
     .locations = OWN, .catalog = SET,
     .options = "--volume C:=/c\n--unprotected\n--not-to-backup Temp=\\T\\*.tmp\n"
                "--not-to-backup C:\\d\\B /s\n",
     .want = OWN_PLAN "original - 5.8\nd C:\\Empty\nd C:\\T\n+ C:\\T\\y\n"
             "! rule 5.8: 2 files of no component are left out: they are not to be backed up, or "
             "must not come back\n"},
    {.name = "a list never takes away a component's file", .method = CAN, .locations = OWN,
     .catalog = SET, .options = "--volume C:=/c\n--unprotected\n--not-to-backup C:\\*.* /s\n",
     .want = OWN_PLAN "original - 5.8\nd C:\\Empty\nd C:\\T\n! rule 5.8: 3 files of no component "
             "are left out: they are not to be backed up, or must not come back\n"},
    {.name = "a key that has a writer's name counts for nothing", .method = CAN, .locations = OWN,
     .catalog = SET, .options = "--volume C:=/c\n--unprotected\n--not-to-backup w=C:\\T\\*\n",
     .want = OWN_PLAN "original - 5.8\nd C:\\Empty\nd C:\\T\n+ C:\\D\\b\n+ C:\\T\\x.tmp\n"
             "+ C:\\T\\y\n"},
    {.name = "lines that are none are told", .method = CAN, .locations = OWN,
     .catalog = "volume C:\nfile C:\\D\\a 1\nfree C:\\D\\b 2\n",
     .options = "--volume C:=/c\n--unprotected\n--not-to-backup %nowhere%\\x\n"
                "--not-to-backup pagefile.sys\n--not-to-backup C:\\*\\x\n"
                "--not-to-backup C:\\T\\a:b\n",
     .want = OWN_PLAN "original - 5.8\n+ C:\\D\\b\n"
             "! the file not to back up '%nowhere%\\x' is passed over: no value is known for its "
             "%NAME% (rules 5.8)\n"
             "! the file not to back up 'pagefile.sys' is passed over: it has no path (rules 5.8)\n"
             "! the file not to back up 'C:\\*\\x' is passed over: it holds a '*' or '?' "
             "(rules 5.8)\n"
             "! the file not to back up 'C:\\T\\a:b' is passed over: its name is no file pattern "
             "(rules 5.8)\n"},
    {.name = "only the chosen ones", .method = CAN, .locations = OWN, .catalog = SET,
     .options = "--volume C:=/c\n--unprotected\n--file C:\\T\\y\n",
     .want = "original - 4.8\noriginal - 5.8\nd C:\\T\n+ C:\\T\\y\n"},
    {.name = "private ones", .method = CAN, .locations = OWN, .catalog = SET,
     .options = "--private /p\n--unprotected\ndestination missing\n",
     .want = "private - 6.2/1\nd C:\\D @private\n+ C:\\D\\a @private\nprivate - 5.8\n"
             "d C:\\Empty @private\nd C:\\T @private\n+ C:\\D\\b @private\n"
             "+ C:\\T\\x.tmp @private\n+ C:\\T\\y @private\n"},
    {.name = "one that a component's file goes over gives way", .method = CAN, .locations = OWN,
     .catalog = SET,
     .options = "--volume C:=/c\n--unprotected\n"
                "--new-target W:C|C:\\D|*|no|C:\\New\n--file C:\\D\\a\n--file C:\\T\\y\n",
     .want = "mixed - 6.9\nd C:\\New @new_target\n+ C:\\New\\a @new_target\noriginal - 5.8\n"
             "d C:\\T\n+ C:\\T\\y\n"},
    {.name = "none on the media", .method = CAN, .locations = OWN,
     .catalog = "volume C:\nfile C:\\D\\a 1\n", .options = "--volume C:=/c\n--unprotected\n",
     .want = OWN_PLAN "original - 5.8\n! the set holds no files of no component; `pack --all` "
             "takes them\n"},
    {.name = "everything else excluded", .method = CAN, .locations = OWN, .catalog = SET,
     .options = "--volume C:=/c\n--unprotected\n--exclude-component W\n--file C:\\T\\y\n",
     .want = "original - 5.8\nd C:\\T\n+ C:\\T\\y\n"},
    {.name = "its own volume must be mapped", .method = CAN, .locations = OWN,
     .catalog = SET "volume E:\nfree E:\\z 1\n", .options = "--volume C:=/c\n--unprotected\n",
     .want = OWN_PLAN "refused VOLUME_UNMAPPED 6.12\n"},
    {.name = "DRM files never come back, named by nobody", .method = CAN,
     .locations = PLAN_C(PLAN_LIST("C:\\PD", "*", "yes")),
     .catalog = "volume C:\nenv ProgramData=C:\\PD\nfile C:\\PD\\a 1\n"
                "file C:\\PD\\Microsoft\\Windows\\DRM\\x 1\n"
                "free C:\\PD\\Microsoft\\Windows\\DRM\\y 1\n",
     .options = "--volume C:=/c\n--unprotected\n",
     .want = "original - 6.6/2\nd C:\\PD\nd C:\\PD\\Microsoft\nd C:\\PD\\Microsoft\\Windows\n"
             "d C:\\PD\\Microsoft\\Windows\\DRM\n+ C:\\PD\\a\noriginal - 5.8\n"
             "! rule 5.8: 1 files of no component are left out: they are not to be backed up, or "
             "must not come back\n"},
    {.name = "... also where nobody said where ProgramData is", .method = CAN,
     .locations = OWN,
     .catalog = "volume C:\nvolume E:\nfile C:\\D\\a 1\n"
                "free C:\\ProgramData\\Microsoft\\Windows\\DRM\\x\\y 1\n"
                "free E:\\programdata\\microsoft\\Windows\\drm\\y 1\n"
                "free C:\\ProgramData\\z 1\n",
     .options = "--volume C:=/c\n--volume E:=/e\n--unprotected\n",
     .want = OWN_PLAN "original - 5.8\nd C:\\ProgramData\n+ C:\\ProgramData\\z\n"
             "! rule 5.8: 2 files of no component are left out: they are not to be backed up, or "
             "must not come back\n"},
    {.name = "a lost file that is named is missing", .method = CAN,
     .locations = PLAN_C(PLAN_LIST("C:\\D", "a", "no")),
     .catalog = "volume C:\nlost C:\\D\\a 1\n",
     .want = "refused FILE_MISSING_ON_MEDIA 5.10\n"},
    {.name = "a lost file below a wildcard is planned, and ends as a row", .method = CAN,
     .locations = OWN, .catalog = "volume C:\nlost C:\\D\\a 1\n", .want = OWN_PLAN},
};
/* clang-format on */

static void a_component_file_goes_before(void **state)
{
    (void)state;
    static const struct plan_case c = {
        .name = "the same place",
        .method = "RESTORE_TO_ALTERNATE_LOCATION",
        .mappings = PLAN_MAP("C:\\D", "*", "no", "C:\\T"),
        .locations = OWN,
        .catalog = "volume C:\nfile C:\\D\\y 1\nfree C:\\T\\y 4\nfree C:\\T\\z 4\n",
        .options = "--volume C:=/c\n--unprotected\n",
        .want = "alternate - 6.6/4\nd C:\\T @alternate\n+ C:\\T\\y @alternate\noriginal - 5.8\n"
                "+ C:\\T\\z\na C:\\D * -> C:\\T\n! rule 5.8: 'C:\\T\\y', of no component, gives "
                "way to a component's file\n"};
    plan_case_run(&c);
}

/* Rules 2.10: there is nothing else to restore, so that nobody need ask for it. */
static void a_backup_in_volume_mode_is_all_of_it(void **state)
{
    (void)state;
    static const struct plan_case c = {.method = CAN,
                                       .locations = OWN,
                                       .catalog = "volume C:\nfree C:\\D\\b 2\nfree C:\\y 4\n"};
    struct planner_fixture fixture = {0};
    vsr_error error = {0};
    plan_case_load(&fixture, &c);
    fixture.documents.bcd.select_components = false;
    struct plan *plan = planner_fixture_plan(&fixture, &error);
    if (plan == NULL) {
        fail_msg("%s", error.what);
    }
    assert_int_equal(plan->unit_count, 1);
    assert_int_equal(plan->units[0].writer, MARK_NONE);
    assert_int_equal(plan->units[0].involve_writer, 0);
    assert_int_equal(plan->file_count, 3); /* C:\D, too: b needs it */
    plan_free(plan);
    planner_fixture_fini(&fixture);
}

static void every_case(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        plan_case_run(&cases[i]);
    }
}

/* What is written as "key|entry|..." of a line. */
static void lines_are_cut(void **state)
{
    (void)state;
    static const struct {
        const char *line, *want;
    } lines[] = {
        {"", ""},
        {"# no line", ""},
        {"HKEY_LOCAL_MACHINE\\SYSTEM", ""},
        {"\\pagefile.sys", "-|\\pagefile.sys"},
        {"  %windir%\\a=b /s\r", "-|%windir%\\a=b /s"},
        {"C:\\0\\x", "-|C:\\0\\x"},
        {"Power Manager = \\hiberfil.sys", "Power Manager|\\hiberfil.sys"},
        {"    Temp    REG_MULTI_SZ    %TEMP%\\* /s\\0\\x\\0", "Temp|%TEMP%\\* /s|\\x"},
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct not_to_backup_line line = {.rest = view_of(lines[i].line)};
        struct buffer got = {0};
        struct view entry = VIEW_NONE;
        while (not_to_backup_next(&line, &entry)) {
            if (got.n == 0) {
                buffer_printf(&got, "%.*s",
                              VIEW_ARG(view_present(line.key) ? line.key : VIEW("-")));
            }
            buffer_printf(&got, "|%.*s", VIEW_ARG(entry));
        }
        buffer_add_char(&got, '\0');
        assert_string_equal(got.p, lines[i].want);
        buffer_free(&got);
    }
}

static void entries_are_parsed(void **state)
{
    (void)state;
    struct not_to_backup entry;
    assert_null(not_to_backup_parse(VIEW("C:\\a b\\*.tmp /S"), &entry));
    assert_true(view_equal(entry.directory, VIEW("C:\\a b\\")));
    assert_true(view_equal(entry.name, VIEW("*.tmp")));
    assert_true(entry.recursive && !entry.all_volumes);
    assert_null(not_to_backup_parse(VIEW("\\pagefile.sys"), &entry));
    assert_true(entry.all_volumes && !entry.recursive);
    assert_true(view_equal(entry.directory, VIEW("\\")));
    assert_null(not_to_backup_parse(VIEW("\\\\srv\\share\\x"), &entry));
    assert_false(entry.all_volumes);
    assert_non_null(not_to_backup_parse(VIEW("pagefile.sys"), &entry));
    assert_non_null(not_to_backup_parse(VIEW("C:\\a\\"), &entry));
    assert_non_null(not_to_backup_parse(VIEW("/s"), &entry));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_case),
        cmocka_unit_test(a_component_file_goes_before),
        cmocka_unit_test(a_backup_in_volume_mode_is_all_of_it),
        cmocka_unit_test(lines_are_cut),
        cmocka_unit_test(entries_are_parsed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
