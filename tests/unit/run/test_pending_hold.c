/* test_pending_hold.c - units that wait: kept whole and on stable storage, or nothing of them.
 *
 * Goal: T71 and the order of keeping, publishing and committing. Method: a small set by two units,
 * one of which waits; fdatasync(), which journals are synced by, fails at a given call. */
#include "vsr_test.h"

#include "media_fixture.h"
#include "plan_fixture.h"
#include "run/pending_apply.h"
#include "run/pending_hold.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

int __real_fdatasync(int fd);
int __wrap_fdatasync(int fd);

static int syncs_until_fault; /* -1: never */

int __wrap_fdatasync(int fd)
{
    if (syncs_until_fault == 0) {
        errno = EIO;
        return -1;
    }
    syncs_until_fault -= syncs_until_fault > 0;
    return __real_fdatasync(fd);
}

/* Unit 1 waits: what has a 'b' as its last letter. */
static uint32_t unit_by_last_letter(const char *path)
{
    const size_t n = strlen(path);
    return n > 0 && path[n - 1] == 'b';
}

static const struct index_range data[] = {{4096, 4096}};
static char sparse[12288];

static const struct fixture_file files[] = {
    {.path = "old/1a", .content = {"first of a", 10}},
    {.path = "old/1b", .content = {"first of b", 10}, .modify_s = 11, .mode = 0640},
    {.path = "old/2b", .kind = FIXTURE_HARDLINK, .content = {"old/1b", 6}},
    {.path = "old/empty b", .content = {"", 0}},
    {.path = "old/link b", .kind = FIXTURE_SYMLINK, .content = {"1b", 2}},
    {.path = "old/sparse b",
     .content = {sparse, sizeof sparse},
     .flags = INDEX_SPARSE,
     .ranges = data,
     .range_count = 1},
    {.path = "sub b", .kind = FIXTURE_DIRECTORY, .modify_s = 99, .mode = 0750},
    {.path = "sub b/1b", .content = {"in sub b", 8}},
};

struct world {
    char folder[64];
    char dir[128];
    struct media_set set;
    struct plan *plan;
    struct restore r;
    struct pending_hold *hold;
    struct publish_log log;
    uint32_t commits; /* of the run's own journal */
    bool commit_fails;
    volatile int cancel;
};

static vsr_code log_intents(void *context, uint32_t group, const struct publish_intent *intents,
                            uint32_t count, bool last, vsr_error *error)
{
    (void)context, (void)group, (void)intents, (void)count, (void)last, (void)error;
    return VSR_OK;
}

static vsr_code log_commit(void *context, uint32_t group, vsr_error *error)
{
    struct world *w = context;
    (void)group;
    w->commits++;
    return w->commit_fails ? err_set(error, VSR_ERR_DEST_IO, "test", "no commit") : VSR_OK;
}

static void hook_hold(void *context, struct stage *stage)
{
    struct world *w = context;
    const struct uuid run = {{1, 2, 3}};
    const struct publish_log own = {.context = w, .intents = log_intents, .commit = log_commit};
    w->hold = pending_hold_create(stage, &run, w->r.rows, &own, &w->cancel);
    w->log = pending_hold_log(w->hold);
}

static int world_open(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    char path[192];
    vsr_error error = {0};
    memset(sparse + 4096, 'x', 4096);
    syncs_until_fault = -1;
    fixture_folder(w->folder);
    (void)snprintf(path, sizeof path, "%s/set", w->folder);
    fixture_write(path, &(struct fixture){.files = files, .file_count = COUNT_OF(files)});
    assert_int_equal(set_open(&w->set, path, &error), VSR_OK);
    assert_int_equal(set_open_packs(&w->set, true, &error), VSR_OK);
    (void)snprintf(w->dir, sizeof w->dir, "%s/dest", w->folder);
    assert_int_equal(mkdir(w->dir, 0755), 0);
    (void)snprintf(path, sizeof path, "%s/old", w->dir);
    assert_int_equal(mkdir(path, 0755), 0);
    w->plan = plan_fixture_create(&w->set, w->dir, 2, unit_by_last_letter);
    for (uint32_t i = 0; i < w->plan->file_count; i++) {
        if (w->plan->files[i].unit == 1) {
            ((struct plan_file *)(uintptr_t)w->plan->files)[i].action = ACTION_STAGE;
        }
    }
    w->r = (struct restore){.set = &w->set,
                            .plan = w->plan,
                            .ring = RING_SYNC,
                            .workers = 2,
                            .durability = DURABILITY_UNIT,
                            .log = &w->log,
                            .before_publish = hook_hold,
                            .context = w};
    *state = w;
    return 0;
}

static int world_close(void **state)
{
    struct world *w = *state;
    restore_free(&w->r);
    plan_fixture_free(w->plan);
    set_close(&w->set);
    fixture_remove(w->folder);
    free(w);
    return 0;
}

static enum outcome world_outcome(const struct world *w, const char *path)
{
    return (enum outcome)w->r.rows[restore_file(&w->r, path)].outcome;
}

/* What stands at the destination, by the shell: names, below its top. */
static bool stands(const struct world *w, const char *pattern)
{
    return fixture_shell("find '%s' -mindepth 1 -name '%s' | grep -q .", w->dir, pattern) == 0;
}

static struct pending_held world_end(struct world *w)
{
    struct pending_held held;
    vsr_error error = {0};
    const int run_dir = open(w->folder, O_RDONLY | O_DIRECTORY);
    assert_int_equal(pending_hold_end(w->hold, run_dir, NULL, &held, &error), VSR_OK);
    pending_hold_free(w->hold);
    (void)close(run_dir);
    return held;
}

