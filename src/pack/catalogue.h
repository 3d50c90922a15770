/* catalogue.h - the wanted nodes in the order of the index, numbered (FORMAT.md, section 3). */
#ifndef PACK_CATALOGUE_H
#define PACK_CATALOGUE_H

#include "media/set_write.h"
#include "pack/scan.h"

struct catalogue {
    struct node **nodes; /* heap: by entry number */
    uint32_t entry_count;
    struct node **directories; /* heap: each before what it holds; the order of the members */
    uint32_t directory_count;
    struct arena arena; /* nodes that alternatePaths made */
};

/* Put what alternatePaths provide at its normal path (rules 5.2), add ancestors (ruling 20), sort
 * and number, find hard links, warn of names (ruling 21). build gets volumes and entries; what
 * lies in other sections (names, chunks ...) comes with the members, in their order.
 * Errors: SELECTION, more entries than a set can hold. Freed by catalogue_free(). */
vsr_code catalogue_make(struct catalogue *catalogue, struct scan *scan, struct index_build *build,
                        vsr_error *error);
void catalogue_free(struct catalogue *catalogue);

/* Is the entry a further name of a file whose data stand at another one? */
static inline bool catalogue_is_link(const struct index_entry *entry, uint32_t number)
{
    return entry->link_group != UINT32_MAX && entry->link_group != number;
}

#endif
