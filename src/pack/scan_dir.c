/* scan_dir.c - one directory: list it, decide about each entry, read the metadata of those that
 * are wanted. Runs on the scan's threads; the tables that it asks are immutable. */
#include "pack/scan_dir.h"

#include "base/heap.h"
#include "base/limits.h"
#include "base/own.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>

void scan_worker_init(struct scan_worker *worker, struct scan *scan, struct arena *arena)
{
    *worker = (struct scan_worker){.scan = scan, .arena = arena};
    dir_chain_init(&worker->chain, scan->sources, scan->arena_count);
    meta_reader_init(&worker->reader);
}

void scan_worker_fini(struct scan_worker *worker)
{
    dir_chain_fini(&worker->chain);
    meta_reader_fini(&worker->reader);
    demand_ids_free(&worker->ids);
    buffer_free(&worker->path);
    buffer_free(&worker->labels);
    free(worker->alternates);
}

/* --- what is told --- */

static void warn_unreadable(struct scan_worker *worker, const struct node *node, int fault)
{
    scan_demands_of(worker->scan->demands, node, &worker->ids);
    const struct view labels = demand_labels(worker->scan->demands, &worker->ids, &worker->labels);
    const struct view path = scan_path(worker->scan->sources, node, &worker->path);
    notice_add(worker->scan->notices, true, "%.*s cannot be read and is left out (%s)%s%.*s",
               (int)path.n, path.p, strerrordesc_np(fault), labels.n > 0 ? ": incomplete are " : "",
               VIEW_ARG(labels));
}

static void warn_losses(struct scan_worker *worker, const struct node *node, uint32_t losses)
{
    const struct view path = scan_path(worker->scan->sources, node, &worker->path);
    if ((losses & META_STREAM_TOO_LONG) != 0) {
        notice_add(worker->scan->notices, true,
                   "a stream or attribute of %.*s is too long to be read: it is not in the set",
                   (int)path.n, path.p);
    }
    if ((losses & META_ATTRIBUTE_UNREADABLE) != 0) {
        notice_add(worker->scan->notices, true,
                   "some attributes of %.*s cannot be read: they are not in the set", (int)path.n,
                   path.p);
    }
}

static void warn_skipped(struct scan_worker *worker, const struct node *node, const char *what)
{
    const struct view path = scan_path(worker->scan->sources, node, &worker->path);
    notice_add(worker->scan->notices, false, "%.*s is left out: %s", (int)path.n, path.p, what);
}

/* --- nodes --- */

static struct node child_make(struct node *directory, struct view name, uint8_t kind)
{
    return (struct node){.parent = directory,
                         .source = directory,
                         .name = name,
                         .source_name = name,
                         .depth = directory->depth + 1,
                         .path_bytes = (uint32_t)node_child_path_bytes(directory, name),
                         .record = {.kind = kind, .volume = directory->record.volume}};
}

static void child_add(struct scan_worker *worker, struct node *directory, const struct node *made)
{
    struct node *child = ARENA_NEW(worker->arena, struct node);
    *child = *made;
    child->name = arena_copy(worker->arena, made->name);
    child->source_name = child->name;
    struct tree_directory *dir = directory->dir;
    dir->children =
        heap_grow(dir->children, dir->child_count, &dir->child_capacity, sizeof(struct node *));
    dir->children[dir->child_count++] = child;
}

static void alternate_add(struct scan_worker *worker, const struct node *node, uint32_t demand)
{
    worker->alternates = heap_grow(worker->alternates, worker->alternate_count,
                                   &worker->alternate_capacity, sizeof *worker->alternates);
    worker->alternates[worker->alternate_count++] = (struct scan_alternate){node, demand};
}

/* --- partial files --- */

/* Ranges of a partial file, cut to what the file has: the restore will find that they do not
 * agree with the document. */
