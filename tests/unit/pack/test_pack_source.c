/* test_pack_source.c - sources with more than names and bytes, and sources that make trouble.
 * Goal: ruling 19 (metadata), FORMAT.md (descriptors, attributes), and that nothing is silent:
 * files that change, vanish or cannot be read. Method: trees on the file system below TMPDIR, and
 * a real NTFS in a file, packed; the index is asked. */
#include "unit/pack/pack_fixture.h"

#include "media/check.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#define EVERYTHING "<FILE_LIST path=\"C:\\\" filespec=\"*\" recursive=\"yes\"/>"

static const struct index_entry *entry_of(const struct media_set *set, const char *path)
{
    const uint32_t entry = set_entry(set, path);
    if (entry == MARK_NONE) {
        fail_msg("%s is not in the set", path);
    }
    return &set->index.entries[entry];
}

/* The value of an attribute, or absent. */
static struct view attribute_of(const struct media_set *set, const char *path, const char *name)
{
    struct index_attribute attribute;
    uint32_t cursor = 0;
    const uint32_t entry = set_entry(set, path);
    assert_int_not_equal(entry, MARK_NONE);
    while (index_attribute_next(&set->index, entry, &cursor, &attribute)) {
        if (view_equal(attribute.name, view_of(name))) {
            return attribute.value;
        }
    }
    return VIEW_NONE;
}

static int attribute_put(const struct pack_fixture *fixture, const char *path, const char *name,
                         const char *value)
{
    char full[PATH_MAX];
    (void)snprintf(full, sizeof full, "%s/%s", fixture->c, path);
    return lsetxattr(full, name, value, strlen(value), 0) == 0 ? 0 : errno;
}

static void attributes_are_kept(void **state)
{
    (void)state;
    struct pack_fixture fixture;
    struct media_set set;
    pack_fixture_begin(&fixture);
    pack_fixture_sets(&fixture, EVERYTHING, "");
    tree_text(&fixture, "d/f", "x");
    if (attribute_put(&fixture, "d/f", "user.DosStream.zone:$DATA", "[ZoneTransfer]") != 0) {
        pack_fixture_end(&fixture);
        skip_because("no user xattrs below TMPDIR");
    }
    assert_int_equal(attribute_put(&fixture, "d/f", "user.DOSATTRIB", "0x20"), 0);
    assert_int_equal(attribute_put(&fixture, "d", "user.empty", ""), 0);
    pack_fixture_pack_and_verify(&fixture);
    pack_fixture_open(&fixture, &set);
    assert_view_equal(attribute_of(&set, "d/f", "user.DosStream.zone:$DATA"), "[ZoneTransfer]");
    assert_view_equal(attribute_of(&set, "d/f", "user.DOSATTRIB"), "0x20");
    assert_true(view_present(attribute_of(&set, "d", "user.empty")));
    assert_int_equal(entry_of(&set, "d/f")->flags & INDEX_HAS_DOS, 0);
    set_close(&set);
    pack_fixture_end(&fixture);
}

static void security_descriptors_are_stored_once(void **state)
{
    (void)state;
    struct pack_fixture fixture;
    struct media_set set;
    pack_fixture_begin(&fixture);
    pack_fixture_sets(&fixture, EVERYTHING, "");
    tree_text(&fixture, "a", "x");
    tree_text(&fixture, "b", "y");
    tree_text(&fixture, "c", "z");
    tree_text(&fixture, "none", "z");
    if (attribute_put(&fixture, "a", "security.NTACL", "first") != 0) {
        pack_fixture_end(&fixture);
        skip_because("security.NTACL cannot be set here (needs root)");
    }
    assert_int_equal(attribute_put(&fixture, "b", "security.NTACL", "second"), 0);
    assert_int_equal(attribute_put(&fixture, "c", "security.NTACL", "first"), 0);
    pack_fixture_pack_and_verify(&fixture);
    pack_fixture_open(&fixture, &set);
    assert_int_equal(set.index.descriptor_count, 2);
    assert_int_equal(entry_of(&set, "a")->descriptor, 0);
    assert_int_equal(entry_of(&set, "b")->descriptor, 1);
    assert_int_equal(entry_of(&set, "c")->descriptor, 0);
    assert_int_equal(entry_of(&set, "none")->descriptor, MARK_NONE);
    assert_false(view_present(attribute_of(&set, "a", "security.NTACL")));
    set_close(&set);
    pack_fixture_end(&fixture);
}

