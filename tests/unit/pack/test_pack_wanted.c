/* test_pack_wanted.c - what goes on the media, and what is said about the rest. Goal: ruling 1 of
 * the contract with 19-22, 24, 36 and 37, rules 5.2, 5.5, 5.7, 7.5-7.9. Method: small trees and
 * documents, the packed set's index asked for paths and flags, warnings searched. */
#include "unit/pack/pack_fixture.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define SET(path, spec, recursive)                                                                 \
    "<FILE_LIST path=\"" path "\" filespec=\"" spec "\" recursive=\"" recursive "\"/>"
#define EXCLUDE(path, spec, recursive)                                                             \
    "<EXCLUDE_FILES path=\"" path "\" filespec=\"" spec "\" recursive=\"" recursive "\"/>"

static const struct index_entry *entry_of(const struct media_set *set, const char *path)
{
    const uint32_t entry = set_entry(set, path);
    if (entry == MARK_NONE) {
        fail_msg("%s is not in the set", path);
    }
    return &set->index.entries[entry];
}

static void sets_less_excludes_with_directories_and_ancestors(void **state)
{
    (void)state;
    struct pack_fixture fixture;
    struct media_set set;
    pack_fixture_begin(&fixture);
    pack_fixture_sets(&fixture,
                      SET("C:\\top\\data", "*.d?t", "yes") SET("C:\\top\\flat\\", "*", "no"),
                      EXCLUDE("C:\\top\\data\\sub", "*", "yes"));
    tree_text(&fixture, "top/data/a.dat", "a");
    tree_text(&fixture, "top/data/b.txt", "b");
    tree_text(&fixture, "top/data/sub/c.dat", "c");
    tree_directory(&fixture, "top/data/sub/below");
    tree_directory(&fixture, "top/data/empty");
    tree_text(&fixture, "top/flat/d", "d");
    tree_text(&fixture, "top/flat/deeper/e", "e");
    tree_text(&fixture, "other/f.dat", "f");
    tree_time(&fixture, "top", 1111111111, 7);
    pack_fixture_pack_and_verify(&fixture);
    assert_int_equal(fixture.result.warning_count, 0);
    assert_int_equal(fixture.result.files, 2);
    pack_fixture_open(&fixture, &set);
    assert_packed(&set, "top/data/a.dat");
    assert_not_packed(&set, "top/data/b.txt");
    assert_not_packed(&set, "top/data/sub/c.dat");
    assert_packed(&set, "top/data/sub/below");
    assert_packed(&set, "top/data/empty");
    assert_packed(&set, "top/flat/d");
    assert_not_packed(&set, "top/flat/deeper");
    assert_not_packed(&set, "other");
    assert_int_equal(entry_of(&set, "top")->modify_s, 1111111111);
    assert_int_equal(entry_of(&set, "top")->modify_ns, 7);
    assert_int_equal(entry_of(&set, "top/data/a.dat")->flags & INDEX_UNPROTECTED, 0);
    set_close(&set);
    pack_fixture_end(&fixture);
}

static void paths_are_found_without_regard_to_case(void **state)
{
    (void)state;
    struct pack_fixture fixture;
    struct media_set set;
    pack_fixture_begin(&fixture);
    pack_fixture_sets(&fixture,
                      SET("c:\\DATA\\\xC3\x9C"
                          "ber",
                          "File.MDF", "no"),
                      "");
    tree_text(&fixture,
              "Data/\xC3\xBC"
              "BER/fILE.mdf",
              "x");
    pack_fixture_pack_and_verify(&fixture);
    assert_int_equal(fixture.result.warning_count, 0);
    pack_fixture_open(&fixture, &set);
    assert_packed(&set, "Data/\xC3\xBC"
                        "BER/fILE.mdf");
    set_close(&set);
    pack_fixture_end(&fixture);
}

static void mask_without_the_backup_types_bit_brings_nothing(void **state)
{
    (void)state;
    struct pack_fixture fixture;
    struct media_set set;
    pack_fixture_begin(&fixture);
    pack_fixture_documents(
        &fixture, "incremental", "",
        "<FILE_GROUP componentName=\"Main\" selectable=\"yes\">"
        "<FILE_LIST path=\"C:\\a\" filespec=\"named\" filespecBackupType=\"3841\"/>"
        "<FILE_LIST path=\"C:\\b\" filespec=\"*\" filespecBackupType=\"3855\"/></FILE_GROUP>");
    tree_text(&fixture, "a/x", "x");
    tree_text(&fixture, "b/y", "y");
    pack_fixture_pack_and_verify(&fixture);
    assert_int_equal(fixture.result.warning_count, 0); /* a\named is not demanded */
    pack_fixture_open(&fixture, &set);
    assert_not_packed(&set, "a");
    assert_packed(&set, "b/y");
    set_close(&set);
    pack_fixture_end(&fixture);
}

