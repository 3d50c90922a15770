/* pending_hold.c - staged files into a folder that outlives the run.
 *
 * Files come out of staging by a rename, verified and with their metadata as the engine left
 * them. Folders that their places lack are made here, empty, and wait like files. What is
 * recorded of them, and in which order, is run/pending_hold.c's. */
#include "dest/pending.h"

#include "base/limits.h"
#include "base/own.h"
#include "dest/folder_list.h"
#include "dest/pending_hash.h"
#include "dest/stage_layout.h"
#include "media/part.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

/* Directories that no media entry describes. */
enum { PENDING_PLAIN_MODE = 0755 };

uint32_t pending_top(const struct stage *stage, uint32_t directory)
{
    const struct plan_directory *directories = stage->plan->directories;
    uint32_t top = directory;
    for (uint32_t up = directories[top].parent;
         up != MARK_NONE && stage->directory_mount[up] == stage->directory_mount[directory];
         up = directories[up].parent) {
        top = up;
    }
    return top;
}

bool pending_path(const struct stage *stage, uint32_t directory, char *path, size_t path_bytes)
{
    const uint32_t top = pending_top(stage, directory);
    char top_path[STAGE_PATH_BYTES_MAX];
    if (!stage_directory_path(stage, top, false, top_path, sizeof top_path) ||
        !stage_directory_path(stage, directory, false, path, path_bytes)) {
        return false;
    }
    size_t skip = strlen(top_path);
    skip += path[skip] == '/' && skip > 0 ? 1 : 0;
    memmove(path, path + skip, strlen(path + skip) + 1);
    return true;
}

int pending_folder_make(struct pending_folder *out, const struct stage *stage, uint32_t top,
                        const struct uuid *run)
{
    char text[UUID_TEXT_BYTES];
    struct dest_identity before;
    *out = (struct pending_folder){.top_fd = -1, .fd = -1};
    uuid_text(run, text);
    (void)snprintf(out->name, sizeof out->name, PENDING_PREFIX "%s", text);
    OWN(fd) top_fd = stage_open_place(stage, top, O_RDONLY | O_DIRECTORY);
    int fault = top_fd < 0 ? -top_fd : -root_identify(top_fd, &before);
    if (fault == 0 && mkdirat(top_fd, out->name, 0700) != 0) {
        fault = errno;
    }
    if (fault != 0) {
        return fault;
    }
    const struct timespec times[2] = {before.accessed, before.modified};
    (void)futimens(top_fd, times); /* ruling 20 */
    out->fd = root_openat(top_fd, out->name, O_RDONLY | O_DIRECTORY, 0);
    if (out->fd < 0) {
        return -out->fd;
    }
    fault = fchmod(out->fd, 0700) == 0 ? 0 : errno; /* whatever the parent hands down */
    out->top_fd = take_fd(&top_fd);
    return fault;
}

int pending_folder_find(struct pending_folder *out, const struct stage *stage, uint32_t top,
                        const struct uuid *run)
{
    char text[UUID_TEXT_BYTES];
    char name[PENDING_NAME_BYTES];
    *out = (struct pending_folder){.top_fd = -1, .fd = -1};
    uuid_text(run, text);
    (void)snprintf(name, sizeof name, PENDING_PREFIX "%s", text);
    OWN(fd) top_fd = stage_open_place(stage, top, O_RDONLY | O_DIRECTORY);
    return top_fd < 0 ? -top_fd : pending_folder_open_at(out, top_fd, name);
}

/* --- files --- */

