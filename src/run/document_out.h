/* document_out.h - the Backup Components Document as a restore tells it, from the selection to the
 * statuses (rules 2.4, 6.10, 9.3; contract, rulings 2, 6, 35, 40). Control thread.
 *
 * One object through a whole restore: selected before the writers' PreRestore, with what they
 * changed laid into it, with statuses before their PostRestore, written at the end. The set's own
 * copy is never touched (rules 2.8). */
#ifndef RUN_DOCUMENT_OUT_H
#define RUN_DOCUMENT_OUT_H

#include "report/report.h"
#include "vss/documents.h"

/* In the run folder: as it stood after PreRestore (rules 2.8), and at the end. */
#define DOCUMENT_PRE_RESTORE "backup-components-pre-restore.xml"
#define DOCUMENT_FINAL       "backup-components.xml"

struct document_out;

/* Can it be written to path at the end? Asked before the first byte moves; NULL: yes.
 * Errors: DEST_*; SELECTION for a place in the set itself, or one that is no file's. */
vsr_code document_out_check(const char *path, const struct media_set *set, vsr_error *error);

/* silent: a private restore; nothing is recorded, the bytes stay the same (T47). documents are
 * borrowed until document_out_close(), to which the caller owes *out. */
vsr_code document_out_open(struct document_out **out, const struct documents *documents,
                           bool silent, vsr_error *error);
/* The same from a document that was written after document_out_select(): what is selected in it is
 * selected already. Errors: RUN_FOREIGN: it is not of these documents. */
vsr_code document_out_reopen(struct document_out **out, const struct documents *documents,
                             bool silent, struct view bytes, vsr_error *error);
void document_out_close(struct document_out *out);

/* Select the plan's units that have a writer to tell, and lay in what the caller asked for. What an
 * earlier restore left is taken out first (ruling 35). left_out: for each unit, true: not this
 * one; NULL: none. Selected once, a unit stays so. */
vsr_code document_out_select(struct document_out *out, const struct plan *plan,
                             const bool *left_out, vsr_error *error);

/* Select all units; lay in their statuses (report NULL: nothing was restored), mappings that
 * were used and ranges files that stand elsewhere. Once. */
vsr_code document_out_result(struct document_out *out, const struct plan *plan,
                             const struct report *report, vsr_error *error);

/* The document, to lay in what writers changed; it stays out's. */
struct bcd_document *document_out_inside(struct document_out *out);

/* Write it, in the byte form that was read, to path (NULL: as dir_fd/name); durable: synced. */
vsr_code document_out_write(const struct document_out *out, int dir_fd, const char *name,
                            const char *path, bool durable, vsr_error *error);

#endif
