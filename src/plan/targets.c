/* targets.c - matching new targets to file sets by the whole triple.
 *
 * The same triple rule as for mappings, but stored on the root and owned by whoever restores
 * (rules 6.4, 6.9; rulings 6, 14, 40). Where the target leads is located and surveyed like any
 * other place. */
#include "plan/targets.h"

#include "plan/locate.h"
#include "vss/xml_value.h"

enum { CALLER_PARTS = 4 };

static bool unit_supports(const struct draft *draft, const struct draft_unit *unit)
{
    const struct bcd_writer *writer = &draft->input->documents->bcd.writers[unit->scope->writer];
    const uint32_t schema = writer->backup_schema | unit->wmd->backup_schema;
    return (schema & SCHEMA_NEW_TARGET) != 0;
}

static void target_canon(struct draft *draft, struct draft_target *target)
{
    target->directory = canon_source(&draft->canon, &draft->arena, target->path);
    if (target->directory.status == CANON_OK) {
        target->triple =
            canon_triple(&draft->arena, &target->directory, target->filespec, target->recursive);
    }
}

/* Does the triple name a set of the writer that the unit's scope left out? */
static bool target_is_out_of_scope(struct draft *draft, const struct draft_unit *unit,
                                   const struct draft_target *target, uint32_t owner)
{
    for (uint32_t c = 0; c < unit->wmd->component_count; c++) {
        const struct wmd_component *component = &unit->wmd->components[c];
        if ((owner != MARK_NONE && owner != c) ||
            select_root_of(draft->input->documents, unit->scope->writer, c) !=
                unit->scope->bcd_component) {
            continue;
        }
        for (uint32_t s = 0; s < component->file_set_count; s++) {
            const struct vss_file_set *set = &component->file_sets[s];
            const struct canon_directory directory =
                canon_source(&draft->canon, &draft->arena, set->path);
            if (directory.status == CANON_OK &&
                view_equal(target->triple, canon_triple(&draft->arena, &directory, set->filespec,
                                                        set->recursive))) {
                return true;
            }
        }
    }
    return false;
}

enum bound { BOUND, BOUND_TWICE, BOUND_OUT_OF_SCOPE, BOUND_NOWHERE };

/* Give the target to the sets of the unit that carry its triple, and it the first one's spelling
 * (4.13). owner: only this component's, or MARK_NONE. */
static enum bound target_bind(struct draft *draft, uint32_t unit, struct draft_target *target,
                              uint32_t number, uint32_t owner)
{
    enum bound bound = BOUND_NOWHERE;
    uint32_t base = MARK_NONE;
    if (!view_present(target->triple)) {
        return bound;
    }
    for (uint32_t i = 0; i < draft->set_count; i++) {
        struct draft_set *set = &draft->sets[i];
        if (set->unit != unit || set->named != MARK_NONE || !view_present(set->triple) ||
            !view_equal(set->triple, target->triple) ||
            (owner != MARK_NONE && owner != set->component)) {
            continue;
        }
        if (set->target != MARK_NONE) {
            bound = bound == BOUND ? BOUND : BOUND_TWICE;
            continue;
        }
        if (base == MARK_NONE) {
            base = locate_add_base(draft, target->alternate_path);
            target->path = set->set->path;
            target->filespec = set->set->filespec;
        }
        set->target = number;
        set->base = base;
        bound = BOUND;
    }
    if (bound == BOUND_NOWHERE &&
        target_is_out_of_scope(draft, &draft->units[unit], target, owner)) {
        bound = BOUND_OUT_OF_SCOPE;
    }
    return bound;
}

/* --- the caller's --- */

