/* test_publish_journal.c - intents before renames, a commit behind them, and what becomes of a unit
 * when neither can be kept.
 *
 * Goal: without its record nothing is renamed, or it is taken back, for good; what cannot go back
 * is residue. Method: a log that fails, a mount whose sync fails, a name that stays. */
#include "vsr_test.h"

#include "publish_world.h"

#include "media_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static unsigned syncs;

static unsigned directory_syncs;
static int directory_errno; /* of the next one */

int fsync(int fd)
{
    struct stat facts;
    const bool directory = fstat(fd, &facts) == 0 && S_ISDIR(facts.st_mode);
    directory_syncs += directory;
    if (directory && directory_errno != 0) {
        errno = directory_errno;
        directory_errno = 0;
        return -1;
    }
    return (int)syscall(SYS_fsync, fd);
}

static int sync_errno;              /* of the next one */
static const struct world *entered; /* when "tree" is synced there, somebody puts a file into it */

/* In the library's place: counted. */
int syncfs(int fd)
{
    syncs++;
    if (entered != NULL && strcmp(file_get(entered, "tree/1a"), "-") != 0) {
        file_put(entered, "tree/sub a/theirs", "somebody's");
        entered = NULL;
        sync_errno = EIO;
    }
    if (sync_errno != 0) {
        errno = sync_errno;
        sync_errno = 0;
        return -1;
    }
    return (int)syscall(SYS_syncfs, fd);
}

static const char *stuck; /* a name that cannot be removed */

int unlinkat(int fd, const char *name, int flags)
{
    if (stuck != NULL && strcmp(name, stuck) == 0) {
        errno = EIO;
        return -1;
    }
    return (int)syscall(SYS_unlinkat, fd, name, flags);
}

/* More files than one window of intents holds. */
static void test_intents_come_in_parts(void **state)
{
    enum { MANY = 2500 };
    struct world *w = *state;
    struct told told = {0};
    const struct publish_log log = {&told, told_intents, told_commit};
    struct fixture_file *many = calloc(MANY, sizeof *many);
    char(*names)[16] = calloc(MANY, sizeof *names);
    for (int i = 0; i < MANY; i++) {
        (void)snprintf(names[i], sizeof names[i], "f%04da", i);
        many[i] = (struct fixture_file){.path = names[i], .content = {names[i], 6}};
    }
    (void)snprintf(w->set_path, sizeof w->set_path, "%s/set of many", w->folder);
    fixture_write(w->set_path, &(struct fixture){.files = many, .file_count = MANY});
    world_plan(w);
    w->r.log = &log;
    assert_int_equal(restore_run(&w->r), VSR_OK);
    assert_int_equal(w->r.states[0], UNIT_PUBLISHED);
    assert_int_equal(told.intents, MANY);
    assert_int_equal(told.parts, 2);
    assert_string_equal(file_get(w, "f2499a"), "f2499a");
    free(many);
    free(names);
}

static void test_nothing_is_renamed_without_intents(void **state)
{
    struct world *w = *state;
    struct told told = {.fail = VSR_ERR_DEST_FULL};
    const struct publish_log log = {&told, told_intents, told_commit};
    world_make_old(w);
    world_plan(w);
    w->r.log = &log;
    assert_int_equal(restore_run(&w->r), VSR_ERR_DEST_FULL);
    assert_int_equal(told.intents, 5); /* four files into "old", one tree */
    assert_int_equal(told.commits, 0);
    assert_string_equal(file_get(w, "old/1a"), "was a");
    assert_string_equal(file_get(w, "old/2a"), "-");
    assert_string_equal(file_get(w, "tree/1a"), "-");
    assert_int_equal(w->r.states[0], UNIT_FAILED);
}

