/* inspect_run.c - journal and rows of a run, counted unit by unit, as text and as JSON. Changes
 * nothing, and looks at no destination. Who is owed the end is what the journal of a run that asks
 * says (run/asking.h). */
#include "run/inspect_run.h"

#include "base/heap.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/show.h"
#include "dest/undo.h"
#include "engine/marks.h"

#include <stdio.h>
#include <stdlib.h>

static const char WITHDRAWN[] = "withdrawn";

struct unit_stand {
    const char *state;
    uint32_t staged; /* files that are whole */
};

struct run_stand {
    const char *state;
    bool may_go_on;
    bool is_staged; /* staging folders stand, if any were made; else they went at the end */
    uint32_t undo_files;
    struct unit_stand *units;
};

static const char *run_state(const struct resume *r, bool busy)
{
    return busy                       ? "running"
           : !r->content.ended        ? "killed"
           : r->content.end.open != 0 ? "interrupted"
                                      : "ended";
}

/* Has the one sync of durability `end` failed behind its commit? That is in its rows alone, which
 * had none that failed until then. */
static bool unit_is_unsynced(const struct resume *r, uint32_t u)
{
    const struct plan_unit *unit = &r->plan->units[u];
    bool any = false;
    for (uint32_t i = unit->first_file; i < unit->first_file + unit->file_count && !any; i++) {
        any = r->folder.rows[i].outcome == OUTCOME_DEST_ERROR;
    }
    return any;
}

/* over: nothing goes on any more; what did not come to its place by then is gone again. What could
 * not go the run's summary alone tells. */
static const char *unit_state(const struct resume *r, uint32_t u, uint32_t staged, bool publishing,
                              bool over)
{
    const bool begun = publishing || staged > 0;
    const struct content_unit *unit = &r->content.units[u];
    const bool refused = r->plan->units[u].refusal != REFUSAL_NONE || unit->refusal != REFUSAL_NONE;
    return unit->fate == FATE_PUBLISHED ? unit_is_unsynced(r, u) ? "not durable" : "published"
           : refused                    ? "refused"
           : unit->fate == FATE_FAILED  ? "failed"
           : !begun                     ? "not started"
           : over                       ? WITHDRAWN
           : publishing                 ? "publishing"
                                        : "staging";
}

/* A process that ended by itself has removed its staging folders, but for what it tells by a note,
 * unless a signal ended it, or the last sync of durability `end` was not begun. */
static bool folders_were_left(const struct resume *r)
{
    bool left = !r->content.ended || r->content.end.exit_code > SIGNAL_EXIT_CODE;
    for (uint32_t u = 0; r->call.conduct.durability == DURABILITY_END && !left &&
                         r->content.end.open != 0 && u < r->plan->unit_count;
         u++) {
        const struct content_unit *unit = &r->content.units[u];
        left = unit->fate == FATE_PUBLISHED && unit->epoch != 0 && !unit_is_unsynced(r, u);
    }
    return left;
}

static void stand_count(const struct resume *r, struct run_stand *out)
{
    const struct plan *plan = r->plan;
    bool *publishing = heap_alloc(plan->unit_count + 1u, sizeof *publishing);
    const bool busy = run_folder_is_busy(&r->folder);
    const uint64_t seed = run_folder_seed(&r->folder);
    out->state = run_state(r, busy);
    out->may_go_on = !busy && !resume_is_over(r);
    out->is_staged = !r->content.asking && (busy || folders_were_left(r));
    out->units = heap_alloc(plan->unit_count + 1u, sizeof *out->units);
    for (uint32_t i = 0; i < r->content.intent_count; i++) {
        const struct publish_intent intent = journal_content_intent(&r->content, r->journal, i);
        publishing[intent.file != MARK_NONE ? plan->files[intent.file].unit : intent.unit] = true;
    }
    for (uint32_t i = 0; i < plan->file_count; i++) {
        out->units[plan->files[i].unit].staged +=
            marks_file_epoch(r->folder.epochs, seed, i, outcome_row_content(&r->folder.rows[i])) !=
            0;
        out->undo_files += stage_is_ranged(&plan->files[i]) && undo_exists(r->folder.dir_fd, i);
    }
    for (uint32_t u = 0; u < plan->unit_count; u++) {
        out->units[u].state =
            unit_state(r, u, out->units[u].staged, publishing[u], !busy && resume_is_over(r));
    }
    free(publishing);
}