static void partial_take(struct scan_worker *worker, struct node *node, uint32_t demand_id)
{
    const struct demand *demand = &worker->scan->demands->list[demand_id];
    struct index_range *ranges =
        ARENA_ARRAY(worker->arena, struct index_range, demand->range_count);
    uint32_t count = 0;
    bool beyond = false;
    for (uint32_t i = 0; i < demand->range_count; i++) {
        struct index_range range = demand->ranges[i];
        const uint64_t room =
            range.offset < node->record.size ? node->record.size - range.offset : 0;
        beyond = beyond || range.length > room;
        range.length = range.length < room ? range.length : room;
        if (range.length > 0) {
            ranges[count++] = range;
        }
    }
    if (node->extra == NULL) {
        node->extra = ARENA_NEW(worker->arena, struct tree_extra);
    }
    node->extra->ranges = ranges;
    node->extra->linked = false; /* its data are its own: other names have other ranges, or all */
    node->record.range_count = count;
    node->record.flags = (uint8_t)((node->record.flags & ~INDEX_SPARSE) | INDEX_PARTIAL);
    if (beyond) {
        const struct view path = scan_path(worker->scan->sources, node, &worker->path);
        notice_add(worker->scan->notices, true,
                   "the ranges of partial file %.*s go beyond its %llu bytes: %.*s is incomplete",
                   (int)path.n, path.p, (unsigned long long)node->record.size,
                   VIEW_ARG(demand->label));
    }
}

/* --- one entry of a directory --- */

static int file_open(int dir_fd, const char *name)
{
    const int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
    const int fd = openat(dir_fd, name, flags | O_NOATIME); /* only the owner and root may */
    return fd >= 0 || errno != EPERM ? fd : openat(dir_fd, name, flags);
}

/* Metadata of a file or link; false: it cannot be read, a warning was given. */
static bool leaf_read(struct scan_worker *worker, int dir_fd, struct node *node)
{
    const struct source_volume *volume = &worker->scan->sources->volumes[node->record.volume];
    uint32_t losses = 0;
    int fault = 0;
    if (node->record.kind == INDEX_SYMLINK) {
        fault = meta_read_link(&worker->reader, volume, dir_fd, node->name.p, node, worker->arena,
                               &losses);
    } else {
        OWN(fd) fd = file_open(dir_fd, node->name.p);
        fault = fd < 0 ? errno
                       : meta_read_open(&worker->reader, volume, fd, node, worker->arena, &losses);
        fault = fault == 0 && node->record.kind != INDEX_FILE ? ESTALE : fault;
    }
    if (fault != 0) {
        warn_unreadable(worker, node, fault);
        return false;
    }
    if (losses != 0) {
        warn_losses(worker, node, losses);
    }
    return true;
}

/* A link to a directory, where NTFS says so of the link itself: it comes with the directories of
 * recursive sets, whatever the filespec (rules 5.5, 5.11). */
static bool is_directory_link(const struct node *node)
{
    enum { DOS_DIRECTORY = 0x10 };
    return node->record.kind == INDEX_SYMLINK && (node->record.flags & INDEX_HAS_DOS) != 0 &&
           (node->record.dos_attributes & DOS_DIRECTORY) != 0;
}

static void leaf_note_alternates(struct scan_worker *worker, const struct node *directory,
                                 const struct node *leaf)
{
    const struct demands *demands = worker->scan->demands;
    demand_hits(demands->alternates, directory->dir->places.alternates, leaf->name, &worker->ids);
    for (uint32_t i = 0; i < worker->ids.count; i++) {
        alternate_add(worker, leaf, worker->ids.ids[i]);
    }
}

static void scan_leaf(struct scan_worker *worker, struct node *directory, int dir_fd,
                      const char *name, uint8_t kind)
{
    struct scan *scan = worker->scan;
    const struct tree_places *places = &directory->dir->places;
    struct node made = child_make(directory, view_of(name), kind);
    const struct demand_verdict verdict =
        demand_judge(scan->demands, places, made.name, &worker->ids);
    demand_hits(scan->demands->alternates, places->alternates, made.name, &worker->ids);
    const bool alternate = worker->ids.count > 0;
    const bool maybe_directory = kind == INDEX_SYMLINK && directory->dir->within;
    if (!verdict.wanted && !alternate && !maybe_directory && !scan->include_all) {
        return;
    }
    if (!leaf_read(worker, dir_fd, &made)) {
        return;
    }
    made.protected = verdict.wanted || (maybe_directory && is_directory_link(&made));
    made.wanted = made.protected || scan->include_all;
    if (!made.wanted && !alternate) {
        return;
    }
    made.record.flags |= verdict.ranges_file ? INDEX_RANGES_FILE : 0;
    if (verdict.partial != MARK_NONE && kind == INDEX_FILE) {
        partial_take(worker, &made, verdict.partial);
    }
    if (verdict.conflict) {
        const struct view path = scan_path(scan->sources, &made, &worker->path);
        notice_add(scan->notices, false,
                   "partial file %.*s is saved whole: its partial entry is not alone to name it",
                   (int)path.n, path.p);
    }
    child_add(worker, directory, &made);
    if (alternate) {
        leaf_note_alternates(worker, directory,
                             directory->dir->children[directory->dir->child_count - 1]);
    }
}

