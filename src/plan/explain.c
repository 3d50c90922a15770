/* explain.c - from a path to the media's entry, to what the documents say of it, to a traced plan.
 *
 * Stands beside the planner and asks it: the plan is made by the same code as any other. Only
 * which sets of components out of scope hold the file is asked here, of the same matcher. */
#include "plan/explain.h"

#include "base/heap.h"
#include "plan/expand.h"
#include "plan/unprotected.h"

#include <stdlib.h>

enum { NEAR_MAX = 8, FRONTIER_MAX = 64 };

/* --- the entry --- */

struct frontier { /* entries that the path's beginning may stand for */
    uint32_t list[FRONTIER_MAX];
    uint32_t count;
};

/* Children of the frontier that are called so, whatever their letter case. */
static void frontier_enter(const struct media_index *index, const struct frontier *from,
                           struct view name, struct frontier *to)
{
    to->count = 0;
    for (uint32_t i = 0; i < from->count; i++) {
        const struct index_entry *e = &index->entries[from->list[i]];
        const uint32_t first = e->directory.first_child;
        for (uint32_t k = 0; e->kind == INDEX_DIRECTORY && k < e->directory.child_count; k++) {
            if (to->count < FRONTIER_MAX && win_fold_equal(index_name(index, first + k), name)) {
                to->list[to->count++] = first + k;
            }
        }
    }
}

static struct view entry_text(struct explanation *out, const struct media_set *set, uint32_t entry)
{
    struct buffer text = {0};
    plan_entry_path(set, entry, &text);
    const struct view copy = arena_copy(&out->arena, buffer_view(&text));
    buffer_free(&text);
    return copy;
}

static void near_add(struct explanation *out, const struct media_set *set, uint32_t entry)
{
    if (out->near_count < NEAR_MAX) {
        out->near[out->near_count++] = entry_text(out, set, entry);
    }
}

/* Does the entry's path end with just this spelling? */
static bool is_spelled(const struct media_index *index, uint32_t entry, struct view below)
{
    while (below.n > 0 && index->entries[entry].parent != MARK_NONE) {
        size_t at = below.n;
        while (at > 0 && below.p[at - 1] != '\\') {
            at--;
        }
        if (!view_equal(index_name(index, entry), view_skip(below, at))) {
            return false;
        }
        below.n = at > 0 ? at - 1 : 0;
        entry = index->entries[entry].parent;
    }
    return true;
}

static void entry_take(struct explanation *out, const struct media_set *set, struct view below,
                       const struct frontier *found)
{
    const struct media_index *index = &set->index;
    out->entry = found->list[0];
    for (uint32_t i = 0; i < found->count; i++) {
        out->entry = is_spelled(index, found->list[i], below) ? found->list[i] : out->entry;
    }
    for (uint32_t i = 0; i < found->count; i++) {
        if (found->list[i] != out->entry) {
            near_add(out, set, found->list[i]);
        }
    }
    const struct index_entry *e = &index->entries[out->entry];
    out->source = entry_text(out, set, out->entry);
    out->kind = e->kind;
    out->flags = e->flags;
    out->size = e->kind != INDEX_FILE        ? 0
                : e->link_group != MARK_NONE ? index->entries[e->link_group].size
                                             : e->size;
}

static void entry_find(struct explanation *out, const struct media_set *set,
                       const struct canon_directory *path)
{
    const struct media_index *index = &set->index;
    struct frontier at = {.count = 1};
    struct view rest = path->below;
    if (path->volume == MARK_NONE || path->volume >= index->volume_count) {
        return;
    }
    at.list[0] = index->volumes[path->volume].root_entry;
    while (rest.n > 0) {
        struct frontier next;
        frontier_enter(index, &at, win_path_element(&rest), &next);
        if (next.count == 0) {
            near_add(out, set, at.list[0]);
            return;
        }
        at = next;
    }
    entry_take(out, set, path->below, &at);
}

/* --- what the documents say --- */

struct explaining {
    struct explanation *out;
    struct canon_directory path;
    struct explain_match *all; /* every set and exclude of every document */
    uint32_t all_count;
    size_t all_capacity;
};