static const char *unit_error(const struct resume *r, uint32_t u)
{
    const enum refusal planned = (enum refusal)r->plan->units[u].refusal;
    return refusal_text(planned != REFUSAL_NONE ? planned
                                                : (enum refusal)r->content.units[u].refusal);
}

static void folder_name(const struct resume *r, char out[64])
{
    char run[UUID_TEXT_BYTES];
    uuid_text(&r->folder.run, run);
    (void)snprintf(out, 64, OWN_FOLDER_PREFIX "%s", run);
}

/* --- who is owed the end of a run that asks, or was ended while it asked --- */

struct owed {
    uint32_t *units; /* of each writer, the first */
    uint32_t unit_count;
};

static struct owed owed_find(const struct resume *r)
{
    const struct plan *plan = r->plan;
    bool *named = heap_alloc(r->content.asked_count + 1u, sizeof *named);
    struct owed out = {.units = heap_alloc(plan->unit_count + 1u, sizeof *out.units)};
    for (uint32_t u = 0; u < plan->unit_count; u++) {
        const uint32_t at = journal_content_asked_at(&r->content, plan->units[u].writer);
        if (at != MARK_NONE && !named[at]) {
            named[at] = true;
            out.units[out.unit_count++] = u;
        }
    }
    free(named);
    return out;
}

static struct view owed_writer(const struct resume *r, const struct owed *owed, uint32_t at)
{
    return plan_text(r->plan, r->plan->units[owed->units[at]].writer_name);
}

/* --- for people --- */

static void unit_text(const struct resume *r, const struct run_stand *stand, uint32_t u,
                      struct buffer *out)
{
    const struct plan *plan = r->plan;
    const struct plan_unit *unit = &plan->units[u];
    const struct view path = plan_text(plan, unit->logical_path);
    show_printf(out, "  %-11s ", stand->units[u].state);
    if (view_present(plan_text(plan, unit->component))) {
        const struct view writer = plan_text(plan, unit->writer_name);
        show_printf(out, "%.*s%s%.*s%s%.*s", VIEW_ARG(writer), writer.n > 0 ? ": " : "",
                    VIEW_ARG(path), path.n > 0 ? "\\" : "",
                    VIEW_ARG(plan_text(plan, unit->component)));
    } else {
        show_printf(out, "files of no component");
    }
    if (unit_error(r, u) != NULL) {
        show_printf(out, "  [%s]", unit_error(r, u));
    } else {
        show_printf(out, ", %u of %u files %s", stand->units[u].staged, unit->file_count,
                    stand->units[u].state == WITHDRAWN ? "were whole, summary.json says what stands"
                                                       : "whole");
    }
    buffer_add_char(out, '\n');
}

static void asking_text(const struct resume *r, struct buffer *out)
{
    struct owed owed = owed_find(r);
    const bool any = owed.unit_count > 0 || r->content.stopped_count > 0;
    const char *before = "the end of that is owed to ";
    show_printf(out, "it was ended while it asked writers and services; nothing was written\n");
    for (uint32_t i = 0; i < owed.unit_count; i++) {
        show_printf(out, "%s%.*s", before, VIEW_ARG(owed_writer(r, &owed, i)));
        before = ", ";
    }
    for (uint32_t i = 0; i < r->content.stopped_count; i++) {
        show_printf(out, "%sthe service %.*s", before, VIEW_ARG(r->content.stopped[i]));
        before = ", ";
    }
    if (any) {
        buffer_add_char(out, '\n');
    }
    show_printf(out, "`vssrestore resume %s` %sbegins it anew\n", r->folder.path,
                any ? "tells them, and " : "");
    free(owed.units);
}

