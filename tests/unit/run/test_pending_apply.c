/* test_pending_apply.c - what waits is moved once, to its place and nowhere else, however often
 * and wherever the moving is cut.
 *
 * Method: a volume with a pending folder is made by hand: two units with folders to make, files to
 * move, a link, something to delete. It is carried out by a child that is killed after each
 * record in turn, then carried out again; the volume ends the same each time. */
#include "vsr_test.h"

#include "media/part.h"
#include "media_fixture.h"
#include "run/pending_apply.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

int __real_pending_hash_whole(int fd, uint64_t bytes, const volatile int *cancel, uint8_t hash[16]);
int __wrap_pending_hash_whole(int fd, uint64_t bytes, const volatile int *cancel, uint8_t hash[16]);

static volatile int cancelled;
static uint32_t reads, cancel_at; /* cancelled when that many files were read; 0: never */

int __wrap_pending_hash_whole(int fd, uint64_t bytes, const volatile int *cancel, uint8_t hash[16])
{
    if (++reads == cancel_at) {
        cancelled = SIGTERM;
    }
    return __real_pending_hash_whole(fd, bytes, cancel, hash);
}

struct world {
    char top[64];
    char path[160]; /* of the pending folder */
    uint64_t seq;
    struct pending_journal journal;
    struct pending_folder folder;
    struct pending_batch batch;
    uint32_t messages;
};

static void put(int dir_fd, const char *name, const char *text)
{
    const int fd = openat(dir_fd, name, O_CREAT | O_WRONLY | O_TRUNC, 0644);
    assert_int_not_equal(fd, -1);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    (void)close(fd);
}

static void record(struct world *w, uint32_t unit, enum pending_op op, const char *dst,
                   const char *text)
{
    char name[32];
    (void)snprintf(name, sizeof name, "%llx", (unsigned long long)w->seq);
    struct pending_record r = {.seq = w->seq++,
                               .unit = unit,
                               .op = (uint8_t)op,
                               .mode = 0711,
                               .modify_s = 1000,
                               .modify_ns = 5,
                               .kind = PENDING_FILE,
                               .src = VIEW(""),
                               .dst = view_of(dst)};
    if (op == PENDING_MOVE) {
        const bool link = text[0] == '>';
        r.kind = link ? PENDING_LINK : PENDING_FILE;
        text += link ? 1 : 0;
        r.size = strlen(text);
        part_hash_bytes(text, strlen(text), r.xxh3_128);
        if (link) {
            assert_int_equal(symlinkat(text, w->folder.fd, name), 0);
        } else {
            put(w->folder.fd, name, text);
        }
    } else if (op == PENDING_MKDIR) {
        assert_int_equal(mkdirat(w->folder.fd, name, 0700), 0);
    }
    r.src = op == PENDING_MOVE || op == PENDING_MKDIR ? view_of(name) : VIEW("");
    pending_batch_record(&w->batch, &r);
}

static void unit_counts(struct world *w, uint32_t unit, uint64_t first_seq)
{
    pending_batch_unit(&w->batch, &(struct pending_unit){.unit = unit,
                                                         .first_seq = first_seq,
                                                         .writer = VIEW("W")});
}

static void pending_begin(struct world *w, const char *run)
{
    const struct pending_identity identity = {.created_s = run[0], .run = {{(uint8_t)run[0]}}};
    (void)snprintf(w->path, sizeof w->path, "%s/" PENDING_PREFIX "%s", w->top, run);
    assert_int_equal(mkdir(w->path, 0700), 0);
    assert_int_equal(pending_folder_open(&w->folder, w->path), 0);
    assert_int_equal(pending_journal_make(&w->journal, &w->folder, &identity), 0);
    w->batch = pending_batch_begin(&w->journal);
    w->seq = 0;
}

static void pending_end(struct world *w)
{
    assert_int_equal(pending_batch_write(&w->batch, &w->journal), 0);
    pending_journal_close(&w->journal);
    pending_folder_close(&w->folder);
}

/* The volume as it stands before, and what waits for it. */
static void volume_make(struct world *w)
{
    fixture_folder(w->top);
    const int top = open(w->top, O_RDONLY | O_DIRECTORY);
    assert_int_equal(mkdirat(top, "db", 0755), 0);
    assert_int_equal(mkdirat(top, "gone", 0755), 0);
    put(top, "db/a", "old a");
    put(top, "gone/x", "old x");
    put(top, "other", "nobody's business");
    (void)close(top);
    pending_begin(w, "1");
    record(w, 0, PENDING_MOVE, "db/a", "new a");
    record(w, 0, PENDING_MKDIR, "db/sub", NULL);
    record(w, 0, PENDING_MOVE, "db/sub/b", "new b");
    record(w, 0, PENDING_MOVE, "db/link", ">a");
    unit_counts(w, 0, 0);
    record(w, 1, PENDING_DELETE, "gone/x", NULL);
    record(w, 1, PENDING_RMDIR, "gone", NULL);
    record(w, 1, PENDING_MOVE, "c", "new c");
    unit_counts(w, 1, 4);
    pending_end(w);
}

