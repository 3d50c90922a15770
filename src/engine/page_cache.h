/* page_cache.h - what of a file is in memory, asked without reading: trying to read would make the
 * kernel read ahead. */
#ifndef ENGINE_PAGE_CACHE_H
#define ENGINE_PAGE_CACHE_H

#include <stdbool.h>
#include <stdint.h>

enum page_cache_answer {
    PAGE_CACHE_UNKNOWN, /* the kernel cannot say, or may not say it to us */
    PAGE_CACHE_HAS_ALL,
    PAGE_CACHE_LACKS_SOME,
};

/* Of bytes > 0 from offset; page_bytes is the system's. By cachestat(2); where that is missing
 * (before Linux 6.5) or refused, by mincore(2), and *by_mapping, which the caller keeps and sets to
 * false at first, says so from then on. Of a file that belongs to others and that the caller may
 * not write to, mincore() says that all is there. Any thread. */
enum page_cache_answer page_cache_ask(int fd, uint64_t offset, uint64_t bytes, uint32_t page_bytes,
                                      bool *by_mapping);

#endif
