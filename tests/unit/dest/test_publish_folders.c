/* test_publish_folders.c - folders of the destination: made, merged, closed, taken away again.
 *
 * Goal: a folder is there when a unit that lives needs it and not otherwise, with the metadata of
 * the media and what its parent hands down; one that its owner may not write into takes files all
 * the same while the run lasts. Method: as in test_publish.c; some cases give up being root, or the
 * rights by which root passes by modes. */
#include "vsr_test.h"

#include "publish_world.h"

#include "dest/publish_step.h"
#include "dest/recover.h"
#include "media_fixture.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

static void hook_tree_appears(void *context, struct stage *stage)
{
    const struct world *w = context;
    char path[256];
    (void)stage;
    (void)snprintf(path, sizeof path, "%s/tree", w->dir);
    assert_int_equal(mkdir(path, 0700), 0);
    file_put(w, "tree/1b", "somebody else's");
    file_put(w, "tree/other", "somebody else's");
}

static void test_tree_that_appears_is_merged_file_by_file(void **state)
{
    struct world *w = *state;
    char path[256];
    struct stat facts;
    world_plan(w);
    w->r.before_publish = hook_tree_appears;
    w->r.context = w;
    assert_int_equal(restore_run(&w->r), VSR_OK);
    assert_int_equal(w->r.states[0], UNIT_PUBLISHED);
    assert_int_equal(w->r.states[1], UNIT_FAILED);
    assert_string_equal(file_get(w, "tree/1a"), "top a");
    assert_string_equal(file_get(w, "tree/sub a/1a"), "in tree a");
    assert_string_equal(file_get(w, "tree/1b"), "somebody else's");
    assert_string_equal(file_get(w, "tree/other"), "somebody else's");
    assert_string_equal(file_get(w, "tree/sub b/1b"), "-");
    assert_string_equal(file_get(w, "old/1b"), "-");
    (void)snprintf(path, sizeof path, "%s/tree/sub a/1a", w->dir);
    assert_int_equal(lstat(path, &facts), 0);
    assert_int_equal(facts.st_mtim.tv_sec, 5);
}

static void hook_other_tree_appears(void *context, struct stage *stage)
{
    const struct world *w = context;
    char path[256];
    hook_tree_appears(context, stage);
    (void)snprintf(path, sizeof path, "%s/tree/1b", w->dir);
    assert_int_equal(unlink(path), 0);
}

/* What was made to merge a unit goes again when it fails, then or later. */
static void test_merged_folders_of_a_failed_unit_go_again(void **state)
{
    struct world *w = *state;
    struct told told = {.fail_commit = VSR_ERR_DEST_FULL};
    const struct publish_log log = {&told, told_intents, told_commit};
    char path[256];
    struct stat facts;
    world_make_old(w);
    world_plan(w);
    w->r.before_publish = hook_tree_appears;
    w->r.context = w;
    assert_int_equal(restore_run(&w->r), VSR_OK); /* unit 1 fails while it is merged */
    assert_int_equal(w->r.states[0], UNIT_PUBLISHED);
    assert_int_equal(w->r.states[1], UNIT_FAILED);
    (void)snprintf(path, sizeof path, "%s/tree/sub b", w->dir);
    assert_int_equal(lstat(path, &facts), -1);
    assert_string_equal(file_get(w, "tree/sub a/1a"), "in tree a");
    assert_int_equal(fixture_shell("rm -r '%s/tree' '%s/old'", w->dir, w->dir), 0);
    world_make_old(w);
    restore_free(&w->r);
    w->r.before_publish = hook_other_tree_appears;
    w->r.log = &log;
    assert_int_equal(restore_run(&w->r), VSR_ERR_DEST_FULL); /* all fail, later */
    assert_int_equal(lstat(path, &facts), -1);
    (void)snprintf(path, sizeof path, "%s/tree/sub a", w->dir);
    assert_int_equal(lstat(path, &facts), -1);
    assert_string_equal(file_get(w, "tree/other"), "somebody else's");
}

/* "old" has come to its place, and goes back since its other component fails in "tree": somebody
 * has written to a file of that one meanwhile. It is where he wrote it again, and nothing else of
 * the component is. */
