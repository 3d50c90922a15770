/* test_run_folder.c - a run folder that takes another one's place.
 *
 * Goal: one of the two is whole whenever the system stops. Method: folders with a journal each;
 * what is renamed, synced and removed is written down as letters, in order, by wrapped calls; a
 * system that cannot exchange names, and a disk that does not sync, are played. */
#include "vsr_test.h"

#include "media_fixture.h"
#include "run/run_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __real_renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned flags);
int __wrap_renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned flags);
int __real_unlinkat(int fd, const char *name, int flags);
int __wrap_unlinkat(int fd, const char *name, int flags);

enum { LETTERS_MAX = 100 };

static struct {
    char letters[LETTERS_MAX];
    size_t count;
    bool exchanges, parent_syncs;
    struct stat parent;
} seen;

static void see(char letter)
{
    assert_true(seen.count < LETTERS_MAX - 1);
    seen.letters[seen.count++] = letter;
}

int __wrap_fsync(int fd)
{
    struct stat facts;
    assert_int_equal(fstat(fd, &facts), 0);
    if (facts.st_ino != seen.parent.st_ino) {
        see('s');
        return __real_fsync(fd);
    }
    see('p');
    errno = EIO;
    return seen.parent_syncs ? __real_fsync(fd) : -1;
}

int __wrap_renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned flags)
{
    if ((flags & RENAME_EXCHANGE) != 0 && !seen.exchanges) {
        errno = EINVAL;
        return -1;
    }
    see((flags & RENAME_EXCHANGE) != 0 ? 'x' : 'r');
    return __real_renameat2(from_fd, from, to_fd, to, flags);
}

int __wrap_unlinkat(int fd, const char *name, int flags)
{
    const int rc = __real_unlinkat(fd, name, flags);
    if (rc == 0) {
        see('u');
    }
    return rc;
}

#define RUN_TEXT "01020300-0000-0000-0000-000000000000"

struct world {
    char folder[64];
    struct run_folder before, now;
};

