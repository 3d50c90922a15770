/* mandatory.c - what the rules want restored besides what was asked for (rules 4.7): a writer's
 * components that nobody may leave out, and all of a system state where some of it is.
 *
 * Not forced but for --force-mandatory, which is also how a whole system state is asked for: name
 * one of its components and give it. Dependencies are dependency.c's. */
#include "plan/selecting.h"

#include "base/limits.h"

/* A root that must come along whenever anything of its writer is restored: not selectable, and
 * nothing above it is. */
static bool is_mandatory(const struct component_tree *tree, uint32_t entry)
{
    for (uint32_t at = tree->joined[entry]; at != MARK_NONE; at = tree->parent[at]) {
        if (tree->wmd->components[at].selectable) {
            return false;
        }
    }
    return tree->joined[entry] != MARK_NONE;
}

static bool is_system_state(const struct component_tree *tree, uint32_t entry)
{
    const uint32_t component = tree->joined[entry];
    return component != MARK_NONE &&
           (tree->wmd->usage == USAGE_BOOTABLE_SYSTEM_STATE ||
            tree->wmd->usage == USAGE_SYSTEM_SERVICE) &&
           (tree->wmd->components[component].component_flags & COMPONENT_FLAG_NOT_SYSTEM_STATE) ==
               0;
}

/* Is the entry selected, as a whole or by one of its subcomponents? */
static bool entry_is_touched(const struct writer_state *writer, uint32_t entry)
{
    bool touched = writer->whole[entry] && !writer->dropped[entry];
    for (uint32_t i = 0; i < component_tree_count(&writer->tree) && !touched; i++) {
        touched = writer->chosen[i] && selecting_holds(writer, i) &&
                  component_tree_root(&writer->tree, i) == writer->tree.joined[entry];
    }
    return touched;
}

/* Is some of the system state selected that may not be restored on its own? */
static bool touches_system_state(const struct selecting *selecting)
{
    for (uint32_t i = 0; i < selecting->writer_count; i++) {
        const struct writer_state *writer = &selecting->writers[i];
        const bool independent = writer->tree.wmd == NULL || (writer->tree.wmd->backup_schema &
                                                              SCHEMA_INDEPENDENT_SYSTEM_STATE) != 0;
        for (uint32_t k = 0; k < writer->tree.writer->component_count && !independent; k++) {
            if (is_system_state(&writer->tree, k) && entry_is_touched(writer, k)) {
                return true;
            }
        }
    }
    return false;
}

typedef void entry_visit(struct selecting *selecting, struct writer_state *writer, uint32_t entry,
                         bool system_state);

/* Visit each root that the rules call mandatory and that is not selected. */
static void visit_mandatory(struct selecting *selecting, entry_visit *visit)
{
    const bool system_state = touches_system_state(selecting);
    for (uint32_t i = 0; i < selecting->writer_count; i++) {
        struct writer_state *writer = &selecting->writers[i];
        const bool touched = selecting_touches(writer);
        for (uint32_t k = 0; k < writer->tree.writer->component_count; k++) {
            const bool system = system_state && is_system_state(&writer->tree, k);
            if ((!writer->whole[k] || writer->dropped[k]) &&
                (system || (touched && is_mandatory(&writer->tree, k)))) {
                visit(selecting, writer, k, system);
            }
        }
    }
}

static void warn_of_one(struct selecting *selecting, struct writer_state *writer, uint32_t entry,
                        bool system_state)
{
    const struct view text = selecting_entry_text(selecting, writer, entry);
    selecting_warn(selecting,
                   system_state ? "system state is restored in part: %.*s is not selected; its "
                                  "writers expect all of it at once (rules 4.7; "
                                  "--force-mandatory adds it)"
                                : "%.*s is mandatory for its writer and not selected "
                                  "(rules 4.7; --force-mandatory adds it)",
                   VIEW_ARG(text));
}

static void force_one(struct selecting *selecting, struct writer_state *writer, uint32_t entry,
                      bool system_state)
{
    (void)selecting;
    writer->whole[entry] = true; /* one that is dropped stays so */
    selecting_because(writer, entry,
                      system_state ? VIEW("system state is restored at once (--force-mandatory)")
                                   : VIEW("it is mandatory for its writer (--force-mandatory)"));
}

void mandatory_force(struct selecting *selecting)
{
    visit_mandatory(selecting, force_one);
}

void mandatory_warn(struct selecting *selecting)
{
    visit_mandatory(selecting, warn_of_one);
}
