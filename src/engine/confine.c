/* confine.c - a worker gives up what it will never need, before its ring exists: it can create,
 * write and remove below the staging folders and nowhere else. */
#include "base/confine.h"
#include "base/heap.h"
#include "engine/worker.h"

#include <stdlib.h>

bool worker_confine(const struct stage *stage)
{
    const uint32_t count = stage != NULL ? stage->mount_count : 0;
    int *fds = heap_alloc(count + 1u, sizeof *fds);
    for (uint32_t i = 0; i < count; i++) {
        fds[i] = stage->mounts[i].fd;
    }
    const bool confined = confine_thread(
        &(struct confine_limits){.folder_fds = fds, .count = count, .what = CONFINE_TO_FILES});
    free(fds);
    return confined;
}
