/* test_media_chain.c - a chain of sets that functions read.
 *
 * Goal: a full set and an incremental one, both open and neither a folder to the library, come to
 * the same tree as the chain of their folders; a step that was killed while it asked is begun anew
 * as one. Method: packed by the library, read by two functions that open a file for each call. */
#include "vsr_test.h"

#include "media_fixture.h"
#include "vssrestore/vssrestore.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define IDS                                                                                        \
    "writerId=\"11111111-1111-1111-1111-111111111111\" "                                           \
    "instanceId=\"22222222-2222-2222-2222-222222222222\""

static const char bcd[] =
    "<BACKUP_COMPONENTS xmlns=\"x-schema:#VssComponentMetadata\" version=\"1.2\" "
    "bootableSystemStateBackup=\"no\" selectComponents=\"yes\" backupType=\"%s\" "
    "partialFileSupport=\"no\"><WRITER_COMPONENTS " IDS " backupSchema=\"3\">"
    "<COMPONENT componentName=\"db\" componentType=\"filegroup\"/>"
    "</WRITER_COMPONENTS></BACKUP_COMPONENTS>";
static const char wmd[] =
    "<WRITER_METADATA xmlns=\"x-schema:#VssWriterMetadataInfo\" version=\"1.2\" backupSchema=\"3\">"
    "<IDENTIFICATION " IDS " friendlyName=\"Ledger\" usage=\"USER_DATA\" dataSource=\"OTHER\"/>"
    "<RESTORE_METHOD method=\"RESTORE_IF_NOT_THERE\" writerRestore=\"always\" "
    "rebootRequired=\"no\"/><BACKUP_LOCATIONS>"
    "<FILE_GROUP componentName=\"db\" selectable=\"yes\" selectableForRestore=\"no\">"
    "<FILE_LIST path=\"C:\\db\" filespec=\"*\"/></FILE_GROUP></BACKUP_LOCATIONS>"
    "</WRITER_METADATA>";

struct chain_test {
    char folder[64];
    char paths[2][100];
    vsr_set *sets[2];
};

/* --- the functions: context is the set's folder --- */

static int part_open(const char *folder, const char *name)
{
    char path[300];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    return open(path, O_RDONLY | O_CLOEXEC);
}

static int64_t read_at(void *context, const char *name, uint64_t offset, void *bytes, size_t count)
{
    const int fd = part_open(context, name);
    const ssize_t got = fd < 0 ? -1 : pread(fd, bytes, count, (off_t)offset);
    const int64_t result = got < 0 ? -errno : (int64_t)got;
    if (fd >= 0) {
        (void)close(fd);
    }
    return result;
}

static int size_of(void *context, const char *name, uint64_t *bytes)
{
    struct stat facts;
    const int fd = part_open(context, name);
    const int result = fd < 0 || fstat(fd, &facts) != 0 ? -errno : 0;
    if (fd >= 0) {
        (void)close(fd);
    }
    *bytes = result == 0 ? (uint64_t)facts.st_size : 0;
    return result;
}

/* --- the sets --- */

