/* test_writers.c - a front end's own functions play a writer and a service.
 *
 * A set is made and restored through the public headers alone; what the functions were asked, and
 * what became of their answers, is compared. */
#include "vsr_test.h"

#include "media_fixture.h"
#include "vssrestore/vssrestore.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WRITER   "11111111-1111-1111-1111-111111111111"
#define INSTANCE "22222222-2222-2222-2222-222222222222"

static const char bcd[] =
    "<BACKUP_COMPONENTS xmlns=\"x-schema:#VssComponentMetadata\" version=\"1.2\" "
    "bootableSystemStateBackup=\"no\" selectComponents=\"yes\" backupType=\"full\" "
    "partialFileSupport=\"no\"><WRITER_COMPONENTS instanceId=\"" INSTANCE "\" writerId=\"" WRITER
    "\" backupSchema=\"0\"><COMPONENT componentName=\"db\" componentType=\"filegroup\"/>"
    "</WRITER_COMPONENTS></BACKUP_COMPONENTS>";
static const char wmd[] =
    "<WRITER_METADATA xmlns=\"x-schema:#VssWriterMetadataInfo\" version=\"1.2\">"
    "<IDENTIFICATION writerId=\"" WRITER "\" instanceId=\"" INSTANCE "\" friendlyName=\"Ledger\" "
    "usage=\"USER_DATA\" dataSource=\"OTHER\"/><RESTORE_METHOD method=\"STOP_RESTORE_START\" "
    "service=\"LedgerSvc\" writerRestore=\"always\" rebootRequired=\"no\">"
    "<ALTERNATE_LOCATION_MAPPING path=\"C:\\db\" filespec=\"*\" recursive=\"no\" "
    "alternatePath=\"C:\\alt\"/></RESTORE_METHOD><BACKUP_LOCATIONS>"
    "<FILE_GROUP componentName=\"db\" selectable=\"yes\" selectableForRestore=\"no\">"
    "<FILE_LIST path=\"C:\\db\" filespec=\"*\"/></FILE_GROUP></BACKUP_LOCATIONS>"
    "</WRITER_METADATA>";

struct front_end {
    char folder[64];
    char diary[1000];
    int pre_restore;    /* what it returns */
    const char *target; /* what it sets */
    vsr_set *set;
};

static void diary_add(struct front_end *end, const char *what, const char *whom)
{
    const size_t n = strlen(end->diary);
    (void)snprintf(end->diary + n, sizeof end->diary - n, "%s %s; ", what, whom);
}

static int plays(void *context, const char *writer, const char *instance)
{
    (void)context;
    return strcmp(writer, WRITER) == 0 && strcmp(instance, INSTANCE) == 0;
}

static int pre_restore(void *context, const vsr_writer_event *event, vsr_writer_reply *reply)
{
    struct front_end *end = context;
    diary_add(end, "pre", event->name);
    assert_string_equal(event->writer, WRITER);
    assert_int_equal(strlen(event->document), event->document_bytes);
    assert_non_null(strstr(event->run_dir, end->folder));
    vsr_writer_reply_message(reply, "the ledger is open");
    const char *at = strstr(event->document, "<COMPONENT ");
    assert_non_null(at);
    if (end->target != NULL) {
        char edited[4096];
        const int n = snprintf(edited, sizeof edited, "%.*s<COMPONENT restoreTarget=\"%s\" %s",
                               (int)(at - event->document), event->document, end->target,
                               at + strlen("<COMPONENT "));
        vsr_writer_reply_document(reply, edited, (size_t)n);
    }
    return end->pre_restore;
}

static int post_restore(void *context, const vsr_writer_event *event, vsr_writer_reply *reply)
{
    struct front_end *end = context;
    (void)reply;
    diary_add(end, "post", strstr(event->document, "\"all\"") != NULL ? "all" : "none");
    return VSR_WRITER_STABLE;
}

static int service_stop(void *context, const char *name, vsr_writer_reply *reply)
{
    (void)reply;
    diary_add(context, "stop", name);
    return VSR_SERVICE_DONE;
}

static int service_start(void *context, const char *name, vsr_writer_reply *reply)
{
    (void)reply;
    diary_add(context, "start", name);
    return VSR_SERVICE_ALREADY;
}

