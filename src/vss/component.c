/* component.c - the identity of a component: logical path and name (rules 4.1 to 4.3).
 *
 * A WMD may have thousands of components and every one of a backup is looked up, so each WMD
 * carries its components ordered by the hash of their folded identity. */
#include "vss/bcd_read.h"
#include "vss/documents.h"
#include "vss/mapping.h"
#include "vss/winpath.h"

#include "base/hash_map.h"
#include "base/heap.h"
#include "base/limits.h"

#include <stdlib.h>

struct wmd_key {
    uint64_t hash;       /* of the folded identity        */
    uint64_t exact_hash; /* of the identity as spelled    */
    uint32_t component;  /* index into wmd->components */
};

struct view vss_logical_path_norm(struct view logical_path)
{
    struct view path = logical_path;
    while (path.n > 0 && path.p[0] == '\\') {
        path = view_skip(path, 1);
    }
    while (path.n > 0 && path.p[path.n - 1] == '\\') {
        path.n--;
    }
    return path.n > 0 ? path : VIEW("");
}

struct view vss_full_name(struct arena *arena, struct view logical_path, struct view name)
{
    const struct view path = vss_logical_path_norm(logical_path);
    if (path.n == 0) {
        return arena_copy(arena, view_present(name) ? name : VIEW(""));
    }
    char *full = arena_alloc(arena, path.n + name.n + 2, 1);
    memcpy(full, path.p, path.n);
    full[path.n] = '\\';
    if (name.n > 0) {
        memcpy(full + path.n + 1, name.p, name.n);
    }
    return (struct view){full, path.n + 1 + name.n};
}

static uint64_t identity_hash(struct view logical_path, struct view name)
{
    const uint64_t path = win_fold_hash(vss_logical_path_norm(logical_path));
    return path * UINT64_C(0x9E3779B97F4A7C15) + win_fold_hash(name);
}

static uint64_t exact_hash(struct view logical_path, struct view name)
{
    const struct view path = vss_logical_path_norm(logical_path);
    return hash_bytes(path.p, path.n) * UINT64_C(0x9E3779B97F4A7C15) +
           hash_bytes(name.n > 0 ? name.p : "", name.n);
}

static bool identity_equal(struct view path_a, struct view name_a, struct view path_b,
                           struct view name_b)
{
    return view_equal(name_a, name_b) &&
           view_equal(vss_logical_path_norm(path_a), vss_logical_path_norm(path_b));
}

static int key_compare(const void *a, const void *b)
{
    const struct wmd_key *x = a;
    const struct wmd_key *y = b;
    if (x->hash != y->hash) {
        return x->hash < y->hash ? -1 : 1;
    }
    if (x->exact_hash != y->exact_hash) {
        return x->exact_hash < y->exact_hash ? -1 : 1;
    }
    return (x->component > y->component) - (x->component < y->component);
}

static void mark_duplicate(struct wmd *wmd, uint32_t one, uint32_t other, struct arena *arena)
{
    struct wmd_component *component = &wmd->components[one];
    if (view_present(component->fault)) {
        return;
    }
    const struct vss_place *place = &wmd->components[other].place;
    component->fault = arena_printf(
        arena, "%.*s, line %u, byte %llu: the component \"%.*s\" stands a second time at byte %llu",
        VIEW_ARG(wmd->file_name), component->place.line, (unsigned long long)component->place.byte,
        VIEW_ARG(component->name), (unsigned long long)place->byte);
    component->fault_unknown = false;
}

/* Keys of one identity stand side by side: first by folded hash, then by the exact spelling. */
static void mark_duplicates(struct wmd *wmd, struct arena *arena)
{
    for (uint32_t i = 1; i < wmd->component_count; i++) {
        const struct wmd_key *a = &wmd->keys[i - 1];
        const struct wmd_key *b = &wmd->keys[i];
        const struct wmd_component *x = &wmd->components[a->component];
        const struct wmd_component *y = &wmd->components[b->component];
        if (a->hash == b->hash &&
            identity_equal(x->logical_path, x->name, y->logical_path, y->name)) {
            mark_duplicate(wmd, a->component, b->component, arena);
            mark_duplicate(wmd, b->component, a->component, arena);
        }
    }
}

