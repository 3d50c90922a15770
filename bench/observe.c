/* observe.c - run a program and write down what it took.
 *
 *     observe OUT [--target DIR] [--interval MS] -- PROGRAM [ARGUMENT...]
 *
 * OUT becomes one JSON object:
 *     seconds            from the fork until the program has ended
 *     synced_seconds     until everything at DIR is on stable storage, too (with --target)
 *     user_s, system_s   CPU, of the program and of all children that it waited for
 *     peak_bytes         resident at its highest, mapped files included: of the largest process
 *     anonymous_bytes    the highest RssAnon that was seen, of the program itself
 *     read_bytes, write_bytes   from and to storage, as /proc/PID/io has it, children included;
 *                        what was written into the page cache counts, what was then dropped not
 *     samples            [seconds, bytes in use at DIR, names in use at DIR], every MS and at
 *                        the end (with both)
 *
 * A program of its own, because a process begins with the peak of the one that started it. Exit:
 * that of the program; 128 + its signal; 2 usage; 1 it could not be started. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { SAMPLES_MAX = 100000, EXIT_USAGE = 2 };

struct sample {
    double seconds;
    uint64_t bytes, names;
};

struct observed {
    const char *target; /* or NULL */
    int interval_ms;    /* 0: no samples */
    double begun;
    double seconds, synced_seconds;
    uint64_t anonymous_bytes, read_bytes, write_bytes;
    struct rusage usage;
    struct sample *samples;
    size_t sample_count;
};

static double now_s(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int fail(const char *what, const char *on)
{
    (void)fprintf(stderr, "observe: cannot %s %s: %s\n", what, on, strerror(errno));
    return 1;
}

/* The number behind "name:" in a file of /proc/PID, or 0. */
static uint64_t proc_number(pid_t pid, const char *file, const char *name)
{
    char path[64];
    char line[256];
    uint64_t number = 0;
    (void)snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, file);
    FILE *lines = fopen(path, "re");
    while (lines != NULL && fgets(line, sizeof line, lines) != NULL) {
        const size_t n = strlen(name);
        if (strncmp(line, name, n) == 0 && line[n] == ':') {
            number = strtoull(line + n + 1, NULL, 10);
        }
    }
    if (lines != NULL) {
        (void)fclose(lines);
    }
    return number;
}

static void sample_memory(struct observed *o, pid_t pid)
{
    const uint64_t anonymous_bytes = proc_number(pid, "status", "RssAnon") * 1024;
    if (anonymous_bytes > o->anonymous_bytes) {
        o->anonymous_bytes = anonymous_bytes;
    }
}

static void sample_target(struct observed *o)
{
    struct statvfs st;
    if (o->target == NULL || o->sample_count == SAMPLES_MAX || statvfs(o->target, &st) != 0) {
        return;
    }
    o->samples[o->sample_count++] =
        (struct sample){now_s() - o->begun, (uint64_t)(st.f_blocks - st.f_bfree) * st.f_frsize,
                        (uint64_t)(st.f_files - st.f_ffree)};
}

/* Until the program has ended; its remains are kept, for what they still tell. */
static void watch(struct observed *o, pid_t pid)
{
    const int pid_fd = (int)syscall(SYS_pidfd_open, pid, 0);
    struct pollfd ended = {.fd = pid_fd, .events = POLLIN};
    while (pid_fd >= 0 && o->interval_ms > 0) {
        sample_memory(o, pid);
        sample_target(o);
        if (poll(&ended, 1, o->interval_ms) > 0) {
            break;
        }
    }
    siginfo_t info;
    while (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) != 0 && errno == EINTR) {
    }
    o->seconds = now_s() - o->begun;
    if (o->interval_ms > 0) {
        sample_target(o);
    }
    if (pid_fd >= 0) {
        (void)close(pid_fd);
    }
}

static int run(struct observed *o, char **command)
{
    const int target_fd =
        o->target == NULL ? -1 : open(o->target, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (o->target != NULL && target_fd < 0) {
        return fail("open", o->target);
    }
    o->begun = now_s();
    const pid_t pid = fork();
    if (pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* nobody is left behind in the target */
        (void)execvp(command[0], command);
        _exit(fail("run", command[0]));
    }
    if (pid < 0) {
        return fail("start", command[0]);
    }
    watch(o, pid);
    o->read_bytes = proc_number(pid, "io", "read_bytes");
    const uint64_t cancelled_bytes = proc_number(pid, "io", "cancelled_write_bytes");
    o->write_bytes = proc_number(pid, "io", "write_bytes");
    o->write_bytes -= cancelled_bytes < o->write_bytes ? cancelled_bytes : o->write_bytes;
    int status = 0;
    while (wait4(pid, &status, 0, &o->usage) < 0 && errno == EINTR) {
    }
    if (target_fd >= 0) {
        if (syncfs(target_fd) != 0) {
            return fail("sync", o->target);
        }
        o->synced_seconds = now_s() - o->begun;
        (void)close(target_fd);
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static double seconds_of(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

static int observed_write(const struct observed *o, const char *path)
{
    FILE *out = fopen(path, "we");
    if (out == NULL) {
        return fail("write", path);
    }
    (void)fprintf(out,
                  "{\"seconds\":%.6f,\"synced_seconds\":%.6f,\"user_s\":%.6f,\"system_s\":%.6f,"
                  "\"peak_bytes\":%ld,\"anonymous_bytes\":%llu,\"read_bytes\":%llu,"
                  "\"write_bytes\":%llu,\"samples\":[",
                  o->seconds, o->synced_seconds, seconds_of(o->usage.ru_utime),
                  seconds_of(o->usage.ru_stime), o->usage.ru_maxrss * 1024,
                  (unsigned long long)o->anonymous_bytes, (unsigned long long)o->read_bytes,
                  (unsigned long long)o->write_bytes);
    for (size_t i = 0; i < o->sample_count; i++) {
        (void)fprintf(out, "%s[%.4f,%llu,%llu]", i == 0 ? "" : ",", o->samples[i].seconds,
                      (unsigned long long)o->samples[i].bytes,
                      (unsigned long long)o->samples[i].names);
    }
    (void)fprintf(out, "]}\n");
    return fclose(out) == 0 ? 0 : fail("write", path);
}

int main(int argc, char **argv)
{
    struct observed o = {0};
    int i = 2;
    for (; i + 1 < argc && strcmp(argv[i], "--") != 0; i += 2) {
        if (strcmp(argv[i], "--target") == 0) {
            o.target = argv[i + 1];
        } else if (strcmp(argv[i], "--interval") == 0) {
            o.interval_ms = (int)strtol(argv[i + 1], NULL, 10);
        } else {
            break;
        }
    }
    if (i + 1 >= argc || strcmp(argv[i], "--") != 0 || o.interval_ms < 0) {
        (void)fputs("usage: observe OUT [--target DIR] [--interval MS] -- PROGRAM [ARGUMENT...]\n",
                    stderr);
        return EXIT_USAGE;
    }
    o.samples = calloc(SAMPLES_MAX, sizeof *o.samples);
    if (o.samples == NULL) {
        return fail("remember", "samples");
    }
    const int code = run(&o, argv + i + 1);
    const int written = observed_write(&o, argv[1]);
    free(o.samples);
    return code != 0 ? code : written;
}
