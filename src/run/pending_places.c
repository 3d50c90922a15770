/* pending_places.c - records of pending journals by the place that they go to.
 *
 * Between older runs' journals and who is about to write: the planner, through dest/probe.h, and
 * pending_apply.c. Looks at places, changes nothing, and decides nothing. */
#include "run/pending_places.h"

#include "base/hash_map.h"
#include "base/heap.h"
#include "base/limits.h"
#include "base/own.h"
#include "vss/winpath.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

struct waiting_folder {
    uint64_t device, inode; /* of the pending folder */
    const char *path;
    struct pending_identity identity;
    struct pending_content content; /* texts of places stand in it; of a session: in its own */
};

struct waiting_place {
    struct pending_place place;
    const struct pending_item *item;
    uint32_t folder;
};

struct pending_places {
    struct arena arena;
    struct waiting_folder *folders;
    uint32_t folder_count;
    size_t folder_capacity;
    struct waiting_place *list;
    uint32_t count;
    size_t capacity;
    struct hash_map by_place;  /* folder and rest -> list */
    struct hash_map by_folder; /* folder alone: its first place */
};

static uint64_t folder_hash(const struct pending_place *place)
{
    const uint64_t key[2] = {place->device, place->inode};
    return hash_bytes(key, sizeof key);
}

static uint64_t place_hash(const struct pending_place *place)
{
    return folder_hash(place) ^ win_fold_hash(place->rest);
}

static bool is_in(const struct pending_place *a, const struct pending_place *b)
{
    return a->device == b->device && a->inode == b->inode;
}

struct pending_places *pending_places_create(void)
{
    return heap_alloc(1, sizeof(struct pending_places));
}

void pending_places_free(struct pending_places *places)
{
    for (uint32_t i = 0; i < places->folder_count; i++) {
        pending_content_free(&places->folders[i].content);
    }
    free(places->folders);
    free(places->list);
    hash_map_free(&places->by_place);
    hash_map_free(&places->by_folder);
    arena_free(&places->arena);
    free(places);
}

/* --- filling --- */

/* The folder's entry, added where it is new; NULL: it is known, or nobody can tell. */
static struct waiting_folder *folder_meet(struct pending_places *places,
                                          const struct pending_folder *folder)
{
    struct stat facts;
    if (fstat(folder->fd, &facts) != 0) {
        return NULL;
    }
    for (uint32_t i = 0; i < places->folder_count; i++) {
        if (places->folders[i].device == facts.st_dev && places->folders[i].inode == facts.st_ino) {
            return NULL;
        }
    }
    places->folders = heap_grow(places->folders, places->folder_count, &places->folder_capacity,
                                sizeof *places->folders);
    struct waiting_folder *met = &places->folders[places->folder_count++];
    *met = (struct waiting_folder){.device = facts.st_dev, .inode = facts.st_ino};
    return met;
}

static void place_add(struct pending_places *places, const struct pending_place *place,
                      const struct pending_item *item)
{
    const struct waiting_place waiting = {*place, item, places->folder_count - 1};
    const struct pending_place whole = {place->device, place->inode, VIEW_NONE};
    if (pending_places_find(places, &whole, NULL) == NULL) {
        hash_map_add(&places->by_folder, folder_hash(place), places->count);
    }
    hash_map_add(&places->by_place, place_hash(place), places->count);
    places->list = heap_grow(places->list, places->count, &places->capacity, sizeof *places->list);
    places->list[places->count++] = waiting;
}

/* Will the record change what stands at its place? What was moved, and not written down as done,
 * is no more in its folder. */
static bool item_waits(const struct pending_folder *folder, const struct pending_item *item)
{
    struct stat facts;
    const struct pending_record *record = &item->record;
    if (!item->counts || item->state == PENDING_DONE) {
        return false;
    }
    return record->op == PENDING_DELETE ||
           (record->op == PENDING_MOVE &&
            fstatat(folder->fd, record->src.p, &facts, AT_SYMLINK_NOFOLLOW) == 0);
}

