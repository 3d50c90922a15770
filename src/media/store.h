/* store.h - a set that is no folder: its parts are read by functions of whoever keeps them.
 *
 * Parts are called as in a set's folder: "set.json", "index.bin", "documents/NAME", "packs/NAME".
 * Nothing that the functions say is believed: lengths are held against set.json, bytes against
 * their hashes, as those of files are. */
#ifndef MEDIA_STORE_H
#define MEDIA_STORE_H

#include "media/desk.h"
#include "media/source.h"

/* As of include/vssrestore/media.h. */
struct store_functions {
    int64_t (*read_at)(void *context, const char *name, uint64_t offset, void *bytes, size_t count);
    int (*size_of)(void *context, const char *name, uint64_t *bytes);
    void (*release)(void *context, const char *name); /* or NULL */
    void *context;
};

struct media_store {
    struct store_functions functions;
    const char *index_folder; /* where the index is held; NULL: in memory */
    uint64_t held_bytes;      /* of memory, by store_hold(): a file system keeps none of it */
    struct desk *desk;        /* who brings workers' reads to the caller's thread; NULL: they read
                                 themselves */
};

/* Which thread will read. */
enum store_reader {
    STORE_CALLER, /* the one that opens it */
    STORE_WORKERS /* any, through the desk if there is one */
};

/* On the caller's thread. *bytes: how long the part is. Errors: as part_open(), with errno. */
vsr_code store_open_part(const struct media_store *store, const char *name,
                         enum store_reader reader, struct source *out, uint64_t *bytes,
                         vsr_error *error);

/* Is it said not to be there? */
bool store_lacks(const struct media_store *store, const char *name);

/* A file without a name that holds all bytes of the part: in store->index_folder if that is given
 * and can hold one, else in memory. *fd is the caller's. Errors: MEDIA, MEDIA_UNREADABLE;
 * SELECTION, DEST_*: the folder. */
vsr_code store_hold(struct media_store *store, const char *name, uint64_t bytes, int *fd,
                    vsr_error *error);

#endif
