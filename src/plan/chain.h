/* chain.h - several backups that make one restore: a full one and what was saved since (rules
 * 7.1 to 7.3).
 *
 * A chain is a list of steps, oldest first; each is restored by a plan and a run of its own. Here
 * is what shows in the steps' documents alone: whether their order is one, which components a
 * later step holds again (T68), and which cannot be restored by this chain (writers that must not
 * mix, stamps that do not follow each other). Pure; one thread at a time; all memory is the
 * chain's. */
#ifndef PLAN_CHAIN_H
#define PLAN_CHAIN_H

#include "base/hash_map.h"
#include "media/set.h"
#include "vss/documents.h"

struct chain_component {
    struct view stamp, previous_stamp; /* opaque (7.3); absent: none */
    uint32_t key;                      /* chain_key: the same component in other steps */
    uint32_t before;                   /* its number in the step before that has it, or MARK_NONE */
    uint32_t step, writer;
    /* Judged: */
    bool more;           /* a later step restores it, or a part of it, again      */
    struct view invalid; /* why this chain cannot restore it; absent: it can      */
    const char *rule;    /* of that; static                                       */
};

struct chain_writer {
    struct uuid id;
    struct view instance_name; /* or absent    */
    struct view name;          /* for messages */
    uint32_t schema;
    uint32_t first_component; /* in chain.components; in the document's order */
    uint32_t component_count;
};

struct chain_step {
    struct view name; /* the set's folder, or what it is called, for messages */
    bool in_folder;   /* the former: it is found again there. False until somebody says so */
    struct uuid set, parent;
    enum vss_backup_type type;
    struct view type_text;
    struct chain_writer *writers; /* as in struct bcd */
    uint32_t writer_count;
};

struct chain_key { /* a component, or what stands above one, by its identity in all steps */
    struct uuid writer_id;
    struct view instance_name;
    struct view full_name; /* "lp\name" */
    uint32_t above;        /* the key one element shorter, or MARK_NONE */
    uint32_t newest;       /* chain_component, or MARK_NONE: only something below it is one */
    uint32_t steps_itself; /* number of the last step with the component, from 1; 0: none */
    uint32_t steps_below;  /* the same of the components at or below it */
    struct view invalid;
    const char *rule;
};

struct chain {
    struct arena arena;
    struct chain_step *steps; /* oldest first */
    uint32_t step_count;
    size_t step_capacity;
    struct chain_component *components;
    uint32_t component_count;
    size_t component_capacity;
    struct chain_key *keys;
    uint32_t key_count;
    size_t key_capacity;
    struct hash_map by_name;
    struct view *warnings;
    uint32_t warning_count;
    size_t warning_capacity;
    bool strict; /* as it was judged */
};

/* The next step; everything is copied. name: for messages. */
void chain_add(struct chain *chain, struct view name, const struct set_description *set,
               const struct documents *documents);
void chain_free(struct chain *chain);

/* Is this an order (7.1)? The first is a full backup (alone, it may be anything); incremental and
 * differential ones follow, of the latter one at most, then logs; each names a parent, if any,
 * that stands before it, and no other of its kind in between. A copy is never a base. continues:
 * a run of before has restored what the first one adds to, and the parent of any may be missing.
 * Errors: SELECTION. */
vsr_code chain_check_order(const struct chain *chain, bool continues, vsr_error *error);

/* Can child be packed on parent, by their types? Errors: SELECTION. */
vsr_code chain_check_parent(const struct chain_step *parent, const struct chain_step *child,
                            vsr_error *error);

/* Is some writer in both? */
bool chain_shares_writer(const struct chain_step *one, const struct chain_step *other);

/* Fill what is judged of each component, and the warnings. strict: stamps that do not fit make a
 * component invalid, in every step; else each is a warning (Q13). Once, when all steps are in. */
void chain_judge(struct chain *chain, bool strict);

/* What is judged of a component of a step, by its place in the step's documents. */
static inline const struct chain_component *chain_component_at(const struct chain *chain,
                                                               uint32_t step, uint32_t writer,
                                                               uint32_t bcd_component)
{
    return &chain->components[chain->steps[step].writers[writer].first_component + bcd_component];
}

#endif
