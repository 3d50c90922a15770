/* plan.h - from documents to a flat plan: one record for each file, before anything is written.
 *
 * A plan is immutable; several threads may read it, and it may be run more than once. It
 * borrows the set that it was made for. */
#ifndef VSSRESTORE_PLAN_H
#define VSSRESTORE_PLAN_H

#include "vssrestore/set.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct vsr_chain vsr_chain; /* chain.h */

typedef enum vsr_additional_restores {
    VSR_ADDITIONAL_RESTORES_KNOWN = 0, /**< as the chain says; of a set alone: not told */
    VSR_ADDITIONAL_RESTORES_YES = 1,   /**< more is to follow */
    VSR_ADDITIONAL_RESTORES_NO = 2
} vsr_additional_restores;

typedef enum vsr_dependencies {
    VSR_DEPENDENCIES_AUTO = 0, /**< what a component needs from other writers comes along */
    VSR_DEPENDENCIES_REFUSE = 1,
    VSR_DEPENDENCIES_IGNORE = 2
} vsr_dependencies;

typedef enum vsr_overwrite {
    VSR_OVERWRITE_NEVER = 0,
    VSR_OVERWRITE_IF_NEWER = 1,
    VSR_OVERWRITE_ALWAYS = 2
} vsr_overwrite;

/** What counts as in use on a live tree, and is therefore not replaced. */
typedef enum vsr_in_use {
    VSR_IN_USE_STRICT = 0, /**< open, locked, executed, swapped to, or not known */
    VSR_IN_USE_LEASE = 1,  /**< no write lease is given                          */
    VSR_IN_USE_IGNORE = 2  /**< nothing                                          */
} vsr_in_use;

/** What is restored and where to, as text in the forms of the command line. Set `size` to
 *  sizeof(vsr_choices), the rest to zero or what is meant. All strings are borrowed during the
 *  call only. */
typedef struct vsr_choices {
    size_t size;
    const char *const *components; /**< WRITER or WRITER:FULL\NAME; none: all explicit ones */
    size_t component_count;
    const char *const *exclude_components;
    size_t exclude_component_count;
    const char *const *files; /**< only these files of the selected components */
    size_t file_count;
    const char *const *volumes; /**< SPEC=DIR */
    size_t volume_count;
    const char *root;               /**< for volumes without SPEC, or NULL */
    const char *const *environment; /**< NAME=value */
    size_t environment_count;
    const char *const *new_targets; /**< WRITER:FULL\NAME|path|filespec|yes/no|newpath */
    size_t new_target_count;
    const char *const *restore_targets; /**< WRITER:FULL\NAME=original|alternate|... */
    size_t restore_target_count;
    const char *const *restore_options; /**< WRITER:FULL\NAME=text, for the writer */
    size_t restore_option_count;
    const char *private_dir; /**< private restore below this folder, or NULL */
    vsr_dependencies dependencies;
    int widen;
    int force_mandatory;
    int mapping_overwrite_never; /**< --alm-overwrite never */
    int live_tree;               /**< --tree live */
    int unprotected;
    vsr_overwrite overwrite; /**< for files of no component */
    int cross_mounts;
    vsr_in_use in_use;
    const char *files_not_to_backup; /**< file with a FilesNotToBackup list, for files of no
                                          component; or NULL */
    int in_place; /**< ranges are written into files themselves, not into a copy that replaces
                       them */
    vsr_additional_restores additional_restores;
    const char *const *after; /**< folders of runs that this one continues, oldest first: what
                                   they restored is no obstacle, what they did not restore whole
                                   is refused */
    size_t after_count;
    const vsr_chain *chain; /**< that the set is a step of (chain.h), or NULL */
    size_t chain_step;
    int services;            /**< somebody stops services: needed for method 3 on a live tree */
    int force_failed_backup; /**< restore components, too, whose backup is recorded as failed */
} vsr_choices;

typedef struct vsr_plan vsr_plan;

