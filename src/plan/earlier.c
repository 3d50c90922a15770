/* earlier.c - places by the hash of their path, units in a list. A path costs 16 bytes, whatever
 * its length. Where they come from is run/past_run.c's business. */
#include "plan/earlier.h"

#include "base/heap.h"
#include "base/limits.h"
#include "media/part.h"
#include "plan/select.h"
#include "vss/winpath.h"

#include <stdlib.h>

void earlier_add_unit(struct earlier *earlier, const struct earlier_unit *unit)
{
    earlier->units = heap_grow(earlier->units, earlier->unit_count, &earlier->unit_capacity,
                               sizeof *earlier->units);
    struct earlier_unit *copy = &earlier->units[earlier->unit_count++];
    *copy = *unit;
    copy->full_name = arena_copy(&earlier->arena, unit->full_name);
    copy->verdict = arena_copy(&earlier->arena, unit->verdict);
    copy->run = arena_copy(&earlier->arena, unit->run);
}

void earlier_add_set(struct earlier *earlier, const struct uuid *set)
{
    earlier->sets =
        heap_grow(earlier->sets, earlier->set_count, &earlier->set_capacity, sizeof *earlier->sets);
    earlier->sets[earlier->set_count++] = *set;
}

void earlier_add_root(struct earlier *earlier, const struct earlier_root *root)
{
    earlier->roots = heap_grow(earlier->roots, earlier->root_count, &earlier->root_capacity,
                               sizeof *earlier->roots);
    struct earlier_root *copy = &earlier->roots[earlier->root_count++];
    *copy = *root;
    copy->spec = arena_copy(&earlier->arena, root->spec);
    copy->path = arena_copy(&earlier->arena, root->path);
    copy->run = arena_copy(&earlier->arena, root->run);
}

bool earlier_has_set(const struct earlier *earlier, const struct uuid *set)
{
    for (uint32_t i = 0; i < earlier->set_count; i++) {
        if (uuid_equal(&earlier->sets[i], set)) {
            return true;
        }
    }
    return false;
}

static bool digest_equal(const void *context, const void *key, uint32_t value)
{
    const struct earlier *earlier = context;
    return memcmp(earlier->digests[value], key, sizeof *earlier->digests) == 0;
}

static uint64_t digest_of(struct view path, uint8_t out[16])
{
    uint64_t hash;
    part_hash_bytes(path.p, path.n, out);
    memcpy(&hash, out, sizeof hash);
    return hash;
}

void earlier_add_place(struct earlier *earlier, struct view path)
{
    uint8_t digest[16];
    const uint64_t hash = digest_of(path, digest);
    if (earlier->place_count == MARK_NONE ||
        hash_map_find(&earlier->places, hash, digest, digest_equal, earlier) != MARK_NONE) {
        return; /* past 2^32 places, what is not known is an obstacle as any other */
    }
    earlier->digests = heap_grow(earlier->digests, earlier->place_count, &earlier->place_capacity,
                                 sizeof *earlier->digests);
    memcpy(earlier->digests[earlier->place_count], digest, sizeof digest);
    hash_map_add(&earlier->places, hash, earlier->place_count++);
}

bool earlier_has_place(const struct earlier *earlier, struct view path)
{
    uint8_t digest[16];
    const uint64_t hash = digest_of(path, digest);
    return hash_map_find(&earlier->places, hash, digest, digest_equal, earlier) != MARK_NONE;
}

/* "lp\name" without its last element. */
static struct view path_of(struct view full_name)
{
    size_t at = full_name.n;
    while (at > 0 && full_name.p[at - 1] != '\\') {
        at--;
    }
    return (struct view){full_name.p, at > 0 ? at - 1 : 0};
}

static bool is_related(const struct earlier_unit *unit, struct view logical_path,
                       struct view full_name)
{
    return win_fold_equal(unit->full_name, full_name) ||
           select_is_ancestor(unit->full_name, logical_path) ||
           select_is_ancestor(full_name, path_of(unit->full_name));
}

const struct earlier_unit *earlier_find(const struct earlier *earlier, const struct uuid *writer_id,
                                        const struct uuid *instance_id, struct view logical_path,
                                        struct view full_name)
{
    const struct earlier_unit *same = NULL;  /* instance */
    const struct earlier_unit *other = NULL; /* instances */
    const struct earlier_unit *silent = NULL;
    for (uint32_t i = earlier->unit_count; i > 0; i--) {
        const struct earlier_unit *unit = &earlier->units[i - 1];
        const struct earlier_unit *found = same != NULL ? same : other;
        if (found != NULL && !view_equal(found->run, unit->run)) {
            break; /* an older run's */
        }
        if (!uuid_equal(&unit->writer_id, writer_id) ||
            !is_related(unit, logical_path, full_name)) {
            continue;
        }
        if (unit->whole && !view_present(unit->verdict)) {
            silent = silent == NULL ? unit : silent;
            continue;
        }
        const struct earlier_unit **of =
            uuid_equal(&unit->instance_id, instance_id) ? &same : &other;
        *of = *of == NULL || ((*of)->whole && !unit->whole) ? unit : *of;
    }
    if (same == NULL && other == NULL) {
        return silent;
    }
    return same != NULL ? same : other;
}

void earlier_free(struct earlier *earlier)
{
    free(earlier->units);
    free(earlier->sets);
    free(earlier->roots);
    free(earlier->digests);
    hash_map_free(&earlier->places);
    arena_free(&earlier->arena);
    *earlier = (struct earlier){0};
}
