/* explain_render.c - an explanation for people, and for programs. It says what explain.c found, in
 * the order in which it was decided, and finds nothing out itself. */
#include "plan/explain.h"

#include "base/json.h"
#include "base/show.h"
#include "media/index.h"

static const char *kind_text(uint8_t kind)
{
    return kind == INDEX_DIRECTORY ? "directory" : kind == INDEX_SYMLINK ? "symlink" : "file";
}

/* The whole in one word. Of several units, one that brings the file back. */
static const char *outcome_word(const struct explanation *explanation)
{
    const char *word = explanation->entry == MARK_NONE ? "not_on_media" : "left_out";
    for (uint32_t i = 0; i < explanation->result_count; i++) {
        const struct explain_result *result = &explanation->results[i];
        if (result->planned || result->stands_for != MARK_NONE) {
            return result->planned && result->action == ACTION_NONE ? "kept" : "restored";
        }
        word = result->refusal != REFUSAL_NONE ? "refused" : "present";
    }
    return word;
}

/* --- text --- */

static void text_media(const struct explanation *explanation, struct buffer *out)
{
    if (explanation->entry == MARK_NONE) {
        show_printf(out, "%.*s\n  is not on the media\n", VIEW_ARG(explanation->asked));
        for (uint32_t i = 0; i < explanation->near_count; i++) {
            show_printf(out, "  as far as it is there: %.*s\n", VIEW_ARG(explanation->near[i]));
        }
        return;
    }
    show_printf(out, "%.*s\n  on the media: a %s of %llu bytes%s%s%s\n",
                VIEW_ARG(explanation->source), kind_text(explanation->kind),
                (unsigned long long)explanation->size,
                (explanation->flags & INDEX_PARTIAL) != 0 ? ", of which ranges were saved" : "",
                (explanation->flags & INDEX_LOST) != 0 ? ", which could not be read whole" : "",
                (explanation->flags & INDEX_UNPROTECTED) != 0 ? ", of no component" : "");
    for (uint32_t i = 0; i < explanation->near_count; i++) {
        show_printf(out, "  differs only by case: %.*s\n", VIEW_ARG(explanation->near[i]));
    }
}

/* " = C:\\data", where a path is not what it stands for. */
static void text_expanded(const struct explain_match *match, struct buffer *out)
{
    if (view_present(match->expanded)) {
        show_printf(out, " = %.*s", VIEW_ARG(match->expanded));
    }
}

static void text_match(struct arena *arena, const struct explain_match *match, struct buffer *out)
{
    const struct vss_file_set *set = match->set;
    if (match->exclude) {
        show_printf(out, "  excluded by %.*s: '%.*s' '%.*s'%s (%.*s, line %u)",
                    VIEW_ARG(match->wmd->friendly_name), VIEW_ARG(set->path),
                    VIEW_ARG(set->filespec), set->recursive ? " and below" : "",
                    VIEW_ARG(match->wmd->file_name), set->place.line);
        text_expanded(match, out);
        buffer_add_char(out, '\n');
        return;
    }
    const struct view full =
        vss_full_name(arena, match->component->logical_path, match->component->name);
    show_printf(out, "  wanted by %.*s: %.*s, file set '%.*s' '%.*s'%s (%.*s, line %u)",
                VIEW_ARG(match->wmd->friendly_name), VIEW_ARG(full), VIEW_ARG(set->path),
                VIEW_ARG(set->filespec), set->recursive ? " and below" : "",
                VIEW_ARG(match->wmd->file_name), set->place.line);
    text_expanded(match, out);
    show_printf(out, "\n    %s: %.*s\n", match->in_scope ? "in scope" : "not in scope",
                VIEW_ARG(match->reason));
}

static void text_result(const struct explain_result *result, struct buffer *out)
{
    show_printf(out, "  unit %u, %.*s: ", result->unit, VIEW_ARG(result->unit_text));
    if (result->refusal != REFUSAL_NONE) {
        show_printf(out, "NOT RESTORED, %s (%.*s): %.*s\n", refusal_text(result->refusal),
                    VIEW_ARG(result->rule), VIEW_ARG(result->detail));
        if (view_present(result->dest)) {
            show_printf(out, "    it would have gone to %.*s\n", VIEW_ARG(result->dest));
        }
    } else if (result->stands_for != MARK_NONE) {
        show_printf(out, "restored with unit %u, to %.*s\n", result->stands_for,
                    VIEW_ARG(result->dest));
    } else if (result->planned) {
        show_printf(out, "%s (%.*s)\n    to %.*s\n    = %.*s (%s)\n",
                    result->action == ACTION_NONE ? "kept as it stands" : "restored",
                    VIEW_ARG(result->rule), VIEW_ARG(result->dest), VIEW_ARG(result->unix_path),
                    plan_action_text(result->action));
    } else {
        show_printf(out, "nothing to be done%s%.*s\n",
                    view_present(result->dest) ? ", it stands at " : "", VIEW_ARG(result->dest));
    }
}

