/* join.h - which Writer Metadata Document each part of the BCD belongs to (rules 2.3). For
 * vss/ only. */
#ifndef VSS_JOIN_H
#define VSS_JOIN_H

#include "vss/documents.h"
#include "vss/place.h"

/* Fill documents->writer_wmd; mark components whose type differs (T74). Errors: DOCUMENT, two
 * WMDs with the same writer and instance id, both named. */
vsr_code documents_join(struct documents *documents, struct vss_warnings *warnings,
                        vsr_error *error);

#endif
