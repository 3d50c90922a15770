/* pending_render.c - one line for each record; it decides nothing. */
#include "run/pending_render.h"

#include "base/json.h"
#include "base/show.h"
#include "media/part.h"

#include <string.h>

static const char *op_text(enum pending_op op)
{
    switch (op) {
    case PENDING_MOVE:
        return "move";
    case PENDING_DELETE:
        return "delete";
    case PENDING_MKDIR:
        return "mkdir";
    case PENDING_RMDIR:
        return "rmdir";
    }
    return "?"; /* none that was read from a journal */
}

static const char *state_text(enum pending_state state)
{
    return state == PENDING_DONE ? "done" : state == PENDING_FAILED ? "failed" : "waiting";
}

/* Where the record's place is, absolute as far as the folder's path is. */
static void place_add(const struct pending_step *step, struct buffer *out)
{
    struct view top = step->session->path;
    while (top.n > 0 && top.p[top.n - 1] != '/') {
        top.n--;
    }
    buffer_add_view(out, top);
    buffer_add_view(out, step->item->record.dst);
}

void pending_render_json(const struct pending_step *step, struct buffer *out)
{
    const struct pending_record *record = &step->item->record;
    const struct pending_unit *unit = pending_unit_of(step);
    const bool moves = record->op == PENDING_MOVE;
    char run[UUID_TEXT_BYTES];
    char hash[PART_HASH_DIGITS];
    struct buffer place = {0};
    struct json json = json_into(out);
    uuid_text(&step->session->content.identity.run, run);
    part_hash_text(record->xxh3_128, hash);
    place_add(step, &place);
    json_object_begin(&json, NULL);
    json_text(&json, "t", VIEW("pending_record"));
    json_u64(&json, "v", 1);
    json_path(&json, "folder", step->session->path);
    json_text(&json, "run", view_of(run));
    json_u64(&json, "seq", record->seq);
    json_u64(&json, "unit", record->unit);
    json_text(&json, "writer", unit->writer);
    json_text(&json, "logical_path", unit->logical_path);
    json_text(&json, "component", unit->component);
    json_text(&json, "op", view_of(op_text((enum pending_op)record->op)));
    json_path(&json, "src", record->src.n > 0 ? record->src : VIEW_NONE);
    json_path(&json, "dst", buffer_view(&place));
    json_u64(&json, "size", record->size);
    json_text(&json, "xxh3_128", moves ? (struct view){hash, sizeof hash} : VIEW_NONE);
    json_text(&json, "state", view_of(state_text(step->item->state)));
    if (step->item->state == PENDING_FAILED) {
        json_i64(&json, "errno", step->item->os_errno);
        json_text(&json, "detail", view_of(strerrordesc_np(step->item->os_errno)));
    } else {
        json_null(&json, "errno");
        json_null(&json, "detail");
    }
    json_object_end(&json);
    json_line_end(&json);
    buffer_free(&place);
}

void pending_render_text(const struct pending_step *step, struct buffer *out)
{
    const struct pending_unit *unit = pending_unit_of(step);
    struct buffer place = {0};
    place_add(step, &place);
    show_printf(out, "%-7s %-6s %.*s  (%.*s: %.*s%s%.*s)", state_text(step->item->state),
                op_text((enum pending_op)step->item->record.op), VIEW_ARG(buffer_view(&place)),
                VIEW_ARG(unit->writer), VIEW_ARG(unit->logical_path),
                unit->logical_path.n > 0 ? "\\" : "", VIEW_ARG(unit->component));
    if (step->item->state == PENDING_FAILED) {
        show_printf(out, ": %s", strerrordesc_np(step->item->os_errno));
    }
    buffer_add_char(out, '\n');
    buffer_free(&place);
}
