/* salvage.c - folders and names for what is left of damaged files.
 *
 * Every name is new (O_EXCL, renames that replace nothing) and every folder comes through the door
 * (root.h). What is written into them is run/salvage.c's. */
#include "dest/salvage.h"

#include "base/heap.h"
#include "base/own.h"
#include "dest/stage_layout.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LINUX_NAME_BYTES = 255, SUFFIX_BYTES = 32, HIDDEN_NAME_BYTES = 96 };
enum { PLAIN_MODE = 0755 }; /* of directories that no media entry describes */

struct salvage_folder {
    uint32_t directory; /* plan_directory */
    bool made;          /* by us, for this */
    struct timespec accessed, modified;
};

/* --- folders --- */

static bool folder_is_noted(const struct salvage_folders *folders, uint32_t directory)
{
    for (uint32_t i = 0; i < folders->count; i++) {
        if (folders->list[i].directory == directory) {
            return true;
        }
    }
    return false;
}

/* Once, before anything is made in it. */
static int folder_note(struct salvage_folders *folders, uint32_t directory, bool made, int fd)
{
    struct stat facts;
    if (folder_is_noted(folders, directory)) {
        return 0;
    }
    if (fstat(fd, &facts) != 0) {
        return errno;
    }
    folders->list =
        heap_grow(folders->list, folders->count, &folders->capacity, sizeof *folders->list);
    folders->list[folders->count++] = (struct salvage_folder){.directory = directory,
                                                              .made = made,
                                                              .accessed = facts.st_atim,
                                                              .modified = facts.st_mtim};
    return 0;
}

/* As the media say; open to its owner, if others are to come into it. */
static void folder_describe(const struct stage *stage, uint32_t directory, int fd, bool is_last)
{
    const uint32_t entry = stage->plan->directories[directory].entry;
    const struct meta_policy policy = meta_policy_now(stage->options.owner);
    const mode_t open = !is_last && policy.obeys_modes ? 0700 : 0;
    struct meta_loss ignored = {0};
    struct stat before;
    const mode_t group = fstat(fd, &before) == 0 ? before.st_mode & S_ISGID : 0; /* inherited */
    if (entry == MARK_NONE) {
        (void)fchmod(fd, PLAIN_MODE | group);
    } else if (meta_apply(&stage->set->index, entry, fd, &policy, false, &ignored) == 0 &&
               (group | open) != 0) {
        (void)fchmod(fd, meta_mode(&stage->set->index, entry) | group | open);
    }
}

/* Make the missing folder that stands in one that exists, above `directory`. 0 or errno. */
static int folder_make_next(struct salvage_folders *folders, const struct stage *stage,
                            uint32_t directory)
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
    const int fault = folder_note(folders, directories[at].parent, false, above);
    if (fault != 0 || mkdirat(above, name, 0700) != 0) {
        return fault != 0 ? fault : errno;
    }
    OWN(fd) made = stage_open_place(stage, at, O_RDONLY | O_DIRECTORY);
    if (made < 0) {
        return -made;
    }
    folder_describe(stage, at, made, false);
    return folder_note(folders, at, true, made);
}

int salvage_find_folder(struct salvage_folders *folders, struct stage *stage, uint32_t file)
{
    const uint32_t directory = stage->plan->files[file].directory;
    vsr_error error = {0};
    if (stage_open_root(stage, directory, &error) != VSR_OK) {
        return error.os_errno != 0 ? -error.os_errno : -ENOENT;
    }
    OWN(fd) fd = stage_open_place(stage, directory, O_RDONLY | O_DIRECTORY);
    const int fault = fd >= 0 ? folder_note(folders, directory, false, fd) : -fd;
    return fault == 0 ? take_fd(&fd) : -fault;
}

int salvage_open_folder(struct salvage_folders *folders, struct stage *stage, uint32_t file)
{
    for (;;) { /* one level more each time */
        const int fd = salvage_find_folder(folders, stage, file);
        if (fd != -ENOENT) {
            return fd;
        }
        const int fault = folder_make_next(folders, stage, stage->plan->files[file].directory);
        if (fault != 0) {
            return -fault;
        }
    }
}

/* Deepest first, as their numbers are: a folder's times change when something in it does. */
static int compare_folders(const void *left, const void *right)
{
    const struct salvage_folder *a = left, *b = right;
    return (a->directory < b->directory) - (a->directory > b->directory);
}

void salvage_settle(struct salvage_folders *folders, const struct stage *stage)
{
    if (folders->count > 1) {
        qsort(folders->list, folders->count, sizeof *folders->list, compare_folders);
    }
    for (uint32_t i = 0; i < folders->count; i++) {
        const struct salvage_folder *folder = &folders->list[i];
        const struct timespec times[2] = {folder->accessed, folder->modified};
        OWN(fd) fd = stage_open_place(stage, folder->directory, O_RDONLY | O_DIRECTORY);
        if (fd >= 0 && folder->made) {
            folder_describe(stage, folder->directory, fd, true);
        } else if (fd >= 0) {
            (void)futimens(fd, times); /* a folder of somebody else may refuse */
        }
    }
    free(folders->list);
    *folders = (struct salvage_folders){0};
}

