/* index_check.c - every rule that an index must keep before anything else looks at it.
 *
 * Runs once when a set is opened, right after the hashes, because a hash only tells that the
 * bytes are those that somebody wrote. Walks volumes, directories and entries once, in the order
 * in which they must lie (FORMAT.md, section 3), so that "disjoint and covering", "no cycles" and
 * "parents first" all follow from one comparison for each directory. Linear, without recursion;
 * memory for one path of directories. What it lets pass can be indexed, walked and printed
 * without further checks. Deliberately not here: the media themselves (check.c). */
#include "media/index_check.h"

#include "base/heap.h"
#include "base/own.h"

#include <stdio.h>

/* A directory on the way from a volume's root down. */
struct check_level {
    uint32_t next_directory; /* the child directory to walk next */
    uint32_t end;            /* behind the last child */
    uint32_t path_bytes;
};

struct check_path {
    struct check_level *levels; /* WIN_PATH_DEPTH_MAX + 1 */
    uint32_t depth;
    uint32_t volume;
};

static vsr_code check_fault(const struct index_check *check, const char *record, uint64_t number,
                            const void *at, const char *fault, vsr_error *error)
{
    char place[40] = "";
    if (check->index->mapping != NULL) {
        (void)snprintf(place, sizeof place, " at byte %llu",
                       (unsigned long long)((const char *)at -
                                            (const char *)check->index->mapping));
    }
    return err_set(error, VSR_ERR_MEDIA, "media/index_check", "index.bin is damaged%s: %s %llu: %s",
                   place, record, (unsigned long long)number, fault);
}

/* --- names --- */

static bool check_element(struct view name)
{
    return name.n > 0 && memchr(name.p, '/', name.n) == NULL && memchr(name.p, 0, name.n) == NULL &&
           !view_equal(name, VIEW(".")) && !view_equal(name, VIEW(".."));
}

static const char *check_name(const struct index_check *check, const struct index_entry *e)
{
    if (!index_check_blob(check, e->name_offset, e->name_bytes)) {
        return "its name lies outside the index";
    }
    if (e->name_bytes > WIN_NAME_BYTES_MAX) {
        return "its name is longer than a name can be";
    }
    const struct view name = {check->index->blobs + e->name_offset, e->name_bytes};
    return check_element(name) ? NULL : "its name is none that a path can hold";
}

static const char *check_prefix(const struct index_check *check, const struct index_volume *v)
{
    if (!index_check_blob(check, v->prefix_offset, v->prefix_bytes)) {
        return "its prefix lies outside the index";
    }
    struct view rest = {check->index->blobs + v->prefix_offset, v->prefix_bytes};
    if (rest.n == 0 || rest.n > WIN_PATH_BYTES_MAX || rest.p[rest.n - 1] == '/') {
        return "its prefix is no path";
    }
    while (rest.n > 0) {
        const struct view element = {rest.p, view_find(rest, '/')};
        if (!check_element(element)) {
            return "its prefix is no path";
        }
        rest = view_skip(rest, element.n < rest.n ? element.n + 1 : element.n);
    }
    return NULL;
}

/* --- what all entries have --- */

static const char *check_attributes(struct index_check *check, const struct index_entry *e)
{
    if (!index_check_blob(check, e->attribute_offset, e->attribute_bytes)) {
        return "its extended attributes lie outside the index";
    }
    if (e->attribute_bytes > check->attribute_bytes_left) {
        return "its extended attributes are another entry's";
    }
    check->attribute_bytes_left -= e->attribute_bytes;
    const struct view all = {check->index->blobs + e->attribute_offset, e->attribute_bytes};
    struct index_attribute attribute;
    uint32_t cursor = 0;
    while (index_attribute_parse(all, &cursor, &attribute)) {
        if (attribute.name.n == 0 || attribute.name.n > ATTRIBUTE_NAME_BYTES_MAX ||
            memchr(attribute.name.p, 0, attribute.name.n) != NULL) {
            return "the name of an extended attribute is none";
        }
    }
    return cursor == all.n ? NULL : "its extended attributes are cut short";
}

static const char *check_common(struct index_check *check, const struct index_entry *e)
{
    static const uint32_t ns_max = 999999999;
    if (e->modify_ns > ns_max || e->access_ns > ns_max || e->change_ns > ns_max ||
        e->birth_ns > ns_max) {
        return "a time has more than 999,999,999 nanoseconds";
    }
    if (e->reserved != 0) {
        return "a reserved field is not zero";
    }
    if (e->descriptor != MARK_NONE && e->descriptor >= check->index->descriptor_count) {
        return "its security descriptor is not in the index";
    }
    return check_attributes(check, e);
}

