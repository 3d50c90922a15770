/* space.c - sums over the plan against statvfs, one sum for each file system (device). */
#include "run/space.h"

#include "base/heap.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/statvfs.h>

/* Kept free: file systems slow down and fail oddly when they are filled to the last block. */
static const uint64_t SPACE_RESERVE_BYTES = (uint64_t)4 << 20;

struct need {
    uint64_t bytes, inodes;
};

/* What one planned file will allocate: whole blocks of its saved bytes, not its holes. */
static struct need file_need(const struct plan_file *file, const struct index_entry *entry,
                             const struct index_range *ranges)
{
    const uint64_t block_bytes = 4096; /* of every file system that we know */
    struct need need = {0, file->kind == KIND_HARDLINK ? 0 : 1};
    if (file->kind == KIND_HARDLINK || file->kind == KIND_DIRECTORY) {
        return need;
    }
    uint64_t bytes = file->size;
    if (entry->kind == INDEX_FILE && (entry->flags & INDEX_SPARSE) != 0) {
        bytes = 0;
        for (uint32_t i = 0; i < entry->range_count; i++) {
            bytes += ranges[entry->file.first_range + i].length;
        }
    }
    need.bytes = (bytes + block_bytes - 1) / block_bytes * block_bytes;
    return need;
}

/* The first mount on the same device stands for the file system. */
static uint32_t mount_of_device(const struct stage *stage, uint32_t mount)
{
    for (uint32_t i = 0; i < mount; i++) {
        if (stage->mounts[i].device == stage->mounts[mount].device) {
            return i;
        }
    }
    return mount;
}

static vsr_code mount_check(const struct stage *stage, uint32_t mount, const struct need *need,
                            vsr_error *error)
{
    struct statvfs fs;
    const struct plan_root *root = &stage->plan->roots[stage->mounts[mount].root];
    const struct view dir = plan_text(stage->plan, root->dir);
    if (fstatvfs(stage->mounts[mount].fd, &fs) != 0) {
        return err_sys(error, err_dest_code(errno), "run/space",
                       "cannot ask how much is free at %.*s", VIEW_ARG(dir));
    }
    if (fs.f_blocks == 0) {
        return VSR_OK; /* it does not tell: ramfs, FUSE without statfs */
    }
    const uint64_t free_bytes = (uint64_t)fs.f_bavail * fs.f_frsize;
    if (need->bytes + SPACE_RESERVE_BYTES > free_bytes && need->bytes > 0) {
        return err_set(
            error, VSR_ERR_DEST_FULL, "run/space",
            "not enough space at %.*s: %llu bytes are needed, %llu are free; nothing was "
            "written",
            VIEW_ARG(dir), (unsigned long long)(need->bytes + SPACE_RESERVE_BYTES),
            (unsigned long long)free_bytes);
    }
    if (fs.f_files > 0 && need->inodes > fs.f_favail) {
        return err_set(
            error, VSR_ERR_DEST_FULL, "run/space",
            "not enough inodes at %.*s: %llu are needed, %llu are free; nothing was written",
            VIEW_ARG(dir), (unsigned long long)need->inodes, (unsigned long long)fs.f_favail);
    }
    return VSR_OK;
}

vsr_code space_check(const struct stage *stage, const struct media_set *set, vsr_error *error)
{
    const struct plan *plan = stage->plan;
    struct need *needs = heap_alloc(stage->mount_count, sizeof *needs);
    for (uint32_t i = 0; i < plan->file_count; i++) {
        const struct plan_file *file = &plan->files[i];
        if (file->entry == MARK_NONE) {
            continue; /* a folder that the media do not hold */
        }
        if (stage->directory_mount[file->directory] == MARK_NONE) {
            continue; /* nothing of it is staged */
        }
        const uint32_t mount = mount_of_device(stage, stage->directory_mount[file->directory]);
        const struct need one =
            file_need(file, &set->index.entries[file->entry], set->index.ranges);
        needs[mount].bytes += one.bytes;
        needs[mount].inodes += one.inodes;
    }
    vsr_code rc = VSR_OK;
    for (uint32_t m = 0; m < stage->mount_count && rc == VSR_OK; m++) {
        if (mount_of_device(stage, m) == m) {
            rc = mount_check(stage, m, &needs[m], error);
        }
    }
    free(needs);
    return rc;
}
