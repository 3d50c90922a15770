/* salvage.c - folders and names for what is left of damaged files.
 *
 * Every name is new (O_EXCL) and every folder comes through the door (root.h). What is written into
 * them is run/salvage.c's. */
#include "dest/salvage.h"

#include "base/own.h"
#include "dest/stage_layout.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NAMES_TRIED = 100, LINUX_NAME_BYTES = 255, SUFFIX_BYTES = 32 };
enum { LIST_NAME_BYTES = SALVAGE_NAME_BYTES + 8 };

/* Make the missing folder that stands in one that exists, above `directory`. 0 or errno. */
static int folder_make_next(const struct stage *stage, uint32_t directory)
{
    const struct plan_directory *directories = stage->plan->directories;
    uint32_t at = directory;
    OWN(fd) above = -1;
    while (above < 0) {
        const uint32_t parent = directories[at].parent;
        if (parent == MARK_NONE) {
            return ENOENT; /* the mapped folder itself is gone */
        }
        above = stage_open_place(stage, parent, O_RDONLY | O_DIRECTORY);
        if (above < 0 && above != -ENOENT) {
            return -above;
        }
        at = above < 0 ? parent : at;
    }
    char name[WIN_NAME_BYTES_MAX + 1];
    const struct view text = plan_text(stage->plan, directories[at].name);
    if (!root_name_is_plain(text) || text.n > WIN_NAME_BYTES_MAX) {
        return EINVAL;
    }
    memcpy(name, text.p, text.n);
    name[text.n] = '\0';
    return mkdirat(above, name, 0700) == 0 ? 0 : errno;
}

int salvage_open_folder(const struct stage *stage, uint32_t file)
{
    const uint32_t directory = stage->plan->files[file].directory;
    for (;;) { /* one level more each time */
        const int fd = stage_open_place(stage, directory, O_RDONLY | O_DIRECTORY);
        if (fd != -ENOENT) {
            return fd;
        }
        const int fault = folder_make_next(stage, directory);
        if (fault != 0) {
            return -fault;
        }
    }
}

static void list_name(const char *name, char out[LIST_NAME_BYTES])
{
    (void)snprintf(out, LIST_NAME_BYTES, "%s.json", name);
}

static bool list_stands(int folder_fd, const char *name)
{
    char list[LIST_NAME_BYTES];
    list_name(name, list);
    return faccessat(folder_fd, list, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

int salvage_create(const struct stage *stage, uint32_t file, int folder_fd,
                   char name[SALVAGE_NAME_BYTES])
{
    char own[WIN_NAME_BYTES_MAX + 1];
    if (!stage_final_name(stage, file, own) ||
        strlen(own) + SUFFIX_BYTES > LINUX_NAME_BYTES) { /* ".json" comes behind it, too */
        (void)snprintf(own, sizeof own, "vssrestore-file-%u", file);
    }
    for (int number = 1; number <= NAMES_TRIED; number++) {
        if (number == 1) {
            (void)snprintf(name, SALVAGE_NAME_BYTES, "%s.salvaged", own);
        } else {
            (void)snprintf(name, SALVAGE_NAME_BYTES, "%s.salvaged-%d", own, number);
        }
        if (list_stands(folder_fd, name)) {
            continue;
        }
        const int fd =
            openat(folder_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd >= 0 || errno != EEXIST) {
            return fd >= 0 ? fd : -errno;
        }
    }
    return -EEXIST;
}

int salvage_create_list(int folder_fd, const char *name)
{
    char list[LIST_NAME_BYTES];
    list_name(name, list);
    const int fd =
        openat(folder_fd, list, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    return fd >= 0 ? fd : -errno;
}

void salvage_remove_list(int folder_fd, const char *name)
{
    char list[LIST_NAME_BYTES];
    list_name(name, list);
    (void)unlinkat(folder_fd, list, 0);
}
