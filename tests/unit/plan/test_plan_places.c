/* test_plan_places.c - volumes, roots, mounts, names, and what several units share.
 *
 * Goal: each destination is one place, whatever it is called, and two files never get the same
 * one (contract, section 3; rules 5.9, 6.12; rulings 8, 17, 20, 21, 24, 26, 28; T48). Method:
 * tables of cases (plan_case.h), and single looks at what facts were asked. */
#include "vsr_test.h"

#include "plan_case.h"

#define CAN   "RESTORE_IF_CAN_BE_REPLACED"
#define ALT   "RESTORE_TO_ALTERNATE_LOCATION"
#define VOL   "volume C:\n"
#define D_ALL PLAN_C(PLAN_LIST("C:\\D", "*", "yes"))
#define ONE   VOL "file C:\\D\\a 1\n"
#define G     "\\\\?\\Volume{0d1e2f30-0000-0000-0000-000000000001}\\"

#define DB VOL "file C:\\D\\a 1\nfile C:\\D\\s\\b 2\n"

static const struct plan_case awaited_cases[] = {
    {.name = "8.5: something older comes at the next boot, two folders below what is there",
     .method = CAN,
     .locations = D_ALL,
     .catalog = DB,
     .options = "--volume C:=/c\nhave file C:\\d\\S\\B awaited\n",
     .want = "refused NOT_REPLACEABLE 6.6/2\n"},
    {.name = "8.5: in a folder that is there",
     .method = CAN,
     .locations = D_ALL,
     .catalog = DB,
     .options = "--volume C:=/c\nhave dir C:\\D\\s\nhave file C:\\D\\s\\b awaited\n",
     .want = "refused NOT_REPLACEABLE 6.6/2\n"},
    {.name = "8.5: over a file that is there, and a mapping is the way round",
     .method = CAN,
     .mappings = PLAN_MAP("C:\\D", "*", "yes", "C:\\Alt"),
     .locations = D_ALL,
     .catalog = ONE,
     .options = "--volume C:=/c\nhave file C:\\D\\a\nhave file C:\\D\\a awaited\n",
     .want = "alternate - 6.6/2\nd C:\\Alt @alternate\n+ C:\\Alt\\a @alternate\n"
             "a C:\\D * -> C:\\Alt\n"},
    {.name = "8.5: what is there already names the obstacle",
     .method = "RESTORE_IF_NOT_THERE",
     .locations = D_ALL,
     .catalog = ONE,
     .options = "--volume C:=/c\nhave file C:\\D\\a\nhave file C:\\D\\a awaited\n",
     .want = "refused PRESENT 6.6/1\n"},
    {.name = "8.1: what waits itself stands behind it",
     .method = "REPLACE_AT_REBOOT_IF_CANNOT_REPLACE",
     .locations = D_ALL,
     .catalog = ONE,
     .options = "--volume C:=/c\n--tree live\nhave dir C:\\D\nhave file C:\\D\\a awaited\n",
     .want = "staged - 6.6/6\ns C:\\D\\a\n"},
    {.name = "what would be taken for work that waits is never restored",
     .method = CAN,
     .locations = D_ALL,
     .catalog = VOL "file C:\\D\\a 1\nfile C:\\D\\.vssrestore-pending-1\\journal 1\n",
     .want = "refused NAME_UNREPRESENTABLE 6.6/2\n"},
    {.name = "8.5: other names are free, and what is kept is not written",
     .method = CAN,
     .locations = D_ALL,
     .catalog = ONE "free C:\\E\\e 1\n",
     .options = "--volume C:=/c\n--unprotected\nhave file C:\\D\\b awaited\n"
                "have file C:\\D\\s\\a awaited\nhave file C:\\E\\e\n"
                "have file C:\\E\\e awaited\n",
     .want = "original - 6.6/2\nd C:\\D\n+ C:\\D\\a\noriginal - 5.8\n. C:\\E\\e\n"},
};

