/* walk.h - plans and reports record by record, as structs: what vsr_plan_render() and report.jsonl
 * say in JSON.
 *
 * Structs begin with `size`, how much of them this library has filled: they grow at their end. What
 * they point to is good during the call that gets them. A function returns 0, or another number to
 * end the walk (VSR_ERR_CANCELLED). */
#ifndef VSSRESTORE_WALK_H
#define VSSRESTORE_WALK_H

#include "vssrestore/plan.h"

#ifdef __cplusplus
extern "C" {
#endif

/** What is restored as one, or refused. Words are those of vssrestore-plan(5). */
typedef struct vsr_plan_unit {
    size_t size;
    uint64_t id;
    const char *writer, *instance; /**< ids; NULL: files of no component, or, of a plan with media
                                        of its own, not said there */
    const char *writer_name;       /**< NULL as with the ids */
    const char *logical_path;      /**< "": none; NULL as with the ids */
    const char *component;         /**< or NULL */
    const char *type;              /**< "database", "filegroup"; or NULL                  */
    const char *method;            /**< or NULL                                           */
    const char *target;            /**< or NULL                                           */
    const char *verdict;
    const char *error;  /**< why it is refused: a name of the contract; or NULL */
    const char *rule;   /**< that decided, "6.6/2"; or NULL                    */
    const char *detail; /**< a sentence to the error; or NULL                  */
    int involve_writer;
    uint64_t files, bytes;
} vsr_plan_unit;

typedef struct vsr_plan_range {
    uint64_t source, dest, length;
} vsr_plan_range;

typedef struct vsr_plan_file {
    size_t size;
    uint64_t unit;                /**< id of its unit                                     */
    const char *component;        /**< "logical path\name"; NULL: of none                 */
    const char *kind;             /**< "plain", "directory", ...                          */
    const char *source;           /**< Windows path; NULL: a folder that the media have not */
    const char *dest;             /**< Windows path                                       */
    const char *path;             /**< on this machine, as its bytes are                  */
    const char *place;            /**< "original", "alternate", ...                       */
    const char *action;           /**< "create", "replace", ...                           */
    uint64_t bytes;               /**< of content to be written                           */
    const vsr_plan_range *ranges; /**< of a partial or directed file; else NULL    */
    uint64_t range_count;
} vsr_plan_file;

/** Either function may be NULL. Units are told first, then files, in the plan's order.
 *  @retval VSR_ERR_CANCELLED  a function ended the walk. */
VSR_API vsr_code vsr_plan_walk(const vsr_plan *plan,
                               int (*on_unit)(void *context, const vsr_plan_unit *unit),
                               int (*on_file)(void *context, const vsr_plan_file *file),
                               void *context, vsr_error *error);

/** How a planned file ended. */
typedef struct vsr_row {
    size_t size;
    uint64_t unit;       /**< its number in the plan, and in vsr_report_unit() */
    const char *source;  /**< Windows path; or NULL                            */
    const char *path;    /**< on this machine, as its bytes are                */
    const char *outcome; /**< "RESTORED", ... (vssrestore-run(1))              */
    uint64_t bytes;      /**< written                                          */
    int os_errno;        /**< 0: none                                          */
    const char *detail;  /**< or NULL                                          */
} vsr_row;

/** The rows of the run in folder run_dir, which has ended, in the plan's order.
 *  @retval VSR_ERR_SELECTION  there are none: it is no run folder, or its run has not ended;
 *  @retval VSR_ERR_RUN_FOREIGN they are damaged; VSR_ERR_CANCELLED on_row ended the walk. */
VSR_API vsr_code vsr_run_walk(const char *run_dir, int (*on_row)(void *context, const vsr_row *row),
                              void *context, vsr_error *error);

#ifdef __cplusplus
}
#endif
#endif
