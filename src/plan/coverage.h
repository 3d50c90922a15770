/* coverage.h - which bytes of a file the media hold (rules 7.7, 7.8, T52). Pure. */
#ifndef PLAN_COVERAGE_H
#define PLAN_COVERAGE_H

#include "media/index.h"

struct coverage {
    uint32_t entry;             /* whose data these are; MARK_NONE: nobody's yet */
    struct index_range *ranges; /* heap; in order, apart; of a whole file the one */
    uint32_t count;
    size_t capacity;
};

#define COVERAGE_NONE ((struct coverage){.entry = MARK_NONE})

/* The entry with a file's data: the first one of its link group. entry: an INDEX_FILE. */
static inline uint32_t coverage_data_entry(const struct media_index *index, uint32_t entry)
{
    const uint32_t group = index->entries[entry].link_group;
    return group != MARK_NONE ? group : entry;
}

/* Make *coverage that of an INDEX_FILE; nothing to do when it is already. */
void coverage_of(struct coverage *coverage, const struct media_index *index, uint32_t entry);

/* Does it hold all of these bytes? Of none always. */
bool coverage_holds(const struct coverage *coverage, uint64_t offset, uint64_t length);

void coverage_free(struct coverage *coverage);

#endif
