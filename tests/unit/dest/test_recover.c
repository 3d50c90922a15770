/* test_recover.c - one intent taken back, by what a kill or a disk has left at its names.
 *
 * Goal: an original goes to its place, from either of its names in staging, or is told to be away;
 * folders behind FUSE are synced whether or not anything was left to do. Method: names are laid as
 * they would be, before anything is published; then the run goes on as any. */
#include "vsr_test.h"

#include "publish_world.h"

#include "dest/publish_step.h"
#include "dest/recover.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static unsigned directory_syncs;

/* In the library's place: counted. */
int fsync(int fd)
{
    struct stat facts;
    directory_syncs += fstat(fd, &facts) == 0 && S_ISDIR(facts.st_mode);
    return (int)syscall(SYS_fsync, fd);
}

/* "old/1a": both ends open, and the intent of replacing it. */
struct laid {
    struct world *w;
    struct recover recover;
    struct publication publication;
    struct step_ends ends;
    struct publish_intent intent;
};

static void laid_open(struct laid *laid, struct world *w, struct stage *stage, const char *path)
{
    const uint32_t file = restore_file(&w->r, path);
    *laid = (struct laid){.w = w, .recover = {.stage = stage, .rows = w->r.rows}};
    laid->publication = (struct publication){.stage = stage, .layout = stage_layout_of(stage)};
    assert_int_equal(publish_step_open(&laid->publication, file, &laid->ends), 0);
    const struct step_ends *e = &laid->ends;
    laid->intent = (struct publish_intent){.file = file,
                                           .tree = MARK_NONE,
                                           .staged = publish_identify(e->staged_fd, e->staged),
                                           .at_place = publish_identify(e->place_fd, e->place)};
    assert_true(recover_knows(stage, &laid->intent));
}

static void laid_exchange(const struct laid *laid)
{
    const struct step_ends *e = &laid->ends;
    assert_int_equal(renameat2(e->staged_fd, e->staged, e->place_fd, e->place, RENAME_EXCHANGE), 0);
    assert_string_equal(file_get(laid->w, "old/1a"), "first of a");
}

/* As where no names can be exchanged. */
static void laid_over(const struct laid *laid)
{
    const struct step_ends *e = &laid->ends;
    assert_int_equal(linkat(e->place_fd, e->place, e->staged_fd, e->old, 0), 0);
    assert_int_equal(renameat(e->staged_fd, e->staged, e->place_fd, e->place), 0);
    assert_string_equal(file_get(laid->w, "old/1a"), "first of a");
}