/** Resolve a set's documents for these choices, looking at the destinations, writing nothing.
 *  Units that the documents or the places do not allow are in the plan, refused by name; the call
 *  fails only for what was typed (VSR_ERR_SELECTION), unreadable destinations, or documents that
 *  no plan can be made of (VSR_ERR_DOCUMENT). *plan is the caller's. */
VSR_API vsr_code vsr_plan_create(vsr_plan **plan, const vsr_set *set, const vsr_choices *choices,
                                 vsr_error *error);

/** Why one file (a Windows path) goes where these choices send it, or why it is left out: what the
 *  documents say of it, the rules in the order in which they decided, and its place. Text for
 *  people, or one JSON object. *on_media: 0 when the media do not hold it, which the explanation
 *  says as well; NULL: not asked. @retval VSR_ERR_SELECTION path names no one file; else as of
 *  vsr_plan_create(). */
VSR_API vsr_code vsr_explain(const vsr_set *set, const vsr_choices *choices, const char *path,
                             vsr_format format, vsr_sink sink, void *context, int *on_media,
                             vsr_error *error);

/** Load a plan that vsr_plan_save() wrote, or one in JSON lines (vsr_plan_render()): the file's
 *  first bytes tell which. set: the set it was made for; another one is VSR_ERR_RUN_FOREIGN, and
 *  so is a file that is no plan; VSR_ERR_SELECTION: there is no file. vsr_plan_set_path() tells
 *  where it was. Of a plan that another front end made with media of its own (vssrestore-plan(5))
 *  the set is the plan's file itself. */
VSR_API vsr_code vsr_plan_load(vsr_plan **plan, const vsr_set *set, const char *path,
                               vsr_error *error);
/** Ask every question about the destinations again, as a run of a loaded plan must: a unit whose
 *  answers differ from the plan's is refused when it is run, and never moved. A plan with media of
 *  its own holds no answers: they are had by this call, so that it comes before a run of it. */
VSR_API vsr_code vsr_plan_refresh(vsr_plan *plan, vsr_error *error);
/** For vsr_plan_load(), whole or not at all. @retval VSR_ERR_SELECTION path can be no file's, or is
 *  in the set; VSR_ERR_DEST_... it cannot be written. */
VSR_API vsr_code vsr_plan_save(const vsr_plan *plan, const char *path, vsr_error *error);
/** What vsr_plan_save() writes, through sink: bytes in parts, no lines. They are to end in a file:
 *  vsr_plan_load() reads no other. */
VSR_API vsr_code vsr_plan_write(const vsr_plan *plan, vsr_sink sink, void *context,
                                vsr_error *error);
/** The set's folder as the plan in file path names it, into out (at least 4096 bytes); path itself
 *  for a plan with media of its own.
 *  @retval VSR_ERR_USAGE  it is in none: functions read it (media.h). */
VSR_API vsr_code vsr_plan_set_path(const char *path, char *out, size_t out_bytes, vsr_error *error);
VSR_API void vsr_plan_free(vsr_plan *plan);

typedef struct vsr_plan_totals {
    uint64_t units, refused_units, files, bytes, warnings;
} vsr_plan_totals;
VSR_API void vsr_plan_count(const vsr_plan *plan, vsr_plan_totals *totals);

/** What the planner has to say that stops nothing; on_warning is called for each sentence. */
VSR_API void vsr_plan_warnings(const vsr_plan *plan, vsr_message on_warning, void *context);

/** JSON: the lines of interface contract, section 4. Text: a table of units and warnings. */
VSR_API vsr_code vsr_plan_render(const vsr_plan *plan, vsr_format format, vsr_sink sink,
                                 void *context, vsr_error *error);

/** Compare what stands at the destinations with the plan: type, size, content, modify time and
 *  hard-link identity. on_difference is called for each. Writes nothing.
 *  @retval VSR_OK and *differences == 0: all as planned. */
VSR_API vsr_code vsr_plan_verify(const vsr_plan *plan, vsr_message on_difference, void *context,
                                 uint64_t *differences, vsr_error *error);

#ifdef __cplusplus
}
#endif
#endif