static void all_add(struct explaining *explaining, struct draft *draft, struct match *match,
                    const struct explain_match *one)
{
    const struct canon_directory directory =
        canon_source(&draft->canon, &draft->arena, one->set->path);
    if (directory.status != CANON_OK || directory.volume == MARK_NONE ||
        !expand_match_add(draft, match, &directory, one->set->filespec, one->set->recursive,
                          explaining->all_count)) {
        return;
    }
    explaining->all = heap_grow(explaining->all, explaining->all_count, &explaining->all_capacity,
                                sizeof *explaining->all);
    struct explain_match *added = &explaining->all[explaining->all_count++];
    *added = *one;
    if (view_find(one->set->path, '%') < one->set->path.n) {
        added->expanded = win_path_text(&explaining->out->arena, &directory.path);
    }
}

static void all_load(struct explaining *explaining, struct draft *draft, struct match *match)
{
    const struct documents *documents = draft->input->documents;
    for (uint32_t w = 0; w < documents->wmd_count; w++) {
        const struct wmd *wmd = &documents->wmds[w];
        for (uint32_t c = 0; c < wmd->component_count; c++) {
            for (uint32_t s = 0; s < wmd->components[c].file_set_count; s++) {
                const struct explain_match one = {.wmd = wmd,
                                                  .component = &wmd->components[c],
                                                  .set = &wmd->components[c].file_sets[s]};
                all_add(explaining, draft, match, &one);
            }
        }
        for (uint32_t s = 0; s < wmd->exclude_count; s++) {
            const struct explain_match one = {.exclude = true,
                                              .wmd = wmd,
                                              .set = &wmd->excludes[s]};
            all_add(explaining, draft, match, &one);
        }
    }
    match_seal(match);
}

static struct view root_text(struct draft *draft, uint32_t writer, uint32_t entry)
{
    const struct bcd *bcd = &draft->input->documents->bcd;
    const struct bcd_component *root = &bcd->writers[writer].components[entry];
    const struct view full = vss_full_name(&draft->arena, root->logical_path, root->name);
    return arena_printf(&draft->arena, "'%.*s' (%.*s, line %u)", VIEW_ARG(full),
                        VIEW_ARG(bcd->file_name), root->place.line);
}

/* Why the component is restored, or why not (rules, section 4). */
static void match_reason(struct explanation *out, struct draft *draft, struct explain_match *match)
{
    const struct documents *documents = draft->input->documents;
    const uint32_t wmd = (uint32_t)(match->wmd - documents->wmds);
    uint32_t writer = 0;
    while (writer < documents->bcd.writer_count && documents->writer_wmd[writer] != wmd) {
        writer++;
    }
    if (draft->selection.writers == NULL) {
        match->reason =
            VIEW("this backup was made in volume mode, without components (rules 2.10)");
        return;
    }
    if (writer == documents->bcd.writer_count) {
        match->reason = VIEW("nothing of its writer was backed up");
        return;
    }
    const struct selection_writer *w = &draft->selection.writers[writer];
    const uint32_t component = (uint32_t)(match->component - match->wmd->components);
    const uint32_t entry = w->root[component];
    if (entry == MARK_NONE) {
        match->reason = VIEW("not in this backup: neither it nor a component above it was backed "
                             "up (rules 4.3)");
        return;
    }
    const struct view root = root_text(draft, writer, entry);
    match->in_scope = w->reach[component] == REACH_HELD;
    const struct view because = match->in_scope ? w->because[entry] : VIEW("");
    struct buffer text = {0};
    switch ((enum reach)w->reach[component]) {
    case REACH_HELD:
        buffer_printf(&text, "its root %.*s is restored: %.*s", VIEW_ARG(root), VIEW_ARG(because));
        break;
    case REACH_NOT_CHOSEN:
        buffer_printf(&text, "of its root %.*s only other subcomponents were asked for (rules 4.5)",
                      VIEW_ARG(root));
        break;
    case REACH_EXCLUDED:
        buffer_printf(&text, "its root is %.*s; --exclude-component leaves it out", VIEW_ARG(root));
        break;
    case REACH_NOT_ASKED:
    case REACH_NOT_IN_BACKUP:
        buffer_printf(&text, "its root %.*s is not among what was asked for", VIEW_ARG(root));
        break;
    }
    match->reason = arena_copy(&out->arena, buffer_view(&text));
    buffer_free(&text);
}