static void test_what_somebody_wrote_to_comes_back_with_its_tree(void **state)
{
    struct world *w = *state;
    struct told told = {.between = w};
    const struct publish_log log = {&told, told_intents, told_commit};
    world_plan(w);
    w->r.log = &log;
    w->r.before_publish = hook_tree_appears;
    w->r.context = w;
    assert_int_equal(restore_run(&w->r), VSR_OK);
    assert_int_equal(w->r.states[0], UNIT_PUBLISHED);
    assert_int_equal(w->r.states[1], UNIT_FAILED);
    assert_string_equal(file_get(w, "old/1a"), "first of a");
    assert_string_equal(file_get(w, "old/2a"), "second of a");
    assert_string_equal(file_get(w, "old/1b"), "somebody's");
    assert_string_equal(file_get(w, "old/2b"), "-");
    assert_true(w->r.residue[1] > 0);
    assert_int_equal(world_outcome(w, "old/1b"), OUTCOME_REFUSED);
    assert_int_equal(world_outcome(w, "old/2b"), OUTCOME_WITHDRAWN);
}

/* --- a unit that stands alone, times of folders that existed --- */

static void test_unit_that_stands_alone_shares_no_tree(void **state)
{
    struct world *w = *state;
    const uint8_t alone[2] = {0, 1};
    char path[256];
    struct stat before, after;
    world_make_old(w);
    world_plan(w);
    w->r.alone = alone;
    (void)snprintf(path, sizeof path, "%s/old", w->dir);
    assert_int_equal(lstat(path, &before), 0);
    assert_int_equal(restore_run(&w->r), VSR_OK);
    assert_int_equal(w->r.states[0], UNIT_PUBLISHED);
    assert_int_equal(w->r.states[1], UNIT_PUBLISHED);
    assert_string_equal(file_get(w, "tree/sub b/1b"), "in tree b");
    assert_string_equal(file_get(w, "tree/sub a/1a"), "in tree a");
    assert_int_equal(lstat(path, &after), 0);
    assert_int_equal(before.st_mtim.tv_sec, after.st_mtim.tv_sec);
    assert_int_equal(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
    (void)snprintf(path, sizeof path, "%s/tree/sub b", w->dir);
    assert_int_equal(lstat(path, &after), 0);
    assert_int_equal(after.st_mtim.tv_sec, 99);
    assert_int_equal(after.st_mode & 07777, 0755);
}

/* A folder that a unit brings stays, though nothing is in it; one that a failed unit made goes. */
static void test_empty_folder_of_a_unit_that_stands_alone(void **state)
{
    static const struct fixture_file bare[] = {
        {.path = "tree/sub a", .kind = FIXTURE_DIRECTORY, .modify_s = 5},
        {.path = "tree/sub b", .kind = FIXTURE_DIRECTORY, .modify_s = 5},
        {.path = "tree/sub b/1b", .content = {"in tree b", 9}},
    };
    const uint8_t alone[2] = {1, 1};
    char path[256];
    struct stat facts;
    struct world *w = world_create(bare, COUNT_OF(bare));
    *state = w;
    world_plan(w);
    plan_fixture_damage(&w->set, w->plan->files[restore_file(&w->r, "tree/sub b/1b")].entry);
    w->r.alone = alone;
    assert_int_equal(restore_run(&w->r), VSR_OK);
    assert_int_equal(w->r.states[0], UNIT_PUBLISHED);
    assert_int_equal(w->r.states[1], UNIT_FAILED);
    (void)snprintf(path, sizeof path, "%s/tree/sub a", w->dir);
    assert_int_equal(lstat(path, &facts), 0);
    (void)snprintf(path, sizeof path, "%s/tree/sub b", w->dir);
    assert_int_equal(lstat(path, &facts), -1);
    plan_fixture_mend(&w->set);
}

/* --- what a parent hands down --- */

static void test_tree_inherits_from_the_parent_it_will_stand_in(void **state)
{
    static const char acl[] = "\x02\0\0\0\x01\0\x07\0\xff\xff\xff\xff\x04\0\x05\0\xff\xff\xff\xff"
                              "\x20\0\x05\0\xff\xff\xff\xff"; /* u::rwx g::r-x o::r-x */
    struct world *w = *state;
    char path[256], got[64];
    struct stat facts;
    const gid_t group = geteuid() == 0 ? 12345 : getegid();
    assert_int_equal(chown(w->dir, (uid_t)-1, group), 0);
    assert_int_equal(chmod(w->dir, 02755), 0);
    const bool has_acl = setxattr(w->dir, "system.posix_acl_default", acl, sizeof acl - 1, 0) == 0;
    world_plan(w);
    assert_int_equal(restore_run(&w->r), VSR_OK);
    assert_int_equal(w->r.losses.attributes, 0);
    (void)snprintf(path, sizeof path, "%s/tree/sub a", w->dir);
    assert_int_equal(lstat(path, &facts), 0);
    assert_int_equal(facts.st_gid, group);
    assert_int_equal(facts.st_mode & 07777, 02755);
    if (has_acl) {
        assert_int_equal(getxattr(path, "system.posix_acl_default", got, sizeof got),
                         sizeof acl - 1);
    }
    (void)snprintf(path, sizeof path, "%s/tree/sub a/1a", w->dir);
    assert_int_equal(lstat(path, &facts), 0);
    assert_int_equal(facts.st_gid, group);
    assert_int_equal(facts.st_mode & 07777, 0644);
}

/* --- folders that are closed to who obeys their modes --- */

/* Folders that their owner may not write into. */
static const struct fixture_file closed[] = {
    {.path = "old/1a", .content = {"first of a", 10}},
    {.path = "old/1b", .content = {"first of b", 10}},
    {.path = "tree", .kind = FIXTURE_DIRECTORY, .mode = 0555, .modify_s = 7},
    {.path = "tree/1a", .content = {"top a", 5}},
    {.path = "tree/sub", .kind = FIXTURE_DIRECTORY, .mode = 0555, .modify_s = 8},
    {.path = "tree/sub/1a", .content = {"in sub a", 8}},
    {.path = "tree/sub/1b", .content = {"in sub b", 8}},
    {.path = "tree/sub/2a", .content = {"read", 4}, .mode = 0444, .attribute = {"value", 5}},
};

/* As another user. */
static int world_open_closed(void **state)
{
    if (geteuid() == 0 && seteuid(65534) != 0) {
        return -1;
    }
    *state = world_create(closed, COUNT_OF(closed));
    return 0;
}

/* Root has no such right any more, or has it back. */
static int root_obeys_modes(bool obeys)
{
    struct __user_cap_header_struct thread = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct is[_LINUX_CAPABILITY_U32S_3] = {0};
    const uint32_t rights = CAP_TO_MASK(CAP_DAC_OVERRIDE) | CAP_TO_MASK(CAP_DAC_READ_SEARCH);
    if (syscall(SYS_capget, &thread, is) != 0) {
        return -1;
    }
    is[0].effective =
        obeys ? is[0].effective & ~rights : is[0].effective | (is[0].permitted & rights);
    return syscall(SYS_capset, &thread, is) == 0 ? 0 : -1;
}

/* As root in a service or a container, who was left without the rights to pass by modes. */
static int world_open_closed_to_root(void **state)
{
    if (geteuid() == 0 && root_obeys_modes(true) != 0) {
        return -1;
    }
    *state = world_create(closed, COUNT_OF(closed));
    return 0;
}

static int world_close_closed(void **state)
{
    const struct world *w = *state;
    if (getuid() == 0) {
        assert_int_equal(seteuid(0), 0);
        assert_int_equal(root_obeys_modes(false), 0);
    } else {
        (void)fixture_shell("chmod -R u+w '%s'", w->dir);
    }
    return world_close(state);
}

static void assert_closed(const struct world *w, const char *name, time_t modified)
{
    char path[256];
    struct stat facts;
    (void)snprintf(path, sizeof path, "%s/%s", w->dir, name);
    assert_int_equal(lstat(path, &facts), 0);
    assert_int_equal(facts.st_mode & 07777, 0555);
    assert_int_equal(facts.st_mtim.tv_sec, modified);
}

static void hook_old_file_appears(void *context, struct stage *stage)
{
    const struct world *w = context;
    char path[256];
    (void)stage;
    (void)snprintf(path, sizeof path, "%s/old/1b", w->dir);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkdir(path, 0700), 0);
}

