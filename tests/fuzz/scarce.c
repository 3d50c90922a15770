/* scarce.c - malloc and its sisters for the whole program, shared libraries included, in front of
 * the sanitizer's or the C library's own.
 *
 * What is got while a stretch is watched stands in a table, so that a call that ends in the middle
 * (base/heap.c, exit code 50) can be given back whole. One watched thread at a time. */
#include "scarce.h"

#include "base/ending.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { CELLS = 1 << 20, MAPPINGS_MAX = 64 };

/* The sanitizers' own, where there is one. */
#define BENEATH(type, name, ...)                                                                   \
    extern type __interceptor_##name(__VA_ARGS__) __attribute__((weak));                           \
    extern type __libc_##name(__VA_ARGS__)
BENEATH(void *, malloc, size_t);
BENEATH(void *, calloc, size_t, size_t);
BENEATH(void *, realloc, void *, size_t);
BENEATH(void, free, void *);
#define CALL(name, ...)                                                                            \
    (__interceptor_##name != NULL ? __interceptor_##name(__VA_ARGS__) : __libc_##name(__VA_ARGS__))

extern void *__real_mmap64(void *at, size_t bytes, int protection, int flags, int fd, off_t offset);
extern int __real_munmap(void *at, size_t bytes);
void *__wrap_mmap64(void *at, size_t bytes, int protection, int flags, int fd, off_t offset);
int __wrap_munmap(void *at, size_t bytes);
void __wrap_ending_exit(int code) __attribute__((noreturn));

static __thread struct scarce *watched; /* NULL: this thread is not */
static FILE *told, *nowhere;            /* the true stderr, and another one meanwhile */

/* --- what was got and not given back --- */

static struct cell {
    void *memory;
    uint32_t stretch; /* it belongs to; another one: the cell is free */
} cells[CELLS];
static uint32_t order[CELLS / 2]; /* cells in the order in which they were taken */
static uint32_t order_count;
static uint32_t stretch;
static struct mapping {
    void *at; /* NULL: given back */
    size_t bytes;
} mappings[MAPPINGS_MAX];
static uint32_t mapping_count;

static struct cell *cell_of(const void *memory, bool to_take)
{
    struct cell *gone = NULL;
    size_t at = (size_t)(((uintptr_t)memory >> 4) * UINT64_C(0x9E3779B97F4A7C15) >> 44);
    while (cells[at].stretch == stretch && cells[at].memory != memory) {
        gone = gone == NULL && cells[at].memory == &cells ? &cells[at] : gone;
        at = (at + 1) % CELLS;
    }
    return to_take && gone != NULL ? gone : &cells[at];
}

static void *note(void *memory)
{
    if (watched != NULL && memory != NULL) {
        struct cell *cell = cell_of(memory, true);
        if (cell->stretch != stretch) {
            if (order_count == CELLS / 2) {
                abort(); /* more live allocations than one input can be worth */
            }
            order[order_count++] = (uint32_t)(cell - cells);
        }
        *cell = (struct cell){memory, stretch};
    }
    return memory;
}

/* The cell stays taken, so that probing goes on behind it; its memory is nobody's. */
static void forget(const void *memory)
{
    struct cell *cell = cell_of(memory, false);
    if (memory != NULL && cell->stretch == stretch) {
        cell->memory = &cells; /* no allocation's address */
    }
}

static bool fails(void)
{
    if (watched == NULL || watched->paused) {
        return false;
    }
    const uint64_t number = watched->count++;
    return number == watched->fails_at || (number > watched->fails_at && watched->and_after);
}

/* --- in front of everybody's memory, shared libraries' too --- */

#define SEEN __attribute__((visibility("default")))

SEEN void *malloc(size_t bytes)
{
    if (fails()) {
        errno = ENOMEM;
        return NULL;
    }
    return note(CALL(malloc, bytes));
}

SEEN void *calloc(size_t count, size_t size)
{
    if (fails()) {
        errno = ENOMEM;
        return NULL;
    }
    return note(CALL(calloc, count, size));
}

SEEN void *realloc(void *memory, size_t bytes)
{
    if (fails()) {
        errno = ENOMEM;
        return NULL;
    }
    if (watched != NULL) {
        forget(memory);
    }
    return note(CALL(realloc, memory, bytes));
}

SEEN void free(void *memory)
{
    if (watched != NULL) {
        forget(memory);
    }
    CALL(free, memory);
}

void *__wrap_mmap64(void *at, size_t bytes, int protection, int flags, int fd, off_t offset)
{
    if (fails()) {
        errno = ENOMEM;
        return MAP_FAILED;
    }
    void *mapped = __real_mmap64(at, bytes, protection, flags, fd, offset);
    if (watched != NULL && mapped != MAP_FAILED) {
        if (mapping_count == MAPPINGS_MAX) {
            abort();
        }
        mappings[mapping_count++] = (struct mapping){mapped, bytes};
    }
    return mapped;
}

int __wrap_munmap(void *at, size_t bytes)
{
    for (uint32_t i = 0; watched != NULL && i < mapping_count; i++) {
        if (mappings[i].at == at) {
            mappings[i].at = NULL;
        }
    }
    return __real_munmap(at, bytes);
}

void __wrap_ending_exit(int code)
{
    if (code == ENDING_MEMORY && watched != NULL && watched->count > watched->fails_at) {
        longjmp(watched->way_out, 1);
    }
    abort(); /* the sanitizer tells where */
}

/* --- a stretch --- */

void scarce_prepare(void)
{
    static char buffer[BUFSIZ]; /* its own would be made, and swept away, in a stretch */
    nowhere = fopen("/dev/null", "we");
    told = stderr;
    if (nowhere != NULL) {
        (void)setvbuf(nowhere, buffer, _IOFBF, sizeof buffer);
    }
}

void scarce_begin(struct scarce *scarce)
{
    scarce->count = 0;
    stretch++;
    order_count = 0;
    mapping_count = 0;
    if (scarce->fails_at != UINT64_MAX && nowhere != NULL) {
        stderr = nowhere; /* thousands of the same sentence */
    }
    watched = scarce;
}

void scarce_end(void)
{
    watched = NULL;
    stderr = told;
}

void scarce_pause(bool paused)
{
    watched->paused = paused;
}

void scarce_sweep(void)
{
    for (uint32_t i = 0; i < order_count; i++) {
        if (cells[order[i]].memory != &cells) {
            CALL(free, cells[order[i]].memory);
        }
    }
    for (uint32_t i = 0; i < mapping_count; i++) {
        if (mappings[i].at != NULL) {
            (void)__real_munmap(mappings[i].at, mappings[i].bytes);
        }
    }
    order_count = 0;
    mapping_count = 0;
}

void *scarce_spare(size_t bytes)
{
    return note(CALL(malloc, bytes));
}
