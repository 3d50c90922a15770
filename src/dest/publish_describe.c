/* publish_describe.c - directories of ours get their metadata: one, or all of a staged tree.
 *
 * Nothing is made or removed in them between that and the rename. When, and what becomes of one
 * whose metadata cannot be set, is publish_tree.c's and publish_place.c's. */
#include "base/own.h"
#include "base/thread.h"
#include "dest/publish_step.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <unistd.h>

/* Directories that no media entry describes. */
enum { PLACE_PLAIN_MODE = 0755 };

/* losses: of the calling thread. */
static int describe_directory(const struct publication *p, uint32_t directory, int fd,
                              bool keep_writable, struct meta_loss *losses)
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
    const mode_t open = keep_writable && p->policy.obeys_modes ? 0700 : 0;
    if (fault == 0 && (group | open) != 0) {
        (void)fchmod(fd, meta_mode(index, d->entry) | group | open);
    }
    const uint32_t record = p->layout->directory_record[directory];
    if (record != MARK_NONE && p->rows[record].loss == 0 && meta_loss_bits(&loss) != 0) {
        p->rows[record].loss = meta_loss_bits(&loss);
        meta_loss_add(losses, &loss);
    }
    return fault;
}

int publish_describe_directory(struct publication *p, uint32_t directory, int fd,
                               bool keep_writable)
{
    return describe_directory(p, directory, fd, keep_writable, &p->stage->losses);
}

/* Where syncfs does not reach the server, a directory is made durable by itself, as files are. */
void publish_sync_directory(struct publication *p, uint32_t directory, int fd)
{
    const uint32_t mount = p->stage->directory_mount[directory];
    if (!p->stage->mounts[mount].abilities.is_fuse || p->durability == DURABILITY_NONE ||
        p->stage->mounts[mount].sync_errno != 0) {
        return;
    }
    const int unnoted = sync_note_begin(p->stage->options.sync_notes, SYNC_NOTER_ENTRIES);
    if (unnoted != 0) {
        publish_sync_unnoted(p->stage, unnoted);
        return;
    }
    if (fsync(fd) != 0 && errno != EINVAL && errno != ENOSYS) { /* the server has such a call */
        publish_sync_failed(p->stage, mount, errno);
    } else {
        sync_note_good(p->stage->options.sync_notes, SYNC_NOTER_ENTRIES);
    }
}

/* --- all of a tree, by several threads: blocks of directories, each by one of them --- */

enum { DESCRIBE_BLOCK = 256 };

struct describing {
    struct publication *p;
    const uint32_t *directories; /* of a tree */
    struct thread_blocks blocks;
    _Atomic int fault;                         /* of whoever met one first, and nobody goes on */
    struct meta_loss losses[THREAD_SHARE_MAX]; /* of each thread */
};

static int describe_staged(struct describing *all, uint32_t directory, struct meta_loss *losses)
{
    struct publication *p = all->p;
    if (!p->layout->needed[directory]) {
        return 0;
    }
    OWN(fd) fd = stage_open_staged(p->stage, directory, O_RDONLY | O_DIRECTORY);
    const int fault = fd < 0 ? -fd : describe_directory(p, directory, fd, true, losses);
    if (fault == 0) {
        publish_sync_directory(p, directory, fd);
    }
    return fault;
}

static void describe_blocks(void *context, uint32_t number)
{
    struct describing *all = context;
    uint32_t first, end;
    while (thread_blocks_take(&all->blocks, &first, &end)) {
        for (uint32_t i = first; i < end; i++) {
            int none = 0;
            if (atomic_load_explicit(&all->fault, memory_order_relaxed) != 0) {
                return;
            }
            const int fault = describe_staged(all, all->directories[i], &all->losses[number]);
            if (fault != 0) {
                (void)atomic_compare_exchange_strong(&all->fault, &none, fault);
            }
        }
    }
}

int publish_describe_tree(struct publication *p, uint32_t tree)
{
    const uint32_t *first = p->layout->tree_first;
    const struct stage *stage = p->stage;
    const struct stage_mount *mount = &stage->mounts[stage->trees[tree].mount];
    struct describing all = {
        .p = p,
        .directories = &p->layout->tree_directories[first[tree]],
        .blocks = {.count = first[tree + 1] - first[tree], .size = DESCRIBE_BLOCK},
    };
    const uint32_t threads = mount->abilities.is_fuse ? 1 : stage->options.threads;
    thread_share(thread_blocks_threads(&all.blocks, threads), NULL, describe_blocks, &all);
    for (uint32_t i = 0; i < THREAD_SHARE_MAX; i++) {
        meta_loss_add(&p->stage->losses, &all.losses[i]);
    }
    return all.fault;
}