static void file_write(const char *folder, const char *name, const char *text)
{
    char path[200];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void set_pack(struct chain_test *test, int number, const char *type)
{
    char docs[100], volume[100], path[100], text[sizeof bcd + 20];
    vsr_error error = {0};
    (void)snprintf(docs, sizeof docs, "%s/docs", test->folder);
    (void)snprintf(volume, sizeof volume, "C:=%s/c", test->folder);
    (void)snprintf(path, sizeof path, "%s/%s", test->folder, type);
    memcpy(test->paths[number], path, sizeof path);
    (void)snprintf(text, sizeof text, bcd, type);
    file_write(docs, "bcd.xml", text);
    file_write(docs, "wmd.xml", wmd);
    const char *const documents[] = {docs};
    const char *const volumes[] = {volume};
    const vsr_pack_options options = {.size = sizeof options,
                                      .documents = documents,
                                      .document_count = 1,
                                      .volumes = volumes,
                                      .volume_count = 1,
                                      .parent_set = number > 0 ? test->sets[number - 1] : NULL,
                                      .output = test->paths[number]};
    vsr_pack_options both = options;
    both.parent = test->paths[0];
    assert_true(number == 0 || vsr_set_pack(&both, NULL, NULL) == VSR_ERR_USAGE);
    const vsr_media media = {.size = sizeof media,
                             .name = type,
                             .read_at = read_at,
                             .size_of = size_of,
                             .context = test->paths[number]};
    if (vsr_set_pack(&options, NULL, &error) != VSR_OK ||
        vsr_set_open_media(&test->sets[number], &media, &error) != VSR_OK) {
        fail_msg("%s", error.what);
    }
}

static void restore_step(struct chain_test *test, vsr_chain *chain, size_t step, const vsr_set *set,
                         const char *to)
{
    char root[100], run_dir[100];
    vsr_error error = {0};
    vsr_report *report = NULL;
    vsr_summary summary;
    (void)snprintf(root, sizeof root, "%s/%s", test->folder, to);
    (void)snprintf(run_dir, sizeof run_dir, "%s/run-%s-%zu", test->folder, to, step);
    const vsr_choices choices = {.size = sizeof choices,
                                 .root = root,
                                 .chain = chain,
                                 .chain_step = step};
    const vsr_restore_options options = {.size = sizeof options,
                                         .run_dir = run_dir,
                                         .durability = VSR_DURABILITY_NONE,
                                         .pending_registry = ""};
    if (vsr_restore_set(&report, set, &choices, &options, &error) != VSR_OK) {
        fail_msg("%s", error.what);
    }
    vsr_report_summary(report, &summary);
    assert_int_equal(summary.exit_code, 0);
    assert_true(summary.restored > 0);
    vsr_chain_note(chain, step, report);
    vsr_report_free(report);
}

static void restore_folders(struct chain_test *test)
{
    const char *const paths[] = {test->paths[0], test->paths[1]};
    vsr_chain *chain = NULL;
    vsr_error error = {0};
    assert_int_equal(vsr_chain_open(&chain, paths, 2, NULL, &error), VSR_OK);
    for (size_t i = 0; i < 2; i++) {
        vsr_set *set = NULL;
        assert_int_equal(vsr_set_open(&set, paths[i], &error), VSR_OK);
        restore_step(test, chain, i, set, "folders");
        vsr_set_close(set);
    }
    vsr_chain_close(chain);
}

static int sets_open(void **state)
{
    struct chain_test *test = calloc(1, sizeof *test);
    assert_non_null(test);
    fixture_folder(test->folder);
    assert_int_equal(fixture_shell("mkdir -p '%s/docs' '%s/c/db'", test->folder, test->folder), 0);
    file_write(test->folder, "c/db/a", "a of the full one");
    file_write(test->folder, "c/db/b", "b of the full one");
    set_pack(test, 0, "full");
    assert_int_equal(fixture_shell("rm '%s/c/db/a'", test->folder), 0);
    file_write(test->folder, "c/db/b", "b, changed since");
    file_write(test->folder, "c/db/c", "c is new");
    set_pack(test, 1, "incremental");
    restore_folders(test);
    *state = test;
    return 0;
}

static int sets_close(void **state)
{
    struct chain_test *test = *state;
    vsr_set_close(test->sets[0]);
    vsr_set_close(test->sets[1]);
    fixture_remove(test->folder);
    free(test);
    return 0;
}

static void a_chain_comes_to_the_same(void **state)
{
    struct chain_test *test = *state;
    char root[100];
    vsr_chain *chain = NULL;
    vsr_error error = {0};

    const vsr_set *const sets[] = {test->sets[0], test->sets[1]};
    const vsr_set *const wrong[] = {test->sets[1], test->sets[0]};
    assert_int_equal(vsr_chain_open_sets(&chain, wrong, 2, NULL, &error), VSR_ERR_SELECTION);
    error = (vsr_error){0};
    (void)snprintf(root, sizeof root, "%s/functions", test->folder);
    const vsr_choices choices = {.size = sizeof choices, .root = root};
    if (vsr_chain_open_sets(&chain, sets, 2, NULL, &error) != VSR_OK ||
        vsr_chain_check(chain, &choices, NULL, &error) != VSR_OK) {
        fail_msg("%s", error.what);
    }
    assert_int_equal(vsr_chain_count(chain), 2);
    assert_string_equal(vsr_chain_path(chain, 0), "full");
    assert_string_equal(vsr_chain_path(chain, 1), "incremental");
    for (size_t i = 0; i < 2; i++) {
        restore_step(test, chain, i, sets[i], "functions");
    }
    vsr_chain_close(chain);
    assert_int_equal(fixture_shell("diff -r '%s/folders' '%s/functions'", test->folder,
                                   test->folder),
                     0);
    assert_int_equal(fixture_shell("grep -q changed '%s/functions/C/db/b'", test->folder), 0);
    assert_int_equal(fixture_shell("test -e '%s/functions/C/db/a'", test->folder), 0);
}

/* --- a writer that may end the process that asks it --- */

struct ledger {
    char diary[100];
    bool kills;
};

static void diary_add(struct ledger *ledger, const char *what)
{
    const size_t n = strlen(ledger->diary);
    (void)snprintf(ledger->diary + n, sizeof ledger->diary - n, "%s; ", what);
}

static int plays(void *context, const char *writer, const char *instance)
{
    (void)context;
    (void)writer;
    (void)instance;
    return 1;
}

static int pre_restore(void *context, const vsr_writer_event *event, vsr_writer_reply *reply)
{
    struct ledger *ledger = context;
    (void)reply;
    if (ledger->kills) {
        (void)raise(SIGKILL);
    }
    const bool more = strstr(event->document, "additionalRestores=\"yes\"") != NULL;
    diary_add(ledger, more ? "pre, more to come" : "pre");
    return VSR_WRITER_STABLE;
}

static int post_restore(void *context, const vsr_writer_event *event, vsr_writer_reply *reply)
{
    struct ledger *ledger = context;
    (void)event;
    (void)reply;
    diary_add(ledger, "post");
    return VSR_WRITER_STABLE;
}

/* The first step of a chain, killed while it asks. */
static void step_kill(struct chain_test *test, const vsr_chain *chain, vsr_writers writers,
                      vsr_restore_options options)
{
    char root[100];
    int status = 0;
    struct ledger kills = {.kills = true};
    (void)snprintf(root, sizeof root, "%s/functions", test->folder);
    const vsr_choices choices = {.size = sizeof choices, .root = root, .chain = chain};
    writers.context = &kills;
    options.writers = &writers;
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        vsr_report *report = NULL;
        (void)vsr_restore_set(&report, test->sets[0], &choices, &options, NULL);
        _exit(1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void resume_refused(const struct chain_test *test, const vsr_restore_options *options)
{
    vsr_report *report = NULL;
    vsr_error error = {0};
    assert_int_equal(vsr_resume_set(&report, options->run_dir, test->sets[0], options, &error),
                     VSR_ERR_USAGE);
    assert_null(report);
    assert_non_null(strstr(error.what, "chain"));
}

static void a_killed_step_is_one_again(void **state)
{
    struct chain_test *test = *state;
    const vsr_set *const sets[] = {test->sets[0], test->sets[1]};
    char run_dir[100];
    vsr_chain *chain = NULL, *other = NULL;
    vsr_report *report = NULL;
    vsr_error error = {0};
    vsr_summary summary;
    struct ledger ledger = {0};
    (void)snprintf(run_dir, sizeof run_dir, "%s/run-killed", test->folder);
    const vsr_writers writers = {.size = sizeof writers,
                                 .plays = plays,
                                 .pre_restore = pre_restore,
                                 .post_restore = post_restore,
                                 .context = &ledger};
    vsr_restore_options options = {.size = sizeof options,
                                   .run_dir = run_dir,
                                   .durability = VSR_DURABILITY_NONE,
                                   .pending_registry = "",
                                   .writers = &writers};
    assert_int_equal(vsr_chain_open_sets(&chain, sets, 2, NULL, &error), VSR_OK);
    assert_int_equal(vsr_chain_open_sets(&other, sets, 1, NULL, &error), VSR_OK);
    step_kill(test, chain, writers, options);
    resume_refused(test, &options);
    assert_string_equal(ledger.diary, "post; ");
    options.chain = other;
    resume_refused(test, &options);
    options.chain = chain;
    if (vsr_resume_set(&report, run_dir, test->sets[0], &options, &error) != VSR_OK) {
        fail_msg("%s", error.what);
    }
    vsr_report_summary(report, &summary);
    assert_int_equal(summary.exit_code, 0);
    assert_string_equal(ledger.diary, "post; pre, more to come; post; ");
    vsr_chain_note(chain, 0, report);
    vsr_report_free(report);
    restore_step(test, chain, 1, test->sets[1], "functions");
    assert_int_equal(fixture_shell("diff -r '%s/folders' '%s/functions'", test->folder,
                                   test->folder),
                     0);
    vsr_chain_close(chain);
    vsr_chain_close(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_chain_comes_to_the_same, sets_open, sets_close),
        cmocka_unit_test_setup_teardown(a_killed_step_is_one_again, sets_open, sets_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
