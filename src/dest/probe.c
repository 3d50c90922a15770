/* probe.c - the planner's questions answered from real trees, without changing them.
 *
 * Each directory that the planner enters is listed once; its names are found without regard to
 * case, and the spelling on disk comes back. Directories are numbered, not kept open: a few
 * descriptors are, the others are opened again from the mapped root. Planner's thread only. */
#include "dest/probe.h"

#include "base/arena.h"
#include "base/hash_map.h"
#include "base/heap.h"
#include "base/limits.h"
#include "base/own.h"
#include "dest/pending.h"
#include "dest/probe_entry.h"
#include "dest/probe_root.h"
#include "vss/winpath.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PROBE_OPEN_MAX = 64 }; /* descriptors kept; a plan goes folder by folder */

struct probe_name {
    struct view text; /* NUL behind it */
    uint32_t child;   /* directory that was entered by it, or MARK_NONE */
};

struct probe_directory {
    uint32_t parent; /* MARK_NONE: a root */
    uint32_t root;
    struct view name;
    uint64_t mount_id, device, inode;
    uint32_t mode, uid;
    uint32_t first_name, name_count; /* in names; once listed */
    bool listed;
    bool writable;
    const char *obstacle;
    struct hash_map map; /* folded name -> names */
    int fd;              /* -1: not open now */
    uint64_t used;
};

struct probe {
    struct probe_options options;
    struct in_use_table *in_use; /* read when the first entry of a live tree is looked at */
    struct arena arena;
    struct dest_root *roots; /* fd -1: does not exist */
    struct plan_mapped_root *mapped;
    uint32_t *root_handle;         /* directory of each root, or MARK_NONE */
    struct fact_directory *absent; /* of roots that do not exist: what they will be made in */
    uint32_t root_count;
    struct probe_directory *directories;
    size_t directory_count, directory_capacity;
    struct probe_name *names;
    size_t name_count, name_capacity;
    uint32_t open[PROBE_OPEN_MAX]; /* directories that are open, or MARK_NONE */
    uint64_t clock;
};

/* --- directories by number --- */

static size_t probe_path(const struct probe *probe, uint32_t directory, char *path, size_t bytes)
{
    size_t at = bytes;
    path[--at] = '\0';
    for (uint32_t d = directory; probe->directories[d].parent != MARK_NONE;
         d = probe->directories[d].parent) {
        const struct view name = probe->directories[d].name;
        const size_t separated = path[at] != '\0';
        if (name.n + separated > at) {
            return 0;
        }
        if (separated != 0) {
            path[--at] = '/';
        }
        at -= name.n;
        memcpy(path + at, name.p, name.n);
    }
    memmove(path, path + at, bytes - at);
    return bytes - at;
}

/* The directory's descriptor, borrowed until PROBE_OPEN_MAX others were used. -errno. */
static int probe_fd(struct probe *probe, uint32_t directory)
{
    struct probe_directory *d = &probe->directories[directory];
    char path[WIN_PATH_BYTES_MAX + 1];
    d->used = ++probe->clock;
    if (d->fd >= 0) {
        return d->fd;
    }
    if (probe_path(probe, directory, path, sizeof path) == 0) {
        return -ENAMETOOLONG;
    }
    const int root_fd = probe->roots[d->root].fd;
    const int fd = probe->options.cross_mounts
                       ? root_openat_crossing(root_fd, path, O_RDONLY | O_DIRECTORY, 0)
                       : root_openat(root_fd, path, O_RDONLY | O_DIRECTORY, 0);
    if (fd < 0) {
        return fd;
    }
    uint32_t oldest = 0;
    for (uint32_t i = 0; i < PROBE_OPEN_MAX; i++) {
        if (probe->open[i] == MARK_NONE) {
            oldest = i;
            break;
        }
        if (probe->directories[probe->open[i]].used <
            probe->directories[probe->open[oldest]].used) {
            oldest = i;
        }
    }
    if (probe->open[oldest] != MARK_NONE) {
        own_fd_drop(&probe->directories[probe->open[oldest]].fd);
    }
    probe->open[oldest] = directory;
    d->fd = fd;
    return fd;
}