/* The ids of the sets that hold the path's last element, below the rest of it. */
static uint32_t ids_of_path(const struct explaining *explaining, const struct match *match,
                            uint32_t **ids)
{
    const bool folder = explaining->out->kind == INDEX_DIRECTORY;
    struct match_place place = match_root(match, explaining->path.volume);
    struct view rest = explaining->path.below;
    struct view name = win_path_element(&rest);
    while (rest.n > 0 || (folder && view_present(name))) {
        place = match_enter(match, place, name);
        name = win_path_element(&rest);
    }
    *ids = heap_alloc(explaining->all_count, sizeof **ids);
    struct match_name file = match_name_of(name);
    return folder ? match_directory(match, place, *ids, explaining->all_count)
                  : match_file(match, place, &file, *ids, explaining->all_count);
}

static void gather_matches(struct explaining *explaining, struct draft *draft)
{
    struct explanation *out = explaining->out;
    struct match *match = match_create();
    uint32_t *ids = NULL;
    all_load(explaining, draft, match);
    const uint32_t count = explaining->path.volume == MARK_NONE || explaining->all_count == 0
                               ? 0
                               : ids_of_path(explaining, match, &ids);
    out->matches = ARENA_ARRAY(&out->arena, struct explain_match, count);
    for (uint32_t i = 0; i < count; i++) {
        struct explain_match *one = &out->matches[out->match_count];
        *one = explaining->all[ids[i]];
        if (out->kind == INDEX_DIRECTORY && (one->exclude || !one->set->recursive)) {
            continue; /* folders come by recursion, and excludes take none away (ruling 1) */
        }
        out->match_count++;
        if (!one->exclude) {
            match_reason(out, draft, one);
        }
    }
    match_free(match);
    free(ids);
}

/* --- what came of it --- */

static void gather_results(struct explanation *out, struct draft *draft)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < draft->file_count; i++) {
        count += draft->files[i].entry == out->entry ? 1u : 0u;
    }
    out->results = ARENA_ARRAY(&out->arena, struct explain_result, count);
    for (uint32_t i = 0; i < draft->file_count; i++) {
        const struct draft_file *file = &draft->files[i];
        if (file->entry != out->entry) {
            continue;
        }
        const uint32_t unit = draft->sets[file->set].unit;
        const struct draft_unit *u = &draft->units[unit];
        struct explain_result *result = &out->results[out->result_count++];
        *result = (struct explain_result){.unit = unit,
                                          .stands_for = MARK_NONE,
                                          .unit_text =
                                              arena_copy(&out->arena, draft_unit_text(draft, unit)),
                                          .verdict = u->verdict,
                                          .refusal = u->refusal,
                                          .rule = arena_copy(&out->arena, u->rule),
                                          .detail = arena_copy(&out->arena, u->detail)};
        if (file->place != MARK_NONE) {
            result->dest =
                place_text(&draft->places, &out->arena, file->place,
                           draft_is_directory(file) ? VIEW("") : draft_name(draft, file));
        }
        for (uint32_t s = 0; s < draft->shared_count; s++) {
            if (draft->shared[s].file == i) {
                result->stands_for = draft->sets[draft->files[draft->shared[s].owner].set].unit;
            }
        }
    }
}

static void look(void *context, struct draft *draft)
{
    struct explaining *explaining = context;
    struct explanation *out = explaining->out;
    gather_matches(explaining, draft);
    if (out->entry != MARK_NONE) {
        gather_results(out, draft);
    }
    if ((out->flags & INDEX_UNPROTECTED) != 0 && !unprotected_wanted(draft->input)) {
        trace_note(&out->trace, "files", MARK_NONE, "5.8",
                   "no component of the backup wanted it; --unprotected restores such files");
    }
    out->warnings = ARENA_ARRAY(&out->arena, struct view, draft->warning_count);
    for (uint32_t i = 0; i < draft->warning_count; i++) {
        out->warnings[out->warning_count++] = arena_copy(&out->arena, draft->warnings[i]);
    }
}

