/* test_media.c - sets that a front end's functions read.
 *
 * Goal: what comes of a set in memory is what comes of the same set in a folder, and functions are
 * called on the thread that was promised. Method: all that the public headers do with a set, in
 * both modes of threads. */
#include "media_world.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* --- what should be --- */

static void a_tree_is_the_same_from_memory(void **state)
{
    struct world *w = *state;
    world_restore_folder(w);
    vsr_set *set = world_set(w, 0);
    const vsr_summary summary = world_restore_whole(w, set, "memory");
    vsr_set_close(set);
    assert_int_equal(summary.exit_code, 0);
    assert_int_equal(atomic_load(&w->store.elsewhere), 0);
    assert_int_equal(atomic_load(&w->store.together), 1);
    assert_same_trees(w, "folder", "memory");
    for (uint32_t i = 0; i < w->store.part_count; i++) {
        assert_true(atomic_load(&w->store.parts[i].released) > 0);
    }
}

static void workers_read_when_they_may(void **state)
{
    struct world *w = *state;
    world_restore_folder(w);
    vsr_set *set = world_set(w, VSR_MEDIA_ANY_THREAD);
    assert_int_equal(atomic_load(&w->store.elsewhere), 0);
    const vsr_summary summary = world_restore_whole(w, set, "memory");
    vsr_set_close(set);
    assert_int_equal(summary.exit_code, 0);
    assert_true(atomic_load(&w->store.elsewhere) > 0);
    assert_same_trees(w, "folder", "memory");
}

/* Threads of this process that have given something up for good. */
static unsigned confined_count(void)
{
    unsigned count = 0;
    DIR *tasks = opendir("/proc/self/task");
    assert_non_null(tasks);
    for (const struct dirent *task; (task = readdir(tasks)) != NULL;) {
        char path[300], line[128];
        (void)snprintf(path, sizeof path, "/proc/self/task/%s/status", task->d_name);
        FILE *file = task->d_name[0] != '.' ? fopen(path, "r") : NULL; /* it may be gone */
        while (file != NULL && fgets(line, sizeof line, file) != NULL) {
            count += strcmp(line, "NoNewPrivs:\t1\n") == 0;
        }
        if (file != NULL) {
            (void)fclose(file);
        }
    }
    (void)closedir(tasks);
    return count;
}

static struct {
    const vsr_media *media; /* that reads */
    unsigned most;          /* threads that were confined during a read of it */
} counting;

static int64_t read_and_count(void *context, const char *name, uint64_t offset, void *bytes,
                              size_t count)
{
    const unsigned confined = confined_count();
    counting.most = confined > counting.most ? confined : counting.most;
    return counting.media->read_at(context, name, offset, bytes, count);
}

/* A worker of a check that waits for this thread to read has given up what it does not need, and
 * this thread nothing. */
static void workers_of_a_check_are_confined(void **state)
{
    struct world *w = *state;
    vsr_error error = {0};
    const vsr_media media = world_media(w, 0);
    vsr_media counted = media;
    counting.media = &media;
    counting.most = 0;
    counted.read_at = read_and_count;
    const unsigned before = confined_count();
    if (before > 0) {
        skip_because("this process has no new privileges already");
    }
    assert_int_equal(vsr_set_verify_media(&counted, 2, NULL, NULL, NULL, &error), VSR_OK);
    assert_true(counting.most > 0);
    assert_int_equal(confined_count(), 0);
}

