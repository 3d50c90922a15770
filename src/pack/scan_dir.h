/* scan_dir.h - one worker of the scan, and its one job: a directory. */
#ifndef PACK_SCAN_DIR_H
#define PACK_SCAN_DIR_H

#include "pack/dir_chain.h"
#include "pack/meta.h"
#include "pack/scan.h"

struct scan_worker {
    struct scan *scan; /* shared: only notices, met marks and this worker's own arena change */
    struct arena *arena;
    struct dir_chain chain;
    struct meta_reader reader;
    struct demand_ids ids;
    struct buffer path;
    struct buffer labels;
    struct scan_alternate *alternates; /* heap */
    size_t alternate_count;
    size_t alternate_capacity;
};

void scan_worker_init(struct scan_worker *worker, struct scan *scan, struct arena *arena);
void scan_worker_fini(struct scan_worker *worker);

/* Read node's own metadata and make nodes of those of its children that are wanted, in bytes'
 * order of their names; subdirectories only as far as they are to be looked into. */
void scan_directory(struct scan_worker *worker, struct node *node);

#endif
