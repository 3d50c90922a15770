/* test_verdict.c - the exit code comes from the statuses, in the contract's order.
 *
 * Goal: each line of the contract's section 7 that a finished run can end with, and the order in
 * which they win over each other. */
#include "vsr_test.h"

#include "report/report.h"
#include "report/verdict.h"

#include <errno.h>
#include <signal.h>

static void order_of_codes(void **state)
{
    (void)state;
    struct verdict_facts facts = {0};
    assert_int_equal(verdict_exit_code(&facts), 0);
    facts.any_loss = true;
    assert_int_equal(verdict_exit_code(&facts), 1);
    facts.pending_reboot = true;
    assert_int_equal(verdict_exit_code(&facts), 5);
    facts.any_none = true;
    assert_int_equal(verdict_exit_code(&facts), 3);
    facts.any_failed = true;
    assert_int_equal(verdict_exit_code(&facts), 4);
    facts.first_cause = VSR_ERR_MEDIA;
    assert_int_equal(verdict_exit_code(&facts), 20);
    facts.run_failed = VSR_ERR_BUG;
    assert_int_equal(verdict_exit_code(&facts), 70);
    facts.signal_number = SIGTERM;
    assert_int_equal(verdict_exit_code(&facts), 143);
}

static void causes_of_rows(void **state)
{
    (void)state;
    assert_int_equal(verdict_cause(OUTCOME_MEDIA_CORRUPT, 0), VSR_ERR_MEDIA);
    assert_int_equal(verdict_cause(OUTCOME_MEDIA_MISSING, EIO), VSR_ERR_MEDIA_UNREADABLE);
    assert_int_equal(verdict_cause(OUTCOME_MEDIA_MISSING, ENOENT), VSR_ERR_MEDIA); /* gone */
    assert_int_equal(verdict_cause(OUTCOME_DEST_FULL, ENOSPC), VSR_ERR_DEST_FULL);
    assert_int_equal(verdict_cause(OUTCOME_DEST_ERROR, EACCES), VSR_ERR_DEST_PERMISSION);
    assert_int_equal(verdict_cause(OUTCOME_DEST_ERROR, ELOOP), VSR_ERR_DEST_ESCAPE);
    assert_int_equal(verdict_cause(OUTCOME_DEST_ERROR, EIO), VSR_ERR_DEST_IO);
    assert_int_equal(verdict_cause(OUTCOME_WITHDRAWN, 0), VSR_OK);
    assert_int_equal(verdict_cause(OUTCOME_RESTORED, 0), VSR_OK);
}

/* Three units: whole, cut by the media, refused; and what residue makes of the second. */
static void statuses_follow_rows_and_residue(void **state)
{
    (void)state;
    static const struct plan_unit units[] = {
        {.first_file = 0, .file_count = 2},
        {.first_file = 2, .file_count = 2},
        {.first_file = 4, .file_count = 0, .refusal = REFUSAL_PRESENT},
    };
    static const struct outcome_row rows[] = {
        {.outcome = OUTCOME_RESTORED, .bytes = 10},
        {.outcome = OUTCOME_PRESENT},
        {.outcome = OUTCOME_WITHDRAWN, .bytes = 5},
        {.outcome = OUTCOME_MEDIA_CORRUPT},
    };
    static const struct plan_file files[4] = {{.kind = KIND_DIRECTORY}, {.kind = KIND_DIRECTORY}};
    const struct plan plan = {
        .units = units, .unit_count = 3, .files = files, .file_count = 4, .text = ""};
    uint64_t residue[3] = {0};
    struct report_input input = {.plan = &plan, .rows = rows, .residue = residue};
    struct report report;

    report_fold(&report, &input, VIEW("run"));
    assert_int_equal(report.units[0].status, RESTORE_STATUS_ALL);
    assert_int_equal(report.units[1].status, RESTORE_STATUS_NONE);
    assert_int_equal(report.units[2].status, RESTORE_STATUS_NONE);
    assert_true(report.units[0].whole);
    assert_false(report.units[1].whole);
    assert_false(report.units[2].whole);
    assert_false(report.units[0].has_files);
    assert_true(report.units[1].has_files);
    assert_int_equal(report.restored, 1);
    assert_int_equal(report.skipped, 1);
    assert_int_equal(report.failed, 2);
    assert_int_equal(report.bytes, 10);
    assert_int_equal(report.exit_code, 20);
    report_free(&report);

    residue[1] = 1;
    report_fold(&report, &input, VIEW("run"));
    assert_int_equal(report.units[1].status, RESTORE_STATUS_FAILED);
    report_free(&report);
}

