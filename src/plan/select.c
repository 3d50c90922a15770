/* select.c - what is asked for, and what the rules make of it.
 *
 * Pass 1 of planning. Selectors become marks on components (struct writer_state), mandatory
 * members (mandatory.c) and dependencies (dependency.c) add to them, and scope.c cuts units out of
 * the marks. It neither looks at files nor at destinations. */
#include "plan/selecting.h"

#include "base/limits.h"

#include <stdarg.h>
#include <stdio.h>

enum { MESSAGE_BYTES_MAX = 1024 };

/* --- marks --- */

void selecting_warn(struct selecting *selecting, const char *format, ...)
{
    char text[MESSAGE_BYTES_MAX];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    vss_warnings_add(&selecting->warnings, selecting->arena,
                     arena_copy(selecting->arena, view_of(text)));
}

bool selecting_holds(const struct writer_state *writer, uint32_t component)
{
    bool asked = false;
    for (uint32_t at = component; at != MARK_NONE; at = writer->tree.parent[at]) {
        const uint32_t entry = writer->tree.explicit_by[at];
        if (entry != MARK_NONE) {
            return !writer->dropped[entry] && (writer->whole[entry] || asked);
        }
        if (writer->left_out[at]) {
            return false;
        }
        asked = asked || writer->chosen[at];
    }
    return false;
}

bool selecting_touches(const struct writer_state *writer)
{
    for (uint32_t i = 0; i < writer->tree.writer->component_count; i++) {
        if (writer->whole[i] && !writer->dropped[i]) {
            return true;
        }
    }
    for (uint32_t i = 0; i < component_tree_count(&writer->tree); i++) {
        if (writer->chosen[i] && selecting_holds(writer, i)) {
            return true;
        }
    }
    return false;
}

/* The nearest component between c and its root that may be restored alone, else the root. */
static uint32_t widened(const struct component_tree *tree, uint32_t component, uint32_t root)
{
    uint32_t at = component;
    while (at != root && !tree->wmd->components[at].selectable_for_restore) {
        at = tree->parent[at];
    }
    return at;
}

enum request selecting_request(struct writer_state *writer, uint32_t component, bool widen,
                               struct view why)
{
    const struct component_tree *tree = &writer->tree;
    const uint32_t root = component_tree_root(tree, component);
    if (root == MARK_NONE) {
        return REQUEST_NOT_IN_BACKUP;
    }
    const uint32_t taken = widened(tree, component, root);
    if (taken != component && !widen) {
        return REQUEST_NOT_ALONE;
    }
    selecting_because(writer, tree->explicit_by[root], why);
    if (taken == root) {
        writer->whole[tree->explicit_by[root]] = true; /* selectableForRestore not asked: T04 */
    } else {
        writer->chosen[taken] = true;
    }
    return taken == component ? REQUEST_TAKEN : REQUEST_WIDENED;
}

static struct view name_text(struct selecting *selecting, const struct writer_state *writer,
                             struct view logical_path, struct view name)
{
    struct arena *arena = selecting->arena;
    const struct wmd *wmd = writer->tree.wmd;
    const struct view full = vss_full_name(arena, logical_path, name);
    if (wmd != NULL && wmd->friendly_name.n > 0) {
        return arena_printf(arena, "%.*s: %.*s", VIEW_ARG(wmd->friendly_name), VIEW_ARG(full));
    }
    char id[UUID_TEXT_BYTES];
    uuid_text(&writer->tree.writer->writer_id, id);
    return arena_printf(arena, "%s: %.*s", id, VIEW_ARG(full));
}

struct view selecting_component_text(struct selecting *selecting, const struct writer_state *writer,
                                     uint32_t component)
{
    const struct wmd_component *c = &writer->tree.wmd->components[component];
    return name_text(selecting, writer, c->logical_path, c->name);
}

struct view selecting_entry_text(struct selecting *selecting, const struct writer_state *writer,
                                 uint32_t entry)
{
    const struct bcd_component *c = &writer->tree.writer->components[entry];
    return name_text(selecting, writer, c->logical_path, c->name);
}

/* --- selectors --- */

static vsr_code fail_request(const char *selector, enum request request, vsr_error *error)
{
    if (request == REQUEST_NOT_IN_BACKUP) {
        return err_set(error, VSR_ERR_SELECTION, "plan/select",
                       "'%s' is not in this backup (COMPONENT_NOT_IN_BACKUP): neither it nor a "
                       "component above it was backed up",
                       selector);
    }
    return err_set(error, VSR_ERR_SELECTION, "plan/select",
                   "'%s' cannot be restored alone (NOT_RESTORABLE_ALONE, rules 4.5): select what "
                   "it is part of, or give --widen",
                   selector);
}

