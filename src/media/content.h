/* content.h - one file's bytes off the media, for the control plane: small files that somebody must
 * read before anything is restored (ranges files, rules 7.6). */
#ifndef MEDIA_CONTENT_H
#define MEDIA_CONTENT_H

#include "media/set.h"

/* The content of an INDEX_FILE that is not INDEX_PARTIAL, holes as zeros, every chunk checked;
 * added to *out, which on failure is as it was. Opens what packs it needs for the time of the call.
 * Errors: MEDIA (a wrong byte, a missing pack, more than bytes_max bytes), MEDIA_UNREADABLE. */
vsr_code content_read(const struct media_set *set, uint32_t entry, size_t bytes_max,
                      struct buffer *out, vsr_error *error);

/* One chunk of an INDEX_FILE (any that has data), checked; out holds its length. chunk counts from
 * the first of the entry with the file's data. Errors: as above. */
vsr_code content_read_chunk(const struct media_set *set, uint32_t entry, uint32_t chunk, char *out,
                            vsr_error *error);

#endif
