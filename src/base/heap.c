/* heap.c - malloc with one answer to "none left". */
#include "base/heap.h"

#include "base/bug.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { EXIT_CODE_MEMORY = 50, GROW_COUNT_MIN = 16 };

__attribute__((noreturn, cold)) static void heap_exhausted(size_t count, size_t size)
{
    (void)fprintf(stderr,
                  "vssrestore: no memory for %zu x %zu bytes: the machine or its limits are too "
                  "small for this set\n",
                  count, size);
    (void)fflush(stderr);
    _exit(EXIT_CODE_MEMORY);
}

void *heap_alloc(size_t count, size_t size)
{
    size_t bytes = 0;
    VSR_REQUIRE(!__builtin_mul_overflow(count, size, &bytes));
    void *memory = calloc(1, bytes == 0 ? 1 : bytes);
    if (memory == NULL) {
        heap_exhausted(count, size);
    }
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
