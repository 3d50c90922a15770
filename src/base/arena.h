/* arena.h - memory that is freed all at once. Control plane only.
 *
 * An arena grows by blocks; what it handed out stays where it is until arena_free() or a
 * rewind past it. Out of memory is an operating error of the whole step that uses the
 * arena: allocation stops the process with a message (exit 50), because on Linux a small
 * allocation that fails means that the machine is out of memory. Sizes that come from
 * outside are checked against base/limits.h before they get here. One thread at a time. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/err.h"
#include "base/view.h"

#include <stddef.h>
#include <stdint.h>

struct arena_block;

struct arena {
    struct arena_block *block; /* the newest; NULL before the first allocation */
    size_t total_bytes;        /* all blocks, for the memory report            */
};

struct arena_mark {
    struct arena_block *block;
    size_t used_bytes;
};

/* Zeroed memory, aligned for any type. count * size must not overflow (required). */
void *arena_alloc(struct arena *arena, size_t count, size_t size);

#define ARENA_NEW(arena, type)          ((type *)arena_alloc(arena, 1, sizeof(type)))
#define ARENA_ARRAY(arena, type, count) ((type *)arena_alloc(arena, count, sizeof(type)))

/* A copy of text with a NUL behind it (not counted in n). An absent view stays absent. */
struct view arena_copy(struct arena *arena, struct view text);

VSR_PRINTF(2, 3)
struct view arena_printf(struct arena *arena, const char *format, ...);

struct arena_mark arena_mark(const struct arena *arena);
void arena_rewind(struct arena *arena, struct arena_mark mark);

/* Frees everything; the arena is empty and usable again. */
void arena_free(struct arena *arena);

#endif