void explain_render_text(const struct explanation *explanation, struct buffer *out)
{
    struct arena arena = {0};
    text_media(explanation, out);
    for (uint32_t i = 0; i < explanation->match_count; i++) {
        text_match(&arena, &explanation->matches[i], out);
    }
    if (explanation->match_count == 0) {
        show_printf(out, "  no file set of any writer holds it\n");
    }
    for (uint32_t i = 0; i < explanation->trace.count; i++) {
        const struct trace_note *note = &explanation->trace.notes[i];
        show_printf(out, "  %2u. %-9s %-9s %.*s\n", i + 1, note->rule, note->step,
                    VIEW_ARG(note->text));
    }
    for (uint32_t i = 0; i < explanation->result_count; i++) {
        text_result(&explanation->results[i], out);
    }
    if (explanation->result_count == 0) {
        show_printf(out, "  NOT RESTORED: %s\n",
                    explanation->entry == MARK_NONE ? "the media do not hold it"
                    : explanation->kind == INDEX_DIRECTORY
                        ? "nothing in this plan needs the folder to be made"
                        : "it is in no unit of this plan");
    }
    arena_free(&arena);
}

/* --- JSON --- */

static void json_match(struct arena *arena, const struct explain_match *match, struct json *json)
{
    char id[UUID_TEXT_BYTES];
    uuid_text(&match->wmd->writer_id, id);
    json_object_begin(json, NULL);
    json_text(json, "writer", view_of(id));
    json_text(json, "writer_name", match->wmd->friendly_name);
    if (!match->exclude) {
        json_text(json, "component",
                  vss_full_name(arena, match->component->logical_path, match->component->name));
    }
    json_text(json, "path", match->set->path);
    json_text(json, "expanded", match->expanded);
    json_text(json, "filespec", match->set->filespec);
    json_bool(json, "recursive", match->set->recursive);
    json_text(json, "document", match->wmd->file_name);
    json_u64(json, "line", match->set->place.line);
    if (!match->exclude) {
        json_bool(json, "in_scope", match->in_scope);
        json_text(json, "reason", match->reason);
    }
    json_object_end(json);
}

static void json_matches(struct arena *arena, const struct explanation *explanation, bool excludes,
                         struct json *json)
{
    json_array_begin(json, excludes ? "excludes" : "matches");
    for (uint32_t i = 0; i < explanation->match_count; i++) {
        if (explanation->matches[i].exclude == excludes) {
            json_match(arena, &explanation->matches[i], json);
        }
    }
    json_array_end(json);
}

static void json_unit(struct json *json, const char *key, uint32_t unit)
{
    if (unit == MARK_NONE) {
        json_null(json, key);
    } else {
        json_u64(json, key, unit);
    }
}

static void json_result(const struct explain_result *result, struct json *json)
{
    json_object_begin(json, NULL);
    json_u64(json, "unit", result->unit);
    json_text(json, "name", result->unit_text);
    json_text(json, "verdict", view_of(plan_verdict_text(result->verdict)));
    json_text(json, "error", view_of(refusal_text(result->refusal)));
    json_text(json, "rule", result->rule);
    json_text(json, "detail", result->refusal != REFUSAL_NONE ? result->detail : VIEW_NONE);
    json_path(json, "dest", result->dest);
    json_path(json, "path", result->unix_path);
    json_text(json, "place", result->planned ? view_of(plan_place_text(result->place)) : VIEW_NONE);
    json_text(json, "action",
              result->planned ? view_of(plan_action_text(result->action)) : VIEW_NONE);
    json_unit(json, "restored_with", result->stands_for);
    json_object_end(json);
}

static void json_steps(const struct explanation *explanation, struct json *json)
{
    json_array_begin(json, "steps");
    for (uint32_t i = 0; i < explanation->trace.count; i++) {
        const struct trace_note *note = &explanation->trace.notes[i];
        json_object_begin(json, NULL);
        json_text(json, "step", view_of(note->step));
        json_unit(json, "unit", note->unit);
        json_text(json, "rule", view_of(note->rule));
        json_text(json, "text", note->text);
        json_object_end(json);
    }
    json_array_end(json);
}

void explain_render_json(const struct explanation *explanation, struct buffer *out)
{
    struct arena arena = {0};
    struct json json = json_into(out);
    const bool there = explanation->entry != MARK_NONE;
    json_object_begin(&json, NULL);
    json_text(&json, "t", VIEW("explain"));
    json_u64(&json, "v", 1);
    json_path(&json, "asked", explanation->asked);
    json_bool(&json, "on_media", there);
    json_path(&json, "source", explanation->source);
    json_text(&json, "kind", there ? view_of(kind_text(explanation->kind)) : VIEW_NONE);
    json_u64(&json, "size", explanation->size);
    json_bool(&json, "lost", (explanation->flags & INDEX_LOST) != 0);
    json_bool(&json, "unprotected", (explanation->flags & INDEX_UNPROTECTED) != 0);
    json_array_begin(&json, "near");
    for (uint32_t i = 0; i < explanation->near_count; i++) {
        json_text(&json, NULL, explanation->near[i]);
    }
    json_array_end(&json);
    json_text(&json, "outcome", view_of(outcome_word(explanation)));
    json_matches(&arena, explanation, false, &json);
    json_matches(&arena, explanation, true, &json);
    json_steps(explanation, &json);
    json_array_begin(&json, "results");
    for (uint32_t i = 0; i < explanation->result_count; i++) {
        json_result(&explanation->results[i], &json);
    }
    json_array_end(&json);
    json_array_begin(&json, "warnings");
    for (uint32_t i = 0; i < explanation->warning_count; i++) {
        json_text(&json, NULL, explanation->warnings[i]);
    }
    json_array_end(&json);
    json_object_end(&json);
    json_line_end(&json);
    arena_free(&arena);
}
