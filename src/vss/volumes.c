/* volumes.c - from any spelling of a path to (volume, what is left below its root).
 *
 * Stands between the documents' paths and everything that compares them: pack's source trees,
 * the plan's places. A set may name many, so look-ups go by hashes of a path's elements. It touches
 * no disk: which directory a volume stands at is the caller's business. */
#include "vss/volumes.h"

#include "base/bug.h"
#include "base/heap.h"
#include "base/limits.h"

#include <stdlib.h>

void volume_table_free(struct volume_table *table)
{
    free(table->specs);
    hash_map_free(&table->by_path);
    hash_map_free(&table->by_inside);
    *table = (struct volume_table){0};
}

/* Is prefix an element-wise prefix of path? *below is what path has behind it. */
static bool rest_starts(struct view prefix, struct view path, struct view *below)
{
    struct view want = prefix;
    struct view left = path;
    while (want.n > 0) {
        const struct view wanted = win_path_element(&want);
        if (left.n == 0 || !win_fold_equal(wanted, win_path_element(&left))) {
            return false;
        }
    }
    *below = left;
    return true;
}

static bool spec_holds(const struct volume_spec *spec, const struct win_path *path,
                       struct view *below)
{
    return spec->path.kind == path->kind && win_fold_equal(spec->path.volume, path->volume) &&
           rest_starts(spec->path.rest, path->rest, below);
}

/* --- hashes of elements, one after the other --- */

static uint64_t volume_hash(const struct win_path *path)
{
    const uint64_t key[2] = {path->kind, win_fold_hash(path->volume)};
    return hash_bytes(key, sizeof key);
}

static uint64_t element_hash(uint64_t before, struct view element)
{
    const uint64_t key[2] = {before, win_fold_hash(element)};
    return hash_bytes(key, sizeof key);
}

static uint64_t rest_hash(uint64_t hash, struct view rest)
{
    while (rest.n > 0) {
        hash = element_hash(hash, win_path_element(&rest));
    }
    return hash;
}

/* The spec that is path but for its last left.n bytes, not counting `except`; MARK_NONE: none. */
static uint32_t find_exact(const struct volume_table *table, uint64_t hash,
                           const struct win_path *path, struct view left, uint32_t except)
{
    size_t step = 0;
    for (;;) {
        struct view below = VIEW_NONE;
        const uint32_t at = hash_map_next(&table->by_path, hash, &step);
        if (at == MARK_NONE ||
            (at != except && spec_holds(&table->specs[at], path, &below) && below.n == left.n)) {
            return at;
        }
    }
}

/* The spec that leaves least of path, not counting `except`; MARK_NONE: none. */
static uint32_t find_longest(const struct volume_table *table, const struct win_path *path,
                             uint32_t except, struct view *below)
{
    uint32_t best = MARK_NONE;
    uint64_t hash = volume_hash(path);
    for (struct view left = path->rest;; hash = element_hash(hash, win_path_element(&left))) {
        const uint32_t at = find_exact(table, hash, path, left, except);
        if (at != MARK_NONE) {
            best = at;
            *below = left;
        }
        if (left.n == 0) {
            return best;
        }
    }
}

/* --- mount folders --- */

/* What its host is has become known, or another one. */
static void host_take(struct volume_table *table, uint32_t folder)
{
    struct volume_spec *spec = &table->specs[folder];
    if (spec->path.rest.n == 0) {
        return;
    }
    spec->host = find_longest(table, &spec->path, folder, &spec->inside);
    VSR_REQUIRE(spec->host == MARK_NONE || spec->inside.n > 0); /* no spec stands twice */
    if (spec->host != MARK_NONE) {
        const uint64_t hash = rest_hash(table->specs[spec->host].volume, spec->inside);
        hash_map_add(&table->by_inside, hash, folder);
    }
}

