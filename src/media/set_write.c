/* set_write.c - the folder of a set while it is being made.
 *
 * The last stage of pack: frames come in the order of the members, whatever number of workers
 * encoded them, and go out to the open pack; what must be the same for the same input (places,
 * slices, trailers, index.bin, set.json) is made here, by one thread. Everything is synced before
 * set.json appears. Deliberately not here: what goes into a frame, and when a pack should end -
 * a member may not be cut, and only pack knows where one ends. */
#include "media/set_write.h"

#include "base/bug.h"
#include "base/heap.h"
#include "base/io.h"
#include "base/limits.h"
#include "base/own.h"
#include "base/xxh3.h"
#include "media/part.h"
#include "media/trailer.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

struct set_writer {
    int dir_fd, documents_fd, packs_fd, pack_fd; /* -1: not open */
    struct arena arena;                          /* names of parts */
    struct uuid uuid;
    struct set_part *documents;
    size_t document_count, document_capacity;
    struct set_part *packs; /* the last one may be open */
    size_t pack_count, pack_capacity;
    uint64_t pack_bytes, pack_target;
    XXH3_state_t *pack_hash;
    uint64_t sliced[SECTION_COUNT]; /* records that ended packs hold */
};

static void writer_close_fd(int *fd)
{
    if (*fd >= 0) {
        (void)close(*fd);
    }
    *fd = -1;
}

void set_writer_abandon(struct set_writer *writer)
{
    if (writer == NULL) {
        return;
    }
    writer_close_fd(&writer->pack_fd);
    writer_close_fd(&writer->packs_fd);
    writer_close_fd(&writer->documents_fd);
    writer_close_fd(&writer->dir_fd);
    (void)XXH3_freeState(writer->pack_hash);
    arena_free(&writer->arena);
    free(writer->documents);
    free(writer->packs);
    free(writer);
}

/* True when the folder holds nothing. */
static vsr_code writer_is_empty(int dir_fd, const char *path, bool *empty, vsr_error *error)
{
    DIR *dir = fdopendir(dup(dir_fd));
    if (dir == NULL) {
        return err_sys(error, err_dest_code(errno), "media/set_write", "cannot list %s", path);
    }
    *empty = true;
    for (const struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            *empty = false;
        }
    }
    (void)closedir(dir);
    return VSR_OK;
}

static vsr_code writer_folder(int dir_fd, const char *name, int *out, vsr_error *error)
{
    if (mkdirat(dir_fd, name, 0700) != 0 && errno != EEXIST) {
        return err_sys(error, err_dest_code(errno), "media/set_write", "cannot make the folder %s",
                       name);
    }
    *out = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (*out < 0) {
        return err_sys(error, err_dest_code(errno), "media/set_write", "cannot open the folder %s",
                       name);
    }
    return VSR_OK;
}

/* Is the folder somewhere below one that holds a finished set? Nothing but its own may stand in a
 * set, for `verify` would call it damaged. */