static const struct plan_case volume_cases[] = {
    {.name = "6.12: a volume that is not mapped refuses the unit that needs it",
     .method = CAN,
     .locations = D_ALL,
     .catalog = ONE,
     .second = PLAN_C(PLAN_LIST("E:\\", "e", "no")),
     .options = "--volume E:=/e\n",
     .want = "refused VOLUME_UNMAPPED 6.12\nrefused FILE_MISSING_ON_MEDIA 5.10\n"},
    {.name = "6.12: also the volume of a mapping",
     .method = "RESTORE_TO_ALTERNATE_LOCATION",
     .mappings = PLAN_MAP("C:\\D", "*", "yes", "Q:\\alt"),
     .locations = D_ALL,
     .catalog = ONE,
     .want = "refused VOLUME_UNMAPPED 6.12\n"},
    {.name = "method 4 does not need the original volume",
     .method = "RESTORE_TO_ALTERNATE_LOCATION",
     .mappings = PLAN_MAP("C:\\D", "*", "yes", "Q:\\alt"),
     .locations = D_ALL,
     .catalog = ONE,
     .options = "--volume Q:=/q\n",
     .want = "alternate - 6.6/4\nd Q:\\alt @alternate\n+ Q:\\alt\\a @alternate\na C:\\D * -> "
             "Q:\\alt\n"},
    {.name = "letter and GUID are one volume, at the letter's place",
     .method = CAN,
     .locations = PLAN_C(PLAN_LIST(G "D", "*", "no")),
     .catalog = "volume C: " G "\nfile C:\\D\\a 1\n",
     .options = "--root /r\n",
     .want = "original - 6.6/2\nd C:\\D\n+ C:\\D\\a\n"},
    {.name = "mapped by GUID, known by letter",
     .method = CAN,
     .locations = D_ALL,
     .catalog = "volume C: " G "\nfile C:\\D\\a 1\n",
     .options = "--volume " G "=/c\n",
     .want = "original - 6.6/2\nd C:\\D\n+ C:\\D\\a\n"},
    {.name = "two SPECs for one DIR, spelled differently, are one volume: a conflict is seen",
     .method = "RESTORE_TO_ALTERNATE_LOCATION",
     .mappings = PLAN_MAP("C:\\D", "a", "no", "X:\\alt") PLAN_MAP("C:\\E", "a", "no", "Y:\\ALT"),
     .locations = PLAN_C(PLAN_LIST("C:\\D", "a", "no") PLAN_LIST("C:\\E", "a", "no")),
     .catalog = ONE "file C:\\E\\a 1\n",
     .options = "--volume X:=/x/.\n--volume Y:=/x//\n",
     .want = "refused DESTINATION_CONFLICT 5.9\n"},
    {.name = "... and so is what only its inode tells",
     .method = "RESTORE_TO_ALTERNATE_LOCATION",
     .mappings = PLAN_MAP("C:\\D", "a", "no", "X:\\alt") PLAN_MAP("C:\\E", "a", "no", "Y:\\alt"),
     .locations = PLAN_C(PLAN_LIST("C:\\D", "a", "no") PLAN_LIST("C:\\E", "a", "no")),
     .catalog = ONE "file C:\\E\\a 1\n",
     .options = "--volume X:=/x\n--volume Y:=/link-to-x\ndestination one-directory\n",
     .want = "refused DESTINATION_CONFLICT 5.9\n"},
    {.name = "a folder where a volume is mounted has its own place",
     .method = CAN,
     .locations = PLAN_C(PLAN_LIST("C:\\M", "*", "yes")),
     .catalog = VOL "file C:\\M\\Data\\a 1\nfile C:\\M\\b 1\n",
     .options = "--volume C:=/c\n--volume C:\\M\\Data=/data\n",
     .want = "original - 6.6/2\nd C:\\M\n+ C:\\M\\b\n+ C:\\M\\Data\\a\n"},
    {.name = "the same volume at one directory, said twice",
     .method = CAN,
     .locations = D_ALL,
     .catalog = ONE,
     .options = "--volume c:=/c\n--volume C:\\=/c/\n",
     .want = "original - 6.6/2\nd C:\\D\n+ C:\\D\\a\n"},
    {.name = "two SPECs for one relative DIR are one volume, too",
     .method = ALT,
     .mappings = PLAN_MAP("C:\\D", "a", "no", "X:\\alt") PLAN_MAP("C:\\E", "a", "no", "Y:\\ALT"),
     .locations = PLAN_C(PLAN_LIST("C:\\D", "a", "no") PLAN_LIST("C:\\E", "a", "no")),
     .catalog = ONE "file C:\\E\\a 1\n",
     .options = "--volume X:=./x\n--volume Y:=x//\n",
     .want = "refused DESTINATION_CONFLICT 5.9\n"},
    {.name = "one volume by three names, whose directories are one",
     .method = CAN,
     .locations = D_ALL,
     .catalog = "volume C: " G " D:\\M\\ D:\\N\\\nfile C:\\D\\a 1\n",
     .options = "--volume C:=/c\n--volume " G "=/d\n--volume D:\\M=/e\n--volume D:\\N=/d\n"
                "destination one-directory\n",
     .want = "original - 6.6/2\nd C:\\D\n+ C:\\D\\a\n"},
    {.name = "a directory of one volume that is another's top: a conflict is seen",
     .method = ALT,
     .mappings = PLAN_MAP("C:\\D", "a", "no", "C:\\M") PLAN_MAP("C:\\E", "a", "no", "E:\\"),
     .locations = PLAN_C(PLAN_LIST("C:\\D", "a", "no") PLAN_LIST("C:\\E", "a", "no")),
     .catalog = ONE "file C:\\E\\a 1\n",
     .options = "--volume C:=/c\n--volume E:=/e\nhave dir C:\\M second\n",
     .want = "refused DESTINATION_CONFLICT 5.9\n"},
    {.name = "what a mounted volume holds goes below the place of the folder that it is mounted in",
     .method = ALT,
     .mappings = PLAN_MAP("C:\\D", "*", "yes", "C:\\Alt"),
     .locations = D_ALL,
     .catalog = "volume C:\nvolume E: C:\\D\\M\\\nfile C:\\D\\a 1\nfile E:\\z 1\n",
     .options = "--volume C:=/c\n--volume E:=/e\n",
     .want = "alternate - 6.6/4\nd C:\\Alt @alternate\nd C:\\Alt\\M @alternate\n+ C:\\Alt\\a "
             "@alternate\n+ C:\\Alt\\M\\z @alternate\na C:\\D * -> C:\\Alt\n"},
    {.name = "--root below a folder that takes nothing",
     .method = CAN,
     .locations = D_ALL,
     .catalog = ONE,
     .options = "--root /r\ndestination blocked\n",
     .want = "refused NOT_REPLACEABLE 6.6/2\n"},
    {.name = "a directory's name that the destination cannot hold",
     .method = CAN,
     .locations = PLAN_C(PLAN_LIST("C:\\Directory", "*", "no")),
     .catalog = VOL "file C:\\Directory\\a 1\n",
     .options = "--volume C:=/c\ndestination names=3\n",
     .want = "refused NAME_UNREPRESENTABLE 6.6/2\n"},
    {.name = "the same volume at two directories",
     .method = CAN,
     .locations = D_ALL,
     .catalog = ONE,
     .options = "--volume C:=/c\n--volume c:\\=/d\n",
     .want = "error: stands at '/c' already"},
    {.name = "one volume by two names at two directories",
     .method = CAN,
     .locations = D_ALL,
     .catalog = "volume C: " G "\nfile C:\\D\\a 1\n",
     .options = "--volume C:=/c\n--volume " G "=/d\n",
     .want = "error: are names of one volume"},
    {.name = "... which are one directory after all",
     .method = CAN,
     .locations = D_ALL,
     .catalog = "volume C: " G "\nfile C:\\D\\a 1\n",
     .options = "--volume C:=/c\n--volume " G "=/link-to-c\ndestination one-directory\n",
     .want = "original - 6.6/2\nd C:\\D\n+ C:\\D\\a\n"},
    {.name = "no SPEC=DIR",
     .method = CAN,
     .locations = D_ALL,
     .catalog = ONE,
     .options = "--volume C:\n",
     .want = "error: SPEC=DIR"},
    {.name = "no SPEC",
     .method = CAN,
     .locations = D_ALL,
     .catalog = ONE,
     .options = "--volume foo=/c\n",
     .want = "error: the SPEC"},
    {.name = "no NAME=value",
     .method = CAN,
     .locations = D_ALL,
     .catalog = ONE,
     .options = "--volume C:=/c\n--env foo\n",
     .want = "error: NAME=value"},
    {.name = "a --volume whose directory is not there",
     .method = CAN,
     .locations = D_ALL,
     .catalog = ONE,
     .options = "--volume C:=/c\ndestination missing\n",
     .want = "error: there is no such directory"},
    {.name = "--root makes what is missing; a volume's own top is no record",
     .method = CAN,
     .locations = D_ALL,
     .catalog = ONE,
     .options = "--root /r\ndestination missing\n",
     .want = "original - 6.6/2\nd C:\\D\n+ C:\\D\\a\n"},
    {.name = "a share, whatever its case",
     .method = CAN,
     .locations = PLAN_C(PLAN_LIST("\\\\SRV\\Share$\\D", "*", "no")),
     .catalog = "volume \\\\srv\\share$\nfile \\\\srv\\share$\\D\\a 1\n",
     .options = "--volume \\\\srv\\SHARE$=/s\n",
     .want = "original - 6.6/2\nd \\\\srv\\SHARE$\\D\n+ \\\\srv\\SHARE$\\D\\a\n"},
};

