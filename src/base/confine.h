/* confine.h - a thread gives up what it will never need: to change anything that has a name, but
 * below some folders.
 *
 * The kernel then holds the promise that our own code makes, whatever bytes the thread decodes:
 * Landlock, where it has that: for threads that change nothing since Linux 5.13, for those that
 * write below some folders since 5.19, as before that it let nobody link from folder to folder.
 * What is open already, and reading, are not restricted. Only for threads that we start, never for
 * the caller's. */
#ifndef BASE_CONFINE_H
#define BASE_CONFINE_H

#include <stdbool.h>
#include <stdint.h>

enum confine_to {
    CONFINE_TO_FILES,  /* make, write, link and remove files */
    CONFINE_TO_FOLDERS /* make folders */
};

struct confine_limits {
    const int *folder_fds; /* open; borrowed */
    uint32_t count;        /* 0: it changes nothing by name */
    enum confine_to what;
};

/* The calling thread can do that below these folders and change nothing else, from here on; NULL:
 * nothing at all. False: the kernel cannot do that, and nothing is restricted. */
bool confine_thread(const struct confine_limits *limits);

#endif