/* A spec that has come may be nearer to folders than what they stood on so far. */
static void hosts_follow(struct volume_table *table, uint32_t added)
{
    host_take(table, added);
    for (uint32_t i = 0; i < added; i++) {
        const struct volume_spec *spec = &table->specs[i];
        struct view inside = VIEW_NONE;
        if (spec->path.rest.n > 0 && spec_holds(&table->specs[added], &spec->path, &inside) &&
            (spec->host == MARK_NONE || inside.n < spec->inside.n)) {
            host_take(table, i);
        }
    }
}

/* The mount folder that stands on volume at below but for its last left.n bytes, the first of them;
 * MARK_NONE: none. What the map says of hosts of before is passed over. */
static uint32_t find_inside(const struct volume_table *table, uint64_t hash, uint32_t volume,
                            struct view below, struct view left)
{
    uint32_t best = MARK_NONE;
    uint32_t at = 0;
    for (size_t step = 0; at != MARK_NONE;) {
        struct view behind = VIEW_NONE;
        at = hash_map_next(&table->by_inside, hash, &step);
        if (at < best && table->specs[table->specs[at].host].volume == volume &&
            rest_starts(table->specs[at].inside, below, &behind) && behind.n == left.n) {
            best = at;
        }
    }
    return best;
}

/* A mount folder seen through another name of the volume that it stands on: "C:\Mounts\Data"
 * is a volume of its own also in "\\?\Volume{C's guid}\Mounts\Data\x". The one that leaves
 * least of *below is entered; false: no mount folder lies on the way. */
static bool enter_mount_folder(const struct volume_table *table, uint32_t *volume,
                               struct view *below)
{
    uint32_t best = MARK_NONE;
    struct view best_left = VIEW_NONE;
    uint64_t hash = *volume;
    for (struct view left = *below; left.n > 0 && table->by_inside.used_count > 0;) {
        hash = element_hash(hash, win_path_element(&left));
        const uint32_t at = find_inside(table, hash, *volume, *below, left);
        if (at != MARK_NONE) {
            best = at;
            best_left = left;
        }
    }
    if (best == MARK_NONE) {
        return false;
    }
    *volume = table->specs[best].volume;
    *below = best_left;
    return true;
}

uint32_t volume_table_find(const struct volume_table *table, const struct win_path *path,
                           struct view *below)
{
    const uint32_t found = find_longest(table, path, MARK_NONE, below);
    if (found == MARK_NONE) {
        return MARK_NONE;
    }
    uint32_t volume = table->specs[found].volume;
    while (enter_mount_folder(table, &volume, below)) {
        /* *below gets shorter each time */
    }
    return volume;
}

/* "C:" alone stands for the drive's root here, not for its current directory. */
static struct view spec_text(struct arena *arena, struct view spec)
{
    const bool drive = spec.n == 2 && spec.p[1] == ':';
    return drive ? arena_printf(arena, "%.*s\\", VIEW_ARG(spec)) : spec;
}

bool volume_table_add(struct volume_table *table, struct arena *arena, struct view spec,
                      uint32_t volume, const char **fault)
{
    struct win_path path;
    const enum win_path_fault bad =
        win_path_parse(arena, arena_copy(arena, spec_text(arena, spec)), &path);
    if (bad != WIN_PATH_OK) {
        *fault = win_path_fault_text(bad);
        return false;
    }
    const uint64_t hash = rest_hash(volume_hash(&path), path.rest);
    const uint32_t known =
        find_exact(table, hash, &path, view_skip(path.rest, path.rest.n), MARK_NONE);
    if (known != MARK_NONE) {
        *fault = "it is given to another volume already";
        return table->specs[known].volume == volume;
    }
    table->specs = heap_grow(table->specs, table->count, &table->capacity, sizeof *table->specs);
    table->specs[table->count] =
        (struct volume_spec){.path = path, .volume = volume, .host = MARK_NONE};
    hash_map_add(&table->by_path, hash, table->count);
    hosts_follow(table, table->count++);
    return true;
}
