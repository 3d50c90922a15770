/* pipeline.h - frames cut, filled and gathered: the moving part of pack.
 *
 * A ring of frame jobs, a few for each worker. The caller's thread cuts frames into free jobs
 * and takes filled ones out, both in order; workers claim jobs in order and fill them in any.
 * So memory is bounded by the ring, and the order of what is written by nothing but the cutter.
 *
 *     written <= claimed <= cut <= written + job_count       (counts of frames, ever growing) */
#ifndef PACK_PIPELINE_H
#define PACK_PIPELINE_H

#include "pack/cut.h"
#include "pack/gather.h"

struct pipeline_parts {
    const struct catalogue *catalogue;
    const struct sources *sources;
    const struct uuid *set_uuid;
    struct cut *cut;
    struct gather *gather;
    struct notices *notices; /* told as frames are taken out */
    uint32_t worker_count;
};

/* Run until every frame is in the set. Blocks. Errors: those of gather_frame(). */
vsr_code pipeline_run(const struct pipeline_parts *parts, vsr_error *error);

#endif