/* The media's hash is that of the whole file unless it has holes, or nothing in it. */
static int hold_describe(const struct stage *stage, uint32_t file,
                         const struct pending_folder *folder, const char *name,
                         struct pending_record *record)
{
    const struct media_index *index = &stage->set->index;
    const struct plan_file *f = &stage->plan->files[file];
    const struct index_entry *e = &index->entries[stage_data_entry(index, f->entry)];
    if (f->kind == KIND_REPARSE) {
        const struct view text = index_link_text(index, f->entry);
        record->kind = PENDING_LINK;
        record->size = text.n;
        part_hash_bytes(text.p, text.n, record->xxh3_128);
        return 0;
    }
    record->kind = PENDING_FILE;
    record->size = e->size;
    if (e->size == 0) {
        part_hash_bytes("", 0, record->xxh3_128);
        return 0;
    }
    if ((e->flags & INDEX_SPARSE) == 0) {
        memcpy(record->xxh3_128, e->xxh3_128, sizeof record->xxh3_128);
        return 0;
    }
    record->kind = PENDING_SPARSE;
    OWN(fd) fd = root_openat(folder->fd, name, O_RDONLY | O_NONBLOCK, 0);
    if (fd < 0) {
        return -fd;
    }
    return pending_hash_sparse(fd, e->size, folder->cancel, record->xxh3_128);
}

int pending_take(const struct stage *stage, uint32_t file, const struct pending_folder *folder,
                 const char *name, struct pending_record *record)
{
    char path[STAGE_PATH_BYTES_MAX];
    char staged[WIN_NAME_BYTES_MAX + 1];
    struct stage_where where = {.key = STAGE_KEY_NONE, .path = path, .name = staged};
    if (!stage_place(stage, file, &where)) {
        return EINVAL;
    }
    OWN(fd) fd = root_openat(where.base_fd, path, O_PATH | O_DIRECTORY, 0);
    if (fd < 0) {
        return -fd;
    }
    if (renameat(fd, staged, folder->fd, name) != 0) { /* the name is new: the folder is ours */
        return errno;
    }
    return hold_describe(stage, file, folder, name, record);
}

int pending_give_back(const struct stage *stage, uint32_t file, int folder_fd, const char *name)
{
    char path[STAGE_PATH_BYTES_MAX];
    char staged[WIN_NAME_BYTES_MAX + 1];
    struct stage_where where = {.key = STAGE_KEY_NONE, .path = path, .name = staged};
    if (!stage_place(stage, file, &where)) {
        return EINVAL;
    }
    OWN(fd) fd = root_openat(where.base_fd, path, O_PATH | O_DIRECTORY, 0);
    return fd < 0 ? -fd : renameat(folder_fd, name, fd, staged) == 0 ? 0 : errno;
}

int pending_take_directory(const struct stage *stage, uint32_t directory,
                           const struct pending_folder *folder, const char *name,
                           struct pending_record *record, struct meta_loss *loss)
{
    const struct plan_directory *d = &stage->plan->directories[directory];
    const struct media_index *index = &stage->set->index;
    if (mkdirat(folder->fd, name, 0700) != 0) {
        return errno;
    }
    OWN(fd) fd = root_openat(folder->fd, name, O_RDONLY | O_DIRECTORY, 0);
    if (fd < 0) {
        return -fd;
    }
    record->mode = PENDING_PLAIN_MODE;
    if (d->entry == MARK_NONE) {
        record->modify_ns = UTIME_OMIT;
        return 0;
    }
    const struct meta_policy policy = meta_policy_now(stage->options.owner);
    const int fault = meta_apply(index, d->entry, fd, &policy, false, loss);
    record->mode = (uint16_t)meta_mode(index, d->entry);
    record->modify_s = index->entries[d->entry].modify_s;
    record->modify_ns = index->entries[d->entry].modify_ns;
    /* open to its owner until it is in place: without, only root could rename it */
    return fault != 0 ? fault : fchmod(fd, record->mode | 0700) == 0 ? 0 : errno;
}

/* A link has no data. */
static int hold_sync_entry(void *context, int dir_fd, const char *name)
{
    (void)context;
    OWN(fd) fd = openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    return fd >= 0 && fsync(fd) != 0 && errno != EINVAL ? errno : 0;
}

int pending_sync(const struct pending_folder *folder)
{
    return syncfs(folder->fd) == 0 ? 0 : errno;
}

int pending_sync_entries(const struct pending_folder *folder)
{
    const int fault = folder_list(folder->fd, hold_sync_entry, NULL);
    return fault != 0 ? fault : fsync(folder->fd) == 0 && fsync(folder->top_fd) == 0 ? 0 : errno;
}
