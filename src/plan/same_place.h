/* same_place.h - which files of a draft meet at one destination. */
#ifndef PLAN_SAME_PLACE_H
#define PLAN_SAME_PLACE_H

#include "plan/draft.h"

struct same_place {
    const struct draft *draft;
    struct hash_map map; /* of one place: folded name -> the group's first file */
    uint32_t *heads;     /* of groups with two files or more */
    uint32_t head_count;
    size_t head_capacity;
    uint32_t *next;    /* for each file: the next of its group, from 1; 0: none. NULL: no groups */
    uint32_t *members; /* of the group that was asked for last, ascending */
    size_t member_capacity;
};

/* Files with a place, directories left out. In the order of files within a place; the order of
 * places means nothing. Free with same_place_free(). */
void same_place_find(struct same_place *met, const struct draft *draft);
void same_place_free(struct same_place *met);

/* The group's files in plan order into met->members; how many. head: of met->heads. */
uint32_t same_place_members(struct same_place *met, uint32_t head);

#endif