void selecting_because(struct writer_state *writer, uint32_t entry, struct view why)
{
    if (!view_present(writer->because[entry])) {
        writer->because[entry] = why;
    }
}

static void take_writer(struct writer_state *writer, struct view why)
{
    for (uint32_t i = 0; i < writer->tree.writer->component_count; i++) {
        writer->whole[i] = true;
        selecting_because(writer, i, why);
    }
}

static vsr_code take_ref(struct selecting *selecting, const char *selector,
                         const struct component_ref *ref, vsr_error *error)
{
    struct writer_state *writer = &selecting->writers[ref->writer];
    const struct view why =
        arena_printf(selecting->arena, "--component '%s' asks for it", selector);
    if (ref->bcd_component != MARK_NONE) {
        writer->whole[ref->bcd_component] = true;
        selecting_because(writer, ref->bcd_component, why);
        return VSR_OK;
    }
    if (ref->component == MARK_NONE) {
        take_writer(writer, why);
        return VSR_OK;
    }
    const enum request request =
        selecting_request(writer, ref->component, selecting->choices->widen, why);
    if (request == REQUEST_WIDENED) {
        selecting_warn(selecting, "'%s' cannot be restored alone: widened to what it is part of",
                       selector);
    }
    return request == REQUEST_TAKEN || request == REQUEST_WIDENED
               ? VSR_OK
               : fail_request(selector, request, error);
}

static vsr_code drop_ref(struct selecting *selecting, const char *selector,
                         const struct component_ref *ref, vsr_error *error)
{
    struct writer_state *writer = &selecting->writers[ref->writer];
    if (ref->component == MARK_NONE && ref->bcd_component == MARK_NONE) {
        for (uint32_t i = 0; i < writer->tree.writer->component_count; i++) {
            writer->dropped[i] = true;
        }
        return VSR_OK;
    }
    if (ref->bcd_component != MARK_NONE) {
        writer->dropped[ref->bcd_component] = true;
        return VSR_OK;
    }
    const uint32_t root = component_tree_root(&writer->tree, ref->component);
    if (root == MARK_NONE) {
        return fail_request(selector, REQUEST_NOT_IN_BACKUP, error);
    }
    if (root == ref->component) {
        writer->dropped[writer->tree.explicit_by[root]] = true;
    } else {
        writer->left_out[ref->component] = true;
    }
    return VSR_OK;
}

static void warn_folded(struct selecting *selecting, const char *selector,
                        const struct component_ref *ref)
{
    const struct writer_state *writer = &selecting->writers[ref->writer];
    if (ref->folded) {
        const struct view text = ref->component != MARK_NONE
                                     ? selecting_component_text(selecting, writer, ref->component)
                                     : selecting_entry_text(selecting, writer, ref->bcd_component);
        selecting_warn(selecting, "'%s' is taken as %.*s, of another letter case (rules 4.3)",
                       selector, VIEW_ARG(text));
    }
}

typedef vsr_code ref_mark(struct selecting *selecting, const char *selector,
                          const struct component_ref *ref, vsr_error *error);

static vsr_code mark_all(struct selecting *selecting, const char *const *selectors, uint32_t count,
                         ref_mark *mark, vsr_error *error)
{
    for (uint32_t i = 0; i < count; i++) {
        struct component_ref *refs = NULL;
        uint32_t ref_count = 0;
        vsr_code code = choice_resolve_all(selecting->arena, selecting->documents,
                                           view_of(selectors[i]), &refs, &ref_count, error);
        for (uint32_t k = 0; k < ref_count && code == VSR_OK; k++) {
            warn_folded(selecting, selectors[i], &refs[k]);
            code = mark(selecting, selectors[i], &refs[k], error);
        }
        if (code != VSR_OK) {
            return code;
        }
    }
    return VSR_OK;
}

static vsr_code mark_choices(struct selecting *selecting, vsr_error *error)
{
    const struct plan_choices *choices = selecting->choices;
    const bool everything = choices->component_count == 0 && !choices->no_component;
    for (uint32_t i = 0; i < selecting->writer_count && everything; i++) {
        take_writer(&selecting->writers[i],
                    VIEW("no component was named, so that everything explicit is restored"));
    }
    const vsr_code code =
        mark_all(selecting, choices->components, choices->component_count, take_ref, error);
    return code != VSR_OK ? code
                          : mark_all(selecting, choices->exclude_components,
                                     choices->exclude_component_count, drop_ref, error);
}

