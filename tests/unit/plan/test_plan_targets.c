/* test_plan_targets.c - what the caller moves or narrows: new targets, private restores, --file.
 *
 * Goal: rules 6.2, 6.4, 6.9 and traps T37 to T39; rulings 14, 18, 40. Method: a table of cases
 * (plan_case.h). */
#include "vsr_test.h"

#include "plan_case.h"

#define CAN    "RESTORE_IF_CAN_BE_REPLACED"
#define ABSENT "RESTORE_IF_NOT_THERE"
#define VOL    "volume C:\n"
#define D_ALL  PLAN_C(PLAN_LIST("C:\\D", "*", "yes"))
#define AB     VOL "file C:\\D\\a 1\nfile C:\\D\\b 2\n"

static const struct plan_case cases[] = {
    {.name = "6.4: a set at its new target, the other by the method",
     .method = CAN,
     .locations = PLAN_C(PLAN_LIST("C:\\D", "a", "no") PLAN_LIST("C:\\D", "b", "no")),
     .catalog = AB,
     .options = "--volume C:=/c\n--new-target W:C|C:\\D|a|no|C:\\New\n",
     .want = "mixed - 6.9\nd C:\\New @new_target\nd C:\\D\n+ C:\\New\\a @new_target\n+ C:\\D\\b\n"},
    {.name = "T37: what stays is blocked: not even the new target is written",
     .method = ABSENT,
     .locations = PLAN_C(PLAN_LIST("C:\\D", "a", "no") PLAN_LIST("C:\\D", "b", "no")),
     .catalog = AB,
     .options = "--volume C:=/c\n--new-target W:C|C:\\D|a|no|C:\\New\nhave file C:\\D\\b\n",
     .want = "refused PRESENT 6.6/1\n"},
    {.name = "6.9: presence does not matter at a new target, a block does",
     .method = ABSENT,
     .locations = D_ALL,
     .catalog = AB,
     .options =
         "--volume C:=/c\n--new-target W:C|C:\\D|*|yes|C:\\New\nhave file C:\\New\\a locked\n",
     .want = "refused NOT_REPLACEABLE 6.9\n"},
    {.name = "6.9: present and replaceable at a new target",
     .method = ABSENT,
     .locations = D_ALL,
     .catalog = AB,
     .options = "--volume C:=/c\n--new-target W:C|C:\\D|*|yes|C:\\New\nhave file C:\\New\\a\n",
     .want = "mixed - 6.9\n= C:\\New\\a @new_target\n+ C:\\New\\b @new_target\n"},
    {.name = "T38: a writer without the bit supports no new target",
     .method = CAN,
     .no_schema = true,
     .locations = D_ALL,
     .catalog = AB,
     .options = "--volume C:=/c\n--new-target W:C|C:\\D|*|yes|C:\\New\n",
     .want = "error: NEW_TARGET_UNSUPPORTED"},
    {.name = "T38: ... nor the document's own",
     .method = CAN,
     .no_schema = true,
     .locations = D_ALL,
     .catalog = AB,
     .components =
         "<COMPONENT componentName=\"C\" componentType=\"filegroup\"><NEW_TARGET path=\"C:\\D\" "
         "filespec=\"*\" recursive=\"yes\" alternatePath=\"C:\\N\"/></COMPONENT>",
     .want = "refused NEW_TARGET_UNSUPPORTED 6.4\n"},
    {.name = "T39: another recursion is another set",
     .method = CAN,
     .locations = D_ALL,
     .catalog = AB,
     .options = "--volume C:=/c\n--new-target W:C|C:\\D|*|no|C:\\New\n",
     .want = "error: NEW_TARGET_UNKNOWN_FILE_SET"},
    {.name = "two new targets for one set",
     .method = CAN,
     .locations = D_ALL,
     .catalog = AB,
     .options = "--volume C:=/c\n--new-target W:C|C:\\D|*|yes|C:\\New\n--new-target "
                "W:C|c:\\d\\|*|yes|C:\\N2\n",
     .want = "error: has a new target already"},
    {.name = "a new path that is none is the caller's fault (ruling 10)",
     .method = CAN,
     .locations = D_ALL,
     .catalog = AB,
     .options = "--volume C:=/c\n--new-target W:C|C:\\D|*|yes|New\n",
     .want = "error: the new path 'New' is none"},
    {.name = "... and so is one with an unknown name",
     .method = CAN,
     .locations = D_ALL,
     .catalog = AB,
     .options = "--volume C:=/c\n--new-target W:C|C:\\D|*|yes|%NO%\\x\n",
     .want = "error: no value is known for %NO%"},
    {.name = "a new target that is none",
     .method = CAN,
     .locations = D_ALL,
     .catalog = AB,
     .options = "--volume C:=/c\n--new-target W:C|C:\\D|*|yes\n",
     .want = "error: is not of the form"},
    {.name = "a new target for a writer alone",
     .method = CAN,
     .locations = D_ALL,
     .catalog = AB,
     .options = "--volume C:=/c\n--new-target W|C:\\D|*|yes|C:\\New\n",
     .want = "error: is not of the form"},
    {.name = "T39: the document's own refuses its unit",
     .method = CAN,
     .locations = D_ALL,
     .catalog = AB,
     .components =
         "<COMPONENT componentName=\"C\" componentType=\"filegroup\"><NEW_TARGET path=\"C:\\D\" "
         "filespec=\"*\" recursive=\"no\" alternatePath=\"C:\\N\"/></COMPONENT>",
     .want = "refused NEW_TARGET_UNKNOWN_FILE_SET 6.4\n"},
    {.name = "ruling 40: the caller's drops the document's for the same set",
     .method = CAN,
     .locations = D_ALL,
     .catalog = VOL "file C:\\D\\a 1\n",
     .components =
         "<COMPONENT componentName=\"C\" componentType=\"filegroup\"><NEW_TARGET path=\"C:\\D\" "
         "filespec=\"*\" recursive=\"yes\" alternatePath=\"C:\\N\"/></COMPONENT>",
     .options = "--volume C:=/c\n--new-target W:C|C:\\D|*|yes|C:\\Mine\n",
     .want = "mixed - 6.9\nd C:\\Mine @new_target\n+ C:\\Mine\\a @new_target\n"},
    {.name = "6.9: under method 5 a new target is written now",
     .method = "RESTORE_AT_REBOOT",
     .locations = D_ALL,
     .catalog = VOL "file C:\\D\\a 1\n",
     .options = "--volume C:=/c\n--new-target W:C|C:\\D|*|yes|C:\\New\n",
     .want = "mixed - 6.9\nd C:\\New @new_target\n+ C:\\New\\a @new_target\n"},
    {.name = "6.2: private restore: original places below the private root, whatever the method",
     .method = "CUSTOM",
     .locations = D_ALL,
     .catalog = VOL "file C:\\D\\a 1\n",
     .options = "--private /p\n--volume C:=/c\n",
     .want = "private - 6.2/1\nd C:\\D @private\n+ C:\\D\\a @private\n"},
    {.name = "6.2: a private restore takes no new target",
     .method = CAN,
     .locations = D_ALL,
     .catalog = AB,
     .options = "--private /p\n--new-target W:C|C:\\D|*|yes|C:\\New\n",
     .want = "error: --private"},
    {.name = "--file: only the chosen files count",
     .method = ABSENT,
     .locations = D_ALL,
     .catalog = AB "file C:\\D\\c.x 1\n",
     .options = "--volume C:=/c\n--file C:\\d\\?.X\nhave file C:\\D\\a\n",
     .want = "original - 6.6/1\n+ C:\\D\\c.x\n"},
    {.name = "--file that matches nothing",
     .method = CAN,
     .locations = D_ALL,
     .catalog = AB,
     .options = "--volume C:=/c\n--file C:\\D\\nope\n",
     .want = "error: matches no file"},
    {.name = "6.4: recursive is a word of two",
     .method = CAN,
     .locations = D_ALL,
     .catalog = AB,
     .options = "--volume C:=/c\n--new-target W:C|C:\\D|*|YES!|C:\\New\n",
     .want = "error: recursive is 'yes' or 'no', not 'YES!'"},
    {.name = "6.4: what no document can hold",
     .method = CAN,
     .locations = D_ALL,
     .catalog = AB,
     .options = "--volume C:=/c\n--new-target W:C|C:\\D|*|yes|C:\\New\x01\n",
     .want = "error: holds what no document can"},
    {.name = "6.4: a new target for one component leaves another's equal set",
     .method = CAN,
     .locations = D_ALL PLAN_GROUP("logicalPath=\"C\" ", "S", PLAN_LIST("C:\\D", "a", "no")),
     .catalog = AB,
     .options = "--volume C:=/c\n--new-target W:C\\S|C:\\D|*|yes|C:\\New\n",
     .want = "error: NEW_TARGET_UNKNOWN_FILE_SET"},
    {.name = "6.4: a new target for a set of what was left out",
     .method = CAN,
     .locations = PLAN_GROUP("", "C", "")
         PLAN_GROUP("logicalPath=\"C\" ", "s1", PLAN_LIST("C:\\D", "a", "no"))
             PLAN_GROUP("logicalPath=\"C\" ", "s2", PLAN_LIST("C:\\D", "b", "no")),
     .catalog = AB,
     .options = "--volume C:=/c\n--component W:C\\s1\n"
                "--new-target W:C\\s2|C:\\D|b|no|C:\\New\n",
     .want = "original - 6.6/2\nd C:\\D\n+ C:\\D\\a\n! --new-target "
             "'W:C\\s2|C:\\D|b|no|C:\\New': that file set is not among those restored\n"},
    {.name = "6.4: ... nor is the document's",
     .method = CAN,
     .locations = PLAN_GROUP("", "C", "")
         PLAN_GROUP("logicalPath=\"C\" ", "s1", PLAN_LIST("C:\\D", "a", "no"))
             PLAN_GROUP("logicalPath=\"C\" ", "s2", PLAN_LIST("C:\\D", "b", "no")),
     .catalog = AB,
     .components =
         "<COMPONENT componentName=\"C\" componentType=\"filegroup\"><NEW_TARGET path=\"C:\\D\" "
         "filespec=\"b\" recursive=\"no\" alternatePath=\"C:\\N\"/></COMPONENT>",
     .options = "--volume C:=/c\n--component W:C\\s1\n",
     .want = "original - 6.6/2\nd C:\\D\n+ C:\\D\\a\n! the document's new target for 'C:\\D' 'b': "
             "that file set is not among those restored\n"},
    {.name = "6.4: a document's new target whose path is none",
     .method = CAN,
     .locations = D_ALL,
     .catalog = AB,
     .components =
         "<COMPONENT componentName=\"C\" componentType=\"filegroup\"><NEW_TARGET path=\"D\" "
         "filespec=\"*\" recursive=\"no\" alternatePath=\"C:\\N\"/></COMPONENT>",
     .want = "refused NEW_TARGET_UNKNOWN_FILE_SET 6.4\n"},
    {.name = "--file whose last part is no pattern",
     .method = CAN,
     .locations = D_ALL,
     .catalog = AB,
     .options = "--volume C:=/c\n--file C:\\D\\a:b\n",
     .want = "error: does not end with a file pattern"},
    {.name = "--file that is no pattern",
     .method = CAN,
     .locations = D_ALL,
     .catalog = AB,
     .options = "--volume C:=/c\n--file D\\*\n",
     .want = "error: is no absolute path"},
};

static void new_targets_private_and_files(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        plan_case_run(&cases[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(new_targets_private_and_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
