/* tar.h - header blocks of the pax archive inside a pack (FORMAT.md, section 1). Pure; any
 * thread, on a buffer of its own. */
#ifndef MEDIA_TAR_H
#define MEDIA_TAR_H

#include "base/buffer.h"
#include "media/index_format.h"

#define TAR_PARTIAL_SUFFIX ".vss-ranges"

enum { TAR_BLOCK_BYTES = 512, TAR_END_BYTES = 1024 };

/* A partial file's member (TAR_PARTIAL) gets the suffix .vss-ranges from tar_header(); a hard
 * link to one is given with the suffix on both names. Set-id bits of mode are left out. */
struct tar_member {
    struct view path; /* "C/Windows/x.dll", no trailing slash */
    struct view
        link_text; /* of a symbolic link, or the first name's path of a hard link; else absent */
    enum { TAR_FILE, TAR_DIRECTORY, TAR_SYMLINK, TAR_HARDLINK, TAR_SPARSE, TAR_PARTIAL } kind;
    uint32_t mode, uid, gid;
    int64_t modify_s;
    uint32_t modify_ns;
    uint64_t size;       /* of the content; of a partial file: the file's own size */
    uint64_t data_bytes; /* what follows the header: saved bytes, without sparse map and padding */
    const struct index_range *ranges; /* allocated (sparse) or saved (partial) */
    uint32_t range_count;
};

/* Add the member's header blocks - pax header, ustar header, sparse map - to out; a multiple
 * of 512 bytes. What follows: data_bytes of data, then tar_padding(). */
void tar_header(struct buffer *out, const struct tar_member *member);

/* Bytes of zeros after data that follow header blocks: up to the next multiple of 512. */
static inline uint32_t tar_padding(uint64_t data_bytes)
{
    return (uint32_t)(-data_bytes & (TAR_BLOCK_BYTES - 1));
}

#endif
