/* set.c - a backup set: description, index, packs, documents.
 *
 * The first thing that every verb with a SET does. set.json is trusted only after its own hash,
 * the index only after set.json's word for it and index_check(), packs only frame by frame, by
 * those who read them. Whether parts are files of a folder or somebody's functions read them is
 * known here alone. Deliberately not here: writing (set_write.c), repair (reindex.c). */
#include "media/set.h"

#include "base/heap.h"
#include "base/io.h"
#include "base/limits.h"
#include "base/own.h"
#include "media/foreign.h"
#include "media/part.h"
#include "media/set_json.h"

#include <fcntl.h>
#include <stdio.h>

void set_pack_name(uint32_t pack, char *out)
{
    (void)snprintf(out, SET_PACK_NAME_BYTES, "pack-%06u.tar.lz4", pack);
}

void set_pack_part(uint32_t pack, char *out)
{
    (void)snprintf(out, SET_PACK_NAME_BYTES, SET_PACKS "/pack-%06u.tar.lz4", pack);
}

/* Without set.json: what was typed is no set, or one that lost it or was never finished. */
static vsr_code set_is_none(const struct media_set *set, vsr_error *error)
{
    static const char *const parts[] = {SET_PACKS, INDEX_NAME, SET_DOCUMENTS};
    for (size_t i = 0; set->store == NULL && i < sizeof parts / sizeof *parts; i++) {
        if (faccessat(set->dir_fd, parts[i], F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
            return err_set(error, VSR_ERR_MEDIA, "media/set",
                           "%.*s has %s but no set.json: it was never finished, or has lost it",
                           VIEW_ARG(set->path), parts[i]);
        }
    }
    return err_set(error, VSR_ERR_SELECTION, "media/set",
                   "%.*s is no backup set: it has no set.json", VIEW_ARG(set->path));
}

vsr_code set_open_part(const struct media_set *set, const char *name, enum store_reader reader,
                       struct source *out, uint64_t *bytes, vsr_error *error)
{
    if (set->store != NULL) {
        return store_open_part(set->store, name, reader, out, bytes, error);
    }
    int fd = -1;
    const vsr_code rc = part_open(set->dir_fd, name, &fd, bytes, error);
    *out = rc == VSR_OK ? source_of_fd(fd) : source_none(errno);
    return rc;
}

/* Read set.json into *out. */
static vsr_code set_read_json(const struct media_set *set, struct buffer *out, vsr_error *error)
{
    struct source source;
    uint64_t bytes = 0;
    if (set->store != NULL
            ? store_lacks(set->store, SET_JSON_NAME)
            : faccessat(set->dir_fd, SET_JSON_NAME, F_OK, AT_SYMLINK_NOFOLLOW) != 0 &&
                  errno == ENOENT) {
        return set_is_none(set, error);
    }
    vsr_code rc = set_open_part(set, SET_JSON_NAME, STORE_CALLER, &source, &bytes, error);
    if (rc != VSR_OK) {
        return rc;
    }
    if (bytes > SET_JSON_BYTES_MAX) {
        rc = err_set(error, VSR_ERR_MEDIA, "media/set",
                     "set.json is damaged: %llu bytes, at most %zu are possible",
                     (unsigned long long)bytes, SET_JSON_BYTES_MAX);
    } else {
        buffer_reserve(out, (size_t)bytes + 1);
        out->n = (size_t)bytes;
        rc = source_read_all(&source, 0, out->p, out->n, SET_JSON_NAME, error);
    }
    source_close(&source);
    return rc;
}

/* Its parts can be opened: what they say of themselves. */
static vsr_code set_describe(struct media_set *out, vsr_error *error)
{
    struct buffer text = {0};
    vsr_code rc = set_read_json(out, &text, error);
    if (rc == VSR_OK) {
        rc = set_json_parse(&out->arena, buffer_view(&text), &out->description, error);
    }
    buffer_free(&text);
    if (rc != VSR_OK) {
        set_close(out);
        return rc;
    }
    out->packs = heap_alloc(out->description.pack_count, sizeof *out->packs);
    for (uint32_t i = 0; i < out->description.pack_count; i++) {
        out->packs[i] = source_none(ENOENT); /* without the folder packs */
    }
    return VSR_OK;
}

vsr_code set_open_description(struct media_set *out, const char *path, vsr_error *error)
{
    *out = (struct media_set){.dir_fd = -1};
    out->path = arena_copy(&out->arena, view_of(path));
    out->dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (out->dir_fd < 0) {
        const bool typed = errno == ENOENT || errno == ENOTDIR; /* as with any other place */
        const vsr_code code = typed ? VSR_ERR_SELECTION : part_code(errno);
        const vsr_code rc =
            err_sys(error, code, "media/set", "cannot open the backup set %s", path);
        set_close(out);
        return rc;
    }
    return set_describe(out, error);
}

vsr_code set_open_description_by(struct media_set *out, const struct set_access *access,
                                 vsr_error *error)
{
    *out = (struct media_set){.dir_fd = -1};
    out->path = arena_copy(&out->arena, view_of(access->name));
    out->store = heap_alloc(1, sizeof *out->store);
    out->store->functions = access->functions;
    if (access->index_folder != NULL) {
        out->store->index_folder = arena_copy(&out->arena, view_of(access->index_folder)).p;
    }
    if (!access->any_thread) {
        const vsr_code rc = desk_create(&out->store->desk, error);
        if (rc != VSR_OK) {
            set_close(out);
            return rc;
        }
    }
    return set_describe(out, error);
}

/* What set.json and the index say about the same things must be the same. */
static vsr_code set_check_index(const struct media_set *set, vsr_error *error)
{
    const struct set_description *d = &set->description;
    const struct media_index *index = &set->index;
    if (memcmp(index->header->set_uuid, d->uuid.bytes, sizeof d->uuid.bytes) != 0 ||
        index->volume_count != d->volume_count) {
        return err_set(error, VSR_ERR_MEDIA, "media/set", "index.bin is not that of the set %.*s",
                       VIEW_ARG(set->path));
    }
    for (uint32_t i = 0; i < d->volume_count; i++) {
        if (!view_equal(index_volume_prefix(index, i), d->volumes[i].prefix)) {
            return err_set(error, VSR_ERR_MEDIA, "media/set",
                           "index.bin and set.json disagree on the prefix of volume %u", i);
        }
    }
    for (uint64_t i = 0; i < index->chunk_count; i++) {
        const struct index_chunk *c = &index->chunks[i];
        if (c->frame_offset + c->frame_bytes > d->packs[c->pack].size) {
            return err_set(error, VSR_ERR_MEDIA, "media/set",
                           "index.bin places chunk %llu behind the end of pack %u",
                           (unsigned long long)i, c->pack);
        }
    }
    return VSR_OK;
}

/* The index of a set that is no folder, from a file of our own. */
static vsr_code set_hold_index(struct media_set *set, vsr_error *error)
{
    const struct set_part *part = &set->description.index;
    OWN(fd) fd = -1;
    if (part->size > INDEX_BYTES_MAX) {
        return err_set(error, VSR_ERR_MEDIA, "media/set",
                       "set.json is damaged: %llu bytes cannot be an index",
                       (unsigned long long)part->size);
    }
    const vsr_code rc = store_hold(set->store, INDEX_NAME, part->size, &fd, error);
    return rc == VSR_OK ? index_open_file(&set->index, fd, part->size, INDEX_NAME,
                                          set->description.pack_count, part->xxh3_128, error)
                        : rc;
}

vsr_code set_open_index(struct media_set *set, vsr_error *error)
{
    vsr_code rc = set->store != NULL ? set_hold_index(set, error)
                                     : index_open(&set->index, set->dir_fd, INDEX_NAME,
                                                  set->description.pack_count,
                                                  set->description.index.xxh3_128, error);
    if (rc == VSR_OK) {
        rc = set_check_index(set, error);
    }
    if (rc != VSR_OK) {
        index_close(&set->index);
    }
    return rc;
}

/* The index of a set whose description was opened as rc says. */
static vsr_code set_open_rest(struct media_set *out, vsr_code rc, vsr_error *error)
{
    if (rc != VSR_OK) {
        return rc;
    }
    rc = set_open_index(out, error);
    if (rc != VSR_OK) {
        set_close(out);
    }
    return rc;
}

vsr_code set_open(struct media_set *out, const char *path, vsr_error *error)
{
    return set_open_rest(out, set_open_description(out, path, error), error);
}

vsr_code set_open_by(struct media_set *out, const struct set_access *access, vsr_error *error)
{
    return set_open_rest(out, set_open_description_by(out, access, error), error);
}

uint64_t set_memory_bytes(const struct media_set *set)
{
    return (set->foreign != NULL ? set->foreign->table_bytes : 0) +
           (set->store != NULL ? set->store->held_bytes : 0);
}

void set_close(struct media_set *set)
{
    for (uint32_t i = 0; set->packs != NULL && i < set->description.pack_count; i++) {
        source_close(&set->packs[i]);
    }
    free(set->packs);
    index_close(&set->index);
    foreign_free(set->foreign);
    if (set->dir_fd >= 0) {
        (void)close(set->dir_fd);
    }
    if (set->store != NULL) {
        desk_free(set->store->desk);
        free(set->store);
    }
    arena_free(&set->arena);
    *set = (struct media_set){.dir_fd = -1};
}

/* One pack, if it has not been opened yet; its size must be what set.json says. */
static vsr_code set_open_pack(struct media_set *set, uint32_t pack, vsr_error *error)
{
    char name[SET_PACK_NAME_BYTES];
    uint64_t bytes = 0;
    set_pack_part(pack, name);
    /* a pack of a wrong size still gives what it has */
    const vsr_code rc = set_open_part(set, name, STORE_WORKERS, &set->packs[pack], &bytes, error);
    if (rc == VSR_OK && bytes != set->description.packs[pack].size) {
        return err_set(error, VSR_ERR_MEDIA, "media/set", "%s has %llu bytes, set.json says %llu",
                       name, (unsigned long long)bytes,
                       (unsigned long long)set->description.packs[pack].size);
    }
    return rc;
}

vsr_code set_open_packs(struct media_set *set, bool need_all, vsr_error *error)
{
    vsr_code first = VSR_OK;
    for (uint32_t i = 0; i < set->description.pack_count; i++) {
        if (!source_is_open(&set->packs[i])) {
            const vsr_code rc = set_open_pack(set, i, need_all ? error : NULL);
            first = first == VSR_OK ? rc : first;
        }
    }
    return need_all ? first : VSR_OK;
}

/* A document that is open, of that many bytes. */
static vsr_code document_take(const struct source *source, const struct set_part *part,
                              uint64_t bytes, struct buffer *out, vsr_error *error)
{
    if (bytes != part->size || bytes > DOCUMENT_BYTES_MAX) {
        return err_set(error, VSR_ERR_MEDIA, "media/set",
                       "documents/%s has %llu bytes, set.json says %llu", part->name.p,
                       (unsigned long long)bytes, (unsigned long long)part->size);
    }
    buffer_reserve(out, (size_t)bytes + 1);
    const vsr_code rc =
        source_read_all(source, 0, out->p + out->n, (size_t)bytes, part->name.p, error);
    if (rc != VSR_OK) {
        return rc;
    }
    uint8_t hash[16];
    part_hash_bytes(out->p + out->n, (size_t)bytes, hash);
    if (memcmp(hash, part->xxh3_128, sizeof hash) != 0) {
        return err_set(error, VSR_ERR_MEDIA, "media/set",
                       "documents/%s is damaged: its hash is not the one in set.json",
                       part->name.p);
    }
    out->n += (size_t)bytes;
    return VSR_OK;
}

vsr_code set_read_document(const struct media_set *set, uint32_t document, struct buffer *out,
                           vsr_error *error)
{
    const struct set_part *part = &set->description.documents[document];
    struct source source;
    uint64_t bytes = 0;
    struct buffer name = {0};
    buffer_printf(&name, SET_DOCUMENTS "/%.*s", VIEW_ARG(part->name));
    buffer_add_char(&name, '\0');
    vsr_code rc = set_open_part(set, name.p, STORE_CALLER, &source, &bytes, error);
    buffer_free(&name);
    if (rc == VSR_OK) {
        rc = document_take(&source, part, bytes, out, error);
        source_close(&source);
    }
    return rc;
}

vsr_code set_write_description(int dir_fd, const struct set_description *description,
                               vsr_error *error)
{
    struct buffer text = {0};
    vsr_code rc = set_json_render(&text, description, error);
    if (rc == VSR_OK) {
        rc = io_replace_file(dir_fd, SET_JSON_NAME, buffer_view(&text), IO_SYNCED, VSR_ERR_DEST_IO,
                             error);
    }
    buffer_free(&text);
    return rc;
}