static void scan_subdirectory(struct scan_worker *worker, struct node *directory, const char *name)
{
    const struct scan *scan = worker->scan;
    struct node made = child_make(directory, view_of(name), INDEX_DIRECTORY);
    const struct tree_places places =
        demand_enter(scan->demands, &directory->dir->places, made.name);
    if (demand_is_dead(&places) && !scan->include_all) {
        return;
    }
    if (view_starts(made.name, VIEW(OWN_FOLDER_PREFIX))) {
        warn_skipped(worker, &made, "it is of a restore, and no part of the server");
        return;
    }
    if (made.depth >= WIN_PATH_DEPTH_MAX) {
        warn_skipped(worker, &made, "it lies deeper than a Windows path can reach");
        return;
    }
    made.dir = ARENA_NEW(worker->arena, struct tree_directory);
    made.dir->places = places;
    child_add(worker, directory, &made);
}

static void scan_special(struct scan_worker *worker, struct node *directory, const char *name)
{
    const struct tree_places *places = &directory->dir->places;
    const struct node made = child_make(directory, view_of(name), INDEX_FILE);
    const struct demand_verdict verdict =
        demand_judge(worker->scan->demands, places, made.name, &worker->ids);
    if (verdict.wanted || worker->scan->include_all) {
        warn_skipped(worker, &made,
                     "it is a socket, a pipe or a device, which no Windows volume has");
    }
}

/* --- the directory --- */

struct listed {
    const char *name;
    unsigned char type; /* DT_... */
};

static int listed_compare(const void *a, const void *b)
{
    return strcmp(((const struct listed *)a)->name, ((const struct listed *)b)->name);
}

static unsigned char type_of(int dir_fd, const struct dirent *item)
{
    struct stat stat;
    if (item->d_type != DT_UNKNOWN) {
        return item->d_type;
    }
    if (fstatat(dir_fd, item->d_name, &stat, AT_SYMLINK_NOFOLLOW) != 0) {
        return DT_REG; /* opening it will say why */
    }
    return (unsigned char)IFTODT(stat.st_mode);
}

/* The entries of a directory, sorted; names into scratch. Takes fd. Returns an errno. */
static int list(int fd, struct arena *scratch, struct listed **entries, size_t *count)
{
    DIR *dir = fdopendir(fd);
    if (dir == NULL) {
        const int fault = errno;
        (void)close(fd);
        return fault;
    }
    size_t capacity = 0;
    for (;;) {
        errno = 0;
        const struct dirent *item = readdir(dir);
        if (item == NULL) {
            break;
        }
        if (strcmp(item->d_name, ".") != 0 && strcmp(item->d_name, "..") != 0) {
            *entries = heap_grow(*entries, *count, &capacity, sizeof **entries);
            (*entries)[(*count)++] = (struct listed){arena_copy(scratch, view_of(item->d_name)).p,
                                                     type_of(dirfd(dir), item)};
        }
    }
    const int fault = errno;
    (void)closedir(dir);
    if (*count > 1) {
        qsort(*entries, *count, sizeof **entries, listed_compare);
    }
    return fault;
}