/* --- trouble --- */

static void tree_change(const struct pack_fixture *fixture)
{
    assert_int_equal(shell("cd '%s' && truncate -s 2500000 cut && echo more >> grown && rm gone && "
                           "truncate -s 10 small",
                           fixture->c),
                     0);
}

static void changes_between_walk_and_reading_are_told(void **state)
{
    (void)state;
    struct pack_fixture fixture;
    struct media_set set;
    char out[96], got[200];
    pack_fixture_begin(&fixture);
    pack_fixture_sets(&fixture, EVERYTHING "<FILE_LIST path=\"C:\\\" filespec=\"missing\"/>", "");
    tree_random(&fixture, "cut", 4000000);
    tree_random(&fixture, "grown", 1000);
    tree_random(&fixture, "gone", 1000);
    tree_random(&fixture, "small", 1000);
    assert_int_equal(shell("ln %s/gone %s/zagain", fixture.c, fixture.c), 0);
    tree_random(&fixture, "steady", 2000000);
    fixture.between = tree_change;
    pack_fixture_pack_and_verify(&fixture);
    pack_fixture_open(&fixture, &set);
    assert_int_equal(entry_of(&set, "cut")->flags & INDEX_CHANGED, INDEX_CHANGED);
    assert_int_equal(entry_of(&set, "cut")->size, 4000000);
    assert_int_equal(entry_of(&set, "grown")->flags & INDEX_CHANGED, INDEX_CHANGED);
    assert_int_equal(entry_of(&set, "grown")->size, 1000);
    assert_int_equal(entry_of(&set, "small")->flags & INDEX_CHANGED, INDEX_CHANGED);
    assert_int_equal(entry_of(&set, "gone")->flags & INDEX_LOST, INDEX_LOST);
    assert_int_equal(entry_of(&set, "zagain")->flags & INDEX_LOST, INDEX_LOST); /* same data */
    assert_int_equal(entry_of(&set, "steady")->flags & (INDEX_CHANGED | INDEX_LOST), 0);
    assert_true(pack_fixture_warned(&fixture, "C:\\cut changed while it was read"));
    assert_true(pack_fixture_warned(&fixture, "C:\\gone could not be read to its end"));
    assert_true(pack_fixture_warned(&fixture, "Test:Main"));
    assert_int_equal(fixture.result.incomplete_count, 5); /* and the named one that is missing */
    pack_fixture_extract(&fixture, out);
    (void)snprintf(got, sizeof got, "%s/C/cut", out);
    assert_int_equal(shell("truncate -s 4000000 '%s/cut'", fixture.c), 0);
    char want[200];
    (void)snprintf(want, sizeof want, "%s/cut", fixture.c);
    assert_files_equal(want, got);
    set_close(&set);
    pack_fixture_end(&fixture);
}

static void files_that_cannot_be_opened_are_left_out_and_told(void **state)
{
    (void)state;
    struct pack_fixture fixture;
    struct media_set set;
    pack_fixture_begin(&fixture);
    pack_fixture_sets(&fixture, EVERYTHING, "");
    tree_text(&fixture, "closed", "x");
    tree_text(&fixture, "open", "x");
    tree_text(&fixture, "locked/inside", "x");
    assert_int_equal(shell("cd '%s' && chmod 000 closed locked && mkfifo pipe", fixture.c), 0);
    const bool root = geteuid() == 0;
    if (root) {
        assert_int_equal(shell("chown -R 65534:65534 '%s'", fixture.folder), 0);
        assert_int_equal(seteuid(65534), 0);
    }
    const vsr_code rc = pack_fixture_pack(&fixture);
    if (root) {
        assert_int_equal(seteuid(0), 0);
    }
    assert_int_equal(rc, VSR_OK);
    pack_fixture_open(&fixture, &set);
    assert_packed(&set, "open");
    assert_not_packed(&set, "closed");
    assert_not_packed(&set, "locked");
    assert_not_packed(&set, "pipe");
    assert_true(pack_fixture_warned(
        &fixture, "C:\\closed cannot be read and is left out (Permission denied): incomplete are "
                  "Test:Main"));
    assert_true(pack_fixture_warned(&fixture, "C:\\locked cannot be read"));
    assert_true(pack_fixture_warned(&fixture, "C:\\pipe is left out: it is a socket"));
    assert_int_equal(fixture.result.incomplete_count, 2);
    set_close(&set);
    pack_fixture_end(&fixture);
}

