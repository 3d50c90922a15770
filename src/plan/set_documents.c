/* set_documents.c - a set's documents from its folder into memory: where media and vss meet. It
 * does not judge what they say. */
#include "plan/set_documents.h"

#include "base/heap.h"

#include <stdlib.h>

vsr_code set_documents_load(struct documents *out, const struct media_set *set, vsr_error *error)
{
    const struct set_description *description = &set->description;
    const uint32_t count = description->document_count;
    struct buffer *bytes = heap_alloc(count, sizeof *bytes);
    struct document_source *sources = heap_alloc(count, sizeof *sources);
    vsr_code rc = VSR_OK;
    *out = (struct documents){0};
    for (uint32_t i = 0; i < count && rc == VSR_OK; i++) {
        rc = set_read_document(set, i, &bytes[i], error);
        sources[i].name = description->documents[i].name;
        sources[i].bytes = buffer_view(&bytes[i]);
    }
    if (rc == VSR_OK) {
        rc = documents_parse(out, sources, count, error);
    }
    for (uint32_t i = 0; i < count; i++) {
        buffer_free(&bytes[i]);
    }
    free(bytes);
    free(sources);
    return rc;
}
