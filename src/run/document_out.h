/* document_out.h - the Backup Components Document as it stands after the run (rules 6.10, 9.3;
 * contract, rulings 2, 6, 35). Control thread. */
#ifndef RUN_DOCUMENT_OUT_H
#define RUN_DOCUMENT_OUT_H

#include "report/report.h"
#include "vss/documents.h"

/* Can it be written to path at the end? Asked before the first byte moves; NULL: yes. */
vsr_code document_out_check(const char *path, vsr_error *error);

/* Write the document with statuses, selections and used mappings to path (NULL: as
 * backup-components.xml in dir_fd). The set's own copy is never touched. */
vsr_code document_out_write(const struct documents *documents, const struct plan *plan,
                            const struct report *report, int dir_fd, const char *path,
                            vsr_error *error);

#endif