/* --- names --- */

void salvage_name(const struct stage *stage, uint32_t file, uint32_t number,
                  char name[SALVAGE_NAME_BYTES])
{
    char own[WIN_NAME_BYTES_MAX + 1];
    if (!stage_final_name(stage, file, own) ||
        strlen(own) + SUFFIX_BYTES > LINUX_NAME_BYTES) { /* ".json" comes behind it, too */
        (void)snprintf(own, sizeof own, "vssrestore-file-%u", file);
    }
    if (number == 1) {
        (void)snprintf(name, SALVAGE_NAME_BYTES, "%s.salvaged", own);
    } else {
        (void)snprintf(name, SALVAGE_NAME_BYTES, "%s.salvaged-%u", own, number);
    }
}

void salvage_list_name(const char *name, char out[SALVAGE_NAME_BYTES])
{
    (void)snprintf(out, SALVAGE_NAME_BYTES, "%.*s.json", LINUX_NAME_BYTES, name);
}

enum salvage_found salvage_look(int folder_fd, const char *name)
{
    struct stat facts;
    if (fstatat(folder_fd, name, &facts, AT_SYMLINK_NOFOLLOW) != 0) {
        return errno == ENOENT ? SALVAGE_NOTHING : SALVAGE_OTHER;
    }
    return S_ISREG(facts.st_mode) && facts.st_uid == geteuid() ? SALVAGE_OURS : SALVAGE_OTHER;
}

/* Nobody else has one of a run's identity. */
static void hidden_name(const struct stage *stage, uint32_t file, bool list,
                        char out[HIDDEN_NAME_BYTES])
{
    (void)snprintf(out, HIDDEN_NAME_BYTES, "%s-%u%s", stage->folder_name, file,
                   list ? ".json" : ".salvaged");
}

int salvage_create(const struct stage *stage, uint32_t file, bool list, int folder_fd)
{
    char name[HIDDEN_NAME_BYTES];
    hidden_name(stage, file, list, name);
    (void)unlinkat(folder_fd, name, 0);
    const int fd =
        openat(folder_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    return fd >= 0 ? fd : -errno;
}

/* A rename that replaces nothing, where the file system has none: a link, and its removal. */
static int name_give(int folder_fd, const char *from, const char *to)
{
    if (renameat2(folder_fd, from, folder_fd, to, RENAME_NOREPLACE) == 0) {
        return 0;
    }
    if (errno != EINVAL) {
        return errno;
    }
    return linkat(folder_fd, from, folder_fd, to, 0) == 0 && unlinkat(folder_fd, from, 0) == 0
               ? 0
               : errno;
}

int salvage_show(const struct stage *stage, uint32_t file, int folder_fd, const char *name)
{
    char hidden[HIDDEN_NAME_BYTES], hidden_list[HIDDEN_NAME_BYTES], list[SALVAGE_NAME_BYTES];
    hidden_name(stage, file, false, hidden);
    hidden_name(stage, file, true, hidden_list);
    salvage_list_name(name, list);
    int fault = name_give(folder_fd, hidden_list, list);
    if (fault == 0) {
        fault = name_give(folder_fd, hidden, name);
        if (fault != 0) {
            (void)unlinkat(folder_fd, list, 0);
        }
    }
    return fault;
}

void salvage_drop(const struct stage *stage, uint32_t file, int folder_fd)
{
    char name[HIDDEN_NAME_BYTES];
    hidden_name(stage, file, false, name);
    (void)unlinkat(folder_fd, name, 0);
    hidden_name(stage, file, true, name);
    (void)unlinkat(folder_fd, name, 0);
}

static bool is_later(struct timespec a, struct timespec b)
{
    return a.tv_sec != b.tv_sec ? a.tv_sec > b.tv_sec : a.tv_nsec > b.tv_nsec;
}

void salvage_withdraw(int folder_fd, const char *name)
{
    char list[SALVAGE_NAME_BYTES];
    struct stat data, told;
    salvage_list_name(name, list);
    /* the list was written when the bytes were whole */
    if (fstatat(folder_fd, name, &data, AT_SYMLINK_NOFOLLOW) == 0 &&
        fstatat(folder_fd, list, &told, AT_SYMLINK_NOFOLLOW) == 0 &&
        !is_later(data.st_mtim, told.st_mtim) && unlinkat(folder_fd, name, 0) == 0) {
        (void)unlinkat(folder_fd, list, 0);
    }
}