/* The index in a file of a folder, of which nothing is seen. */
static void an_index_may_be_held_in_a_folder(void **state)
{
    struct world *w = *state;
    char held[128];
    char none[128];
    vsr_error error = {0};
    vsr_set *set = NULL;
    vsr_media media = world_media(w, 0);
    (void)snprintf(held, sizeof held, "%s/held", w->folder);
    (void)snprintf(none, sizeof none, "%s/none", w->folder);
    assert_int_equal(fixture_shell("mkdir '%s'", held), 0);
    world_restore_folder(w);
    media.index_folder = held;
    assert_int_equal(vsr_set_open_media(&set, &media, &error), VSR_OK);
    assert_int_equal(world_restore_whole(w, set, "memory").exit_code, 0);
    assert_int_equal(fixture_shell("rmdir '%s'", held), 0);
    vsr_set_close(set);
    assert_same_trees(w, "folder", "memory");
    media.index_folder = none;
    assert_int_equal(vsr_set_open_media(&set, &media, &error), VSR_ERR_SELECTION);
    assert_null(set);
    assert_non_null(strstr(error.what, none));
}

static void what_the_library_tells_of_it(void **state)
{
    struct world *w = *state;
    static struct gathered text;
    vsr_error error = {0};
    int on_media = 0;
    vsr_set *set = world_set(w, 0);
    const vsr_choices choices = {.size = sizeof choices, .root = w->folder};
    text.n = 0;
    assert_int_equal(vsr_set_inspect(set, VSR_FORMAT_TEXT, gather, &text, &error), VSR_OK);
    assert_non_null(strstr(text.text, "Ledger"));
    text.n = 0;
    assert_int_equal(vsr_explain(set, &choices, "C:\\db\\a\\0", VSR_FORMAT_TEXT, gather, &text,
                                 &on_media, &error),
                     VSR_OK);
    assert_int_equal(on_media, 1);
    vsr_set_close(set);
    assert_int_equal(atomic_load(&w->store.elsewhere), 0);
}

/* --- plans and runs name no folder of the set --- */

static void a_plan_names_no_folder(void **state)
{
    struct world *w = *state;
    static struct gathered lines;
    char root[128], binary[128], jsonl[128], path[4096];
    vsr_error error = {0};
    vsr_plan *plan = NULL;
    vsr_set *set = world_set(w, 0);
    (void)snprintf(root, sizeof root, "%s/memory", w->folder);
    (void)snprintf(binary, sizeof binary, "%s/plan.bin", w->folder);
    (void)snprintf(jsonl, sizeof jsonl, "%s/plan.jsonl", w->folder);
    world_restore_folder(w);
    const vsr_choices choices = {.size = sizeof choices, .root = root};
    assert_int_equal(vsr_plan_create(&plan, set, &choices, &error), VSR_OK);
    lines.n = 0;
    assert_int_equal(vsr_plan_render(plan, VSR_FORMAT_JSON, gather, &lines, &error), VSR_OK);
    assert_non_null(strstr(lines.text, "\"set_path\":null"));
    assert_int_equal(vsr_plan_save(plan, binary, &error), VSR_OK);
    vsr_plan_free(plan);
    FILE *file = fopen(jsonl, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(lines.text, 1, lines.n, file), lines.n);
    assert_int_equal(fclose(file), 0);

    const char *const forms[] = {binary, jsonl};
    for (size_t i = 0; i < COUNT_OF(forms); i++) {
        char run_dir[128];
        vsr_report *report = NULL;
        vsr_error fault = {0};
        (void)snprintf(run_dir, sizeof run_dir, "%s/run-%zu", w->folder, i);
        assert_int_equal(vsr_plan_set_path(forms[i], path, sizeof path, &fault), VSR_ERR_USAGE);
        if (vsr_plan_load(&plan, set, forms[i], &error) != VSR_OK ||
            vsr_plan_refresh(plan, &error) != VSR_OK) {
            fail_msg("%s", error.what);
        }
        const vsr_restore_options options = {.size = sizeof options,
                                             .run_dir = run_dir,
                                             .durability = VSR_DURABILITY_NONE,
                                             .pending_registry = ""};
        assert_int_equal(vsr_restore_run(&report, plan, &options, &error), VSR_OK);
        assert_int_equal(world_exit_code(report), 0);
        vsr_report_free(report);
        vsr_plan_free(plan);
        assert_same_trees(w, "folder", "memory");
        assert_int_equal(fixture_shell("rm -r '%s'", root), 0);
    }
    vsr_set_close(set);
}