static void test_failed_unit_is_taken_out_of_closed_folders(void **state)
{
    struct world *w = *state;
    world_make_old(w);
    world_plan(w);
    w->r.before_publish = hook_old_file_appears;
    w->r.context = w;
    assert_int_equal(restore_run(&w->r), VSR_OK);
    assert_int_equal(w->r.states[0], UNIT_PUBLISHED);
    assert_int_equal(w->r.states[1], UNIT_FAILED);
    assert_int_equal(w->r.residue[1], 0);
    assert_string_equal(file_get(w, "tree/sub/1a"), "in sub a");
    assert_string_equal(file_get(w, "tree/sub/1b"), "-");
    assert_closed(w, "tree", 7);
    assert_closed(w, "tree/sub", 8);
}

/* Who may not write to a file may not give it attributes: its mode comes after them. */
static void test_read_only_file_keeps_its_attributes(void **state)
{
    struct world *w = *state;
    struct stat facts;
    char path[256], value[8];
    world_plan(w);
    assert_int_equal(restore_run(&w->r), VSR_OK);
    (void)snprintf(path, sizeof path, "%s/tree/sub/2a", w->dir);
    assert_int_equal(stat(path, &facts), 0);
    assert_int_equal(facts.st_mode & 07777, 0444);
    if (setxattr(w->dir, "user.test", "1", 1, 0) != 0) {
        skip_because("no user xattrs at %s", w->dir);
    }
    assert_int_equal(w->r.losses.attributes, 0);
    assert_int_equal(getxattr(path, "user.test", value, sizeof value), 5);
}