void inspect_run_text(const struct resume *r, struct buffer *out)
{
    struct run_stand stand = {0};
    char set[UUID_TEXT_BYTES];
    char name[64];
    uuid_text(&r->plan->set_uuid, set);
    folder_name(r, name);
    stand_count(r, &stand);
    show_printf(out, "run %s: %s", name + strlen(OWN_FOLDER_PREFIX), stand.state);
    if (r->content.ended) {
        show_printf(out, ", exit code %d", r->content.end.exit_code);
    }
    const struct view set_path = plan_text(r->plan, r->plan->set_path);
    show_printf(out, "\nset %s: %.*s\n", set,
                VIEW_ARG(set_path.n > 0 ? set_path : VIEW("read by functions")));
    for (uint32_t u = 0; u < r->plan->unit_count; u++) {
        unit_text(r, &stand, u, out);
    }
    if (stand.undo_files > 0) {
        show_printf(out,
                    "%u files were begun in place; what that covered is here, in undo-N, or in "
                    "undone-N where it was put back without a sync\n",
                    stand.undo_files);
    }
    if (stand.may_go_on && r->content.asking) {
        asking_text(r, out);
    } else if (stand.may_go_on) {
        show_printf(out,
                    stand.is_staged ? "what is staged stands in %s at the top of each volume\n"
                                    : "nothing is staged any more; what a note of summary.json "
                                      "tells of is kept in %s\n",
                    name);
        show_printf(out, "`vssrestore resume %s` goes on with it\n", r->folder.path);
    }
    free(stand.units);
}

/* --- for programs --- */

static void units_json(const struct resume *r, const struct run_stand *stand, struct json *json)
{
    const struct plan *plan = r->plan;
    json_array_begin(json, "units");
    for (uint32_t u = 0; u < plan->unit_count; u++) {
        const struct plan_unit *unit = &plan->units[u];
        const char *error = unit_error(r, u);
        json_object_begin(json, NULL);
        json_u64(json, "id", u);
        json_text(json, "writer", plan_text(plan, unit->writer_name));
        json_text(json, "logical_path", plan_text(plan, unit->logical_path));
        json_text(json, "component", plan_text(plan, unit->component));
        json_text(json, "state", view_of(stand->units[u].state));
        json_text(json, "error", error != NULL ? view_of(error) : VIEW_NONE);
        json_u64(json, "files", unit->file_count);
        json_u64(json, "whole", stand->units[u].staged);
        json_object_end(json);
    }
    json_array_end(json);
}

static void asking_json(const struct resume *r, struct json *json)
{
    struct owed owed = owed_find(r);
    json_bool(json, "asking", r->content.asking);
    json_array_begin(json, "owed_writers");
    for (uint32_t i = 0; i < owed.unit_count; i++) {
        json_text(json, NULL, owed_writer(r, &owed, i));
    }
    json_array_end(json);
    json_array_begin(json, "owed_services");
    for (uint32_t i = 0; i < r->content.stopped_count; i++) {
        json_text(json, NULL, r->content.stopped[i]);
    }
    json_array_end(json);
    free(owed.units);
}

void inspect_run_json(const struct resume *r, struct buffer *out)
{
    struct run_stand stand = {0};
    struct json json = json_into(out);
    char set[UUID_TEXT_BYTES];
    char name[64];
    uuid_text(&r->plan->set_uuid, set);
    folder_name(r, name);
    stand_count(r, &stand);
    json_object_begin(&json, NULL);
    json_text(&json, "t", VIEW("run"));
    json_u64(&json, "v", 1);
    json_text(&json, "run", view_of(name + strlen(OWN_FOLDER_PREFIX)));
    json_text(&json, "set", view_of(set));
    json_path(&json, "set_path", plan_text(r->plan, r->plan->set_path));
    json_text(&json, "state", view_of(stand.state));
    if (r->content.ended) {
        json_i64(&json, "exit_code", r->content.end.exit_code);
    } else {
        json_null(&json, "exit_code");
    }
    json_bool(&json, "resumable", stand.may_go_on);
    json_u64(&json, "processes", r->content.sessions);
    json_text(&json, "staging", stand.is_staged ? view_of(name) : VIEW_NONE);
    json_u64(&json, "undo_files", stand.undo_files);
    json_u64(&json, "torn_bytes", r->content.torn_bytes);
    asking_json(r, &json);
    units_json(r, &stand, &json);
    json_object_end(&json);
    json_line_end(&json);
    free(stand.units);
}
