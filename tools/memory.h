/* memory.h - memory of the program's own, with one answer to "none left": the summary of a restore
 * that ends there and then (contract, section 5), a sentence, and exit code 50. The library has the
 * same answer for its own (vssrestore/error.h). */
#ifndef TOOLS_MEMORY_H
#define TOOLS_MEMORY_H

#include <stddef.h>

/* As realloc(); none is left: the process ends. bytes > 0. */
void *memory_resize(void *memory, size_t bytes);

__attribute__((noreturn, cold)) void memory_end(void);

#endif