static const struct plan_case block_cases[] = {
    {.name = "ruling 26: a mount below",
     .method = CAN,
     .mappings = PLAN_MAP("C:\\D", "*", "yes", "C:\\Alt"),
     .locations = D_ALL,
     .catalog = ONE,
     .options = "--volume C:=/c\nhave dir C:\\D mount\n",
     .want = "refused MOUNT_IN_PLACE ruling 26\n"},
    {.name = "ruling 26: --cross-mounts",
     .method = CAN,
     .locations = D_ALL,
     .catalog = ONE,
     .options = "--volume C:=/c\n--cross-mounts\nhave dir C:\\D mount\n",
     .want = "original - 6.6/2\n+ C:\\D\\a\n"},
    {.name = "a file where a directory should be",
     .method = CAN,
     .locations = D_ALL,
     .catalog = ONE,
     .options = "--volume C:=/c\nhave file C:\\D\n",
     .want = "refused NOT_REPLACEABLE 6.6/2\n"},
    {.name = "a link where a directory should be is not followed",
     .method = CAN,
     .locations = D_ALL,
     .catalog = ONE,
     .options = "--volume C:=/c\nhave symlink C:\\D\n",
     .want = "refused NOT_REPLACEABLE 6.6/2\n"},
    {.name = "a link where a file should be is not followed",
     .method = CAN,
     .locations = D_ALL,
     .catalog = ONE,
     .options = "--volume C:=/c\nhave symlink C:\\D\\a\n",
     .want = "refused NOT_REPLACEABLE 6.6/2\n"},
    {.name = "a link where a link should be gives way",
     .method = CAN,
     .locations = D_ALL,
     .catalog = VOL "symlink C:\\D\\s\n",
     .options = "--volume C:=/c\nhave symlink C:\\D\\S\n",
     .want = "original - 6.6/2\nR C:\\D\\S\n"},
    {.name = "a file where a link should be gives way, a locked one does not",
     .method = CAN,
     .locations = D_ALL,
     .catalog = VOL "symlink C:\\D\\s\n",
     .options = "--volume C:=/c\nhave file C:\\D\\s locked\n",
     .want = "refused NOT_REPLACEABLE 6.6/2\n"},
    {.name = "something else where a file should be",
     .method = CAN,
     .locations = D_ALL,
     .catalog = ONE,
     .options = "--volume C:=/c\nhave other C:\\D\\a\n",
     .want = "refused NOT_REPLACEABLE 6.6/2\n"},
    {.name = "a folder that takes nothing new",
     .method = CAN,
     .locations = D_ALL,
     .catalog = ONE,
     .options = "--volume C:=/c\nhave dir C:\\ readonly\nhave dir C: readonly\n",
     .want = "refused NOT_REPLACEABLE 6.6/2\n"},
    {.name = "ruling 20: an empty folder that cannot be made stops nothing",
     .method = CAN,
     .locations = D_ALL,
     .catalog = ONE "dir C:\\D\\x\n",
     .options = "--volume C:=/c\nhave file C:\\D\\x\n",
     .want = "original - 6.6/2\n+ C:\\D\\a\n! the folder 'C:\\D\\x' is not made: a file stands "
             "where a directory should\n"},
    {.name = "ruling 21: a name that the file system cannot hold",
     .method = CAN,
     .locations = D_ALL,
     .catalog = VOL "file C:\\D\\a.longer 1\n",
     .options = "--volume C:=/c\ndestination names=5\n",
     .want = "refused NAME_UNREPRESENTABLE 6.6/2\n"},
    {.name = "ruling 21: ... counted in bytes, and only where it is new",
     .method = CAN,
     .locations = D_ALL,
     .catalog = VOL "file C:\\D\\a.longer 1\n",
     .options = "--volume C:=/c\nhave file C:\\D\\A.LONGER\ndestination names=5\n",
     .want = "original - 6.6/2\n= C:\\D\\A.LONGER\n"},
    {.name = "ruling 21: a Windows file system holds no trailing dot",
     .method = CAN,
     .locations = D_ALL,
     .catalog = VOL "file C:\\D\\x. 1\n",
     .options = "--volume C:=/c\ndestination units\n",
     .want = "refused NAME_UNREPRESENTABLE 6.6/2\n"},
    {.name = "ruling 21: elsewhere it may stand",
     .method = CAN,
     .locations = D_ALL,
     .catalog = VOL "file C:\\D\\x. 1\n",
     .want = "original - 6.6/2\nd C:\\D\n+ C:\\D\\x.\n"},
    {.name = "ruling 21: a mapping to a place that can hold the name",
     .method = CAN,
     .mappings = PLAN_MAP("C:\\D", "*", "yes", "C:\\Alt"),
     .locations = D_ALL,
     .catalog = VOL "file C:\\D\\abcdef 1\n",
     .options = "--volume C:=/c\nhave file C:\\Alt\\ABCDEF\ndestination names=5\n",
     .want = "alternate - 6.6/2\n= C:\\Alt\\ABCDEF @alternate\na C:\\D * -> C:\\Alt\n"},
    {.name = "ruling 21: names equal but for case, side by side where they can be",
     .method = CAN,
     .locations = D_ALL,
     .catalog = VOL "file C:\\D\\f 1\nfile C:\\D\\F 1\n",
     .options = "--volume C:=/c\ndestination case-sensitive\n",
     .want = "original - 6.6/2\nd C:\\D\n+ C:\\D\\F\n+ C:\\D\\f\n"},
    {.name = "ruling 21: ... and not where they cannot",
     .method = CAN,
     .locations = D_ALL,
     .catalog = VOL "file C:\\D\\f 1\nfile C:\\D\\F 1\n",
     .want = "refused CASE_COLLISION ruling 21\n"},
    {.name = "ruling 21: ... nor where one of them stands already",
     .method = CAN,
     .locations = D_ALL,
     .catalog = VOL "file C:\\D\\f 1\nfile C:\\D\\F 1\n",
     .options = "--volume C:=/c\ndestination case-sensitive\nhave file C:\\D\\f\n",
     .want = "refused CASE_COLLISION ruling 21\n"},
    {.name = "ruling 21: ... but where both of them stand",
     .method = CAN,
     .locations = D_ALL,
     .catalog = VOL "file C:\\D\\f 1\nfile C:\\D\\F 1\n",
     .options =
         "--volume C:=/c\ndestination case-sensitive\nhave file C:\\D\\f\nhave file C:\\D\\F\n",
     .want = "original - 6.6/2\n= C:\\D\\F\n= C:\\D\\f\n"},
    {.name = "ruling 21: directories equal but for case that both stand there",
     .method = CAN,
     .locations = D_ALL,
     .catalog = VOL "file C:\\D\\s\\f 1\nfile C:\\D\\S\\f 1\n",
     .options =
         "--volume C:=/c\ndestination case-sensitive\nhave dir C:\\D\\s\nhave dir C:\\D\\S\n",
     .want = "original - 6.6/2\n+ C:\\D\\S\\f\n+ C:\\D\\s\\f\n"},
    {.name = "ruling 21: ... of which only one stands there",
     .method = CAN,
     .locations = D_ALL,
     .catalog = VOL "file C:\\D\\s\\f 1\nfile C:\\D\\S\\f 1\n",
     .options = "--volume C:=/c\ndestination case-sensitive\nhave dir C:\\D\\s\n",
     .want = "refused CASE_COLLISION 5.9\n"},
    {.name = "ruling 21: a file and a directory equal but for case, side by side",
     .method = CAN,
     .locations = D_ALL,
     .catalog = VOL "file C:\\D\\F 1\nfile C:\\D\\f\\x 1\n",
     .options = "--volume C:=/c\ndestination case-sensitive\n",
     .want = "original - 6.6/2\nd C:\\D\nd C:\\D\\f\n+ C:\\D\\F\n+ C:\\D\\f\\x\n"},
    {.name = "ruling 21: ... and where they cannot be",
     .method = CAN,
     .locations = D_ALL,
     .catalog = VOL "file C:\\D\\F 1\nfile C:\\D\\f\\x 1\n",
     .want = "refused CASE_COLLISION ruling 21\n"},
    {.name = "ruling 21: directories equal but for case, side by side",
     .method = CAN,
     .locations = D_ALL,
     .catalog = VOL "file C:\\D\\s\\f 1\nfile C:\\D\\S\\f 1\n",
     .options = "--volume C:=/c\ndestination case-sensitive\n",
     .want = "original - 6.6/2\nd C:\\D\nd C:\\D\\S\nd C:\\D\\s\n+ C:\\D\\S\\f\n+ C:\\D\\s\\f\n"},
    {.name = "ruling 21: directories equal but for case, where they would become one",
     .method = CAN,
     .locations = D_ALL,
     .catalog = VOL "file C:\\D\\s\\f 1\nfile C:\\D\\S\\g 1\n",
     .want = "refused CASE_COLLISION 5.9\n"},
};

