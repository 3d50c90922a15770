/* meta.c - statx, attributes, holes.
 *
 * Attributes are kept by the names under which the source shows them; what they mean is for the
 * restore's destination to know. Two are taken out: the DOS attributes, which the planner asks
 * for, and the security descriptor, which thousands of files share. Left out: security.selinux,
 * which is the label that this machine's policy gave to the mount, not the volume's own. */
#include "pack/meta.h"

#include "base/heap.h"
#include "base/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#define ATTRIBUTE_DOS "system.ntfs_attrib" /* four bytes, this machine's order (little-endian) */

/* Not in listxattr(): asked for by name where the volume's root says that they are known. */
static const char *const unlisted[] = {
    "system.ntfs_acl",       ATTRIBUTE_DOS,          "system.ntfs_reparse_data", "system.ntfs_ea",
    "system.ntfs_object_id", "system.ntfs_dos_name", "security.NTACL",
};
enum { UNLISTED_COUNT = sizeof unlisted / sizeof *unlisted };

/* Security descriptors, the one that says most first. */
static const char *const descriptor_names[] = {"system.ntfs_acl", "security.NTACL"};

/* Where attributes are read: an open file, or a path for what cannot be opened. */
struct attribute_place {
    int fd; /* -1: path */
    const char *path;
};

static ssize_t attribute_list(struct attribute_place at, char *list, size_t bytes)
{
    return at.fd >= 0 ? flistxattr(at.fd, list, bytes) : llistxattr(at.path, list, bytes);
}

static ssize_t attribute_get(struct attribute_place at, const char *name, void *value, size_t bytes)
{
    return at.fd >= 0 ? fgetxattr(at.fd, name, value, bytes)
                      : lgetxattr(at.path, name, value, bytes);
}

void meta_reader_init(struct meta_reader *reader)
{
    *reader = (struct meta_reader){
        .names = heap_alloc(XATTR_LIST_MAX, 1),
        .value = heap_alloc(XATTR_SIZE_MAX, 1),
    };
}

void meta_reader_fini(struct meta_reader *reader)
{
    free(reader->names);
    free(reader->value);
    buffer_free(&reader->attributes);
}

uint64_t meta_device(const struct statx *stat)
{
    return makedev(stat->stx_dev_major, stat->stx_dev_minor);
}

uint32_t meta_probe(int fd)
{
    uint32_t shown = 0;
    for (uint32_t i = 0; i < UNLISTED_COUNT; i++) {
        if (fgetxattr(fd, unlisted[i], NULL, 0) >= 0 || errno == ENODATA) {
            shown |= 1u << i;
        }
    }
    return shown;
}

/* --- attributes --- */

struct attribute_sink {
    struct buffer *out; /* as FORMAT.md lays them down */
    struct node *node;
    struct tree_extra extra;
    struct arena *arena;
    uint32_t *losses;
};

static bool is_descriptor(const char *name, size_t *rank)
{
    for (*rank = 0; *rank < sizeof descriptor_names / sizeof *descriptor_names; ++*rank) {
        if (strcmp(name, descriptor_names[*rank]) == 0) {
            return true;
        }
    }
    return false;
}

static void attribute_add(struct buffer *out, const char *name, const void *value, size_t bytes)
{
    const uint16_t name_bytes = (uint16_t)strlen(name);
    const uint32_t value_bytes = (uint32_t)bytes;
    buffer_add(out, &name_bytes, sizeof name_bytes);
    buffer_add(out, &value_bytes, sizeof value_bytes);
    buffer_add(out, name, name_bytes);
    buffer_add(out, value, bytes);
}

/* One attribute's value to where it belongs. Names come sorted: of two descriptors "security"
 * comes first and is displaced, kept as a plain attribute. */
static void attribute_take(struct attribute_sink *sink, const char *name, const char *value,
                           size_t bytes)
{
    size_t rank = 0;
    if (strcmp(name, ATTRIBUTE_DOS) == 0 && bytes == sizeof sink->node->record.dos_attributes) {
        memcpy(&sink->node->record.dos_attributes, value, bytes);
        sink->node->record.flags |= INDEX_HAS_DOS;
        return;
    }
    if (bytes > 0 && is_descriptor(name, &rank)) {
        if (sink->extra.descriptor.n > 0) {
            attribute_add(sink->out, sink->extra.descriptor_name.p, sink->extra.descriptor.p,
                          sink->extra.descriptor.n);
        }
        sink->extra.descriptor_name = view_of(descriptor_names[rank]);
        sink->extra.descriptor = arena_copy(sink->arena, (struct view){value, bytes});
        return;
    }
    attribute_add(sink->out, name, value, bytes);
}

