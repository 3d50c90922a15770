/* pending_apply.h - what waits for the next boot, carried out (rules 8.5). May be called again
 * whenever, after a kill too: it ends the same. Control thread only. */
#ifndef RUN_PENDING_APPLY_H
#define RUN_PENDING_APPLY_H

#include "run/pending_session.h"

struct pending_apply_options {
    const char *registry;       /* whose links to finished folders go; or NULL */
    const volatile int *cancel; /* a signal's number: no unit is begun any more; or NULL */
    pending_message *message;   /* about folders that cannot be opened or removed */
    /* After each record that was carried out, or failed, before it is on stable storage. */
    void (*on_step)(void *context, const struct pending_step *step);
    void *context;
};

struct pending_sums {
    uint64_t folders, records, done, failed, waiting; /* records = the three behind it */
    uint64_t units, units_done, units_failed;         /* units with something left to do */
    int exit_code;                                    /* contract, section 7 */
};

/* Unit by unit: everything of it is checked first, and if one of its records cannot be carried
 * out, none is begun; one that fails all the same stops the rest of its unit, and no other.
 * Folders of which nothing is left to do are removed. */
void pending_apply(const struct pending_paths *paths, const struct pending_apply_options *options,
                   struct pending_sums *sums);

/* The same sums of what is there, nothing changed; on_step for each record, in order. */
void pending_list(const struct pending_paths *paths, const struct pending_apply_options *options,
                  struct pending_sums *sums);

#endif
