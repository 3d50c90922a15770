/* machine.c - what this machine has: asked once, before the budget. */
#include "base/thread.h"
#include "engine/budget.h"
#include "engine/ring.h"

#include <sys/resource.h>
#include <unistd.h>

void machine_examine(struct machine_facts *out)
{
    struct rlimit locked = {0, 0};
    const long pages = sysconf(_SC_PHYS_PAGES);
    const long page = sysconf(_SC_PAGESIZE);
    *out = (struct machine_facts){
        .cores = thread_cores(),
        .page_bytes = page > 0 ? (uint64_t)page : 4096,
    };
    out->memory_bytes = pages > 0 ? (uint64_t)pages * out->page_bytes : 0;
    (void)getrlimit(RLIMIT_MEMLOCK, &locked);
    /* root is not held to the limit; where it is, the ring does without registered buffers */
    out->locked_memory_bytes =
        geteuid() == 0 || locked.rlim_cur == RLIM_INFINITY ? UINT64_MAX : locked.rlim_cur;
    out->uring = ring_probe(out->uring_reason, sizeof out->uring_reason);
}