/* Number a directory whose names lead to it; MARK_NONE with errno when it cannot be opened. */
static uint32_t probe_add(struct probe *probe, uint32_t parent, uint32_t root, struct view name)
{
    const uint32_t directory = (uint32_t)probe->directory_count;
    struct dest_identity identity;
    probe->directories = heap_grow(probe->directories, probe->directory_count,
                                   &probe->directory_capacity, sizeof *probe->directories);
    probe->directories[probe->directory_count++] =
        (struct probe_directory){.parent = parent, .root = root, .name = name, .fd = -1};
    const int fd = probe_fd(probe, directory);
    const int fault = fd < 0 ? -fd : -root_identify(fd, &identity);
    if (fault != 0) {
        probe->directory_count--;
        for (uint32_t i = 0; i < PROBE_OPEN_MAX; i++) {
            probe->open[i] = probe->open[i] == directory ? MARK_NONE : probe->open[i];
        }
        own_fd_drop(&probe->directories[directory].fd);
        errno = fault;
        return MARK_NONE;
    }
    struct probe_directory *d = &probe->directories[directory];
    d->mount_id = identity.mount_id;
    d->device = identity.device;
    d->inode = identity.inode;
    d->mode = identity.mode;
    d->uid = identity.uid;
    d->writable = probe_directory_writable(fd, &d->obstacle);
    return directory;
}

static void probe_describe(struct probe *probe, uint32_t directory, struct fact_directory *out)
{
    const struct probe_directory *d = &probe->directories[directory];
    *out = (struct fact_directory){
        .exists = true,
        .writable = d->writable,
        .obstacle = d->obstacle,
        .handle = directory,
        .device = d->device,
        .inode = d->inode,
    };
    const int fd = probe_fd(probe, directory);
    if (fd >= 0) {
        probe_names(fd, out);
    }
}

/* --- names --- */

static bool probe_name_equal(const void *context, const void *key, uint32_t name)
{
    const struct probe *probe = context;
    return win_fold_equal(probe->names[name].text, *(const struct view *)key);
}

static vsr_code probe_list(struct probe *probe, uint32_t directory, vsr_error *error)
{
    struct probe_directory *d = &probe->directories[directory];
    if (d->listed) {
        return VSR_OK;
    }
    const int fd = probe_fd(probe, directory);
    const int listed = fd < 0 ? -1 : openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *list = listed < 0 ? NULL : fdopendir(listed);
    if (list == NULL) {
        errno = fd < 0 ? -fd : errno;
        return err_sys(error, err_dest_code(errno), "dest/probe", "cannot list the folder %.*s",
                       VIEW_ARG(d->name));
    }
    d->first_name = (uint32_t)probe->name_count;
    errno = 0;
    for (struct dirent *entry; (entry = readdir(list)) != NULL; errno = 0) {
        const struct view name = view_of(entry->d_name);
        if (!root_name_is_plain(name) || probe->name_count >= MARK_NONE) {
            continue;
        }
        if (probe->options.waiting != NULL && pending_name_is(entry->d_name)) {
            probe->options.waiting->met(probe->options.waiting->context, fd, entry->d_name);
        }
        probe->names =
            heap_grow(probe->names, probe->name_count, &probe->name_capacity, sizeof *probe->names);
        probe->names[probe->name_count] =
            (struct probe_name){arena_copy(&probe->arena, name), MARK_NONE};
        hash_map_add(&d->map, win_fold_hash(name), (uint32_t)probe->name_count++);
    }
    const int fault = errno;
    (void)closedir(list);
    d->name_count = (uint32_t)probe->name_count - d->first_name;
    d->listed = true;
    if (fault != 0) {
        errno = fault;
        return err_sys(error, err_dest_code(fault), "dest/probe", "cannot list the folder %.*s",
                       VIEW_ARG(d->name));
    }
    return VSR_OK;
}

/* The spelling on disk; the exact one if it is there. MARK_NONE: none. *ambiguous: there are
 * several, and none is spelled so. */
