/* reindex.c - a lost index.bin written again from the packs' trailers.
 *
 * `reindex SET`. Two passes: the trailers' heads say how many records there are, so where each
 * section stands; then the slices are streamed to their places. Memory does not grow with the
 * set. The result must have the hash that set.json gives for index.bin, so it is the same bytes
 * or nothing. Deliberately not here: guessing. Packs whose trailers are damaged are named, all
 * of them, and nothing is written: with a pack goes what tells where its entries stand. */
#include "media/check.h"

#include "base/io.h"
#include "base/own.h"
#include "media/part.h"
#include "media/trailer.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

enum { LOST_NAMED_MAX = 8 }; /* packs named in one message */

struct reindex {
    const struct media_set *set;
    int packs_fd;
    int out_fd; /* INDEX_PART_NAME */
    struct index_header header;
};

/* Open pack's trailer, read from *source, which is the caller's, also when it fails. */
static vsr_code reindex_open(const struct reindex *reindex, uint32_t pack, struct trailer *trailer,
                             struct source *source, vsr_error *error)
{
    const struct set_description *d = &reindex->set->description;
    const char *name = d->packs[pack].name.p; /* the arena adds a NUL */
    uint64_t bytes = 0;
    int fd = -1;
    const vsr_code rc = part_open(reindex->packs_fd, name, &fd, &bytes, error);
    *source = rc == VSR_OK ? source_of_fd(fd) : source_none(errno);
    if (rc != VSR_OK) {
        return rc;
    }
    if (bytes != d->packs[pack].size) {
        return err_set(error, VSR_ERR_MEDIA, "media/reindex",
                       "%s has %llu bytes, set.json says %llu; its trailer is not where it was",
                       name, (unsigned long long)bytes, (unsigned long long)d->packs[pack].size);
    }
    return trailer_open(trailer, source, name, bytes, pack, d->uuid.bytes, error);
}

/* Every pack without a trailer that can be read, so that one call tells all; OK: there is none. */
static vsr_code reindex_find_lost(const struct reindex *reindex, vsr_error *error)
{
    const struct set_description *d = &reindex->set->description;
    struct buffer names = {0};
    uint32_t lost = 0;
    vsr_error first = {0};
    for (uint32_t pack = 0; pack < d->pack_count; pack++) {
        struct source source;
        struct trailer trailer;
        const vsr_code rc = reindex_open(reindex, pack, &trailer, &source, &first);
        source_close(&source);
        if (rc == VSR_OK) {
            continue;
        }
        if (lost++ < LOST_NAMED_MAX) {
            buffer_printf(&names, "%s%.*s", lost > 1 ? ", " : "", VIEW_ARG(d->packs[pack].name));
        }
    }
    if (lost > 1) {
        first.code = err_set(error, first.code, "media/reindex",
                             "cannot rebuild index.bin: %u of %u packs have no trailer that can be "
                             "read: %.*s%s; lz4 and tar get the files of the others out",
                             lost, d->pack_count, VIEW_ARG(buffer_view(&names)),
                             lost > LOST_NAMED_MAX ? " ..." : "");
    } else if (lost == 1) {
        (void)err_set(error, first.code, first.where,
                      "cannot rebuild index.bin: %s; lz4 and tar get the files of the other packs "
                      "out",
                      first.what);
    }
    buffer_free(&names);
    return first.code;
}

/* First pass: each section's slices, end to end, give its number of records. */
static vsr_code reindex_layout(struct reindex *reindex, vsr_error *error)
{
    const struct set_description *d = &reindex->set->description;
    uint64_t counts[SECTION_COUNT] = {0};
    for (uint32_t pack = 0; pack < d->pack_count; pack++) {
        struct source source;
        struct trailer trailer;
        const vsr_code rc = reindex_open(reindex, pack, &trailer, &source, error);
        source_close(&source); /* the head is all that is wanted */
        if (rc != VSR_OK) {
            return rc;
        }
        for (size_t i = 0; i < SECTION_COUNT; i++) {
            if (trailer.head.slices[i].first != counts[i] || counts[i] > INDEX_BYTES_MAX) {
                return err_set(error, VSR_ERR_MEDIA, "media/reindex",
                               "%s is damaged: its trailer does not go on where the last one ends",
                               trailer.name);
            }
            counts[i] += trailer.head.slices[i].count;
        }
    }
    if (!index_layout(counts, d->uuid.bytes, &reindex->header) ||
        reindex->header.file_bytes != d->index.size) {
        return err_set(error, VSR_ERR_MEDIA, "media/reindex",
                       "cannot rebuild index.bin: the packs' trailers hold another index than the "
                       "one that set.json describes");
    }
    return VSR_OK;
}

/* trailer_sink: a piece of a slice, to its place in the file. */
static vsr_code reindex_put(void *context, enum index_section section, uint64_t offset,
                            const void *bytes, size_t count, vsr_error *error)
{
    const struct reindex *reindex = context;
    const struct index_section_place *place = &reindex->header.sections[section];
    const uint64_t section_bytes = place->record_count * place->record_bytes;
    if (offset > section_bytes || count > section_bytes - offset) {
        return err_set(error, VSR_ERR_MEDIA, "media/reindex", "a trailer changed while being read");
    }
    return io_pwrite(reindex->out_fd, bytes, count, place->offset + offset, INDEX_PART_NAME,
                     VSR_ERR_DEST_IO, error);
}

