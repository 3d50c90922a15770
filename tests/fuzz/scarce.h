/* scarce.h - a stretch of one thread's life in which memory is counted, runs out, and is given
 * back as a process that ends would give it back. */
#ifndef FUZZ_SCARCE_H
#define FUZZ_SCARCE_H

#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct scarce {
    uint64_t fails_at; /* the allocation that fails, from 0; UINT64_MAX: none */
    bool and_after;    /* all behind it fail, too */
    uint64_t count;    /* allocations so far */
    bool paused;
    jmp_buf way_out; /* taken instead of exit code 50 */
};

/* Once, before the first stretch. */
void scarce_prepare(void);

/* From here on this thread's malloc, calloc, realloc and mmap are counted. Set way_out right
 * before. A process that would end with 50 without an allocation that was made to fail is a bug. */
void scarce_begin(struct scarce *scarce);
void scarce_end(void);

/* While paused nothing is counted, and nothing fails. */
void scarce_pause(bool paused);

/* The process is taken for ended: all that was got since scarce_begin() and not given back. */
void scarce_sweep(void);

/* Memory that does not fail. */
void *scarce_spare(size_t bytes);

#endif