static void test_journal_that_fails_at_the_commit_undoes_the_renames(void **state)
{
    struct world *w = *state;
    struct told told = {.fail_commit = VSR_ERR_DEST_FULL};
    const struct publish_log log = {&told, told_intents, told_commit};
    char path[256];
    struct stat before, after;
    world_make_old(w);
    world_plan(w);
    w->r.log = &log;
    (void)snprintf(path, sizeof path, "%s/old", w->dir);
    assert_int_equal(lstat(path, &before), 0);
    syncs = 0;
    assert_int_equal(restore_run(&w->r), VSR_ERR_DEST_FULL);
    assert_int_equal(told.commits, 1);
    assert_int_equal(syncs, 3); /* what is staged, the renames, and that they were taken back */
    assert_int_equal(lstat(path, &after), 0);
    assert_int_equal(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
    for (uint32_t unit = 0; unit < 2; unit++) {
        assert_int_equal(w->r.states[unit], UNIT_FAILED);
        assert_int_equal(w->r.residue[unit], 0);
        const struct outcome_row *row = &w->r.rows[w->plan->units[unit].first_file];
        assert_int_equal(row->outcome, OUTCOME_DEST_ERROR);
        assert_int_equal(row->os_errno, EIO);
        assert_int_equal(row[1].outcome, OUTCOME_WITHDRAWN);
    }
    assert_string_equal(file_get(w, "old/1a"), "was a");
    assert_string_equal(file_get(w, "old/1b"), "was b");
    assert_string_equal(file_get(w, "old/2a"), "-");
    assert_string_equal(file_get(w, "tree/1a"), "-");
}

static void test_original_that_cannot_go_back_is_residue(void **state)
{
    struct world *w = *state;
    struct told told = {.fail_commit = VSR_ERR_DEST_FULL, .spoil = w};
    const struct publish_log log = {&told, told_intents, told_commit};
    world_make_old(w);
    world_plan(w);
    w->r.log = &log;
    assert_int_equal(restore_run(&w->r), VSR_ERR_DEST_FULL);
    assert_int_equal(w->r.residue[0], 0);
    assert_int_equal(w->r.residue[1], 1);
    assert_int_equal(w->r.rows[restore_file(&w->r, "old/1b")].os_errno, ESTALE);
    assert_string_equal(file_get(w, "old/1a"), "was a");
    assert_string_equal(file_get(w, "old/1b"), "somebody else's");
    assert_string_equal(file_get(w, "old/2b"), "-");
}

static unsigned failures_told;

static void sync_failed(void *context)
{
    (void)context;
    failures_told++;
}

static void hook_sync_fails(void *context, struct stage *stage)
{
    (void)context;
    stage->options.on_sync_failed = sync_failed;
    sync_errno = EIO;
}

/* It is final, though the next call would succeed; and it is told at once, for whoever goes on. */
static void test_sync_that_fails_is_final_and_told(void **state)
{
    struct world *w = *state;
    world_make_old(w);
    world_plan(w);
    w->r.before_publish = hook_sync_fails;
    failures_told = 0;
    assert_int_equal(restore_run(&w->r), VSR_OK);
    assert_int_equal(failures_told, 1);
    for (uint32_t unit = 0; unit < 2; unit++) {
        assert_int_equal(w->r.states[unit], UNIT_FAILED);
        assert_int_equal(w->r.residue[unit], 0);
        assert_int_equal(w->r.rows[w->plan->units[unit].first_file].os_errno, EIO);
    }
    assert_string_equal(file_get(w, "old/1a"), "was a");
    assert_string_equal(file_get(w, "tree/1a"), "-");
}

/* What one mount's sync met may have been told to it alone. */
static void test_sync_that_fails_is_of_the_file_system(void **state)
{
    struct stage_mount mounts[] = {{.device = 7, .identity.fs_uuid = {1}},
                                   {.device = 8},
                                   {.device = 7},
                                   {.device = 9, .identity.fs_uuid = {1}}, /* a subvolume */
                                   {.device = 10, .identity.fs_uuid = {2}},
                                   {.device = 11}};
    struct stage stage = {.mounts = mounts, .mount_count = 6};
    (void)state;
    publish_sync_failed(&stage, 2, EIO);
    assert_int_equal(mounts[0].sync_errno, EIO);
    assert_int_equal(mounts[1].sync_errno, 0);
    assert_int_equal(mounts[3].sync_errno, 0);
    publish_sync_failed(&stage, 0, ENOSPC);
    assert_int_equal(mounts[2].sync_errno, EIO); /* the first one */
    assert_int_equal(mounts[3].sync_errno, ENOSPC);
    assert_int_equal(mounts[1].sync_errno | mounts[4].sync_errno | mounts[5].sync_errno, 0);
}

static void hook_place_taken(void *context, struct stage *stage)
{
    (void)stage;
    file_put(context, "old/2b", "somebody else's");
    stuck = "1b";
}

/* Unit b fails, and its file cannot be taken out of the tree that it shares with unit a: the tree
 * is not seen, so that neither has left anything (rules 9.1). */
static void test_tree_that_a_failed_file_stays_in_is_not_published(void **state)
{
    struct world *w = *state;
    world_make_old(w);
    world_plan(w);
    w->r.before_publish = hook_place_taken;
    w->r.context = w;
    const vsr_code code = restore_run(&w->r);
    stuck = NULL; /* the staging folder could not be emptied, which is told */
    assert_int_equal(code, VSR_ERR_DEST_IO);
    for (uint32_t unit = 0; unit < 2; unit++) {
        assert_int_equal(w->r.states[unit], UNIT_FAILED);
        assert_int_equal(w->r.residue[unit], 0);
    }
    assert_int_equal(w->r.rows[restore_file(&w->r, "old/2b")].os_errno, EEXIST);
    assert_string_equal(file_get(w, "old/1a"), "was a");
    assert_string_equal(file_get(w, "old/1b"), "was b");
    assert_string_equal(file_get(w, "tree/1a"), "-");
    assert_string_equal(file_get(w, "tree/1b"), "-");
}

/* "old" is moved away, and back. */
static void old_move(const struct world *w, bool away)
{
    char there[256], here[256];
    (void)snprintf(here, sizeof here, "%s/old", w->dir);
    (void)snprintf(there, sizeof there, "%s/old away", w->dir);
    assert_int_equal(rename(away ? here : there, away ? there : here), 0);
}

static void hook_old_goes(void *context, struct stage *stage)
{
    (void)stage;
    old_move(context, true);
}

static vsr_code old_comes(void *context, uint32_t group, const struct publish_intent *intents,
                          uint32_t count, bool more, vsr_error *error)
{
    (void)group;
    (void)more;
    (void)error;
    for (uint32_t i = 0; i < count; i++) {
        if (intents[i].file != MARK_NONE && !intents[i].staged.present) {
            old_move(context, false);
            return VSR_OK;
        }
    }
    return VSR_OK;
}

static vsr_code commit_nothing(void *context, uint32_t group, vsr_error *error)
{
    (void)context;
    (void)group;
    (void)error;
    return VSR_OK;
}

/* Its folder was away when its intent was written down: nobody who goes on could know the file. */
static void test_file_that_no_intent_knows_is_not_renamed(void **state)
{
    struct world *w = *state;
    const struct publish_log log = {w, old_comes, commit_nothing};
    char path[256];
    (void)snprintf(path, sizeof path, "%s/old", w->dir);
    assert_int_equal(mkdir(path, 0755), 0);
    world_plan(w);
    w->r.log = &log;
    w->r.before_publish = hook_old_goes;
    w->r.context = w;
    assert_int_equal(restore_run(&w->r), VSR_OK);
    assert_string_equal(file_get(w, "old/1a"), "-");
    assert_int_equal(w->r.states[0], UNIT_FAILED);
    assert_int_equal(w->r.rows[restore_file(&w->r, "old/1a")].os_errno, ESTALE);
    assert_int_equal(w->r.residue[0], 0);
}

static void hook_is_fuse(void *context, struct stage *stage)
{
    (void)context;
    stage->mounts[0].abilities.is_fuse = true;
    directory_syncs = 0;
}

/* syncfs ends at the kernel's door there: each folder that got something is synced by itself. */
static void test_folders_on_fuse_are_synced_one_by_one(void **state)
{
    struct world *w = *state;
    world_make_old(w);
    world_plan(w);
    w->r.before_publish = hook_is_fuse;
    assert_int_equal(restore_run(&w->r), VSR_OK);
    assert_true(directory_syncs >= 5); /* "old", what "tree" stands in, and the three of it */
    directory_syncs = 0;
    restore_free(&w->r);
    w->r.before_publish = NULL;
    assert_int_equal(restore_run(&w->r), VSR_OK);
    assert_int_equal(directory_syncs, 0);
}

static void hook_fuse_fails(void *context, struct stage *stage)
{
    hook_is_fuse(context, stage);
    stage->options.on_sync_failed = sync_failed;
    directory_errno = EIO;
}

static void test_folder_on_fuse_that_fails_is_final_and_told(void **state)
{
    struct world *w = *state;
    world_make_old(w);
    world_plan(w);
    w->r.before_publish = hook_fuse_fails;
    failures_told = 0;
    assert_int_equal(restore_run(&w->r), VSR_OK);
    assert_int_equal(failures_told, 1);
    assert_int_equal(w->r.states[0], UNIT_FAILED);
    assert_int_equal(w->r.states[1], UNIT_FAILED);
    assert_string_equal(file_get(w, "old/1a"), "was a");
    assert_string_equal(file_get(w, "tree/1a"), "-");
}

static void hook_sync_breaks(void *context, struct stage *stage)
{
    ((struct told *)context)->break_sync = stage;
}

static void test_mount_that_fails_after_the_renames(void **state)
{
    struct world *w = *state;
    struct told told = {0};
    const struct publish_log log = {&told, told_intents, told_commit};
    world_make_old(w);
    world_plan(w);
    w->r.log = &log;
    w->r.before_publish = hook_sync_breaks;
    w->r.context = &told;
    assert_int_equal(restore_run(&w->r), VSR_OK);
    assert_int_equal(told.commits, 0);
    for (uint32_t unit = 0; unit < 2; unit++) {
        assert_int_equal(w->r.states[unit], UNIT_FAILED);
        assert_int_equal(w->r.residue[unit], 0);
        assert_int_equal(w->r.rows[w->plan->units[unit].first_file].os_errno, ENOSPC);
    }
    assert_string_equal(file_get(w, "old/1a"), "was a");
    assert_string_equal(file_get(w, "old/2b"), "-");
    assert_string_equal(file_get(w, "tree/1a"), "-");
}

/* The tree goes back with it, and is not emptied: the staging folder stays, and is told of. */
static void test_file_that_came_into_a_tree_is_not_lost(void **state)
{
    struct world *w = *state;
    world_plan(w);
    entered = w;
    assert_int_equal(restore_run(&w->r), VSR_OK);
    assert_null(entered);
    assert_int_equal(w->r.states[0], UNIT_FAILED);
    assert_int_equal(w->r.states[1], UNIT_FAILED);
    assert_int_equal(w->r.residue[0] + w->r.residue[1], 1);
    assert_string_equal(file_get(w, "tree/1a"), "-");
    assert_int_equal(fixture_shell("grep -q somebody \"$(find '%s' -type f)\"", w->dir), 0);
}

/* Nor when it is the journal that fails. */
static void test_file_that_came_into_a_tree_is_kept_without_a_journal(void **state)
{
    struct world *w = *state;
    struct told told = {.fail_commit = VSR_ERR_DEST_FULL, .enter = w};
    const struct publish_log log = {&told, told_intents, told_commit};
    world_plan(w);
    w->r.log = &log;
    assert_int_equal(restore_run(&w->r), VSR_ERR_DEST_FULL);
    assert_int_equal(w->r.residue[0] + w->r.residue[1], 1);
    assert_string_equal(file_get(w, "tree/1a"), "-");
    assert_int_equal(fixture_shell("grep -q somebody \"$(find '%s' -type f)\"", w->dir), 0);
}

/* Nor by the name of what is taken out of it, whichever call ends it; what is ours goes. */
static void test_file_that_took_a_place_in_a_tree_is_not_lost(void **state)
{
    struct world *w = *state;
    struct told told = {.fail_commit = VSR_ERR_DEST_FULL, .enter = w, .entered = "tree/1b"};
    const struct publish_log log = {&told, told_intents, told_commit};
    world_plan(w);
    w->r.log = &log;
    assert_int_equal(restore_run(&w->r), VSR_ERR_DEST_FULL);
    assert_int_equal(w->r.residue[0], 0);
    assert_true(w->r.residue[1] > 0);
    assert_string_equal(file_get(w, "tree/1a"), "-");
    assert_int_equal(fixture_shell("grep -q somebody \"$(find '%s' -type f)\"", w->dir), 0);
    const struct outcome_row *row = &w->r.rows[restore_file(&w->r, "tree/1b")];
    assert_int_equal(row->outcome, OUTCOME_REFUSED);
    assert_int_equal(row->os_errno, ESTALE);
    assert_int_equal(world_outcome(w, "tree/sub b/1b"), OUTCOME_WITHDRAWN);
}

static struct sync_notes notes = {.folder = "/the/run"};

static void hook_notes_full(void *context, struct stage *stage)
{
    (void)context;
    stage->options.on_sync_failed = sync_failed;
    stage->options.sync_notes = &notes;
    syncs = 0;
}

/* As of a disk that is full: of the run folder, which is told, and not of the destination. */
static void test_nothing_is_renamed_when_no_sync_can_be_noted(void **state)
{
    struct world *w = *state;
    world_make_old(w);
    world_plan(w);
    notes.fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
    assert_true(notes.fd >= 0);
    w->r.before_publish = hook_notes_full;
    failures_told = 0;
    assert_int_equal(restore_run(&w->r), VSR_ERR_DEST_FULL);
    assert_non_null(strstr(w->r.error.what, "`checkpoint` of the run folder /the/run"));
    assert_int_equal(syncs, 0);
    assert_int_equal(failures_told, 0);
    for (uint32_t unit = 0; unit < 2; unit++) {
        assert_int_equal(w->r.states[unit], UNIT_FAILED);
        assert_int_equal(w->r.residue[unit], 0);
        assert_int_equal(w->r.rows[w->plan->units[unit].first_file].os_errno, ENOSPC);
    }
    assert_string_equal(file_get(w, "old/1a"), "was a");
    assert_string_equal(file_get(w, "tree/1a"), "-");
    (void)close(notes.fd);
}

static vsr_code intents_then_full(void *context, uint32_t group,
                                  const struct publish_intent *intents, uint32_t count, bool more,
                                  vsr_error *error)
{
    const int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
    assert_true(full >= 0 && dup2(full, notes.fd) == notes.fd);
    (void)close(full);
    return told_intents(context, group, intents, count, more, error);
}

static void hook_fuse_and_notes(void *context, struct stage *stage)
{
    hook_is_fuse(context, stage);
    hook_notes_full(context, stage);
}

static void renames_go_back(struct world *w, void (*hook)(void *context, struct stage *stage))
{
    struct told told = {0};
    const struct publish_log log = {&told, intents_then_full, told_commit};
    notes.fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
    assert_true(notes.fd >= 0);
    w->r.log = &log;
    w->r.before_publish = hook;
    failures_told = 0;
    assert_int_equal(restore_run(&w->r), VSR_ERR_DEST_FULL);
    assert_non_null(strstr(w->r.error.what, "/the/run"));
    assert_int_equal(told.commits, 0);
    assert_int_equal(failures_told, 0);
    assert_int_equal(w->r.states[0], UNIT_FAILED);
    assert_int_equal(w->r.states[1], UNIT_FAILED);
    assert_string_equal(file_get(w, "old/1a"), "was a");
    assert_string_equal(file_get(w, "tree/1a"), "-");
    (void)close(notes.fd);
}

/* Behind FUSE, where folders are synced, and noted, one by one, too. */
static void test_renames_go_back_when_no_sync_can_be_noted(void **state)
{
    struct world *w = *state;
    world_make_old(w);
    world_plan(w);
    renames_go_back(w, hook_notes_full);
    restore_free(&w->r);
    renames_go_back(w, hook_fuse_and_notes);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_open, world_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_intents_come_in_parts),
        TEST(test_nothing_is_renamed_without_intents),
        TEST(test_journal_that_fails_at_the_commit_undoes_the_renames),
        TEST(test_original_that_cannot_go_back_is_residue),
        TEST(test_nothing_is_renamed_when_no_sync_can_be_noted),
        TEST(test_renames_go_back_when_no_sync_can_be_noted),
        TEST(test_sync_that_fails_is_final_and_told),
        cmocka_unit_test(test_sync_that_fails_is_of_the_file_system),
        TEST(test_tree_that_a_failed_file_stays_in_is_not_published),
        TEST(test_file_that_no_intent_knows_is_not_renamed),
        TEST(test_mount_that_fails_after_the_renames),
        TEST(test_file_that_came_into_a_tree_is_not_lost),
        TEST(test_file_that_came_into_a_tree_is_kept_without_a_journal),
        TEST(test_file_that_took_a_place_in_a_tree_is_not_lost),
        TEST(test_folders_on_fuse_are_synced_one_by_one),
        TEST(test_folder_on_fuse_that_fails_is_final_and_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