static const struct plan_case share_cases[] = {
    {.name = "T48: two units, one destination, different sources",
     .method = "RESTORE_TO_ALTERNATE_LOCATION",
     .mappings = PLAN_MAP("C:\\D", "*", "yes", "C:\\E"),
     .locations = D_ALL,
     .second = PLAN_C(PLAN_LIST("C:\\E", "*", "no")),
     .catalog = ONE "file C:\\E\\A 1\n",
     .want = "refused DESTINATION_CONFLICT 5.9\nrefused DESTINATION_CONFLICT 5.9\n"},
    {.name = "T48: a unit that is refused anyway is no party to a conflict",
     .method = "RESTORE_TO_ALTERNATE_LOCATION",
     .mappings = PLAN_MAP("C:\\D", "*", "yes", "C:\\E"),
     .locations = D_ALL,
     .second = PLAN_C(PLAN_LIST("C:\\E", "*", "no")),
     .catalog = ONE "file C:\\D\\b 1\nfile C:\\E\\A 1\n",
     .options = "--volume C:=/c\nhave file C:\\E\\b locked\n",
     .want = "refused MAPPING_BLOCKED 6.6/4\noriginal - 6.6/2\n+ C:\\E\\A\n"},
    {.name = "a file where the other needs a directory",
     .method = "RESTORE_TO_ALTERNATE_LOCATION",
     .mappings = PLAN_MAP("C:\\D", "*", "yes", "C:\\E"),
     .locations = D_ALL,
     .second = PLAN_C(PLAN_LIST("C:\\E\\a", "*", "no")),
     .catalog = ONE "file C:\\E\\a\\x 1\n",
     .want = "refused DESTINATION_CONFLICT 5.9\nrefused DESTINATION_CONFLICT 5.9\n"},
    {.name = "ruling 8: one file in two units: the first owns the record",
     .method = CAN,
     .locations = D_ALL,
     .second = PLAN_C(PLAN_LIST("C:\\D", "a", "no") PLAN_LIST("C:\\", "x", "no")),
     .catalog = ONE "file C:\\x 1\n",
     .want = "original - 6.6/2\nd C:\\D\n+ C:\\D\\a\noriginal - 6.6/2\n+ C:\\x\n<- C:\\D\\a\n"},
    {.name = "ruling 8: different destinations: both are planned",
     .method = "RESTORE_TO_ALTERNATE_LOCATION",
     .mappings = PLAN_MAP("C:\\D", "*", "yes", "C:\\E"),
     .locations = D_ALL,
     .second = PLAN_C(PLAN_LIST("C:\\D", "a", "no")),
     .catalog = ONE,
     .want = "alternate - 6.6/4\nd C:\\E @alternate\n+ C:\\E\\a @alternate\noriginal - 6.6/2\nd "
             "C:\\D\n+ C:\\D\\a\na C:\\D * -> C:\\E\n"},
    {.name = "ruling 28: the owner is refused, the other with it",
     .method = "RESTORE_IF_NOT_THERE",
     .locations = D_ALL,
     .second = PLAN_C(PLAN_LIST("C:\\D", "a", "no")),
     .catalog = ONE,
     .options = "--volume C:=/c\nhave file C:\\D\\a\n",
     .want = "refused PRESENT 6.6/1\nrefused PRESENT ruling 28\n"},
    {.name = "ruling 28: ... unless they would have gone to different places",
     .method = "RESTORE_TO_ALTERNATE_LOCATION",
     .mappings = PLAN_MAP("C:\\D", "*", "yes", "C:\\E"),
     .locations = D_ALL,
     .second = PLAN_C(PLAN_LIST("C:\\D", "a", "no")),
     .catalog = ONE,
     .options = "--volume C:=/c\nhave file C:\\E\\a locked\n",
     .want = "refused MAPPING_BLOCKED 6.6/4\noriginal - 6.6/2\nd C:\\D\n+ C:\\D\\a\n"},
    {.name = "ruling 28: refused by a conflict, passed on",
     .method = CAN,
     .locations =
         PLAN_C(PLAN_LIST("C:\\D", "*", "no")) PLAN_GROUP("", "X", PLAN_LIST("C:\\E", "*", "no")),
     .components =
         "<COMPONENT componentName=\"C\" componentType=\"filegroup\"/>"
         "<COMPONENT componentName=\"X\" componentType=\"filegroup\"><NEW_TARGET path=\"C:\\E\" "
         "filespec=\"*\" recursive=\"no\" alternatePath=\"C:\\D\"/></COMPONENT>",
     .second = PLAN_C(PLAN_LIST("C:\\D", "b", "no")),
     .catalog = ONE "file C:\\D\\b 1\nfile C:\\E\\a 1\n",
     .want = "refused DESTINATION_CONFLICT 5.9\nrefused DESTINATION_CONFLICT 5.9\nrefused "
             "DESTINATION_CONFLICT ruling 28\n"},
    {.name =
         "rulings 17, 20: a directory stands in the first unit that needs it, and none that exists",
     .method = CAN,
     .locations = PLAN_C(PLAN_LIST("C:\\A\\B", "x", "no")),
     .second = PLAN_C(PLAN_LIST("C:\\A\\B", "y", "no") PLAN_LIST("C:\\A\\C", "z", "no")),
     .catalog = VOL "file C:\\A\\B\\x 1\nfile C:\\A\\B\\y 1\nfile C:\\A\\C\\z 1\n",
     .options = "--volume C:=/c\nhave dir C:\\A\n",
     .want = "original - 6.6/2\nd C:\\A\\B\n+ C:\\A\\B\\x\noriginal - 6.6/2\nd C:\\A\\C\n+ "
             "C:\\A\\B\\y\n+ C:\\A\\C\\z\n"},
    {.name = "ruling 20: a refused unit makes no directory, the next one does",
     .method = "RESTORE_IF_NOT_THERE",
     .locations = PLAN_C(PLAN_LIST("C:\\A\\B", "x", "no") PLAN_LIST("C:\\", "p", "no")),
     .second = PLAN_C(PLAN_LIST("C:\\A\\B", "y", "no")),
     .catalog = VOL "file C:\\A\\B\\x 1\nfile C:\\A\\B\\y 1\nfile C:\\p 1\n",
     .options = "--volume C:=/c\nhave file C:\\p\n",
     .want = "refused PRESENT 6.6/1\noriginal - 6.6/2\nd C:\\A\nd C:\\A\\B\n+ C:\\A\\B\\y\n"},
    {.name = "ruling 24: a directory takes the catalogue's spelling, else the first one",
     .method = "RESTORE_TO_ALTERNATE_LOCATION",
     .mappings = PLAN_MAP("C:\\D", "a", "no", "c:\\known\\NEW")
         PLAN_MAP("C:\\D", "b", "no", "C:\\KNOWN\\New"),
     .locations = PLAN_C(PLAN_LIST("C:\\D", "a", "no") PLAN_LIST("C:\\D", "b", "no")),
     .catalog = ONE "file C:\\D\\b 1\ndir C:\\Known\n",
     .want = "alternate - 6.6/4\nd C:\\Known @alternate\nd C:\\Known\\NEW @alternate\n+ "
             "C:\\Known\\NEW\\a @alternate\n+ C:\\Known\\NEW\\b @alternate\n"
             "a C:\\D a -> c:\\known\\NEW\na C:\\D b -> C:\\KNOWN\\New\n"},
    {.name = "5.11: names of a linked file in two units",
     .method = CAN,
     .locations = PLAN_C(PLAN_LIST("C:\\D", "z", "no")),
     .second = PLAN_C(PLAN_LIST("C:\\D", "a", "no")),
     .catalog = ONE "hardlink C:\\D\\z = C:\\D\\a\n",
     .want = "original - 6.6/2\nd C:\\D\n+ C:\\D\\z\noriginal - 6.6/2\nl C:\\D\\a\n"},
    {.name = "5.11, ruling 8: a second copy of a linked file is a file of its own",
     .method = "RESTORE_TO_ALTERNATE_LOCATION",
     .mappings = PLAN_MAP("C:\\D", "*", "yes", "C:\\E"),
     .locations = D_ALL,
     .second = PLAN_C(PLAN_LIST("C:\\D", "z", "no") PLAN_LIST("C:\\D", "y", "no")),
     .catalog = ONE "hardlink C:\\D\\y = C:\\D\\a\nhardlink C:\\D\\z = C:\\D\\a\n",
     .want = "alternate - 6.6/4\nd C:\\E @alternate\n+ C:\\E\\a @alternate\nl C:\\E\\y "
             "@alternate\nl C:\\E\\z @alternate\noriginal - 6.6/2\nd C:\\D\n+ C:\\D\\y\nl "
             "C:\\D\\z\na C:\\D * -> C:\\E\n"},
    {.name = "5.11, ruling 8: ... also where its first name is brought once",
     .method = "RESTORE_TO_ALTERNATE_LOCATION",
     .mappings = PLAN_MAP("C:\\D", "z", "no", "C:\\E"),
     .locations = PLAN_C(PLAN_LIST("C:\\D", "z", "no")),
     .second = D_ALL,
     .catalog = ONE "hardlink C:\\D\\z = C:\\D\\a\n",
     .want = "alternate - 6.6/4\nd C:\\E @alternate\n+ C:\\E\\z @alternate\noriginal - 6.6/2\nd "
             "C:\\D\n+ C:\\D\\a\nl C:\\D\\z\na C:\\D z -> C:\\E\n"},
};

