/* page_cache.c - what of a file is in memory, by the call that the kernel has for it.
 *
 * Asked before a frame of the media is read (direct_read.c). Reads nothing, and touches nothing
 * that it maps: the file may end early. */
#include "engine/page_cache.h"

#include <stddef.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifdef SYS_cachestat
#define PAGE_CACHE_SYS_CACHESTAT SYS_cachestat
#else /* Linux 6.5: newer than the headers that we build with */
#define PAGE_CACHE_SYS_CACHESTAT 451
#endif
struct page_cache_range {
    uint64_t offset, bytes;
};
struct page_cache_facts {
    uint64_t cached, dirty, writeback, evicted, recently_evicted; /* pages */
};

enum { PAGES_ASKED = 256 }; /* by one call of mincore() */

static enum page_cache_answer mapping_ask(int fd, const struct page_cache_range *range,
                                          uint32_t page_bytes)
{
    unsigned char in_memory[PAGES_ASKED];
    unsigned char *mapping =
        mmap(NULL, range->bytes, PROT_READ, MAP_SHARED, fd, (off_t)range->offset);
    enum page_cache_answer answer = PAGE_CACHE_HAS_ALL;
    if (mapping == MAP_FAILED) {
        return PAGE_CACHE_UNKNOWN;
    }
    for (uint64_t at = 0; at < range->bytes && answer == PAGE_CACHE_HAS_ALL;
         at += (uint64_t)PAGES_ASKED * page_bytes) {
        const uint64_t left = (range->bytes - at + page_bytes - 1) / page_bytes;
        const uint64_t pages = left < PAGES_ASKED ? left : PAGES_ASKED;
        if (mincore(mapping + at, pages * page_bytes, in_memory) != 0) {
            answer = PAGE_CACHE_UNKNOWN;
        }
        for (uint64_t i = 0; i < pages && answer == PAGE_CACHE_HAS_ALL; i++) {
            answer = (in_memory[i] & 1) != 0 ? PAGE_CACHE_HAS_ALL : PAGE_CACHE_LACKS_SOME;
        }
    }
    (void)munmap(mapping, range->bytes);
    return answer;
}

enum page_cache_answer page_cache_ask(int fd, uint64_t offset, uint64_t bytes, uint32_t page_bytes,
                                      bool *by_mapping)
{
    const uint64_t ahead = offset % page_bytes;
    const struct page_cache_range range = {offset - ahead, bytes + ahead};
    struct page_cache_facts facts = {0};
    if (!*by_mapping && syscall(PAGE_CACHE_SYS_CACHESTAT, fd, &range, &facts, 0) == 0) {
        return facts.cached < (range.bytes + page_bytes - 1) / page_bytes ? PAGE_CACHE_LACKS_SOME
                                                                          : PAGE_CACHE_HAS_ALL;
    }
    *by_mapping = true;
    return mapping_ask(fd, &range, page_bytes);
}
