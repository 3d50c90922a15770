/* report.c - one pass over the rows: sums, each unit's status, the exit code. It does not look
 * at the destination; what could not be taken back is told to it as residue. */
#include "report/report.h"

#include "base/bug.h"
#include "base/heap.h"
#include "report/verdict.h"

#include <stdlib.h>
#include <string.h>

static void row_count(struct report *report, const struct outcome_row *row)
{
    switch (verdict_sum((enum outcome)row->outcome)) {
    case SUM_RESTORED:
        report->restored++;
        report->bytes += row->bytes;
        break;
    case SUM_SKIPPED:
        report->skipped++;
        break;
    case SUM_FAILED:
        report->failed++;
        break;
    case SUM_NOT_STARTED:
        report->not_started++;
        break;
    }
}

/* Keep the name of a file whose own row says why its unit is not whole. */
static void failure_keep(struct report *report, const struct report_input *input, uint32_t file)
{
    const struct outcome_row *row = &input->rows[file];
    if (input->set == NULL || report->failure_count == REPORT_FAILURES_MAX ||
        verdict_cause((enum outcome)row->outcome, row->os_errno) == VSR_OK) {
        return;
    }
    if (report->failures == NULL) {
        report->failures = ARENA_ARRAY(&report->arena, struct view, REPORT_FAILURES_MAX);
    }
    struct buffer text = {0};
    const char *why =
        row->os_errno != 0 ? strerrordesc_np(row->os_errno) : outcome_row_fault_text(row);
    plan_source_path(input->plan, input->set, file, &text);
    report->failures[report->failure_count++] =
        arena_printf(&report->arena, "%.*s: %s%s%s", VIEW_ARG(buffer_view(&text)),
                     outcome_text((enum outcome)row->outcome), why != NULL ? ", " : "",
                     why != NULL ? why : "");
    buffer_free(&text);
}

/* Rules 9.3, on the rows of one unit. */
static void unit_fold(struct report *report, uint32_t number, const struct report_input *input)
{
    const struct plan *plan = input->plan;
    const struct plan_unit *unit = &plan->units[number];
    struct report_unit *out = &report->units[number];
    bool whole = !input->discarded, staged = false;
    memcpy(out->writer_id, unit->writer_id, sizeof out->writer_id);
    memcpy(out->instance_id, unit->instance_id, sizeof out->instance_id);
    out->verdict = (enum plan_verdict)unit->verdict;
    for (uint32_t i = 0; i < unit->file_count; i++) {
        const struct outcome_row *row = &input->rows[unit->first_file + i];
        row_count(report, row);
        failure_keep(report, input, unit->first_file + i);
        whole = whole && verdict_is_whole((enum outcome)row->outcome);
        staged = staged || row->outcome == OUTCOME_STAGED;
        out->has_files |= plan->files[unit->first_file + i].kind != KIND_DIRECTORY;
        if (out->cause == VSR_OK) {
            out->cause = verdict_cause((enum outcome)row->outcome, row->os_errno);
        }
    }
    for (uint32_t i = 0; i < unit->shared_count;
         i++) { /* a file that an earlier unit owns: 8, 28 */
        const struct outcome_row *row = &input->rows[plan->shared[unit->first_shared + i].file];
        whole = whole && verdict_is_whole((enum outcome)row->outcome);
        if (out->cause == VSR_OK) {
            out->cause = verdict_cause((enum outcome)row->outcome, row->os_errno);
        }
    }
    out->rule = arena_copy(&report->arena, plan_text(plan, unit->rule));
    out->refusal = (enum refusal)unit->refusal;
    out->detail = arena_copy(&report->arena, plan_text(plan, unit->detail));
    if (out->refusal == REFUSAL_NONE && input->refusals != NULL) {
        out->refusal = input->refusals[number];
        out->detail = input->details != NULL && view_present(input->details[number])
                          ? arena_copy(&report->arena, input->details[number])
                          : out->detail;
    }
    out->whole = whole && out->refusal == REFUSAL_NONE;
    const bool residue = input->residue != NULL && input->residue[number] > 0;
    if (out->refusal != REFUSAL_NONE) {
        out->status = residue ? RESTORE_STATUS_FAILED : RESTORE_STATUS_NONE;
        out->cause = verdict_refusal_cause(out->refusal);
    } else if (whole && unit->reduced != 0) {
        out->status = RESTORE_STATUS_NONE; /* everything is there, and it is no whole set */
        out->detail = VIEW("restored, but for what was left out of it as asked");
    } else if (whole && unit->partial_selection != 0) {
        out->status = RESTORE_STATUS_NONE; /* ruling 18: never FAILED, exit 1 */
        out->detail = unit->file_count + unit->shared_count > 0
                          ? VIEW("its chosen files are restored, and no others")
                          : VIEW("no file of it was chosen");
        report->warnings++;
    } else if (whole) {
        out->status = RESTORE_STATUS_ALL; /* staged counts: rules 8.6 */
    } else {
        out->status = residue ? RESTORE_STATUS_FAILED : RESTORE_STATUS_NONE;
    }
    report->pending_reboot = report->pending_reboot || (whole && staged);
    report->reboot_required = report->pending_reboot || report->reboot_required ||
                              (out->status == RESTORE_STATUS_ALL && unit->reboot_required != 0);
}