static void alternate_path_is_read_first_and_kept_under_the_normal_one(void **state)
{
    (void)state;
    struct pack_fixture fixture;
    struct media_set set;
    char out[96], path[200], spit[200];
    pack_fixture_begin(&fixture);
    pack_fixture_sets(&fixture,
                      "<FILE_LIST path=\"C:\\app\\live\" filespec=\"*.db\" recursive=\"yes\" "
                      "alternatePath=\"C:\\app\\Spit\"/>"
                      "<FILE_LIST path=\"C:\\nowhere\\yet\" filespec=\"one.db\" "
                      "alternatePath=\"C:\\app\\spit\"/>",
                      EXCLUDE("C:\\app\\live", "no.db", "no"));
    tree_text(&fixture, "app/live/Both.db", "live and open");
    tree_text(&fixture, "app/live/only.db", "only live");
    tree_text(&fixture, "app/spit/both.DB", "from the writer");
    tree_text(&fixture, "app/spit/one.db", "one");
    tree_text(&fixture, "app/spit/no.db", "excluded by its normal path");
    tree_text(&fixture, "app/spit/sub/two.db", "two");
    tree_text(&fixture, "app/spit/other.txt", "no");
    pack_fixture_pack_and_verify(&fixture);
    assert_int_equal(fixture.result.incomplete_count, 0);
    pack_fixture_open(&fixture, &set);
    assert_packed(&set, "app/live/Both.db");
    assert_packed(&set, "app/live/only.db");
    assert_packed(&set, "app/live/one.db");
    assert_packed(&set, "app/live/sub/two.db");
    assert_packed(&set, "nowhere/yet/one.db");
    assert_not_packed(&set, "app/live/both.DB");
    assert_not_packed(&set, "app/live/no.db");
    assert_not_packed(&set, "app/spit");
    pack_fixture_extract(&fixture, out);
    (void)snprintf(path, sizeof path, "%s/C/app/live/Both.db", out);
    (void)snprintf(spit, sizeof spit, "%s/app/spit/both.DB", fixture.c);
    assert_files_equal(spit, path);
    set_close(&set);
    pack_fixture_end(&fixture);
}

static void alternate_directory_inside_its_set_is_no_part_of_it(void **state)
{
    (void)state;
    struct pack_fixture fixture;
    struct media_set set;
    pack_fixture_begin(&fixture);
    pack_fixture_sets(
        &fixture,
        "<FILE_LIST path=\"C:\\app\" filespec=\"*\" recursive=\"yes\" "
        "alternatePath=\"C:\\app\\Spit\"/>"
        "<FILE_LIST path=\"C:\\app\\spit\\mine\" filespec=\"*.txt\" recursive=\"no\"/>"
        "<FILE_LIST path=\"C:\\same\" filespec=\"*\" recursive=\"yes\" "
        "alternatePath=\"c:\\Same\\\"/>",
        "");
    tree_text(&fixture, "app/a.db", "live");
    tree_text(&fixture, "app/sub/b.db", "live");
    tree_text(&fixture, "app/spit/a.db", "from the writer");
    tree_text(&fixture, "app/spit/deep/c.db", "from the writer");
    tree_text(&fixture, "app/spit/mine/own.txt", "another set's");
    tree_text(&fixture, "same/d.db", "read where it stands");
    pack_fixture_pack_and_verify(&fixture);
    assert_int_equal(fixture.result.incomplete_count, 0);
    pack_fixture_open(&fixture, &set);
    assert_packed(&set, "app/a.db");
    assert_packed(&set, "app/sub/b.db");
    assert_packed(&set, "app/deep/c.db");
    assert_packed(&set, "app/mine/own.txt");
    assert_packed(&set, "app/spit/mine/own.txt");
    assert_packed(&set, "same/d.db");
    assert_not_packed(&set, "app/spit/a.db");
    assert_not_packed(&set, "app/spit/deep");
    set_close(&set);
    pack_fixture_end(&fixture);
}

