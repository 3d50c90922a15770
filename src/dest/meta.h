/* meta.h - a file's metadata onto a descriptor: owner, mode, extended attributes, times last
 * (contract, ruling 19). Data plane: no allocation; any thread. */
#ifndef DEST_META_H
#define DEST_META_H

#include "media/index.h"

#include <sys/types.h>

enum owner_policy { OWNER_MEDIA, OWNER_MINE }; /* --owner; default media as root, else mine */

/* What a thread needs to know once, so that calls that would change nothing are left out. */
struct meta_policy {
    enum owner_policy owner;
    uid_t uid;        /* what the thread's new files belong to */
    gid_t gid;        /* ditto */
    mode_t umask;     /* what the kernel takes from the mode of the thread's new files */
    bool obeys_modes; /* it may not go into or change what its own mode closes */
};

/* The policy of the calling thread, its umask taken as unknown (0777). */
struct meta_policy meta_policy_now(enum owner_policy owner);

/* What the media hold, the target can hold in principle, and did not get. */
struct meta_loss {
    uint32_t security_descriptors, streams, attributes, reparse, dos_attributes, owners;
    uint32_t links; /* names of one file that became files of their own */
    uint32_t times; /* modify times before the first or behind the last that the target holds */
};

/* The losses as bits, for a report row: bit n is the n-th field of struct meta_loss. */
uint8_t meta_loss_bits(const struct meta_loss *loss);

void meta_loss_add(struct meta_loss *sum, const struct meta_loss *more);

/* Does what was given the entry's modify time have another one now, because the target holds times
 * of fewer years? What it leaves of a second is no loss. fd: the file; with a name: the folder. */
bool meta_time_is_cut(const struct index_entry *e, int fd, const char *name);

/* Apply entry's metadata to fd (an open file or directory). Returns 0 or an errno that makes the
 * file fail (times, mode); what is only lost is counted in *loss. is_new: fd was just created with
 * meta_mode() and the policy's ids, so that calls that change nothing are left out. */
int meta_apply(const struct media_index *index, uint32_t entry, int fd,
               const struct meta_policy *policy, bool is_new, struct meta_loss *loss);

/* For a symbolic link, by name. */
int meta_apply_link(const struct media_index *index, uint32_t entry, int dir_fd, const char *name,
                    const struct meta_policy *policy, struct meta_loss *loss);

/* The permissions that an entry is made with: never set-id bits. */
static inline mode_t meta_mode(const struct media_index *index, uint32_t entry)
{
    return index->entries[entry].mode & 0777u;
}

#endif
