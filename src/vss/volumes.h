/* volumes.h - which volume a Windows path lies on, whatever it was called by.
 *
 * A volume may be known by a letter, a GUID, a share and the folders where it is mounted; the
 * longest spec that is a prefix of a path (element-wise, without regard to case) wins. A mount
 * folder is also found through the other names of the volume that it stands on. Used for the
 * source volumes of a set and for the mapped volumes of a restore. Pure; the table is filled by
 * one thread, then any thread may look up. */
#ifndef VSS_VOLUMES_H
#define VSS_VOLUMES_H

#include "vss/winpath.h"

struct volume_spec {
    struct win_path path; /* "C:" + "", or "C:" + "Mounts\Data" for a mount folder */
    uint32_t volume;      /* the caller's number */
};

struct volume_table {
    struct volume_spec *specs;
    uint32_t count;
    size_t capacity; /* heap; volume_table_free() */
};

/* Add SPEC as the contract writes it (section 3): "C:", "C:\", "\\?\Volume{guid}\",
 * "\\server\share", "C:\Mounts\Data". Text is copied into arena. False: no such form, or the
 * spec is taken by another volume (*fault: a static sentence part). The same spec for the same
 * volume again is no fault. */
bool volume_table_add(struct volume_table *table, struct arena *arena, struct view spec,
                      uint32_t volume, const char **fault);
void volume_table_free(struct volume_table *table);

/* The volume of path, and in *below what is left of it below the volume's root ("" = the root):
 * a view into path. MARK_NONE: not in the table. Time grows with the square of the number of
 * specs that are mount folders: for paths of documents, not for every file. */
uint32_t volume_table_find(const struct volume_table *table, const struct win_path *path,
                           struct view *below);

#endif