/* --- warnings about the whole --- */

/* Ruling 6: selection is the caller's; marks of an earlier restore in the document are not. */
static void warn_earlier_marks(struct selecting *selecting)
{
    uint32_t marked = 0;
    struct view first = VIEW_NONE;
    for (uint32_t i = 0; i < selecting->writer_count; i++) {
        const struct bcd_writer *writer = selecting->writers[i].tree.writer;
        for (uint32_t k = 0; k < writer->component_count; k++) {
            const struct bcd_component *entry = &writer->components[k];
            if ((entry->selected_for_restore == FLAG_YES || entry->subcomponent_count > 0) &&
                marked++ == 0) {
                first = selecting_entry_text(selecting, &selecting->writers[i], k);
            }
        }
    }
    if (marked > 0) {
        selecting_warn(selecting,
                       "%u components carry selection marks of an earlier restore, which are "
                       "ignored; the first is %.*s",
                       marked, VIEW_ARG(first));
    }
}

/* 4.11: warn at the last of several instances, so that each class is told once. */
static void warn_instances(struct selecting *selecting)
{
    for (uint32_t i = 0; i < selecting->writer_count; i++) {
        const struct component_tree *last = &selecting->writers[i].tree;
        uint32_t touched = 0;
        bool later = false;
        for (uint32_t k = 0; k < selecting->writer_count; k++) {
            if (uuid_equal(&selecting->writers[k].tree.writer->writer_id,
                           &last->writer->writer_id)) {
                touched += selecting_touches(&selecting->writers[k]) ? 1 : 0;
                later = later || k > i;
            }
        }
        if (touched > 1 && !later && last->wmd != NULL &&
            (last->wmd->backup_schema & SCHEMA_RESTORE_WITH_MOVE) == 0) {
            selecting_warn(selecting,
                           "%u instances of %.*s are restored; which of them takes part is "
                           "ambiguous, for the writer does not support restore with move "
                           "(rules 4.11)",
                           touched, VIEW_ARG(last->wmd->friendly_name));
        }
    }
}

/* What a writer says of itself that cannot be (9.6); none of it stops a restore. */
static const char *writer_oddity(const struct wmd *wmd)
{
    const uint32_t both = SCHEMA_DIFFERENTIAL | SCHEMA_INCREMENTAL;
    const uint32_t schema = wmd->backup_schema;
    if ((schema & SCHEMA_EXCLUSIVE) != 0 && (schema & both) != both) {
        return "its schema forbids to mix incremental and differential backups, and does not have "
               "both";
    }
    if ((schema & (SCHEMA_TIMESTAMPED | SCHEMA_LAST_MODIFY)) != 0 && (schema & both) == 0) {
        return "its schema knows stamps or modify times, and neither incremental nor differential "
               "backups";
    }
    if (wmd->usage == USAGE_UNDEFINED) {
        return "it does not say whether its data are of the system or of users (usage)";
    }
    if ((wmd->writer_restore == WRITER_RESTORE_UNDEFINED ||
         wmd->writer_restore == WRITER_RESTORE_UNKNOWN) &&
        wmd->method != METHOD_UNDEFINED) {
        return "it does not say when it takes part in a restore, which counts as always (3.2)";
    }
    return NULL;
}

static void warn_writers(struct selecting *selecting)
{
    for (uint32_t i = 0; i < selecting->writer_count; i++) {
        const struct wmd *wmd = selecting->writers[i].tree.wmd;
        const char *oddity = wmd != NULL ? writer_oddity(wmd) : NULL;
        if (oddity != NULL && selecting_touches(&selecting->writers[i])) {
            selecting_warn(selecting, "rules 9.6: an error of %.*s: %s",
                           VIEW_ARG(wmd->friendly_name), oddity);
        }
    }
}

static void warn_spelling(struct selecting *selecting)
{
    for (uint32_t i = 0; i < selecting->writer_count; i++) {
        struct writer_state *writer = &selecting->writers[i];
        for (uint32_t k = 0; k < writer->tree.writer->component_count; k++) {
            if (writer->tree.joined[k] != MARK_NONE && writer->tree.folded[k]) {
                const struct view text = selecting_entry_text(selecting, writer, k);
                selecting_warn(selecting,
                               "%.*s is spelled in other letter case in its writer's document "
                               "(rules 4.3)",
                               VIEW_ARG(text));
            }
        }
    }
}

/* --- the whole --- */

