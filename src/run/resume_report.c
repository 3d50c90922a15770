/* resume_report.c - the end of a run told again: its rows folded once more, its summary as it was
 * written. Rows that have rotted are made up from that summary, and a note says so; a staging
 * folder that stands again is warned of. Changes nothing. */
#include "base/heap.h"
#include "base/io.h"
#include "base/limits.h"
#include "run/resume.h"
#include "run/row_check.h"

#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

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

static const json_t *unit_told(const json_t *summary, uint32_t unit)
{
    return json_array_get(json_object_get(summary, "units"), unit);
}

/* What failed behind a unit's commit left something too, which its record does not say. */
static bool unit_is_told_failed(const json_t *summary, uint32_t unit)
{
    const char *status = json_string_value(json_object_get(unit_told(summary, unit), "status"));
    return status != NULL && strcmp(status, "FAILED") == 0;
}

static void rows_fold(const struct resume *r, struct report *report, const json_t *summary,
                      const struct outcome_row *rows)
{
    const struct plan *plan = r->plan;
    const json_t *pending = json_object_get(summary, "pending");
    uint64_t *residue = heap_alloc(plan->unit_count + 1u, sizeof *residue);
    enum refusal *refusals = heap_alloc(plan->unit_count + 1u, sizeof *refusals);
    struct view *details = heap_alloc(plan->unit_count + 1u, sizeof *details);
    for (uint32_t u = 0; u < plan->unit_count; u++) {
        const struct content_unit *unit = &r->content.units[u];
        const bool changed =
            (unit->stood && unit->fate != FATE_PUBLISHED) || unit_is_told_failed(summary, u);
        residue[u] = unit->residue != 0 ? unit->residue : changed;
        refusals[u] = (enum refusal)r->content.units[u].refusal;
        details[u] = r->content.units[u].detail;
    }
    const struct report_input input = {
        .plan = plan,
        .rows = rows,
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

/* --- rows that have rotted --- */

/* Such that each unit folds to what the summary says of it. heap */
static struct outcome_row *rows_make(const struct plan *plan, const json_t *summary)
{
    struct outcome_row *rows = heap_alloc(plan->file_count + 1u, sizeof *rows);
    for (uint32_t i = 0; i < plan->file_count; i++) {
        const struct plan_file *file = &plan->files[i];
        if (json_is_true(json_object_get(unit_told(summary, file->unit), "whole"))) {
            rows[i].outcome = file->action == ACTION_NONE    ? OUTCOME_PRESENT
                              : file->action == ACTION_STAGE ? OUTCOME_STAGED
                                                             : OUTCOME_RESTORED;
        }
    }
    return rows;
}

/* "media damaged" -> VSR_ERR_MEDIA; OK: none, or none of these. */
static vsr_code cause_of(const json_t *unit)
{
    static const vsr_code causes[] = {VSR_ERR_MEDIA,     VSR_ERR_MEDIA_UNREADABLE,
                                      VSR_ERR_DEST_FULL, VSR_ERR_DEST_PERMISSION,
                                      VSR_ERR_DEST_IO,   VSR_ERR_DEST_ESCAPE};
    const char *text = json_string_value(json_object_get(unit, "cause"));
    for (size_t i = 0; text != NULL && i < sizeof causes / sizeof *causes; i++) {
        if (strcmp(text, vsr_code_text(causes[i])) == 0) {
            return causes[i];
        }
    }
    return VSR_OK;
}

/* What only the rows had, as the summary has it. */
static void sums_take(struct report *report, const json_t *summary)
{
    const json_t *files = json_object_get(summary, "files");
    report->restored = number_of(files, "restored");
    report->skipped = number_of(files, "skipped");
    report->failed = number_of(files, "failed");
    report->not_started = number_of(files, "not_started");
    report->bytes = number_of(summary, "bytes");
    for (uint32_t u = 0; u < report->unit_count; u++) {
        if (report->units[u].cause == VSR_OK) {
            report->units[u].cause = cause_of(unit_told(summary, u));
        }
    }
}

/* The summary with one note more, added to out. */
static void note_rotten(json_t *summary, struct buffer *out)
{
    if (!json_is_array(json_object_get(summary, "notes"))) {
        (void)json_object_set_new(summary, "notes", json_array());
    }
    (void)json_array_append_new(
        json_object_get(summary, "notes"),
        json_string("rows.bin in the run folder is damaged: this is told as summary.json there "
                    "has it; what became of each file stands in report.jsonl"));
    char *text = json_dumps(summary, JSON_COMPACT);
    heap_require(text);
    buffer_printf(out, "%s\n", text);
    free(text);
}

/* --- staging folders that stand again --- */

static const char STANDS_AGAIN[] =
    "stands there again, as after a power cut; the run is over, and what it restored was synced: "
    "unless that volume was set back to an older state, nobody needs the folder, remove it by hand";

/* All that the run was to restore stands at its places, and on the disk. */
static bool nobody_needs_staging(const struct resume *r)
{
    const int code = r->content.end.exit_code;
    bool whole = (code == 0 || code == 1 || code == 5) && !r->call.conduct.engine.discard &&
                 r->call.conduct.durability != DURABILITY_NONE;
    for (uint32_t u = 0; u < r->plan->unit_count; u++) {
        whole = whole && r->content.units[u].residue == 0;
    }
    return whole;
}

void resume_warn_staging(const struct resume *r,
                         void (*on_warning)(void *context, const char *sentence), void *context)
{
    char run[UUID_TEXT_BYTES], path[PATH_MAX], sentence[PATH_MAX + 256];
    uuid_text(&r->folder.run, run);
    for (uint32_t i = 0; nobody_needs_staging(r) && i < r->plan->root_count; i++) {
        struct stat facts;
        (void)snprintf(path, sizeof path, "%.*s/" OWN_FOLDER_PREFIX "%s",
                       VIEW_ARG(plan_text(r->plan, r->plan->roots[i].dir)), run);
        if (lstat(path, &facts) == 0) {
            (void)snprintf(sentence, sizeof sentence, "%s %s", path, STANDS_AGAIN);
            on_warning(context, sentence);
        }
    }
}

/* --- all --- */

static void summary_fold(const struct resume *r, struct report *report, json_t *summary,
                         struct buffer *text)
{
    const bool rotten =
        !row_check_known(r->folder.rows, r->plan->file_count) ||
        (r->content.rows_told && r->content.rows_check != row_check_all(r->plan, r->folder.rows));
    struct outcome_row *made = rotten ? rows_make(r->plan, summary) : NULL;
    rows_fold(r, report, summary, rotten ? made : r->folder.rows);
    if (rotten) {
        sums_take(report, summary);
        text->n = 0;
        note_rotten(summary, text);
    }
    notes_take(report, summary);
    report_take_told(report, buffer_view(text), r->content.end.exit_code);
    free(made);
}

vsr_code resume_report(const struct resume *r, struct report *report, vsr_error *error)
{
    struct buffer text = {0};
    json_error_t fail;
    vsr_code rc = io_read_file(r->folder.dir_fd, "summary.json", RUN_SUMMARY_BYTES_MAX, &text,
                               VSR_ERR_RUN_FOREIGN, error);
    if (rc != VSR_OK) {
        buffer_free(&text);
        return rc;
    }
    json_t *summary = json_loadb(text.p, text.n, JSON_REJECT_DUPLICATES, &fail);
    if (json_is_object(summary)) {
        summary_fold(r, report, summary, &text);
    } else {
        rc = err_set(error, VSR_ERR_RUN_FOREIGN, "run/resume", "summary.json in %s is no summary",
                     r->folder.path);
    }
    json_decref(summary);
    buffer_free(&text);
    return rc;
}
