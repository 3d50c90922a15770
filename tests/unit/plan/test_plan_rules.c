/* test_plan_rules.c - rules of sections 5 and 6 and their traps, each as a small plan.
 *
 * Goal: what section 12 of the rules lists as traps, where the planner answers for them, by
 * number; and the contract's rulings. Method: tables of cases (plan_case.h). What a case wants
 * was written down from the rule. */
#include "vsr_test.h"

#include "plan_case.h"

#define CAN    "RESTORE_IF_CAN_BE_REPLACED"
#define ABSENT "RESTORE_IF_NOT_THERE"
#define VOL    "volume C:\n"
#define D_ALL  PLAN_C(PLAN_LIST("C:\\D", "*", "yes"))
#define AB     VOL "file C:\\D\\a 1\nfile C:\\D\\b 2\n"
#define D_MAP  PLAN_MAP("C:\\D", "*", "yes", "C:\\Alt")

static const struct plan_case file_cases[] = {
    {.name = "T20: *.* takes names without a dot",
     .method = CAN,
     .locations = PLAN_C(PLAN_LIST("C:\\D", "*.*", "no")),
     .catalog = VOL "file C:\\D\\README 1\n",
     .want = "original - 6.6/2\nd C:\\D\n+ C:\\D\\README\n"},
    {.name = "T23, T24: case, a trailing backslash, no prefix of a name",
     .method = CAN,
     .locations = PLAN_C(PLAN_LIST("c:\\data\\", "*", "yes")),
     .catalog = VOL "file C:\\DATA\\sub\\f 1\nfile C:\\DATA2\\f 1\n",
     .want = "original - 6.6/2\nd C:\\DATA\nd C:\\DATA\\sub\n+ C:\\DATA\\sub\\f\n"},
    {.name = "T24: a volume's root",
     .method = CAN,
     .locations = PLAN_C(PLAN_LIST("C:\\", "boot.ini", "no")),
     .catalog = VOL "file C:\\boot.ini 1\nfile C:\\x 1\n",
     .want = "original - 6.6/2\n+ C:\\boot.ini\n"},
    {.name = "T25: no value for a name",
     .method = CAN,
     .locations = PLAN_C(PLAN_LIST("%SystemRoot%\\x", "*", "no")),
     .catalog = VOL,
     .want = "refused ENVIRONMENT_UNKNOWN 5.3\n"},
    {.name = "ruling 32: the captured value places the original",
     .method = CAN,
     .locations = PLAN_C(PLAN_LIST("%SystemRoot%\\x", "*", "no")),
     .catalog = VOL "env SystemRoot=C:\\Windows\nfile C:\\Windows\\x\\f 1\n",
     .options = "--volume C:=/c\n--env SystemRoot=C:\\Other\n",
     .want = "original - 6.6/2\nd C:\\Windows\nd C:\\Windows\\x\n+ C:\\Windows\\x\\f\n"},
    {.name = "ruling 32: a given value serves what the captured table lacks",
     .method = CAN,
     .locations = PLAN_C(PLAN_LIST("%New%\\x", "*", "no")),
     .catalog = VOL "file C:\\N\\x\\f 1\n",
     .options = "--volume C:=/c\n--env new=C:\\N\n",
     .want = "original - 6.6/2\nd C:\\N\nd C:\\N\\x\n+ C:\\N\\x\\f\n"},
    {.name = "T26: empty directories of a recursive set, whatever the file spec",
     .method = CAN,
     .locations = PLAN_C(PLAN_LIST("C:\\D1", "File1.*", "yes")),
     .catalog =
         VOL "file C:\\D1\\File1.txt 1\nfile C:\\D1\\File2.txt 1\nfile C:\\D1\\D2\\File1.txt 1\n"
             "file C:\\D1\\D2\\File2.txt 1\ndir C:\\D1\\D3\n",
     .want = "original - 6.6/2\nd C:\\D1\nd C:\\D1\\D2\nd C:\\D1\\D3\n+ C:\\D1\\File1.txt\n+ "
             "C:\\D1\\D2\\File1.txt\n"},
    {.name = "5.6: not recursive, no subdirectories",
     .method = CAN,
     .locations = PLAN_C(PLAN_LIST("C:\\D1", "*", "no")),
     .catalog = VOL "file C:\\D1\\File1.txt 1\nfile C:\\D1\\D2\\File1.txt 1\ndir C:\\D1\\D3\n",
     .want = "original - 6.6/2\nd C:\\D1\n+ C:\\D1\\File1.txt\n"},
    {.name = "T27: an exclude is its own writer's alone",
     .method = CAN,
     .locations = PLAN_C(PLAN_LIST("C:\\app", "*", "yes")) PLAN_EXCLUDE("C:\\app", "*.tmp", "yes"),
     .second = PLAN_C(PLAN_LIST("C:\\app\\a", "x.tmp", "no")),
     .catalog = VOL "file C:\\app\\a\\x.tmp 1\nfile C:\\app\\y 1\n",
     .want = "original - 6.6/2\nd C:\\app\nd C:\\app\\a\n+ C:\\app\\y\noriginal - 6.6/2\n+ "
             "C:\\app\\a\\x.tmp\n"},
    {.name = "T28: a wildcard may match nothing",
     .method = CAN,
     .locations = PLAN_C(PLAN_LIST("C:\\D", "*.x", "no")),
     .catalog = VOL "dir C:\\D\n",
     .want = "original - 4.8\n"},
    {.name = "folders without files go to the mapping, too, under method 4",
     .method = "RESTORE_TO_ALTERNATE_LOCATION",
     .mappings = PLAN_MAP("C:\\D", "*", "yes", "C:\\alt"),
     .locations = PLAN_C(PLAN_LIST("C:\\D", "*", "yes") PLAN_LIST("C:\\E", "*", "yes")),
     .catalog = VOL "dir C:\\D\\sub\ndir C:\\E\\sub\n",
     .want = "original - 4.8\nd C:\\alt @alternate\nd C:\\alt\\sub @alternate\n"},
    {.name = "T28: a named file must be there",
     .method = CAN,
     .locations = PLAN_C(PLAN_LIST("C:\\D", "a", "no") PLAN_LIST("C:\\D", "c", "no")),
     .catalog = AB,
     .want = "refused FILE_MISSING_ON_MEDIA 5.10\n"},
    {.name = "T29: a clear mask bit makes absence normal",
     .method = CAN,
     .locations = PLAN_C(PLAN_LIST("C:\\D", "a", "no") PLAN_LIST_MASK("C:\\D", "c", "no", "2056")),
     .catalog = AB,
     .want = "original - 6.6/2\nd C:\\D\n+ C:\\D\\a\n"},
    {.name = "ruling 36: a clear mask bit does not keep away what is there",
     .method = CAN,
     .locations = PLAN_C(PLAN_LIST_MASK("C:\\D", "b", "no", "2056")),
     .catalog = AB,
     .want = "original - 6.6/2\nd C:\\D\n+ C:\\D\\b\n"},
    {.name = "ruling 36: an excluded named file is not demanded, there or not",
     .method = CAN,
     .locations = PLAN_C(PLAN_LIST("C:\\D", "a", "no") PLAN_LIST("C:\\D", "b", "no")
                             PLAN_LIST("C:\\D", "c", "no")) PLAN_EXCLUDE("C:\\D", "b", "no")
         PLAN_EXCLUDE("C:\\", "c", "yes"),
     .catalog = AB,
     .want = "original - 6.6/2\nd C:\\D\n+ C:\\D\\a\n"},
    {.name = "files of no component stay out of a component's sets",
     .method = CAN,
     .locations = PLAN_C(PLAN_LIST("C:\\D", "*", "no")),
     .catalog = VOL "free C:\\D\\x 1\nfile C:\\D\\a 1\n",
     .want = "original - 6.6/2\nd C:\\D\n+ C:\\D\\a\n"},
    {.name = "T31: overlapping sets: once, by the first one's mapping, with a warning",
     .method = "RESTORE_TO_ALTERNATE_LOCATION",
     .mappings = PLAN_MAP("C:\\D", "a", "no", "C:\\Alt"),
     .locations = PLAN_C(PLAN_LIST("C:\\D", "a", "no") PLAN_LIST("C:\\D", "*", "no")),
     .catalog = VOL "file C:\\D\\a 1\n",
     .want =
         "alternate - 6.6/4\nd C:\\Alt @alternate\n+ C:\\Alt\\a @alternate\na C:\\D a -> C:\\Alt\n"
         "! rule 5.9: file sets 'C:\\D' 'a' and 'C:\\D' '*' of W: C overlap; the first one's place "
         "counts\n"},
    {.name =
         "5.11: hard links: the first planned name owns the data; a symbolic link is made as it is",
     .method = CAN,
     .locations = PLAN_C(PLAN_LIST("C:\\D", "*", "yes")),
     .catalog = VOL "file C:\\D\\a 5\nhardlink C:\\D\\z = C:\\D\\a\nsymlink C:\\D\\s\n",
     .want = "original - 6.6/2\nd C:\\D\n+ C:\\D\\a\nr C:\\D\\s\nl C:\\D\\z\n"},
    {.name = "5.11: recursion goes on into a volume mounted below",
     .method = CAN,
     .locations = PLAN_C(PLAN_LIST("C:\\D", "*.x", "yes")),
     .catalog =
         VOL "volume E: C:\\D\\Mount\nfile C:\\D\\a.x 1\nfile E:\\sub\\b.x 1\nfile E:\\c.y 1\n",
     .options = "--volume C:=/c\n--volume E:=/e\n",
     .want = "original - 6.6/2\nd C:\\D\nd E:\\sub\n+ C:\\D\\a.x\n+ E:\\sub\\b.x\n"},
    {.name = "7.7: saved ranges are never laid down as a whole file",
     .method = CAN,
     .locations = PLAN_C(PLAN_LIST("C:\\D", "*", "no")),
     .catalog = VOL "file C:\\D\\a 1\nranges C:\\D\\b 2\n",
     .want = "refused RANGES_INVALID 7.7\n"},
    {.name = "T73: a file spec with a backslash",
     .method = CAN,
     .locations = PLAN_C(PLAN_LIST("C:\\D", "x\\y", "no")),
     .catalog = AB,
     .want = "refused DOCUMENT_INVALID 9.6\n"},
    {.name = "ruling 22: an unknown name in an exclude stops its writer",
     .method = CAN,
     .locations = D_ALL PLAN_EXCLUDE("%Nope%", "*", "yes"),
     .catalog = AB,
     .want = "refused ENVIRONMENT_UNKNOWN 5.3\n"},
};

