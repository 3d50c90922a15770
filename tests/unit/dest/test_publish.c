/* test_publish.c - all or nothing for each unit, and never a byte outside.
 *
 * Goal: a unit that fails - damaged media, a place that somebody changed - leaves nothing and
 * gives back what it had replaced, while units beside it in the same tree are published. Method:
 * small sets by two units; the fault is made on the media or, by a hook between staging and
 * publishing, at the destination. */
#include "vsr_test.h"

#include "media_fixture.h"
#include "plan_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

/* Unit 1 is what has a 'b' as its last letter. */
static uint32_t unit_by_last_letter(const char *path)
{
    const size_t n = strlen(path);
    return n > 0 && path[n - 1] == 'b';
}

static const struct fixture_file files[] = {
    {.path = "old/1a", .content = {"first of a", 10}},
    {.path = "old/1b", .content = {"first of b", 10}},
    {.path = "old/2a", .content = {"second of a", 11}},
    {.path = "old/2b", .content = {"second of b", 11}},
    {.path = "tree/sub a/1a", .content = {"in tree a", 9}, .modify_s = 5},
    {.path = "tree/sub b", .kind = FIXTURE_DIRECTORY, .modify_s = 99},
    {.path = "tree/sub b/1b", .content = {"in tree b", 9}},
    {.path = "tree/1a", .content = {"top a", 5}},
    {.path = "tree/1b", .content = {"top b", 5}},
};

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

struct world {
    char folder[64];
    char set_path[128];
    char dir[128];
    struct media_set set;
    struct plan *plan;
    struct restore r;
};

