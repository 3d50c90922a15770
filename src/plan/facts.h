/* facts.h - the questions that the planner may ask: about a destination, and what stands in a
 * small file on the media.
 *
 * The planner makes no system call; whoever calls it supplies answers (dest/probe.c for real
 * trees, a table in tests). Names are looked up without regard to case, and the spelling that
 * stands on disk comes back. All calls on the planner's thread. */
#ifndef PLAN_FACTS_H
#define PLAN_FACTS_H

#include "base/buffer.h"
#include "base/err.h"

enum fact_type { FACT_ABSENT, FACT_FILE, FACT_DIRECTORY, FACT_SYMLINK, FACT_OTHER };

struct fact {
    enum fact_type type;
    struct view name;     /* the spelling on disk; good until the next call  */
    bool ambiguous;       /* two entries differ only by case, and neither is spelled so */
    bool replaceable;     /* a regular file, or a link by a link: rules 6.5, ruling 25 */
    const char *obstacle; /* why not replaceable, static, for messages        */
    bool use_unknown;     /* a live tree: whether it is in use cannot be told (rules 8.3) */
    bool mount_point;     /* another mount stands here (ruling 26)           */
    uint64_t device, inode, size;
    int64_t modify_s;
    uint32_t modify_ns;
    uint32_t link_count;
};

struct fact_directory {
    bool exists;
    bool writable;           /* entries may be created in it */
    const char *obstacle;    /* why not, static              */
    bool case_sensitive;     /* the file system keeps names equal but for case apart */
    uint32_t name_bytes_max; /* longest name the file system takes: bytes ... */
    bool name_units;         /* ... or UTF-16 units (ntfs-3g) */
    uint32_t handle;         /* for entering and looking up; good while the facts live */
    uint64_t device, inode;
    struct view
        path;       /* of a root below --root: as it stands on disk (ruling 40); absent: as asked */
    bool ambiguous; /* of such a root: two folders there differ only by case */
    struct view real_path; /* of a root that exists: its path without links; absent: not known */
};

struct plan_facts {
    void *context;
    /* The mapped volume's own top directory. exists false: it is to be made (--root); what is said
     * of names and rights is then that of the nearest directory above it. */
    vsr_code (*root)(void *context, uint32_t root, struct fact_directory *out, vsr_error *error);
    /* A directory below one that exists. */
    vsr_code (*enter)(void *context, uint32_t handle, struct view name, struct fact_directory *out,
                      struct fact *as_entry, vsr_error *error);
    /* An entry of a directory that exists. */
    vsr_code (*lookup)(void *context, uint32_t handle, struct view name, struct fact *out,
                       vsr_error *error);
    /* Does something that an older run staged wait to be moved at the next boot to a place below a
     * directory that exists: to rest ('/' between names, without regard to case), or, rest absent,
     * to any? The path of the folder that it waits in, good while the facts live; NULL: no. To be
     * asked when the directory has been looked into. The call itself NULL: nothing is known. */
    const char *(*waits)(void *context, uint32_t handle, struct view rest);
};

/* What stands in a file on the media: of ranges files alone, which decide which bytes of another
 * file are restored (rules 7.6). Asked at most once for each that a planned component names. */
struct plan_contents {
    const void *context;
    /* Added to *out. Errors: whatever keeps it from being read; the planner goes on without. */
    vsr_code (*read)(const void *context, uint32_t entry, struct buffer *out, vsr_error *error);
};

#endif
