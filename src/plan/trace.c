/* trace.c - the sentences of an explanation, as the steps of the planner tell them. */
#include "plan/trace.h"

#include "base/heap.h"
#include "plan/decide.h"
#include "plan/draft.h"
#include "plan/survey.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { NOTE_BYTES = 1024 };

void trace_fini(struct trace *trace)
{
    free(trace->notes);
    trace->notes = NULL;
    trace->count = 0;
}

bool trace_follows_unit(const struct trace *trace, uint32_t unit)
{
    for (uint32_t i = 0; trace != NULL && i < trace->count; i++) {
        if (trace->notes[i].unit == unit) {
            return true;
        }
    }
    return false;
}

void trace_note(struct trace *trace, const char *step, uint32_t unit, const char *rule,
                const char *format, ...)
{
    char text[NOTE_BYTES];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    trace->notes = heap_grow(trace->notes, trace->count, &trace->capacity, sizeof *trace->notes);
    trace->notes[trace->count++] =
        (struct trace_note){step, unit, rule, arena_copy(trace->arena, view_of(text))};
}

/* --- file sets --- */

void trace_set(struct draft *draft, const char *rule, uint32_t set, const char *what)
{
    const struct draft_set *s = &draft->sets[set];
    const struct draft_unit *unit = &draft->units[s->unit];
    const struct wmd_component *c = &unit->wmd->components[s->component];
    const struct view full = vss_full_name(&draft->arena, c->logical_path, c->name);
    trace_note(draft->trace, "files", s->unit, rule, "component %.*s, file set '%.*s' '%.*s'%s: %s",
               VIEW_ARG(full), VIEW_ARG(s->set->path), VIEW_ARG(s->set->filespec),
               s->set->recursive ? " and below" : "", what);
}

void trace_mappings(struct draft *draft)
{
    for (uint32_t i = 0; draft->trace != NULL && i < draft->file_count; i++) {
        const struct draft_set *set = &draft->sets[draft->files[i].set];
        const struct draft_unit *unit = &draft->units[set->unit];
        if (draft->files[i].entry != draft->trace->entry || unit->wmd == NULL) {
            continue;
        }
        if (set->target != MARK_NONE) {
            const struct draft_target *target = &unit->targets[set->target];
            trace_note(draft->trace, "mapping", set->unit, "6.4",
                       "the %s new target of its file set leads to '%.*s'",
                       target->from_caller ? "caller's" : "document's",
                       VIEW_ARG(target->alternate_path));
        } else if (set->mapping != MARK_NONE) {
            const struct vss_mapping *mapping = &unit->wmd->mappings[set->mapping];
            trace_note(draft->trace, "mapping", set->unit, "6.3",
                       "the writer maps its file set to '%.*s' (%.*s, line %u)",
                       VIEW_ARG(mapping->alternate_path), VIEW_ARG(unit->wmd->file_name),
                       mapping->place.line);
        } else {
            trace_note(draft->trace, "mapping", set->unit, "6.3",
                       "no mapping and no new target has its file set's path, file spec and "
                       "recursion");
        }
    }
}

/* --- the table --- */

static struct view bits_text(struct arena *arena, unsigned bits)
{
    struct view text = VIEW("");
    for (unsigned bit = 1; bit != 0 && bit <= bits; bit <<= 1) {
        if ((bits & bit) != 0) {
            text = arena_printf(arena, "%.*s%s%s", VIEW_ARG(text), text.n > 0 ? "; " : "",
                                plan_known_text(bit));
        }
    }
    return text;
}

static struct view decided_text(struct arena *arena, const struct decided *row)
{
    switch (row->decision) {
    case DECIDE_PLACE:
        return arena_printf(arena, "restore, verdict '%s'", plan_verdict_text(row->verdict));
    case DECIDE_LOOK_ORIGINAL:
        return VIEW("look at the original place, then ask again");
    case DECIDE_LOOK_ALTERNATE:
        return VIEW("look at the mappings' place, then ask again");
    case DECIDE_REFUSE_BY_ORIGINAL:
        return VIEW("refuse, by what was met first at the original place");
    case DECIDE_REFUSE_BY_ALTERNATE:
        return VIEW("refuse, by what was met first at the mappings' place");
    case DECIDE_REFUSE:
        break;
    }
    return arena_printf(arena, "refuse: %s%s%s", refusal_text(row->refusal),
                        row->why != NULL ? ", " : "", row->why != NULL ? row->why : "");
}

struct row_notes {
    struct draft *draft;
    uint32_t unit;
};

static void row_visit(void *context, const struct decided *row, unsigned missing, unsigned against)
{
    const struct row_notes *notes = context;
    if ((missing & KNOWN_PRIVATE) != 0) {
        return; /* rows for another kind of restore */
    }
    struct arena *arena = &notes->draft->arena;
    const struct view says = decided_text(arena, row);
    if (missing == 0 && against == 0) {
        trace_note(notes->draft->trace, "row", notes->unit, row->rule, "holds: %.*s",
                   VIEW_ARG(says));
        return;
    }
    const struct view wants = bits_text(arena, missing);
    const struct view bars = bits_text(arena, against);
    trace_note(notes->draft->trace, "row", notes->unit, row->rule,
               "does not hold (%s%.*s%s%s%.*s): %.*s", missing != 0 ? "it wants: " : "",
               VIEW_ARG(wants), missing != 0 && against != 0 ? "; " : "",
               against != 0 ? "it is not for: " : "", VIEW_ARG(bars), VIEW_ARG(says));
}

void trace_decision(struct draft *draft, uint32_t unit, unsigned known)
{
    const struct draft_unit *u = &draft->units[unit];
    if (!trace_follows_unit(draft->trace, unit)) {
        return;
    }
    struct row_notes notes = {draft, unit};
    const struct view bits = bits_text(&draft->arena, known);
    trace_note(draft->trace, "known", unit, "6.2", "method %s, target %.*s; known: %.*s",
               vss_method_text(u->wmd->method), VIEW_ARG(u->target_text),
               VIEW_ARG(bits.n > 0 ? bits : VIEW("nothing more")));
    (void)plan_decide_visit(u->wmd->method, u->target, known, row_visit, &notes);
}

void trace_survey(struct draft *draft, uint32_t unit, const char *place,
                  const struct survey *survey)
{
    if (!trace_follows_unit(draft->trace, unit)) {
        return;
    }
    const struct obstacle *first =
        survey->to_writing.refusal != REFUSAL_NONE ? &survey->to_writing : &survey->to_creating;
    if (first->refusal == REFUSAL_NONE) {
        trace_note(draft->trace, "place", unit, "6.5", "%s, all files: nothing stands in the way",
                   place);
    } else {
        trace_note(draft->trace, "place", unit, first->rule,
                   "%s, all files: %s; the first obstacle is %s, %.*s", place,
                   survey->all_writable ? "all can be replaced or created"
                                        : "not all can be replaced or created",
                   refusal_text(first->refusal), VIEW_ARG(first->detail));
    }
}
