/* pack.h - volume trees and their stored VSS documents -> a backup set.
 *
 * The way of the data through this module:
 *
 *     documents ── demand ──┐                       (what has to be on the media, and for whom)
 *     volumes ─── source ───┼─ scan ── catalogue ── cut ── fill ── gather ──► media/set_write.h
 *                           │  (walk)   (order,      (frames, (read, (index, whole files' hashes,
 *                           │            numbers)     in order) hash,  in order)
 *                           └─ notice (warnings)                encode)
 *
 * `scan` and `fill` run on worker threads, all else on the caller's. What is written is the
 * same, byte for byte, for any number of workers, given the same trees, uuid and time.
 *
 * What goes on the media is ruling 1 of the contract: what the explicit components of the Backup
 * Components Document and their descendants need, less what their writers exclude; `all` adds
 * the rest as "unprotected". Memory grows with the number of entries (about 600 bytes each);
 * what is read and encoded is bounded by the frames in flight, a few for each worker. */
#ifndef PACK_PACK_H
#define PACK_PACK_H

#include "base/err.h"
#include "base/uuid.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One sentence for people, no newline; good during the call. On the caller's thread only. */
typedef void pack_warning(void *context, const char *sentence);

struct pack_options {
    const char *const *documents; /* folders or files, at least one (vss/documents.h) */
    uint32_t document_count;
    const char *const *volumes; /* "SPEC=DIR", at least one (contract, section 3)   */
    uint32_t volume_count;
    const char *const *environment; /* "NAME=value": the captured table                 */
    uint32_t environment_count;
    const char *parent;                 /* folder of the set that this one adds to, or NULL */
    const struct media_set *parent_set; /* that set, open, with its documents; or NULL */
    const struct documents *parent_documents;
    const char *output;       /* folder to make; must not exist or be empty       */
    bool include_all;         /* also what belongs to no component                */
    uint32_t worker_count;    /* 0: one for each core; at most WORKERS_MAX        */
    pack_warning *on_warning; /* or NULL */
    void *context;
    /* For tests and reproducible sets; zero or NULL: chosen here. */
    struct uuid uuid;
    const char *created;        /* RFC 3339, UTC */
    uint64_t pack_bytes_target; /* plain bytes; 0: PACK_BYTES_TARGET */
};

struct pack_result {
    uint64_t files;        /* entries that are not directories */
    uint64_t bytes;        /* their sizes                      */
    uint64_t stored_bytes; /* of the packs, without trailers   */
    uint64_t warning_count;
    uint64_t
        incomplete_count; /* of these, those that leave something wanted off the media: exit 1 */
    struct uuid uuid;
};

/* Make the set. Blocks; starts worker threads, all joined on return.
 * Errors: USAGE (no volume, no output, output not empty), DOCUMENT, SELECTION (a wrong SPEC or
 * DIR, an unknown %NAME%: all are named, before a file is read; a parent that this backup does not
 * add to, see pack/parent.h; an output that can be no folder), MEDIA (the parent is no set),
 * DEST_* (the output). A source file that cannot be read is never an error of the call: it is a
 * warning that names the file and the components it leaves incomplete. On failure no set.json
 * stands in the output. *result is filled as far as it is known. */
vsr_code pack_set(const struct pack_options *options, struct pack_result *result, vsr_error *error);

#endif
