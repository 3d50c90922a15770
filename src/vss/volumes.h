/* volumes.h - which volume a Windows path lies on, whatever it was called by.
 *
 * A volume may be known by a letter, a GUID, a share and the folders where it is mounted; the
 * longest spec that is a prefix of a path (element-wise, without regard to case) wins. A mount
 * folder is also found through the other names of the volume that it stands on. Used for the
 * source volumes of a set and for the mapped volumes of a restore. Pure; the table is filled by
 * one thread, then any thread may look up. */
#ifndef VSS_VOLUMES_H
#define VSS_VOLUMES_H

#include "base/hash_map.h"
#include "vss/winpath.h"

struct volume_spec {
    struct win_path path; /* "C:" + "", or "C:" + "Mounts\Data" for a mount folder */
    uint32_t volume;      /* the caller's number */
    /* of a mount folder: the longest other spec that it is below, and what is behind that */
    uint32_t host; /* or MARK_NONE */
    struct view inside;
};

struct volume_table {
    struct volume_spec *specs;
    uint32_t count;
    size_t capacity;           /* heap; volume_table_free() */
    struct hash_map by_path;   /* of specs, whole */
    struct hash_map by_inside; /* of mount folders: the host's volume and inside */
};

/* Add SPEC as the contract writes it (section 3): "C:", "C:\", "\\?\Volume{guid}\",
 * "\\server\share", "C:\Mounts\Data". Text is copied into arena. False: no such form, or the
 * spec is taken by another volume (*fault: a static sentence part). The same spec for the same
 * volume again is no fault. */
bool volume_table_add(struct volume_table *table, struct arena *arena, struct view spec,
                      uint32_t volume, const char **fault);
void volume_table_free(struct volume_table *table);

/* The volume of path, and in *below what is left of it below the volume's root ("" = the root):
 * a view into path. MARK_NONE: not in the table. Time grows with the path, not with the table. */
uint32_t volume_table_find(const struct volume_table *table, const struct win_path *path,
                           struct view *below);

#endif
