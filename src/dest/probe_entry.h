/* probe_entry.h - what one entry of a directory is, and whether it may be replaced. For probe.c. */
#ifndef DEST_PROBE_ENTRY_H
#define DEST_PROBE_ENTRY_H

#include "dest/in_use.h"
#include "dest/probe.h"

struct probe_parent { /* where the entry stands */
    int fd;
    uint64_t mount_id;
    uint32_t mode, uid;
    bool writable;
    const char *obstacle;              /* why not */
    const struct in_use_table *in_use; /* --in-use strict on a live tree; else NULL */
};

/* name is NUL-terminated. *out but its name and ambiguous. 0, or an errno that is not "absent". */
int probe_entry(const struct probe_parent *parent, const char *name,
                const struct probe_options *options, struct fact *out);

/* May entries be created in the directory? *obstacle: why not, static. */
bool probe_directory_writable(int fd, const char **obstacle);

/* Does the file system keep names apart that are equal but for case; how long may they be? */
void probe_names(int fd, struct fact_directory *out);

#endif
