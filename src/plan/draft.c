/* draft.c - refusals, warnings and messages of a plan in the making; and its end. */
#include "plan/draft.h"

#include "base/heap.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { MESSAGE_BYTES = 1024 };

VSR_PRINTF(2, 0)
static struct view draft_format(struct draft *draft, const char *format, va_list args)
{
    char text[MESSAGE_BYTES];
    const int length = vsnprintf(text, sizeof text, format, args);
    const size_t bytes = length < 0 ? 0 : (size_t)length;
    return arena_copy(&draft->arena,
                      (struct view){text, bytes < sizeof text ? bytes : sizeof text - 1});
}

/* Would media or the machine that was backed up have to say it, where nobody knows them? */
static bool is_unknowable(const struct draft *draft, const struct draft_unit *unit,
                          enum refusal refusal)
{
    return draft->input->no_catalogue &&
           (refusal == REFUSAL_FILE_MISSING_ON_MEDIA || refusal == REFUSAL_RANGES_FILE_MISSING ||
            refusal == REFUSAL_ENVIRONMENT_UNKNOWN ||
            (refusal == REFUSAL_NEW_TARGET_UNKNOWN_FILE_SET && unit->has_unknown_path));
}

void draft_refuse(struct draft *draft, uint32_t unit, enum refusal refusal, const char *rule,
                  const char *format, ...)
{
    struct draft_unit *u = &draft->units[unit];
    if (u->refusal != REFUSAL_NONE || is_unknowable(draft, u, refusal)) {
        return;
    }
    va_list args;
    va_start(args, format);
    u->detail = draft_format(draft, format, args);
    va_end(args);
    if (trace_follows_unit(draft->trace, unit)) {
        trace_note(draft->trace, "refused", unit, rule, "%s: %.*s", refusal_text(refusal),
                   VIEW_ARG(u->detail));
    }
    u->refusal = refusal;
    u->rule = view_of(rule);
    u->verdict = VERDICT_REFUSED;
}

void draft_refuse_path(struct draft *draft, uint32_t unit, const struct canon_directory *directory,
                       const char *what, struct view path)
{
    if (directory->status == CANON_ENVIRONMENT) {
        draft->units[unit].has_unknown_path = true;
        draft_refuse(draft, unit, REFUSAL_ENVIRONMENT_UNKNOWN, "5.3",
                     "%s '%.*s': no value is known for %%%.*s%%; give it with --env", what,
                     VIEW_ARG(path), VIEW_ARG(directory->unknown));
    } else if (directory->status == CANON_PATH) {
        draft_refuse(draft, unit, REFUSAL_DOCUMENT_INVALID, "5.3", "%s '%.*s': %s", what,
                     VIEW_ARG(path), directory->fault);
    }
}

void draft_warn(struct draft *draft, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    draft->warnings = heap_grow(draft->warnings, draft->warning_count, &draft->warning_capacity,
                                sizeof *draft->warnings);
    draft->warnings[draft->warning_count++] = draft_format(draft, format, args);
    va_end(args);
}

void draft_warn_folded(struct draft *draft, const char *option, const char *value,
                       const struct component_ref *ref)
{
    if (ref->folded) {
        draft_warn(draft, "%s '%s' spells a component in another letter case (rules 4.3)", option,
                   value);
    }
}

struct view draft_source_text(struct draft *draft, uint32_t entry)
{
    struct buffer text = {0};
    plan_entry_path(draft->input->set, entry, &text);
    const struct view copy = arena_copy(&draft->arena, buffer_view(&text));
    buffer_free(&text);
    return copy;
}

struct view draft_unit_text(struct draft *draft, uint32_t unit)
{
    const struct draft_unit *u = &draft->units[unit];
    if (u->unprotected && u->foreign == NULL) {
        return VIEW("files of no component");
    }
    const struct view full =
        vss_full_name(&draft->arena, u->component->logical_path, u->component->name);
    if (u->foreign != NULL && !view_present(u->foreign->writer_name)) {
        return full;
    }
    const struct view writer = u->foreign != NULL ? u->foreign->writer_name
                               : u->wmd != NULL   ? u->wmd->friendly_name
                                                  : VIEW("?");
    return arena_printf(&draft->arena, "%.*s: %.*s", VIEW_ARG(writer), VIEW_ARG(full));
}

uint32_t draft_unit_of(const struct draft *draft, const struct component_ref *ref)
{
    uint32_t root = ref->bcd_component;
    if (ref->component != MARK_NONE) {
        root = select_root_of(draft->input->documents, ref->writer, ref->component);
    }
    for (uint32_t u = 0; u < draft->unit_count && root != MARK_NONE; u++) {
        if (draft->units[u].scope->writer == ref->writer &&
            draft->units[u].scope->bcd_component == root) {
            return u;
        }
    }
    return MARK_NONE;
}

void draft_fini(struct draft *draft)
{
    canon_fini(&draft->canon);
    roots_fini(&draft->roots);
    places_fini(&draft->places);
    hash_map_free(&draft->located);
    free(draft->sets);
    free(draft->named);
    free(draft->files);
    free(draft->done_with);
    free(draft->bases);
    free(draft->names);
    free(draft->shared);
    free(draft->warnings);
    free(draft->located_list);
    arena_free(&draft->arena);
}