static uint32_t probe_find(const struct probe *probe, uint32_t directory, struct view name,
                           bool *ambiguous)
{
    const struct probe_directory *d = &probe->directories[directory];
    const uint64_t hash = win_fold_hash(name);
    uint32_t found = MARK_NONE, count = 0;
    size_t step = 0;
    *ambiguous = false;
    for (uint32_t at; (at = hash_map_next(&d->map, hash, &step)) != MARK_NONE;) {
        if (view_equal(probe->names[at].text, name)) {
            *ambiguous = false;
            return at;
        }
        if (probe_name_equal(probe, &name, at)) {
            found = found == MARK_NONE ? at : found;
            *ambiguous = ++count > 1;
        }
    }
    return found;
}

static vsr_code probe_fact(struct probe *probe, uint32_t directory, struct view name,
                           uint32_t *found, struct fact *out, vsr_error *error)
{
    *out = (struct fact){.type = FACT_ABSENT};
    const vsr_code code = probe_list(probe, directory, error);
    if (code != VSR_OK) {
        return code;
    }
    *found = probe_find(probe, directory, name, &out->ambiguous);
    if (*found == MARK_NONE) {
        return VSR_OK;
    }
    const struct probe_directory *d = &probe->directories[directory];
    if (probe->in_use == NULL && probe->options.tree == TREE_LIVE &&
        probe->options.in_use == IN_USE_STRICT) {
        probe->in_use = in_use_read();
    }
    const struct probe_parent parent = {
        .fd = probe_fd(probe, directory),
        .mount_id = d->mount_id,
        .mode = d->mode,
        .uid = d->uid,
        .writable = d->writable,
        .obstacle = d->obstacle,
        .in_use = probe->in_use,
    };
    out->name = probe->names[*found].text;
    const int fault =
        parent.fd < 0 ? -parent.fd : probe_entry(&parent, out->name.p, &probe->options, out);
    if (fault != 0) {
        errno = fault;
        return err_sys(error, err_dest_code(fault), "dest/probe", "cannot examine %.*s",
                       VIEW_ARG(out->name));
    }
    return VSR_OK;
}

/* --- the questions --- */

/* As the kernel names the folder that is open. */
static struct view root_real_path(struct probe *probe, uint32_t root)
{
    char link[64];
    char path[4096];
    (void)snprintf(link, sizeof link, "/proc/self/fd/%d", probe->roots[root].fd);
    const ssize_t bytes = probe->roots[root].fd >= 0 ? readlink(link, path, sizeof path) : -1;
    return bytes > 0 && (size_t)bytes < sizeof path
               ? arena_copy(&probe->arena, (struct view){path, (size_t)bytes})
               : VIEW_NONE;
}

static vsr_code facts_root(void *context, uint32_t root, struct fact_directory *out,
                           vsr_error *error)
{
    struct probe *probe = context;
    (void)error;
    *out = probe->absent[root];
    if (probe->root_handle[root] != MARK_NONE) {
        probe_describe(probe, probe->root_handle[root], out);
    }
    out->path = probe->mapped[root].from_root_option ? probe->mapped[root].dir : VIEW_NONE;
    out->real_path = root_real_path(probe, root);
    return VSR_OK;
}

static vsr_code facts_enter(void *context, uint32_t handle, struct view name,
                            struct fact_directory *out, struct fact *as_entry, vsr_error *error)
{
    struct probe *probe = context;
    uint32_t found = MARK_NONE;
    struct fact entry;
    *out = (struct fact_directory){.exists = false, .handle = MARK_NONE};
    const vsr_code code = probe_fact(probe, handle, name, &found, &entry, error);
    if (as_entry != NULL) {
        *as_entry = entry;
    }
    if (code != VSR_OK || entry.type == FACT_ABSENT) {
        return code;
    }
    if (entry.type != FACT_DIRECTORY) {
        out->obstacle = entry.type == FACT_SYMLINK ? "a symbolic link stands in place of a folder"
                                                   : "a file stands in place of a folder";
        return VSR_OK;
    }
    if (entry.mount_point && !probe->options.cross_mounts) {
        out->obstacle = "another mount stands there";
        return VSR_OK;
    }
    if (probe->names[found].child == MARK_NONE) {
        const uint32_t child =
            probe_add(probe, handle, probe->directories[handle].root, entry.name);
        if (child == MARK_NONE) {
            return err_sys(error, err_dest_code(errno), "dest/probe", "cannot open the folder %.*s",
                           VIEW_ARG(entry.name));
        }
        probe->names[found].child = child;
    }
    probe_describe(probe, probe->names[found].child, out);
    return VSR_OK;
}

