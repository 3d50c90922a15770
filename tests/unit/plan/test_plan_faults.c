/* test_plan_faults.c - what cannot be answered, understood or held: named, and nothing guessed.
 *
 * Goal: a destination that gives no answer ends the plan with that error, wherever it happens;
 * documents' paths that are none refuse their unit or are passed over with a warning (rules 5.1,
 * 5.3, 5.7, 9.6). Method: each question of small plans fails once; a table of cases
 * (plan_case.h). */
#include "vsr_test.h"

#include "plan_case.h"

#define CAN   "RESTORE_IF_CAN_BE_REPLACED"
#define ALT   "RESTORE_TO_ALTERNATE_LOCATION"
#define VOL   "volume C:\n"
#define D_ALL PLAN_C(PLAN_LIST("C:\\D", "*", "yes"))
#define ONE   VOL "file C:\\D\\a 1\n"

/* What a plan of ONE and D_ALL is where restore options are no list. */
#define ALL_AND_NO_LIST                                                                            \
    "original - 6.6/2\nd C:\\D\n+ C:\\D\\a\n! the restore options of W: C are no list of "         \
    "\"name\"=\"value\" (rule 10.16); they are handed on as they stand\n"

/* Plans that ask in all the ways there are. */
static const struct plan_case asking[] = {
    {.method = CAN,
     .locations = PLAN_C(PLAN_LIST("C:\\D", "a", "no") PLAN_LIST("C:\\D", "b", "no")),
     .catalog = ONE "file C:\\D\\b 2\nfree C:\\T\\y 4\n",
     .options = "--volume C:=/c\n--unprotected\n--new-target W:C|C:\\D|a|no|C:\\New\\x\n"
                "have file C:\\D\\b\nhave file C:\\New\\x\\a\nhave file C:\\T\\y\n"},
    {.method = ALT,
     .mappings = PLAN_MAP("C:\\D", "*", "yes", "C:\\Alt\\y"),
     .locations = D_ALL,
     .catalog = "volume C:\nvolume E: C:\\D\\M\\N\\\nfile C:\\D\\a 1\nfile E:\\z 1\n",
     .options = "--volume C:=/c\n--volume E:=/e\nhave dir C:\\Alt\\y\\M\\N\n"},
    {.method = CAN,
     .locations = D_ALL,
     .components = PLAN_ENTRIES(PLAN_PARTIAL("C:\\D", "p", "File=C:\\W\\r.bin")),
     .catalog = VOL "ranges C:\\D\\p 1000 0:10\npairs C:\\W\\r.bin 0:10\n",
     .options = "--volume C:=/c\nhave file C:\\D\\p\nhave file C:\\W\\r.bin\n"},
    {.method = CAN,
     .locations = D_ALL,
     .components = PLAN_ENTRIES_OF("C", "restoreTarget=\"directed\"",
                                   PLAN_DIRECTED("C:\\D", "a", "0:1", "C:\\E", "x", "0:1")),
     .catalog = ONE "file C:\\D\\b 2\n",
     .options = "--volume C:=/c\nhave dir C:\\E\nhave dir C:\\D\n"},
};

/* The plan of a case whose question fails_at fails; true: there is one. */
static bool plan_with(const struct plan_case *c, uint64_t fails_at, uint64_t *asked)
{
    struct planner_fixture fixture = {0};
    vsr_error error = {0};
    plan_case_load(&fixture, c);
    fixture.facts.fails_at = fails_at;
    struct plan *plan = planner_fixture_plan(&fixture, &error);
    *asked = fixture.facts.asked;
    if (plan == NULL) {
        assert_int_equal(error.code, VSR_ERR_DEST_IO);
        assert_non_null(strstr(error.what, "the destination gives no answer"));
    }
    plan_free(plan);
    planner_fixture_fini(&fixture);
    return plan != NULL;
}

static void no_answer_ends_the_plan(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(asking); i++) {
        uint64_t asked = 0;
        uint64_t before = 0;
        assert_true(plan_with(&asking[i], 0, &asked));
        assert_true(asked >= 4);
        for (uint64_t n = 1; n <= asked; n++) {
            assert_false(plan_with(&asking[i], n, &before));
            assert_int_equal(before, n); /* nothing is asked behind it */
        }
    }
}