/* A unit without files is ALL (ruling 13); a selection of files is NONE with exit 1 (ruling 18). */
static void empty_and_partial_units(void **state)
{
    (void)state;
    static const struct plan_unit units[] = {
        {.first_file = 0, .file_count = 0},
        {.first_file = 0, .file_count = 1, .partial_selection = 1},
    };
    static const struct outcome_row rows[] = {{.outcome = OUTCOME_RESTORED}};
    static const struct plan_file file = {.kind = KIND_PLAIN};
    const struct plan plan = {
        .units = units, .unit_count = 2, .files = &file, .file_count = 1, .text = ""};
    const struct report_input input = {.plan = &plan, .rows = rows};
    struct report report;
    report_fold(&report, &input, VIEW("run"));
    assert_int_equal(report.units[0].status, RESTORE_STATUS_ALL);
    assert_int_equal(report.units[1].status, RESTORE_STATUS_NONE);
    assert_true(report.units[1].whole); /* what was asked for, though no whole unit */
    assert_int_equal(report.exit_code, 1);
    report_free(&report);
}

/* The null sink: no unit is ALL, not even one without files; what was verified is a number. */
static void discarded_units(void **state)
{
    (void)state;
    static const struct plan_unit units[] = {
        {.first_file = 0, .file_count = 0},
        {.first_file = 0, .file_count = 1, .partial_selection = 1},
        {.first_file = 1, .file_count = 1},
    };
    struct outcome_row rows[] = {{.outcome = OUTCOME_NOT_STARTED}, {.outcome = OUTCOME_PRESENT}};
    static const struct plan_file files[] = {{.kind = KIND_PLAIN}, {.kind = KIND_PLAIN}};
    const struct plan plan = {
        .units = units, .unit_count = 3, .files = files, .file_count = 2, .text = ""};
    const struct report_input input = {
        .plan = &plan, .rows = rows, .discarded = true, .verified_files = 1, .verified_bytes = 9};
    struct report report;
    struct buffer text = {0};
    report_fold(&report, &input, VIEW("run"));
    assert_int_equal(report.units_none, 3);
    assert_false(report.units[0].whole || report.units[1].whole || report.units[2].whole);
    assert_int_equal(report.restored, 0);
    assert_int_equal(report.exit_code, 3);
    report_render_summary(&report, &text);
    buffer_add_char(&text, '\0');
    assert_non_null(strstr(text.p, "\"sink\":\"null\",\"verified\":{\"files\":1,\"bytes\":9}"));
    buffer_free(&text);
    report_free(&report);

    rows[0].outcome = OUTCOME_MEDIA_CORRUPT;
    report_fold(&report, &input, VIEW("run"));
    assert_int_equal(report.exit_code, 20);
    report_free(&report);
}

/* Members left out: NONE, which the exception for a selection of files does not cover. */
static void reduced_units(void **state)
{
    (void)state;
    const struct plan_unit units[] = {{.file_count = 1, .partial_selection = 1, .reduced = 1}};
    static const struct outcome_row rows[] = {{.outcome = OUTCOME_RESTORED}};
    static const struct plan_file file = {.kind = KIND_PLAIN};
    const struct plan plan = {
        .units = units, .unit_count = 1, .files = &file, .file_count = 1, .text = ""};
    const struct report_input input = {.plan = &plan, .rows = rows};
    struct report report;
    report_fold(&report, &input, VIEW("run"));
    assert_int_equal(report.units[0].status, RESTORE_STATUS_NONE);
    assert_true(report.units[0].whole);
    assert_int_equal(report.exit_code, 3);
    report_free(&report);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(order_of_codes),
        cmocka_unit_test(causes_of_rows),
        cmocka_unit_test(statuses_follow_rows_and_residue),
        cmocka_unit_test(empty_and_partial_units),
        cmocka_unit_test(discarded_units),
        cmocka_unit_test(reduced_units),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
