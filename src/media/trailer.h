/* trailer.h - the end of a pack: its slice of the index (FORMAT.md, section 2). Control plane. */
#ifndef MEDIA_TRAILER_H
#define MEDIA_TRAILER_H

#include "media/set_write.h"

struct trailer_slice {
    uint64_t first; /* record */
    uint64_t count;
};

struct trailer_head { /* as it lies on the media */
    char magic[8];
    uint32_t format;
    uint32_t pack;
    uint8_t set_uuid[16];
    uint64_t plain_bytes;  /* of the slices */
    uint64_t stored_bytes; /* of the slices, as they follow */
    struct trailer_slice slices[SECTION_COUNT];
};
static_assert(sizeof(struct trailer_head) == 144, "fixed");

/* Add to out what ends a pack whose frames came to pack_bytes: the records of build that
 * head->slices names. head's other numbers are filled in. piece_bytes: how much of a trailer
 * goes into one skippable frame. */
void trailer_render(struct buffer *out, struct trailer_head *head, const struct index_build *build,
                    uint64_t pack_bytes, uint32_t piece_bytes);

/* A trailer being read, front to end. Borrows source and name. */
struct trailer {
    const struct source *source;
    const char *name; /* of the pack, for messages */
    uint64_t begin;   /* in the pack: where frames end and the trailer starts */
    uint64_t end;     /* behind its last piece                                */
    struct trailer_head head;
    uint8_t xxh3_128[16];
    uint64_t at; /* reading: the next byte in the pack, also where a fault is */
    uint64_t piece_left;
};

/* Find and read the head of the trailer of a pack of pack_bytes bytes, which must be this pack
 * of this set. Errors: MEDIA, MEDIA_UNREADABLE, naming pack and byte; out->at tells where. */
vsr_code trailer_open(struct trailer *out, const struct source *source, const char *name,
                      uint64_t pack_bytes, uint32_t pack, const uint8_t set_uuid[16],
                      vsr_error *error);

/* Part of a section's slice, in order; offset in bytes from the section's first record. Another
 * code than OK ends the stream and is returned. */
typedef vsr_code trailer_sink(void *context, enum index_section section, uint64_t offset,
                              const void *bytes, size_t count, vsr_error *error);

/* Once, after trailer_open(): decode the slices, hand them to sink (which may be NULL), check
 * the hash. What sink got is worth nothing until this has returned OK. */
vsr_code trailer_stream(struct trailer *trailer, trailer_sink *sink, void *context,
                        vsr_error *error);

#endif