/* Second pass: header and sections; what is between them is zero in a fresh file. */
static vsr_code reindex_fill(struct reindex *reindex, vsr_error *error)
{
    const struct set_description *d = &reindex->set->description;
    if (ftruncate(reindex->out_fd, (off_t)reindex->header.file_bytes) != 0) {
        return err_sys(error, err_dest_code(errno), "media/reindex", "cannot make room for %s",
                       INDEX_NAME);
    }
    vsr_code rc = io_pwrite(reindex->out_fd, &reindex->header, sizeof reindex->header, 0,
                            INDEX_PART_NAME, VSR_ERR_DEST_IO, error);
    for (uint32_t pack = 0; pack < d->pack_count && rc == VSR_OK; pack++) {
        struct source source;
        struct trailer trailer;
        rc = reindex_open(reindex, pack, &trailer, &source, error);
        if (rc == VSR_OK) {
            rc = trailer_stream(&trailer, reindex_put, reindex, error);
        }
        source_close(&source);
    }
    return rc;
}

/* The hash at the end, and whether the whole is what it was. */
static vsr_code reindex_seal(const struct reindex *reindex, vsr_error *error)
{
    uint8_t hash[16];
    const uint64_t bytes = reindex->header.file_bytes;
    vsr_code rc = part_hash(reindex->out_fd, bytes - sizeof hash, INDEX_PART_NAME, hash, error);
    if (rc == VSR_OK) {
        rc = io_pwrite(reindex->out_fd, hash, sizeof hash, bytes - sizeof hash, INDEX_PART_NAME,
                       VSR_ERR_DEST_IO, error);
    }
    if (rc == VSR_OK) {
        rc = part_hash(reindex->out_fd, bytes, INDEX_PART_NAME, hash, error);
    }
    if (rc == VSR_OK && memcmp(hash, reindex->set->description.index.xxh3_128, sizeof hash) != 0) {
        rc =
            err_set(error, VSR_ERR_MEDIA, "media/reindex",
                    "cannot rebuild index.bin: what the packs hold is not what set.json describes");
    }
    if (rc == VSR_OK && fsync(reindex->out_fd) != 0) {
        rc = err_sys(error, err_dest_code(errno), "media/reindex", "cannot sync %s", INDEX_NAME);
    }
    return rc;
}

static vsr_code reindex_write(struct reindex *reindex, vsr_error *error)
{
    const int dir_fd = reindex->set->dir_fd;
    (void)unlinkat(dir_fd, INDEX_PART_NAME, 0); /* of one that was cut short */
    OWN(fd)
    fd = openat(dir_fd, INDEX_PART_NAME, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd < 0) {
        return err_sys(error, err_dest_code(errno), "media/reindex", "cannot create %s in %.*s",
                       INDEX_NAME, VIEW_ARG(reindex->set->path));
    }
    reindex->out_fd = fd;
    vsr_code rc = reindex_fill(reindex, error);
    if (rc == VSR_OK) {
        rc = reindex_seal(reindex, error);
    }
    if (rc == VSR_OK && renameat(dir_fd, INDEX_PART_NAME, dir_fd, INDEX_NAME) != 0) {
        rc = err_sys(error, err_dest_code(errno), "media/reindex", "cannot rename %s", INDEX_NAME);
    }
    if (rc != VSR_OK) {
        (void)unlinkat(dir_fd, INDEX_PART_NAME, 0);
        return rc;
    }
    if (fsync(dir_fd) != 0 && errno != EINVAL) {
        return err_sys(error, err_dest_code(errno), "media/reindex", "cannot sync the folder %.*s",
                       VIEW_ARG(reindex->set->path));
    }
    return VSR_OK;
}

/* Is the index.bin that stands there the one that set.json describes? */
static bool reindex_is_needless(const struct media_set *set)
{
    OWN(fd) fd = -1;
    uint64_t bytes = 0;
    uint8_t hash[16];
    return part_open(set->dir_fd, INDEX_NAME, &fd, &bytes, NULL) == VSR_OK &&
           bytes == set->description.index.size &&
           part_hash(fd, bytes, INDEX_NAME, hash, NULL) == VSR_OK &&
           memcmp(hash, set->description.index.xxh3_128, sizeof hash) == 0;
}

static vsr_code reindex_set(const struct media_set *set, vsr_error *error)
{
    struct reindex reindex = {.set = set, .out_fd = -1};
    OWN(fd) packs_fd = openat(set->dir_fd, SET_PACKS, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (packs_fd < 0) {
        return err_sys(error, part_code(errno), "media/reindex",
                       "cannot open the folder packs of the set %.*s", VIEW_ARG(set->path));
    }
    reindex.packs_fd = packs_fd;
    vsr_code rc = reindex_find_lost(&reindex, error);
    if (rc == VSR_OK) {
        rc = reindex_layout(&reindex, error);
    }
    return rc == VSR_OK ? reindex_write(&reindex, error) : rc;
}

vsr_code set_reindex(const char *path, bool *rebuilt, vsr_error *error)
{
    struct media_set set;
    *rebuilt = false;
    vsr_code rc = set_open_description(&set, path, error);
    if (rc != VSR_OK) {
        return rc;
    }
    if (!reindex_is_needless(&set)) {
        rc = reindex_set(&set, error);
        *rebuilt = rc == VSR_OK;
    }
    set_close(&set);
    return rc;
}
