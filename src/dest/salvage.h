/* salvage.h - places for what is left of damaged files: beside their own, never on them.
 *
 * Bytes are written under a hidden name of the run's, and shown with their list when both are
 * whole; so whoever finds a list finds what it tells of, and a process that goes on with the run
 * knows what was done. After publishing, before stage_close(). Control thread. */
#ifndef DEST_SALVAGE_H
#define DEST_SALVAGE_H

#include "dest/stage.h"

enum { SALVAGE_NAME_BYTES = 3 * 255 + 1, SALVAGE_NUMBERS = 100 };

/* Folders that get something, as they were before; zeros to begin with. */
struct salvage_folders {
    struct salvage_folder *list;
    uint32_t count;
    size_t capacity;
};

/* The folder that a planned file goes to, open; made, with the media's permissions, where it is not
 * there. The caller closes it. -errno. */
int salvage_open_folder(struct salvage_folders *folders, struct stage *stage, uint32_t file);
/* The same, but nothing is made: -ENOENT where it is not there. */
int salvage_find_folder(struct salvage_folders *folders, struct stage *stage, uint32_t file);
/* In the end: those that were there get their times back (ruling 20), those that were made the
 * media's. Frees. */
void salvage_settle(struct salvage_folders *folders, const struct stage *stage);

/* The number-th name (from 1) for what is left of a file: its own with ".salvaged" behind it, and a
 * number behind that from the second on; one made of the plan's number where that is too long. Its
 * list has ".json" behind that. */
void salvage_name(const struct stage *stage, uint32_t file, uint32_t number,
                  char name[SALVAGE_NAME_BYTES]);
void salvage_list_name(const char *name, char out[SALVAGE_NAME_BYTES]);

/* What stands at a name of the two. OURS: a regular file of whom we are; whose it is, is not known
 * by that alone. */
enum salvage_found { SALVAGE_NOTHING, SALVAGE_OURS, SALVAGE_OTHER };
enum salvage_found salvage_look(int folder_fd, const char *name);

/* Make the hidden file of a planned one, mode 0600, or of its list; what a process before left
 * there goes. The descriptor, to write, or -errno. */
int salvage_create(const struct stage *stage, uint32_t file, bool list, int folder_fd);

/* Both are whole: show them at name, the list first. 0 or errno; EEXIST: one of the names has been
 * taken meanwhile, and neither is seen. */
int salvage_show(const struct stage *stage, uint32_t file, int folder_fd, const char *name);
/* Or not: they go. */
void salvage_drop(const struct stage *stage, uint32_t file, int folder_fd);

/* What was shown at name goes, its list last; but what somebody has written to since stays. */
void salvage_withdraw(int folder_fd, const char *name);

#endif
