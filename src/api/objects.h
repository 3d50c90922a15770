/* objects.h - what the opaque handles of include/vssrestore hold. */
#ifndef API_OBJECTS_H
#define API_OBJECTS_H

#include "plan/plan.h"
#include "report/report.h"
#include "vss/documents.h"
#include "vssrestore/vssrestore.h"

struct vsr_set {
    struct media_set media;
    struct documents documents;
    char uuid[UUID_TEXT_BYTES];
};

struct vsr_plan {
    const struct vsr_set *set;
    struct plan *plan;
    bool from_lines; /* loaded from JSON lines, which lack what only a document's end needs */
    enum refusal *refusals; /* of a loaded plan, once asked again; else NULL */
};

struct vsr_report {
    struct report report;
};

/* Hand text to a caller's sink. An errno that it returns becomes err_sys(DEST_IO). */
vsr_code sink_give(vsr_sink sink, void *context, struct view text, vsr_error *error);

/* Copy a caller's options (NULL: all zero) into our own struct. Options grow at their end: what a
 * caller with an older header does not have is zero; what we do not know must be zero. */
vsr_code options_take(void *own, size_t own_bytes, const void *theirs, const char *name,
                      vsr_error *error);

#endif
