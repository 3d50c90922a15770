/* media_fixture_maker.h - between the files of the media fixture only: a set while it is made. */
#ifndef MEDIA_FIXTURE_MAKER_H
#define MEDIA_FIXTURE_MAKER_H

#include "media_fixture.h"

struct fixture_node {
    struct view name;
    uint32_t parent; /* node; MARK_NONE for a root */
    uint32_t volume;
    const struct fixture_file *file; /* NULL: a directory that was made as needed */
    uint32_t entry;                  /* its number in the index */
};

struct fixture_tree {
    struct fixture_node *nodes;
    size_t count, capacity;
};

struct fixture_maker {
    const struct fixture *fixture;
    struct fixture_tree tree;
    uint32_t *node_of; /* by entry */
    struct index_build build;
    struct set_writer *writer;
    struct uuid uuid;
    uint32_t small_max, shared_bytes, piece_bytes;
    struct buffer frame;    /* plain bytes of the shared frame that is open */
    uint64_t frame_chunk;   /* the first chunk that lies in it */
    char *stored, *scratch; /* for frame_encode() */
};

/* media_fixture_index.c: the tree of the fixture's files, and an index record for each of them. */
void maker_tree(struct fixture_maker *maker, const struct set_volume *volumes,
                uint32_t volume_count);

/* media_fixture_packs.c: a member for each record, frames, packs, and where the chunks lie. */
void maker_packs(struct fixture_maker *maker);

#endif
