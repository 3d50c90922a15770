/* render.c - rows and the summary as JSON lines for programs, the summary as text for people. */
#include "base/json.h"
#include "base/show.h"
#include "report/report.h"

#include <errno.h>
#include <string.h>

static const char *status_name(enum vss_restore_status status)
{
    return status == RESTORE_STATUS_ALL      ? "ALL"
           : status == RESTORE_STATUS_FAILED ? "FAILED"
                                             : "NONE";
}

static struct view optional(const char *text)
{
    return text != NULL ? view_of(text) : VIEW_NONE;
}

/* What the media hold of it and the target did not get, by name (contract, ruling 19). */
static void render_losses(uint8_t bits, struct json *json)
{
    static const char *const names[] = {
        "security_descriptor", "stream", "extended_attribute", "reparse",
        "dos_attributes",      "owner",  "hard_link",          "modify_time",
    };
    json_array_begin(json, "losses");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if ((bits >> i & 1u) != 0) {
            json_text(json, NULL, view_of(names[i]));
        }
    }
    json_array_end(json);
}

void report_render_row(const struct plan *plan, const struct media_set *set, uint32_t file,
                       const struct outcome_row *row, struct buffer *out)
{
    struct buffer path = {0};
    struct json json = json_into(out);
    json_object_begin(&json, NULL);
    json_text(&json, "t", VIEW("row"));
    json_u64(&json, "unit", plan->files[file].unit);
    plan_source_path(plan, set, file, &path);
    json_path(&json, "source", buffer_view(&path));
    path.n = 0;
    plan_unix_path(plan, set, file, &path);
    json_path(&json, "path", buffer_view(&path));
    json_text(&json, "outcome", view_of(outcome_text((enum outcome)row->outcome)));
    json_u64(&json, "bytes", row->bytes);
    json_u64(&json, "size", plan->files[file].size);
    if (row->os_errno != 0) {
        json_i64(&json, "errno", row->os_errno);
        json_text(&json, "detail", optional(strerrordesc_np(row->os_errno)));
    } else {
        json_null(&json, "errno");
        json_text(&json, "detail", optional(outcome_row_fault_text(row)));
    }
    render_losses(row->loss, &json);
    json_object_end(&json);
    json_line_end(&json);
    buffer_free(&path);
}

static void render_id(const char *key, const uint8_t bytes[16], struct json *json)
{
    struct uuid id;
    char text[UUID_TEXT_BYTES];
    memcpy(id.bytes, bytes, sizeof id.bytes);
    uuid_text(&id, text);
    json_text(json, key, view_of(text));
}

static void render_unit(const struct report *report, uint32_t number, struct json *json)
{
    const struct report_unit *unit = &report->units[number];
    json_object_begin(json, NULL);
    json_u64(json, "id", number);
    json_text(json, "writer", report->unit_writers[number]);
    json_text(json, "logical_path", report->unit_paths[number]);
    json_text(json, "component", report->unit_components[number]);
    json_text(json, "status", view_of(status_name(unit->status)));
    json_text(json, "error", optional(refusal_text(unit->refusal)));
    json_text(json, "cause",
              unit->cause != VSR_OK ? view_of(vsr_code_text(unit->cause)) : VIEW_NONE);
    render_id("writer_id", unit->writer_id, json);
    render_id("instance", unit->instance_id, json);
    json_text(json, "verdict",
              unit->has_files ? view_of(plan_verdict_text(unit->verdict)) : VIEW_NONE);
    json_text(json, "rule", unit->rule.n > 0 ? unit->rule : VIEW_NONE);
    json_bool(json, "whole", unit->whole);
    json_text(json, "detail", unit->detail);
    json_object_end(json);
}

static void render_destinations(const struct report *report, struct json *json)
{
    json_array_begin(json, "destinations");
    for (uint32_t i = 0; i < report->destination_count; i++) {
        json_object_begin(json, NULL);
        json_path(json, "dir", report->destinations[i].dir);
        json_text(json, "write_mode", view_of(report->destinations[i].write_mode));
        json_object_end(json);
    }
    json_array_end(json);
}

