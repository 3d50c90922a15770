/* scope.c - units cut out of the marks, and the refusals that documents alone call for.
 *
 * A scope is one selected root with what it brings (rules 4.6). One that cannot be planned stays
 * in the list, refused by name, with its members as far as they are known: pack asks for them,
 * and a run reports them. Faults of place are found later, by the planner. */
#include "plan/selecting.h"

#include "base/limits.h"

/* --- refusals: the first check that speaks names it; document faults before all others --- */

static bool refuse(struct scope *scope, enum refusal refusal, const char *rule, struct view detail)
{
    scope->refusal = refusal;
    scope->rule = rule;
    scope->detail = detail;
    return true;
}

static bool refuse_fault(struct scope *scope, struct view fault, bool unknown)
{
    return view_present(fault) &&
           refuse(scope, unknown ? REFUSAL_DOCUMENT_UNKNOWN_WORD : REFUSAL_DOCUMENT_INVALID, "9.6",
                  fault);
}

typedef bool scope_rule(struct selecting *selecting, const struct writer_state *writer,
                        struct scope *scope);

static bool backup_type_is_unknown(struct selecting *selecting, const struct writer_state *writer,
                                   struct scope *scope)
{
    (void)writer;
    return refuse_fault(scope, selecting->documents->bcd.backup_type_fault, true);
}

static bool writer_document_is_missing(struct selecting *selecting,
                                       const struct writer_state *writer, struct scope *scope)
{
    if (writer->tree.wmd != NULL) {
        return false;
    }
    char id[UUID_TEXT_BYTES];
    char instance_id[UUID_TEXT_BYTES];
    uuid_text(&writer->tree.writer->writer_id, id);
    uuid_text(&writer->tree.writer->instance_id, instance_id);
    return refuse(scope, REFUSAL_WRITER_DOCUMENT_MISSING, "2.3",
                  arena_printf(selecting->arena,
                               "no Writer Metadata Document of writer %s, instance %s is among the "
                               "backup's documents",
                               id, instance_id));
}

static bool entry_is_faulty(struct selecting *selecting, const struct writer_state *writer,
                            struct scope *scope)
{
    (void)selecting;
    const struct bcd_component *entry = &writer->tree.writer->components[scope->bcd_component];
    return refuse_fault(scope, entry->fault, entry->fault_unknown);
}

static bool writer_is_faulty(struct selecting *selecting, const struct writer_state *writer,
                             struct scope *scope)
{
    (void)selecting;
    const struct wmd *wmd = writer->tree.wmd;
    return refuse_fault(scope, wmd->fault, wmd->fault_unknown) ||
           (view_present(writer->tree.fault) &&
            refuse(scope, REFUSAL_DOCUMENT_INVALID, "4.2", writer->tree.fault));
}

/* Rules 4.3: the documents must agree about the component; T74. */
static bool documents_disagree(struct selecting *selecting, const struct writer_state *writer,
                               struct scope *scope)
{
    const char *what = NULL;
    if (scope->root == MARK_NONE) {
        what = "its writer's document has no such component";
    } else if (writer->tree.doubled[scope->bcd_component]) {
        what = "the Backup Components Document has it twice";
    }
    if (what == NULL) {
        return false;
    }
    const struct view text = selecting_entry_text(selecting, writer, scope->bcd_component);
    return refuse(scope, REFUSAL_DOCUMENT_INVALID, "4.3",
                  arena_printf(selecting->arena, "%.*s: %s", VIEW_ARG(text), what));
}

static bool members_are_faulty(struct selecting *selecting, const struct writer_state *writer,
                               struct scope *scope)
{
    (void)selecting;
    for (uint32_t i = 0; i < scope->member_count; i++) {
        const struct wmd_component *member = &writer->tree.wmd->components[scope->members[i]];
        if (refuse_fault(scope, member->fault, member->fault_unknown)) {
            return true;
        }
    }
    return false;
}

