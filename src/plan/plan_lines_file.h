/* plan_lines_file.h - between plan_lines.c and plan_lines_file.c only: a plan in JSON lines while
 * it is read. */
#ifndef PLAN_PLAN_LINES_FILE_H
#define PLAN_PLAN_LINES_FILE_H

#include "plan/line_places.h"
#include "plan/line_reader.h"

struct lines_unit { /* what plan_unit has no room for */
    uint32_t first_component, component_count;
    uint32_t component; /* that the last record named */
    uint64_t file_count;
};

struct lines {
    struct line_reader reader;
    struct plan_build build;
    struct line_places places;
    const struct media_set *set;
    const struct documents *documents;
    struct lines_unit *units;
    uint64_t unit_count, file_count; /* as the first record says */
    struct plan head;                /* identities and sums, as the first and last record say */
    struct hash_map links;           /* link group (and unit, place) -> its first plan_file */
    struct hash_map targets;         /* directed destination -> its first plan_file */
    uint32_t unit;                   /* of the last file record */
};

static inline struct plan_text lines_text(struct lines *lines, struct view text)
{
    return plan_build_text(&lines->build, text);
}

/* A file record into lines->build. Faults are the reader's. */
void lines_read_file(struct lines *lines, line_object *record);

#endif
