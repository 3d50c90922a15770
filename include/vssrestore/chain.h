/* chain.h - several backup sets that make one restore: a full one, then what was saved since.
 *
 * Each set is a step with a plan, a run and a report of its own; a step is planned when the one
 * before has run:
 *
 *     vsr_chain_open(&chain, paths, count, &options, &error);
 *     vsr_chain_check(chain, &choices, NULL, &error);
 *     for (size_t i = 0; i < vsr_chain_count(chain); i++) {
 *         choices.chain = chain;
 *         choices.chain_step = i;
 *         ... vsr_set_open(&set, vsr_chain_path(chain, i), ...), vsr_plan_create(), ...
 *         ... vsr_restore_run(&report, ...) ...
 *         vsr_chain_note(chain, i, report);
 *     }
 *
 * A component that a step did not leave whole is refused in all later ones (CHAIN_INVALID); what
 * earlier steps laid down is no obstacle to later ones. One thread at a time. */
#ifndef VSSRESTORE_CHAIN_H
#define VSSRESTORE_CHAIN_H

#include "vssrestore/plan.h"
#include "vssrestore/report.h"
#include "vssrestore/writers.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Set `size` to sizeof(vsr_chain_options), the rest to zero or what is meant. */
typedef struct vsr_chain_options {
    size_t size;
    const char *const *set_folders; /**< where parents are looked for, besides beside the set  */
    size_t set_folder_count;
    int strict;             /**< 1: backup stamps that do not follow each other refuse what bears
                                 them; else each is a warning                                  */
    int continues;          /**< 1: the run of before has restored what the first step adds to:
                                 it need be no full backup, and its parents are not looked for */
    vsr_message on_warning; /**< or NULL */
    void *context;
    int look_only; /**< 1: the last set alone is planned, or explained, on what stands at the
                        destinations now: no step before it needs to have run, and a parent that
                        is not found is a warning */
} vsr_chain_options;

/** paths: the sets, oldest first; or one alone, whose parents are then looked for by their uuid,
 *  in the folder where it stands and in set_folders. Blocks.
 *  @retval VSR_ERR_SELECTION  the sets are no chain in this order; a parent is not found (unless
 *                             look_only): the message names its uuid and where it was looked
 *                             for.
 *  @retval VSR_ERR_MEDIA, VSR_ERR_MEDIA_UNREADABLE, VSR_ERR_DOCUMENT  of a set. */
VSR_API vsr_code vsr_chain_open(vsr_chain **chain, const char *const *paths, size_t path_count,
                                const vsr_chain_options *options, vsr_error *error);
VSR_API void vsr_chain_close(vsr_chain *chain);

/** How many steps there are; 1: a set that stands alone. */
VSR_API size_t vsr_chain_count(const vsr_chain *chain);
/** The folder of a step's set; good while the chain is open. */
VSR_API const char *vsr_chain_path(const vsr_chain *chain, size_t step);

/** Before anything is written: do the choices, and the programs that play writers (writers may be
 *  NULL), fit the steps? Nobody is asked anything yet. A selector must match in one of them
 *  at least; in a step where it matches nothing it is passed over.
 *  @retval as vsr_plan_create() of the step that fails. */
VSR_API vsr_code vsr_chain_check(const vsr_chain *chain, const vsr_choices *choices,
                                 const vsr_writers *writers, vsr_error *error);

/** The step has run. */
VSR_API void vsr_chain_note(vsr_chain *chain, size_t step, const vsr_report *report);
/** The same, by its run folder: for a chain that another process goes on with. */
VSR_API void vsr_chain_note_run(vsr_chain *chain, size_t step, const char *run_dir);

#ifdef __cplusplus
}
#endif
#endif