static const char *check_dataless(const struct index_entry *e)
{
    static const uint8_t flags =
        INDEX_UNPROTECTED | INDEX_HAS_BIRTH | INDEX_HAS_DOS | INDEX_CHANGED;
    if ((e->flags & ~flags) != 0) {
        return "its flags do not fit its kind";
    }
    if (e->size != 0 || e->chunk_count != 0 || e->range_count != 0 || e->link_group != MARK_NONE) {
        return "it is no file, but has what only files have";
    }
    return NULL;
}

static const char *check_symlink(const struct index_check *check, const struct index_entry *e)
{
    if (e->link.bytes == 0 || e->link.bytes > WIN_PATH_BYTES_MAX ||
        !index_check_blob(check, e->link.offset, e->link.bytes)) {
        return "its link text is not in the index";
    }
    if (memchr(check->index->blobs + e->link.offset, 0, (size_t)e->link.bytes) != NULL) {
        return "its link text holds a NUL";
    }
    return check_dataless(e);
}

static const char *check_directory(const struct index_check *check, uint32_t entry)
{
    const struct index_entry *e = &check->index->entries[entry];
    const uint64_t first = e->directory.first_child;
    const uint64_t end = first + e->directory.child_count;
    if (end > check->index->entry_count || e->directory.first_directory < first ||
        e->directory.first_directory > end || e->directory.reserved != 0) {
        return "its children lie outside the index";
    }
    return check_dataless(e);
}

static const char *check_entry(struct index_check *check, uint32_t entry)
{
    const struct index_entry *e = &check->index->entries[entry];
    const char *fault = check_common(check, e);
    if (fault != NULL) {
        return fault;
    }
    switch (e->kind) {
    case INDEX_DIRECTORY:
        return check_directory(check, entry);
    case INDEX_FILE:
        return index_check_file(check, entry);
    case INDEX_SYMLINK:
        return check_symlink(check, e);
    default:
        return "it is of no known kind";
    }
}

/* --- the tree --- */

static const char *check_child(struct index_check *check, const struct check_path *path,
                               uint32_t directory, uint32_t entry)
{
    const struct index_entry *d = &check->index->entries[directory];
    const struct index_entry *e = &check->index->entries[entry];
    if (e->parent != directory || e->volume != path->volume) {
        return "it is not the child of the directory that claims it";
    }
    if ((e->kind == INDEX_DIRECTORY) != (entry >= d->directory.first_directory)) {
        return "directories and others are not parted";
    }
    const char *fault = check_name(check, e);
    if (fault != NULL) {
        return fault;
    }
    const bool first = entry == d->directory.first_child || entry == d->directory.first_directory;
    if (!first &&
        view_compare(index_name(check->index, entry - 1), index_name(check->index, entry)) >= 0) {
        return "its name is not in order";
    }
    const uint32_t above = path->levels[path->depth - 1].path_bytes;
    if (above + (above > 0) + e->name_bytes > WIN_PATH_BYTES_MAX) {
        return "its path is longer than a path can be";
    }
    return check_entry(check, entry);
}

/* No name stands both among a directory's files and its directories: two sorted rows. */
static bool check_names_differ(const struct media_index *index, const struct index_entry *d)
{
    const uint32_t end = d->directory.first_child + d->directory.child_count;
    uint32_t file = d->directory.first_child;
    uint32_t folder = d->directory.first_directory;
    while (file < d->directory.first_directory && folder < end) {
        const int order = view_compare(index_name(index, file), index_name(index, folder));
        if (order == 0) {
            return false;
        }
        if (order < 0) {
            file++;
        } else {
            folder++;
        }
    }
    return true;
}

/* Go down into a directory that passed check_entry(): its children, all of them. */
static vsr_code check_enter(struct index_check *check, struct check_path *path, uint32_t directory,
                            uint32_t path_bytes, vsr_error *error)
{
    const struct index_entry *d = &check->index->entries[directory];
    const uint32_t first = d->directory.first_child;
    const uint32_t end = first + d->directory.child_count;
    if (first != end && first != check->next_entry) {
        return check_fault(check, "entry", directory, d,
                           "its children do not follow those of the directory before it", error);
    }
    if (path->depth > WIN_PATH_DEPTH_MAX) {
        return check_fault(check, "entry", directory, d, "directories are nested too deeply",
                           error);
    }
    path->levels[path->depth++] =
        (struct check_level){d->directory.first_directory, end, path_bytes};
    check->next_entry += end - first;
    for (uint32_t entry = first; entry < end; entry++) {
        const char *fault = check_child(check, path, directory, entry);
        if (fault != NULL) {
            return check_fault(check, "entry", entry, &check->index->entries[entry], fault, error);
        }
    }
    if (!check_names_differ(check->index, d)) {
        return check_fault(check, "entry", directory, d,
                           "a file and a directory in it have the same name", error);
    }
    return VSR_OK;
}

