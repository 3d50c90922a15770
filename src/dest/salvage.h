/* salvage.h - places for what is left of damaged files: beside their own, never on them.
 *
 * After publishing, before stage_close(). Control thread. */
#ifndef DEST_SALVAGE_H
#define DEST_SALVAGE_H

#include "dest/stage.h"

enum { SALVAGE_NAME_BYTES = 3 * 255 + 1 };

/* The folder that a planned file goes to, open; made, for us alone, where it is not there. The
 * caller closes it. -errno. */
int salvage_open_folder(const struct stage *stage, uint32_t file);

/* Make a file in it that was not there, mode 0600: the file's own name with ".salvaged" behind it,
 * with a number behind that when there is one or a list of that name, or a name made of the plan's
 * number when that is too long. name: the one that it got. The descriptor, to write; or -errno. */
int salvage_create(const struct stage *stage, uint32_t file, int folder_fd,
                   char name[SALVAGE_NAME_BYTES]);

/* The list of bad ranges that goes with it: NAME.json. The descriptor, or -errno. */
int salvage_create_list(int folder_fd, const char *name);
void salvage_remove_list(int folder_fd, const char *name);

#endif
