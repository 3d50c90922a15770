/* pending_hold.h - what a run leaves for the next boot: one pending folder for each mapped volume
 * with staged files, each with its journal (rules 8.4-8.6).
 *
 * Publishing calls it: a unit is kept before anything of it is seen, dropped when it fails after
 * all, and counts from its commit on. Nothing of a unit that could not be kept is left. Control
 * thread only. */
#ifndef RUN_PENDING_HOLD_H
#define RUN_PENDING_HOLD_H

#include "dest/publish.h"

struct pending_hold;

/* rows: of every planned file; their losses, and the stage's, take those of folders. log: where
 * publishing's own records go. cancel: a signal's number, asked where much is read or moved; or
 * NULL. All arguments are borrowed while it lives. */
struct pending_hold *pending_hold_create(struct stage *stage, const struct uuid *run,
                                         struct outcome_row *rows, const struct publish_log *log,
                                         const volatile int *cancel);

/* Of a run that goes on: pending folders that it has made already are taken over, with what
 * counts in them of units that were published; other files go back into staging, all else goes.
 * published: for each unit. After stage_fill(), before it is seen what is staged. Errors: those
 * of pending_journal_open(), DEST_*, CANCELLED. */
vsr_code pending_hold_adopt(struct pending_hold *hold, const bool *published, vsr_error *error);

/* What publishing is given: the log, and what waits beside it. Good while hold lives. */
struct publish_log pending_hold_log(struct pending_hold *hold);

/* The run ends: folders without a unit that counts are removed. The others are linked to in the
 * run folder (pending/NAME-N) and, where it is there and may be written, in the registry of what
 * is carried out while booting (NULL: none). How many folders there are, and how many of them
 * are registered. Errors: DEST_* when the run folder cannot hold the links, with
 * the folders' paths. */
struct pending_held {
    uint32_t folders, registered;
};
vsr_code pending_hold_end(struct pending_hold *hold, int run_dir_fd, const char *registry,
                          struct pending_held *held, vsr_error *error);

/* Journals are unlocked; what they hold stays. NULL is nothing. */
void pending_hold_free(struct pending_hold *hold);

#endif