/* Before anything of it is gone on with: something was written before. */
static void cancelled_at_once(const char *run_dir, const vsr_set *set)
{
    const int cancel = 15;
    vsr_error error = {0};
    vsr_report *report = NULL;
    const vsr_restore_options options = {.size = sizeof options, .cancel = &cancel};
    assert_int_equal(vsr_resume_set(&report, run_dir, set, &options, &error), VSR_ERR_CANCELLED);
    assert_null(strstr(error.what, "nothing was written"));
    assert_non_null(strstr(error.what, run_dir));
    vsr_report_free(report);
}

/* A run that was cut short by a function, and what goes on with it. */
static void cut_and_go_on(struct world *w, unsigned flags)
{
    char run_dir[128];
    char memory[128];
    static struct gathered text;
    vsr_error error = {0};
    vsr_report *report = NULL;
    vsr_set *set = world_set(w, flags);
    (void)snprintf(run_dir, sizeof run_dir, "%s/run-memory", w->folder);
    (void)snprintf(memory, sizeof memory, "%s/memory", w->folder);
    w->store.cancel = 0;
    w->store.cancel_at = atomic_load(&w->store.pack_reads) + 12;
    assert_int_equal(world_restore(w, set, "memory", &report, &error), VSR_ERR_CANCELLED);
    assert_non_null(report);
    assert_int_equal(world_exit_code(report), 128 + 15);
    vsr_report_free(report);
    assert_int_equal(fixture_shell("test ! -e '%s/C/db'", memory), 0);
    assert_int_equal(world_rows(w, "memory", "MEDIA_MISSING"), 0);
    if ((flags & VSR_MEDIA_ANY_THREAD) == 0) { /* not even those that workers wait for */
        assert_int_equal(atomic_load(&w->store.pack_reads), w->store.cancel_at);
    }
    assert_int_equal(fixture_shell("grep -qF '\"set_path\":null' '%s/run.json'", run_dir), 0);
    vsr_set_close(set);

    text.n = 0;
    vsr_error fault = {0};
    assert_int_equal(vsr_run_inspect(run_dir, VSR_FORMAT_TEXT, gather, &text, &fault), VSR_OK);
    assert_non_null(strstr(text.text, "read by functions"));
    text.n = 0;
    assert_int_equal(vsr_report_page(run_dir, gather, &text, &fault), VSR_OK);
    assert_non_null(strstr(text.text, "by what began it"));
    assert_null(strstr(text.text, "Set folder"));
    const vsr_restore_options options = {.size = sizeof options, .workers = 3};
    assert_int_equal(vsr_resume(&report, run_dir, &options, &fault), VSR_ERR_USAGE);
    assert_non_null(strstr(fault.what, "vsr_resume_set()"));
    assert_null(report);

    w->store.cancel = 0;
    w->store.cancel_at = 0;
    w->store.trouble = TROUBLE_NONE;
    const uint32_t before = atomic_load(&w->store.pack_reads);
    set = world_set(w, flags);
    cancelled_at_once(run_dir, set);
    fault = (vsr_error){0};
    if (vsr_resume_set(&report, run_dir, set, &options, &fault) != VSR_OK) {
        fail_msg("%s", fault.what);
    }
    assert_int_equal(world_exit_code(report), 0);
    vsr_report_free(report);
    vsr_set_close(set);
    assert_true(atomic_load(&w->store.pack_reads) > before); /* it was cut in the middle */
    assert_same_trees(w, "folder", "memory");
    assert_int_equal(fixture_shell("rm -r '%s' '%s'", memory, run_dir), 0);
}

