/* tree.h - the tree that the scan makes and the catalogue is cut from.
 *
 * One node for each directory looked into and each file wanted. A node stands in the catalogue
 * below `parent`, and is read from `source`: the same directory, but for what an alternatePath
 * provides (rules 5.2). Nodes live in the arenas of the scan's workers. */
#ifndef PACK_TREE_H
#define PACK_TREE_H

#include "base/view.h"
#include "media/index_format.h"
#include "plan/match.h"

/* Where a walk stands among the three kinds of sets. */
struct tree_places {
    struct match_place wanted;     /* what components want                          */
    struct match_place alternates; /* directories that alternatePaths name          */
    struct match_place excludes;   /* what their writers exclude (rules 5.7)        */
};

struct tree_directory {
    struct node **children; /* heap */
    uint32_t child_count;
    uint32_t kept_count;  /* the first of them are in the catalogue, in its order */
    uint32_t first_entry; /* the number of the first */
    size_t child_capacity;
    struct node *pending_next; /* the scan's stack */
    struct tree_places places;
    bool within; /* a recursive set reaches down here: it is wanted, whatever lies in it */
};

/* What few nodes have. */
struct tree_extra {
    struct view attributes; /* as FORMAT.md lays them down */
    struct view descriptor_name;
    struct view descriptor; /* security descriptor, or absent */
    struct view link_text;
    const struct index_range *ranges; /* record.range_count of them */
    uint64_t device, inode;           /* of a file with several names */
    bool linked;
};

struct node {
    struct node *parent;        /* NULL: a volume's root */
    const struct node *source;  /* the directory that it is read from; NULL: a volume's root */
    struct view name;           /* in the catalogue */
    struct view source_name;    /* in source */
    struct tree_directory *dir; /* of directories, else NULL */
    struct tree_extra *extra;   /* or NULL */
    uint32_t depth;             /* in source; the root's is 0 */
    uint32_t path_bytes;        /* of the path below the volume's root, in the catalogue */
    uint32_t entry;             /* number in the index */
    bool wanted;                /* goes on the media (the catalogue adds ancestors) */
    bool kept;                  /* it, or something below it, goes on the media     */
    bool protected;             /* for a component, not only because of --all       */
    bool replaced;              /* an alternatePath's file stands in for it         */
    struct index_entry record;  /* metadata; places and numbers come with the catalogue */
};

/* The path bytes of a child of this name. */
static inline size_t node_child_path_bytes(const struct node *directory, struct view name)
{
    return (size_t)directory->path_bytes + (directory->path_bytes > 0) + name.n;
}

/* The allocated or saved ranges of a file: a plain one has one of its whole size. */
static inline uint32_t node_range_count(const struct node *node)
{
    if ((node->record.flags & (INDEX_SPARSE | INDEX_PARTIAL)) != 0) {
        return node->record.range_count;
    }
    return node->record.size > 0 ? 1 : 0;
}

static inline struct index_range node_range(const struct node *node, uint32_t range)
{
    if ((node->record.flags & (INDEX_SPARSE | INDEX_PARTIAL)) != 0) {
        return node->extra->ranges[range];
    }
    return (struct index_range){0, node->record.size};
}

#endif
