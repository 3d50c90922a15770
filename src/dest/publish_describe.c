/* publish_describe.c - directories of ours get their metadata: one, or all of a staged tree.
 *
 * Nothing is made or removed in them between that and the rename. When, and what becomes of one
 * whose metadata cannot be set, is publish_tree.c's and publish_place.c's. */
#include "base/own.h"
#include "dest/publish_step.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* Directories that no media entry describes. */
enum { PLACE_PLAIN_MODE = 0755 };

int publish_describe_directory(struct publication *p, uint32_t directory, int fd,
                               bool keep_writable)
{
    const struct plan_directory *d = &p->stage->plan->directories[directory];
    const struct media_index *index = &p->stage->set->index;
    struct meta_loss loss = {0};
    if (d->entry == MARK_NONE) {
        return fchmod(fd, PLACE_PLAIN_MODE) == 0 ? 0 : errno;
    }
    struct stat before;
    const mode_t group = fstat(fd, &before) == 0 ? before.st_mode & S_ISGID : 0; /* inherited */
    const int fault = meta_apply(index, d->entry, fd, &p->policy, false, &loss);
    const mode_t open = keep_writable && p->policy.uid != 0 ? 0700 : 0;
    if (fault == 0 && (group | open) != 0) {
        (void)fchmod(fd, meta_mode(index, d->entry) | group | open);
    }
    const uint32_t record = p->layout->directory_record[directory];
    if (record != MARK_NONE && p->rows[record].loss == 0 && meta_loss_bits(&loss) != 0) {
        p->rows[record].loss = meta_loss_bits(&loss);
        meta_loss_add(&p->stage->losses, &loss);
    }
    return fault;
}

/* Where syncfs does not reach the server, a directory is made durable by itself, as files are. */
void publish_sync_directory(struct publication *p, uint32_t directory, int fd)
{
    struct stage_mount *mount = &p->stage->mounts[p->stage->directory_mount[directory]];
    if (mount->abilities.is_fuse && p->durability != DURABILITY_NONE && mount->sync_errno == 0 &&
        fsync(fd) != 0 && errno != EINVAL &&
        errno != ENOSYS) { /* else: the server has no such call */
        mount->sync_errno = errno;
    }
}

int publish_describe_tree(struct publication *p, uint32_t tree)
{
    const uint32_t *first = p->layout->tree_first;
    for (uint32_t i = first[tree]; i < first[tree + 1]; i++) {
        const uint32_t directory = p->layout->tree_directories[i];
        if (!p->layout->needed[directory]) {
            continue;
        }
        OWN(fd) fd = stage_open_staged(p->stage, directory, O_RDONLY | O_DIRECTORY);
        const int fault = fd < 0 ? -fd : publish_describe_directory(p, directory, fd, true);
        if (fault != 0) {
            return fault;
        }
        publish_sync_directory(p, directory, fd);
    }
    return 0;
}
