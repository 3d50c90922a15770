/* swapper.c - a hostile neighbour: exchanges folders with links, again and again, until it is told
 * to end (SIGTERM). Its arguments are pairs of paths: a folder and a link. It begins when it has
 * said so on its standard output, and ends with every folder back at its own place. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
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

int main(int count, char **arguments)
{
    const struct sigaction action = {.sa_handler = on_end};
    unsigned long long exchanges = 0;
    unsigned seed = (unsigned)getpid();
    if (count < 3 || count % 2 == 0 || sigaction(SIGTERM, &action, NULL) != 0) {
        (void)fprintf(stderr, "usage: swapper FOLDER LINK [FOLDER LINK]...\n");
        return 2;
    }
    (void)puts("begins");
    (void)fflush(stdout);
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
