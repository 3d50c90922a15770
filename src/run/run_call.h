/* run_call.h - how a run was called and what was said to writers and services before its copy, kept
 * in its journal as JSON, so that another process can go on with it. Control thread. */
#ifndef RUN_RUN_CALL_H
#define RUN_RUN_CALL_H

#include "run/conduct.h"

struct run_call {
    struct arena arena; /* owns everything below; of conduct: of_plan, too */
    struct conduct_options
        conduct; /* bcd_out, pending_registry, engine, stage (owner, cross_mounts,
                                       in_place), durability and profile */
    struct run_call_chain {
        const char **sets; /* absolute; NULL: it was read by functions */
        uint32_t set_count, step;
        bool strict;
    } chain;                       /* that it was a step of; set_count 0: of none */
    struct view players;           /* JSON text, as it was given; absent: nobody plays */
    struct view keep;              /* the caller's text; absent: none */
    struct dialogue_recall recall; /* but for its document */
};

/* Added to out. (The set's path stands in the plan.) */
void run_call_render(const struct conduct_options *options, const struct dialogue *dialogue,
                     struct buffer *out);

/* path: of the run folder, for messages. Errors: RUN_FOREIGN. *out is freed by run_call_free(),
 * also when it failed. */
vsr_code run_call_parse(struct run_call *out, struct view json, const char *path, vsr_error *error);
void run_call_free(struct run_call *call);

#endif
