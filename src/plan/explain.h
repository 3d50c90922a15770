/* explain.h - why one file goes where it goes, or why it is left out (contract, `explain`).
 *
 * A plan is made as for a restore, with notes about that file (trace.h); what every document says
 * of it stands beside them. Pure but for the questions of plan_facts. */
#ifndef PLAN_EXPLAIN_H
#define PLAN_EXPLAIN_H

#include "plan/plan.h"
#include "plan/trace.h"

struct explain_match { /* a file set or an exclude of some document that holds the file */
    bool exclude;
    const struct wmd *wmd;
    const struct wmd_component *component; /* NULL: of an exclude */
    const struct vss_file_set *set;
    struct view expanded; /* its path, with the values of %NAME%s; absent: it has none (Q8) */
    bool in_scope;
    struct view reason; /* of a file set: why its component is restored, or not */
};

struct explain_result { /* of a unit that the file belongs to */
    uint32_t unit;
    uint32_t stands_for; /* the unit whose record stands for it, or MARK_NONE (ruling 8) */
    struct view unit_text;
    enum plan_verdict verdict;
    enum refusal refusal;
    struct view rule, detail;
    struct view dest;      /* Windows path; of a refused unit where it would have gone; or absent */
    struct view unix_path; /* absent when nothing is planned there */
    enum plan_place place;
    enum plan_action action;
    bool planned; /* there is a record: place and action mean something */
};

struct explanation {
    struct arena arena;
    struct view asked;
    uint32_t entry; /* MARK_NONE: not on the media */
    struct view source;
    uint8_t kind;  /* enum index_kind */
    uint8_t flags; /* INDEX_... */
    uint64_t size;
    struct view
        *near; /* on the media, spelled the same but for letter case, or as far as it goes */
    uint32_t near_count;
    struct explain_match *matches;
    uint32_t match_count;
    struct trace trace;
    struct explain_result *results;
    uint32_t result_count;
    struct view *warnings; /* of the whole plan */
    uint32_t warning_count;
};

/* Explain the file of this Windows path. Its letter case does not matter where only one is meant;
 * of several that differ by case the one spelled so, else the first. Errors: SELECTION for a path
 * that names no one file, and what plan_create() has. A path that is not on the media is no error:
 * entry is MARK_NONE. *out is freed by explain_free(), also after an error. */
vsr_code plan_explain(struct explanation *out, const struct plan_input *input, struct view path,
                      vsr_error *error);
void explain_free(struct explanation *explanation);

/* For people, and as one JSON object. Added to out. */
void explain_render_text(const struct explanation *explanation, struct buffer *out);
void explain_render_json(const struct explanation *explanation, struct buffer *out);

#endif
