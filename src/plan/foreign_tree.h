/* foreign_tree.h - the places that another front end's plan names, as the catalogue of a set has
 * them: each folder's files, then its folders, in the order of their names.
 *
 * Grows name by name while the plan is read; then every node gets the number of its entry. Pure;
 * one thread. */
#ifndef PLAN_FOREIGN_TREE_H
#define PLAN_FOREIGN_TREE_H

#include "base/buffer.h"
#include "base/hash_map.h"
#include "media/index_format.h"

struct foreign_node {
    uint32_t parent; /* MARK_NONE: the top of a volume */
    uint32_t volume;
    uint64_t name_offset; /* in the tree's texts */
    uint32_t name_bytes;
    uint32_t first_child, next; /* MARK_NONE ends; newest first */
    uint32_t record;            /* that names it itself, or MARK_NONE: a folder on the way */
    bool is_directory;
};

struct foreign_tree {
    struct foreign_node *nodes; /* the volumes' tops first, in their order */
    uint32_t count;
    size_t capacity;
    struct buffer texts; /* names, and what else the index keeps in its blobs */
    struct hash_map names;
    struct buffer folder; /* of the record before, as it was spelled: records come by folder */
    uint32_t folder_volume, folder_node;
};

/* The top of the next volume. Before the first record. */
void foreign_tree_add_volume(struct foreign_tree *tree);

/* The node of a record at "/a/b", below a volume's top, one of its own. NULL, or why it cannot be
 * one: a sentence part, static. */
const char *foreign_tree_add(struct foreign_tree *tree, uint32_t volume, struct view rest,
                             bool is_directory, uint32_t record, uint32_t *node);
/* The node that stands there, or MARK_NONE. */
uint32_t foreign_tree_find(const struct foreign_tree *tree, uint32_t volume, struct view rest);

/* Number the nodes: numbers[node] is its entry, and entries, zeroed, has of each what its place
 * says: parent, volume, name; of folders all that an index has. Tops first, each folder's children
 * in a row behind all before. */
void foreign_tree_number(const struct foreign_tree *tree, uint32_t *numbers,
                         struct index_entry *entries);

void foreign_tree_free(struct foreign_tree *tree);

#endif
