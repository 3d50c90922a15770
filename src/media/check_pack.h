/* check_pack.h - the packs' bytes as claims that workers check (`verify`).
 *
 * Every byte of every pack is in one claim at most, and in exactly one unless that is told; claims
 * are in order, and each has a ticket.
 * Two turnstiles let claims through in the order of their tickets: one for the hash of the
 * pack's stored bytes, one for the hashes of files that lie in several frames. Everything else
 * is done side by side. */
#ifndef MEDIA_CHECK_PACK_H
#define MEDIA_CHECK_PACK_H

#include "media/check_finding.h"

#include "base/turnstile.h"
#include "base/xxh3.h"

#include <stdatomic.h>

enum claim_kind {
    CLAIM_FRAME,
    CLAIM_RAW,    /* bytes that are no frame: the trailer's, or what damage has hidden */
    CLAIM_TRAILER /* no bytes: the trailer's slices and hash */
};

struct check_claim {
    enum claim_kind kind;
    uint32_t pack;
    uint64_t ticket;
    uint64_t offset;
    bool behind_gap; /* bytes of the pack before it are in no claim */
    uint32_t stored_bytes;
    uint32_t plain_bytes;
    uint64_t first_chunk; /* chunks in the frame; none without an index */
    uint64_t chunk_end;
    uint32_t entry; /* the file of the first chunk */
};

struct check_pack {
    struct source source; /* not open: it could not be                              */
    vsr_code fault;       /* why: it is missing, or the system could not read it    */
    const char *name;     /* ends with a NUL                                        */
    uint64_t bytes;       /* as set.json says                                       */
    uint64_t there;       /* of a lost one: so many of them can be read             */
    uint64_t frames_end;  /* where the trailer begins; bytes when that is not known */
    bool has_trailer;
    bool lost;       /* not open or cut short, and said so: gaps are not told again */
    bool hash_wrong; /* set by the worker that claimed its last bytes */
};

struct check_run {
    const struct media_set *set;
    const struct media_index *index; /* NULL: lost */
    struct findings findings;
    struct check_pack *packs;
    uint32_t pack_count;

    /* where the next claim begins; under the lock */
    pthread_mutex_t claim_lock;
    uint32_t pack;
    uint64_t offset;
    uint64_t raw_end;     /* of a gap that is being claimed raw */
    uint64_t claimed_end; /* of the last claim in this pack */
    bool trailer_claimed;
    uint64_t chunk;
    uint32_t entry;
    uint64_t ticket;

    struct turnstile stored_turn; /* guards the next two */
    XXH3_state_t *pack_hash;
    bool pack_hash_broken;
    struct turnstile plain_turn; /* guards the next three */
    XXH3_state_t *file_hash;
    uint32_t file_entry;
    bool file_hash_broken;

    atomic_uint_fast64_t frame_count;
    atomic_uint served_count; /* workers whose reads the caller's thread does, not ended yet */
};

/* The next claim, or false at the end. Any worker. */
bool check_claim_next(struct check_run *run, struct check_claim *out);

/* One worker's whole life: claims until there are none. context is the run. */
void *check_worker(void *context);

#endif