static int world_open(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    volume_make(w);
    *state = w;
    return 0;
}

static int world_close(void **state)
{
    struct world *w = *state;
    fixture_remove(w->top);
    free(w);
    return 0;
}

static void count_message(void *context, struct view sentence)
{
    struct world *w = context;
    w->messages++;
    print_message("%.*s\n", VIEW_ARG(sentence));
}

static struct pending_sums apply(struct world *w,
                                 void (*on_step)(void *, const struct pending_step *))
{
    struct arena arena = {0};
    struct pending_paths paths = {0};
    struct pending_sums sums;
    vsr_error error = {0};
    const struct pending_apply_options options = {.message = count_message,
                                                  .cancel = &cancelled,
                                                  .on_step = on_step,
                                                  .context = w};
    assert_int_equal(pending_find(&arena, w->top, &paths, &error), VSR_OK);
    pending_apply(&paths, &options, &sums);
    pending_paths_free(&paths);
    arena_free(&arena);
    return sums;
}

static const char *text_at(const struct world *w, const char *name)
{
    static char text[64];
    char path[256];
    (void)snprintf(path, sizeof path, "%s/%s", w->top, name);
    const int fd = open(path, O_RDONLY | O_NOFOLLOW);
    const ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    if (fd >= 0) {
        (void)close(fd);
    }
    text[n > 0 ? n : 0] = '\0';
    return n < 0 ? "-" : text;
}

static void assert_all_done(const struct world *w)
{
    char path[256], link[8] = "";
    struct stat facts;
    assert_string_equal(text_at(w, "db/a"), "new a");
    assert_string_equal(text_at(w, "db/sub/b"), "new b");
    assert_string_equal(text_at(w, "c"), "new c");
    assert_string_equal(text_at(w, "gone/x"), "-");
    assert_string_equal(text_at(w, "other"), "nobody's business");
    (void)snprintf(path, sizeof path, "%s/db/link", w->top);
    assert_int_equal(readlink(path, link, sizeof link), 1);
    (void)snprintf(path, sizeof path, "%s/db/sub", w->top);
    assert_int_equal(stat(path, &facts), 0);
    assert_int_equal(facts.st_mode & 0777, 0711);
    assert_int_equal(facts.st_mtim.tv_sec, 1000);
    assert_int_equal(facts.st_mtim.tv_nsec, 5);
    (void)snprintf(path, sizeof path, "%s/gone", w->top);
    assert_int_equal(stat(path, &facts), -1);
    assert_int_equal(stat(w->path, &facts), -1); /* the folder is gone, too */
}

static void units_that_count_are_carried_out(void **state)
{
    struct world *w = *state;
    struct pending_sums sums = apply(w, NULL);
    assert_int_equal(sums.exit_code, 0);
    assert_int_equal(sums.units, 2);
    assert_int_equal(sums.units_done, 2);
    assert_int_equal(sums.records, 7);
    assert_int_equal(sums.done, 7);
    assert_all_done(w);
    sums = apply(w, NULL); /* nothing is left to do */
    assert_int_equal(sums.records, 0);
    assert_int_equal(w->messages, 0);
}

static int steps_left;

static void kill_step(void *context, const struct pending_step *step)
{
    (void)context;
    (void)step;
    if (steps_left-- == 0) {
        (void)kill(getpid(), SIGKILL);
    }
}

static void a_kill_after_any_record_changes_nothing(void **state)
{
    struct world *w = *state;
    for (int at = 0; at < 7; at++) {
        fixture_remove(w->top);
        volume_make(w);
        steps_left = at;
        const pid_t child = fork();
        if (child == 0) {
            (void)apply(w, kill_step);
            _exit(0);
        }
        int status = 0;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status));
        const struct pending_sums sums = apply(w, NULL);
        assert_int_equal(sums.exit_code, 0);
        assert_int_equal(sums.failed + sums.waiting, 0);
        assert_all_done(w);
    }
}

/* The word is asked while a file is read: nothing of its unit is begun, and none after it. */
static void a_signal_while_it_reads_begins_nothing_more(void **state)
{
    struct world *w = *state;
    for (uint32_t at = 1; at <= 3; at++) {
        fixture_remove(w->top);
        volume_make(w);
        cancel_at = at;
        reads = 0;
        struct pending_sums sums = apply(w, NULL);
        const bool first_done = at == 3; /* unit 0 has two files and a link */
        assert_int_equal(reads, at);
        assert_int_equal(sums.exit_code, 128 + SIGTERM);
        assert_int_equal(sums.units_failed + sums.failed, 0);
        assert_int_equal(sums.units_done, first_done ? 1 : 0);
        assert_int_equal(sums.waiting, first_done ? 3 : 7);
        assert_string_equal(text_at(w, "db/a"), first_done ? "new a" : "old a");
        assert_string_equal(text_at(w, "gone/x"), "old x");
        cancel_at = 0;
        cancelled = 0;
        sums = apply(w, NULL);
        assert_int_equal(sums.exit_code, 0);
        assert_all_done(w);
    }
}

