/* run_folder_sweep.c - hidden folders beside a run's, which a killed process left before they were
 * shown, or while they were removed. They are ours, nobody holds them, and nothing needs them,
 * but for what others put there: who goes on with the run takes that. */
#include "run/run_folder.h"

#include "base/own.h"
#include "dest/folder_list.h"

#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Whoever makes one locks it at once; that there is a moment before that is why it must be old. */
enum { SWEEP_AGE_S = 60 };

static bool name_is_hidden(const char *name)
{
    const size_t bytes = strlen(name), prefix = strlen(RUN_FOLDER_HIDDEN);
    const size_t part = strlen(RUN_FOLDER_PART), asked = strlen(RUN_FOLDER_ASKED);
    return strncmp(name, RUN_FOLDER_HIDDEN, prefix) == 0 && bytes > prefix + asked &&
           (strcmp(name + bytes - part, RUN_FOLDER_PART) == 0 ||
            strcmp(name + bytes - asked, RUN_FOLDER_ASKED) == 0);
}

/* rest_fd: what others put there moves to that folder, before anything of ours goes; -1: it stays
 * where it is, and so does the folder. */
static void folder_sweep(int parent_fd, const char *name, time_t newest, int rest_fd)
{
    struct stat facts;
    OWN(fd) fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0 && fstat(fd, &facts) == 0 && facts.st_uid == geteuid() &&
        facts.st_mtim.tv_sec <= newest && flock(fd, LOCK_EX | LOCK_NB) == 0 &&
        (rest_fd < 0 || run_folder_take_rest(fd, rest_fd) == 0)) {
        run_folder_empty(fd);
        (void)unlinkat(parent_fd, name, AT_REMOVEDIR);
    }
}

static int sweep_one(void *context, int parent_fd, const char *name)
{
    const time_t *now = context;
    if (name_is_hidden(name)) {
        folder_sweep(parent_fd, name, *now - SWEEP_AGE_S - 1, -1);
    }
    return 0;
}

void run_folder_sweep(int parent_fd)
{
    time_t now = time(NULL);
    (void)folder_list(parent_fd, sweep_one, &now);
}

void run_folder_sweep_own(int parent_fd, const char *name)
{
    folder_sweep(parent_fd, name, INT64_MAX, -1);
}

void run_folder_reclaim(const struct run_folder *folder)
{
    static const enum run_folder_sort sorts[] = {RUN_FOLDER_SECOND, RUN_FOLDER_ASKING};
    OWN(fd) parent_fd = openat(folder->dir_fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (size_t i = 0; i < sizeof sorts / sizeof *sorts && parent_fd >= 0; i++) {
        char hidden[RUN_FOLDER_HIDDEN_BYTES];
        run_folder_hidden_name(&folder->run, sorts[i], hidden);
        folder_sweep(parent_fd, hidden, INT64_MAX, folder->dir_fd);
    }
}