static void file_put(const struct world *w, const char *name, const char *text)
{
    char path[512];
    (void)snprintf(path, sizeof path, "%s/%s", w->dir, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_not_equal(fputs(text, file), EOF);
    (void)fclose(file);
}

/* The whole text of a file at the destination, or "-" when nothing stands there. */
static const char *file_get(const struct world *w, const char *name)
{
    static char text[256];
    char path[512];
    (void)snprintf(path, sizeof path, "%s/%s", w->dir, name);
    const int fd = open(path, O_RDONLY | O_NOFOLLOW);
    if (fd < 0) {
        return "-";
    }
    const ssize_t n = read(fd, text, sizeof text - 1);
    text[n > 0 ? n : 0] = '\0';
    (void)close(fd);
    return text;
}

static int world_open(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    fixture_folder(w->folder);
    (void)snprintf(w->set_path, sizeof w->set_path, "%s/set", w->folder);
    (void)snprintf(w->dir, sizeof w->dir, "%s/dest", w->folder);
    assert_int_equal(mkdir(w->dir, 0755), 0);
    fixture_write(w->set_path, &(struct fixture){.files = files, .file_count = COUNT_OF(files)});
    *state = w;
    return 0;
}

static int world_close(void **state)
{
    struct world *w = *state;
    if (w->plan != NULL) {
        restore_free(&w->r);
        plan_fixture_free(w->plan);
        set_close(&w->set);
    }
    fixture_remove(w->folder);
    free(w);
    return 0;
}

/* "old" exists, with 1a and 1b in it. */
static void world_make_old(struct world *w)
{
    char path[256];
    (void)snprintf(path, sizeof path, "%s/old", w->dir);
    assert_int_equal(mkdir(path, 0755), 0);
    file_put(w, "old/1a", "was a");
    file_put(w, "old/1b", "was b");
}

static void world_plan(struct world *w)
{
    vsr_error error = {0};
    assert_int_equal(set_open(&w->set, w->set_path, &error), VSR_OK);
    assert_int_equal(set_open_packs(&w->set, true, &error), VSR_OK);
    w->plan = plan_fixture_create(&w->set, w->dir, 2, unit_by_last_letter);
    w->r = (struct restore){.set = &w->set,
                            .plan = w->plan,
                            .ring = RING_SYNC,
                            .workers = 2,
                            .durability = DURABILITY_UNIT};
}

static enum outcome world_outcome(const struct world *w, const char *path)
{
    return (enum outcome)w->r.rows[restore_file(&w->r, path)].outcome;
}

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
    (void)close(w->set.pack_fds[0]);
    w->set.pack_fds[0] = -1;
    assert_int_equal(restore_run(&w->r), VSR_OK);
    assert_int_equal(world_outcome(w, "tree/1a"), OUTCOME_MEDIA_MISSING);
    assert_string_equal(file_get(w, "tree/1a"), "-");
    restore_free(&w->r);
    (void)snprintf(path, sizeof path, "%s/packs/pack-000000.tar.lz4", w->set_path);
    assert_int_equal(truncate(path, 100), 0);
    w->set.pack_fds[0] = open(path, O_RDONLY);
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

/* --- folders that are closed to a user who is not root --- */

static int world_open_closed(void **state)
{
    if (geteuid() == 0 && seteuid(65534) != 0) {
        return -1;
    }
    struct world *w = calloc(1, sizeof *w);
    fixture_folder(w->folder);
    (void)snprintf(w->set_path, sizeof w->set_path, "%s/set", w->folder);
    (void)snprintf(w->dir, sizeof w->dir, "%s/dest", w->folder);
    assert_int_equal(mkdir(w->dir, 0755), 0);
    fixture_write(w->set_path, &(struct fixture){.files = closed, .file_count = COUNT_OF(closed)});
    *state = w;
    return 0;
}

static int world_close_closed(void **state)
{
    const struct world *w = *state;
    if (getuid() == 0) {
        assert_int_equal(seteuid(0), 0);
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

/* --- the journal --- */

struct told {
    uint32_t intents, commits, parts;
    vsr_code fail, fail_commit;
    struct stage *break_sync;  /* at the intents, its mount fails */
    const struct world *spoil; /* at the commit, somebody takes the place of "old/1b" */
};

static vsr_code told_intents(void *context, uint32_t group, const struct publish_intent *intents,
                             uint32_t count, bool more, vsr_error *error)
{
    struct told *told = context;
    (void)group;
    told->parts += more;
    for (uint32_t i = 0; i < count; i++) {
        assert_true(intents[i].staged.present);
    }
    told->intents += count;
    if (told->break_sync != NULL) {
        told->break_sync->mounts[0].sync_errno = ENOSPC;
    }
    return told->fail == VSR_OK ? VSR_OK : err_set(error, told->fail, "test", "no space");
}

static vsr_code told_commit(void *context, uint32_t group, vsr_error *error)
{
    struct told *told = context;
    char path[256], away[256];
    (void)group;
    told->commits++;
    if (told->spoil != NULL) {
        (void)snprintf(path, sizeof path, "%s/old/1b", told->spoil->dir);
        (void)snprintf(away, sizeof away, "%s/moved away", told->spoil->folder);
        assert_int_equal(rename(path, away), 0); /* so that its inode is not used again */
        file_put(told->spoil, "old/1b", "somebody else's");
    }
    return told->fail_commit == VSR_OK ? VSR_OK
                                       : err_set(error, told->fail_commit, "test", "no space");
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
    assert_int_equal(restore_run(&w->r), VSR_ERR_DEST_FULL);
    assert_int_equal(told.commits, 1);
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
        TEST(test_tree_that_appears_is_merged_file_by_file),
        TEST(test_file_that_became_immutable),
        TEST(test_without_rename_flags_links_stand_in),
        TEST(test_without_links_too_replacing_is_refused),
        TEST(test_unit_that_stands_alone_shares_no_tree),
        TEST(test_intents_come_in_parts),
        TEST(test_nothing_is_renamed_without_intents),
        TEST(test_journal_that_fails_at_the_commit_undoes_the_renames),
        TEST(test_original_that_cannot_go_back_is_residue),
        TEST(test_mount_that_fails_after_the_renames),
        cmocka_unit_test_setup_teardown(test_failed_unit_is_taken_out_of_closed_folders,
                                        world_open_closed, world_close_closed),
        cmocka_unit_test_setup_teardown(test_read_only_file_keeps_its_attributes, world_open_closed,
                                        world_close_closed),
        cmocka_unit_test_setup_teardown(test_closed_folders_go_back, world_open_closed,
                                        world_close_closed),
        TEST(test_stopped_engine_gives_every_file_a_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