static void named_file_that_is_missing_is_told_with_its_component(void **state)
{
    (void)state;
    struct pack_fixture fixture;
    pack_fixture_begin(&fixture);
    pack_fixture_sets(&fixture,
                      SET("C:\\data", "needed.mdf", "no") SET("C:\\data", "none*.mdf", "no")
                          SET("C:\\data", "excluded.mdf", "no") SET("E:\\lost", "*", "no"),
                      EXCLUDE("C:\\data", "excl*", "no"));
    tree_text(&fixture, "data/other", "x");
    pack_fixture_pack_and_verify(&fixture);
    assert_true(pack_fixture_warned(&fixture, "C:\\data\\needed.mdf is missing: Test:Main"));
    assert_true(pack_fixture_warned(&fixture, "volume E: is not given"));
    assert_false(pack_fixture_warned(&fixture, "none*"));
    assert_false(pack_fixture_warned(&fixture, "excluded.mdf"));
    assert_int_equal(fixture.result.incomplete_count, 2);
    pack_fixture_end(&fixture);
}

static void unknown_names_are_all_told_before_anything_is_made(void **state)
{
    (void)state;
    struct pack_fixture fixture;
    pack_fixture_begin(&fixture);
    pack_fixture_sets(&fixture,
                      SET("%SystemRoot%\\x", "*", "no") SET("%First%\\%Second%", "*", "no"),
                      EXCLUDE("%Third%\\y", "*", "no"));
    fixture.environment[fixture.environment_count++] = "systemROOT=C:\\Windows";
    assert_int_equal(pack_fixture_pack(&fixture), VSR_ERR_SELECTION);
    assert_non_null(strstr(fixture.error.what, "%First%, %Second%, %Third%"));
    assert_null(strstr(fixture.error.what, "SystemRoot"));
    assert_int_not_equal(access(fixture.set, F_OK), 0);
    fixture.environment[1] = "SYSTEMroot=twice";
    fixture.environment_count = 2;
    assert_int_equal(pack_fixture_pack(&fixture), VSR_ERR_SELECTION);
    assert_non_null(strstr(fixture.error.what, "has a value already"));
    fixture.environment_count = 1;
    fixture.environment[fixture.environment_count++] = "First=C:";
    fixture.environment[fixture.environment_count++] = "Second=two";
    fixture.environment[fixture.environment_count++] = "Third=C:\\three";
    tree_text(&fixture, "two/a", "a");
    pack_fixture_pack_and_verify(&fixture);
    struct media_set set;
    pack_fixture_open(&fixture, &set);
    assert_packed(&set, "two/a");
    assert_int_equal(set.description.environment_count, 4);
    set_close(&set);
    pack_fixture_end(&fixture);
}

/* A document can name millions: each is held against those that are known. */
static void unknown_names_without_end_are_told_in_part(void **state)
{
    (void)state;
    struct pack_fixture fixture;
    struct buffer sets = {0};
    pack_fixture_begin(&fixture);
    buffer_printf(&sets, "<FILE_LIST filespec=\"*\" recursive=\"no\" path=\"");
    for (int i = 0; i < 100; i++) {
        buffer_printf(&sets, "%%%d%%", i);
    }
    buffer_printf(&sets, "\"/>%c", '\0');
    pack_fixture_sets(&fixture, sets.p, "");
    assert_int_equal(pack_fixture_pack(&fixture), VSR_ERR_SELECTION);
    assert_non_null(strstr(fixture.error.what, "no value for %0%, %1%, "));
    assert_non_null(strstr(fixture.error.what, "%63% and others, "));
    buffer_free(&sets);
    pack_fixture_end(&fixture);
}

static const struct index_range *ranges_of(const struct media_set *set,
                                           const struct index_entry *entry)
{
    return set->index.ranges + entry->file.first_range;
}

