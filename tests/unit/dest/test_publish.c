/* test_publish.c - all or nothing for each unit, and never a byte outside.
 *
 * Goal: a unit that fails - damaged media, a place that somebody changed - leaves nothing and
 * gives back what it had replaced, while units beside it in the same tree are published. Method:
 * small sets by two units; the fault is made on the media or, by a hook between staging and
 * publishing, at the destination. */
#include "vsr_test.h"

#include "publish_world.h"

#include "media_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

/* Change what the index says of one file's checksum: as good as a flipped byte on the media, for
 * one file in a frame that many share. */
static void world_corrupt(struct world *w, const char *path)
{
    w->r = (struct restore){.set = &w->set,
                            .plan = w->plan,
                            .ring = RING_SYNC,
                            .workers = 2,
                            .durability = DURABILITY_UNIT};
    const uint32_t entry = w->plan->files[restore_file(&w->r, path)].entry;
    const struct index_entry *e = &w->set.index.entries[entry];
    struct index_chunk *chunks = calloc(w->set.index.chunk_count, sizeof *chunks);
    memcpy(chunks, w->set.index.chunks, w->set.index.chunk_count * sizeof *chunks);
    chunks[e->file.first_chunk].xxh3_64 ^= 1;
    w->set.index.chunks = chunks;
}

static void test_damaged_file_withdraws_its_unit_alone(void **state)
{
    struct world *w = *state;
    struct stat facts;
    char path[256];
    world_make_old(w);
    world_plan(w);
    world_corrupt(w, "tree/1b");
    assert_int_equal(restore_run(&w->r), VSR_OK);
    assert_int_equal(w->r.states[0], UNIT_PUBLISHED);
    assert_int_equal(w->r.states[1], UNIT_FAILED);
    assert_int_equal(world_outcome(w, "tree/1b"), OUTCOME_MEDIA_CORRUPT);
    assert_int_equal(world_outcome(w, "old/1b"), OUTCOME_WITHDRAWN);
    assert_int_equal(world_outcome(w, "tree/sub b"), OUTCOME_WITHDRAWN);
    assert_int_equal(world_outcome(w, "tree/1a"), OUTCOME_RESTORED);
    assert_string_equal(file_get(w, "old/1a"), "first of a");
    assert_string_equal(file_get(w, "old/1b"), "was b");
    assert_string_equal(file_get(w, "old/2b"), "-");
    assert_string_equal(file_get(w, "tree/1a"), "top a");
    assert_string_equal(file_get(w, "tree/1b"), "-");
    assert_string_equal(file_get(w, "tree/sub a/1a"), "in tree a");
    (void)snprintf(path, sizeof path, "%s/tree/sub b", w->dir);
    assert_int_equal(lstat(path, &facts), -1); /* nobody needs it now */
    free((void *)(uintptr_t)w->set.index.chunks);
}

static void test_pack_that_is_missing_or_short(void **state)
{
    struct world *w = *state;
    char path[256];
    world_plan(w);
    source_close(&w->set.packs[0]);
    assert_int_equal(restore_run(&w->r), VSR_OK);
    assert_int_equal(world_outcome(w, "tree/1a"), OUTCOME_MEDIA_MISSING);
    assert_string_equal(file_get(w, "tree/1a"), "-");
    restore_free(&w->r);
    (void)snprintf(path, sizeof path, "%s/packs/pack-000000.tar.lz4", w->set_path);
    assert_int_equal(truncate(path, 100), 0);
    w->set.packs[0] = source_of_fd(open(path, O_RDONLY));
    assert_int_equal(restore_run(&w->r), VSR_OK);
    assert_int_equal(world_outcome(w, "tree/1a"), OUTCOME_MEDIA_CORRUPT);
    assert_string_equal(file_get(w, "tree/1a"), "-");
}

/* --- somebody changes the destination between staging and publishing --- */

static void hook_file_appears(void *context, struct stage *stage)
{
    (void)stage;
    file_put(context, "old/2b", "somebody else's");
}

