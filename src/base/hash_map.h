/* hash_map.h - from a key's hash to a 32-bit value; keys live with the caller.
 *
 * Open addressing, insertion only, deterministic. The caller compares keys by value number,
 * so the map holds 12 bytes an entry and no pointers. One thread at a time. */
#ifndef BASE_HASH_MAP_H
#define BASE_HASH_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hash_map {
    struct hash_map_cell *cells;
    size_t cell_count; /* a power of two, or 0 */
    size_t used_count;
    size_t cell_capacity; /* of cells: cell_count of the largest map that stood here */
};

/* Does the value's key equal the key looked for? context is what the call was given. */
typedef bool hash_map_equal(const void *context, const void *key, uint32_t value);

/* The value under key, or MARK_NONE. */
uint32_t hash_map_find(const struct hash_map *map, uint64_t hash, const void *key,
                       hash_map_equal *equal, const void *context);

/* Add a value whose key the caller knows to be absent (or wants found first-come). */
void hash_map_add(struct hash_map *map, uint64_t hash, uint32_t value);

/* Visit all values under a hash in the order added: start with *step = 0; MARK_NONE ends. */
uint32_t hash_map_next(const struct hash_map *map, uint64_t hash, size_t *step);

/* Empty the map and make it ready for count entries, in no more memory than these need: many small
 * maps after each other cost what they hold, and stay in the processor's caches. */
void hash_map_restart(struct hash_map *map, size_t count);

void hash_map_free(struct hash_map *map);

/* XXH3-64 of bytes, the hash that this project's maps use. */
uint64_t hash_bytes(const void *bytes, size_t count);

#endif