static void test_closed_folders_go_back(void **state)
{
    struct world *w = *state;
    struct told told = {.fail_commit = VSR_ERR_DEST_FULL};
    const struct publish_log log = {&told, told_intents, told_commit};
    world_make_old(w);
    world_plan(w);
    w->r.log = &log;
    assert_int_equal(restore_run(&w->r), VSR_ERR_DEST_FULL);
    assert_int_equal(w->r.residue[0], 0);
    assert_int_equal(w->r.residue[1], 0);
    assert_string_equal(file_get(w, "old/1a"), "was a");
    assert_string_equal(file_get(w, "tree/1a"), "-");
}

/* Units that stand alone come to one folder one after the other; it is closed at the end. */
static void test_closed_folder_takes_one_unit_after_the_other(void **state)
{
    struct world *w = *state;
    const uint8_t alone[2] = {1, 1};
    world_plan(w);
    w->r.alone = alone;
    assert_int_equal(restore_run(&w->r), VSR_OK);
    assert_int_equal(w->r.states[0], UNIT_PUBLISHED);
    assert_int_equal(w->r.states[1], UNIT_PUBLISHED);
    assert_string_equal(file_get(w, "tree/sub/1a"), "in sub a");
    assert_string_equal(file_get(w, "tree/sub/1b"), "in sub b");
    assert_closed(w, "tree", 7);
    assert_closed(w, "tree/sub", 8);
}

/* The tree as a killed process left it: at its place, and not committed. */
static struct publish_intent tree_put(struct publication *p)
{
    const struct stage_mount *mount = &p->stage->mounts[0];
    char name[10];
    for (uint32_t i = p->layout->tree_first[0]; i < p->layout->tree_first[1]; i++) {
        p->layout->needed[p->layout->tree_directories[i]] = 1;
    }
    stage_tree_name(p->stage, 0, name);
    const struct publish_intent intent = {.file = MARK_NONE,
                                          .tree = p->stage->trees[0].directory,
                                          .staged = publish_identify(mount->fd, name)};
    assert_int_equal(publish_describe_tree(p, 0), 0);
    assert_int_equal(publish_tree_rename(p, 0, false), 0);
    assert_int_equal(publish_tree_finish(p, 0), 0);
    return intent;
}