static void test_file_that_appears_fails_the_unit_and_swaps_back(void **state)
{
    struct world *w = *state;
    world_make_old(w);
    world_plan(w);
    w->r.before_publish = hook_file_appears;
    w->r.context = w;
    assert_int_equal(restore_run(&w->r), VSR_OK);
    assert_int_equal(w->r.states[0], UNIT_PUBLISHED);
    assert_int_equal(w->r.states[1], UNIT_FAILED);
    assert_int_equal(w->r.residue[1], 0);
    assert_int_equal(world_outcome(w, "old/2b"), OUTCOME_REFUSED); /* T03 */
    assert_int_equal(w->r.rows[restore_file(&w->r, "old/2b")].os_errno, EEXIST);
    assert_int_equal(world_outcome(w, "old/1b"), OUTCOME_WITHDRAWN);
    assert_string_equal(file_get(w, "old/1b"), "was b"); /* exchanged, and back */
    assert_string_equal(file_get(w, "old/2b"), "somebody else's");
    assert_string_equal(file_get(w, "old/1a"), "first of a");
    assert_string_equal(file_get(w, "tree/1b"), "-");
    assert_string_equal(file_get(w, "tree/1a"), "top a");
}

static void hook_folder_replaced(void *context, struct stage *stage)
{
    const struct world *w = context;
    char path[256], away[256];
    (void)stage;
    (void)snprintf(path, sizeof path, "%s/old", w->dir);
    (void)snprintf(away, sizeof away, "%s/moved away", w->folder);
    assert_int_equal(rename(path, away), 0);
    assert_int_equal(mkdir(path, 0755), 0);
}

static void test_folder_that_was_replaced_is_noticed(void **state)
{
    struct world *w = *state;
    char path[256];
    struct stat facts;
    world_make_old(w);
    world_plan(w);
    w->r.before_publish = hook_folder_replaced;
    w->r.context = w;
    assert_int_equal(restore_run(&w->r), VSR_OK);
    assert_int_equal(w->r.states[0], UNIT_FAILED);
    assert_int_equal(w->r.states[1], UNIT_FAILED);
    assert_int_equal(w->r.rows[restore_file(&w->r, "old/1a")].os_errno, ESTALE);
    assert_int_equal(w->r.rows[restore_file(&w->r, "old/1a")].outcome, OUTCOME_REFUSED);
    assert_string_equal(file_get(w, "old/1a"), "-");
    (void)snprintf(path, sizeof path, "%s/moved away/2a", w->folder);
    assert_int_equal(lstat(path, &facts), -1); /* nothing followed the folder out */
    assert_string_equal(file_get(w, "tree/1a"), "-");
}

static void hook_symlinks_planted(void *context, struct stage *stage)
{
    const struct world *w = context;
    char path[256], away[256];
    (void)stage;
    (void)snprintf(away, sizeof away, "%s/outside", w->folder);
    assert_int_equal(mkdir(away, 0755), 0);
    (void)snprintf(path, sizeof path, "%s/tree", w->dir);
    assert_int_equal(symlink(away, path), 0); /* where a tree goes */
    (void)snprintf(path, sizeof path, "%s/old/1b", w->dir);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink(away, path), 0); /* where a file is replaced */
}

static void test_planted_symlinks_are_not_followed(void **state)
{
    struct world *w = *state;
    char away[256];
    world_make_old(w);
    world_plan(w);
    w->r.before_publish = hook_symlinks_planted;
    w->r.context = w;
    assert_int_equal(restore_run(&w->r), VSR_OK);
    assert_int_equal(w->r.states[0], UNIT_FAILED);
    assert_int_equal(w->r.states[1], UNIT_FAILED);
    assert_string_equal(file_get(w, "old/1a"), "was a"); /* exchanged, and back */
    (void)snprintf(away, sizeof away, "%s/outside", w->folder);
    assert_int_equal(rmdir(away), 0); /* still empty */
}

