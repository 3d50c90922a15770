/* dependency.c - components of other writers that must be restored together with the selected
 * ones (rules 4.9; contract, ruling 15).
 *
 * Followed to a fixed point, each component's dependencies once, so that cycles end (T16). A
 * dependency on another machine is reported and never looked for here (T17). Being depended on
 * brings nothing along. */
#include "plan/selecting.h"

#include "base/limits.h"

/* A component of another writer that a dependency names, where it is in this backup. */
struct target {
    struct writer_state *writer; /* NULL: not in this backup */
    uint32_t component;
    bool folded; /* it differs by letter case (rules 4.3) */
};

/* T17: one page puts the machine before the name, another before the logical path. */
static bool is_remote(const struct vss_dependency *dependency)
{
    return view_starts(dependency->component_name, VIEW("\\\\")) ||
           view_starts(dependency->logical_path, VIEW("\\\\"));
}

static bool is_own_writer(const struct writer_state *writer,
                          const struct vss_dependency *dependency)
{
    return uuid_equal(&dependency->writer_id, &writer->tree.writer->writer_id);
}

static struct target target_find(struct selecting *selecting,
                                 const struct vss_dependency *dependency)
{
    for (uint32_t i = 0; i < selecting->writer_count; i++) {
        struct writer_state *writer = &selecting->writers[i];
        if (writer->tree.wmd == NULL ||
            !uuid_equal(&writer->tree.writer->writer_id, &dependency->writer_id)) {
            continue;
        }
        bool folded = false;
        const uint32_t found = wmd_component_find(writer->tree.wmd, dependency->logical_path,
                                                  dependency->component_name, &folded);
        if (found != MARK_NONE && component_tree_root(&writer->tree, found) != MARK_NONE) {
            return (struct target){writer, found, folded};
        }
    }
    return (struct target){NULL, MARK_NONE, false};
}

static struct view dependency_text(struct selecting *selecting,
                                   const struct vss_dependency *dependency)
{
    const struct documents *documents = selecting->documents;
    struct arena *arena = selecting->arena;
    char id[UUID_TEXT_BYTES];
    uuid_text(&dependency->writer_id, id);
    struct view writer = view_of(id);
    for (uint32_t i = 0; i < documents->wmd_count; i++) {
        if (uuid_equal(&documents->wmds[i].writer_id, &dependency->writer_id) &&
            documents->wmds[i].friendly_name.n > 0) {
            writer = arena_copy(arena, documents->wmds[i].friendly_name);
            break;
        }
    }
    const struct view path = dependency->logical_path;
    const struct view name = dependency->component_name;
    const struct view full = view_starts(path, VIEW("\\\\")) /* a machine's name is kept whole */
                                 ? arena_printf(arena, "%.*s\\%.*s", VIEW_ARG(path), VIEW_ARG(name))
                                 : vss_full_name(arena, path, name);
    return arena_printf(arena, "%.*s: %.*s", VIEW_ARG(writer), VIEW_ARG(full));
}

/* A dependency that cannot be met, as the choice has it: refuse the unit, or tell. */
static void dependency_unmet(struct selecting *selecting, struct writer_state *writer,
                             uint32_t component, const struct vss_dependency *dependency,
                             const char *why)
{
    const struct view from = selecting_component_text(selecting, writer, component);
    const struct view to = dependency_text(selecting, dependency);
    const struct view text = arena_printf(selecting->arena, "%.*s depends on %.*s, which %s",
                                          VIEW_ARG(from), VIEW_ARG(to), why);
    const uint32_t root = component_tree_root(&writer->tree, component);
    struct view *missing = &writer->missing[writer->tree.explicit_by[root]];
    if (selecting->choices->with_dependencies != DEPENDENCIES_REFUSE) {
        selecting_warn(selecting, "%.*s (rules 4.9)", VIEW_ARG(text));
    } else if (!view_present(*missing)) {
        *missing = text;
    }
}

/* True: something was added. */
static bool dependency_add(struct selecting *selecting, struct writer_state *writer,
                           uint32_t component, const struct vss_dependency *dependency,
                           struct target target)
{
    const struct view from = selecting_component_text(selecting, writer, component);
    (void)selecting_request(target.writer, target.component, true,
                            arena_printf(selecting->arena, "%.*s depends on it (rules 4.9)",
                                         VIEW_ARG(from)));
    if (!selecting_holds(target.writer, target.component)) {
        dependency_unmet(selecting, writer, component, dependency, "is excluded");
        return false;
    }
    const struct view to = selecting_component_text(selecting, target.writer, target.component);
    selecting_warn(selecting, "%.*s is restored too, because %.*s depends on it (rules 4.9)",
                   VIEW_ARG(to), VIEW_ARG(from));
    return true;
}