static void status_count(struct report *report, uint32_t number, bool partial,
                         struct verdict_facts *facts)
{
    const struct report_unit *unit = &report->units[number];
    report->units_all += unit->status == RESTORE_STATUS_ALL;
    report->units_none += unit->status == RESTORE_STATUS_NONE;
    report->units_failed += unit->status == RESTORE_STATUS_FAILED;
    if (unit->status == RESTORE_STATUS_ALL) {
        return;
    }
    if (facts->first_cause == VSR_OK) {
        facts->first_cause = unit->cause;
    }
    facts->any_failed = facts->any_failed || unit->status == RESTORE_STATUS_FAILED;
    facts->any_none = facts->any_none || (unit->status == RESTORE_STATUS_NONE && !partial);
}

/* Nothing follows from a unit of which nothing is there, unless it was left to be done by hand. */
static void to_dos_fold(struct report *report, const struct plan *plan)
{
    report->to_dos = ARENA_ARRAY(&report->arena, struct report_to_do, plan->to_do_count);
    for (uint32_t i = 0; i < plan->to_do_count; i++) {
        const uint32_t unit = plan->to_dos[i].unit;
        if (report->units[unit].status != RESTORE_STATUS_NONE ||
            plan->units[unit].partial_selection != 0 || plan->units[unit].reduced != 0 ||
            plan->units[unit].verdict == VERDICT_CUSTOM) {
            report->to_dos[report->to_do_count++] =
                (struct report_to_do){unit, arena_copy(&report->arena,
                                                       plan_text(plan, plan->to_dos[i].text))};
        }
    }
}

static void destinations_fold(struct report *report, const struct report_input *input)
{
    report->destinations =
        ARENA_ARRAY(&report->arena, struct report_destination, input->destination_count);
    report->destination_count = input->destination_count;
    for (uint32_t i = 0; i < input->destination_count; i++) {
        report->destinations[i] = input->destinations[i];
        report->destinations[i].dir = arena_copy(&report->arena, input->destinations[i].dir);
    }
}

static bool plan_is_of_live_tree(const struct plan *plan)
{
    for (uint32_t i = 0; i + 1 < plan->choice_count; i++) {
        if (view_equal(plan_text(plan, plan->choices[i]), VIEW("--tree"))) {
            return view_equal(plan_text(plan, plan->choices[i + 1]), VIEW("live"));
        }
    }
    return false;
}

void report_fold(struct report *out, const struct report_input *input, struct view run_dir)
{
    const struct plan *plan = input->plan;
    *out = (struct report){0};
    out->run_dir = arena_copy(&out->arena, run_dir);
    out->unit_count = plan->unit_count;
    out->units = ARENA_ARRAY(&out->arena, struct report_unit, plan->unit_count);
    out->unit_writers = ARENA_ARRAY(&out->arena, struct view, plan->unit_count);
    out->unit_paths = ARENA_ARRAY(&out->arena, struct view, plan->unit_count);
    out->unit_components = ARENA_ARRAY(&out->arena, struct view, plan->unit_count);
    out->discarded = input->discarded;
    out->verified_files = input->verified_files;
    out->verified_bytes = input->verified_bytes;
    destinations_fold(out, input);
    out->losses = input->losses;
    out->live_tree = plan_is_of_live_tree(plan);
    out->pending_folders = input->pending_folders;
    out->pending_registered = input->pending_registered;
    out->elapsed_ns = input->elapsed_ns;
    out->signal_number = input->signal_number;

    struct verdict_facts *facts = &out->facts;
    *facts = (struct verdict_facts){.signal_number = input->signal_number,
                                    .run_failed = input->run_failed};
    for (uint32_t i = 0; i < plan->unit_count; i++) {
        const struct plan_unit *unit = &plan->units[i];
        out->unit_writers[i] = arena_copy(&out->arena, plan_text(plan, unit->writer_name));
        out->unit_paths[i] = arena_copy(&out->arena, plan_text(plan, unit->logical_path));
        out->unit_components[i] = arena_copy(&out->arena, plan_text(plan, unit->component));
        unit_fold(out, i, input);
        status_count(out, i,
                     !out->discarded && unit->partial_selection != 0 && unit->reduced == 0 &&
                         out->units[i].refusal == REFUSAL_NONE && out->units[i].cause == VSR_OK,
                     facts);
    }
    if (!out->discarded) {
        to_dos_fold(out, plan);
    }
    VSR_REQUIRE(out->restored + out->skipped + out->failed + out->not_started == plan->file_count);
    facts->any_loss = out->losses > 0 || out->warnings > 0 || out->skipped > 0;
    facts->pending_reboot = out->pending_reboot;
    out->exit_code = verdict_exit_code(facts);
}

void report_note(struct report *report, struct view text, bool is_loss)
{
    report->notes =
        heap_grow(report->notes, report->note_count, &report->note_capacity, sizeof *report->notes);
    report->notes[report->note_count++] = arena_copy(&report->arena, text);
    report->facts.any_loss = report->facts.any_loss || is_loss;
    report->exit_code = verdict_exit_code(&report->facts);
}

void report_fail(struct report *report, vsr_code code)
{
    report->facts.run_failed = report->facts.run_failed != VSR_OK ? report->facts.run_failed : code;
    report->exit_code = verdict_exit_code(&report->facts);
}

void report_take_told(struct report *report, struct view summary, int exit_code)
{
    report->told = arena_copy(&report->arena, summary);
    report->exit_code = exit_code;
}

void report_take_profile(struct report *report, struct view object, struct view table, bool shown)
{
    report->profile = arena_copy(&report->arena, object);
    report->profile_table = arena_copy(&report->arena, table);
    report->profile_shown = shown;
}

void report_free(struct report *report)
{
    free(report->notes);
    struct arena arena = report->arena;
    *report = (struct report){0};
    arena_free(&arena);
}
