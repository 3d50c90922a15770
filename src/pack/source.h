/* source.h - the volumes that pack reads from: what they are called and where they stand.
 *
 * Opened once, before anything is read; then immutable. Any thread may read. */
#ifndef PACK_SOURCE_H
#define PACK_SOURCE_H

#include "base/err.h"
#include "media/set.h"
#include "vss/volumes.h"

struct source_volume {
    struct set_volume named; /* as it goes into set.json */
    struct view dir;         /* as given                 */
    int fd;                  /* its top directory, O_RDONLY | O_DIRECTORY */
    uint64_t device, inode, mount_id;
    uint32_t
        shown; /* bits: which of the attributes that no list shows its file system has (meta.h) */
};

/* Where a volume hangs in another one: "recursion follows mounted folders" (rules 5.11). */
struct source_mount {
    uint32_t host;     /* volume */
    struct view below; /* the mount folder, below the host's root */
    uint32_t volume;
};

struct sources {
    struct source_volume *volumes; /* in the arena */
    uint32_t volume_count;
    struct volume_table table;
    struct source_mount *mounts;
    uint32_t mount_count;
};

/* Open what "SPEC=DIR" name. Several SPECs for one directory are one volume. Strings go into the
 * arena. Errors: SELECTION (no such form, taken twice, no directory). Closed by sources_close(),
 * also after a failure. */
vsr_code sources_open(struct sources *sources, struct arena *arena, const char *const *specs,
                      uint32_t spec_count, vsr_error *error);
void sources_close(struct sources *sources);

/* The volume whose top directory this is, or MARK_NONE. */
uint32_t source_volume_of(const struct sources *sources, uint64_t device, uint64_t inode);

/* Open the file at below (a Windows path below the volume's root), found without regard to case
 * (ruling 24); no link is followed. Returns a descriptor, or -1 with errno. */
int source_open_file(const struct sources *sources, uint32_t volume, struct view below);

#endif
