/* shelf.h - the sets that stand in some folders, found by their uuid: how a set's parent is
 * looked for.
 *
 * A folder is looked at one level deep, and may be a set itself. What cannot be read as a set is
 * passed over and counted. Control thread; blocks. */
#ifndef MEDIA_SHELF_H
#define MEDIA_SHELF_H

#include "media/set.h"

struct shelf_set {
    struct uuid uuid;
    struct view path; /* NUL behind it */
};

struct shelf {
    struct arena arena;
    struct shelf_set *sets;
    uint32_t count;
    size_t capacity;
    struct view *folders; /* that were looked at, for messages */
    uint32_t folder_count;
    size_t folder_capacity;
    uint32_t unreadable_count; /* of what has a set.json */
};

/* Look at the folder path. One that was looked at before, under whatever name, is not again.
 * Errors: MEDIA, MEDIA_UNREADABLE for a folder that is not there or cannot be read. */
vsr_code shelf_add_folder(struct shelf *shelf, const char *path, vsr_error *error);
/* The folders in which the set at path stands: by its name, and, where that is a link, really; as
 * far as they can be read. */
void shelf_add_beside(struct shelf *shelf, const char *path);

/* The first that was found, or NULL. */
const struct shelf_set *shelf_find(const struct shelf *shelf, const struct uuid *uuid);

/* "'/backup', '/old' (2 sets there cannot be read)": where was looked, in the arena. */
struct view shelf_text(struct shelf *shelf);

void shelf_free(struct shelf *shelf);

#endif
