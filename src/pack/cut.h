/* cut.h - members into frames, in order: the rules of FORMAT.md, section 2.
 *
 * Where a frame ends depends on the catalogue alone, never on what is read or how it packs, so
 * it is the same for any number of workers. For the same reason a pack is ended by its plain
 * bytes: at the first member that begins behind the target.
 *
 * A directory's member stands right before the members of what it holds, although its record is
 * in the row of its parent's children: so tar, which sets a directory's time when it leaves it,
 * leaves it only once. One thread (the caller's). */
#ifndef PACK_CUT_H
#define PACK_CUT_H

#include "base/buffer.h"
#include "pack/catalogue.h"
#include "pack/frame_job.h"

struct cut {
    const struct catalogue *catalogue;
    const struct index_build *build;
    const struct sources *sources;
    uint64_t pack_bytes_target; /* plain */
    uint64_t pack_bytes;        /* plain, of the pack that is open */
    uint32_t directory;         /* number in catalogue->directories of the next member's ... */
    uint32_t next_child;        /* ... and which of its children; 0: itself, then from 1     */
    uint32_t entries_end;
    bool pack_begun; /* the open pack has a member */
    bool ended;
    struct buffer header;     /* of the next member, or of the large one that is being cut */
    size_t header_done;       /* of a large member's header */
    bool header_pending;      /* a large member's header is not all out */
    const struct node *large; /* whose data are being cut, or NULL */
    uint32_t range;           /* the next piece begins in this range ... */
    uint64_t range_done;      /* ... behind so many of its bytes         */
    uint32_t padding_bytes;   /* zeros that begin the next shared frame  */
    struct buffer path;       /* member path; the directory's part is kept */
    const struct node *path_of;
    size_t directory_bytes;
    struct buffer link_path;
};

void cut_init(struct cut *cut, const struct catalogue *catalogue, const struct index_build *build,
              const struct sources *sources, uint64_t pack_bytes_target);
void cut_fini(struct cut *cut);

/* Lay out the next frame in job: header blocks, zeros, and the places of data. False: there is
 * none. */
bool cut_frame(struct cut *cut, struct frame_job *job);

#endif
