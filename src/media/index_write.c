/* index_write.c - index.bin from the records that were gathered.
 *
 * pack's set_writer calls this once at the end; reindex.c writes the same bytes from trailers.
 * One layout for given counts (index_layout()), no time, no name of a host: same records, same
 * bytes. Deliberately not here: any check; what is written was made by us. */
#include "media/set_write.h"

#include "base/bug.h"
#include "base/heap.h"
#include "base/io.h"
#include "base/own.h"
#include "base/xxh3.h"
#include "media/part.h"

#include <fcntl.h>
#include <unistd.h>

void index_build_free(struct index_build *build)
{
    free(build->volumes);
    free(build->entries);
    free(build->chunks);
    free(build->ranges);
    free(build->descriptors);
    buffer_free(&build->blobs);
    *build = (struct index_build){0};
}

struct media_index index_build_view(const struct index_build *build)
{
    static const struct index_chunk no_chunk; /* readers add offsets to these pointers */
    static const struct index_range no_range;
    return (struct media_index){
        .volumes = build->volumes,
        .entries = build->entries,
        .chunks = build->chunks != NULL ? build->chunks : &no_chunk,
        .ranges = build->ranges != NULL ? build->ranges : &no_range,
        .descriptors = build->descriptors,
        .blobs = buffer_view(&build->blobs).p,
        .volume_count = build->volume_count,
        .entry_count = build->entry_count,
        .chunk_count = build->chunk_count,
        .range_count = build->range_count,
        .descriptor_count = build->descriptor_count,
        .blob_bytes = build->blobs.n,
    };
}

void index_build_counts(const struct index_build *build, uint64_t record_counts[SECTION_COUNT])
{
    record_counts[SECTION_VOLUMES] = build->volume_count;
    record_counts[SECTION_ENTRIES] = build->entry_count;
    record_counts[SECTION_CHUNKS] = build->chunk_count;
    record_counts[SECTION_RANGES] = build->range_count;
    record_counts[SECTION_DESCRIPTORS] = build->descriptor_count;
    record_counts[SECTION_BLOBS] = build->blobs.n;
}

struct view index_build_records(const struct index_build *build, enum index_section section,
                                uint64_t first, uint64_t count)
{
    const void *records[SECTION_COUNT] = {
        [SECTION_VOLUMES] = build->volumes,         [SECTION_ENTRIES] = build->entries,
        [SECTION_CHUNKS] = build->chunks,           [SECTION_RANGES] = build->ranges,
        [SECTION_DESCRIPTORS] = build->descriptors, [SECTION_BLOBS] = build->blobs.p,
    };
    if (count == 0) {
        return VIEW("");
    }
    const uint32_t bytes = index_record_bytes(section);
    return (struct view){(const char *)records[section] + first * bytes, (size_t)(count * bytes)};
}

/* The file being written: everything that goes into it is hashed on the way. */
struct index_sink {
    int fd;
    const char *name;
    XXH3_state_t *hash;
    uint64_t at;
};

static vsr_code index_sink_add(struct index_sink *sink, const void *bytes, size_t count,
                               vsr_error *error)
{
    (void)XXH3_128bits_update(sink->hash, bytes, count);
    sink->at += count;
    return io_write(sink->fd, bytes, count, sink->name, VSR_ERR_DEST_IO, error);
}

static void index_sink_digest(const struct index_sink *sink, uint8_t out[INDEX_HASH_BYTES])
{
    XXH128_canonical_t canonical;
    XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(sink->hash));
    memcpy(out, canonical.digest, INDEX_HASH_BYTES);
}

static vsr_code index_sink_build(struct index_sink *sink, const struct index_header *header,
                                 const struct index_build *build, vsr_error *error)
{
    static const char zeros[INDEX_ALIGN_BYTES];
    vsr_code rc = index_sink_add(sink, header, sizeof *header, error);
    for (int i = 0; i < SECTION_COUNT && rc == VSR_OK; i++) {
        const struct index_section_place *place = &header->sections[i];
        rc = index_sink_add(sink, zeros, (size_t)(place->offset - sink->at), error);
        if (rc == VSR_OK) {
            const struct view records =
                index_build_records(build, (enum index_section)i, 0, place->record_count);
            rc = index_sink_add(sink, records.p, records.n, error);
        }
    }
    if (rc != VSR_OK) {
        return rc;
    }
    uint8_t digest[INDEX_HASH_BYTES];
    index_sink_digest(sink, digest);
    return index_sink_add(sink, digest, sizeof digest, error);
}

static vsr_code index_write_to(struct index_sink *sink, const struct uuid *uuid,
                               const struct index_build *build, struct set_part *part,
                               vsr_error *error)
{
    uint64_t counts[SECTION_COUNT];
    struct index_header header;
    index_build_counts(build, counts);
    if (!index_layout(counts, uuid->bytes, &header)) {
        return err_set(error, VSR_ERR_USAGE, "media/index_write",
                       "cannot write %s: the set has more files than an index may hold",
                       sink->name);
    }
    (void)XXH3_128bits_reset(sink->hash);
    const vsr_code rc = index_sink_build(sink, &header, build, error);
    if (rc != VSR_OK) {
        return rc;
    }
    VSR_REQUIRE(sink->at == header.file_bytes);
    part->size = sink->at;
    index_sink_digest(sink, part->xxh3_128);
    if (fsync(sink->fd) != 0) {
        return err_sys(error, err_dest_code(errno), "media/index_write", "cannot sync %s",
                       sink->name);
    }
    return VSR_OK;
}

vsr_code index_write(int dir_fd, const char *name, const struct uuid *uuid,
                     const struct index_build *build, struct set_part *part, vsr_error *error)
{
    OWN(fd) fd = io_open_part(dir_fd, INDEX_PART_NAME, O_WRONLY, 0644);
    if (fd < 0) {
        return err_sys(error, err_dest_code(errno), "media/index_write", "cannot create %s", name);
    }
    struct index_sink sink = {.fd = fd, .name = name, .hash = XXH3_createState()};
    heap_require(sink.hash);
    vsr_code rc = index_write_to(&sink, uuid, build, part, error);
    (void)XXH3_freeState(sink.hash);
    if (rc == VSR_OK && renameat(dir_fd, INDEX_PART_NAME, dir_fd, name) != 0) {
        rc = err_sys(error, err_dest_code(errno), "media/index_write", "cannot rename to %s", name);
    }
    if (rc != VSR_OK) {
        (void)unlinkat(dir_fd, INDEX_PART_NAME, 0);
    }
    return rc;
}