/* A folder that no recursive set reaches is made where a file needs it. */
static void take_needed_folder(struct explanation *out, const struct plan *plan)
{
    for (uint32_t i = 0; i < plan->file_count && out->result_count == 0; i++) {
        const struct plan_unit *unit = &plan->units[plan->files[i].unit];
        if (plan->files[i].entry == out->entry) {
            const struct view writer = plan_text(plan, unit->writer_name);
            const struct view name = plan_text(plan, unit->component);
            out->results = ARENA_NEW(&out->arena, struct explain_result);
            out->results[out->result_count++] =
                (struct explain_result){.unit = plan->files[i].unit,
                                        .stands_for = MARK_NONE,
                                        .unit_text = arena_printf(&out->arena, "%.*s: %.*s",
                                                                  VIEW_ARG(writer), VIEW_ARG(name)),
                                        .verdict = (enum plan_verdict)unit->verdict,
                                        .rule =
                                            arena_copy(&out->arena, plan_text(plan, unit->rule))};
        }
    }
}

/* The records that the plan has for it. */
static void take_records(struct explanation *out, const struct plan *plan,
                         const struct media_set *set)
{
    for (uint32_t r = 0; r < out->result_count; r++) {
        struct explain_result *result = &out->results[r];
        const struct plan_unit *unit = &plan->units[result->unit];
        for (uint32_t i = unit->first_file; i < unit->first_file + unit->file_count; i++) {
            if (plan->files[i].entry != out->entry) {
                continue;
            }
            struct buffer text = {0};
            plan_dest_path(plan, set, i, &text);
            result->dest = arena_copy(&out->arena, buffer_view(&text));
            text.n = 0;
            plan_unix_path(plan, set, i, &text);
            result->unix_path = arena_copy(&out->arena, buffer_view(&text));
            buffer_free(&text);
            result->place = (enum plan_place)plan->files[i].place;
            result->action = (enum plan_action)plan->files[i].action;
            result->planned = true;
        }
    }
}

/* The path as typed: one file, expanded and parsed. */
static vsr_code path_parse(struct explaining *explaining, const struct plan_input *input,
                           vsr_error *error)
{
    struct explanation *out = explaining->out;
    struct canon canon;
    const vsr_code code =
        canon_init(&canon, &out->arena, &input->set->description, input->choices, error);
    if (code != VSR_OK) {
        return code;
    }
    explaining->path = canon_source(&canon, &out->arena, out->asked);
    canon_fini(&canon);
    if (explaining->path.status == CANON_ENVIRONMENT) {
        return err_set(error, VSR_ERR_SELECTION, "plan/explain",
                       "'%.*s': no value is known for %%%.*s%%; give it with --env",
                       VIEW_ARG(out->asked), VIEW_ARG(explaining->path.unknown));
    }
    if (explaining->path.status == CANON_PATH) {
        return err_set(error, VSR_ERR_SELECTION, "plan/explain",
                       "'%.*s' names no one file: %s; give one whole Windows path",
                       VIEW_ARG(out->asked), explaining->path.fault);
    }
    return VSR_OK;
}

vsr_code plan_explain(struct explanation *out, const struct plan_input *input, struct view path,
                      vsr_error *error)
{
    *out = (struct explanation){.entry = MARK_NONE};
    struct explaining explaining = {.out = out};
    struct plan *plan = NULL;
    out->asked = arena_copy(&out->arena, path);
    out->near = ARENA_ARRAY(&out->arena, struct view, NEAR_MAX);
    vsr_code code = path_parse(&explaining, input, error);
    if (code == VSR_OK) {
        entry_find(out, input->set, &explaining.path);
        out->trace = (struct trace){.arena = &out->arena, .entry = out->entry};
        code = draft_plan(&plan, input, out->entry != MARK_NONE ? &out->trace : NULL, look,
                          &explaining, error);
    }
    if (code == VSR_OK) {
        if (out->kind == INDEX_DIRECTORY) {
            take_needed_folder(out, plan);
        }
        take_records(out, plan, input->set);
        plan_free(plan);
    }
    free(explaining.all);
    return code;
}

void explain_free(struct explanation *explanation)
{
    trace_fini(&explanation->trace);
    arena_free(&explanation->arena);
}