static void no_message(void *context, struct view sentence)
{
    (void)context;
    fail_msg("%.*s", VIEW_ARG(sentence));
}

static void carry_out(struct world *w)
{
    struct arena arena = {0};
    struct pending_paths paths = {0};
    struct pending_sums sums;
    vsr_error error = {0};
    const struct pending_apply_options options = {.message = no_message};
    assert_int_equal(pending_find(&arena, w->dir, &paths, &error), VSR_OK);
    assert_int_equal(paths.count, 1);
    pending_apply(&paths, &options, &sums);
    assert_int_equal(sums.exit_code, 0);
    pending_paths_free(&paths);
    arena_free(&arena);
}

static void a_unit_waits_and_is_moved_with_all_it_had(void **state)
{
    struct world *w = *state;
    struct stat first, second, folder;
    char path[256];
    assert_int_equal(restore_run(&w->r), VSR_OK);
    assert_int_equal(w->r.states[0], UNIT_PUBLISHED);
    assert_int_equal(w->r.states[1], UNIT_PUBLISHED);
    assert_int_equal(world_outcome(w, "old/1a"), OUTCOME_RESTORED);
    assert_int_equal(world_outcome(w, "old/1b"), OUTCOME_STAGED);
    assert_true(stands(w, "1a"));
    assert_false(stands(w, "*b"));
    assert_int_equal(world_end(w).folders, 1);
    carry_out(w);
    (void)snprintf(path, sizeof path, "%s/old/1b", w->dir);
    assert_int_equal(stat(path, &first), 0);
    (void)snprintf(path, sizeof path, "%s/old/2b", w->dir);
    assert_int_equal(stat(path, &second), 0);
    assert_int_equal(first.st_ino, second.st_ino); /* still one file */
    assert_int_equal(first.st_mode & 0777, 0640);
    assert_int_equal(first.st_mtim.tv_sec, 11);
    (void)snprintf(path, sizeof path, "%s/old/sparse b", w->dir);
    assert_int_equal(stat(path, &first), 0);
    assert_int_equal(first.st_size, sizeof sparse);
    (void)snprintf(path, sizeof path, "%s/sub b", w->dir);
    assert_int_equal(stat(path, &folder), 0);
    assert_int_equal(folder.st_mode & 0777, 0750);
    assert_int_equal(folder.st_mtim.tv_sec, 99);
    assert_int_equal(fixture_shell("test \"$(readlink '%s/old/link b')\" = 1b", w->dir), 0);
    assert_false(stands(w, ".vssrestore*"));
}

/* A file with holes is read on its way; all that was moved goes back, for who goes on. */
static void a_signal_while_it_reads_puts_it_off(void **state)
{
    struct world *w = *state;
    w->cancel = 15;
    assert_int_equal(restore_run(&w->r), VSR_ERR_CANCELLED);
    assert_int_equal(w->r.states[1], UNIT_STAGED);
    assert_int_equal(world_end(w).folders, 0);
    assert_false(stands(w, ".vssrestore-pending*"));
}

/* The unit's records cannot be synced: it is NONE, and nothing of it is left (T71). The next sync
 * of the journal makes the unit count, and takes the run's own journal with it. */
static void a_journal_that_fails_leaves_nothing(void **state)
{
    struct world *w = *state;
    syncs_until_fault = 0;
    assert_int_equal(restore_run(&w->r), VSR_OK);
    syncs_until_fault = -1;
    assert_int_equal(w->r.states[0], UNIT_PUBLISHED);
    assert_int_equal(w->r.states[1], UNIT_FAILED);
    assert_int_equal(w->r.residue[1], 0);
    assert_int_equal(world_outcome(w, "sub b"), OUTCOME_DEST_ERROR);
    assert_int_equal(world_outcome(w, "old/1b"), OUTCOME_WITHDRAWN);
    assert_int_equal(world_end(w).folders, 0);
    assert_true(stands(w, "1a"));
    assert_false(stands(w, "*b"));
    assert_false(stands(w, ".vssrestore*"));
}

static void a_unit_that_cannot_be_made_to_count_is_dropped(void **state)
{
    struct world *w = *state;
    syncs_until_fault = 1;
    assert_int_equal(restore_run(&w->r), VSR_ERR_DEST_IO);
    syncs_until_fault = -1;
    assert_int_equal(w->r.states[1], UNIT_FAILED);
    assert_int_equal(w->r.residue[1], 0);
    assert_int_equal(world_end(w).folders, 0);
    assert_false(stands(w, "*b"));
    assert_false(stands(w, ".vssrestore*"));
}

static void a_run_whose_own_journal_fails_drops_it_too(void **state)
{
    struct world *w = *state;
    w->commit_fails = true;
    assert_int_equal(restore_run(&w->r), VSR_ERR_DEST_IO);
    assert_int_equal(w->r.states[0], UNIT_FAILED);
    assert_int_equal(w->r.residue[0], 0);
    assert_int_equal(world_end(w).folders, 0);
    assert_false(stands(w, "*b"));
    assert_false(stands(w, "1a"));
    assert_false(stands(w, ".vssrestore*"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_open, world_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_unit_waits_and_is_moved_with_all_it_had),
        TEST(a_signal_while_it_reads_puts_it_off),
        TEST(a_journal_that_fails_leaves_nothing),
        TEST(a_unit_that_cannot_be_made_to_count_is_dropped),
        TEST(a_run_whose_own_journal_fails_drops_it_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