static vsr_code caller_split(const char *option, struct view rest, struct draft_target *out,
                             vsr_error *error)
{
    struct view parts[CALLER_PARTS];
    for (int i = 0; i < CALLER_PARTS; i++) {
        const size_t at = view_find(rest, '|');
        parts[i] = (struct view){rest.p, at};
        if ((at == rest.n) != (i == CALLER_PARTS - 1)) {
            return err_set(error, VSR_ERR_SELECTION, "plan/targets",
                           "--new-target '%s' is not of the form "
                           "WRITER:FULL\\NAME|path|filespec|recursive|newpath",
                           option);
        }
        rest = at == rest.n ? VIEW("") : view_skip(rest, at + 1);
    }
    for (int i = 0; i < CALLER_PARTS; i++) {
        if (xml_value_length(parts[i]) != parts[i].n) { /* the document tells them to the writer */
            return err_set(error, VSR_ERR_SELECTION, "plan/targets",
                           "--new-target '%s': '%.*s' holds what no document can", option,
                           VIEW_ARG(parts[i]));
        }
    }
    const bool yes = view_equal_ascii(parts[2], VIEW("yes"));
    if (!yes && !view_equal_ascii(parts[2], VIEW("no"))) {
        return err_set(error, VSR_ERR_SELECTION, "plan/targets",
                       "--new-target '%s': recursive is 'yes' or 'no', not '%.*s'", option,
                       VIEW_ARG(parts[2]));
    }
    *out = (struct draft_target){.path = parts[0],
                                 .filespec = parts[1],
                                 .alternate_path = parts[3],
                                 .recursive = yes,
                                 .from_caller = true,
                                 .number = MARK_NONE,
                                 .instead_of = MARK_NONE};
    return VSR_OK;
}

/* What was typed must be a place (ruling 10); whether its volume is mapped is asked later. */
static vsr_code caller_check_place(struct draft *draft, const char *option,
                                   const struct draft_target *target, vsr_error *error)
{
    const struct canon_directory place =
        canon_place(&draft->canon, &draft->arena, target->alternate_path);
    if (place.status == CANON_ENVIRONMENT) {
        return err_set(error, VSR_ERR_SELECTION, "plan/targets",
                       "--new-target '%s': no value is known for %%%.*s%%; give it with --env",
                       option, VIEW_ARG(place.unknown));
    }
    if (place.status == CANON_PATH) {
        return err_set(error, VSR_ERR_SELECTION, "plan/targets",
                       "--new-target '%s': the new path '%.*s' is none: %s", option,
                       VIEW_ARG(target->alternate_path), place.fault);
    }
    return VSR_OK;
}

static vsr_code caller_bind(struct draft *draft, const char *option, uint32_t unit,
                            uint32_t component, struct draft_target *target, vsr_error *error)
{
    struct draft_unit *u = &draft->units[unit];
    const uint32_t owner = component == u->scope->root ? MARK_NONE : component;
    if (!unit_supports(draft, u)) {
        return err_set(error, VSR_ERR_SELECTION, "plan/targets",
                       "--new-target '%s': NEW_TARGET_UNSUPPORTED: the writer's schema lacks 0x100 "
                       "(rule 6.4)",
                       option);
    }
    target_canon(draft, target);
    switch (target_bind(draft, unit, target, u->target_count, owner)) {
    case BOUND:
        u->targets[u->target_count++] = *target;
        return VSR_OK;
    case BOUND_TWICE:
        return err_set(error, VSR_ERR_SELECTION, "plan/targets",
                       "--new-target '%s': that file set has a new target already (rule 6.4)",
                       option);
    case BOUND_OUT_OF_SCOPE:
        draft_warn(draft, "--new-target '%s': that file set is not among those restored", option);
        return VSR_OK;
    case BOUND_NOWHERE:
        break;
    }
    return err_set(
        error, VSR_ERR_SELECTION, "plan/targets",
        "--new-target '%s': NEW_TARGET_UNKNOWN_FILE_SET: no file set of the component has "
        "this path, file spec and recursion (rule 6.4)",
        option);
}

