/* selecting.h - a selection while it is being made: what was asked for, by component. Inside
 * plan, shared by the files that make it: select.c asks, dependency.c adds what is needed
 * besides, scope.c turns the marks into scopes and refuses those that cannot be planned. */
#ifndef PLAN_SELECTING_H
#define PLAN_SELECTING_H

#include "base/err.h"
#include "plan/component_tree.h"
#include "plan/select.h"

struct writer_state {
    struct component_tree tree;
    /* For each entry of the Backup Components Document's writer: */
    bool *whole;          /* asked for with all that it brings     */
    bool *dropped;        /* excluded: stronger than everything    */
    struct view *missing; /* why its dependencies refuse it (4.9)  */
    struct view *because; /* why it was selected first, or absent  */
    uint32_t *scope;      /* index into selection.scopes, or MARK_NONE */
    /* For each component of the writer's document: */
    bool *chosen;   /* asked for below its root (4.4 select_sub)   */
    bool *left_out; /* excluded, below its root                    */
    bool *followed; /* its dependencies were looked at             */
};

struct selecting {
    struct arena *arena;
    const struct documents *documents;
    const struct plan_choices *choices; /* never NULL */
    struct writer_state *writers;       /* one for each of bcd.writers */
    uint32_t writer_count;
    struct vss_warnings warnings;
};

VSR_PRINTF(2, 3)
void selecting_warn(struct selecting *selecting, const char *format, ...);

/* Is the component in the scope of a selected root (4.6)? */
bool selecting_holds(const struct writer_state *writer, uint32_t component);

/* Is anything of the writer selected? */
bool selecting_touches(const struct writer_state *writer);

enum request {
    REQUEST_TAKEN,
    REQUEST_WIDENED, /* an ancestor was taken instead */
    REQUEST_NOT_IN_BACKUP,
    REQUEST_NOT_ALONE
};

/* Ask for one component (4.5); why: a sentence part. */
enum request selecting_request(struct writer_state *writer, uint32_t component, bool widen,
                               struct view why);
/* Keep why an entry is selected; the first reason stays. */
void selecting_because(struct writer_state *writer, uint32_t entry, struct view why);

/* Select what is mandatory besides, or warn of what is not selected (4.7). */
void mandatory_force(struct selecting *selecting);
void mandatory_warn(struct selecting *selecting);

/* "Writer: lp\name", for messages. */
struct view selecting_component_text(struct selecting *selecting, const struct writer_state *writer,
                                     uint32_t component);
struct view selecting_entry_text(struct selecting *selecting, const struct writer_state *writer,
                                 uint32_t entry);

/* Add what the selected components depend on, or note why they are refused (4.9), as
 * choices->with_dependencies says. True: something was added. */
bool dependency_follow(struct selecting *selecting);

/* Deal with units whose dependencies are in units that are refused themselves. */
void dependency_settle(struct selecting *selecting, struct selection *selection);

/* Give scope the first refusal that its documents call for, if any. True: it is refused. */
bool scope_check(struct selecting *selecting, const struct writer_state *writer,
                 struct scope *scope);

/* The marks as scopes, checked, in the order of the Backup Components Document, and why. */
void scope_make_all(struct selecting *selecting, struct selection *selection);

#endif
