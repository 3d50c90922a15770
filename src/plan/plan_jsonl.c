/* plan_jsonl.c - the plan as JSON lines, exactly as the contract's section 4 has them: every
 * field in every record, null where there is no value. */
#include "plan/plan.h"

#include "base/json.h"
#include "media/part.h"
#include "plan/replay.h"

#include <stddef.h>

enum { LINES_BYTES = 64 << 10 }; /* handed to the sink in pieces of about this size */

/* --- words --- */

const char *plan_verdict_text(enum plan_verdict verdict)
{
    static const char *const words[] = {"original", "alternate", "original_location", "mixed",
                                        "staged",   "private",   "refused",           "custom"};
    return (size_t)verdict < sizeof words / sizeof *words ? words[verdict] : NULL;
}

const char *plan_kind_text(enum plan_kind kind)
{
    static const char *const words[] = {"plain",     "partial",  "directed", "ranges_file",
                                        "directory", "hardlink", "reparse"};
    return (size_t)kind < sizeof words / sizeof *words ? words[kind] : NULL;
}

const char *plan_place_text(enum plan_place place)
{
    static const char *const words[] = {"original", "alternate",         "new_target",
                                        "directed", "original_location", "private"};
    return (size_t)place < sizeof words / sizeof *words ? words[place] : NULL;
}

const char *plan_action_text(enum plan_action action)
{
    static const char *const words[] = {"create", "replace", "write_ranges", "stage", "none"};
    return (size_t)action < sizeof words / sizeof *words ? words[action] : NULL;
}

/* --- records --- */

static void json_uuid(struct json *json, const char *key, const uint8_t bytes[16])
{
    struct uuid uuid;
    char text[UUID_TEXT_BYTES];
    memcpy(uuid.bytes, bytes, sizeof uuid.bytes);
    uuid_text(&uuid, text);
    json_text(json, key, view_of(text));
}

static void json_hash(struct json *json, const char *key, const uint8_t xxh3_128[16])
{
    char digits[PART_HASH_DIGITS];
    part_hash_text(xxh3_128, digits);
    json_text(json, key, (struct view){digits, sizeof digits});
}

/* The call, so that every question can be asked again (plan_replay()). */
static void render_choices(const struct plan *plan, struct json *json)
{
    json_array_begin(json, "choices");
    for (uint32_t i = 0; i < plan->choice_count; i++) {
        const struct view option = plan_text(plan, plan->choices[i]);
        json_object_begin(json, NULL);
        json_text(json, "option", option);
        if (!plan_choice_is_flag(option) && i + 1 < plan->choice_count) {
            json_path(json, "value", plan_text(plan, plan->choices[++i]));
        }
        json_object_end(json);
    }
    json_array_end(json);
}

static void render_plan(const struct plan *plan, struct json *json)
{
    json_object_begin(json, NULL);
    json_text(json, "t", VIEW("plan"));
    json_u64(json, "v", 1);
    json_uuid(json, "set", plan->set_uuid.bytes);
    json_path(json, "set_path", plan_text(plan, plan->set_path));
    json_array_begin(json, "volumes");
    for (uint32_t i = 0; i < plan->root_count; i++) {
        json_object_begin(json, NULL);
        json_text(json, "spec", plan_text(plan, plan->roots[i].spec));
        json_path(json, "dir", plan_text(plan, plan->roots[i].dir));
        if (plan->roots[i].from_root_option != 0) {
            json_bool(json, "make", true); /* where it is missing */
        }
        json_object_end(json);
    }
    json_array_end(json);
    json_u64(json, "units", plan->unit_count);
    json_u64(json, "files", plan->file_count);
    json_u64(json, "bytes", plan->bytes);
    json_u64(json, "warnings", plan->warning_count);
    json_hash(json, "index", plan->index_xxh3);
    json_hash(json, "documents", plan->documents_xxh3);
    render_choices(plan, json);
    json_array_begin(json, "warning_texts");
    for (uint32_t i = 0; i < plan->warning_count; i++) {
        json_text(json, NULL, plan_text(plan, plan->warnings[i]));
    }
    json_array_end(json);
    json_object_end(json);
    json_line_end(json);
}

static void render_id(const struct plan_unit *unit, const char *key, const uint8_t id[16],
                      struct json *json)
{
    if (plan_unit_has_id(unit, id)) {
        json_uuid(json, key, id);
    } else {
        json_null(json, key);
    }
}

static void render_unit(const struct plan *plan, uint32_t number, struct json *json)
{
    const struct plan_unit *u = &plan->units[number];
    json_object_begin(json, NULL);
    json_text(json, "t", VIEW("unit"));
    json_u64(json, "id", number);
    const bool nobodys = u->writer == UINT32_MAX; /* files of no component */
    render_id(u, "writer", u->writer_id, json);
    render_id(u, "instance", u->instance_id, json);
    json_text(json, "writer_name", plan_text(plan, u->writer_name));
    json_text(json, "logical_path", plan_text(plan, u->logical_path));
    json_text(json, "component", plan_text(plan, u->component));
    json_text(json, "type",
              nobodys ? VIEW_NONE
                      : view_of(vss_component_type_text((enum vss_component_type)u->type)));
    json_array_begin(json, "subcomponents");
    for (uint32_t i = 0; i < u->subcomponent_count; i++) {
        json_text(json, NULL,
                  plan_text(plan, plan->components[u->first_subcomponent + i].full_name));
    }
    json_array_end(json);
    json_text(json, "method",
              u->method == METHOD_UNKNOWN || u->method == METHOD_UNDEFINED
                  ? plan_text(plan, u->method_text)
                  : view_of(vss_method_text((enum vss_method)u->method)));
    json_text(json, "target", plan_text(plan, u->target_text));
    json_bool(json, "involve_writer", u->involve_writer != 0);
    json_text(json, "verdict", view_of(plan_verdict_text((enum plan_verdict)u->verdict)));
    json_text(json, "error", view_of(refusal_text((enum refusal)u->refusal)));
    json_text(json, "rule", plan_text(plan, u->rule));
    json_text(json, "detail", plan_text(plan, u->detail));
    json_u64(json, "files", u->file_count);
    json_u64(json, "bytes", u->bytes);
    if (u->partial_selection != 0) {
        json_bool(json, "partial_selection", true); /* ruling 18: never ALL */
    }
    if (u->reduced != 0) {
        json_bool(json, "reduced", true); /* no whole set: NONE */
    }
    json_object_end(json);
    json_line_end(json);
}