static bool writer_is_in_a_set(int dir_fd)
{
    struct stat here = {0};
    int at = openat(dir_fd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
    for (uint32_t depth = 0; at >= 0 && depth < WIN_PATH_DEPTH_MAX; depth++) {
        struct stat above;
        if (faccessat(at, "set.json", F_OK, AT_SYMLINK_NOFOLLOW) == 0 &&
            faccessat(at, "index.bin", F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
            (void)close(at);
            return true;
        }
        if (fstat(at, &above) != 0 ||
            (above.st_dev == here.st_dev && above.st_ino == here.st_ino)) {
            break; /* the root is above itself */
        }
        here = above;
        const int up = openat(at, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
        (void)close(at);
        at = up;
    }
    if (at >= 0) {
        (void)close(at);
    }
    return false;
}

static vsr_code writer_folders(struct set_writer *writer, const char *path, vsr_error *error)
{
    vsr_code rc = VSR_OK;
    const bool made = mkdir(path, 0700) == 0;
    if (!made && errno != EEXIST) {
        return err_sys(error, err_place_code(errno), "media/set_write",
                       "cannot make the folder %s for the set", path);
    }
    writer->dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (writer->dir_fd < 0) {
        return err_sys(error, errno == ENOTDIR ? VSR_ERR_USAGE : err_dest_code(errno),
                       "media/set_write", "cannot open the folder %s for the set", path);
    }
    if (writer_is_in_a_set(writer->dir_fd)) {
        if (made) {
            (void)rmdir(path);
        }
        return err_set(error, VSR_ERR_SELECTION, "media/set_write",
                       "cannot make a set in %s: it lies in the folder of another set; name a "
                       "place beside it",
                       path);
    }
    bool empty = false;
    rc = writer_is_empty(writer->dir_fd, path, &empty, error);
    if (rc == VSR_OK && !empty) {
        return err_set(error, VSR_ERR_USAGE, "media/set_write",
                       "cannot make a set in %s: the folder is not empty", path);
    }
    if (rc == VSR_OK) {
        rc = writer_folder(writer->dir_fd, SET_DOCUMENTS, &writer->documents_fd, error);
    }
    return rc == VSR_OK ? writer_folder(writer->dir_fd, SET_PACKS, &writer->packs_fd, error) : rc;
}

vsr_code set_writer_begin(struct set_writer **out, const char *path, const struct uuid *uuid,
                          vsr_error *error)
{
    struct set_writer *writer = heap_alloc(1, sizeof *writer);
    *writer = (struct set_writer){.dir_fd = -1,
                                  .documents_fd = -1,
                                  .packs_fd = -1,
                                  .pack_fd = -1,
                                  .uuid = *uuid,
                                  .pack_target = PACK_BYTES_TARGET,
                                  .pack_hash = XXH3_createState()};
    heap_require(writer->pack_hash);
    const vsr_code rc = writer_folders(writer, path, error);
    *out = rc == VSR_OK ? writer : NULL;
    if (rc != VSR_OK) {
        set_writer_abandon(writer);
    }
    return rc;
}

vsr_code set_writer_document(struct set_writer *writer, struct view name, struct view bytes,
                             vsr_error *error)
{
    if (!part_name_is_plain(name) || !view_is_utf8(name)) {
        return err_set(error, VSR_ERR_USAGE, "media/set_write",
                       "cannot store a document as \"%.*s\": that is no plain file name",
                       VIEW_ARG(name));
    }
    if (writer->document_count >= SET_DOCUMENTS_MAX) {
        return err_set(error, VSR_ERR_USAGE, "media/set_write",
                       "cannot store more than %u documents", SET_DOCUMENTS_MAX);
    }
    struct set_part part = {.name = arena_copy(&writer->arena, name), .size = bytes.n};
    for (size_t i = 0; i < writer->document_count; i++) {
        if (view_equal(writer->documents[i].name, name)) {
            return err_set(error, VSR_ERR_USAGE, "media/set_write",
                           "cannot store two documents as \"%.*s\"", VIEW_ARG(name));
        }
    }
    const vsr_code rc = io_replace_file(writer->documents_fd, part.name.p, bytes, IO_SYNCED,
                                        VSR_ERR_DEST_IO, error);
    if (rc != VSR_OK) {
        return rc;
    }
    part_hash_bytes(bytes.p, bytes.n, part.xxh3_128);
    writer->documents = heap_grow(writer->documents, writer->document_count,
                                  &writer->document_capacity, sizeof *writer->documents);
    writer->documents[writer->document_count++] = part;
    return VSR_OK;
}

static vsr_code writer_open_pack(struct set_writer *writer, vsr_error *error)
{
    char name[SET_PACK_NAME_BYTES];
    if (writer->pack_count >= PACK_COUNT_MAX) {
        return err_set(error, VSR_ERR_USAGE, "media/set_write", "cannot write more than %u packs",
                       PACK_COUNT_MAX);
    }
    set_pack_name((uint32_t)writer->pack_count, name);
    writer->pack_fd =
        openat(writer->packs_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (writer->pack_fd < 0) {
        return err_sys(error, err_dest_code(errno), "media/set_write", "cannot create %s", name);
    }
    writer->packs =
        heap_grow(writer->packs, writer->pack_count, &writer->pack_capacity, sizeof *writer->packs);
    writer->packs[writer->pack_count++] =
        (struct set_part){.name = arena_copy(&writer->arena, view_of(name))};
    writer->pack_bytes = 0;
    (void)XXH3_128bits_reset(writer->pack_hash);
    return VSR_OK;
}

static vsr_code writer_append(struct set_writer *writer, const void *bytes, size_t count,
                              vsr_error *error)
{
    const vsr_code rc =
        io_write(writer->pack_fd, bytes, count, writer->packs[writer->pack_count - 1].name.p,
                 VSR_ERR_DEST_IO, error);
    if (rc == VSR_OK) {
        (void)XXH3_128bits_update(writer->pack_hash, bytes, count);
        writer->pack_bytes += count;
    }
    return rc;
}

vsr_code set_writer_frame(struct set_writer *writer, const void *stored, uint32_t stored_bytes,
                          uint32_t *pack, uint64_t *offset, vsr_error *error)
{
    if (writer->pack_fd < 0) {
        const vsr_code rc = writer_open_pack(writer, error);
        if (rc != VSR_OK) {
            return rc;
        }
    }
    *pack = (uint32_t)(writer->pack_count - 1);
    *offset = writer->pack_bytes;
    return writer_append(writer, stored, stored_bytes, error);
}

uint64_t set_writer_pack_bytes(const struct set_writer *writer)
{
    return writer->pack_fd >= 0 ? writer->pack_bytes : 0;
}

bool set_writer_pack_is_full(const struct set_writer *writer)
{
    return set_writer_pack_bytes(writer) >= writer->pack_target;
}

void set_writer_set_pack_target(struct set_writer *writer, uint64_t pack_bytes)
{
    writer->pack_target = pack_bytes;
}

/* The slices that the pack that ends now holds: all that no pack before it has. */
static void writer_slice(struct set_writer *writer, const struct index_build *build,
                         uint32_t entries_end, struct trailer_head *head)
{
    uint64_t counts[SECTION_COUNT];
    index_build_counts(build, counts);
    VSR_REQUIRE(entries_end <= counts[SECTION_ENTRIES]);
    counts[SECTION_ENTRIES] = entries_end;
    for (size_t i = 0; i < SECTION_COUNT; i++) {
        VSR_REQUIRE(counts[i] >= writer->sliced[i]);
        head->slices[i] = (struct trailer_slice){writer->sliced[i], counts[i] - writer->sliced[i]};
        writer->sliced[i] = counts[i];
    }
}

vsr_code set_writer_end_pack(struct set_writer *writer, const struct index_build *build,
                             uint32_t entries_end, vsr_error *error)
{
    VSR_REQUIRE(writer->pack_fd >= 0);
    struct set_part *part = &writer->packs[writer->pack_count - 1];
    struct trailer_head head = {.pack = (uint32_t)(writer->pack_count - 1)};
    struct buffer trailer = {0};
    memcpy(head.set_uuid, writer->uuid.bytes, sizeof head.set_uuid);
    writer_slice(writer, build, entries_end, &head);
    trailer_render(&trailer, &head, build, writer->pack_bytes, TRAILER_PIECE_BYTES);
    vsr_code rc = writer_append(writer, trailer.p, trailer.n, error);
    buffer_free(&trailer);
    if (rc == VSR_OK && fsync(writer->pack_fd) != 0) {
        rc =
            err_sys(error, err_dest_code(errno), "media/set_write", "cannot sync %s", part->name.p);
    }
    if (rc != VSR_OK) {
        return rc;
    }
    XXH128_canonical_t canonical;
    XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(writer->pack_hash));
    memcpy(part->xxh3_128, canonical.digest, sizeof part->xxh3_128);
    part->size = writer->pack_bytes;
    writer_close_fd(&writer->pack_fd);
    return VSR_OK;
}

/* What set.json counts: everything that is no directory, each name of a hard link too. */
static void writer_totals(const struct index_build *build, struct set_description *description)
{
    description->files = 0;
    description->bytes = 0;
    for (uint32_t i = 0; i < build->entry_count; i++) {
        description->files += build->entries[i].kind != INDEX_DIRECTORY;
        description->bytes += build->entries[i].size;
    }
}

static vsr_code writer_sync_folders(const struct set_writer *writer, vsr_error *error)
{
    const int folders[] = {writer->documents_fd, writer->packs_fd, writer->dir_fd};
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        if (fsync(folders[i]) != 0 && errno != EINVAL) {
            return err_sys(error, err_dest_code(errno), "media/set_write",
                           "cannot sync the folder of the set");
        }
    }
    return VSR_OK;
}

vsr_code set_writer_end(struct set_writer *writer, const struct index_build *build,
                        struct set_description *description, vsr_error *error)
{
    uint64_t counts[SECTION_COUNT];
    index_build_counts(build, counts);
    VSR_REQUIRE(writer->pack_fd < 0);
    VSR_REQUIRE(memcmp(counts, writer->sliced, sizeof counts) == 0);
    VSR_REQUIRE(uuid_equal(&description->uuid, &writer->uuid));
    description->documents = writer->documents;
    description->document_count = (uint32_t)writer->document_count;
    description->packs = writer->packs;
    description->pack_count = (uint32_t)writer->pack_count;
    writer_totals(build, description);
    vsr_code rc =
        index_write(writer->dir_fd, INDEX_NAME, &writer->uuid, build, &description->index, error);
    if (rc == VSR_OK) {
        rc = writer_sync_folders(writer, error);
    }
    if (rc == VSR_OK) {
        rc = set_write_description(writer->dir_fd, description, error);
    }
    description->documents = NULL; /* were the writer's */
    description->document_count = 0;
    description->packs = NULL;
    description->pack_count = 0;
    set_writer_abandon(writer);
    return rc;
}