static const struct plan_case method_cases[] = {
    {.name = "T01: target original with method 4 is the mapping",
     .method = "RESTORE_TO_ALTERNATE_LOCATION",
     .mappings = D_MAP,
     .locations = D_ALL,
     .catalog = AB,
     .want = "alternate - 6.6/4\nd C:\\Alt @alternate\n+ C:\\Alt\\a @alternate\n+ C:\\Alt\\b "
             "@alternate\na C:\\D * -> C:\\Alt\n"},
    {.name = "method 4 without a mapping",
     .method = "RESTORE_TO_ALTERNATE_LOCATION",
     .locations = D_ALL,
     .catalog = AB,
     .want = "refused MAPPING_MISSING 6.6/4\n"},
    {.name = "T02: one present, none written",
     .method = ABSENT,
     .locations = D_ALL,
     .catalog = AB,
     .options = "--volume C:=/c\nhave file C:\\D\\b\n",
     .want = "refused PRESENT 6.6/1\n"},
    {.name = "ruling 9: a folder where a file should go, method 1",
     .method = ABSENT,
     .locations = D_ALL,
     .catalog = AB,
     .options = "--volume C:=/c\nhave dir C:\\D\\a\n",
     .want = "refused NOT_REPLACEABLE 6.6/1\n"},
    {.name = "method 1: not creatable counts as present",
     .method = ABSENT,
     .mappings = D_MAP,
     .locations = D_ALL,
     .catalog = AB,
     .options = "--volume C:=/c\nhave dir C:\\D readonly\n",
     .want = "alternate - 6.6/1\nd C:\\Alt @alternate\n+ C:\\Alt\\a @alternate\n+ C:\\Alt\\b "
             "@alternate\na C:\\D * -> C:\\Alt\n"},
    {.name = "T10: an explicit component below another one is a unit of its own",
     .method = CAN,
     .components = "<COMPONENT componentName=\"C\" componentType=\"filegroup\"/><COMPONENT "
                   "logicalPath=\"C\" componentName=\"Usage\" componentType=\"filegroup\"/>",
     .locations = D_ALL PLAN_GROUP("logicalPath=\"C\" ", "Usage", PLAN_LIST("C:\\U", "*", "no")),
     .catalog = AB "file C:\\U\\u 1\n",
     .options = "--volume C:=/c\n--component W:C\n",
     .want = "original - 6.6/2\nd C:\\D\n+ C:\\D\\a\n+ C:\\D\\b\n"},
    {.name = "T30: a file found under another spelling is replaced under it",
     .method = CAN,
     .locations = D_ALL,
     .catalog = AB,
     .options = "--volume C:=/c\nhave file C:\\d\\A\ndestination case-sensitive\n",
     .want = "original - 6.6/2\n= C:\\d\\A\n+ C:\\d\\b\n"},
    {.name = "5.9: two entries there differ only by case, neither spelled so",
     .method = CAN,
     .locations = D_ALL,
     .catalog = VOL "file C:\\D\\File 1\n",
     .options = "--volume C:=/c\nhave file C:\\D\\fILE\nhave file C:\\D\\FILE\ndestination "
                "case-sensitive\n",
     .want = "refused CASE_COLLISION 5.9\n"},
    {.name = "5.9: two entries there, one of them spelled so",
     .method = CAN,
     .locations = D_ALL,
     .catalog = VOL "file C:\\D\\File 1\n",
     .options = "--volume C:=/c\nhave file C:\\D\\FILE\nhave file C:\\D\\File\ndestination "
                "case-sensitive\n",
     .want = "original - 6.6/2\n= C:\\D\\File\n"},
    {.name = "5.9: two directories there differ only by case, neither spelled so",
     .method = CAN,
     .locations = PLAN_C(PLAN_LIST("C:\\Dir", "*", "yes")),
     .catalog = VOL "file C:\\Dir\\a 1\n",
     .options =
         "--volume C:=/c\nhave file C:\\DIR\\x\nhave file C:\\dir\\y\ndestination case-sensitive\n",
     .want = "refused CASE_COLLISION 5.9\n"},
    {.name = "T32: one blocked, a mapping for one of two sets",
     .method = CAN,
     .mappings = PLAN_MAP("C:\\D", "a", "no", "C:\\Alt"),
     .locations = PLAN_C(PLAN_LIST("C:\\D", "a", "no") PLAN_LIST("C:\\D", "b", "no")),
     .catalog = AB,
     .options = "--volume C:=/c\nhave file C:\\D\\a locked\n",
     .want = "refused NOT_REPLACEABLE 6.6/2\n"},
    {.name = "T33: one blocked, all mapped: one used mapping a set, none for one without files",
     .method = CAN,
     .mappings = PLAN_MAP("C:\\D", "a", "no", "C:\\Alt") PLAN_MAP("%D%", "b", "no", "C:\\Alt2\\")
         PLAN_MAP("C:\\D", "*.q", "no", "C:\\Q"),
     .locations = PLAN_C(PLAN_LIST("C:\\D", "a", "no") PLAN_LIST("%D%\\", "B", "no")
                             PLAN_LIST("C:\\D", "*.q", "no")),
     .catalog = AB "env D=C:\\D\n",
     .options = "--volume C:=/c\nhave file C:\\D\\a locked\n",
     .want =
         "alternate - 6.6/2\nd C:\\Alt @alternate\nd C:\\Alt2 @alternate\n+ C:\\Alt\\a "
         "@alternate\n+ C:\\Alt2\\b @alternate\n"
         "a C:\\D a -> C:\\Alt\na %D%\\ B -> C:\\Alt2\\\n"}, /* T35: the set's strings verbatim */
    {.name = "T34: directories below the mapping stay the same",
     .method = "RESTORE_TO_ALTERNATE_LOCATION",
     .mappings = PLAN_MAP("C:\\db", "*", "yes", "D:\\alt"),
     .locations = PLAN_C(PLAN_LIST("C:\\db", "*", "yes")),
     .catalog = VOL "file C:\\db\\a\\b.x 1\n",
     .options = "--volume C:=/c\n--volume D:=/d\n",
     .want = "alternate - 6.6/4\nd D:\\alt @alternate\nd D:\\alt\\a @alternate\n+ D:\\alt\\a\\b.x "
             "@alternate\na C:\\db * -> D:\\alt\n"},
    {.name = "ruling 5: a mapping that fits a file but no set counts as none",
     .method = CAN,
     .mappings = PLAN_MAP("C:\\D", "a", "no", "C:\\Alt"),
     .locations = PLAN_C(PLAN_LIST("C:\\D", "a", "yes")),
     .catalog = VOL "file C:\\D\\a 1\n",
     .options = "--volume C:=/c\nhave file C:\\D\\a locked\n",
     .want = "refused NOT_REPLACEABLE 6.6/2\n! the mapping of 'C:\\D' 'a' (not recursive) of W "
             "matches no file set as a whole and counts as none\n"},
    {.name = "Q20: of two mappings of a set the first",
     .method = "RESTORE_TO_ALTERNATE_LOCATION",
     .mappings = D_MAP PLAN_MAP("c:\\d\\", "*", "yes", "C:\\Other"),
     .locations = D_ALL,
     .catalog = VOL "file C:\\D\\a 1\n",
     .want = "alternate - 6.6/4\nd C:\\Alt @alternate\n+ C:\\Alt\\a @alternate\na C:\\D * -> "
             "C:\\Alt\n! 'c:\\d\\' '*' is mapped twice; the first mapping counts\n"},
    {.name = "Q5: --alm-overwrite never",
     .method = "RESTORE_TO_ALTERNATE_LOCATION",
     .mappings = D_MAP,
     .locations = D_ALL,
     .catalog = AB,
     .options = "--volume C:=/c\n--alm-overwrite never\nhave file C:\\Alt\\b\n",
     .want = "refused MAPPING_BLOCKED 6.6/4\n"},
    {.name = "ruling 32: no value in a mapping's destination",
     .method = "RESTORE_TO_ALTERNATE_LOCATION",
     .mappings = PLAN_MAP("C:\\D", "*", "yes", "%Nope%\\x"),
     .locations = D_ALL,
     .catalog = AB,
     .want = "refused ENVIRONMENT_UNKNOWN 5.3\n"},
    {.name = "ruling 32: a destination takes the value given",
     .method = "RESTORE_TO_ALTERNATE_LOCATION",
     .mappings = PLAN_MAP("C:\\D", "*", "yes", "%X%\\y"),
     .locations = D_ALL,
     .catalog = VOL "env X=C:\\Old\nfile C:\\D\\a 1\n",
     .options = "--volume C:=/c\n--env X=C:\\New\n",
     .want = "alternate - 6.6/4\nd C:\\New @alternate\nd C:\\New\\y @alternate\n+ C:\\New\\y\\a "
             "@alternate\na C:\\D * -> %X%\\y\n"},
    {.name = "T40: target alternate without a mapping never falls back",
     .method = CAN,
     .locations = D_ALL,
     .catalog = AB,
     .options = "--volume C:=/c\n--restore-target W:C=alternate\n",
     .want = "refused MAPPING_MISSING 6.7/2\n"},
    {.name = "target alternate from the document",
     .method = CAN,
     .mappings = D_MAP,
     .locations = D_ALL,
     .catalog = VOL "file C:\\D\\a 1\n",
     .components =
         "<COMPONENT componentName=\"C\" componentType=\"filegroup\" restoreTarget=\"alternate\"/>",
     .want = "alternate - 6.7/2\nd C:\\Alt @alternate\n+ C:\\Alt\\a @alternate\na C:\\D * -> "
             "C:\\Alt\n"},
    {.name = "the caller's target wins over the document's (ruling 6)",
     .method = CAN,
     .mappings = D_MAP,
     .locations = D_ALL,
     .catalog = VOL "file C:\\D\\a 1\n",
     .components =
         "<COMPONENT componentName=\"C\" componentType=\"filegroup\" restoreTarget=\"alternate\"/>",
     .options = "--volume C:=/c\n--restore-target W:C=original\n",
     .want = "original - 6.6/2\nd C:\\D\n+ C:\\D\\a\n"},
    {.name = "T41: original location under method 4, mapping unused",
     .method = "RESTORE_TO_ALTERNATE_LOCATION",
     .mappings = D_MAP,
     .locations = D_ALL,
     .catalog = VOL "file C:\\D\\a 1\n",
     .options = "--volume C:=/c\n--restore-target W:C=original_location\n",
     .want =
         "original_location - 6.7/4\nd C:\\D @original_location\n+ C:\\D\\a @original_location\n"},
    {.name = "original location blocked: no way round",
     .method = CAN,
     .mappings = D_MAP,
     .locations = D_ALL,
     .catalog = AB,
     .options =
         "--volume C:=/c\n--restore-target W:C=original_location\nhave file C:\\D\\a locked\n",
     .want = "refused NOT_REPLACEABLE 6.7/4\n"},
    {.name = "a target that is no word",
     .method = CAN,
     .locations = D_ALL,
     .catalog = AB,
     .components =
         "<COMPONENT componentName=\"C\" componentType=\"filegroup\" restoreTarget=\"elsewhere\"/>",
     .want = "refused DOCUMENT_UNKNOWN_WORD 9.6\n"},
    {.name = "no restore method at all",
     .method = NULL,
     .locations = D_ALL,
     .catalog = AB,
     .want = "refused METHOD_UNDEFINED 6.6/0\n"},
    {.name = "method 3 without a service (ruling 7)",
     .method = "STOP_RESTORE_START",
     .no_service = true,
     .locations = D_ALL,
     .catalog = AB,
     .want = "refused SERVICE_STOP_FAILED 6.6/3\n"},
    {.name = "method 8 without a service is planned (ruling 34)",
     .method = "RESTORE_STOP_START",
     .no_service = true,
     .locations = D_ALL,
     .catalog = VOL "file C:\\D\\a 1\n",
     .want = "original - 6.6/8\nd C:\\D\n+ C:\\D\\a\n"},
    {.name = "T44 offline: method 5 knows no mapping and no target",
     .method = "RESTORE_AT_REBOOT",
     .mappings = D_MAP,
     .locations = D_ALL,
     .catalog = AB,
     .options = "--volume C:=/c\n--restore-target W:C=alternate\nhave file C:\\D\\b locked\n",
     .want = "refused NOT_REPLACEABLE 6.6/5\n"},
    {.name = "6.8: method 5 ignores a target, with a warning",
     .method = "RESTORE_AT_REBOOT",
     .mappings = D_MAP,
     .locations = D_ALL,
     .catalog = VOL "file C:\\D\\a 1\n",
     .options = "--volume C:=/c\n--restore-target W:C=alternate\n",
     .want = "original - 6.6/5\nd C:\\D\n+ C:\\D\\a\n! rule 6.8: the restore target of W: C has no "
             "influence at reboot\n"},
    {.name = "6.7: directed without entries is original, with a warning",
     .method = CAN,
     .locations = D_ALL,
     .catalog = VOL "file C:\\D\\a 1\n",
     .options = "--volume C:=/c\n--restore-target W:C=directed\n",
     .want = "original - 6.6/2\nd C:\\D\n+ C:\\D\\a\n! rule 6.7: W: C is directed, but nothing "
             "says where to\n"},
    {.name = "a file with further names is replaced with a warning",
     .method = CAN,
     .locations = D_ALL,
     .catalog = VOL "file C:\\D\\a 1\n",
     .options = "--volume C:=/c\nhave file C:\\D\\a linked\n",
     .want = "original - 6.6/2\n= C:\\D\\a\n! 1 files to be replaced for W: C have further names, "
             "which keep the old content; the first is 'C:\\D\\a'\n"},
    {.name = "ruling 39: the first obstacle in plan order names the error",
     .method = CAN,
     .locations = PLAN_C(PLAN_LIST("C:\\D", "a", "no") PLAN_LIST("E:\\", "e", "no")),
     .catalog = AB "volume E:\nfile E:\\e 1\n",
     .options = "--volume C:=/c\nhave file C:\\D\\a locked\n",
     .want = "refused NOT_REPLACEABLE 6.5\n"},
    {.name = "live trees wait for their rules",
     .method = CAN,
     .locations = D_ALL,
     .catalog = AB,
     .options = "--volume C:=/c\n--tree live\n",
     .want = "error: --tree live"},
};

static void run_all(const struct plan_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        plan_case_run(&cases[i]);
    }
}

static void files_follow_section_5(void **state)
{
    (void)state;
    run_all(file_cases, COUNT_OF(file_cases));
}

static void places_follow_section_6(void **state)
{
    (void)state;
    run_all(method_cases, COUNT_OF(method_cases));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_follow_section_5),
        cmocka_unit_test(places_follow_section_6),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