static bool laid_stands(const struct laid *laid, const char *name)
{
    return faccessat(laid->ends.staged_fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* The original stands at its place, what was staged in staging, and nothing beside. */
static void laid_is_back(struct laid *laid)
{
    const struct step_ends *e = &laid->ends;
    const struct publish_identity staged = publish_identify(e->staged_fd, e->staged);
    assert_string_equal(file_get(laid->w, "old/1a"), "was a");
    assert_true(publish_identity_equal(&staged, &laid->intent.staged));
    assert_false(laid_stands(laid, e->old));
    publish_step_close(&laid->ends);
}

static void world_run(struct world *w, void (*hook)(void *context, struct stage *stage))
{
    world_make_old(w);
    world_plan(w);
    w->r.before_publish = hook;
    w->r.context = w;
    assert_int_equal(restore_run(&w->r), VSR_OK);
    assert_int_equal(w->r.states[0], UNIT_PUBLISHED);
    assert_string_equal(file_get(w, "old/1a"), "first of a");
}

static void hook_half_way(void *context, struct stage *stage)
{
    struct laid laid;
    uint32_t theirs;
    laid_open(&laid, context, stage, "old/1a");
    laid_over(&laid);
    assert_int_equal(linkat(laid.ends.place_fd, laid.ends.place, laid.ends.staged_fd,
                            laid.ends.staged, 0),
                     0);
    assert_int_equal(recover_intent(&laid.recover, &laid.intent, &theirs), 0);
    laid_is_back(&laid);
}

/* Killed while it was taken back: what was staged has both names, and the original is beside. */
static void test_original_laid_beside_goes_back_from_half_way(void **state)
{
    world_run(*state, hook_half_way);
}

static void hook_past_laid_over(void *context, struct stage *stage)
{
    struct laid laid;
    laid_open(&laid, context, stage, "old/1a");
    laid_over(&laid);
    assert_int_equal(recover_past(&laid.recover, &laid.intent), 0);
    laid_is_back(&laid);
}

static void test_lost_way_back_of_an_original_laid_beside(void **state)
{
    world_run(*state, hook_past_laid_over);
}

static void hook_past_of_another_boot(void *context, struct stage *stage)
{
    struct laid laid;
    laid_open(&laid, context, stage, "old/1a");
    laid_exchange(&laid);
    laid.intent.staged.device += 7;
    laid.intent.at_place.device += 7;
    assert_int_equal(recover_past(&laid.recover, &laid.intent), 0);
    laid.intent.staged.device -= 7;
    laid_is_back(&laid);
}

/* The device was called otherwise then, and otherwise again in the boot before this one. */
static void test_lost_way_back_of_some_boots_ago(void **state)
{
    world_run(*state, hook_past_of_another_boot);
}

static void hook_past_second_name(void *context, struct stage *stage)
{
    struct laid laid;
    laid_open(&laid, context, stage, "old/1a");
    assert_int_equal(linkat(laid.ends.place_fd, laid.ends.place, laid.ends.staged_fd, laid.ends.old,
                            0),
                     0);
    assert_int_equal(recover_past(&laid.recover, &laid.intent), 0);
    laid_is_back(&laid);
}

static void test_second_name_of_an_original_goes(void **state)
{
    world_run(*state, hook_past_second_name);
}

static void hook_past_nobody(void *context, struct stage *stage)
{
    struct laid laid;
    laid_open(&laid, context, stage, "old/1a");
    laid_exchange(&laid);
    assert_int_equal(unlinkat(laid.ends.place_fd, laid.ends.place, 0), 0);
    assert_int_equal(recover_past(&laid.recover, &laid.intent), 0);
    assert_string_equal(file_get(laid.w, "old/1a"), "was a");
    assert_false(laid_stands(&laid, laid.ends.staged));
    publish_step_close(&laid.ends);
}

/* Ours was removed by somebody: then the unit fails, since what was staged is gone. */
static void test_original_goes_where_nobody_stands(void **state)
{
    struct world *w = *state;
    world_make_old(w);
    world_plan(w);
    w->r.before_publish = hook_past_nobody;
    w->r.context = w;
    assert_int_equal(restore_run(&w->r), VSR_OK);
    assert_int_equal(w->r.states[0], UNIT_FAILED);
    assert_string_equal(file_get(w, "old/1a"), "was a");
}

static void hook_past_without_parent(void *context, struct stage *stage)
{
    struct laid laid;
    char from[256], to[256];
    laid_open(&laid, context, stage, "old/1a");
    (void)snprintf(from, sizeof from, "%s/old", laid.w->dir);
    (void)snprintf(to, sizeof to, "%s/elsewhere", laid.w->dir);
    laid_exchange(&laid);
    assert_int_equal(rename(from, to), 0);
    assert_int_equal(recover_past(&laid.recover, &laid.intent), ENOENT);
    assert_true(laid_stands(&laid, laid.ends.staged));
    assert_int_equal(mkdir(from, 0700), 0);
    assert_int_equal(recover_past(&laid.recover, &laid.intent), ESTALE);
    assert_true(laid_stands(&laid, laid.ends.staged));
    assert_int_equal(rmdir(from), 0);
    assert_int_equal(rename(to, from), 0);
    assert_int_equal(recover_past(&laid.recover, &laid.intent), 0);
    laid_is_back(&laid);
}

/* Who can look at staging alone sees that the original stands there. */
static void test_original_is_told_to_be_away_where_its_place_cannot_be_opened(void **state)
{
    world_run(*state, hook_past_without_parent);
}

static void hook_past_not_begun(void *context, struct stage *stage)
{
    struct laid laid;
    laid_open(&laid, context, stage, "old/1a");
    assert_int_equal(recover_past(&laid.recover, &laid.intent), 0);
    laid_is_back(&laid);
}

static void test_what_is_as_it_was_stays(void **state)
{
    world_run(*state, hook_past_not_begun);
}

/* --- FUSE --- */

static void take_back_synced(const struct recover *recover, const struct publish_intent *intent,
                             int fault)
{
    uint32_t theirs;
    directory_syncs = 0;
    assert_true(recover_knows(recover->stage, intent));
    assert_int_equal(recover_intent(recover, intent, &theirs), fault);
    recover_settle(recover);
    assert_int_equal(directory_syncs, 1);
}

/* Files and trees that are back already, and what has no staging folder any more. */
static void hook_fuse(void *context, struct stage *stage)
{
    struct laid laid;
    stage->mounts[0].abilities.is_fuse = true;
    laid_open(&laid, context, stage, "old/1a");
    take_back_synced(&laid.recover, &laid.intent, 0);

    const uint32_t directory = stage->trees[0].directory;
    const struct publish_intent tree = {.file = MARK_NONE,
                                        .tree = directory,
                                        .staged = laid.intent.staged};
    const struct publish_intent folder = {.file = MARK_NONE, .tree = directory, .folder = 1};
    take_back_synced(&laid.recover, &tree, 0);
    take_back_synced(&laid.recover, &folder, ENOENT);

    char path[STAGE_PATH_BYTES_MAX], name[WIN_NAME_BYTES_MAX + 1];
    struct stage_where where = {.key = STAGE_KEY_NONE, .path = path, .name = name};
    assert_true(stage_place(stage, laid.intent.file, &where));
    assert_int_equal(renameat(where.base_fd, path, where.base_fd, "away"), 0);
    take_back_synced(&laid.recover, &laid.intent, 0);
    assert_int_equal(renameat(where.base_fd, "away", where.base_fd, path), 0);
    laid_is_back(&laid);
}

/* Who took something back may have been killed before he synced, and the journal drops its
 * intents. */
static void test_folders_on_fuse_are_synced_also_where_nothing_is_left_to_do(void **state)
{
    world_run(*state, hook_fuse);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_open, world_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_original_laid_beside_goes_back_from_half_way),
        TEST(test_lost_way_back_of_an_original_laid_beside),
        TEST(test_lost_way_back_of_some_boots_ago),
        TEST(test_second_name_of_an_original_goes),
        TEST(test_original_goes_where_nobody_stands),
        TEST(test_original_is_told_to_be_away_where_its_place_cannot_be_opened),
        TEST(test_what_is_as_it_was_stays),
        TEST(test_folders_on_fuse_are_synced_also_where_nothing_is_left_to_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
