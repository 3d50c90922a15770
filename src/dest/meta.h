/* meta.h - a file's metadata onto a descriptor: owner, mode, extended attributes, times last
 * (contract, ruling 19). Data plane: no allocation; any thread. */
#ifndef DEST_META_H
#define DEST_META_H

#include "dest/stage.h"

/* What the media hold, the target can hold in principle, and did not get. */
struct meta_loss {
    uint16_t security_descriptors, streams, attributes, reparse, dos_attributes, owners;
};

/* Apply entry's metadata to fd (an open file or directory). Returns 0 or an errno that makes the
 * file fail (times, mode); what is only lost is counted in *loss. is_new: fd was just created with
 * this mode and our own ids, so that calls that change nothing are left out. */
int meta_apply(const struct media_index *index, uint32_t entry, int fd, enum owner_policy owner,
               bool is_new, struct meta_loss *loss);

/* For a symbolic link, by name. */
int meta_apply_link(const struct media_index *index, uint32_t entry, int dir_fd, const char *name,
                    enum owner_policy owner, struct meta_loss *loss);

#endif