static void content_add(struct pending_places *places, const struct pending_folder *folder,
                        const struct pending_content *content)
{
    for (uint32_t i = 0; i < content->item_count; i++) {
        const struct pending_item *item = &content->items[i];
        struct pending_place place;
        if (places->count < MARK_NONE && item_waits(folder, item) &&
            pending_locate(folder, &item->record, &place)) {
            place_add(places, &place, item);
        }
    }
}

void pending_places_add_session(struct pending_places *places,
                                const struct pending_session *session)
{
    struct waiting_folder *met = folder_meet(places, &session->folder);
    if (met != NULL) {
        met->path = session->path.p;
        met->identity = session->content.identity;
        content_add(places, &session->folder, &session->content);
    }
}

static void folder_read(struct pending_places *places, const struct pending_folder *folder)
{
    struct pending_journal journal;
    struct buffer path = {0};
    struct waiting_folder *met = folder_meet(places, folder);
    if (met == NULL) {
        return;
    }
    met->path =
        arena_copy(&places->arena,
                   pending_folder_path(folder, &path) ? buffer_view(&path) : view_of(folder->name))
            .p;
    buffer_free(&path);
    if (pending_journal_open(&journal, &met->content, folder, met->path, false, NULL) == VSR_OK) {
        pending_journal_close(&journal);
        met->identity = met->content.identity;
        content_add(places, folder, &met->content);
    } /* else `pending list` tells; nothing of it is carried out */
}

void pending_places_add(struct pending_places *places, int dir_fd, const char *name)
{
    struct pending_folder folder;
    if (pending_folder_open_at(&folder, dir_fd, name) == 0) {
        folder_read(places, &folder);
    }
    pending_folder_close(&folder);
}

void pending_places_add_registered(struct pending_places *places, const char *registry)
{
    struct arena arena = {0};
    struct pending_paths paths = {0};
    if (registry != NULL && pending_find_registered(&arena, registry, &paths, NULL) == VSR_OK) {
        for (uint32_t i = 0; i < paths.count; i++) {
            struct pending_folder folder;
            if (pending_folder_open(&folder, paths.list[i].p) == 0) {
                folder_read(places, &folder);
            }
            pending_folder_close(&folder);
        }
    }
    pending_paths_free(&paths);
    arena_free(&arena);
}

/* --- asking --- */

/* Does it still wait, for a run before that? */
static bool place_counts(const struct pending_places *places, const struct waiting_place *waiting,
                         const struct pending_identity *before)
{
    const struct waiting_folder *folder = &places->folders[waiting->folder];
    return waiting->item->state != PENDING_DONE &&
           (before == NULL || pending_identity_compare(&folder->identity, before) < 0);
}

const char *pending_places_find(const struct pending_places *places,
                                const struct pending_place *place,
                                const struct pending_identity *before)
{
    const bool whole = !view_present(place->rest);
    const struct hash_map *map = whole ? &places->by_folder : &places->by_place;
    if (places->count == 0) {
        return NULL; /* as nearly always */
    }
    const uint64_t hash = whole ? folder_hash(place) : place_hash(place);
    size_t step = 0;
    for (uint32_t at = 0; at != MARK_NONE;) {
        at = hash_map_next(map, hash, &step);
        const struct waiting_place *known = at != MARK_NONE ? &places->list[at] : NULL;
        if (known != NULL && is_in(&known->place, place) &&
            (whole || (win_fold_equal(known->place.rest, place->rest) &&
                       place_counts(places, known, before)))) {
            return places->folders[known->folder].path;
        }
    }
    return NULL;
}

static void waiting_met(void *context, int dir_fd, const char *name)
{
    pending_places_add(context, dir_fd, name);
}

static const char *waiting_find(void *context, uint64_t device, uint64_t inode, struct view rest)
{
    const struct pending_place place = {device, inode, rest};
    return pending_places_find(context, &place, NULL);
}

struct probe_waiting pending_places_waiting(struct pending_places *places)
{
    return (struct probe_waiting){places, waiting_met, waiting_find};
}
