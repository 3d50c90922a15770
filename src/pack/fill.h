/* fill.h - a worker's part: a frame's data read, hashed, encoded. */
#ifndef PACK_FILL_H
#define PACK_FILL_H

#include "pack/catalogue.h"
#include "pack/dir_chain.h"
#include "pack/frame_job.h"

/* One for each worker thread. */
struct filler {
    const struct catalogue *catalogue;
    uint8_t set_uuid[16];
    struct dir_chain chain;
    void *lz4_state;
    uint32_t open_entry; /* the file that fd is open on; MARK_NONE: none */
    int fd;
};

/* worker_count: how many fillers there will be at a time. */
void fill_init(struct filler *filler, const struct catalogue *catalogue,
               const struct sources *sources, const struct uuid *set_uuid, uint32_t worker_count);
void fill_fini(struct filler *filler);

/* Fill job's data, hashes and stored bytes. What cannot be read is zeros, and said in the part. */
void fill_frame(struct filler *filler, struct frame_job *job);

#endif
