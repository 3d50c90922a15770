/* memory.c - memory that is there, or the end. Its words are console.c's. */
#include "memory.h"

#include "console.h"

#include <stdlib.h>

void memory_end(void)
{
    console_end(-(int)VSR_ERR_MEMORY,
                "vssrestore: no memory: the machine or its limits are too small for this\n");
}

void *memory_resize(void *memory, size_t bytes)
{
    void *resized = realloc(memory, bytes);
    if (resized == NULL) {
        memory_end();
    }
    return resized;
}