static void partial_files_are_saved_by_their_ranges(void **state)
{
    (void)state;
    struct pack_fixture fixture;
    struct media_set set;
    static const uint64_t ranges[] = {2, 100, 50, 4096, 10};
    pack_fixture_begin(&fixture);
    pack_fixture_documents(
        &fixture, "incremental",
        "<PARTIAL_FILE path=\"C:\\w\" filespec=\"list.dat\" ranges=\"3000:1000, 0x10:16,0:0\"/>"
        "<PARTIAL_FILE path=\"C:\\w\" filespec=\"file.dat\" ranges=\"File=C:\\w\\R\\ranges.bin\"/>"
        "<PARTIAL_FILE path=\"C:\\w\" filespec=\"big.dat\" ranges=\"0:3000000\"/>"
        "<PARTIAL_FILE path=\"C:\\w\" filespec=\"short.dat\" ranges=\"0:10,90:20\"/>"
        "<PARTIAL_FILE path=\"C:\\w\" filespec=\"both.dat\" ranges=\"0:10\"/>"
        "<PARTIAL_FILE path=\"C:\\w\" filespec=\"gone.dat\" ranges=\"0:10\"/>"
        "<PARTIAL_FILE path=\"C:\\w\" filespec=\"lost.dat\" ranges=\"C:\\w\\none.bin\"/>"
        "<PARTIAL_FILE path=\"C:\\w\\odd\" filespec=\"wrong.dat\" ranges=\"1:2,\"/>"
        "<DIFFERENCED_FILE path=\"C:\\w\" filespec=\"both.dat\" recursive=\"no\" "
        "lastModifyTime=\"133530000000000000\"/>",
        EXCLUDE("C:\\w", "list.dat", "no") "<FILE_GROUP componentName=\"Main\" "
                                           "selectable=\"yes\">" SET("C:\\w", "*.dat",
                                                                     "no") "</FILE_GROUP>");
    tree_random(&fixture, "w/list.dat", 10000);
    tree_random(&fixture, "w/file.dat", 20000);
    tree_random(&fixture, "w/big.dat", 5000000);
    tree_random(&fixture, "w/short.dat", 100);
    tree_random(&fixture, "w/both.dat", 100);
    tree_random(&fixture, "w/lost.dat", 100);
    tree_random(&fixture, "w/whole.dat", 300);
    tree_random(&fixture, "w/odd/wrong.dat", 100);
    tree_file(&fixture, "w/r/Ranges.bin", ranges, sizeof ranges);
    pack_fixture_pack_and_verify(&fixture);
    pack_fixture_open(&fixture, &set);
    const struct index_entry *list = entry_of(&set, "w/list.dat");
    assert_int_equal(list->flags & INDEX_PARTIAL, INDEX_PARTIAL);
    assert_int_equal(list->range_count, 2);
    assert_int_equal(list->size, 10000);
    assert_int_equal(ranges_of(&set, list)[0].offset, 3000);
    assert_int_equal(ranges_of(&set, list)[1].offset, 16);
    const struct index_entry *file = entry_of(&set, "w/file.dat");
    assert_int_equal(file->range_count, 2);
    assert_int_equal(ranges_of(&set, file)[1].offset, 4096);
    assert_int_equal(entry_of(&set, "w/r/Ranges.bin")->flags & INDEX_RANGES_FILE,
                     INDEX_RANGES_FILE);
    assert_int_equal(entry_of(&set, "w/big.dat")->chunk_count, 3);
    assert_int_equal(ranges_of(&set, entry_of(&set, "w/short.dat"))[1].length, 10);
    assert_true(pack_fixture_warned(&fixture, "short.dat go beyond its 100 bytes"));
    assert_int_equal(entry_of(&set, "w/both.dat")->flags & INDEX_PARTIAL, 0);
    assert_int_equal(entry_of(&set, "w/lost.dat")->flags & INDEX_PARTIAL, 0);
    assert_int_equal(entry_of(&set, "w/odd/wrong.dat")->flags & INDEX_PARTIAL, 0);
    assert_true(pack_fixture_warned(&fixture, "the ranges \"1:2,\" of wrong.dat"));
    assert_true(pack_fixture_warned(&fixture, "C:\\w\\gone.dat is missing"));
    assert_true(pack_fixture_warned(&fixture, "C:\\w\\none.bin is missing"));
    assert_packed(&set, "w/whole.dat");
    char out[96], want[200], got[200];
    pack_fixture_extract(&fixture, out);
    (void)snprintf(got, sizeof got, "%s/C/w/list.dat.vss-ranges", out);
    (void)snprintf(want, sizeof want, "%s/want", fixture.folder);
    assert_int_equal(
        shell("{ tail -c +3001 %s/w/list.dat | head -c 1000; tail -c +17 %s/w/list.dat "
              "| head -c 16; } > %s",
              fixture.c, fixture.c, want),
        0);
    assert_files_equal(want, got);
    set_close(&set);
    pack_fixture_end(&fixture);
}

