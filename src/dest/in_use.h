/* in_use.h - what this running system has open, locked, swapped to or looped over (rules 8.3).
 *
 * Read from /proc and /sys once, however many files are asked about afterwards. What the system
 * does not let us see (other users' descriptors, without privilege) is not in it. For probe.c;
 * control thread only. */
#ifndef DEST_IN_USE_H
#define DEST_IN_USE_H

#include <stdint.h>

struct in_use_table;

/* Look now. The caller's, freed by in_use_free(). */
struct in_use_table *in_use_read(void);
void in_use_free(struct in_use_table *table);

/* Why the file counts as in use, static; NULL: nothing is known of it. */
const char *in_use_reason(const struct in_use_table *table, uint64_t device, uint64_t inode);

#endif
