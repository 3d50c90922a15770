/* index_corpus.h - a backup set that is nothing but documents and an index: what planning reads,
 * without the bytes that it does not. */
#ifndef BENCH_INDEX_CORPUS_H
#define BENCH_INDEX_CORPUS_H

#include "base/err.h"

#include <stdint.h>

struct index_corpus_options {
    const char *const *documents; /* folders or files */
    uint32_t document_count;
    const char *const *environment; /* "NAME=value", over what a server has */
    uint32_t environment_count;
    uint64_t files;     /* about as many: a wildcard makes as many names as are wanted */
    const char *output; /* folder; what is there is used again */
};

/* Make the set, unless output holds one. *files: how many it has. Its files are empty, so the one
 * pack holds no data: it can be planned, not restored. Errors: DOCUMENT, DEST_*, SELECTION when
 * the documents name what this cannot make (%NAMES% without a value, UNC volumes). */
vsr_code index_corpus_make(const struct index_corpus_options *options, uint64_t *files,
                           vsr_error *error);

#endif