static void directed_sources_are_taken_although_excluded(void **state)
{
    (void)state;
    struct pack_fixture fixture;
    struct media_set set;
    pack_fixture_begin(&fixture);
    pack_fixture_documents(
        &fixture, "full",
        "<DIRECTED_TARGET sourcePath=\"C:\\w\" sourceFilename=\"s.dat\" sourceRangeList=\"0:1\" "
        "destinationPath=\"C:\\w\" destinationFilename=\"d.dat\" "
        "destinationRangeList=\"File=C:\\r\\d.rng\"/>",
        EXCLUDE("C:\\w", "*", "yes") "<FILE_GROUP componentName=\"Main\" selectable=\"yes\">" SET(
            "C:\\w", "*", "yes") "</FILE_GROUP>");
    tree_text(&fixture, "w/s.dat", "s");
    tree_text(&fixture, "w/t.dat", "t");
    tree_text(&fixture, "r/d.rng", "ranges");
    pack_fixture_pack_and_verify(&fixture);
    pack_fixture_open(&fixture, &set);
    assert_packed(&set, "w/s.dat");
    assert_packed(&set, "r/d.rng"); /* that its list stands in (7.5) */
    assert_not_packed(&set, "w/t.dat");
    set_close(&set);
    pack_fixture_end(&fixture);
}

static void all_adds_the_rest_as_unprotected(void **state)
{
    (void)state;
    struct pack_fixture fixture;
    struct media_set set;
    pack_fixture_begin(&fixture);
    pack_fixture_sets(&fixture, SET("C:\\w", "*.d", "no"), EXCLUDE("C:\\w", "x.d", "no"));
    tree_text(&fixture, "w/a.d", "a");
    tree_text(&fixture, "w/x.d", "x");
    tree_text(&fixture, "z/rest", "r");
    fixture.include_all = true;
    (void)snprintf(fixture.set, sizeof fixture.set, "%s/inside", fixture.c);
    pack_fixture_pack_and_verify(&fixture);
    pack_fixture_open(&fixture, &set);
    assert_int_equal(entry_of(&set, "w/a.d")->flags & INDEX_UNPROTECTED, 0);
    assert_int_equal(entry_of(&set, "w")->flags & INDEX_UNPROTECTED, 0);
    assert_int_equal(entry_of(&set, "w/x.d")->flags & INDEX_UNPROTECTED, INDEX_UNPROTECTED);
    assert_int_equal(entry_of(&set, "z/rest")->flags & INDEX_UNPROTECTED, INDEX_UNPROTECTED);
    assert_int_equal(entry_of(&set, "z")->flags & INDEX_UNPROTECTED, INDEX_UNPROTECTED);
    assert_not_packed(&set, "inside");
    set_close(&set);
    pack_fixture_end(&fixture);
}

static void mount_folders_and_other_names_are_volumes(void **state)
{
    (void)state;
    struct pack_fixture fixture;
    struct media_set set;
    char mount[200], guid[200], other[160], share[200];
    pack_fixture_begin(&fixture);
    pack_fixture_sets(&fixture,
                      SET("C:\\Mounts", "*.d", "yes")
                          SET("\\\\?\\Volume{0DE378C2-e686-5c02-9d88-089d6faacda6}\\g", "*", "no")
                              SET("\\\\Server\\Share\\s", "*", "no"),
                      EXCLUDE("C:\\Mounts", "no.d", "yes"));
    tree_directory(&fixture, "mounts/data");
    (void)snprintf(other, sizeof other, "%s/d", fixture.folder);
    assert_int_equal(mkdir(other, 0755), 0);
    assert_int_equal(
        shell("cd %s && mkdir sub s && echo 1 > sub/a.d && echo 2 > sub/no.d && echo 3 > "
              "s/t",
              other),
        0);
    tree_text(&fixture, "g/y", "y");
    (void)snprintf(mount, sizeof mount, "C:\\Mounts\\Data=%s", other);
    (void)snprintf(guid, sizeof guid, "\\\\?\\Volume{0de378c2-E686-5c02-9d88-089d6faacda6}\\=%s/.",
                   fixture.c);
    (void)snprintf(share, sizeof share, "\\\\server\\share=%s", other);
    fixture.volumes[fixture.volume_count++] = mount;
    fixture.volumes[fixture.volume_count++] = guid;
    fixture.volumes[fixture.volume_count++] = share;
    pack_fixture_pack_and_verify(&fixture);
    assert_int_equal(fixture.result.incomplete_count, 0);
    pack_fixture_open(&fixture, &set);
    assert_int_equal(set.description.volume_count, 2);
    assert_view_equal(set.description.volumes[0].letter, "C:");
    assert_true(view_present(set.description.volumes[0].guid));
    assert_view_equal(set.description.volumes[1].prefix, "UNC/server/share");
    assert_int_equal(set.description.volumes[1].mount_count, 1);
    assert_packed(&set, "g/y");
    assert_packed(&set, "mounts/data");
    const uint32_t root = set.index.volumes[1].root_entry;
    const uint32_t sub = index_child(&set.index, root, VIEW("sub"));
    assert_int_not_equal(sub, MARK_NONE);
    assert_int_not_equal(index_child(&set.index, sub, VIEW("a.d")), MARK_NONE);
    assert_int_equal(index_child(&set.index, sub, VIEW("no.d")), MARK_NONE);
    assert_int_not_equal(index_child(&set.index, root, VIEW("s")), MARK_NONE);
    set_close(&set);
    pack_fixture_end(&fixture);
}

