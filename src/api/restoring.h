/* restoring.h - one restore of a set, behind the calls that begin one or go on with one. */
#ifndef API_RESTORING_H
#define API_RESTORING_H

#include "api/writers.h"
#include "run/step.h"

struct progress_sink {
    const vsr_restore_options *options;
};

struct restoring {
    vsr_restore_options options;
    struct progress_sink progress;
    struct players players;
    struct buffer players_text; /* who plays, for whoever goes on with the run */
    struct media_set *media;
};

/* options are taken; the set's packs are opened here, so that a set that was only looked into holds
 * none. */
vsr_code restoring_open(struct restoring *r, const vsr_set *set, vsr_error *error);

struct engine_options restoring_engine(const vsr_restore_options *given);

/* What a step of a restore is told; good while r is. */
struct step_options restoring_options(struct restoring *r, const struct plan_choices *choices);

/* begun: *report is made, else made is freed. */
void restoring_end(struct restoring *r, bool begun, struct vsr_report *made, vsr_report **report);

#endif
