/* turns.h - which of the groups that are ready to be published may appear now (rules 3.6).
 *
 * A system state appears in an order: boot files, COM+, SYSVOL and what is like it, the directory,
 * the registry last. So a run that ends early leaves no registry that speaks of files which are
 * not there. Groups of no system state are free; one that shares a tree with several appears with
 * the last of them. Control thread only. */
#ifndef RUN_TURNS_H
#define RUN_TURNS_H

#include "dest/stage.h"

struct turns {
    uint8_t *of_group; /* enum plan_turn of each */
    bool *ready;       /* those that were seen by turns_take() */
    uint32_t group_count;
    bool any; /* some group has one */
};

/* Of all groups of the stage. Freed by turns_fini(). */
void turns_init(struct turns *turns, const struct stage *stage);
void turns_fini(struct turns *turns);

/* A group that needs no turn any more: it has appeared before. */
void turns_pass(struct turns *turns, uint32_t group);

/* Put waiting groups into the order in which they are to appear. How many of them may: the others
 * wait for groups of earlier turns that are not ready yet. all: nothing else will be, they all
 * may. */
uint32_t turns_take(struct turns *turns, uint32_t *waiting, uint32_t count, bool all);

#endif