static void set_immutable(const struct world *w, bool on)
{
    char path[256];
    (void)snprintf(path, sizeof path, "%s/old/1b", w->dir);
    const int fd = open(path, O_RDONLY);
    int flags = on ? FS_IMMUTABLE_FL : 0;
    assert_int_not_equal(fd, -1);
    if (ioctl(fd, FS_IOC_SETFLAGS, &flags) != 0) {
        (void)close(fd);
        skip_because("the file system has no such attributes");
    }
    (void)close(fd);
}

static void hook_file_becomes_immutable(void *context, struct stage *stage)
{
    (void)stage;
    set_immutable(context, true);
}

static void test_file_that_became_immutable(void **state)
{
    struct world *w = *state;
    world_make_old(w);
    set_immutable(w, false); /* skips where flags cannot be set */
    world_plan(w);
    w->r.before_publish = hook_file_becomes_immutable;
    w->r.context = w;
    assert_int_equal(restore_run(&w->r), VSR_OK);
    set_immutable(w, false);
    assert_int_equal(w->r.states[1], UNIT_FAILED);
    assert_int_equal(w->r.rows[restore_file(&w->r, "old/1b")].os_errno, EPERM);
    assert_string_equal(file_get(w, "old/1b"), "was b");
    assert_string_equal(file_get(w, "old/2b"), "-");
    assert_string_equal(file_get(w, "old/1a"), "first of a");
}

/* --- what a lesser file system lacks --- */

static void hook_no_rename_flags(void *context, struct stage *stage)
{
    (void)context;
    stage->mounts[0].abilities.rename_exchange = false;
    stage->mounts[0].abilities.rename_noreplace = false;
}

static void test_without_rename_flags_links_stand_in(void **state)
{
    struct world *w = *state;
    world_make_old(w);
    world_plan(w);
    w->r.before_publish = hook_no_rename_flags;
    assert_int_equal(restore_run(&w->r), VSR_OK);
    assert_int_equal(w->r.states[0], UNIT_PUBLISHED);
    assert_int_equal(w->r.states[1], UNIT_PUBLISHED);
    assert_string_equal(file_get(w, "old/1a"), "first of a");
    assert_string_equal(file_get(w, "old/2b"), "second of b");
    assert_string_equal(file_get(w, "tree/sub b/1b"), "in tree b");
}

static void hook_no_links_either(void *context, struct stage *stage)
{
    hook_no_rename_flags(context, stage);
    stage->mounts[0].abilities.hard_links = false;
}

static void test_without_links_too_replacing_is_refused(void **state)
{
    struct world *w = *state;
    world_make_old(w);
    world_plan(w);
    w->r.before_publish = hook_no_links_either;
    assert_int_equal(restore_run(&w->r), VSR_OK);
    assert_int_equal(w->r.states[0], UNIT_FAILED);
    assert_int_equal(w->r.rows[restore_file(&w->r, "old/1a")].os_errno, EOPNOTSUPP);
    assert_string_equal(file_get(w, "old/1a"), "was a");
}

static void test_stopped_engine_gives_every_file_a_row(void **state)
{
    struct world *w = *state;
    world_plan(w);
    w->r.stop_at_once = true;
    w->r.workers = 1;
    assert_int_equal(restore_run(&w->r), VSR_OK);
    for (uint32_t i = 0; i < w->plan->file_count; i++) {
        assert_int_not_equal(w->r.rows[i].outcome, OUTCOME_NOT_STARTED);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_open, world_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_damaged_file_withdraws_its_unit_alone),
        TEST(test_pack_that_is_missing_or_short),
        TEST(test_file_that_appears_fails_the_unit_and_swaps_back),
        TEST(test_folder_that_was_replaced_is_noticed),
        TEST(test_planted_symlinks_are_not_followed),
        TEST(test_file_that_became_immutable),
        TEST(test_without_rename_flags_links_stand_in),
        TEST(test_without_links_too_replacing_is_refused),
        TEST(test_stopped_engine_gives_every_file_a_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