static const struct plan_case cases[] = {
    {.name = "5.3: a file set's path that is none",
     .method = CAN,
     .locations = PLAN_C(PLAN_LIST("D\\x", "*", "no")),
     .catalog = ONE,
     .want = "refused DOCUMENT_INVALID 5.3\n"},
    {.name = "5.1: the document names what is no file's name",
     .method = CAN,
     .locations = D_ALL,
     .components = PLAN_ENTRIES(PLAN_PARTIAL("C:\\D", "a:b", "0:1")),
     .catalog = ONE,
     .want = "refused DOCUMENT_INVALID 5.1\n"},
    {.name = "5.7: an exclude that is no file set takes nothing away",
     .method = CAN,
     .locations = D_ALL PLAN_EXCLUDE("D\\x", "*", "no"),
     .catalog = ONE,
     .want = "original - 6.6/2\nd C:\\D\n+ C:\\D\\a\n! the exclude 'D\\x' '*' of W is no file set; "
             "passed over\n"},
    {.name = "6.3: a mapping whose path is none fits nothing",
     .method = CAN,
     .mappings = PLAN_MAP("D\\x", "*", "no", "C:\\Alt"),
     .locations = D_ALL,
     .catalog = ONE,
     .want = "original - 6.6/2\nd C:\\D\n+ C:\\D\\a\n! the mapping of 'D\\x' fits nothing: it "
             "begins with no volume (X:\\, \\\\server\\share, \\\\?\\Volume{GUID})\n"},
    {.name = "6.3: ... nor one with an unknown name",
     .method = CAN,
     .mappings = PLAN_MAP("%NO%\\x", "*", "no", "C:\\Alt"),
     .locations = D_ALL,
     .catalog = ONE,
     .want = "original - 6.6/2\nd C:\\D\n+ C:\\D\\a\n! the mapping of '%NO%\\x' fits nothing: no "
             "value is known for %NO%\n"},
    {.name = "7.6: a ranges file with an unknown name in its path",
     .method = CAN,
     .locations = D_ALL,
     .components = PLAN_ENTRIES(PLAN_PARTIAL("C:\\D", "p", "File=%NO%\\r.bin")),
     .catalog = VOL "ranges C:\\D\\p 1000 0:10\n",
     .options = "--volume C:=/c\nhave file C:\\D\\p\n",
     .want = "refused ENVIRONMENT_UNKNOWN 5.3\n"},
    {.name = "7.7: a symbolic link has no ranges",
     .method = CAN,
     .locations = D_ALL,
     .components = PLAN_ENTRIES(PLAN_PARTIAL("C:\\D", "s", "0:1")),
     .catalog = VOL "symlink C:\\D\\s\n",
     .want = "refused RANGES_INVALID 7.7\n"},
    {.name = "7.10, T58: partial and differenced, and not on the media: it did not change",
     .method = CAN,
     .locations = D_ALL,
     .components =
         PLAN_ENTRIES(PLAN_PARTIAL("C:\\D", "p", "0:1") PLAN_DIFFERENCED("C:\\D", "p", "no")),
     .catalog = ONE,
     .want = "original - 6.6/2\nd C:\\D\n+ C:\\D\\a\n"},
    {.name = "7.12: ranges alone are no file of a set that does not ask for this backup type",
     .method = CAN,
     .locations = PLAN_C(PLAN_LIST_MASK("C:\\D", "*", "no", "0")),
     .catalog = ONE "ranges C:\\D\\p 5 0:1\n",
     .want = "original - 6.6/2\nd C:\\D\n+ C:\\D\\a\n"},
    {.name = "7.12: ... though another file is named",
     .method = CAN,
     .locations = PLAN_C(PLAN_LIST_MASK("C:\\D", "*", "no", "0")),
     .components = PLAN_ENTRIES(PLAN_PARTIAL("C:\\D", "q", "0:1")),
     .catalog = VOL "ranges C:\\D\\p 5 0:1\nranges C:\\D\\q 5 0:1\n",
     .options = "--volume C:=/c\nhave file C:\\D\\q\n",
     .want = "original - 6.6/2\np C:\\D\\q 0:1\n"},
    {.name = "9.6: a component of an unknown type",
     .method = CAN,
     .locations = D_ALL,
     .components = "<COMPONENT componentName=\"C\" componentType=\"odd\"/>",
     .catalog = ONE,
     .want = "refused DOCUMENT_UNKNOWN_WORD 9.6\n"},
    {.name = "9.6: whether its backup succeeded is neither yes nor no",
     .method = CAN,
     .locations = D_ALL,
     .components = "<COMPONENT componentName=\"C\" componentType=\"filegroup\" "
                   "backupSucceeded=\"maybe\"/>",
     .catalog = ONE,
     .want = "refused DOCUMENT_INVALID 9.6\n"},
    {.name = "4.3: the documents differ about its type",
     .method = CAN,
     .locations = D_ALL,
     .components = "<COMPONENT componentName=\"C\" componentType=\"database\"/>",
     .catalog = ONE,
     .want = "refused DOCUMENT_INVALID 9.6\n"},
    {.name = "6.7: a restore target for a component that nobody knows",
     .method = CAN,
     .locations = D_ALL,
     .catalog = ONE,
     .options = "--volume C:=/c\n--restore-target W:Q=original\n",
     .want = "error: Q"},
    {.name = "6.7: a restore target that is no word",
     .method = CAN,
     .locations = D_ALL,
     .catalog = ONE,
     .options = "--volume C:=/c\n--restore-target W:C=elsewhere\n",
     .want = "error: is not of the form"},
    {.name = "8.4: ranges cannot wait for the boot",
     .method = "REPLACE_AT_REBOOT",
     .locations = D_ALL,
     .components = PLAN_ENTRIES(PLAN_PARTIAL("C:\\D", "p", "0:1")),
     .catalog = VOL "ranges C:\\D\\p 5 0:1\n",
     .options = "--volume C:=/c\n--tree live\nhave file C:\\D\\p\n",
     .want = "refused NOT_REPLACEABLE 8.4\n"},
    {.name = "8.3: whether a file is in use cannot be told",
     .method = CAN,
     .locations = D_ALL,
     .catalog = ONE,
     .options = "--volume C:=/c\n--tree live\nhave file C:\\D\\a unknown\n",
     .want =
         "original - 6.6/2\n= C:\\D\\a\n! rule 8.3: whether 1 files to be replaced for W: C are "
         "in use cannot be told (busy=unknown); the first is 'C:\\D\\a'\n"},
    {.name = "10.16: options for a component that nobody knows",
     .method = CAN,
     .locations = D_ALL,
     .catalog = ONE,
     .options = "--volume C:=/c\n--restore-options W:Q=\"a\"=\"b\"\n",
     .want = "error: Q"},
    {.name = "2.4: options for a whole writer",
     .method = CAN,
     .locations = D_ALL,
     .catalog = ONE,
     .options = "--volume C:=/c\n--restore-options W=\"a\"=\"b\"\n",
     .want = "error: is not of the form"},
    {.name = "10.16: options that no document can hold",
     .method = CAN,
     .locations = D_ALL,
     .catalog = ONE,
     .options = "--volume C:=/c\n--restore-options W:C=\"a\"=\"\x01\"\n",
     .want = "error: byte 5 of the text is nothing that a document can hold"},
    {.name = "8.4: what goes to a new target does not wait with the rest",
     .method = "REPLACE_AT_REBOOT",
     .locations = PLAN_C(PLAN_LIST("C:\\D", "a", "no") PLAN_LIST("C:\\E", "*", "no")),
     .catalog = ONE "file C:\\E\\e 1\n",
     .options = "--volume C:=/c\n--tree live\n--new-target W:C|C:\\D|a|no|C:\\New\n"
                "have file C:\\E\\e\n",
     .want = "mixed - 6.9\nd C:\\New @new_target\n+ C:\\New\\a @new_target\ns C:\\E\\e\n"},
    {.name = "7.8: a directed source that is on no media and in no file set is not the unit's",
     .method = CAN,
     .locations = D_ALL,
     .components = PLAN_ENTRIES_OF("C", "restoreTarget=\"directed\"",
                                   PLAN_DIRECTED("C:\\Q", "q", "0:1", "C:\\E", "x", "0:1")),
     .catalog = ONE,
     .want = "original - 6.6/2\nd C:\\D\n+ C:\\D\\a\n"},
    {.name = "ruling 8: two units share files of folders in folders",
     .method = CAN,
     .locations = D_ALL,
     .second = D_ALL,
     .catalog = VOL "file C:\\D\\x\\y\\a 2\nfile C:\\D\\z\\w\\c 1\nfile C:\\D\\z\\d 1\n",
     .want =
         "original - 6.6/2\nd C:\\D\nd C:\\D\\x\nd C:\\D\\z\nd C:\\D\\x\\y\nd C:\\D\\z\\w\n+ "
         "C:\\D\\x\\y\\a\n"
         "+ C:\\D\\z\\d\n+ C:\\D\\z\\w\\c\noriginal - 6.6/2\n<- C:\\D\\x\\y\\a\n<- C:\\D\\z\\d\n<- "
         "C:\\D\\z\\w\\c\n"},
    {.name = "7.8: several entries of one source among files of folders in folders",
     .method = CAN,
     .locations = D_ALL,
     .components =
         PLAN_ENTRIES_OF("C", "restoreTarget=\"directed\"",
                         PLAN_DIRECTED("C:\\D\\x\\y", "a", "0:1", "C:\\E", "x", "0:1")
                             PLAN_DIRECTED("C:\\D\\x\\y", "a", "1:1", "C:\\E", "y", "0:1")),
     .catalog = VOL
     "file C:\\D\\x\\y\\a 2\nfile C:\\D\\x\\b 1\nfile C:\\D\\z\\w\\c 1\nfile C:\\D\\z\\d 1\n",
     .want =
         "mixed - 6.7/3\nd C:\\D\nd C:\\D\\x\nd C:\\D\\z\nd C:\\D\\x\\y\nd C:\\E @directed\nd "
         "C:\\D\\z\\w\nt C:\\E\\x @directed 0:1>0\nt C:\\E\\y @directed 1:1>0\n+ C:\\D\\x\\b\n+ "
         "C:\\D\\z\\d\n+ C:\\D\\z\\w\\c\n"},
    {.name = "2.4: options for what is not restored",
     .method = CAN,
     .locations = D_ALL,
     .second = PLAN_C(PLAN_LIST("C:\\E", "*", "no")),
     .catalog = ONE,
     .options = "--volume C:=/c\n--component W:C\n--restore-options W2:C=\"a\"=\"b\"\n",
     .want = "original - 6.6/2\nd C:\\D\n+ C:\\D\\a\n! --restore-options 'W2:C=\"a\"=\"b\"': that "
             "component is not among those restored\n"},
    {.name = "6.7: a target for what is not restored",
     .method = CAN,
     .locations = D_ALL,
     .second = PLAN_C(PLAN_LIST("C:\\E", "*", "no")),
     .catalog = ONE,
     .options = "--volume C:=/c\n--component W:C\n--restore-target W2:C=original\n",
     .want = "original - 6.6/2\nd C:\\D\n+ C:\\D\\a\n! --restore-target 'W2:C=original': that "
             "component "
             "is not among those restored\n"},
    {.name = "2.4: options for a part of what was backed up",
     .method = CAN,
     .locations = D_ALL PLAN_GROUP("logicalPath=\"C\" ", "S", ""),
     .catalog = ONE,
     .options = "--volume C:=/c\n--restore-options W:C\\S=\"a\"=\"b\"\n",
     .want = "error: backed up explicitly, W: C (rule 2.4)"},
    {.name = "6.2: nobody is told of options in a private restore",
     .method = CAN,
     .locations = D_ALL,
     .catalog = ONE,
     .options = "--private /p\n--restore-options W:C=\"a\"=\"b\"\n",
     .want = "error: cannot be given with --private"},
    {.name = "10.16: options that are no list: a quote without its end",
     .method = CAN,
     .locations = D_ALL,
     .catalog = ONE,
     .options = "--volume C:=/c\n--restore-options W:C=\"a\n",
     .want = ALL_AND_NO_LIST},
    {.name = "10.16: ... a second part that is not quoted",
     .method = CAN,
     .locations = D_ALL,
     .catalog = ONE,
     .options = "--volume C:=/c\n--restore-options W:C=\"a\":b=\"c\"\n",
     .want = ALL_AND_NO_LIST},
    {.name = "10.16: ... a name without a value",
     .method = CAN,
     .locations = D_ALL,
     .catalog = ONE,
     .options = "--volume C:=/c\n--restore-options W:C=\"a\",\"b\"\n",
     .want = ALL_AND_NO_LIST},
};

static void what_is_no_path_or_word_is_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        plan_case_run(&cases[i]);
    }
}

/* set.json is foreign, too. */
static void a_volume_of_the_set_that_is_none_is_named(void **state)
{
    (void)state;
    struct planner_fixture fixture = {0};
    vsr_error error = {0};
    plan_case_load(&fixture, &cases[0]);
    ((struct set_volume *)(uintptr_t)fixture.set.description.volumes)->letter = VIEW("?:");
    assert_null(planner_fixture_plan(&fixture, &error));
    assert_int_equal(error.code, VSR_ERR_MEDIA);
    assert_non_null(strstr(error.what, "volume 0 of set.json is called '?:', which"));
    planner_fixture_fini(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_answer_ends_the_plan),
        cmocka_unit_test(what_is_no_path_or_word_is_named),
        cmocka_unit_test(a_volume_of_the_set_that_is_none_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
