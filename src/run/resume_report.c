/* resume_report.c - the end of a run told again: its rows folded once more, its summary as it was
 * written. Changes nothing. */
#include "base/heap.h"
#include "base/io.h"
#include "base/limits.h"
#include "run/resume.h"
#include "run/row_check.h"

#include <jansson.h>
#include <stdlib.h>

static void notes_take(struct report *report, const json_t *summary)
{
    const json_t *notes = json_object_get(summary, "notes");
    for (size_t i = 0; i < json_array_size(notes); i++) {
        const json_t *note = json_array_get(notes, i);
        if (json_is_string(note)) {
            report_note(report, view_of(json_string_value(note)), false);
        }
    }
}

static uint64_t number_of(const json_t *object, const char *key)
{
    const json_int_t value = json_integer_value(json_object_get(object, key));
    return value > 0 ? (uint64_t)value : 0;
}

static void rows_fold(const struct resume *r, struct report *report, const json_t *summary)
{
    const struct plan *plan = r->plan;
    const json_t *pending = json_object_get(summary, "pending");
    uint64_t *residue = heap_alloc(plan->unit_count + 1u, sizeof *residue);
    enum refusal *refusals = heap_alloc(plan->unit_count + 1u, sizeof *refusals);
    struct view *details = heap_alloc(plan->unit_count + 1u, sizeof *details);
    for (uint32_t u = 0; u < plan->unit_count; u++) {
        residue[u] = r->content.units[u].residue;
        refusals[u] = (enum refusal)r->content.units[u].refusal;
        details[u] = r->content.units[u].detail;
    }
    const struct report_input input = {
        .plan = plan,
        .rows = r->folder.rows,
        .residue = residue,
        .refusals = refusals,
        .details = details,
        .discarded = r->call.conduct.engine.discard,
        .losses = number_of(summary, "losses"),
        .elapsed_ns = number_of(summary, "elapsed_ms") * 1000000,
        .pending_folders = (uint32_t)number_of(pending, "folders"),
        .pending_registered = (uint32_t)number_of(pending, "registered"),
    };
    report_fold(report, &input, view_of(r->folder.path));
    free(residue);
    free(refusals);
    free(details);
}

vsr_code resume_report(const struct resume *r, struct report *report, vsr_error *error)
{
    struct buffer text = {0};
    json_error_t fail;
    if (r->content.rows_told && r->content.rows_check != row_check_all(r->plan, r->folder.rows)) {
        return err_set(error, VSR_ERR_RUN_FOREIGN, "run/resume",
                       "rows.bin in %s is damaged: how the run ended stands in summary.json and "
                       "report.jsonl there",
                       r->folder.path);
    }
    vsr_code rc = io_read_file(r->folder.dir_fd, "summary.json", RUN_SUMMARY_BYTES_MAX, &text,
                               VSR_ERR_RUN_FOREIGN, error);
    if (rc != VSR_OK) {
        buffer_free(&text);
        return rc;
    }
    json_t *summary = json_loadb(text.p, text.n, JSON_REJECT_DUPLICATES, &fail);
    if (json_is_object(summary)) {
        rows_fold(r, report, summary);
        notes_take(report, summary);
        report_take_told(report, buffer_view(&text), r->content.end.exit_code);
    } else {
        rc = err_set(error, VSR_ERR_RUN_FOREIGN, "run/resume", "summary.json in %s is no summary",
                     r->folder.path);
    }
    json_decref(summary);
    buffer_free(&text);
    return rc;
}
