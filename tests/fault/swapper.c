/* swapper.c - a hostile neighbour: exchanges folders with links, again and again, until it is told
 * to end (SIGTERM). Its arguments are pairs of paths: a folder and a link. It begins when it has
 * said so on its standard output, and ends with every folder back at its own place.
 *
 * With --grab FOLDER OTHER it waits for what begins with ".vssrestore-" in FOLDER, and exchanges it
 * with OTHER, once for each such name. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { PAUSE_NS_MAX = 40000 };

static volatile sig_atomic_t ended;

static void on_end(int number)
{
    (void)number;
    ended = 1;
}

static int exchange(char **pair)
{
    return renameat2(AT_FDCWD, pair[0], AT_FDCWD, pair[1], RENAME_EXCHANGE);
}

/* As long as OTHER stands in its place, whatever comes is exchanged with it at once. */
static unsigned long long grab(const char *folder, const char *other)
{
    static const char prefix[] = ".vssrestore-";
    char last[256] = "";
    unsigned long long exchanges = 0;
    DIR *list = opendir(folder);
    for (; list != NULL && !ended; rewinddir(list)) {
        for (const struct dirent *entry; (entry = readdir(list)) != NULL;) {
            if (strncmp(entry->d_name, prefix, sizeof prefix - 1) == 0 &&
                strcmp(entry->d_name, last) != 0 &&
                renameat2(dirfd(list), entry->d_name, AT_FDCWD, other, RENAME_EXCHANGE) == 0) {
                (void)snprintf(last, sizeof last, "%s", entry->d_name);
                exchanges++;
            }
        }
    }
    if (list != NULL) {
        (void)closedir(list);
    }
    return exchanges;
}

int main(int count, char **arguments)
{
    const struct sigaction action = {.sa_handler = on_end};
    unsigned long long exchanges = 0;
    unsigned seed = (unsigned)getpid();
    const bool grabs = count == 4 && strcmp(arguments[1], "--grab") == 0;
    if (count < 3 || (count % 2 == 0 && !grabs) || sigaction(SIGTERM, &action, NULL) != 0) {
        (void)fprintf(stderr, "usage: swapper FOLDER LINK [FOLDER LINK]...\n");
        return 2;
    }
    (void)puts("begins");
    (void)fflush(stdout);
    if (grabs) {
        exchanges = grab(arguments[2], arguments[3]);
        count = 1; /* and nothing else */
    }
    while (!ended) {
        for (int i = 1; i < count && !ended; i += 2) {
            exchanges +=
                exchange(&arguments[i]) == 0; /* what is not there yet, or no more: later */
        }
        const struct timespec pause = {.tv_nsec = rand_r(&seed) % PAUSE_NS_MAX};
        (void)nanosleep(&pause, NULL);
    }
    for (int i = 1; i < count; i += 2) {
        struct stat facts;
        if (lstat(arguments[i], &facts) == 0 && S_ISLNK(facts.st_mode)) {
            (void)exchange(&arguments[i]);
        }
    }
    (void)printf("%llu exchanges\n", exchanges);
    return 0;
}
