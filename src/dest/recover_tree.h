/* recover_tree.h - a tree that stands at its place, file by file: ours, or somebody's? */
#ifndef DEST_RECOVER_TREE_H
#define DEST_RECOVER_TREE_H

#include "dest/stage_layout.h"
#include "plan/outcome.h"

/* Look at all files of the tree, of units that are laid out. Only where nothing of them was lost
 * since they were staged. 0; ESTALE: *theirs is not what was staged; another errno, at *theirs. */
int recover_tree_look(struct stage *stage, uint32_t tree, uint32_t *theirs);

/* It stays where it is, though its units fail: rows of files of it that stand there say so. */
void recover_tree_tell(struct stage *stage, uint32_t tree, struct outcome_row *rows);

#endif