static void render_ranges(const struct plan *plan, const struct plan_file *f, struct json *json)
{
    if (f->kind != KIND_PARTIAL && f->kind != KIND_DIRECTED) {
        json_null(json, "ranges");
        return;
    }
    json_array_begin(json, "ranges");
    for (uint32_t i = 0; i < f->range_count; i++) {
        const struct plan_range *range = &plan->ranges[f->first_range + i];
        json_object_begin(json, NULL);
        json_u64(json, "source", range->source);
        json_u64(json, "dest", range->dest);
        json_u64(json, "length", range->length);
        json_object_end(json);
    }
    json_array_end(json);
}

struct paths {
    struct buffer source, dest, unix_path;
};

static void render_file(const struct plan *plan, const struct media_set *set, uint32_t number,
                        struct paths *paths, struct json *json)
{
    const struct plan_file *f = &plan->files[number];
    paths->source.n = paths->dest.n = paths->unix_path.n = 0;
    plan_source_path(plan, set, number, &paths->source);
    plan_dest_path(plan, set, number, &paths->dest);
    plan_unix_path(plan, set, number, &paths->unix_path);
    json_object_begin(json, NULL);
    json_text(json, "t", VIEW("file"));
    json_u64(json, "unit", f->unit);
    json_text(json, "component",
              plan->units[f->unit].writer == UINT32_MAX
                  ? VIEW_NONE
                  : plan_text(plan, plan->components[f->component].full_name));
    json_text(json, "kind", view_of(plan_kind_text((enum plan_kind)f->kind)));
    json_path(json, "source", f->entry != UINT32_MAX ? buffer_view(&paths->source) : VIEW_NONE);
    json_path(json, "dest", buffer_view(&paths->dest));
    json_path(json, "path", buffer_view(&paths->unix_path));
    json_u64(json, "size", f->size);
    json_text(json, "place", view_of(plan_place_text((enum plan_place)f->place)));
    json_text(json, "action", view_of(plan_action_text((enum plan_action)f->action)));
    render_ranges(plan, f, json);
    if (f->present != (f->action == ACTION_REPLACE || f->kind == KIND_PARTIAL)) {
        json_bool(json, "present", f->present != 0);
    }
    json_object_end(json);
    json_line_end(json);
}

/* --- the whole --- */

static vsr_code flush(struct buffer *lines, size_t bytes_min, plan_sink *sink, void *context,
                      vsr_error *error)
{
    if (lines->n == 0 || lines->n < bytes_min) {
        return VSR_OK;
    }
    const vsr_code code = sink(context, buffer_view(lines), error);
    lines->n = 0;
    return code;
}

/* What is left to be done by people (rules, section 11). */
static void render_to_dos(const struct plan *plan, struct json *json)
{
    json_array_begin(json, "actions");
    for (uint32_t i = 0; i < plan->to_do_count; i++) {
        json_object_begin(json, NULL);
        json_u64(json, "unit", plan->to_dos[i].unit);
        json_text(json, "text", plan_text(plan, plan->to_dos[i].text));
        json_object_end(json);
    }
    json_array_end(json);
}

static vsr_code render_all(const struct plan *plan, const struct media_set *set,
                           struct paths *paths, struct buffer *lines, plan_sink *sink,
                           void *context, vsr_error *error)
{
    struct json json = json_into(lines);
    render_plan(plan, &json);
    vsr_code code = VSR_OK;
    for (uint32_t i = 0; i < plan->unit_count && code == VSR_OK; i++) {
        render_unit(plan, i, &json);
        code = flush(lines, LINES_BYTES, sink, context, error);
    }
    for (uint32_t i = 0; i < plan->file_count && code == VSR_OK; i++) {
        render_file(plan, set, i, paths, &json);
        code = flush(lines, LINES_BYTES, sink, context, error);
    }
    if (code != VSR_OK) {
        return code;
    }
    json_object_begin(&json, NULL);
    json_text(&json, "t", VIEW("end"));
    json_u64(&json, "refused_units", plan->refused_units);
    render_to_dos(plan, &json);
    json_object_end(&json);
    json_line_end(&json);
    return flush(lines, 0, sink, context, error);
}

vsr_code plan_render_jsonl(const struct plan *plan, const struct media_set *set, plan_sink *sink,
                           void *context, vsr_error *error)
{
    struct paths paths = {0};
    struct buffer lines = {0};
    const vsr_code code = render_all(plan, set, &paths, &lines, sink, context, error);
    buffer_free(&paths.source);
    buffer_free(&paths.dest);
    buffer_free(&paths.unix_path);
    buffer_free(&lines);
    return code;
}
