/* order_links.h - which planned name of a hard-linked file brings the data (rules 5.11).
 *
 * Names of one file are linked to each other, also those of different units. But a second copy of
 * one media entry (another unit brings it to another place: ruling 8) never shares its data with
 * the first: two places of one file are two files. Such a copy, and the other names that its unit
 * brings to the same kind of place, are a group of their own. One thread. */
#ifndef PLAN_ORDER_LINKS_H
#define PLAN_ORDER_LINKS_H

#include "plan/draft.h"

struct order_links {
    const struct draft *draft;
    struct hash_map copies; /* media entry -> draft_file: its first copy              */
    struct hash_map apart;  /* group, unit, kind of place -> a draft_file: not linked to others */
    struct hash_map owners; /* the same, or the group alone -> draft_file: it brings the data */
};

/* Look for second copies. The draft is finished: places and refusals stand. It outlives out. */
void order_links_init(struct order_links *out, const struct draft *draft);
/* For a planned whole file with content and a link group, in plan order: the draft_file that it
 * is a further name of, or MARK_NONE: it brings the data itself. */
uint32_t order_links_take(struct order_links *links, uint32_t file);
void order_links_fini(struct order_links *links);

#endif
