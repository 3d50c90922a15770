/* set_write.h - writing a set: index records gathered in order, packs appended, trailers,
 * index.bin, set.json last.
 *
 * The single-threaded end of `pack`: workers encode frames (media/frame.h) and hand them over
 * in order; everything that must be the same for any number of workers happens here. */
#ifndef MEDIA_SET_WRITE_H
#define MEDIA_SET_WRITE_H

#include "media/set.h"

/* The index while it grows. Entries are known after the scan; chunks come as frames are
 * written. All arrays are heap; freed by index_build_free(). */
struct index_build {
    struct index_volume *volumes;
    uint32_t volume_count;
    struct index_entry *entries;
    uint32_t entry_count;
    struct index_chunk *chunks;
    uint64_t chunk_count;
    size_t chunk_capacity;
    struct index_range *ranges;
    uint64_t range_count;
    size_t range_capacity;
    struct index_descriptor *descriptors;
    uint32_t descriptor_count;
    size_t descriptor_capacity;
    struct buffer blobs;
};
void index_build_free(struct index_build *build);

/* A view of build for code that reads indexes (chunks may still be missing). Borrowed. */
struct media_index index_build_view(const struct index_build *build);

/* How many records each section of build has now; and records of a section as bytes. */
void index_build_counts(const struct index_build *build, uint64_t record_counts[SECTION_COUNT]);
struct view index_build_records(const struct index_build *build, enum index_section section,
                                uint64_t first, uint64_t count);

struct set_writer; /* owns the unfinished folder */

/* Make the folder at path (which must not exist, or be empty) and write documents into it.
 * Errors: DEST_*, USAGE when it exists and is not empty, SELECTION when it can be no folder. */
vsr_code set_writer_begin(struct set_writer **out, const char *path, const struct uuid *uuid,
                          vsr_error *error);
vsr_code set_writer_document(struct set_writer *writer, struct view name, struct view bytes,
                             vsr_error *error);

/* Append one encoded frame to the open pack (a new one is opened when none is). *pack and
 * *offset: where it lies. In order; one thread at a time. */
vsr_code set_writer_frame(struct set_writer *writer, const void *stored, uint32_t stored_bytes,
                          uint32_t *pack, uint64_t *offset, vsr_error *error);

/* How many bytes the open pack holds; 0 when none is open. */
uint64_t set_writer_pack_bytes(const struct set_writer *writer);

/* Does the open pack hold as much as a pack should? Then end it before the next member. The
 * size is PACK_BYTES_TARGET, or what was set here (tests set little ones). */
bool set_writer_pack_is_full(const struct set_writer *writer);
void set_writer_set_pack_target(struct set_writer *writer, uint64_t pack_bytes);

/* End the open pack: its trailer with the slices of build that are new since the last pack
 * (entries below entries_end), synced, hashed. */
vsr_code set_writer_end_pack(struct set_writer *writer, const struct index_build *build,
                             uint32_t entries_end, vsr_error *error);

/* index.bin, then set.json (description: what the caller knows; documents, packs, index, files
 * and bytes are filled here). The writer is freed in any case; on failure so is the folder's
 * claim to be a set: no set.json. */
vsr_code set_writer_end(struct set_writer *writer, const struct index_build *build,
                        struct set_description *description, vsr_error *error);
void set_writer_abandon(struct set_writer *writer);

/* index.bin's bytes for build, written to dir_fd/name; *part gets its size and hash. */
vsr_code index_write(int dir_fd, const char *name, const struct uuid *uuid,
                     const struct index_build *build, struct set_part *part, vsr_error *error);

#endif
