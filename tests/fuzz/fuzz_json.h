/* fuzz_json.h - libjansson is left out of what fails: when one of its allocations does, it drops a
 * byte of what it reads, and then says "invalid token", or stops the process by an assertion. No
 * caller can tell, and its allocator is the whole process's, not a library's to choose. */
#ifndef FUZZ_FUZZ_JSON_H
#define FUZZ_FUZZ_JSON_H

#include "fuzz.h"

#include <jansson.h>
#include <stdlib.h>

static void *fuzz_json_memory(size_t bytes)
{
    return fuzz_memory(bytes);
}

static inline void fuzz_json_never_fails(void)
{
    json_set_alloc_funcs(fuzz_json_memory, free);
}

#endif
