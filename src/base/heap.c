/* heap.c - malloc with one answer to "none left". */
#include "base/heap.h"

#include "base/bug.h"
#include "base/ending.h"

#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { GROW_COUNT_MIN = 16 };

/* A large array is asked to stand in huge pages: a plan of a million files is touched 64 bytes
 * after the other, and a page fault for each 4 KiB was a quarter of the time to make it. Advice
 * only. It is given for all of the array's mapping: parts of one that differ cannot be moved by
 * mremap(), and realloc() would copy them. */
static const size_t HUGE_BYTES_MIN = (size_t)8 << 20;

static void heap_advise(void *memory, size_t bytes)
{
    if (bytes < HUGE_BYTES_MIN) {
        return;
    }
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    const uintptr_t from = (uintptr_t)memory / page * page; /* the mapping begins with a header */
    const uintptr_t end = ((uintptr_t)memory + malloc_usable_size(memory)) / page * page;
    (void)madvise((char *)memory - ((uintptr_t)memory - from), end - from, MADV_HUGEPAGE);
}

__attribute__((noreturn, cold)) static void heap_exhausted(size_t count, size_t size)
{
    char what[64] = "a library's buffers";
    if (size > 0) {
        (void)snprintf(what, sizeof what, "%zu x %zu bytes", count, size);
    }
    (void)fprintf(stderr,
                  "vssrestore: no memory for %s: the machine or its limits are too small for this "
                  "set\n",
                  what);
    (void)fflush(stderr);
    ending_exit(ENDING_MEMORY);
}

void *heap_alloc(size_t count, size_t size)
{
    size_t bytes = 0;
    VSR_REQUIRE(!__builtin_mul_overflow(count, size, &bytes));
    void *memory = calloc(1, bytes == 0 ? 1 : bytes);
    if (memory == NULL) {
        heap_exhausted(count, size);
    }
    heap_advise(memory, bytes);
    return memory;
}

void *heap_resize(void *memory, size_t count, size_t size)
{
    size_t bytes = 0;
    VSR_REQUIRE(!__builtin_mul_overflow(count, size, &bytes));
    void *resized = realloc(memory, bytes == 0 ? 1 : bytes);
    if (resized == NULL) {
        heap_exhausted(count, size);
    }
    heap_advise(resized, bytes);
    return resized;
}

void *heap_grow(void *array, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity) {
        return array;
    }
    *capacity = *capacity < GROW_COUNT_MIN ? GROW_COUNT_MIN : *capacity * 2;
    return heap_resize(array, *capacity, size);
}

void heap_require(const void *memory)
{
    if (memory == NULL) {
        heap_exhausted(1, 0);
    }
}