static void a_cancelled_run_goes_on(void **state)
{
    struct world *w = *state;
    world_restore_folder(w);
    for (unsigned flags = 0; flags <= VSR_MEDIA_ANY_THREAD; flags++) {
        w->store.trouble = TROUBLE_CANCEL;
        cut_and_go_on(w, flags);
    }
    for (unsigned flags = 0; flags <= VSR_MEDIA_ANY_THREAD; flags++) {
        w->store.trouble = TROUBLE_CANCEL_ABORTS;
        cut_and_go_on(w, flags);
    }
}

/* What a budget of next to nothing is told that it needs. */
static unsigned long long needed_bytes(struct world *w, const char *index_folder)
{
    vsr_media media = world_media(w, 0);
    vsr_error error = {0};
    vsr_report *report = NULL;
    vsr_set *set = NULL;
    unsigned long long bytes = 0;
    media.index_folder = index_folder;
    assert_int_equal(vsr_set_open_media(&set, &media, &error), VSR_OK);
    const vsr_choices choices = {.size = sizeof choices, .root = w->folder};
    const vsr_restore_options options = {.size = sizeof options, .workers = 1, .memory_bytes = 1};
    assert_int_equal(vsr_restore_set(&report, set, &choices, &options, &error), VSR_ERR_MEMORY);
    assert_null(report);
    const char *need = strstr(error.what, "need ");
    assert_non_null(need);
    assert_int_equal(sscanf(need, "need %llu", &bytes), 1);
    vsr_set_close(set);
    return bytes;
}

