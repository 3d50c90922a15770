/* volumes.c - from any spelling of a path to (volume, what is left below its root).
 *
 * Stands between the documents' paths and everything that compares them: pack's source trees,
 * the plan's places. A table holds tens of specs, so look-ups scan it. It touches no disk:
 * which directory a volume stands at is the caller's business. */
#include "vss/volumes.h"

#include "base/bug.h"
#include "base/heap.h"
#include "base/limits.h"

#include <stdlib.h>

void volume_table_free(struct volume_table *table)
{
    free(table->specs);
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

/* The spec that leaves least of path, not counting `except`; MARK_NONE: none. */
static uint32_t find_longest(const struct volume_table *table, const struct win_path *path,
                             uint32_t except, struct view *below)
{
    uint32_t best = MARK_NONE;
    for (uint32_t i = 0; i < table->count; i++) {
        struct view left = VIEW_NONE;
        if (i != except && spec_holds(&table->specs[i], path, &left) &&
            (best == MARK_NONE || left.n < below->n)) {
            best = i;
            *below = left;
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
    for (uint32_t i = 0; i < table->count; i++) {
        const struct win_path *folder = &table->specs[i].path;
        struct view inside = VIEW_NONE;
        struct view left = VIEW_NONE;
        if (folder->rest.n == 0) {
            continue;
        }
        const uint32_t host = find_longest(table, folder, i, &inside);
        VSR_REQUIRE(host == MARK_NONE || inside.n > 0); /* no spec stands twice in the table */
        if (host != MARK_NONE && table->specs[host].volume == *volume &&
            rest_starts(inside, *below, &left) && (best == MARK_NONE || left.n < best_left.n)) {
            best = i;
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
    for (uint32_t i = 0; i < table->count; i++) {
        struct view left = VIEW_NONE;
        if (spec_holds(&table->specs[i], &path, &left) && left.n == 0) {
            *fault = "it is given to another volume already";
            return table->specs[i].volume == volume;
        }
    }
    table->specs = heap_grow(table->specs, table->count, &table->capacity, sizeof *table->specs);
    table->specs[table->count++] = (struct volume_spec){path, volume};
    return true;
}
