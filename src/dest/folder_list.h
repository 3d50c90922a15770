/* folder_list.h - the names in a folder, one after the other. Any thread. */
#ifndef DEST_FOLDER_LIST_H
#define DEST_FOLDER_LIST_H

/* Look at one name; anything but 0 ends the list. Names may be removed meanwhile. */
typedef int folder_visit(void *context, int dir_fd, const char *name);

/* Visit each name in dir_fd but "." and "..", in no order. What visit ended it with, an errno of
 * listing, or 0. */
int folder_list(int dir_fd, folder_visit *visit, void *context);

#endif
