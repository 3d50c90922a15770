/* shelf.c - set.json of every set in a folder, for its uuid alone. Packs, index and documents of
 * what is found here are not looked at. */
#include "media/shelf.h"

#include "base/heap.h"
#include "base/own.h"
#include "media/part.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

static void set_keep(struct shelf *shelf, const char *path)
{
    struct media_set set;
    if (set_open_description(&set, path, NULL) != VSR_OK) {
        shelf->unreadable_count++;
        return;
    }
    shelf->sets = heap_grow(shelf->sets, shelf->count, &shelf->capacity, sizeof *shelf->sets);
    shelf->sets[shelf->count++] =
        (struct shelf_set){.uuid = set.description.uuid,
                           .path = arena_copy(&shelf->arena, view_of(path))};
    set_close(&set);
}

static bool folder_is_known(struct shelf *shelf, const struct stat *stat)
{
    for (uint32_t i = 0; i < shelf->folder_count; i++) {
        struct stat known;
        if (fstatat(AT_FDCWD, shelf->folders[i].p, &known, 0) == 0 &&
            known.st_dev == stat->st_dev && known.st_ino == stat->st_ino) {
            return true;
        }
    }
    return false;
}

/* The folder's own entries, in the order of their names. */
static vsr_code folder_walk(struct shelf *shelf, const char *path, vsr_error *error)
{
    struct dirent **entries = NULL;
    const int count = scandir(path, &entries, NULL, alphasort);
    if (count < 0) {
        return err_sys(error, part_code(errno), "media/shelf",
                       "cannot look for sets in the folder %s", path);
    }
    for (int i = 0; i < count; i++) {
        const char *name = entries[i]->d_name;
        const struct view set = arena_printf(&shelf->arena, "%s/%s", path, name);
        const struct view json = arena_printf(&shelf->arena, "%.*s/" SET_JSON_NAME, VIEW_ARG(set));
        if (strcmp(name, "..") != 0 && faccessat(AT_FDCWD, json.p, F_OK, 0) == 0) {
            set_keep(shelf, strcmp(name, ".") == 0 ? path : set.p);
        }
        free(entries[i]);
    }
    free(entries);
    return VSR_OK;
}

vsr_code shelf_add_folder(struct shelf *shelf, const char *path, vsr_error *error)
{
    struct stat stat;
    if (fstatat(AT_FDCWD, path, &stat, 0) != 0) {
        return err_sys(error, part_code(errno), "media/shelf",
                       "cannot look for sets in the folder %s", path);
    }
    if (folder_is_known(shelf, &stat)) {
        return VSR_OK;
    }
    const vsr_code rc = folder_walk(shelf, path, error);
    if (rc == VSR_OK) {
        shelf->folders = heap_grow(shelf->folders, shelf->folder_count, &shelf->folder_capacity,
                                   sizeof *shelf->folders);
        shelf->folders[shelf->folder_count++] = arena_copy(&shelf->arena, view_of(path));
    }
    return rc;
}

void shelf_add_beside(struct shelf *shelf, const char *path)
{
    struct view name = view_of(path);
    while (name.n > 1 && name.p[name.n - 1] == '/') {
        name.n--;
    }
    size_t at = name.n;
    while (at > 0 && name.p[at - 1] != '/') {
        at--;
    }
    const struct view last = view_skip(name, at);
    while (at > 1 && name.p[at - 1] == '/') {
        at--;
    }
    if (!view_equal(last, VIEW(".")) && !view_equal(last, VIEW(".."))) {
        const struct view parent = at > 0 ? (struct view){name.p, at} : VIEW(".");
        (void)shelf_add_folder(shelf, arena_copy(&shelf->arena, parent).p, NULL);
    }
    (void)shelf_add_folder(shelf, arena_printf(&shelf->arena, "%s/..", path).p, NULL);
}

const struct shelf_set *shelf_find(const struct shelf *shelf, const struct uuid *uuid)
{
    for (uint32_t i = 0; i < shelf->count; i++) {
        if (uuid_equal(&shelf->sets[i].uuid, uuid)) {
            return &shelf->sets[i];
        }
    }
    return NULL;
}

struct view shelf_text(struct shelf *shelf)
{
    struct view text = VIEW("");
    for (uint32_t i = 0; i < shelf->folder_count; i++) {
        text = arena_printf(&shelf->arena, "%.*s%s'%.*s'", VIEW_ARG(text), i > 0 ? ", " : "",
                            VIEW_ARG(shelf->folders[i]));
    }
    if (shelf->unreadable_count > 0) {
        text = arena_printf(&shelf->arena, "%.*s (%u sets there cannot be read)", VIEW_ARG(text),
                            shelf->unreadable_count);
    }
    return text;
}

void shelf_free(struct shelf *shelf)
{
    free(shelf->sets);
    free(shelf->folders);
    arena_free(&shelf->arena);
    *shelf = (struct shelf){0};
}
