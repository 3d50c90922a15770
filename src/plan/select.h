/* select.h - which components are restored, under which root, and why (rules, section 4).
 *
 * Pass 1 of planning (rules 2.6): from documents and choices to scopes. A root is an explicit
 * component of the Backup Components Document; its scope is what it brings with it (4.6).
 * Pure. Also asked by `pack`: what everything explicit would bring. */
#ifndef PLAN_SELECT_H
#define PLAN_SELECT_H

#include "plan/choices.h"
#include "plan/refusal.h"

struct scope {              /* one selected root: a unit of the plan (4.6, 6.1) */
    uint32_t writer;        /* index into bcd.writers                                  */
    uint32_t bcd_component; /* index into that writer's components                     */
    uint32_t wmd;           /* index into documents.wmds, or MARK_NONE (refused)       */
    uint32_t root;          /* index into the wmd's components, or MARK_NONE (refused) */
    uint32_t *members;      /* wmd component indices, ascending; the root included, unless
                             * by_subcomponents (4.5). Also of a refused scope, as far as known */
    uint32_t member_count;
    bool by_subcomponents;   /* AddRestoreSubcomponent: members are the chosen ones and what
                              * stands below them (4.5, 4.6) */
    uint32_t *subcomponents; /* the chosen ones, as asked for, ascending */
    uint32_t subcomponent_count;
    bool reduced;         /* --exclude-component took members out: what is restored is no whole
                           * set, and its status is NONE; unlike --file, that counts (exit 3) */
    enum refusal refusal; /* REFUSAL_NONE, or why this root cannot be planned */
    struct view detail;   /* the sentence to the refusal */
    const char *rule;     /* "4.5": of the refusal, or else of the selection */
};

/* Why a component is restored or not, for those who ask about one (explain). */
enum reach {
    REACH_HELD,          /* it is in the scope of a selected root              */
    REACH_NOT_IN_BACKUP, /* neither it nor anything above it was backed up     */
    REACH_NOT_ASKED,     /* its root is not selected                           */
    REACH_NOT_CHOSEN,    /* of its root only other subcomponents were asked for */
    REACH_EXCLUDED
};

struct selection_writer { /* of a writer of the Backup Components Document */
    uint8_t *reach;       /* for each component of its document: enum reach */
    uint32_t *root;       /* likewise: its entry, or MARK_NONE              */
    struct view *because; /* for each entry: why it is selected, or absent  */
};

struct selection {
    struct selection_writer *writers; /* in the order of the Backup Components Document */
    struct scope *scopes;             /* in the order of the Backup Components Document */
    uint32_t scope_count;
    struct view *warnings; /* 4.7 mandatory members, 4.9 dependencies, ruling 6 ... */
    uint32_t warning_count;
};

/* Selection of choices (NULL: everything explicit, 4.9 not followed) into the arena.
 *
 * A root and one of its subcomponents both asked for: the root (ruling 14). An excluded root is
 * dropped with all that it brings, and nothing adds it again. An excluded member that came
 * implicitly is dropped with all below it; VSS knows no such restore, so the scope is `reduced`,
 * and a warning says so.
 *
 * A backup in volume mode has no scopes (2.10).
 *
 * Errors: SELECTION for a selector that names nothing known, something that is not in this
 * backup (COMPONENT_NOT_IN_BACKUP) or that cannot be restored alone (NOT_RESTORABLE_ALONE, 4.5).
 * Components that cannot be planned become scopes with a refusal; document faults name it before
 * BACKUP_FAILED, and that before DEPENDENCY_MISSING. */
vsr_code select_components(struct arena *arena, const struct documents *documents,
                           const struct plan_choices *choices, struct selection *out,
                           vsr_error *error);

/* The nearest explicit ancestor-or-self of a component (4.3): index into the BCD writer's
 * components, or MARK_NONE. Costs a pass over the writer's components. */
uint32_t select_root_of(const struct documents *documents, uint32_t writer, uint32_t component);

/* Is the component with full name `ancestor` an ancestor of one at this logical path (4.3)?
 * Element-wise, without regard to case; "data" is none of "database\x" (T09). */
bool select_is_ancestor(struct view ancestor_full, struct view logical_path);

#endif