static void file_put(const struct run_folder *folder, const char *name)
{
    const int fd = openat(folder->dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(close(fd), 0);
}

static struct run_folder folder_make(const struct world *w, const char *hidden,
                                     enum run_folder_sort sort)
{
    char path[200];
    struct run_folder made = {.run = {{1, 2, 3}}, .sort = sort, .rows_fd = -1};
    (void)snprintf(made.path, sizeof made.path, "%s/run", w->folder);
    (void)snprintf(path, sizeof path, "%s/%s", w->folder, hidden);
    assert_int_equal(mkdir(path, 0700), 0);
    made.dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(made.dir_fd >= 0);
    file_put(&made, "journal");
    made.journal_fd = openat(made.dir_fd, "journal", O_WRONLY | O_APPEND | O_CLOEXEC);
    assert_true(made.journal_fd >= 0);
    return made;
}

/* One that asks is shown, the run's own is still hidden. */
static int world_open(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    vsr_error error = {0};
    assert_non_null(w);
    fixture_folder(w->folder);
    assert_int_equal(stat(w->folder, &seen.parent), 0);
    seen.exchanges = seen.parent_syncs = true;
    w->before = folder_make(w, ".vssrestore-run-" RUN_TEXT ".asked", RUN_FOLDER_ASKING);
    assert_int_equal(run_folder_show(&w->before, NULL, &error), VSR_OK);
    w->now = folder_make(w, ".vssrestore-run-" RUN_TEXT ".part", RUN_FOLDER_SECOND);
    file_put(&w->now, "rows.bin");
    memset(seen.letters, 0, sizeof seen.letters);
    seen.count = 0;
    *state = w;
    return 0;
}

static int world_close(void **state)
{
    struct world *w = *state;
    run_folder_end(&w->before);
    w->now.stays = true;
    run_folder_end(&w->now);
    fixture_remove(w->folder);
    free(w);
    return 0;
}

static bool stands(const struct world *w, const char *name)
{
    char path[200];
    struct stat facts;
    (void)snprintf(path, sizeof path, "%s/%s", w->folder, name);
    return lstat(path, &facts) == 0;
}

static void the_first_one_goes_when_that_is_durable(void **state)
{
    struct world *w = *state;
    vsr_error error = {0};
    assert_int_equal(run_folder_show(&w->now, &w->before, &error), VSR_OK);
    assert_string_equal(seen.letters, "ssxpuu"); /* its content, the names, then the removal */
    assert_true(stands(w, "run/rows.bin"));
    assert_false(stands(w, ".vssrestore-run-" RUN_TEXT ".asked"));
    assert_false(stands(w, ".vssrestore-run-" RUN_TEXT ".part"));
    assert_int_equal(w->before.dir_fd, -1);
}

static void what_others_put_there_moves_before_that(void **state)
{
    struct world *w = *state;
    vsr_error error = {0};
    file_put(&w->before, "kept");
    assert_int_equal(mkdirat(w->before.dir_fd, "folder", 0700), 0);
    assert_int_equal(run_folder_show(&w->now, &w->before, &error), VSR_OK);
    assert_string_equal(seen.letters, "ssxprrssuu");
    assert_true(stands(w, "run/kept") && stands(w, "run/folder"));
    assert_false(stands(w, ".vssrestore-run-" RUN_TEXT ".asked"));
}

static void what_cannot_move_is_not_lost(void **state)
{
    struct world *w = *state;
    vsr_error error = {0};
    file_put(&w->before, "kept");
    file_put(&w->now, "kept");
    assert_int_equal(run_folder_show(&w->now, &w->before, &error), VSR_ERR_DEST_IO);
    assert_non_null(strstr(error.what, "put into the run folder"));
    assert_true(stands(w, ".vssrestore-run-" RUN_TEXT ".asked/kept"));
}

/* Killed in the middle of it, and gone on with. */
static void who_goes_on_takes_what_was_left(void **state)
{
    struct world *w = *state;
    vsr_error error = {0};
    w->before.stays = true;
    run_folder_end(&w->before);
    assert_int_equal(fixture_shell("cd '%s' && mv run/journal run/plan.bin && : > run/kept && "
                                   "mv run .vssrestore-run-" RUN_TEXT ".asked",
                                   w->folder),
                     0);
    assert_int_equal(run_folder_show(&w->now, NULL, &error), VSR_OK);
    run_folder_reclaim(&w->now);
    assert_true(stands(w, "run/kept"));
    assert_false(stands(w, "run/plan.bin"));
    assert_false(stands(w, ".vssrestore-run-" RUN_TEXT ".asked"));
}

static void the_same_where_names_cannot_be_exchanged(void **state)
{
    struct world *w = *state;
    vsr_error error = {0};
    seen.exchanges = false;
    assert_int_equal(run_folder_show(&w->now, &w->before, &error), VSR_OK);
    assert_string_equal(seen.letters, "ssrrpuu");
    assert_true(stands(w, "run/rows.bin"));
    assert_false(stands(w, ".vssrestore-run-" RUN_TEXT ".asked"));
}

static void both_stay_when_nobody_knows_which_is_seen(void **state)
{
    struct world *w = *state;
    vsr_error error = {0};
    seen.parent_syncs = false;
    assert_int_equal(run_folder_show(&w->now, &w->before, &error), VSR_ERR_DEST_IO);
    assert_string_equal(seen.letters, "ssxp");
    assert_true(stands(w, "run/rows.bin"));
    assert_true(stands(w, ".vssrestore-run-" RUN_TEXT ".asked/journal"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_first_one_goes_when_that_is_durable, world_open,
                                        world_close),
        cmocka_unit_test_setup_teardown(what_others_put_there_moves_before_that, world_open,
                                        world_close),
        cmocka_unit_test_setup_teardown(what_cannot_move_is_not_lost, world_open, world_close),
        cmocka_unit_test_setup_teardown(who_goes_on_takes_what_was_left, world_open, world_close),
        cmocka_unit_test_setup_teardown(the_same_where_names_cannot_be_exchanged, world_open,
                                        world_close),
        cmocka_unit_test_setup_teardown(both_stay_when_nobody_knows_which_is_seen, world_open,
                                        world_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