/* All is at its place by a call that was killed, and what it has moved is read again. */
static void what_was_found_done_and_not_written_down_waits_on(void **state)
{
    struct world *w = *state;
    struct stat facts;
    steps_left = 6;
    const pid_t child = fork();
    if (child == 0) {
        (void)apply(w, kill_step);
        _exit(0);
    }
    assert_int_equal(waitpid(child, NULL, 0), child);
    reads = 0;
    cancel_at = 1; /* what the second unit deletes is found gone by then */
    const struct pending_sums sums = apply(w, NULL);
    assert_int_equal(sums.exit_code, 128 + SIGTERM);
    assert_int_equal(sums.done, 4);
    assert_int_equal(sums.waiting, 3);
    assert_int_equal(stat(w->path, &facts), 0);
    cancel_at = 0;
    cancelled = 0;
    assert_int_equal(apply(w, NULL).exit_code, 0);
    assert_all_done(w);
}

static void what_was_cut_while_it_was_removed_is_removed(void **state)
{
    struct world *w = *state;
    struct stat facts;
    fixture_remove(w->top);
    volume_make(w);
    steps_left = 6; /* everything is at its place, nothing of it is written down */
    const pid_t child = fork();
    if (child == 0) {
        (void)apply(w, kill_step);
        _exit(0);
    }
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_int_equal(stat(w->path, &facts), 0);
    assert_int_equal(apply(w, NULL).done, 7);
    assert_all_done(w);
}

static void what_is_not_what_was_staged_is_not_moved(void **state)
{
    struct world *w = *state;
    const int fd = open(w->path, O_RDONLY | O_DIRECTORY);
    put(fd, "2", "not b"); /* of the same size */
    struct pending_sums sums = apply(w, NULL);
    assert_int_equal(sums.exit_code, 32);
    assert_int_equal(sums.units_failed, 1);
    assert_int_equal(sums.units_done, 1);             /* the other unit is not stopped */
    assert_string_equal(text_at(w, "db/a"), "old a"); /* and nothing of this one is begun */
    assert_string_equal(text_at(w, "db/sub/b"), "-");
    assert_string_equal(text_at(w, "c"), "new c");
    put(fd, "2", "new b"); /* mended: the next call does the rest */
    (void)close(fd);
    sums = apply(w, NULL);
    assert_int_equal(sums.exit_code, 0);
    assert_int_equal(sums.units, 1);
    assert_all_done(w);
}

static void a_folder_in_place_is_left_alone(void **state)
{
    struct world *w = *state;
    char path[256];
    (void)snprintf(path, sizeof path, "%s/c", w->top);
    assert_int_equal(mkdir(path, 0755), 0);
    struct pending_sums sums = apply(w, NULL);
    assert_int_equal(sums.exit_code, 3);
    assert_int_equal(sums.failed, 1);
    assert_string_equal(text_at(w, "db/a"), "new a");
    assert_string_equal(text_at(w, "gone/x"), "old x"); /* of the same unit: not begun */
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(apply(w, NULL).exit_code, 0);
    assert_all_done(w);
}

static void a_parent_that_is_gone_stops_its_unit_before_it_begins(void **state)
{
    struct world *w = *state;
    pending_begin(w, "0");
    record(w, 0, PENDING_MOVE, "d", "new d");
    record(w, 0, PENDING_MOVE, "removed since/e", "new e");
    unit_counts(w, 0, 0);
    pending_end(w);
    const struct pending_sums sums = apply(w, NULL);
    assert_int_equal(sums.exit_code, 3);
    assert_int_equal(sums.units_done, 2);
    assert_string_equal(text_at(w, "d"), "-");
}

/* A parent turned into a link out of the volume, after the run: nothing follows it. */
static void links_out_of_the_volume_are_not_followed(void **state)
{
    struct world *w = *state;
    char path[256], away[256], outside[64];
    fixture_folder(outside);
    (void)snprintf(path, sizeof path, "%s/db", w->top);
    (void)snprintf(away, sizeof away, "%s/moved", w->top);
    assert_int_equal(rename(path, away), 0);
    assert_int_equal(symlink(outside, path), 0);
    const struct pending_sums sums = apply(w, NULL);
    assert_int_equal(sums.exit_code, 33);
    (void)snprintf(path, sizeof path, "%s/a", outside);
    assert_int_equal(access(path, F_OK), -1);
    assert_string_equal(text_at(w, "moved/a"), "old a");
    fixture_remove(outside);
}