static bool follow_one(struct selecting *selecting, struct writer_state *writer, uint32_t component,
                       const struct vss_dependency *dependency)
{
    if (is_remote(dependency)) {
        const struct view from = selecting_component_text(selecting, writer, component);
        const struct view to = dependency_text(selecting, dependency);
        selecting_warn(selecting,
                       "%.*s depends on a component of another machine, %.*s, which must be "
                       "restored there (rules 4.9)",
                       VIEW_ARG(from), VIEW_ARG(to));
        return false;
    }
    if (is_own_writer(writer, dependency)) {
        const struct view from = selecting_component_text(selecting, writer, component);
        selecting_warn(selecting,
                       "%.*s has a dependency on its own writer, which is not allowed and ignored "
                       "(rules 4.9)",
                       VIEW_ARG(from));
        return false;
    }
    const struct target target = target_find(selecting, dependency);
    if (target.writer == NULL) {
        dependency_unmet(selecting, writer, component, dependency, "is not in this backup");
        return false;
    }
    if (target.folded) {
        const struct view from = selecting_component_text(selecting, writer, component);
        const struct view to = dependency_text(selecting, dependency);
        selecting_warn(selecting,
                       "%.*s depends on %.*s, which its writer spells in another letter case "
                       "(rules 4.3)",
                       VIEW_ARG(from), VIEW_ARG(to));
    }
    if (selecting_holds(target.writer, target.component)) {
        return false;
    }
    if (selecting->choices->with_dependencies == DEPENDENCIES_REFUSE) {
        dependency_unmet(selecting, writer, component, dependency,
                         "is not selected; select it too, or allow --with-dependencies auto");
        return false;
    }
    return dependency_add(selecting, writer, component, dependency, target);
}

/* A unit that is refused anyway brings nothing along. Its other members are not looked at. */
static bool is_refused(struct selecting *selecting, const struct writer_state *writer,
                       uint32_t component)
{
    uint32_t member = component;
    struct scope probe = {.root = component_tree_root(&writer->tree, component),
                          .members = &member,
                          .member_count = 1};
    probe.bcd_component = writer->tree.explicit_by[probe.root];
    return scope_check(selecting, writer, &probe);
}

static bool follow_component(struct selecting *selecting, struct writer_state *writer,
                             uint32_t component)
{
    const struct wmd_component *from = &writer->tree.wmd->components[component];
    bool added = false;
    writer->followed[component] = true;
    if (is_refused(selecting, writer, component)) {
        return false;
    }
    for (uint32_t i = 0; i < from->dependency_count; i++) {
        if (follow_one(selecting, writer, component, &from->dependencies[i])) {
            added = true;
        }
    }
    return added;
}

bool dependency_follow(struct selecting *selecting)
{
    bool added_any = false;
    bool added = selecting->choices->with_dependencies != DEPENDENCIES_IGNORE;
    while (added) {
        added = false;
        for (uint32_t i = 0; i < selecting->writer_count; i++) {
            struct writer_state *writer = &selecting->writers[i];
            for (uint32_t k = 0; k < component_tree_count(&writer->tree); k++) {
                if (writer->tree.wmd->components[k].dependency_count > 0 && !writer->followed[k] &&
                    selecting_holds(writer, k) && follow_component(selecting, writer, k)) {
                    added = true;
                }
            }
        }
        added_any = added_any || added;
    }
    return added_any;
}

/* --- dependencies in units that are refused --- */

/* Is there a refused unit that a member of scope depends on? *from and *to are set. */
static bool depends_on_refused(struct selecting *selecting, const struct selection *selection,
                               const struct scope *scope, uint32_t *from,
                               const struct vss_dependency **to)
{
    const struct writer_state *writer = &selecting->writers[scope->writer];
    for (uint32_t i = 0; i < scope->member_count; i++) {
        const struct wmd_component *member = &writer->tree.wmd->components[scope->members[i]];
        for (uint32_t k = 0; k < member->dependency_count; k++) {
            const struct vss_dependency *dependency = &member->dependencies[k];
            if (is_remote(dependency) || is_own_writer(writer, dependency)) {
                continue;
            }
            const struct target target = target_find(selecting, dependency);
            if (target.writer == NULL) {
                continue;
            }
            const uint32_t root = component_tree_root(&target.writer->tree, target.component);
            const uint32_t number = target.writer->scope[target.writer->tree.explicit_by[root]];
            if (number != MARK_NONE && selection->scopes[number].refusal != REFUSAL_NONE) {
                *from = scope->members[i];
                *to = dependency;
                return true;
            }
        }
    }
    return false;
}

/* True: a scope was refused. */
static bool settle_one(struct selecting *selecting, const struct selection *selection,
                       struct scope *scope)
{
    uint32_t from = 0;
    const struct vss_dependency *to = NULL;
    if (scope->refusal != REFUSAL_NONE ||
        !depends_on_refused(selecting, selection, scope, &from, &to)) {
        return false;
    }
    struct writer_state *writer = &selecting->writers[scope->writer];
    dependency_unmet(selecting, writer, from, to, "is refused itself");
    return selecting->choices->with_dependencies == DEPENDENCIES_REFUSE &&
           scope_check(selecting, writer, scope);
}

void dependency_settle(struct selecting *selecting, struct selection *selection)
{
    bool more = selecting->choices->with_dependencies != DEPENDENCIES_IGNORE;
    while (more) {
        more = false;
        for (uint32_t i = 0; i < selection->scope_count; i++) {
            if (settle_one(selecting, selection, &selection->scopes[i])) {
                more = true; /* those that depend on it in turn */
            }
        }
    }
}