static vsr_code facts_lookup(void *context, uint32_t handle, struct view name, struct fact *out,
                             vsr_error *error)
{
    uint32_t found;
    return probe_fact(context, handle, name, &found, out, error);
}

static const char *facts_waits(void *context, uint32_t handle, struct view rest)
{
    const struct probe *probe = context;
    const struct probe_directory *d = &probe->directories[handle];
    const struct probe_waiting *waiting = probe->options.waiting;
    return waiting->find(waiting->context, d->device, d->inode, rest);
}

/* --- open and close --- */

static vsr_code probe_open_root(struct probe *probe, uint32_t root, vsr_error *error)
{
    struct plan_mapped_root *mapped = &probe->mapped[root];
    struct stat facts;
    bool ambiguous = false;
    if (mapped->from_root_option) {
        mapped->dir = probe_root_spelling(&probe->arena, mapped, &ambiguous);
    }
    const struct view path = arena_copy(&probe->arena, mapped->dir);
    probe->root_handle[root] = MARK_NONE;
    if (ambiguous) {
        probe->absent[root] =
            (struct fact_directory){.obstacle = "two folders there differ only by case",
                                    .ambiguous = true};
        return VSR_OK;
    }
    if (mapped->from_root_option && stat(path.p, &facts) != 0 && errno == ENOENT) {
        probe_root_absent(path, &probe->absent[root]);
        return VSR_OK; /* made when the run begins */
    }
    const vsr_code code =
        root_open(&probe->roots[root], path.p,
                  mapped->from_root_option ? root_named_elements(mapped->spec) : 0, false, error);
    if (code != VSR_OK) {
        return code;
    }
    probe->root_handle[root] = probe_add(probe, MARK_NONE, root, mapped->spec);
    if (probe->root_handle[root] == MARK_NONE) {
        return err_sys(error, err_dest_code(errno), "dest/probe", "cannot open the folder %.*s",
                       VIEW_ARG(path));
    }
    if (probe->options.waiting != NULL) {
        pending_look_above(probe->roots[root].fd, probe->options.waiting->met,
                           probe->options.waiting->context);
    }
    return VSR_OK;
}

vsr_code probe_open(struct probe **out, const struct plan_mapped_root *roots, uint32_t root_count,
                    const struct probe_options *options, vsr_error *error)
{
    struct probe *probe = heap_alloc(1, sizeof *probe);
    probe->options = *options;
    probe->root_count = root_count;
    probe->roots = heap_alloc(root_count, sizeof *probe->roots);
    probe->mapped = heap_alloc(root_count, sizeof *probe->mapped);
    probe->root_handle = heap_alloc(root_count, sizeof *probe->root_handle);
    probe->absent = heap_alloc(root_count, sizeof *probe->absent);
    memset(probe->open, 0xff, sizeof probe->open);
    for (uint32_t i = 0; i < root_count; i++) {
        probe->roots[i].fd = -1;
        probe->mapped[i] = roots[i];
    }
    for (uint32_t i = 0; i < root_count; i++) {
        const vsr_code code = probe_open_root(probe, i, error);
        if (code != VSR_OK) {
            probe_close(probe);
            return code;
        }
    }
    *out = probe;
    return VSR_OK;
}

struct plan_facts probe_facts(struct probe *probe)
{
    return (struct plan_facts){.context = probe,
                               .root = facts_root,
                               .enter = facts_enter,
                               .lookup = facts_lookup,
                               .waits = probe->options.waiting != NULL ? facts_waits : NULL};
}

void probe_close(struct probe *probe)
{
    for (size_t i = 0; i < probe->directory_count; i++) {
        own_fd_drop(&probe->directories[i].fd);
        hash_map_free(&probe->directories[i].map);
    }
    for (uint32_t i = 0; i < probe->root_count; i++) {
        root_close(&probe->roots[i]);
    }
    free(probe->roots);
    free(probe->mapped);
    free(probe->root_handle);
    free(probe->absent);
    free(probe->directories);
    free(probe->names);
    in_use_free(probe->in_use);
    arena_free(&probe->arena);
    free(probe);
}
