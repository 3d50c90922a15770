/* set_documents.h - the documents that a set keeps, read from its own copies and joined. */
#ifndef PLAN_SET_DOCUMENTS_H
#define PLAN_SET_DOCUMENTS_H

#include "media/set.h"
#include "vss/documents.h"

/* Each copy is checked against its hash in set.json. On success the caller frees *out with
 * documents_free(); on failure it is empty. Errors: MEDIA, MEDIA_UNREADABLE, DOCUMENT. The set
 * need be open without its index only. */
vsr_code set_documents_load(struct documents *out, const struct media_set *set, vsr_error *error);

#endif