static void selecting_begin(struct selecting *selecting)
{
    struct arena *arena = selecting->arena;
    selecting->writer_count = selecting->documents->bcd.writer_count;
    selecting->writers = ARENA_ARRAY(arena, struct writer_state, selecting->writer_count);
    for (uint32_t i = 0; i < selecting->writer_count; i++) {
        struct writer_state *writer = &selecting->writers[i];
        component_tree_build(&writer->tree, arena, selecting->documents, i);
        const uint32_t entries = writer->tree.writer->component_count;
        const uint32_t components = component_tree_count(&writer->tree);
        writer->whole = ARENA_ARRAY(arena, bool, entries);
        writer->dropped = ARENA_ARRAY(arena, bool, entries);
        writer->missing = ARENA_ARRAY(arena, struct view, entries);
        writer->because = ARENA_ARRAY(arena, struct view, entries);
        writer->scope = ARENA_ARRAY(arena, uint32_t, entries);
        writer->chosen = ARENA_ARRAY(arena, bool, components);
        writer->left_out = ARENA_ARRAY(arena, bool, components);
        writer->followed = ARENA_ARRAY(arena, bool, components);
    }
}

/* Mandatory members and dependencies bring in each other, until nothing new comes. */
static void complete(struct selecting *selecting)
{
    bool more = true;
    while (more) {
        if (selecting->choices->force_mandatory) {
            mandatory_force(selecting);
        }
        more = dependency_follow(selecting);
    }
    mandatory_warn(selecting);
}

/* 2.10: no component semantics; what is on the media is restored as plain files. */
static vsr_code volume_mode(struct selecting *selecting, vsr_error *error)
{
    if (selecting->choices->component_count + selecting->choices->exclude_component_count > 0) {
        return err_set(error, VSR_ERR_SELECTION, "plan/select",
                       "this backup was made in volume mode (rules 2.10): it has no components to "
                       "select");
    }
    selecting_warn(selecting, "this backup was made in volume mode (rules 2.10): its files belong "
                              "to no component");
    return VSR_OK;
}

static vsr_code choose(struct selecting *selecting, bool restore, struct selection *out,
                       vsr_error *error)
{
    if (!selecting->documents->bcd.select_components) {
        return volume_mode(selecting, error);
    }
    const vsr_code code = mark_choices(selecting, error);
    if (code != VSR_OK) {
        return code;
    }
    warn_spelling(selecting);
    if (restore) {
        warn_earlier_marks(selecting);
        complete(selecting);
        warn_instances(selecting);
        warn_writers(selecting);
    }
    scope_make_all(selecting, out);
    if (restore) {
        dependency_settle(selecting, out);
    }
    if (out->scope_count == 0 && selecting->choices->exclude_component_count > 0 &&
        !selecting->choices->unprotected) {
        return err_set(error, VSR_ERR_SELECTION, "plan/select",
                       "--exclude-component leaves nothing of the selection: there is no component "
                       "to restore");
    }
    return VSR_OK;
}

vsr_code select_components(struct arena *arena, const struct documents *documents,
                           const struct plan_choices *choices, struct selection *out,
                           vsr_error *error)
{
    static const struct plan_choices everything = {.with_dependencies = DEPENDENCIES_IGNORE};
    struct selecting selecting = {.arena = arena,
                                  .documents = documents,
                                  .choices = choices != NULL ? choices : &everything};
    *out = (struct selection){0};
    selecting_begin(&selecting);
    const vsr_code code = choose(&selecting, choices != NULL, out, error);
    vss_warnings_end(&selecting.warnings, arena);
    out->warnings = selecting.warnings.items;
    out->warning_count = selecting.warnings.count;
    return code;
}

uint32_t select_root_of(const struct documents *documents, uint32_t writer, uint32_t component)
{
    struct arena scratch = {0};
    struct component_tree tree;
    component_tree_build(&tree, &scratch, documents, writer);
    const uint32_t root = component_tree_root(&tree, component);
    const uint32_t entry = root == MARK_NONE ? MARK_NONE : tree.explicit_by[root];
    arena_free(&scratch);
    return entry;
}

bool select_is_ancestor(struct view ancestor_full, struct view logical_path)
{
    struct view want = vss_logical_path_norm(ancestor_full);
    struct view path = vss_logical_path_norm(logical_path);
    if (want.n == 0) {
        return false;
    }
    while (want.n > 0) {
        const struct view element = win_path_element(&want);
        if (path.n == 0 || !win_fold_equal(element, win_path_element(&path))) {
            return false;
        }
    }
    return true;
}
