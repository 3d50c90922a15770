/* probe.h - what a destination holds and what it can do: answers for the planner, and the
 * abilities that staging and the engine choose their calls by. */
#ifndef DEST_PROBE_H
#define DEST_PROBE_H

#include "dest/root.h"
#include "plan/facts.h"
#include "plan/plan.h"

/* Answers to plan/facts.h for the mapped roots, which are opened read-only; a root below --root
 * that is not there yet answers "does not exist" and is not made. Directories are listed once
 * and looked up folded. */
struct probe;

/* Who knows what waits for the next boot: told of each pending folder that is met on the way, then
 * asked as plan_facts.waits is. */
struct probe_waiting {
    void *context;
    void (*met)(void *context, int dir_fd, const char *name);
    const char *(*find)(void *context, uint64_t device, uint64_t inode, struct view rest);
};

struct probe_options {
    bool cross_mounts;
    enum tree_kind tree;
    enum in_use in_use;                  /* of a live tree: what counts as in use (rules 8.3) */
    const struct probe_waiting *waiting; /* borrowed while the probe lives; NULL: nobody knows */
};
vsr_code probe_open(struct probe **out, const struct plan_mapped_root *roots, uint32_t root_count,
                    const struct probe_options *options, vsr_error *error);
struct plan_facts probe_facts(struct probe *probe);
void probe_close(struct probe *probe);

/* What a mount can do, tried out on it in the staging folder before the first byte. */
struct dest_abilities {
    bool rename_noreplace;
    bool rename_exchange;
    bool hard_links;
    bool direct_write; /* O_DIRECT opens and writes */
    uint32_t direct_align_bytes;
    uint32_t block_bytes; /* what it allocates and shares by */
    bool reflinks;        /* blocks can be shared between files (FICLONERANGE) */
    bool uncached_write;  /* RWF_DONTCACHE */
    bool user_xattrs;
    bool folds_names;   /* names that differ by case are one */
    bool is_fuse;       /* syncfs does not reach the server: staged files are fsynced */
    bool memory_backed; /* tmpfs: large writes go plain, nothing survives a power cut anyway */
};
/* DEST_FULL: there is no room to try; renames and links are then taken to work, for whoever has to
 * take something back. */
vsr_code probe_abilities(int staging_fd, struct dest_abilities *out, vsr_error *error);

#endif
