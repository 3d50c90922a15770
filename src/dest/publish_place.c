/* publish_place.c - directories of ours at their places: settled, and which of them go.
 *
 * Trees are renamed and merged by publish_tree.c; here is what becomes of each directory once it
 * stands where it can be seen. */
#include "base/limits.h"
#include "base/own.h"
#include "dest/publish_step.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void place_lose(struct publication *p, uint32_t directory, const struct meta_loss *loss)
{
    const uint32_t record = p->layout->directory_record[directory];
    const uint8_t bits = meta_loss_bits(loss);
    if (record == MARK_NONE || (p->rows[record].loss & bits) == 0) {
        meta_loss_add(&p->stage->losses, loss);
    }
    if (record != MARK_NONE) {
        p->rows[record].loss |= bits;
    }
}

/* Made in place: its units are decided, so that what fails now is a loss. Other units may still
 * come to one that the plan knows as a place: it stays open to us until the run ends. */
static void place_settle_made(struct publication *p, uint32_t directory, int fd)
{
    const uint32_t at = p->layout->directory_anchor[directory];
    if (at != MARK_NONE) {
        p->layout->anchors[at].opened = p->policy.obeys_modes;
    }
    if (publish_describe_directory(p, directory, fd, at != MARK_NONE) != 0) {
        place_lose(p, directory, &(struct meta_loss){.attributes = 1});
    }
}

/* It was moved away, so that its times are no longer our business, or it is of somebody else, who
 * may refuse (ruling 20): else what it was to get is lost. */
static void place_is_not_opened(struct publication *p, uint32_t directory, bool made, int fault)
{
    const bool away =
        fault == ENOENT || fault == ENOTDIR || fault == ESTALE || fault == ELOOP || fault == EXDEV;
    if (made && !away) {
        place_lose(p, directory, &(struct meta_loss){.attributes = 1});
    } else if (!away && fault != EACCES && fault != EPERM) {
        place_lose(p, directory, &(struct meta_loss){.times = 1});
    }
}

void publish_settle_place(struct publication *p, uint32_t directory, bool made)
{
    struct stage *stage = p->stage;
    const uint32_t at = p->layout->directory_anchor[directory];
    const struct plan_directory *d = &stage->plan->directories[directory];
    OWN(fd) fd = publish_open_parent(stage, directory);
    OWN(fd) listed = fd < 0 ? -1 : openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (listed < 0) {
        place_is_not_opened(p, directory, made, fd < 0 ? -fd : errno);
        return;
    }
    if (made) {
        place_settle_made(p, directory, listed);
    } else if (at != MARK_NONE) {
        const struct stage_anchor *anchor = &p->layout->anchors[at];
        const struct timespec times[2] = {anchor->accessed, anchor->modified};
        (void)futimens(listed, times); /* ruling 20; a folder of somebody else may refuse */
    }
    publish_sync_directory(p, directory, listed);
    for (uint32_t i = 0; made && at != MARK_NONE && i < stage->mount_count; i++) {
        struct stage_mount *mount = &stage->mounts[i];
        if (d->entry != MARK_NONE && mount->top.inode == p->layout->anchors[at].inode &&
            mount->top.device == p->layout->anchors[at].device) {
            const struct index_entry *e = &stage->set->index.entries[d->entry];
            mount->top.modified = (struct timespec){.tv_sec = e->modify_s, .tv_nsec = e->modify_ns};
        }
    }
}

/* Is a unit that lives the one that brought the directory's own record? */
static bool place_is_wanted(const struct publication *p, uint32_t directory)
{
    const uint32_t record = p->layout->directory_record[directory];
    return record != MARK_NONE && p->states[p->stage->plan->files[record].unit] != UNIT_FAILED;
}

void publish_unmerge(struct publication *p, uint32_t tree)
{
    const struct plan *plan = p->stage->plan;
    const uint32_t *first = p->layout->tree_first;
    for (uint32_t i = first[tree + 1]; i-- > first[tree];) { /* deepest first */
        const uint32_t directory = p->layout->tree_directories[i];
        const struct view name = plan_text(plan, plan->directories[directory].name);
        char text[WIN_NAME_BYTES_MAX + 1];
        if (p->layout->merged[directory] == 0 || place_is_wanted(p, directory)) {
            continue;
        }
        memcpy(text, name.p, name.n); /* checked when it was staged */
        text[name.n] = '\0';
        OWN(fd) fd = publish_open_parent(p->stage, plan->directories[directory].parent);
        if (fd >= 0 && unlinkat(fd, text, AT_REMOVEDIR) == 0) { /* what holds something stays */
            p->layout->merged[directory] = 0;
            publish_touch(p, plan->directories[directory].parent);
        }
    }
}

void publish_close_places(struct stage_layout *layout)
{
    const struct stage *stage = &layout->stage;
    for (uint32_t i = layout->anchor_count; i-- > 0;) {
        const struct stage_anchor *anchor = &layout->anchors[i];
        const struct plan_directory *d = &stage->plan->directories[anchor->directory];
        struct dest_identity now;
        if (!anchor->opened || d->entry == MARK_NONE) {
            continue;
        }
        OWN(fd) fd = stage_open_place(stage, anchor->directory, O_RDONLY | O_DIRECTORY);
        if (fd >= 0 && root_identify(fd, &now) == 0 && now.device == anchor->device &&
            now.inode == anchor->inode) {
            (void)fchmod(fd, meta_mode(&stage->set->index, d->entry) | (now.mode & S_ISGID));
        }
    }
}
