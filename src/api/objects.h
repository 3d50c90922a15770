/* objects.h - what the opaque handles of include/vssrestore hold. */
#ifndef API_OBJECTS_H
#define API_OBJECTS_H

#include "plan/plan.h"
#include "report/report.h"
#include "run/plan_now.h"
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
    bool unasked;    /* of another front end, and nobody asked yet what stands at its places */
    bool from_lines; /* loaded from JSON lines, which lack what only a document's end needs */
    enum refusal *refusals; /* of a loaded plan, once asked again; else NULL */
};

struct vsr_chain {
    struct arena arena;
    struct chain chain; /* judged; no steps: the set stands alone */
    const char **paths;
    const struct vsr_set *const *sets; /* that the caller has opened; NULL: they stand at paths */
    const char **run_dirs;             /* of the steps that have run; NULL: not yet */
    uint32_t count;
    bool look_only;
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

/* A caller's choices as the planner has them, folders absolute, in the arena or borrowed. Errors:
 * USAGE, SELECTION. */
vsr_code choices_take(struct arena *arena, const vsr_choices *given, struct plan_choices *out,
                      vsr_error *error);

/* USAGE for the plan of another front end, which has no documents to choose from, but is one plan
 * as it stands. */
vsr_code set_needs_documents(const struct vsr_set *set, vsr_error *error);

/* The choices that count in a step, in which others match nothing, and its runs before, in the
 * arena; all of them, and no runs, where the chain is only looked at. Errors: USAGE: a step before
 * has not run. */
vsr_code chain_step_choices(struct arena *arena, const struct vsr_chain *chain, uint32_t step,
                            const struct vsr_set *set, struct plan_choices *choices,
                            vsr_error *error);

/* A caller's registry (pending.h): NULL is the system's, "" none. */
const char *pending_registry_of(const char *given);

/* All of a caller's choices for a set, those that count in its step of a chain (step->chain NULL:
 * of none). choices may be an older, shorter struct. Errors: as choices_take(), SELECTION. */
vsr_code choices_take_all(struct arena *arena, const vsr_choices *choices,
                          const struct vsr_set *set, struct plan_choices *out,
                          struct plan_step *step, vsr_error *error);

#endif
