/* space.c - sums over the plan against statvfs, one sum for each file system (device). */
#include "run/space.h"

#include "base/heap.h"
#include "media/index_trim.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

/* Kept free: file systems slow down and fail oddly when they are filled to the last block. */
static const uint64_t SPACE_RESERVE_BYTES = (uint64_t)4 << 20;

struct space_need {
    uint64_t bytes, inodes;
};

struct space {
    const struct stage *stage;
    const struct space_before *before;
    struct space_refusals *out;
    uint32_t *first;         /* for each mount: the first one on its device stands for both     */
    struct space_need *room; /* what is left there; UINT64_MAX: it does not tell */
    struct space_need *need; /* of one unit */
};

/* --- needs --- */

/* What ranges leave of a base, as far as it is allocated. */
static uint64_t copy_need(const struct stage *stage, const struct stage_base *base)
{
    struct plan_range *ranges;
    const uint32_t count = stage_base_ranges(stage, base, &ranges);
    uint64_t left = base->identity.size;
    for (uint32_t i = 0; i < count && ranges[i].dest < base->identity.size; i++) {
        const uint64_t room = base->identity.size - ranges[i].dest;
        left -= ranges[i].length < room ? ranges[i].length : room;
    }
    free(ranges);
    return left < base->allocated_bytes ? left : base->allocated_bytes;
}

/* The ranges of a record, and for the first of its destination what they leave of the base: not
 * where blocks are shared. In place, the base may grow as well, and what is covered is saved. */
static struct space_need ranged_need(const struct space *space, const struct plan_file *file,
                                     uint64_t block_bytes)
{
    const struct stage *stage = space->stage;
    const uint32_t number = (uint32_t)(file - stage->plan->files);
    const struct stage_base *base = stage_base_of(stage, number);
    /* a range begins and ends inside blocks of its own at the worst */
    struct space_need need = {file->size + 2 * (uint64_t)file->range_count * block_bytes, 0};
    if (base == NULL) {
        return need;
    }
    need.inodes = 1;
    const struct stage_mount *mount = &stage->mounts[stage_file_mount(stage, number)];
    if (stage_is_in_place(stage, base)) {
        struct stat folder;
        need.bytes *=
            fstat(stage->options.undo_fd, &folder) == 0 && folder.st_dev == mount->device ? 3 : 2;
    } else if (base->identity.present && !mount->abilities.reflinks) {
        need.bytes += copy_need(stage, base);
    }
    return need;
}

/* What one planned file will allocate: whole blocks of its saved bytes, not its holes. */
static struct space_need file_need(const struct space *space, const struct plan_file *file)
{
    const uint64_t block_bytes = 4096; /* of every file system that we know */
    const struct media_index *index = &space->stage->set->index;
    const struct plan_file *owner = file;
    struct space_need need = {0, 1};
    if (file->kind == KIND_HARDLINK) {
        owner = &space->stage->plan->files[file->link_owner];
        if (space->out->refusals[owner->unit] == REFUSAL_NONE) {
            return (struct space_need){0, 0};
        }
    }
    if (file->kind == KIND_DIRECTORY) {
        return need;
    }
    if (stage_is_ranged(file)) {
        return ranged_need(space, file, block_bytes);
    }
    const struct index_entry *entry = &index->entries[stage_data_entry(index, file->entry)];
    uint64_t bytes = owner->size;
    if (entry->kind == INDEX_FILE && (entry->flags & INDEX_SPARSE) != 0) {
        bytes = 0;
        for (uint32_t i = 0; i < entry->range_count; i++) {
            bytes += index->ranges[entry->file.first_range + i].length;
        }
    }
    need.bytes = (bytes + block_bytes - 1) / block_bytes * block_bytes;
    return need;
}

static void unit_need(struct space *space, const struct plan_unit *unit)
{
    const struct stage *stage = space->stage;
    memset(space->need, 0, stage->mount_count * sizeof *space->need);
    for (uint32_t i = unit->first_file; i < unit->first_file + unit->file_count; i++) {
        const struct plan_file *file = &stage->plan->files[i];
        index_trim_pass(stage->set->index.trim, i);
        if (file->entry == MARK_NONE || stage->directory_mount[file->directory] == MARK_NONE) {
            continue; /* a folder that the media do not hold; or nothing of it is staged */
        }
        if (space->before != NULL && space->before->held[i] != 0) {
            continue;
        }
        const struct space_need one = file_need(space, file);
        struct space_need *sum =
            &space->need[space->first[stage->directory_mount[file->directory]]];
        sum->bytes += one.bytes;
        sum->inodes += one.inodes;
    }
}

/* --- room --- */

static vsr_code space_ask(struct space *space, uint32_t mount, vsr_error *error)
{
    struct statvfs fs;
    const struct stage *stage = space->stage;
    const struct plan_root *root = &stage->plan->roots[stage->mounts[mount].root];
    space->first[mount] = mount;
    for (uint32_t i = mount; i-- > 0;) {
        space->first[mount] =
            stage->mounts[i].device == stage->mounts[mount].device ? i : space->first[mount];
    }
    if (fstatvfs(stage->mounts[mount].fd, &fs) != 0) {
        return err_sys(error, err_dest_code(errno), "run/space",
                       "cannot ask how much is free at %.*s",
                       VIEW_ARG(plan_text(stage->plan, root->dir)));
    }
    const uint64_t free_bytes = (uint64_t)fs.f_bavail * fs.f_frsize;
    space->room[mount] = (struct space_need){UINT64_MAX, UINT64_MAX};
    if (fs.f_blocks != 0) { /* else it does not tell: ramfs, FUSE without statfs */
        space->room[mount].bytes =
            free_bytes > SPACE_RESERVE_BYTES ? free_bytes - SPACE_RESERVE_BYTES : 0;
        space->room[mount].inodes = fs.f_files > 0 ? fs.f_favail : UINT64_MAX;
    }
    return VSR_OK;
}

