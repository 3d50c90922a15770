/* gather.h - encoded frames, in order, into the set: the packs' bytes and the index's records. */
#ifndef PACK_GATHER_H
#define PACK_GATHER_H

#include "base/hash_map.h"
#include "media/checksum.h"
#include "pack/catalogue.h"
#include "pack/frame_job.h"

struct gather {
    const struct catalogue *catalogue;
    const struct scan *scan; /* who wants what, for warnings */
    struct index_build *build;
    struct set_writer *writer;
    struct hash_map descriptors; /* by their bytes */
    struct checksum *file_sum;   /* of the large file whose frames are coming */
    uint32_t next_entry;         /* members below it stand in the index       */
    uint32_t warned_entry;       /* last one that a warning was given about   */
    uint64_t stored_bytes;
    struct demand_ids ids;
    struct buffer path;
    struct buffer labels;
};

void gather_init(struct gather *gather, const struct catalogue *catalogue, const struct scan *scan,
                 struct index_build *build, struct set_writer *writer);
void gather_fini(struct gather *gather);

/* Take the next frame in order (the caller's thread). Errors: DEST_*. */
vsr_code gather_frame(struct gather *gather, const struct frame_job *job, vsr_error *error);

#endif