static void render_sink(const struct report *report, struct json *json)
{
    json_text(json, "sink", report->discarded ? VIEW("null") : VIEW("files"));
    if (!report->discarded) {
        json_null(json, "verified"); /* what was restored was; the null sink restores nothing */
        return;
    }
    json_object_begin(json, "verified");
    json_u64(json, "files", report->verified_files);
    json_u64(json, "bytes", report->verified_bytes);
    json_object_end(json);
}

void report_render_summary(const struct report *report, struct buffer *out)
{
    if (view_present(report->told)) {
        buffer_add_view(out, report->told);
        return;
    }
    struct json json = json_into(out);
    json_object_begin(&json, NULL);
    json_text(&json, "t", VIEW("summary"));
    json_u64(&json, "v", 1);
    json_i64(&json, "exit_code", report->exit_code);
    json_object_begin(&json, "files");
    json_u64(&json, "restored", report->restored);
    json_u64(&json, "skipped", report->skipped);
    json_u64(&json, "failed", report->failed);
    json_u64(&json, "not_started", report->not_started);
    json_object_end(&json);
    json_u64(&json, "bytes", report->bytes);
    render_sink(report, &json);
    json_array_begin(&json, "units");
    for (uint32_t i = 0; i < report->unit_count; i++) {
        render_unit(report, i, &json);
    }
    json_array_end(&json);
    json_array_begin(&json, "actions");
    for (uint32_t i = 0; i < report->to_do_count; i++) {
        json_object_begin(&json, NULL);
        json_u64(&json, "unit", report->to_dos[i].unit);
        json_text(&json, "text", report->to_dos[i].text);
        json_object_end(&json);
    }
    json_array_end(&json);
    json_bool(&json, "pending_reboot", report->pending_reboot);
    json_text(&json, "tree", report->live_tree ? VIEW("live") : VIEW("offline"));
    json_bool(&json, "reboot_required", report->reboot_required);
    json_object_begin(&json, "pending");
    json_u64(&json, "folders", report->pending_folders);
    json_u64(&json, "registered", report->pending_registered);
    json_object_end(&json);
    render_destinations(report, &json);
    json_u64(&json, "losses", report->losses);
    json_array_begin(&json, "notes");
    for (size_t i = 0; i < report->note_count; i++) {
        json_text(&json, NULL, report->notes[i]);
    }
    json_array_end(&json);
    json_raw(&json, "profile", report->profile_shown ? report->profile : VIEW_NONE);
    json_u64(&json, "elapsed_ms", report->elapsed_ns / 1000000);
    json_path(&json, "run_dir", report->run_dir);
    json_object_end(&json);
    json_line_end(&json);
}

static void render_unit_text(const struct report *report, uint32_t number, struct buffer *out)
{
    const struct report_unit *unit = &report->units[number];
    const struct view path = report->unit_paths[number];
    show_printf(out, "  %-6s ", status_name(unit->status));
    if (view_present(report->unit_components[number])) {
        const struct view writer = report->unit_writers[number]; /* none in some plans of others */
        show_printf(out, "%.*s%s%.*s%s%.*s", VIEW_ARG(writer), writer.n > 0 ? ": " : "",
                    VIEW_ARG(path), path.n > 0 ? "\\" : "",
                    VIEW_ARG(report->unit_components[number]));
    } else {
        show_printf(out, "files of no component");
    }
    if (unit->refusal != REFUSAL_NONE) {
        show_printf(out, "  [%s]", refusal_text(unit->refusal));
    } else if (unit->cause != VSR_OK) {
        show_printf(out, "  [%s]", vsr_code_text(unit->cause));
    }
    if (unit->detail.n > 0) {
        show_printf(out, "%s%.*s",
                    unit->refusal != REFUSAL_NONE || unit->cause != VSR_OK ? " " : ": ",
                    VIEW_ARG(unit->detail));
    }
    buffer_add_char(out, '\n');
}

/* A writer's units stand in a row, and often want the same. */
static bool to_do_is_first(const struct report *report, uint32_t to_do)
{
    const struct view writer = report->unit_writers[report->to_dos[to_do].unit];
    for (uint32_t i = to_do; i-- > 0;) {
        if (!view_equal(report->unit_writers[report->to_dos[i].unit], writer)) {
            return true;
        }
        if (view_equal(report->to_dos[i].text, report->to_dos[to_do].text)) {
            return false;
        }
    }
    return true;
}

