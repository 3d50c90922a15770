/* pending_links.h - how pending folders are found again: links in the run folder and in the
 * registry, and the folders themselves at the top of a volume. Control thread only. */
#ifndef RUN_PENDING_LINKS_H
#define RUN_PENDING_LINKS_H

#include "base/arena.h"
#include "base/err.h"
#include "dest/pending.h"

/* A link to the folder in pending/ of a run folder, durably. number: of the run's folders. 0 or
 * errno. */
int pending_link_run(int run_dir_fd, uint32_t number, const struct pending_folder *folder);

/* The same in the registry, a folder that must be there already. False: none, or it may not be
 * written. NULL: false. */
bool pending_link_register(const char *registry, uint32_t number,
                           const struct pending_folder *folder);

/* Remove links of the registry to a folder that is gone. */
void pending_link_forget(const char *registry, struct view path);

/* Where a folder stands, absolute. False: the system does not tell. */
bool pending_folder_path(const struct pending_folder *folder, struct buffer *path);

/* The pending folders that dir stands for, in the order of their names: a run folder (those it
 * links to), a pending folder (itself), else a folder in which some stand. Texts in the arena.
 * Errors: SELECTION when there is no such folder, DEST_*. */
struct pending_paths {
    struct view *list; /* a NUL behind each */
    uint32_t count;
    size_t capacity;
    bool registered; /* of the registry: who carries one out takes its link away */
};
vsr_code pending_find(struct arena *arena, const char *dir, struct pending_paths *out,
                      vsr_error *error);
/* Those that the registry links to; no registry: none. DEST_PERMISSION: others may write it. */
vsr_code pending_find_registered(struct arena *arena, const char *registry,
                                 struct pending_paths *out, vsr_error *error);
void pending_paths_free(struct pending_paths *paths);

#endif