static void header_longer_than_a_frame_is_cut_in_frames(void **state)
{
    (void)state;
    enum { RANGES = 150000 };
    struct pack_fixture fixture;
    struct media_set set;
    pack_fixture_begin(&fixture);
    pack_fixture_documents(
        &fixture, "full",
        "<PARTIAL_FILE path=\"C:\\w\" filespec=\"p.dat\" ranges=\"C:\\w\\r.bin\"/>",
        "<FILE_GROUP componentName=\"Main\" selectable=\"yes\">" EVERYTHING "</FILE_GROUP>");
    uint64_t *ranges = calloc(1 + 2 * RANGES, sizeof *ranges);
    assert_non_null(ranges);
    ranges[0] = RANGES;
    for (size_t i = 0; i < RANGES; i++) {
        ranges[1 + 2 * i] = 1000000 + i * 20;
        ranges[2 + 2 * i] = 1 + i % 7;
    }
    tree_file(&fixture, "w/r.bin", ranges, (1 + 2 * RANGES) * sizeof *ranges);
    free(ranges);
    tree_random(&fixture, "w/p.dat", 5000000);
    tree_random(&fixture, "w/behind", 777);
    pack_fixture_pack_and_verify(&fixture);
    pack_fixture_open(&fixture, &set);
    assert_int_equal(entry_of(&set, "w/p.dat")->range_count, RANGES);
    set_close(&set);
    char out[96], want[200], got[200];
    pack_fixture_extract(&fixture, out);
    (void)snprintf(want, sizeof want, "%s/w/behind", fixture.c);
    (void)snprintf(got, sizeof got, "%s/C/w/behind", out);
    assert_files_equal(want, got);
    pack_fixture_end(&fixture);
}

static void parent_is_recorded_by_its_uuid(void **state)
{
    (void)state;
    struct pack_fixture fixture;
    struct media_set set;
    char parent[96];
    pack_fixture_begin(&fixture);
    pack_fixture_sets(&fixture, EVERYTHING, "");
    tree_text(&fixture, "a", "a");
    pack_fixture_pack_and_verify(&fixture);
    memcpy(parent, fixture.set, sizeof parent);
    fixture.parent = parent;
    (void)snprintf(fixture.set, sizeof fixture.set, "%s/child", fixture.folder);
    assert_int_equal(pack_fixture_pack(&fixture), VSR_ERR_SELECTION); /* a full one on a full one */
    assert_int_not_equal(access(fixture.set, F_OK), 0);
    pack_fixture_documents(&fixture, "incremental", "", "");
    pack_fixture_pack_and_verify(&fixture);
    pack_fixture_open(&fixture, &set);
    assert_true(uuid_equal(&set.description.parent, &set.description.uuid)); /* both are fixed */
    set_close(&set);
    pack_fixture_end(&fixture);
}

/* --- a real NTFS --- */

static bool ntfs_mount(const struct pack_fixture *fixture)
{
    return shell("cd %s && truncate -s 24M image && mkntfs -F -q -f image > /dev/null 2>&1 && "
                 "mkdir ntfs && ntfs-3g -o streams_interface=xattr image ntfs > /dev/null 2>&1",
                 fixture->folder) == 0;
}

