/* hash_map.c - linear probing over a power of two, at most two thirds full. */
#include "base/hash_map.h"

#include "base/heap.h"
#include "base/limits.h"

#include <stdlib.h>
#include <string.h>
#define XXH_INLINE_ALL /* names are short: no call */
#include <xxhash.h>

enum { CELLS_MIN = 64 };

struct hash_map_cell {
    uint64_t hash;
    uint32_t value;
    uint32_t used;
};

static void cell_put(struct hash_map_cell *cells, size_t cell_count, uint64_t hash, uint32_t value)
{
    size_t at = (size_t)hash & (cell_count - 1);
    while (cells[at].used != 0) {
        at = (at + 1) & (cell_count - 1);
    }
    cells[at] = (struct hash_map_cell){hash, value, 1};
}

/* Cells are moved starting behind an empty one, in probe order, so that entries of one hash
 * keep the order in which they were added. */
static void map_enlarge(struct hash_map *map)
{
    const size_t wider = map->cell_count == 0 ? CELLS_MIN : map->cell_count * 2;
    struct hash_map_cell *cells = heap_alloc(wider, sizeof *cells);
    size_t start = 0;
    while (start < map->cell_count && map->cells[start].used != 0) {
        start++;
    }
    for (size_t i = 0; i < map->cell_count; i++) {
        const struct hash_map_cell *cell = &map->cells[(start + i) & (map->cell_count - 1)];
        if (cell->used != 0) {
            cell_put(cells, wider, cell->hash, cell->value);
        }
    }
    free(map->cells);
    map->cells = cells;
    map->cell_count = wider;
    map->cell_capacity = wider;
}

void hash_map_restart(struct hash_map *map, size_t count)
{
    size_t cell_count = CELLS_MIN;
    while (cell_count * 2 < count * 3) {
        cell_count *= 2;
    }
    if (cell_count > map->cell_capacity) {
        free(map->cells);
        map->cells = heap_alloc(cell_count, sizeof *map->cells);
        map->cell_capacity = cell_count;
    } else {
        memset(map->cells, 0, cell_count * sizeof *map->cells);
    }
    map->cell_count = cell_count;
    map->used_count = 0;
}

void hash_map_add(struct hash_map *map, uint64_t hash, uint32_t value)
{
    if (map->used_count * 3 >= map->cell_count * 2) {
        map_enlarge(map);
    }
    cell_put(map->cells, map->cell_count, hash, value);
    map->used_count++;
}

uint32_t hash_map_find(const struct hash_map *map, uint64_t hash, const void *key,
                       hash_map_equal *equal, const void *context)
{
    size_t step = 0;
    for (;;) {
        const uint32_t value = hash_map_next(map, hash, &step);
        if (value == MARK_NONE || equal(context, key, value)) {
            return value;
        }
    }
}

uint32_t hash_map_next(const struct hash_map *map, uint64_t hash, size_t *step)
{
    while (*step < map->cell_count) {
        const struct hash_map_cell *cell =
            &map->cells[((size_t)hash + *step) & (map->cell_count - 1)];
        if (cell->used == 0) {
            break;
        }
        (*step)++;
        if (cell->hash == hash) {
            return cell->value;
        }
    }
    return MARK_NONE;
}

void hash_map_free(struct hash_map *map)
{
    free(map->cells);
    *map = (struct hash_map){0};
}

uint64_t hash_bytes(const void *bytes, size_t count)
{
    return XXH3_64bits(bytes, count);
}
