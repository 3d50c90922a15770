/* dir_chain.h - the open directories on the way to one node.
 *
 * A walk in tree order opens about one directory a step: what the last way and the next have in
 * common stays open. Links are not followed. One thread at a time; at most DIR_CHAIN_FDS_MAX
 * descriptors, fewer where the process may not have as many for all its walks. */
#ifndef PACK_DIR_CHAIN_H
#define PACK_DIR_CHAIN_H

#include "base/limits.h"
#include "pack/source.h"
#include "pack/tree.h"

struct dir_chain {
    const struct sources *sources;
    int fds[DIR_CHAIN_FDS_MAX]; /* O_PATH; [0] is borrowed from the volume */
    const struct node *nodes[DIR_CHAIN_FDS_MAX];
    uint32_t count;
    uint32_t count_max;
    const struct node **way; /* heap: from the root to the node */
    size_t way_capacity;
};

/* walk_count: how many chains there will be at a time. */
void dir_chain_init(struct dir_chain *chain, const struct sources *sources, uint32_t walk_count);
void dir_chain_fini(struct dir_chain *chain);

/* A descriptor (O_PATH, the chain's, good until the next call) of the directory from which a
 * node's children are read. -1: errno. directory stands in the scanned tree (source chain). */
int dir_chain_open(struct dir_chain *chain, const struct node *directory);

#endif