static int name_compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool name_is_kept(const char *name, const char *const *names, size_t count)
{
    if (strcmp(name, "security.selinux") == 0 || strlen(name) > XATTR_NAME_MAX) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (strcmp(name, names[i]) == 0) {
            return false;
        }
    }
    return true;
}

/* The names to ask for, sorted: those that a listing shows and those that none does. */
static size_t attribute_names(struct meta_reader *reader, const struct source_volume *volume,
                              struct attribute_place at, const char **names, size_t names_max,
                              uint32_t *losses)
{
    size_t count = 0;
    const ssize_t listed = attribute_list(at, reader->names, XATTR_LIST_MAX);
    if (listed < 0 && errno != EOPNOTSUPP) {
        *losses |= META_ATTRIBUTE_UNREADABLE;
    }
    for (ssize_t i = 0; i < listed && count < names_max;) {
        const char *name = reader->names + i;
        if (name_is_kept(name, names, count)) {
            names[count++] = name;
        }
        i += (ssize_t)strlen(name) + 1;
    }
    for (uint32_t i = 0; i < UNLISTED_COUNT && count < names_max; i++) {
        if ((volume->shown & (1u << i)) != 0 && name_is_kept(unlisted[i], names, count)) {
            names[count++] = unlisted[i];
        }
    }
    qsort(names, count, sizeof *names, name_compare);
    return count;
}

/* Enough names for XATTR_LIST_MAX bytes of short ones would be thousands; files with more than
 * this are unknown, and a loss is told. */
enum { ATTRIBUTES_MAX = 1024 };

static void attributes_read(struct meta_reader *reader, const struct source_volume *volume,
                            struct attribute_place at, struct attribute_sink *sink)
{
    const char *names[ATTRIBUTES_MAX];
    const size_t count = attribute_names(reader, volume, at, names, ATTRIBUTES_MAX, sink->losses);
    if (count == ATTRIBUTES_MAX) {
        *sink->losses |= META_ATTRIBUTE_UNREADABLE;
    }
    for (size_t i = 0; i < count; i++) {
        const ssize_t bytes = attribute_get(at, names[i], reader->value, XATTR_SIZE_MAX);
        if (bytes >= 0) {
            attribute_take(sink, names[i], reader->value, (size_t)bytes);
        } else if (errno == E2BIG || errno == ERANGE) {
            *sink->losses |= META_STREAM_TOO_LONG;
        } else if (errno != ENODATA && errno != EOPNOTSUPP) {
            *sink->losses |= META_ATTRIBUTE_UNREADABLE;
        }
    }
}

/* --- times, owner, size --- */

static void record_stat(struct index_entry *record, const struct statx *stat)
{
    record->mode = stat->stx_mode;
    record->uid = stat->stx_uid;
    record->gid = stat->stx_gid;
    record->modify_s = stat->stx_mtime.tv_sec;
    record->modify_ns = stat->stx_mtime.tv_nsec;
    record->access_s = stat->stx_atime.tv_sec;
    record->access_ns = stat->stx_atime.tv_nsec;
    record->change_s = stat->stx_ctime.tv_sec;
    record->change_ns = stat->stx_ctime.tv_nsec;
    if ((stat->stx_mask & STATX_BTIME) != 0) {
        record->birth_s = stat->stx_btime.tv_sec;
        record->birth_ns = stat->stx_btime.tv_nsec;
        record->flags |= INDEX_HAS_BIRTH;
    }
    if (S_ISREG(stat->stx_mode)) {
        record->kind = INDEX_FILE;
        record->size = stat->stx_size;
    } else {
        record->kind = S_ISDIR(stat->stx_mode) ? INDEX_DIRECTORY : INDEX_SYMLINK;
    }
}

/* The allocated ranges of a file that has fewer blocks than its size needs. Ranges beyond the
 * limit are taken as one to the end: holes in it are stored as zeros. */
