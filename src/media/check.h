/* check.h - `verify SET` and `reindex SET`: everything checked, a lost index rebuilt. */
#ifndef MEDIA_CHECK_H
#define MEDIA_CHECK_H

#include "media/set.h"

/* One fault found. path is absent when a structure rather than a file is damaged. */
struct check_finding {
    vsr_code code;         /* MEDIA or MEDIA_UNREADABLE */
    struct view structure; /* "packs/pack-000000.tar.lz4", "index.bin", "set.json", ... */
    uint64_t offset;       /* in that structure */
    struct view path;      /* Windows path of the file that is damaged */
    struct view what;      /* the sentence, which names all of that */
};

struct check_totals {
    uint64_t files;         /* of the set, as set.json counts them         */
    uint64_t bytes;         /* same                                        */
    uint64_t frames;        /* checked                                     */
    uint64_t damaged_files; /* files with at least one finding             */
    uint64_t findings;      /* all, also those beyond CHECK_FINDINGS_MAX, which are not reported */
};

/* Called on the caller's thread only, in order of structure and offset. */
typedef void check_report(void *context, const struct check_finding *finding);

/* Check every byte of the set at path: set.json, documents, index, frames with their own
 * checksums, chunks, whole files, tar bytes between members, trailers. workers threads (0: one
 * for each core), of which the caller's is one. Memory: 2 MiB for each, and a bit an entry.
 * Returns OK when everything is right, MEDIA or MEDIA_UNREADABLE when something was reported,
 * other codes when it could not run. Writes nothing. */
vsr_code set_check(const char *path, uint32_t workers, check_report *report, void *context,
                   struct check_totals *totals, vsr_error *error);

/* The same of a set that is no folder. */
vsr_code set_check_by(const struct set_access *access, uint32_t workers, check_report *report,
                      void *context, struct check_totals *totals, vsr_error *error);

/* Rebuild index.bin from the packs' trailers; the result must be what set.json says it was.
 * Without damage the same bytes. An index that is right is left alone (*rebuilt false). */
vsr_code set_reindex(const char *path, bool *rebuilt, vsr_error *error);

#endif
