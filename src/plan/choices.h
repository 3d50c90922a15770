/* choices.h - what the caller asked for, as typed (contract, sections 2 and 3), and the same
 * resolved against the documents.
 *
 * Raw choices are borrowed text. Resolution names every selector that matches nothing, before
 * anything else happens. Pure. */
#ifndef PLAN_CHOICES_H
#define PLAN_CHOICES_H

#include "vss/documents.h"
#include "vss/volumes.h"

struct choice_pair { /* 'SPEC=DIR', 'NAME=value' split at the first '=' outside the spec */
    struct view left;
    struct view right;
};

enum with_dependencies { DEPENDENCIES_AUTO, DEPENDENCIES_REFUSE, DEPENDENCIES_IGNORE };
enum tree_kind { TREE_OFFLINE, TREE_LIVE };
enum in_use { IN_USE_STRICT, IN_USE_LEASE, IN_USE_IGNORE }; /* rules 8.3; live trees alone */
enum overwrite { OVERWRITE_NEVER, OVERWRITE_IF_NEWER, OVERWRITE_ALWAYS };

struct plan_choices {
    const char *const *components; /* WRITER or WRITER:FULL\NAME */
    uint32_t component_count;
    const char *const *exclude_components;
    uint32_t exclude_component_count;
    const char *const *files; /* --file patterns */
    uint32_t file_count;
    enum with_dependencies with_dependencies;
    bool widen;
    bool force_mandatory;
    bool force_failed_backup;   /* units whose backup is recorded as failed (4.12) */
    const char *private_dir;    /* or NULL */
    const char *const *volumes; /* SPEC=DIR */
    uint32_t volume_count;
    const char *root;               /* or NULL */
    const char *const *environment; /* NAME=value */
    uint32_t environment_count;
    const char *const *new_targets; /* WRITER:FULL\NAME|path|filespec|recursive|newpath */
    uint32_t new_target_count;
    const char *const *restore_targets; /* WRITER:FULL\NAME=original|... */
    uint32_t restore_target_count;
    const char *const *restore_options;
    uint32_t restore_option_count;
    bool services;            /* somebody stops and starts services (rules 6.6/3) */
    int additional_restores;  /* -1 not said, 0 no, 1 yes */
    bool alm_overwrite_never; /* Q5 */
    enum tree_kind tree;
    enum in_use in_use;
    bool unprotected;
    enum overwrite overwrite;
    const char *const *not_to_backup; /* lines of --files-not-to-backup (plan/not_to_backup.h) */
    uint32_t not_to_backup_count;
    bool cross_mounts;
    bool in_place;
    const char *const *after; /* folders of the runs that this one follows, oldest first */
    uint32_t after_count;
    bool no_component; /* nothing at all: a step of a chain without any of the chosen components */
};

/* A component by place in the documents, or a whole writer (both components MARK_NONE). */
struct component_ref {
    uint32_t writer;    /* index into bcd.writers */
    uint32_t component; /* index into its wmd's components, or MARK_NONE */
    /* Index into the bcd writer's components, for one that the writer's document lacks (or that
     * has no writer document): it can be named, and is then refused by name. Else MARK_NONE. */
    uint32_t bcd_component;
    bool folded; /* spelled in another letter case than typed: worth a warning (rules 4.3) */
};

/* WRITER in a selector (contract, section 2) is, in any letter case, a writer's class id (bare or
 * in braces), its friendly name, or one of the two, '@' and the instance's name or id. FULL\NAME
 * is compared exactly, else without regard to case where that is unique (rules 4.3).
 *
 * What stands for several instances: a bare id or friendly name that several writers answer to
 * selects all of them where whole writers are selected; with a component it is an error, which
 * names the instances, if the component exists in more than one of them. */

/* Resolve 'WRITER' or 'WRITER:FULL\NAME'; ruling 11: the longest known writer is matched first,
 * then the longest known component, then the separator. rest: what stands behind the separator
 * that followed, for '=' and '|' forms, absent when none followed; NULL: nothing may follow.
 * Errors: SELECTION, naming the selector and what is known; also when it stands for several
 * writers, and with COMPONENT_NOT_IN_BACKUP for a writer of which nothing was backed up. */
vsr_code choice_resolve(const struct documents *documents, struct view text, char separator,
                        struct component_ref *out, struct view *rest, vsr_error *error);

/* The same for selection, where a whole writer may be several instances: *out holds *count
 * (at least one), in the order of the Backup Components Document, in the arena. */
vsr_code choice_resolve_all(struct arena *arena, const struct documents *documents,
                            struct view text, struct component_ref **out, uint32_t *count,
                            vsr_error *error);

/* Does the selector stand for something that was backed up here, be it for several? */
bool choice_is_known(const struct documents *documents, struct view text, char separator);

/* 'WRITER=...': whole writers, like the one before, and what stands behind the separator. Errors:
 * SELECTION, also when it names a component. */
vsr_code choice_resolve_writers(struct arena *arena, const struct documents *documents,
                                struct view text, char separator, struct component_ref **out,
                                uint32_t *count, struct view *rest, vsr_error *error);

#endif