static void unit_refuse(struct space *space, uint32_t unit, uint32_t mount)
{
    const struct plan *plan = space->stage->plan;
    const struct plan_root *root = &plan->roots[space->stage->mounts[mount].root];
    const bool bytes = space->need[mount].bytes > space->room[mount].bytes;
    space->out->refusals[unit] = REFUSAL_NO_SPACE;
    space->out->details[unit] = arena_printf(
        space->out->arena, "not enough %s at %.*s: %llu are needed, %llu are left for it",
        bytes ? "space" : "inodes", VIEW_ARG(plan_text(plan, root->dir)),
        (unsigned long long)(bytes ? space->need[mount].bytes : space->need[mount].inodes),
        (unsigned long long)(bytes ? space->room[mount].bytes : space->room[mount].inodes));
}

/* The refusal of an earlier unit that owns a file of this one. */
static enum refusal unit_refused_with(const struct space *space, const struct plan_unit *unit)
{
    const struct plan *plan = space->stage->plan;
    for (uint32_t i = 0; i < unit->shared_count; i++) {
        const uint32_t owner = plan->files[plan->shared[unit->first_shared + i].file].unit;
        if (space->out->refusals[owner] != REFUSAL_NONE) {
            return space->out->refusals[owner];
        }
    }
    return REFUSAL_NONE;
}

/* What is needed is no more there for the others. */
static void unit_count(struct space *space)
{
    for (uint32_t m = 0; m < space->stage->mount_count; m++) {
        struct space_need *room = &space->room[m];
        const struct space_need *need = &space->need[m];
        if (room->bytes != UINT64_MAX) {
            room->bytes -= need->bytes < room->bytes ? need->bytes : room->bytes;
        }
        if (room->inodes != UINT64_MAX) {
            room->inodes -= need->inodes < room->inodes ? need->inodes : room->inodes;
        }
    }
}

static void unit_judge(struct space *space, uint32_t number)
{
    const struct plan_unit *unit = &space->stage->plan->units[number];
    space->out->refusals[number] = unit_refused_with(space, unit);
    if (space->out->refusals[number] != REFUSAL_NONE) {
        return;
    }
    unit_need(space, unit);
    for (uint32_t m = 0; m < space->stage->mount_count; m++) {
        if (space->need[m].bytes > space->room[m].bytes ||
            space->need[m].inodes > space->room[m].inodes) {
            unit_refuse(space, number, m);
            return;
        }
    }
    unit_count(space);
}

/* Units that were accepted before, all of them, then those that were not. */
static void units_go_on(struct space *space)
{
    const struct plan *plan = space->stage->plan;
    for (uint32_t u = 0; u < plan->unit_count; u++) {
        if (plan->units[u].refusal == REFUSAL_NONE && space->out->refusals[u] == REFUSAL_NONE &&
            space->before->done[u] == 0 && space->before->open[u] == 0) {
            unit_need(space, &plan->units[u]);
            unit_count(space);
        }
    }
    for (uint32_t u = 0; u < plan->unit_count; u++) {
        if (space->before->open[u] != 0) {
            unit_judge(space, u);
        }
    }
}

vsr_code space_judge(const struct stage *stage, const struct space_before *before,
                     struct space_refusals *out, vsr_error *error)
{
    struct space space = {.stage = stage, .before = before, .out = out};
    space.first = heap_alloc(stage->mount_count, sizeof *space.first);
    space.room = heap_alloc(stage->mount_count, sizeof *space.room);
    space.need = heap_alloc(stage->mount_count, sizeof *space.need);
    vsr_code rc = VSR_OK;
    for (uint32_t m = 0; m < stage->mount_count && rc == VSR_OK; m++) {
        rc = space_ask(&space, m, error);
    }
    if (before != NULL && rc == VSR_OK) {
        units_go_on(&space);
    }
    for (uint32_t u = 0; before == NULL && u < stage->plan->unit_count && rc == VSR_OK; u++) {
        if (stage->plan->units[u].refusal == REFUSAL_NONE && out->refusals[u] == REFUSAL_NONE) {
            unit_judge(&space, u);
        }
    }
    free(space.first);
    free(space.room);
    free(space.need);
    return rc;
}

void space_refuse_all(const struct plan *plan, const uint8_t *done, struct space_refusals *out,
                      struct view why)
{
    for (uint32_t u = 0; u < plan->unit_count; u++) {
        if (done != NULL && done[u] != 0) {
            continue;
        }
        if (plan->units[u].refusal == REFUSAL_NONE && out->refusals[u] == REFUSAL_NONE) {
            out->refusals[u] = REFUSAL_NO_SPACE;
            out->details[u] = arena_copy(out->arena, why);
        }
    }
}