static vsr_code targets_of_caller(struct draft *draft, vsr_error *error)
{
    const struct plan_choices *choices = draft->input->choices;
    for (uint32_t i = 0; i < choices->new_target_count; i++) {
        const char *option = choices->new_targets[i];
        struct component_ref ref;
        struct view rest = VIEW_NONE;
        struct draft_target target;
        vsr_code code =
            choice_resolve(draft->input->documents, view_of(option), '|', &ref, &rest, error);
        if (code == VSR_OK && ref.component == MARK_NONE && ref.bcd_component == MARK_NONE) {
            rest = VIEW_NONE; /* a writer alone: not of the form */
        }
        if (code == VSR_OK) {
            code = caller_split(option, rest, &target, error);
        }
        if (code == VSR_OK) {
            code = caller_check_place(draft, option, &target, error);
        }
        if (code != VSR_OK) {
            return code;
        }
        const uint32_t unit = draft_unit_of(draft, &ref);
        draft_warn_folded(draft, "--new-target", option, &ref);
        if (unit == MARK_NONE || draft->units[unit].wmd == NULL) {
            draft_warn(draft, "--new-target '%s': that component is not among those restored",
                       option);
            continue;
        }
        code = caller_bind(draft, option, unit, ref.component, &target, error);
        if (code != VSR_OK) {
            return code;
        }
    }
    return VSR_OK;
}

/* --- the document's --- */

/* Ruling 40: a caller's target drops the document's of the same triple. */
static void target_gives_way(struct draft_unit *unit, const struct draft_target *target)
{
    for (uint32_t i = 0; i < unit->target_count; i++) {
        struct draft_target *other = &unit->targets[i];
        if (other->from_caller && other->instead_of == MARK_NONE &&
            view_equal(other->triple, target->triple)) {
            other->instead_of = target->number;
            return;
        }
    }
}

static void targets_of_document(struct draft *draft, uint32_t unit)
{
    struct draft_unit *u = &draft->units[unit];
    for (uint32_t i = 0; i < u->component->new_target_count; i++) {
        const struct vss_mapping *m = &u->component->new_targets[i];
        struct draft_target target = {.path = m->path,
                                      .filespec = m->filespec,
                                      .alternate_path = m->alternate_path,
                                      .recursive = m->recursive,
                                      .number = i};
        if (!unit_supports(draft, u)) {
            draft_refuse(draft, unit, REFUSAL_NEW_TARGET_UNSUPPORTED, "6.4",
                         "the document has a new target for '%.*s', but the writer's schema lacks "
                         "0x100",
                         VIEW_ARG(m->path));
            return;
        }
        target_canon(draft, &target);
        switch (target_bind(draft, unit, &target, u->target_count, MARK_NONE)) {
        case BOUND:
            u->targets[u->target_count++] = target;
            break;
        case BOUND_TWICE: /* the caller's wins; of two of the document's the first */
            draft_warn(draft, "the document's new target for '%.*s' '%.*s' gives way to another",
                       VIEW_ARG(m->path), VIEW_ARG(m->filespec));
            target_gives_way(u, &target);
            break;
        case BOUND_OUT_OF_SCOPE:
            draft_warn(draft,
                       "the document's new target for '%.*s' '%.*s': that file set is not "
                       "among those restored",
                       VIEW_ARG(m->path), VIEW_ARG(m->filespec));
            break;
        case BOUND_NOWHERE:
            draft_refuse(draft, unit, REFUSAL_NEW_TARGET_UNKNOWN_FILE_SET, "6.4",
                         "the document's new target for '%.*s' '%.*s' (%srecursive) names no file "
                         "set of the component",
                         VIEW_ARG(m->path), VIEW_ARG(m->filespec), m->recursive ? "" : "not ");
            break;
        }
    }
}

vsr_code targets_match(struct draft *draft, vsr_error *error)
{
    const struct plan_choices *choices = draft->input->choices;
    if (choices->private_dir != NULL) {
        return choices->new_target_count == 0
                   ? VSR_OK
                   : err_set(error, VSR_ERR_SELECTION, "plan/targets",
                             "--new-target cannot be given with --private (rule 6.2)");
    }
    for (uint32_t u = 0; u < draft->unit_count; u++) {
        struct draft_unit *unit = &draft->units[u];
        unit->targets = ARENA_ARRAY(&draft->arena, struct draft_target,
                                    choices->new_target_count + unit->component->new_target_count);
    }
    const vsr_code code = targets_of_caller(draft, error);
    for (uint32_t u = 0; u < draft->unit_count && code == VSR_OK; u++) {
        if (draft->units[u].wmd != NULL) {
            targets_of_document(draft, u);
        }
    }
    return code;
}
