/* heap.h - heap memory on the control plane, with one answer to "none left": the process
 * ends with exit code 50 and a sentence. Sizes from outside are bounded before they get
 * here; the data plane allocates nothing. Any thread. */
#ifndef BASE_HEAP_H
#define BASE_HEAP_H

#include <stddef.h>

/* Zeroed; freed by free(). count * size must not overflow (required). Never NULL. */
void *heap_alloc(size_t count, size_t size);

/* As realloc, never NULL; the new part is not zeroed. */
void *heap_resize(void *memory, size_t count, size_t size);

/* Make room for one more in a growing array: returns the array, at least doubled and
 * *capacity raised when count == *capacity. */
void *heap_grow(void *array, size_t count, size_t *capacity, size_t size);

/* What a library allocated for itself: NULL ends the process, as above. */
void heap_require(const void *memory);

#endif