static void run_all(const struct plan_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        plan_case_run(&cases[i]);
    }
}

static void volumes_have_one_place(void **state)
{
    (void)state;
    run_all(volume_cases, COUNT_OF(volume_cases));
    run_all(awaited_cases, COUNT_OF(awaited_cases));
}

static void what_is_in_the_way_is_named(void **state)
{
    (void)state;
    run_all(block_cases, COUNT_OF(block_cases));
}

static void units_share_and_collide(void **state)
{
    (void)state;
    run_all(share_cases, COUNT_OF(share_cases));
}

static void nothing_is_asked_below_what_is_missing(void **state)
{
    (void)state;
    const struct plan_case c = {
        .method = CAN,
        .locations = D_ALL,
        .catalog = VOL "file C:\\D\\x\\y\\z\\a 1\nfile C:\\D\\x\\y\\z\\b 1\nfile C:\\D\\c 1\n",
        .options = "--volume C:=/c\nhave dir C:\\D\n"};
    struct planner_fixture fixture = {0};
    plan_case_load(&fixture, &c);
    vsr_error error = {0};
    struct plan *plan = planner_fixture_plan(&fixture, &error);
    assert_non_null(plan);
    assert_int_equal(fixture.facts.entered, 2); /* D, and x in it */
    assert_int_equal(fixture.facts.lookups, 1); /* c in D */
    plan_free(plan);
    planner_fixture_fini(&fixture);
}