static void scan_entries(struct scan_worker *worker, struct node *node, int dir_fd,
                         const struct listed *entries, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct view name = view_of(entries[i].name);
        if (node_child_path_bytes(node, name) > WIN_PATH_BYTES_MAX) {
            const struct node made = child_make(node, name, INDEX_FILE);
            warn_skipped(worker, &made, "its path is longer than a Windows path can be");
            continue;
        }
        switch (entries[i].type) {
        case DT_DIR:
            scan_subdirectory(worker, node, entries[i].name);
            break;
        case DT_REG:
            scan_leaf(worker, node, dir_fd, entries[i].name, INDEX_FILE);
            break;
        case DT_LNK:
            scan_leaf(worker, node, dir_fd, entries[i].name, INDEX_SYMLINK);
            break;
        default:
            scan_special(worker, node, entries[i].name);
            break;
        }
    }
}

/* What else may stand at a directory: another volume, another mount, the set that is being
 * written. True: it is not looked into; what it is has been told where that is a loss. */
static bool is_border(struct scan_worker *worker, struct node *node, int fd)
{
    const struct scan *scan = worker->scan;
    struct statx stat = {0};
    if (node->parent == NULL ||
        statx(fd, "", AT_EMPTY_PATH, STATX_INO | STATX_MNT_ID, &stat) != 0) {
        return false;
    }
    const uint64_t device = meta_device(&stat);
    if (source_volume_of(scan->sources, device, stat.stx_ino) != MARK_NONE) {
        return true; /* packed as that volume */
    }
    if (device == scan->skip_device && stat.stx_ino == scan->skip_inode) {
        node->wanted = false;
        node->protected = false;
        return true;
    }
    const struct source_volume *volume = &scan->sources->volumes[node->record.volume];
    if ((stat.stx_mask & STATX_MNT_ID) == 0 || stat.stx_mnt_id == volume->mount_id) {
        return false;
    }
    scan_demands_of(scan->demands, node, &worker->ids);
    const struct view labels = demand_labels(scan->demands, &worker->ids, &worker->labels);
    const struct view path = scan_path(scan->sources, node, &worker->path);
    notice_add(
        scan->notices, true,
        "another file system is mounted at %.*s and is not entered: give it as a --volume of "
        "its own%s%.*s",
        (int)path.n, path.p, labels.n > 0 ? "; incomplete are " : "", VIEW_ARG(labels));
    return true;
}

/* Metadata of the directory itself, and whether sets want it. */
static int directory_read(struct scan_worker *worker, struct node *node, int fd)
{
    const struct scan *scan = worker->scan;
    uint32_t losses = 0;
    const int fault = meta_read_open(&worker->reader, &scan->sources->volumes[node->record.volume],
                                     fd, node, worker->arena, &losses);
    if (losses != 0) {
        warn_losses(worker, node, losses);
    }
    node->dir->within = demand_wants_directory(scan->demands, &node->dir->places, &worker->ids);
    node->protected = node->protected || node->dir->within;
    node->wanted = node->wanted || node->protected || scan->include_all;
    demand_hits(scan->demands->alternates, node->dir->places.alternates, VIEW_NONE, &worker->ids);
    for (uint32_t i = 0; i < worker->ids.count; i++) {
        if (scan->demands->list[worker->ids.ids[i]].recursive) {
            alternate_add(worker, node, worker->ids.ids[i]);
        }
    }
    return fault;
}

void scan_directory(struct scan_worker *worker, struct node *node)
{
    struct arena scratch = {0};
    struct listed *entries = NULL;
    size_t count = 0;
    int fault = 0;
    const int place = dir_chain_open(&worker->chain, node);
    int fd = place < 0 ? -1 : openat(place, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOATIME);
    if (place >= 0 && fd < 0 && errno == EPERM) {
        fd = openat(place, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    }
    if (fd < 0) {
        warn_unreadable(worker, node, errno);
        node->wanted = node->parent == NULL; /* nothing is known of it, but a root must be */
        return;
    }
    fault = directory_read(worker, node, fd);
    if (fault == 0 && is_border(worker, node, fd)) {
        (void)close(fd);
        return;
    }
    const int listing_fault = list(fd, &scratch, &entries, &count); /* takes fd */
    fault = fault == 0 ? listing_fault : fault;
    if (fault != 0) {
        warn_unreadable(worker, node, fault);
    }
    scan_entries(worker, node, place, entries, count);
    free(entries);
    arena_free(&scratch);
}
