/* report.c - reports behind the public handles. */
#include "api/objects.h"
#include "base/bug.h"
#include "run/run_page.h"

#include <stdlib.h>

/* More than three times what the summary of no restore is. */
enum { SUMMARY_NONE_BYTES = 2048 };

void vsr_report_summary(const vsr_report *report, vsr_summary *summary)
{
    const struct report *r = &report->report;
    *summary = (vsr_summary){
        .exit_code = r->exit_code,
        .restored = r->restored,
        .skipped = r->skipped,
        .failed = r->failed,
        .not_started = r->not_started,
        .bytes = r->bytes,
        .units = r->unit_count,
        .units_all = r->units_all,
        .units_none = r->units_none,
        .units_failed = r->units_failed,
        .losses = r->losses,
        .pending_reboot = r->pending_reboot,
        .elapsed_ns = r->elapsed_ns,
    };
}

/* Views that report_fold() copied into its arena have a NUL behind them (arena_copy). */
void vsr_report_unit(const vsr_report *report, uint64_t unit, vsr_unit_result *result)
{
    const struct report *r = &report->report;
    VSR_REQUIRE(unit < r->unit_count);
    const struct report_unit *u = &r->units[unit];
    *result = (vsr_unit_result){
        .writer = r->unit_writers[unit].p,
        .logical_path = r->unit_paths[unit].p,
        .component = r->unit_components[unit].p,
        .status = u->status == RESTORE_STATUS_ALL      ? "ALL"
                  : u->status == RESTORE_STATUS_FAILED ? "FAILED"
                                                       : "NONE",
        .error = refusal_text(u->refusal),
        .detail = u->detail.p,
    };
}

const char *vsr_report_run_dir(const vsr_report *report)
{
    return report->report.run_dir.p;
}

vsr_code vsr_report_render(const vsr_report *report, vsr_format format, vsr_sink sink,
                           void *context, vsr_error *error)
{
    struct buffer text = {0};
    if (format == VSR_FORMAT_JSON) {
        report_render_summary(&report->report, &text);
    } else {
        report_render_text(&report->report, &text);
    }
    const vsr_code rc = sink_give(sink, context, buffer_view(&text), error);
    buffer_free(&text);
    return rc;
}

vsr_code vsr_report_render_none(int exit_code, vsr_sink sink, void *context, vsr_error *error)
{
    const struct report none = {.exit_code = exit_code};
    char room[SUMMARY_NONE_BYTES]; /* no text from anywhere stands in it: it is never outgrown */
    struct buffer text = {.p = room, .capacity = sizeof room, .fixed = true};
    report_render_summary(&none, &text);
    return sink_give(sink, context, buffer_view(&text), error);
}

vsr_code vsr_report_profile(const vsr_report *report, vsr_format format, vsr_sink sink,
                            void *context, vsr_error *error)
{
    struct buffer text = {0};
    if (format == VSR_FORMAT_TEXT) {
        report_render_profile(&report->report, &text);
    } else if (view_present(report->report.profile)) {
        buffer_add_view(&text, report->report.profile);
        buffer_add_char(&text, '\n');
    }
    const vsr_code rc = sink_give(sink, context, buffer_view(&text), error);
    buffer_free(&text);
    return rc;
}

vsr_code vsr_report_page(const char *run_dir, vsr_sink sink, void *context, vsr_error *error)
{
    struct page page;
    struct buffer text = {0};
    vsr_code rc = run_page_read(&page, run_dir, error);
    if (rc == VSR_OK) {
        page_render(&page, &text);
        rc = sink_give(sink, context, buffer_view(&text), error);
    }
    buffer_free(&text);
    arena_free(&page.arena);
    return rc;
}

void vsr_report_free(vsr_report *report)
{
    if (report != NULL) {
        report_free(&report->report);
        free(report);
    }
}