static const char *check_root(struct index_check *check, const struct check_path *path,
                              uint32_t entry)
{
    const struct index_entry *e = &check->index->entries[entry];
    if (e->kind != INDEX_DIRECTORY || e->parent != MARK_NONE || e->volume != path->volume ||
        e->name_bytes != 0 || !index_check_blob(check, e->name_offset, 0)) {
        return "it is not the root of a volume";
    }
    return check_entry(check, entry);
}

/* One volume: its root, then every directory below it, depth first. */
static vsr_code check_volume(struct index_check *check, struct check_path *path, vsr_error *error)
{
    const struct media_index *index = check->index;
    const struct index_volume *v = &index->volumes[path->volume];
    const char *fault = check_prefix(check, v);
    if (fault == NULL &&
        (v->root_entry != check->next_entry || v->root_entry >= index->entry_count)) {
        fault = "its root does not follow the volume before it";
    }
    if (fault != NULL) {
        return check_fault(check, "volume", path->volume, v, fault, error);
    }
    fault = check_root(check, path, v->root_entry);
    if (fault != NULL) {
        return check_fault(check, "entry", v->root_entry, &index->entries[v->root_entry], fault,
                           error);
    }
    check->next_entry++;
    vsr_code rc = check_enter(check, path, v->root_entry, 0, error);
    while (rc == VSR_OK && path->depth > 0) {
        struct check_level *level = &path->levels[path->depth - 1];
        if (level->next_directory == level->end) {
            path->depth--;
            continue;
        }
        const uint32_t directory = level->next_directory++;
        const uint32_t path_bytes =
            level->path_bytes + (level->path_bytes > 0) + index->entries[directory].name_bytes;
        rc = check_enter(check, path, directory, path_bytes, error);
    }
    return rc;
}

static vsr_code check_descriptors(const struct index_check *check, vsr_error *error)
{
    const struct media_index *index = check->index;
    for (uint32_t i = 0; i < index->descriptor_count; i++) {
        const struct index_descriptor *d = &index->descriptors[i];
        const char *fault = NULL;
        if (d->attribute_bytes == 0 || d->attribute_bytes > ATTRIBUTE_NAME_BYTES_MAX ||
            d->offset < d->attribute_bytes || !index_check_blob(check, d->offset, d->bytes)) {
            fault = "it lies outside the index";
        } else if (memchr(index->blobs + d->offset - d->attribute_bytes, 0, d->attribute_bytes) !=
                   NULL) {
            fault = "the name of its attribute holds a NUL";
        }
        if (fault != NULL) {
            return check_fault(check, "security descriptor", i, d, fault, error);
        }
    }
    return VSR_OK;
}

/* Did volumes and files claim everything that the sections hold? */
static vsr_code check_covered(const struct index_check *check, vsr_error *error)
{
    const struct media_index *index = check->index;
    if (check->next_entry != index->entry_count) {
        return check_fault(check, "entry", check->next_entry, &index->entries[check->next_entry],
                           "it belongs to no directory", error);
    }
    if (check->next_chunk != index->chunk_count) {
        return check_fault(check, "chunk", check->next_chunk, &index->chunks[check->next_chunk],
                           "it belongs to no file", error);
    }
    return VSR_OK;
}

vsr_code index_check(const struct media_index *index, vsr_error *error)
{
    struct index_check check = {.index = index,
                                .ranges_left = index->range_count,
                                .attribute_bytes_left = index->blob_bytes};
    OWN(heap) levels = heap_alloc(WIN_PATH_DEPTH_MAX + 1, sizeof(struct check_level));
    struct check_path path = {.levels = levels};
    vsr_code rc = check_descriptors(&check, error);
    for (; rc == VSR_OK && path.volume < index->volume_count; path.volume++) {
        rc = check_volume(&check, &path, error);
    }
    return rc == VSR_OK ? check_covered(&check, error) : rc;
}