/* An index that is held in memory is a part of the budget, one that is held in a folder is not. */
static void an_index_in_memory_is_counted(void **state)
{
    struct world *w = *state;
    const int file = open(w->folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (file < 0) {
        skip_because("no files without a name in %s", w->folder);
    }
    assert_int_equal(close(file), 0);
    const unsigned long long in_memory = needed_bytes(w, NULL);
    const unsigned long long in_folder = needed_bytes(w, w->folder);
    assert_string_equal(w->store.parts[1].name, "index.bin");
    assert_int_equal(in_memory, in_folder + w->store.parts[1].count);
}

/* A process that is killed by its own function in the middle of a restore, and what goes on. */
static void kill_and_go_on(struct world *w, unsigned flags)
{
    char memory[128], run_dir[128];
    vsr_report *report = NULL;
    vsr_error error = {0};
    int status = 0;
    (void)snprintf(memory, sizeof memory, "%s/memory", w->folder);
    (void)snprintf(run_dir, sizeof run_dir, "%s/run-memory", w->folder);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        w->store.home = pthread_self();
        w->store.trouble = TROUBLE_KILL;
        w->store.cancel_at = atomic_load(&w->store.pack_reads) + 12;
        vsr_set *set = world_set(w, flags);
        (void)world_restore(w, set, "memory", &report, &error);
        _exit(0); /* it was not killed */
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    assert_int_equal(fixture_shell("test ! -e '%s/C/db'", memory), 0);

    const vsr_restore_options options = {.size = sizeof options, .workers = 2};
    vsr_set *set = world_set(w, flags);
    if (vsr_resume_set(&report, run_dir, set, &options, &error) != VSR_OK) {
        fail_msg("%s", error.what);
    }
    assert_int_equal(world_exit_code(report), 0);
    vsr_report_free(report);
    vsr_set_close(set);
    assert_same_trees(w, "folder", "memory");
    assert_int_equal(fixture_shell("rm -r '%s' '%s'", memory, run_dir), 0);
}

static void a_killed_run_goes_on(void **state)
{
    struct world *w = *state;
    world_restore_folder(w);
    kill_and_go_on(w, 0);
    kill_and_go_on(w, VSR_MEDIA_ANY_THREAD);
}

/* A run of a folder goes on with the same set from memory, and with no other. */
static void a_run_goes_on_with_its_own_set(void **state)
{
    struct world *w = *state;
    char run_dir[128];
    vsr_error error = {0};
    vsr_report *report = NULL;
    vsr_set *set = world_set(w, 0);
    world_restore_folder(w);
    (void)snprintf(run_dir, sizeof run_dir, "%s/run-memory", w->folder);
    w->store.cancel_at = atomic_load(&w->store.pack_reads) + 12;
    assert_int_equal(world_restore(w, set, "memory", &report, &error), VSR_ERR_CANCELLED);
    vsr_report_free(report);
    vsr_set_close(set);
    w->store.cancel_at = 0;

    vsr_set *other = NULL;
    char other_path[128];
    (void)snprintf(other_path, sizeof other_path, "%s/other", w->folder);
    world_other_set(other_path);
    error = (vsr_error){0};
    assert_int_equal(vsr_set_open(&other, other_path, &error), VSR_OK);
    assert_int_equal(vsr_resume_set(&report, run_dir, other, NULL, &error), VSR_ERR_RUN_FOREIGN);
    vsr_set_close(other);

    error = (vsr_error){0};
    assert_int_equal(vsr_set_open(&set, w->set_path, &error), VSR_OK);
    assert_int_equal(vsr_resume_set(&report, run_dir, set, NULL, &error), VSR_OK);
    assert_int_equal(world_exit_code(report), 0);
    vsr_report_free(report);
    vsr_set_close(set);
    assert_same_trees(w, "folder", "memory");
}

/* --- record by record --- */

struct walked {
    uint64_t units, files, folders, bytes, rows, restored;
    uint64_t unit_files, unit_bytes;
    uint64_t end_at; /* the record that ends the walk; 0: none */
};

static int on_unit(void *context, const vsr_plan_unit *unit)
{
    struct walked *walked = context;
    assert_int_equal(unit->size, sizeof *unit);
    assert_int_equal(unit->id, walked->units++);
    assert_int_equal(walked->files, 0);
    assert_string_equal(unit->writer, "11111111-1111-1111-1111-111111111111");
    assert_string_equal(unit->writer_name, "Ledger");
    assert_string_equal(unit->component, "db");
    assert_string_equal(unit->type, "filegroup");
    assert_string_equal(unit->method, "RESTORE_IF_NOT_THERE");
    assert_string_equal(unit->verdict, "original");
    assert_string_equal(unit->logical_path, "");
    assert_null(unit->error);
    walked->unit_files = unit->files;
    walked->unit_bytes = unit->bytes;
    return 0;
}

static int on_file(void *context, const vsr_plan_file *file)
{
    struct walked *walked = context;
    assert_int_equal(file->size, sizeof *file);
    assert_int_equal(file->unit, 0);
    assert_string_equal(file->component, "db");
    assert_string_equal(file->source, file->dest);
    assert_int_equal(strncmp(file->source, "C:\\db", 5), 0);
    assert_non_null(strstr(file->path, "/memory/C/db"));
    assert_null(file->ranges);
    walked->folders += strcmp(file->kind, "directory") == 0;
    walked->bytes += file->bytes;
    return ++walked->files == walked->end_at;
}

static int on_row(void *context, const vsr_row *row)
{
    struct walked *walked = context;
    assert_int_equal(row->size, sizeof *row);
    assert_non_null(strstr(row->path, "/memory/C/db"));
    assert_int_equal(strncmp(row->source, "C:\\db", 5), 0);
    assert_int_equal(row->os_errno, 0);
    assert_null(row->detail);
    walked->restored += strcmp(row->outcome, "RESTORED") == 0;
    return ++walked->rows == walked->end_at;
}

static void plans_and_rows_are_walked(void **state)
{
    struct world *w = *state;
    char root[128], run_dir[128];
    vsr_error error = {0};
    vsr_plan *plan = NULL;
    struct walked all = {0};
    struct walked some = {.end_at = 3};
    vsr_set *set = world_set(w, 0);
    (void)snprintf(root, sizeof root, "%s/memory", w->folder);
    (void)snprintf(run_dir, sizeof run_dir, "%s/run-memory", w->folder);
    const vsr_choices choices = {.size = sizeof choices, .root = root};
    assert_int_equal(vsr_plan_create(&plan, set, &choices, &error), VSR_OK);
    assert_int_equal(vsr_plan_walk(plan, on_unit, on_file, &all, &error), VSR_OK);
    assert_int_equal(all.units, 1);
    assert_int_equal(all.files, all.unit_files);
    assert_int_equal(all.bytes, all.unit_bytes);
    assert_int_equal(all.files - all.folders, FILES);
    assert_int_equal(vsr_plan_walk(plan, NULL, on_file, &some, &error), VSR_ERR_CANCELLED);
    assert_int_equal(some.files, 3);
    vsr_plan_free(plan);

    error = (vsr_error){0};
    assert_int_equal(vsr_run_walk(run_dir, on_row, &all, &error), VSR_ERR_SELECTION);
    assert_int_equal(world_restore_whole(w, set, "memory").exit_code, 0);
    vsr_set_close(set);
    assert_int_equal(vsr_run_walk(run_dir, on_row, &all, NULL), VSR_OK);
    assert_int_equal(all.rows, all.files);
    assert_int_equal(all.restored, all.files);
    assert_int_equal(vsr_run_walk(run_dir, on_row, &some, NULL), VSR_ERR_CANCELLED);
    assert_int_equal(some.rows, 3);
    assert_int_equal(fixture_shell("echo '{\"unit\":0}' > '%s/report.jsonl'", run_dir), 0);
    error = (vsr_error){0};
    assert_int_equal(vsr_run_walk(run_dir, on_row, &some, &error), VSR_ERR_RUN_FOREIGN);
    assert_non_null(strstr(error.what, "the report"));
}

/* A chain of open sets, one of them from memory. */
static void a_chain_of_open_sets(void **state)
{
    struct world *w = *state;
    vsr_error error = {0};
    vsr_chain *chain = NULL;
    vsr_set *set = world_set(w, 0);
    const vsr_set *const twice[] = {set, set};
    char root[128];
    (void)snprintf(root, sizeof root, "%s/memory", w->folder);
    const vsr_choices choices = {.size = sizeof choices, .root = root};
    if (vsr_chain_open_sets(&chain, twice, 1, NULL, &error) != VSR_OK ||
        vsr_chain_check(chain, &choices, NULL, &error) != VSR_OK) {
        fail_msg("%s", error.what);
    }
    assert_int_equal(vsr_chain_count(chain), 1);
    assert_string_equal(vsr_chain_path(chain, 0), "the store");
    vsr_chain_close(chain);
    assert_int_equal(vsr_chain_open_sets(&chain, twice, 2, NULL, &error), VSR_ERR_SELECTION);
    assert_null(chain);
    error = (vsr_error){0};
    assert_int_equal(vsr_chain_open_sets(&chain, twice, 0, NULL, &error), VSR_ERR_USAGE);
    vsr_set_close(set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_tree_is_the_same_from_memory, world_open, world_close),
        cmocka_unit_test_setup_teardown(workers_read_when_they_may, world_open, world_close),
        cmocka_unit_test_setup_teardown(workers_of_a_check_are_confined, world_open, world_close),
        cmocka_unit_test_setup_teardown(an_index_may_be_held_in_a_folder, world_open, world_close),
        cmocka_unit_test_setup_teardown(what_the_library_tells_of_it, world_open, world_close),
        cmocka_unit_test_setup_teardown(a_plan_names_no_folder, world_open, world_close),
        cmocka_unit_test_setup_teardown(an_index_in_memory_is_counted, world_open, world_close),
        cmocka_unit_test_setup_teardown(a_cancelled_run_goes_on, world_open, world_close),
        cmocka_unit_test_setup_teardown(a_killed_run_goes_on, world_open, world_close),
        cmocka_unit_test_setup_teardown(a_run_goes_on_with_its_own_set, world_open, world_close),
        cmocka_unit_test_setup_teardown(plans_and_rows_are_walked, world_open, world_close),
        cmocka_unit_test_setup_teardown(a_chain_of_open_sets, world_open, world_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