/* One failed file fails the set; an absent mark is no failure (document-xml.md, 4). */
static bool backup_failed(struct selecting *selecting, const struct writer_state *writer,
                          struct scope *scope)
{
    if (writer->tree.writer->components[scope->bcd_component].backup_succeeded != FLAG_NO) {
        return false;
    }
    const struct view text = selecting_entry_text(selecting, writer, scope->bcd_component);
    if (selecting->choices->force_failed_backup) {
        selecting_warn(selecting,
                       "rule 4.12: the backup of %.*s did not succeed, and it is restored all the "
                       "same (--force-failed-backup): none of its files can be trusted",
                       VIEW_ARG(text));
        return false;
    }
    return refuse(scope, REFUSAL_BACKUP_FAILED, "4.12",
                  arena_printf(selecting->arena,
                               "%.*s: its backup did not succeed, so none of its files can be "
                               "trusted; take an older backup, or give --force-failed-backup",
                               VIEW_ARG(text)));
}

static bool dependency_is_missing(struct selecting *selecting, const struct writer_state *writer,
                                  struct scope *scope)
{
    (void)selecting;
    const struct view missing = writer->missing[scope->bcd_component];
    return view_present(missing) && refuse(scope, REFUSAL_DEPENDENCY_MISSING, "4.9", missing);
}

bool scope_check(struct selecting *selecting, const struct writer_state *writer,
                 struct scope *scope)
{
    static scope_rule *const rules[] = {
        backup_type_is_unknown, writer_document_is_missing, entry_is_faulty, writer_is_faulty,
        documents_disagree,     members_are_faulty,         backup_failed,   dependency_is_missing,
    };
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        if (rules[i](selecting, writer, scope)) {
            return true;
        }
    }
    return false;
}

/* --- members --- */

/* The entry whose scope holds the component, or MARK_NONE. */
static uint32_t holder(const struct writer_state *writer, uint32_t component)
{
    return selecting_holds(writer, component)
               ? writer->tree.explicit_by[component_tree_root(&writer->tree, component)]
               : MARK_NONE;
}

/* Members and chosen subcomponents of each entry, given room in by_entry and filled in order. */
static void fill_members(struct selecting *selecting, const struct writer_state *writer,
                         struct scope *by_entry)
{
    const uint32_t count = component_tree_count(&writer->tree);
    uint32_t *holders = ARENA_ARRAY(selecting->arena, uint32_t, count);
    for (uint32_t i = 0; i < count; i++) {
        holders[i] = holder(writer, i);
        if (holders[i] != MARK_NONE) {
            by_entry[holders[i]].member_count++;
            by_entry[holders[i]].subcomponent_count += writer->chosen[i] ? 1 : 0;
        }
    }
    for (uint32_t i = 0; i < writer->tree.writer->component_count; i++) {
        struct scope *scope = &by_entry[i];
        scope->by_subcomponents = !writer->whole[i] && scope->subcomponent_count > 0;
        scope->members = ARENA_ARRAY(selecting->arena, uint32_t, scope->member_count);
        scope->subcomponents = ARENA_ARRAY(selecting->arena, uint32_t, scope->subcomponent_count);
        scope->member_count = 0;
        scope->subcomponent_count = 0;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (holders[i] != MARK_NONE) {
            struct scope *scope = &by_entry[holders[i]];
            scope->members[scope->member_count++] = i;
            if (writer->chosen[i] && scope->by_subcomponents) { /* ruling 14: else the root won */
                scope->subcomponents[scope->subcomponent_count++] = i;
            }
        }
    }
}

/* What was excluded from under something that is restored leaves a unit that VSS does not know. */
static void mark_reduced(struct selecting *selecting, const struct writer_state *writer,
                         struct scope *by_entry)
{
    for (uint32_t i = 0; i < component_tree_count(&writer->tree); i++) {
        const uint32_t entry = writer->left_out[i] && writer->tree.parent[i] != MARK_NONE
                                   ? holder(writer, writer->tree.parent[i])
                                   : MARK_NONE;
        if (entry != MARK_NONE) {
            by_entry[entry].reduced = true;
            const struct view text = selecting_component_text(selecting, writer, i);
            selecting_warn(selecting,
                           "%.*s is left out of the set that it belongs to: what is restored is "
                           "no whole set, and its status will not be ALL",
                           VIEW_ARG(text));
        }
    }
}

