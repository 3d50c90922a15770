/* dir_chain.c - walk to a directory element by element, keeping what the next way will share. */
#include "pack/dir_chain.h"
#include "base/limits.h"

#include "base/heap.h"
#include "base/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

/* A walk's share of half of the descriptors that the process may have. */
static uint32_t share_of_fds(uint32_t walk_count)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur == RLIM_INFINITY) {
        return DIR_CHAIN_FDS_MAX;
    }
    const rlim_t share = files.rlim_cur / 2 / (walk_count > 0 ? walk_count : 1);
    if (share <= DIR_CHAIN_FDS_MIN + DIR_CHAIN_FDS_BESIDE) {
        return DIR_CHAIN_FDS_MIN;
    }
    const rlim_t count = share - DIR_CHAIN_FDS_BESIDE;
    return count < DIR_CHAIN_FDS_MAX ? (uint32_t)count : DIR_CHAIN_FDS_MAX;
}

void dir_chain_init(struct dir_chain *chain, const struct sources *sources, uint32_t walk_count)
{
    *chain = (struct dir_chain){.sources = sources, .count_max = share_of_fds(walk_count)};
}

static void chain_cut(struct dir_chain *chain, uint32_t count)
{
    while (chain->count > count) {
        chain->count--;
        if (chain->count > 0) { /* the root's is the volume's */
            (void)close(chain->fds[chain->count]);
        }
    }
}

void dir_chain_fini(struct dir_chain *chain)
{
    chain_cut(chain, 0);
    free(chain->way);
    chain->way = NULL;
}

static int open_child(int dir_fd, struct view name)
{
    char text[WIN_NAME_BYTES_MAX + 1];
    if (name.n > WIN_NAME_BYTES_MAX) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(text, name.p, name.n);
    text[name.n] = '\0';
    return openat(dir_fd, text, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static void way_make(struct dir_chain *chain, const struct node *directory)
{
    const uint32_t count = directory->depth + 1;
    if (count > chain->way_capacity) {
        chain->way_capacity = (size_t)count * 2;
        chain->way = heap_resize(chain->way, chain->way_capacity, sizeof *chain->way);
    }
    for (uint32_t level = count; level-- > 0; directory = directory->source) {
        chain->way[level] = directory;
    }
}

int dir_chain_open(struct dir_chain *chain, const struct node *directory)
{
    way_make(chain, directory);
    const uint32_t way_count = directory->depth + 1;
    uint32_t shared = 0;
    while (shared < chain->count && shared < way_count &&
           chain->nodes[shared] == chain->way[shared]) {
        shared++;
    }
    chain_cut(chain, shared);
    if (chain->count == 0) {
        chain->fds[0] = chain->sources->volumes[chain->way[0]->record.volume].fd;
        chain->nodes[0] = chain->way[0];
        chain->count = 1;
    }
    for (uint32_t level = chain->count; level < way_count; level++) {
        const int fd = open_child(chain->fds[chain->count - 1], chain->way[level]->source_name);
        if (fd < 0) {
            return -1;
        }
        if (chain->count == chain->count_max) { /* deeper than kept: only the last one moves on */
            (void)close(chain->fds[chain->count - 1]);
            chain->count--;
        }
        chain->fds[chain->count] = fd;
        chain->nodes[chain->count++] = chain->way[level];
    }
    return chain->fds[chain->count - 1];
}