static void holes_read(int fd, struct node *node, struct arena *arena, struct tree_extra *extra)
{
    const off_t size = (off_t)node->record.size;
    struct index_range *list = NULL;
    size_t capacity = 0;
    uint32_t count = 0;
    off_t at = 0;
    bool known = true;
    while (at < size) {
        const off_t begin = lseek(fd, at, SEEK_DATA);
        if (begin < 0) {
            known = errno == ENXIO; /* nothing but a hole to the end; else: not supported */
            break;
        }
        off_t end = count + 1 == FILE_RANGES_MAX ? size : lseek(fd, begin, SEEK_HOLE);
        if (begin >= size || (end >= 0 && end <= begin)) {
            break;
        }
        /* FORMAT.md, section 3: multiples of 512, whatever a file system's blocks are */
        const off_t first = begin / SPARSE_ALIGN_BYTES * SPARSE_ALIGN_BYTES;
        const off_t start = first < at ? at : first;
        end = end < 0 || end > size - SPARSE_ALIGN_BYTES
                  ? size
                  : (end + SPARSE_ALIGN_BYTES - 1) / SPARSE_ALIGN_BYTES * SPARSE_ALIGN_BYTES;
        list = heap_grow(list, count, &capacity, sizeof *list);
        list[count++] = (struct index_range){(uint64_t)start, (uint64_t)(end - start)};
        at = end;
    }
    const bool whole = count == 1 && list[0].offset == 0 && list[0].length == (uint64_t)size;
    if (known && !whole) {
        struct index_range *ranges = ARENA_ARRAY(arena, struct index_range, count);
        if (count > 0) {
            memcpy(ranges, list, count * sizeof *ranges);
        }
        extra->ranges = ranges;
        node->record.range_count = count;
        node->record.flags |= INDEX_SPARSE;
    }
    free(list);
}

static void extra_keep(struct node *node, struct arena *arena, const struct attribute_sink *sink)
{
    const struct tree_extra *extra = &sink->extra;
    if (sink->out->n > 0 || extra->descriptor.n > 0 || extra->linked ||
        view_present(extra->link_text) || (node->record.flags & INDEX_SPARSE) != 0) {
        node->extra = ARENA_NEW(arena, struct tree_extra);
        *node->extra = *extra;
        if (sink->out->n > 0) {
            node->extra->attributes = arena_copy(arena, buffer_view(sink->out));
        }
    }
}

static void links_note(struct tree_extra *extra, const struct statx *stat)
{
    extra->linked = S_ISREG(stat->stx_mode) && stat->stx_nlink > 1;
    extra->device = meta_device(stat);
    extra->inode = stat->stx_ino;
}

int meta_read_open(struct meta_reader *reader, const struct source_volume *volume, int fd,
                   struct node *node, struct arena *arena, uint32_t *losses)
{
    struct statx stat = {0};
    if (statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_BTIME, &stat) != 0) {
        return errno;
    }
    if (!S_ISREG(stat.stx_mode) && !S_ISDIR(stat.stx_mode)) {
        return ESTALE; /* not what the directory said a moment ago */
    }
    if (stat.stx_size > FILE_BYTES_MAX) {
        return EFBIG;
    }
    record_stat(&node->record, &stat);
    reader->attributes.n = 0;
    struct attribute_sink sink = {.out = &reader->attributes,
                                  .node = node,
                                  .arena = arena,
                                  .losses = losses};
    links_note(&sink.extra, &stat);
    attributes_read(reader, volume, (struct attribute_place){.fd = fd}, &sink);
    if (S_ISREG(stat.stx_mode) && stat.stx_blocks < (stat.stx_size + 511) / 512) {
        holes_read(fd, node, arena, &sink.extra);
    }
    extra_keep(node, arena, &sink);
    return 0;
}

int meta_read_link(struct meta_reader *reader, const struct source_volume *volume, int dir_fd,
                   const char *name, struct node *node, struct arena *arena, uint32_t *losses)
{
    struct statx stat = {0};
    char text[PATH_MAX];
    char path[WIN_NAME_BYTES_MAX + 40];
    if (statx(dir_fd, name, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS | STATX_BTIME, &stat) != 0) {
        return errno;
    }
    if (!S_ISLNK(stat.stx_mode)) {
        return ESTALE;
    }
    const ssize_t text_bytes = readlinkat(dir_fd, name, text, sizeof text);
    if (text_bytes <= 0) {
        return text_bytes < 0 ? errno : EINVAL;
    }
    record_stat(&node->record, &stat);
    reader->attributes.n = 0;
    struct attribute_sink sink = {.out = &reader->attributes,
                                  .node = node,
                                  .arena = arena,
                                  .losses = losses};
    sink.extra.link_text = arena_copy(arena, (struct view){text, (size_t)text_bytes});
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d/%s", dir_fd, name);
    attributes_read(reader, volume, (struct attribute_place){.fd = -1, .path = path}, &sink);
    extra_keep(node, arena, &sink);
    return 0;
}
