/* parent.h - the set that an incremental backup adds to: `pack --parent`. */
#ifndef PACK_PARENT_H
#define PACK_PARENT_H

#include "pack/notice.h"
#include "vss/documents.h"

/* The uuid of the set in folder path, once it may be the parent of a set with these documents:
 * its backup type is one that theirs adds to (rules 7.1: full or incremental for an incremental
 * one, full for a differential one, any of these and logs for logs; nothing for a full one or a
 * copy). Warnings: no writer in common, which may be right where the set before the parent has it;
 * stamps that do not follow each other (7.3). Errors: SELECTION, MEDIA, DOCUMENT. */
vsr_code parent_find(const char *path, const struct documents *documents, struct notices *notices,
                     struct uuid *out, vsr_error *error);
/* The same of a set that is open, with its documents. */
vsr_code parent_check(const struct media_set *parent, const struct documents *of_parent,
                      const struct documents *documents, struct notices *notices, struct uuid *out,
                      vsr_error *error);

#endif