static void hard_links_point_to_the_first_planned_name(void **state)
{
    (void)state;
    const struct plan_case c = {.method = CAN,
                                .locations = D_ALL,
                                .catalog = ONE "hardlink C:\\D\\z = C:\\D\\a\n"};
    struct planner_fixture fixture = {0};
    plan_case_load(&fixture, &c);
    vsr_error error = {0};
    struct plan *plan = planner_fixture_plan(&fixture, &error);
    assert_non_null(plan);
    assert_int_equal(plan->file_count, 3);
    assert_int_equal(plan->files[1].kind, KIND_PLAIN);
    assert_int_equal(plan->files[2].kind, KIND_HARDLINK);
    assert_int_equal(plan->files[2].link_owner, 1);
    assert_int_equal(plan->files[2].size, 0);
    assert_int_equal(plan->bytes, 1);
    plan_free(plan);
    planner_fixture_fini(&fixture);
}

static void a_second_copy_has_names_of_its_own(void **state)
{
    (void)state;
    const struct plan_case c = {.method = "RESTORE_TO_ALTERNATE_LOCATION",
                                .mappings = PLAN_MAP("C:\\D", "*", "yes", "C:\\E"),
                                .locations = D_ALL,
                                .second = D_ALL,
                                .catalog = ONE "hardlink C:\\D\\z = C:\\D\\a\n"};
    struct planner_fixture fixture = {0};
    plan_case_load(&fixture, &c);
    vsr_error error = {0};
    struct plan *plan = planner_fixture_plan(&fixture, &error);
    assert_non_null(plan);
    assert_int_equal(plan->file_count, 6);
    assert_int_equal(plan->files[2].link_owner, 1);
    assert_int_equal(plan->files[4].kind, KIND_PLAIN);
    assert_int_equal(plan->files[4].link_owner, MARK_NONE);
    assert_int_equal(plan->files[4].size, 1);
    assert_int_equal(plan->files[5].kind, KIND_HARDLINK);
    assert_int_equal(plan->files[5].link_owner, 4);
    plan_free(plan);
    planner_fixture_fini(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(volumes_have_one_place),
        cmocka_unit_test(what_is_in_the_way_is_named),
        cmocka_unit_test(units_share_and_collide),
        cmocka_unit_test(nothing_is_asked_below_what_is_missing),
        cmocka_unit_test(hard_links_point_to_the_first_planned_name),
        cmocka_unit_test(a_second_copy_has_names_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