static void wrong_volumes_and_outputs_are_refused(void **state)
{
    (void)state;
    struct pack_fixture fixture;
    pack_fixture_begin(&fixture);
    pack_fixture_sets(&fixture, SET("C:\\w", "*", "no"), "");
    fixture.volumes[1] = "D:=/nowhere/at/all";
    fixture.volume_count = 2;
    assert_int_equal(pack_fixture_pack(&fixture), VSR_ERR_SELECTION);
    fixture.volumes[1] = "D=/tmp";
    assert_int_equal(pack_fixture_pack(&fixture), VSR_ERR_SELECTION);
    fixture.volumes[1] = "C:\\=/tmp";
    assert_int_equal(pack_fixture_pack(&fixture), VSR_ERR_SELECTION);
    fixture.volumes[1] = "no equals sign";
    assert_int_equal(pack_fixture_pack(&fixture), VSR_ERR_SELECTION);
    fixture.volume_count = 0;
    assert_int_equal(pack_fixture_pack(&fixture), VSR_ERR_USAGE);
    fixture.volume_count = 1;
    assert_int_equal(shell("mkdir %s && touch %s/x", fixture.set, fixture.set), 0);
    assert_int_equal(pack_fixture_pack(&fixture), VSR_ERR_USAGE);
    pack_fixture_end(&fixture);
}

/* Exit 1 is for what is wanted and not on the media, and for nothing else (contract, ruling 1). */
static void an_exclude_that_is_none_leaves_nothing_incomplete(void **state)
{
    (void)state;
    struct pack_fixture fixture;
    pack_fixture_begin(&fixture);
    pack_fixture_sets(&fixture, SET("C:\\data", "*", "yes"), EXCLUDE("no path", "*", "yes"));
    tree_text(&fixture, "data/a", "a");
    assert_int_equal(pack_fixture_pack(&fixture), VSR_OK);
    assert_true(pack_fixture_warned(&fixture, "the exclude path \"no path\" of"));
    assert_int_equal(fixture.result.incomplete_count, 0);
    pack_fixture_end(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sets_less_excludes_with_directories_and_ancestors),
        cmocka_unit_test(paths_are_found_without_regard_to_case),
        cmocka_unit_test(mask_without_the_backup_types_bit_brings_nothing),
        cmocka_unit_test(alternate_path_is_read_first_and_kept_under_the_normal_one),
        cmocka_unit_test(alternate_directory_inside_its_set_is_no_part_of_it),
        cmocka_unit_test(named_file_that_is_missing_is_told_with_its_component),
        cmocka_unit_test(unknown_names_are_all_told_before_anything_is_made),
        cmocka_unit_test(unknown_names_without_end_are_told_in_part),
        cmocka_unit_test(partial_files_are_saved_by_their_ranges),
        cmocka_unit_test(directed_sources_are_taken_although_excluded),
        cmocka_unit_test(all_adds_the_rest_as_unprotected),
        cmocka_unit_test(mount_folders_and_other_names_are_volumes),
        cmocka_unit_test(wrong_volumes_and_outputs_are_refused),
        cmocka_unit_test(an_exclude_that_is_none_leaves_nothing_incomplete),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
