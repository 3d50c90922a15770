/* scan.h - walk the volumes' trees and find what is wanted, with its metadata. */
#ifndef PACK_SCAN_H
#define PACK_SCAN_H

#include "pack/demand.h"
#include "pack/notice.h"
#include "pack/source.h"

/* What an alternatePath provides: a file or directory read at `node`, wanted for `demand` at its
 * normal path (rules 5.2). */
struct scan_alternate {
    const struct node *node;
    uint32_t demand;
};

struct scan {
    struct demands *demands;
    const struct sources *sources;
    struct notices *notices;
    bool include_all;
    uint64_t skip_device, skip_inode; /* a directory that is not looked into: the set itself */
    struct node **roots;              /* one for each volume */
    struct arena *arenas;             /* one for each worker: the nodes live here */
    uint32_t arena_count;
    struct scan_alternate *alternates; /* by demand, then path */
    size_t alternate_count;
    size_t alternate_capacity;
};

/* Walk all volumes with worker_count threads. demands, include_all and skip_* are filled by the
 * caller. What cannot be read becomes a warning and is not in the tree. Every file in it could
 * be opened. */
void scan_run(struct scan *scan, uint32_t worker_count);
void scan_free(struct scan *scan);

/* "C:\data\a.mdf", as the catalogue spells it; for messages. */
struct view scan_path(const struct sources *sources, const struct node *node, struct buffer *out);

/* The demands that want the file or directory at a catalogue node, found again from its path. */
void scan_demands_of(const struct demands *demands, const struct node *node,
                     struct demand_ids *ids);

#endif
