/* pending_session.h - pending folders opened with their journals, and their records in the order
 * in which they are carried out: run by run as they were made, within a run by number. Control
 * thread only. */
#ifndef RUN_PENDING_SESSION_H
#define RUN_PENDING_SESSION_H

#include "dest/sync_child.h"
#include "run/pending_journal.h"
#include "run/pending_links.h"

struct pending_session {
    struct view path;
    struct pending_folder folder;
    struct pending_journal journal;
    struct pending_content content;
    struct sync_child syncer; /* so that a signal need not wait for a sync */
    int write_fault;          /* why what became of the last unit is not written down; or 0 */
};

struct pending_step {
    struct pending_session *session;
    struct pending_item *item;
};

struct pending_sessions {
    struct pending_session *list;
    uint32_t count;
    struct pending_step *steps; /* of records that count */
    uint32_t step_count;
    vsr_code code; /* of the first that could not be opened, or OK */
};

/* The order in which runs are carried out: as they were made. */
int pending_identity_compare(const struct pending_identity *a, const struct pending_identity *b);

/* Sentences about folders that could not be opened; they do not stop the others. */
typedef void pending_message(void *context, struct view sentence);

/* Open what there is of paths; what has been carried out and is gone is left out, and told where it
 * is still registered. to_change: locked. */
void pending_sessions_open(struct pending_sessions *out, const struct pending_paths *paths,
                           bool to_change, pending_message *message, void *context);
void pending_sessions_close(struct pending_sessions *sessions);

/* How many steps from first on are of its unit (and run). */
uint32_t pending_unit_steps(const struct pending_sessions *sessions, uint32_t first);

/* The name of a step's unit; its texts are empty when the journal has none. */
const struct pending_unit *pending_unit_of(const struct pending_step *step);

#endif