static void ntfs_metadata_are_kept(void **state)
{
    (void)state;
    struct pack_fixture fixture;
    struct media_set set;
    char spec[200];
    if (access("/dev/fuse", R_OK | W_OK) != 0 || shell("which mkntfs ntfs-3g > /dev/null") != 0) {
        skip_because("no /dev/fuse, mkntfs or ntfs-3g");
    }
    pack_fixture_begin(&fixture);
    if (!ntfs_mount(&fixture)) {
        pack_fixture_end(&fixture);
        skip_because("an NTFS in a file cannot be mounted here");
    }
    (void)snprintf(spec, sizeof spec, "N:=%s/ntfs", fixture.folder);
    pack_fixture_sets(&fixture, "<FILE_LIST path=\"N:\\\" filespec=\"*\" recursive=\"yes\"/>", "");
    fixture.volumes[fixture.volume_count++] = spec;
    assert_int_equal(shell("cd %s/ntfs && mkdir d && echo hello > d/f && echo other > d/g && "
                           "setfattr -n user.stream -v streamed d/f && "
                           "setfattr -n system.ntfs_attrib -v 0x22000000 d/f",
                           fixture.folder),
                     0);
    pack_fixture_pack_and_verify(&fixture);
    assert_int_equal(shell("fusermount -u %s/ntfs || umount %s/ntfs", fixture.folder,
                           fixture.folder),
                     0);
    pack_fixture_open(&fixture, &set);
    const uint32_t d = index_child(&set.index, set.index.volumes[1].root_entry, VIEW("d"));
    assert_int_not_equal(d, MARK_NONE);
    const uint32_t f = index_child(&set.index, d, VIEW("f"));
    assert_int_not_equal(f, MARK_NONE);
    const struct index_entry *entry = &set.index.entries[f];
    assert_int_equal(entry->flags & INDEX_HAS_DOS, INDEX_HAS_DOS);
    assert_int_equal(entry->dos_attributes & 0x22, 0x22); /* hidden, archive */
    assert_int_not_equal(entry->descriptor, MARK_NONE);
    const struct index_descriptor *descriptor = &set.index.descriptors[entry->descriptor];
    const struct view name = {set.index.blobs + descriptor->offset - descriptor->attribute_bytes,
                              descriptor->attribute_bytes};
    assert_view_equal(name, "system.ntfs_acl");
    struct index_attribute attribute;
    uint32_t cursor = 0;
    bool stream = false;
    while (index_attribute_next(&set.index, f, &cursor, &attribute)) {
        stream = stream || (view_equal(attribute.name, VIEW("user.stream")) &&
                            view_equal(attribute.value, VIEW("streamed")));
    }
    assert_true(stream);
    assert_true(set.index.descriptor_count < 4); /* files of one directory share theirs */
    set_close(&set);
    pack_fixture_end(&fixture);
}

static void other_mounts_are_not_entered(void **state)
{
    (void)state;
    struct pack_fixture fixture;
    struct media_set set;
    pack_fixture_begin(&fixture);
    pack_fixture_sets(&fixture, EVERYTHING, "");
    tree_directory(&fixture, "mnt");
    tree_text(&fixture, "a", "a");
    if (shell("mount -t tmpfs none %s/mnt 2> /dev/null && touch %s/mnt/inside", fixture.c,
              fixture.c) != 0) {
        pack_fixture_end(&fixture);
        skip_because("nothing can be mounted here (needs root)");
    }
    const vsr_code rc = pack_fixture_pack(&fixture);
    assert_int_equal(shell("umount %s/mnt", fixture.c), 0);
    assert_int_equal(rc, VSR_OK);
    pack_fixture_open(&fixture, &set);
    assert_packed(&set, "mnt");
    assert_not_packed(&set, "mnt/inside");
    assert_true(pack_fixture_warned(&fixture, "mounted at C:\\mnt"));
    set_close(&set);
    pack_fixture_end(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(attributes_are_kept),
        cmocka_unit_test(security_descriptors_are_stored_once),
        cmocka_unit_test(changes_between_walk_and_reading_are_told),
        cmocka_unit_test(files_that_cannot_be_opened_are_left_out_and_told),
        cmocka_unit_test(header_longer_than_a_frame_is_cut_in_frames),
        cmocka_unit_test(parent_is_recorded_by_its_uuid),
        cmocka_unit_test(ntfs_metadata_are_kept),
        cmocka_unit_test(other_mounts_are_not_entered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
