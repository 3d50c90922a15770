/* arena.c - growing blocks, bump allocation, mark and rewind. */
#include "base/arena.h"

#include "base/bug.h"
#include "base/heap.h"
#include "base/limits.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

struct arena_block {
    struct arena_block *older;
    size_t size_bytes;
    size_t used_bytes;
    alignas(max_align_t) char bytes[];
};

static size_t round_up(size_t bytes)
{
    const size_t step = alignof(max_align_t);
    return (bytes + step - 1) / step * step;
}

void *arena_alloc(struct arena *arena, size_t count, size_t size)
{
    size_t bytes = 0;
    VSR_REQUIRE(!__builtin_mul_overflow(count, size, &bytes));
    VSR_REQUIRE(bytes < SIZE_MAX / 4);
    bytes = round_up(bytes == 0 ? 1 : bytes);

    struct arena_block *block = arena->block;
    if (block == NULL || block->size_bytes - block->used_bytes < bytes) {
        size_t size_bytes = block == NULL ? ARENA_BLOCK_BYTES_MIN : block->size_bytes * 2;
        if (size_bytes > ARENA_BLOCK_BYTES_MAX) {
            size_bytes = ARENA_BLOCK_BYTES_MAX;
        }
        if (size_bytes < bytes) {
            size_bytes = bytes;
        }
        struct arena_block *fresh = heap_alloc(1, sizeof *fresh + size_bytes);
        fresh->older = block;
        fresh->size_bytes = size_bytes;
        arena->block = fresh;
        arena->total_bytes += size_bytes;
        block = fresh;
    }
    void *memory = block->bytes + block->used_bytes;
    block->used_bytes += bytes;
    memset(memory, 0, bytes); /* a rewound block is handed out again */
    return memory;
}

struct view arena_copy(struct arena *arena, struct view text)
{
    if (!view_present(text)) {
        return VIEW_NONE;
    }
    char *copy = arena_alloc(arena, text.n + 1, 1);
    if (text.n > 0) {
        memcpy(copy, text.p, text.n);
    }
    return (struct view){copy, text.n};
}

struct view arena_printf(struct arena *arena, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    va_list again;
    va_copy(again, args);
    const int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    VSR_REQUIRE(length >= 0);
    char *text = arena_alloc(arena, (size_t)length + 1, 1);
    (void)vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    return (struct view){text, (size_t)length};
}

struct arena_mark arena_mark(const struct arena *arena)
{
    return (struct arena_mark){arena->block, arena->block != NULL ? arena->block->used_bytes : 0};
}

void arena_rewind(struct arena *arena, struct arena_mark mark)
{
    while (arena->block != mark.block) {
        struct arena_block *newest = arena->block;
        VSR_REQUIRE(newest != NULL);
        arena->block = newest->older;
        arena->total_bytes -= newest->size_bytes;
        free(newest);
    }
    if (arena->block != NULL) {
        arena->block->used_bytes = mark.used_bytes;
    }
}

void arena_free(struct arena *arena)
{
    arena_rewind(arena, (struct arena_mark){NULL, 0});
}