static void hook_changed_tree(void *context, struct stage *stage)
{
    struct world *w = context;
    struct publication p = {.stage = stage,
                            .layout = stage_layout_of(stage),
                            .rows = w->r.rows,
                            .policy = meta_policy_now(OWNER_MINE)};
    const struct publish_intent intent = tree_put(&p);
    struct recover recover = {.stage = stage, .rows = w->r.rows, .synced = true};
    uint32_t theirs;
    file_put(w, "tree/sub/1a", "somebody's");
    assert_closed(w, "tree", 7);
    assert_int_equal(recover_intent(&recover, &intent, &theirs), ESTALE);
    assert_int_equal(theirs, restore_file(&w->r, "tree/sub/1a"));
    assert_string_equal(file_get(w, "tree/sub/1a"), "somebody's");
    assert_closed(w, "tree", 7);
    assert_closed(w, "tree/sub", 8);
    recover.synced = false; /* then nobody knows whose it is */
    assert_int_equal(recover_intent(&recover, &intent, &theirs), 0);
    assert_int_equal(theirs, MARK_NONE);
    assert_string_equal(file_get(w, "tree/1a"), "-");
}

/* And goes back, as it is, where what a cut has left short may be ours. */
static void test_closed_tree_that_somebody_changed_stays_closed(void **state)
{
    struct world *w = *state;
    world_make_old(w);
    world_plan(w);
    w->r.before_publish = hook_changed_tree;
    w->r.context = w;
    assert_int_equal(restore_run(&w->r), VSR_OK);
    assert_string_equal(file_get(w, "tree/sub/1b"), "in sub b");
    assert_closed(w, "tree", 7);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_open, world_close)
#define TEST_CLOSED(name)                                                                          \
    cmocka_unit_test_setup_teardown(name, world_open_closed, world_close_closed)
#define TEST_CLOSED_TO_ROOT(name)                                                                  \
    {                                                                                              \
#name "_as_root", name, world_open_closed_to_root, world_close_closed, NULL                \
    }

static void test_step_bytes_are_of_files_that_appear_singly(void **state)
{
    struct plan_directory directories[] = {{.make = 0}, {.make = 1}};
    struct plan_file files[] = {
        {.kind = KIND_DIRECTORY, .directory = 1},
        {.kind = KIND_PLAIN, .directory = 0},
        {.kind = KIND_PLAIN, .directory = 1},
        {.kind = KIND_PLAIN, .directory = 1, .unit = 1},
    };
    const struct plan plan = {.files = files,
                              .file_count = COUNT_OF(files),
                              .directories = directories,
                              .directory_count = COUNT_OF(directories)};
    const uint8_t alone[] = {0, 1};
    (void)state;
    const uint64_t one = publish_step_bytes(&plan, NULL);
    assert_true(one > 0);
    assert_int_equal(publish_step_bytes(&plan, alone), 2 * one);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_step_bytes_are_of_files_that_appear_singly),
        TEST(test_tree_that_appears_is_merged_file_by_file),
        TEST(test_merged_folders_of_a_failed_unit_go_again),
        TEST(test_what_somebody_wrote_to_comes_back_with_its_tree),
        TEST(test_unit_that_stands_alone_shares_no_tree),
        cmocka_unit_test_teardown(test_empty_folder_of_a_unit_that_stands_alone, world_close),
        TEST(test_tree_inherits_from_the_parent_it_will_stand_in),
        TEST_CLOSED(test_failed_unit_is_taken_out_of_closed_folders),
        TEST_CLOSED_TO_ROOT(test_failed_unit_is_taken_out_of_closed_folders),
        TEST_CLOSED(test_read_only_file_keeps_its_attributes),
        TEST_CLOSED_TO_ROOT(test_read_only_file_keeps_its_attributes),
        TEST_CLOSED(test_closed_folders_go_back),
        TEST_CLOSED_TO_ROOT(test_closed_folders_go_back),
        TEST_CLOSED(test_closed_tree_that_somebody_changed_stays_closed),
        TEST_CLOSED_TO_ROOT(test_closed_tree_that_somebody_changed_stays_closed),
        TEST_CLOSED(test_closed_folder_takes_one_unit_after_the_other),
        TEST_CLOSED_TO_ROOT(test_closed_folder_takes_one_unit_after_the_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