static void make_scopes(struct selecting *selecting, uint32_t number, struct selection *selection)
{
    struct writer_state *writer = &selecting->writers[number];
    const uint32_t entries = writer->tree.writer->component_count;
    struct scope *by_entry = ARENA_ARRAY(selecting->arena, struct scope, entries);
    fill_members(selecting, writer, by_entry);
    mark_reduced(selecting, writer, by_entry);
    for (uint32_t i = 0; i < entries; i++) {
        struct scope scope = by_entry[i];
        writer->scope[i] = MARK_NONE;
        if (scope.member_count == 0 && (!writer->whole[i] || writer->dropped[i])) {
            continue;
        }
        scope.writer = number;
        scope.bcd_component = i;
        scope.wmd = selecting->documents->writer_wmd[number];
        scope.root = writer->tree.joined[i];
        scope.rule = scope.by_subcomponents ? "4.5" : "4.6";
        (void)scope_check(selecting, writer, &scope);
        writer->scope[i] = selection->scope_count;
        selection->scopes[selection->scope_count++] = scope;
    }
}

/* --- why --- */

/* For each entry: some component below it was asked for. */
static bool *chosen_below(struct selecting *selecting, const struct writer_state *writer)
{
    bool *out = ARENA_ARRAY(selecting->arena, bool, writer->tree.writer->component_count);
    for (uint32_t i = 0; i < component_tree_count(&writer->tree); i++) {
        const uint32_t root = writer->chosen[i] ? component_tree_root(&writer->tree, i) : MARK_NONE;
        if (root != MARK_NONE) {
            out[writer->tree.explicit_by[root]] = true;
        }
    }
    return out;
}

static enum reach reach_of(const struct writer_state *writer, const bool *chosen,
                           uint32_t component)
{
    const uint32_t root = component_tree_root(&writer->tree, component);
    if (root == MARK_NONE) {
        return REACH_NOT_IN_BACKUP;
    }
    if (selecting_holds(writer, component)) {
        return REACH_HELD;
    }
    const uint32_t entry = writer->tree.explicit_by[root];
    bool excluded = writer->dropped[entry];
    for (uint32_t at = component; at != root; at = writer->tree.parent[at]) {
        excluded = excluded || writer->left_out[at];
    }
    return excluded ? REACH_EXCLUDED : chosen[entry] ? REACH_NOT_CHOSEN : REACH_NOT_ASKED;
}

static void tell_why(struct selecting *selecting, struct selection *selection)
{
    selection->writers =
        ARENA_ARRAY(selecting->arena, struct selection_writer, selecting->writer_count);
    for (uint32_t w = 0; w < selecting->writer_count; w++) {
        const struct writer_state *writer = &selecting->writers[w];
        const uint32_t count = component_tree_count(&writer->tree);
        const bool *chosen = chosen_below(selecting, writer);
        struct selection_writer *out = &selection->writers[w];
        *out = (struct selection_writer){.reach = ARENA_ARRAY(selecting->arena, uint8_t, count),
                                         .root = ARENA_ARRAY(selecting->arena, uint32_t, count),
                                         .because = writer->because};
        for (uint32_t i = 0; i < count; i++) {
            const uint32_t root = component_tree_root(&writer->tree, i);
            out->reach[i] = (uint8_t)reach_of(writer, chosen, i);
            out->root[i] = root == MARK_NONE ? MARK_NONE : writer->tree.explicit_by[root];
        }
    }
}

/* UNDEFINED and OTHER say nothing of what the masks ask for: held to a full backup (7.9). */
static void warn_of_type(struct selecting *selecting)
{
    const struct bcd *bcd = &selecting->documents->bcd;
    if (bcd->backup_type == BACKUP_UNDEFINED || bcd->backup_type == BACKUP_OTHER) {
        selecting_warn(selecting,
                       "rule 7.9: %.*s does not tell of which type the backup is (%s); files that "
                       "components name are demanded as of a full one",
                       VIEW_ARG(bcd->file_name), vss_backup_type_text(bcd->backup_type));
    }
}

void scope_make_all(struct selecting *selecting, struct selection *selection)
{
    size_t entries = 0;
    for (uint32_t i = 0; i < selecting->writer_count; i++) {
        entries += selecting->writers[i].tree.writer->component_count;
    }
    selection->scopes = ARENA_ARRAY(selecting->arena, struct scope, entries);
    for (uint32_t i = 0; i < selecting->writer_count; i++) {
        make_scopes(selecting, i, selection);
    }
    if (selection->scope_count > 0) {
        warn_of_type(selecting);
    }
    tell_why(selecting, selection);
}