static void file_write(const char *folder, const char *name, const char *text)
{
    char path[200];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static int end_open(void **state)
{
    struct front_end *end = calloc(1, sizeof *end);
    char path[3][200];
    vsr_error error = {0};
    assert_non_null(end);
    fixture_folder(end->folder);
    assert_int_equal(fixture_shell("mkdir -p '%s/docs' '%s/c/db' '%s/to'", end->folder, end->folder,
                                   end->folder),
                     0);
    (void)snprintf(path[0], sizeof path[0], "%s/docs", end->folder);
    (void)snprintf(path[1], sizeof path[1], "C:=%s/c", end->folder);
    (void)snprintf(path[2], sizeof path[2], "%s/set", end->folder);
    file_write(path[0], "bcd.xml", bcd);
    file_write(path[0], "wmd.xml", wmd);
    file_write(end->folder, "c/db/f", "content");
    const char *const documents[] = {path[0]};
    const char *const volumes[] = {path[1]};
    const vsr_pack_options options = {.size = sizeof options,
                                      .documents = documents,
                                      .document_count = 1,
                                      .volumes = volumes,
                                      .volume_count = 1,
                                      .output = path[2]};
    if (vsr_set_pack(&options, NULL, &error) != VSR_OK ||
        vsr_set_open(&end->set, path[2], &error) != VSR_OK) {
        fail_msg("%s", error.what);
    }
    *state = end;
    return 0;
}

static int end_close(void **state)
{
    struct front_end *end = *state;
    vsr_set_close(end->set);
    fixture_remove(end->folder);
    free(end);
    return 0;
}

/* Restore with the functions; *summary is filled. */
static void restore(struct front_end *end, vsr_writers *writers, vsr_code expected,
                    vsr_summary *summary, char error_name[64])
{
    char root[200];
    char run_dir[200];
    vsr_error error = {0};
    vsr_report *report = NULL;
    (void)snprintf(root, sizeof root, "%s/to", end->folder);
    (void)snprintf(run_dir, sizeof run_dir, "%s/run", end->folder);
    writers->size = sizeof *writers;
    writers->context = end;
    const vsr_choices choices = {.size = sizeof choices,
                                 .root = root,
                                 .live_tree = 1,
                                 .in_use = VSR_IN_USE_IGNORE};
    const vsr_restore_options options = {.size = sizeof options,
                                         .run_dir = run_dir,
                                         .workers = 1,
                                         .ring = VSR_RING_SYNC,
                                         .pending_registry = "",
                                         .writers = writers};
    const vsr_code rc = vsr_restore_set(&report, end->set, &choices, &options, &error);
    if (rc != expected) {
        fail_msg("%d: %s", rc, error.what);
    }
    if (report != NULL) {
        vsr_unit_result unit;
        vsr_report_summary(report, summary);
        vsr_report_unit(report, 0, &unit);
        (void)snprintf(error_name, 64, "%s", unit.error != NULL ? unit.error : "");
    }
    vsr_report_free(report);
}

static const vsr_writers functions = {
    .plays = plays,
    .pre_restore = pre_restore,
    .post_restore = post_restore,
    .service_stop = service_stop,
    .service_start = service_start,
};

static bool stands(const struct front_end *end, const char *path)
{
    char whole[300];
    (void)snprintf(whole, sizeof whole, "%s/to/C/%s", end->folder, path);
    return access(whole, F_OK) == 0;
}

static void functions_play_in_order(void **state)
{
    struct front_end *end = *state;
    vsr_writers writers = functions;
    vsr_summary summary = {0};
    char error_name[64] = "";
    end->target = "alternate";
    restore(end, &writers, VSR_OK, &summary, error_name);
    assert_int_equal(summary.exit_code, 0);
    assert_string_equal(end->diary, "pre Ledger; stop LedgerSvc; start LedgerSvc; post all; ");
    assert_true(stands(end, "alt/f"));
    assert_false(stands(end, "db/f"));
}

static void a_function_may_veto(void **state)
{
    struct front_end *end = *state;
    vsr_writers writers = functions;
    vsr_summary summary = {0};
    char error_name[64] = "";
    end->pre_restore = 1;
    restore(end, &writers, VSR_OK, &summary, error_name);
    assert_int_equal(summary.exit_code, 3);
    assert_string_equal(error_name, "WRITER_VETO");
    assert_string_equal(end->diary, "pre Ledger; post none; ");
    assert_false(stands(end, "db/f"));
}

static void what_does_not_fit_is_usage(void **state)
{
    struct front_end *end = *state;
    const char *const programs[] = {"Ledger=/bin/true"};
    vsr_writers both = functions;
    vsr_writers half = {.pre_restore = pre_restore};
    both.programs = programs;
    both.program_count = 1;
    restore(end, &both, VSR_ERR_USAGE, NULL, NULL);
    restore(end, &half, VSR_ERR_USAGE, NULL, NULL);
    assert_string_equal(end->diary, "");
}

/* Nobody would learn how his programs end: nobody is asked, and nothing is restored. */
static void programs_of_who_ignores_children_are_usage(void **state)
{
    struct front_end *end = *state;
    char service[200];
    char ran[200];
    (void)snprintf(service, sizeof service, "%s/service", end->folder);
    (void)snprintf(ran, sizeof ran, "%s/ran", end->folder);
    file_write(end->folder, "service", "#!/bin/sh\n: > \"${0%/*}/ran\"\n");
    assert_int_equal(fixture_shell("chmod 755 '%s'", service), 0);
    vsr_writers writers = {.service_command = service};
    vsr_summary summary = {0};
    char error_name[64] = "";
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    struct sigaction before;
    assert_int_equal(sigaction(SIGCHLD, &ignore, &before), 0);
    restore(end, &writers, VSR_ERR_USAGE, NULL, NULL);
    assert_int_equal(sigaction(SIGCHLD, &before, NULL), 0);
    assert_false(stands(end, "db/f"));
    assert_int_not_equal(access(ran, F_OK), 0);
    restore(end, &writers, VSR_OK, &summary, error_name);
    assert_int_equal(summary.exit_code, 0);
    assert_int_equal(access(ran, F_OK), 0);
}

/* A plan that was made before places were told cannot ask anybody. */
static void a_made_plan_asks_nobody(void **state)
{
    struct front_end *end = *state;
    vsr_writers writers = functions;
    vsr_error error = {0};
    vsr_plan *plan = NULL;
    vsr_report *report = NULL;
    writers.size = sizeof writers;
    writers.context = end;
    char root[200];
    (void)snprintf(root, sizeof root, "%s/to", end->folder);
    const vsr_choices choices = {.size = sizeof choices, .root = root};
    const vsr_restore_options options = {.size = sizeof options, .writers = &writers};
    assert_int_equal(vsr_plan_create(&plan, end->set, &choices, &error), VSR_OK);
    assert_int_equal(vsr_restore_run(&report, plan, &options, &error), VSR_ERR_USAGE);
    assert_null(report);
    assert_string_equal(end->diary, "");
    vsr_plan_free(plan);
}

/* A restore that is cancelled before anybody was asked disturbs nobody. */
static void cancelled_before_it_began_is_nothing(void **state)
{
    struct front_end *end = *state;
    const int cancel = 1;
    char root[200];
    char run_dir[200];
    vsr_writers writers = functions;
    vsr_error error = {0};
    vsr_report *report = NULL;
    writers.size = sizeof writers;
    writers.context = end;
    (void)snprintf(root, sizeof root, "%s/to", end->folder);
    (void)snprintf(run_dir, sizeof run_dir, "%s/run", end->folder);
    const vsr_choices choices = {.size = sizeof choices, .root = root};
    const vsr_restore_options options = {.size = sizeof options,
                                         .run_dir = run_dir,
                                         .writers = &writers,
                                         .cancel = &cancel};
    assert_int_equal(vsr_restore_set(&report, end->set, &choices, &options, &error),
                     VSR_ERR_CANCELLED);
    assert_null(report);
    assert_string_equal(end->diary, "");
    assert_int_not_equal(access(run_dir, F_OK), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, end_open, end_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(functions_play_in_order),    TEST(a_function_may_veto),
        TEST(what_does_not_fit_is_usage), TEST(programs_of_who_ignores_children_are_usage),
        TEST(a_made_plan_asks_nobody),    TEST(cancelled_before_it_began_is_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