void wmd_keys_make(struct wmd *wmd, struct arena *arena)
{
    wmd->keys = ARENA_ARRAY(arena, struct wmd_key, wmd->component_count);
    for (uint32_t i = 0; i < wmd->component_count; i++) {
        const struct wmd_component *component = &wmd->components[i];
        wmd->keys[i] = (struct wmd_key){identity_hash(component->logical_path, component->name),
                                        exact_hash(component->logical_path, component->name), i};
    }
    qsort(wmd->keys, wmd->component_count, sizeof *wmd->keys, key_compare);
    mark_duplicates(wmd, arena);
}

/* --- the same in a Backup Components Document --- */

struct bcd_key {
    uint64_t hash;
    const struct bcd_writer *writer;
    struct bcd_component *component;
};

static int bcd_key_compare(const void *a, const void *b)
{
    const struct bcd_key *x = a;
    const struct bcd_key *y = b;
    if (x->hash != y->hash) {
        return x->hash < y->hash ? -1 : 1;
    }
    return (x->component->place.byte > y->component->place.byte) -
           (x->component->place.byte < y->component->place.byte);
}

static bool bcd_key_equal(const struct bcd_key *a, const struct bcd_key *b)
{
    return a->hash == b->hash && uuid_equal(&a->writer->writer_id, &b->writer->writer_id) &&
           uuid_equal(&a->writer->instance_id, &b->writer->instance_id) &&
           identity_equal(a->component->logical_path, a->component->name,
                          b->component->logical_path, b->component->name);
}

static void bcd_mark(const struct bcd *bcd, struct arena *arena, struct bcd_component *component,
                     const struct bcd_component *other)
{
    if (!view_present(component->fault)) {
        component->fault = arena_printf(
            arena,
            "%.*s, line %u, byte %llu: the component \"%.*s\" of one writer stands a second time "
            "at byte %llu",
            VIEW_ARG(bcd->file_name), component->place.line,
            (unsigned long long)component->place.byte, VIEW_ARG(component->name),
            (unsigned long long)other->place.byte);
        component->fault_unknown = false;
    }
}

void bcd_mark_duplicates(struct bcd *bcd, struct arena *arena)
{
    uint32_t count = 0;
    for (uint32_t w = 0; w < bcd->writer_count; w++) {
        count += bcd->writers[w].component_count;
    }
    struct bcd_key *keys = heap_alloc(count + 1u, sizeof *keys);
    uint32_t k = 0;
    for (uint32_t w = 0; w < bcd->writer_count; w++) {
        struct bcd_writer *writer = &bcd->writers[w];
        const uint64_t id = hash_bytes(&writer->writer_id, sizeof writer->writer_id) ^
                            hash_bytes(&writer->instance_id, sizeof writer->instance_id) * 3;
        for (uint32_t c = 0; c < writer->component_count; c++) {
            struct bcd_component *component = &writer->components[c];
            keys[k++] = (struct bcd_key){id + exact_hash(component->logical_path, component->name),
                                         writer, component};
        }
    }
    qsort(keys, count, sizeof *keys, bcd_key_compare);
    for (uint32_t i = 1; i < count; i++) {
        if (bcd_key_equal(&keys[i - 1], &keys[i])) {
            bcd_mark(bcd, arena, keys[i - 1].component, keys[i].component);
            bcd_mark(bcd, arena, keys[i].component, keys[i - 1].component);
        }
    }
    free(keys);
}

/* --- looking up --- */

/* The first key with this hash, or component_count. */
static uint32_t key_first(const struct wmd *wmd, uint64_t hash)
{
    uint32_t low = 0;
    uint32_t high = wmd->component_count;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (wmd->keys[middle].hash < hash) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

uint32_t wmd_component_find(const struct wmd *wmd, struct view logical_path, struct view name,
                            bool *folded)
{
    const struct view path = vss_logical_path_norm(logical_path);
    const uint64_t hash = identity_hash(logical_path, name);
    uint32_t similar = MARK_NONE;
    uint32_t similar_count = 0;
    *folded = false;
    for (uint32_t i = key_first(wmd, hash); i < wmd->component_count && wmd->keys[i].hash == hash;
         i++) {
        const uint32_t index = wmd->keys[i].component;
        const struct wmd_component *component = &wmd->components[index];
        const struct view its_path = vss_logical_path_norm(component->logical_path);
        if (view_equal(its_path, path) && view_equal(component->name, name)) {
            return index;
        }
        if (win_fold_equal(its_path, path) && win_fold_equal(component->name, name)) {
            similar = index;
            similar_count++;
        }
    }
    *folded = similar_count == 1;
    return similar_count == 1 ? similar : MARK_NONE;
}
