/* confine.h - a thread gives up what it will never need: to change anything that has a name, but
 * below some folders.
 *
 * The kernel then holds the promise that our own code makes, whatever bytes the thread decodes:
 * Landlock, where it has that. What is open already, and reading, are not restricted. Only for
 * threads that we start, never for the caller's. */
#ifndef BASE_CONFINE_H
#define BASE_CONFINE_H

#include <stdbool.h>
#include <stdint.h>

/* The calling thread can make, write, link and remove files below these open folders and change
 * nothing else, from here on; count 0: nothing at all. False: the kernel cannot do that, and
 * nothing is restricted. */
bool confine_thread(const int *folder_fds, uint32_t count);

#endif