/* What is not done yet, and who does it. */
static void render_pending_text(const struct report *report, struct buffer *out)
{
    if (report->pending_reboot) {
        const bool all = report->pending_registered == report->pending_folders;
        show_printf(out,
                    "PENDING REBOOT: files are staged and not at their places yet; %s"
                    "`vssrestore pending apply %.*s` carries it out\n",
                    all ? "vssrestore-pending.service at the next boot, or "
                        : "nothing is registered to be done while booting: ",
                    VIEW_ARG(report->run_dir));
    } else if (report->reboot_required) {
        show_printf(out, "reboot required: a writer's document says so\n");
    }
}

static void render_verdict_text(const struct report *report, struct buffer *out)
{
    if (report->discarded) {
        const uint64_t planned =
            report->restored + report->skipped + report->failed + report->not_started;
        show_printf(out,
                    "nothing was restored, as asked (sink null): %llu of %llu files verified\n",
                    (unsigned long long)report->verified_files, (unsigned long long)planned);
    } else if (report->units_none + report->units_failed == 0) {
        show_printf(out, "%s: all %llu units%s%s\n",
                    report->pending_reboot ? "restored or staged" : "restored",
                    (unsigned long long)report->units_all,
                    report->facts.any_loss ? ", with losses" : "",
                    report->pending_reboot ? ", PENDING REBOOT" : "");
    } else {
        show_printf(out, "NOT everything was restored: %llu units whole, %llu not, %llu damaged\n",
                    (unsigned long long)report->units_all, (unsigned long long)report->units_none,
                    (unsigned long long)report->units_failed);
    }
    for (uint32_t i = 0; i < report->unit_count; i++) {
        const struct report_unit *unit = &report->units[i];
        const bool as_asked =
            report->discarded && unit->refusal == REFUSAL_NONE && unit->cause == VSR_OK;
        if (unit->status != RESTORE_STATUS_ALL && !as_asked) {
            render_unit_text(report, i, out);
        }
    }
}

void report_render_text(const struct report *report, struct buffer *out)
{
    render_verdict_text(report, out);
    for (uint32_t i = 0; i < report->failure_count; i++) {
        show_printf(out, "  %.*s\n", VIEW_ARG(report->failures[i]));
    }
    if (report->failure_count == REPORT_FAILURES_MAX) {
        show_printf(out, "  ... report.jsonl in the run folder names every file\n");
    }
    for (uint32_t i = 0; i < report->to_do_count; i++) {
        if (!to_do_is_first(report, i)) {
            continue;
        }
        show_printf(out, "to do: %.*s: %.*s\n",
                    VIEW_ARG(report->unit_writers[report->to_dos[i].unit]),
                    VIEW_ARG(report->to_dos[i].text));
    }
    for (size_t i = 0; i < report->note_count; i++) {
        show_printf(out, "  %.*s\n", VIEW_ARG(report->notes[i]));
    }
    const double seconds = (double)report->elapsed_ns / 1e9;
    const double megabytes =
        (double)(report->discarded ? report->verified_bytes : report->bytes) / 1e6;
    show_printf(out,
                "files: %llu restored, %llu skipped, %llu failed, %llu not started; "
                "%.1f MB in %.2f s",
                (unsigned long long)report->restored, (unsigned long long)report->skipped,
                (unsigned long long)report->failed, (unsigned long long)report->not_started,
                megabytes, seconds);
    if (seconds > 0) {
        show_printf(out, " (%.1f MB/s)", megabytes / seconds);
    }
    buffer_add_char(out, '\n');
    if (report->losses > 0) {
        show_printf(out, "losses: %llu pieces of metadata that the media hold are not there now\n",
                    (unsigned long long)report->losses);
    }
    render_pending_text(report, out);
    show_printf(out, "run folder: %.*s\n", VIEW_ARG(report->run_dir));
}

void report_render_profile(const struct report *report, struct buffer *out)
{
    for (uint32_t i = 0; i < report->destination_count; i++) {
        show_printf(out, "large files below %.*s: %s\n", VIEW_ARG(report->destinations[i].dir),
                    report->destinations[i].write_mode);
    }
    buffer_add_view(out, report->profile_table);
}
