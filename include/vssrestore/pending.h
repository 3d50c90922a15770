/* pending.h - what restores of live trees left for the next boot: list it, carry it out. */
#ifndef VSSRESTORE_PENDING_H
#define VSSRESTORE_PENDING_H

#include "vssrestore/set.h"

#ifdef __cplusplus
extern "C" {
#endif

/** The folder of links to what waits on this machine; the system's package makes it, root owns
 *  it. A run notes its pending folders there when it is there and may be written. */
#define VSR_PENDING_REGISTRY "/var/lib/vssrestore/pending"

/** Set `size` to sizeof(vsr_pending_options), the rest to zero or what is meant. */
typedef struct vsr_pending_options {
    size_t size;
    const char *registry;       /**< NULL: VSR_PENDING_REGISTRY; "": none                  */
    vsr_message on_warning;     /**< about what cannot be opened or removed; or NULL       */
    void *context;              /**< of on_warning                                         */
    const volatile int *cancel; /**< apply ends between units after it becomes non-zero    */
} vsr_pending_options;

typedef struct vsr_pending_totals {
    uint64_t folders;                         /**< that hold something             */
    uint64_t records, done, failed, waiting;  /**< records are the three behind it */
    uint64_t units, units_done, units_failed; /**< that were not done before       */
    int exit_code;                            /**< interface contract, section 7   */
} vsr_pending_totals;

/** List what waits below these folders, each a run folder, a folder in which pending folders
 *  stand (a mapped volume's), or a pending folder itself; dir_count 0: what the registry names.
 *  Changes nothing. One record a line, through sink; the totals are not in it.
 *  @retval VSR_ERR_SELECTION  there is no such folder. */
VSR_API vsr_code vsr_pending_list(const char *const *dirs, size_t dir_count,
                                  const vsr_pending_options *options, vsr_format format,
                                  vsr_sink sink, void *context, vsr_pending_totals *totals,
                                  vsr_error *error);

/** Carry it out, in the order in which it was staged; a line for each record that was settled by
 *  this call. May be called again whenever, after a kill too: it ends the same. What fails is in
 *  *totals and its exit_code, not in the return value. Never boots the machine. */
VSR_API vsr_code vsr_pending_apply(const char *const *dirs, size_t dir_count,
                                   const vsr_pending_options *options, vsr_format format,
                                   vsr_sink sink, void *context, vsr_pending_totals *totals,
                                   vsr_error *error);

#ifdef __cplusplus
}
#endif
#endif
