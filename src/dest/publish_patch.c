/* publish_patch.c - ranges written into the file itself (--in-place), and taken out again.
 *
 * What is written has been staged and verified as a whole, at the same offsets; what it covers
 * is saved and synced first (undo.h). So a unit that fails has written nothing, or is undone,
 * and a cut leaves an undo file beside the journal's intent. Not the usual way: that is a clone
 * which is exchanged (publish_step.c). */
#include "dest/publish_step.h"
#include "dest/undo.h"

#include "base/heap.h"
#include "base/own.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

static int patch_copy(int from_fd, int to_fd, uint64_t offset, uint64_t length, char *block)
{
    while (length > 0) {
        const size_t want = length < UNDO_BLOCK_BYTES ? (size_t)length : UNDO_BLOCK_BYTES;
        const ssize_t got = pread(from_fd, block, want, (off_t)offset);
        if (got <= 0) {
            return got < 0 ? errno : EIO; /* a staged file is as long as its ranges reach */
        }
        for (ssize_t done = 0; done < got;) {
            const ssize_t wrote =
                pwrite(to_fd, block + done, (size_t)(got - done), (off_t)offset + done);
            if (wrote <= 0) {
                return wrote < 0 ? errno : EIO;
            }
            done += wrote;
        }
        offset += (uint64_t)got;
        length -= (uint64_t)got;
    }
    return 0;
}

static int patch_write(const struct publication *p, const struct publish_step *step, int from_fd,
                       int to_fd, const struct plan_range *ranges, uint32_t count)
{
    const struct plan_file *f = &p->stage->plan->files[step->file];
    const struct index_entry *e = &p->stage->set->index.entries[f->entry];
    OWN(heap) block = heap_alloc(1, UNDO_BLOCK_BYTES);
    int fault = 0;
    for (uint32_t i = 0; i < count && fault == 0; i++) {
        fault = patch_copy(from_fd, to_fd, ranges[i].dest, ranges[i].length, block);
    }
    const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT},
                                      {.tv_sec = e->modify_s, .tv_nsec = e->modify_ns}};
    if (fault == 0 && f->kind == KIND_PARTIAL && futimens(to_fd, times) != 0) {
        fault = errno;
    }
    const uint32_t mount = stage_file_mount(p->stage, step->file);
    if (fault == 0 && p->stage->mounts[mount].abilities.is_fuse && fsync(to_fd) != 0) {
        fault = errno; /* syncfs does not reach it */
    }
    return fault;
}

int publish_patch(struct publication *p, struct publish_step *step, const struct step_ends *ends)
{
    const struct stage *stage = p->stage;
    const struct stage_base *base = stage_base_of(stage, step->file);
    OWN(fd) to_fd = stage_open_base(stage, base, O_RDWR);
    if (to_fd < 0) {
        return -to_fd;
    }
    OWN(fd) from_fd = openat(ends->staged_fd, ends->staged, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (from_fd < 0) {
        return errno;
    }
    struct plan_range *ranges;
    const uint32_t count = stage_base_ranges(stage, base, &ranges);
    int fault = undo_save(stage->options.undo_fd, step->file, to_fd, ranges, count);
    if (fault == 0) {
        step->how = STEP_WRITTEN;
        fault = patch_write(p, step, from_fd, to_fd, ranges, count);
    }
    free(ranges);
    return fault;
}

int publish_patch_undo(struct publication *p, const struct publish_step *step,
                       const struct step_ends *ends)
{
    const int undo_fd = p->stage->options.undo_fd;
    OWN(fd) fd = openat(ends->place_fd, ends->place, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        return errno;
    }
    if (p->putting_off) {
        return undo_put_back_unsynced(undo_fd, step->file, fd);
    }
    const int fault = undo_put_back(undo_fd, step->file, fd);
    if (fault == 0) {
        undo_remove(undo_fd, step->file);
    }
    return fault;
}