static void runs_go_in_their_order(void **state)
{
    struct world *w = *state;
    struct stat facts;
    char first[sizeof w->path];
    memcpy(first, w->path, sizeof first);
    pending_begin(w, "0"); /* an older run, although its folder was made later */
    record(w, 0, PENDING_MOVE, "c", "older");
    record(w, 0, PENDING_MOVE, "d", "older d");
    unit_counts(w, 0, 0);
    pending_end(w);
    assert_int_equal(apply(w, NULL).units_done, 3);
    assert_string_equal(text_at(w, "c"), "new c"); /* the last staged has won */
    assert_string_equal(text_at(w, "d"), "older d");
    assert_int_equal(stat(w->path, &facts), -1);
    memcpy(w->path, first, sizeof first);
    assert_all_done(w);
}

static void what_never_counted_is_kept_and_told(void **state)
{
    struct world *w = *state;
    struct stat facts;
    pending_begin(w, "2");
    record(w, 0, PENDING_MOVE, "never", "its run was cut");
    pending_end(w);
    const struct pending_sums sums = apply(w, NULL);
    assert_int_equal(sums.exit_code, 0);
    assert_int_equal(sums.units_done, 2);
    assert_int_equal(w->messages, 1);
    assert_string_equal(text_at(w, "never"), "-");
    assert_int_equal(stat(w->path, &facts), 0);
}

/* Its run said that nobody needs it: what it kept is back in its staging folder, or gone. */
static void what_was_dropped_is_no_reason_to_keep_the_folder(void **state)
{
    struct world *w = *state;
    struct stat facts;
    pending_begin(w, "2");
    record(w, 0, PENDING_MOVE, "dropped", "its unit failed");
    unit_counts(w, 0, 0);
    record(w, 1, PENDING_MOVE, "restored", "its unit did not");
    unit_counts(w, 1, 1);
    pending_batch_drop(&w->batch, 0);
    pending_end(w);
    const struct pending_sums sums = apply(w, NULL);
    assert_int_equal(sums.exit_code, 0);
    assert_int_equal(sums.units_done, 3);
    assert_int_equal(w->messages, 0);
    assert_string_equal(text_at(w, "dropped"), "-");
    assert_string_equal(text_at(w, "restored"), "its unit did not");
    assert_int_equal(stat(w->path, &facts), -1);
}

/* A volume of another machine may bring anything. */
static void a_journal_that_is_no_file_is_refused(void **state)
{
    struct world *w = *state;
    char journal[256];
    (void)snprintf(journal, sizeof journal, "%s/" PENDING_JOURNAL, w->path);
    assert_int_equal(unlink(journal), 0);
    assert_int_equal(mkfifo(journal, 0600), 0);
    struct pending_content content;
    struct pending_journal none;
    vsr_error error = {0};
    assert_int_equal(pending_folder_open(&w->folder, w->path), 0);
    assert_false(pending_journal_is_begun(&w->folder)); /* nobody waits for who writes to it */
    assert_int_not_equal(pending_journal_open(&none, &content, &w->folder, "p", false, &error),
                         VSR_OK);
    pending_folder_close(&w->folder);
    const struct pending_sums sums = apply(w, NULL);
    assert_int_not_equal(sums.exit_code, 0);
    assert_int_equal(sums.records, 0);
    assert_int_equal(w->messages, 1);
}

static void folders_that_others_may_write_are_not_trusted(void **state)
{
    struct world *w = *state;
    assert_int_equal(chmod(w->path, 0770), 0);
    const struct pending_sums sums = apply(w, NULL);
    assert_int_equal(sums.exit_code, 31);
    assert_int_equal(w->messages, 1);
    assert_string_equal(text_at(w, "db/a"), "old a");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_open, world_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(units_that_count_are_carried_out),
        TEST(a_kill_after_any_record_changes_nothing),
        TEST(a_signal_while_it_reads_begins_nothing_more),
        TEST(what_was_found_done_and_not_written_down_waits_on),
        TEST(what_was_cut_while_it_was_removed_is_removed),
        TEST(what_is_not_what_was_staged_is_not_moved),
        TEST(a_folder_in_place_is_left_alone),
        TEST(a_parent_that_is_gone_stops_its_unit_before_it_begins),
        TEST(links_out_of_the_volume_are_not_followed),
        TEST(runs_go_in_their_order),
        TEST(what_never_counted_is_kept_and_told),
        TEST(what_was_dropped_is_no_reason_to_keep_the_folder),
        TEST(a_journal_that_is_no_file_is_refused),
        TEST(folders_that_others_may_write_are_not_trusted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
