/* index_trim.h - keeps a mapped index from counting as memory of the process.
 *
 * An index is a few hundred bytes a file, is gone through several times, and never needed as a
 * whole. What is gone through stays in the page cache; only the process lets go of it. */
#ifndef MEDIA_INDEX_TRIM_H
#define MEDIA_INDEX_TRIM_H

#include <stddef.h>
#include <stdint.h>

struct index_trim; /* heap */

/* Of a read-only mapping of a file. NULL: it is small, or there is no thread to be had; nothing is
 * lost but memory. */
struct index_trim *index_trim_begin(void *mapping, size_t bytes);

/* Before the mapping goes. NULL is nothing. */
void index_trim_end(struct index_trim *trim);

/* Let go of it now. Any thread. NULL is nothing. */
void index_trim_now(const struct index_trim *trim);

/* At step `at` of a loop that goes through records, too fast for the thread to keep up. */
static inline void index_trim_pass(const struct index_trim *trim, uint64_t at)
{
    if (trim != NULL && (at & 0x7fff) == 0x7fff) {
        index_trim_now(trim);
    }
}

#endif
