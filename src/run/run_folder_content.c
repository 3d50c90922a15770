/* run_folder_content.c - what stands in a run folder before it stays: our own files, by their
 * names, and what others put there, such as a writer's program for its own end (VSSRESTORE_RUN).
 * What is ours can be made again; the rest is never removed, it moves to the folder that takes this
 * one's place. What is in the files is not looked at. */
#include "run/run_folder.h"

#include "base/io.h"
#include "dest/folder_list.h"
#include "engine/marks.h"
#include "run/document_out.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const ours[] = {
    "plan.bin",   "run.json",   "rows.bin",           "journal",
    "checkpoint", MARKS_PIECES, DOCUMENT_PRE_RESTORE, DOCUMENT_FINAL,
};

enum { OURS_COUNT = sizeof ours / sizeof *ours };

static bool name_is_ours(const char *name)
{
    bool found = false;
    for (size_t i = 0; i < OURS_COUNT && !found; i++) {
        char part[IO_PART_NAME_BYTES];
        (void)io_part_name(part, ours[i]);
        found = strcmp(name, ours[i]) == 0 || strcmp(name, part) == 0;
    }
    return found;
}

void run_folder_empty(int dir_fd)
{
    for (size_t i = 0; i < OURS_COUNT; i++) {
        char part[IO_PART_NAME_BYTES];
        (void)io_part_name(part, ours[i]);
        (void)unlinkat(dir_fd, ours[i], 0);
        (void)unlinkat(dir_fd, part, 0);
    }
}

int run_folder_rename(int from_fd, const char *from, int to_fd, const char *to)
{
    struct stat facts;
    if (renameat2(from_fd, from, to_fd, to, RENAME_NOREPLACE) == 0) {
        return 0;
    }
    if (errno != EINVAL && errno != ENOSYS) { /* NFS takes no flag */
        return errno;
    }
    if (fstatat(to_fd, to, &facts, AT_SYMLINK_NOFOLLOW) == 0) {
        return EEXIST;
    }
    if (errno != ENOENT) {
        return errno;
    }
    if (renameat(from_fd, from, to_fd, to) == 0) {
        return 0;
    }
    return errno == ENOTEMPTY || errno == ENOTDIR ? EEXIST : errno; /* somebody was faster */
}

struct rest {
    int to_fd;
    bool any; /* was there something? */
};

static int rest_take_one(void *context, int dir_fd, const char *name)
{
    struct rest *rest = context;
    if (name_is_ours(name)) {
        return 0;
    }
    rest->any = true;
    return run_folder_rename(dir_fd, name, rest->to_fd, name);
}

int run_folder_take_rest(int dir_fd, int to_fd)
{
    struct rest rest = {.to_fd = to_fd};
    const int fault = folder_list(dir_fd, rest_take_one, &rest);
    if (fault != 0 || !rest.any) {
        return fault;
    }
    return fsync(to_fd) == 0 && fsync(dir_fd) == 0 ? 0 : errno;
}
