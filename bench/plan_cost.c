/* plan_cost.c - what planning costs beside merely reading the index and writing the plan.
 *
 *     plan_cost --documents DIR --work DIR [--files N ...] [--rounds N] [--env NAME=value ...]
 *
 * The documents' file sets are given N files (index_corpus.c), none with content. Then, in turns,
 * each in a process of its own:
 *
 *     plan    the set opened and checked, documents read, planned for an empty destination, the
 *             plan saved
 *     floor   the set opened and checked, the same plan written: no way round that
 *
 * Printed for each N: medians, their ratio, memory a file. One JSON object a line on standard
 * output. What it does not measure: destinations that hold something (a lookup a file), packs. */
#include "index_corpus.h"

#include "base/clock.h"
#include "base/heap.h"
#include "base/json.h"
#include "plan/plan.h"
#include "vssrestore/vssrestore.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ROUNDS_MAX = 99, COUNTS_MAX = 16, VALUES_MAX = 256 };

struct options {
    const char *documents[VALUES_MAX];
    uint32_t document_count;
    const char *environment[VALUES_MAX];
    uint32_t environment_count;
    const char *work;
    uint64_t files[COUNTS_MAX];
    uint32_t count;
    uint64_t rounds;
};

struct measured {
    uint64_t ns;
    uint64_t peak_bytes;   /* resident, at its highest                             */
    uint64_t mapped_bytes; /* of these: pages of mapped files (the index), at the end */
    uint64_t files, planned;
};

static const char *set_path(const struct options *options, uint64_t files)
{
    static char path[4096];
    (void)snprintf(path, sizeof path, "%s/set-%llu", options->work, (unsigned long long)files);
    return path;
}

static const char *plan_path(const struct options *options, uint64_t files)
{
    static char path[4096];
    (void)snprintf(path, sizeof path, "%s/plan-%llu", options->work, (unsigned long long)files);
    return path;
}

static int failed(const vsr_error *error)
{
    (void)fprintf(stderr, "plan_cost: %s\n", error->what);
    return 1;
}

/* "VmHWM:", "RssFile:" or "RssShmem:" of this process. */
static uint64_t memory_bytes(const char *name)
{
    char line[256];
    unsigned long long kib = 0;
    FILE *status = fopen("/proc/self/status", "re");
    while (status != NULL && fgets(line, sizeof line, status) != NULL) {
        if (strncmp(line, name, strlen(name)) == 0) {
            kib = strtoull(line + strlen(name), NULL, 10);
        }
    }
    if (status != NULL) {
        (void)fclose(status);
    }
    return kib * 1024;
}

/* --- what each process does --- */

static int make_set(const struct options *options, uint64_t files, struct measured *out)
{
    const struct index_corpus_options corpus = {
        .documents = options->documents,
        .document_count = options->document_count,
        .environment = options->environment,
        .environment_count = options->environment_count,
        .files = files,
        .output = set_path(options, files),
    };
    vsr_error error = {0};
    const vsr_code code = index_corpus_make(&corpus, &out->files, &error);
    return code == VSR_OK ? 0 : failed(&error);
}

static int measure_plan(const struct options *options, uint64_t files, struct measured *out)
{
    char volume[4200];
    (void)snprintf(volume, sizeof volume, "%s/target", options->work);
    const vsr_choices choices = {.size = sizeof choices, .root = volume};
    vsr_set *set = NULL;
    vsr_plan *plan = NULL;
    vsr_error error = {0};
    const uint64_t begun = clock_monotonic_ns();
    vsr_code code = vsr_set_open(&set, set_path(options, files), &error);
    if (code == VSR_OK) {
        code = vsr_plan_create(&plan, set, &choices, &error);
    }
    if (code == VSR_OK) {
        code = vsr_plan_save(plan, plan_path(options, files), &error);
    }
    out->ns = clock_monotonic_ns() - begun;
    if (code != VSR_OK) {
        return failed(&error);
    }
    vsr_plan_totals totals;
    vsr_plan_count(plan, &totals);
    out->peak_bytes = memory_bytes("VmHWM:");
    out->mapped_bytes = memory_bytes("RssFile:") + memory_bytes("RssShmem:"); /* work on tmpfs */
    out->planned = totals.files;
    vsr_plan_free(plan);
    vsr_set_close(set);
    return totals.refused_units == 0 ? 0 : 1;
}

static int measure_floor(const struct options *options, uint64_t files, struct measured *out)
{
    struct media_set set;
    struct plan *plan = NULL;
    vsr_error error = {0};
    if (plan_load(&plan, plan_path(options, files), &error) != VSR_OK) {
        return failed(&error);
    }
    const int work_fd = open(options->work, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const uint64_t begun = clock_monotonic_ns();
    vsr_code code = set_open(&set, set_path(options, files), &error);
    if (code == VSR_OK) {
        code = plan_save(plan, work_fd, "plan-floor", &error);
    }
    out->ns = clock_monotonic_ns() - begun;
    out->peak_bytes = memory_bytes("VmHWM:");
    (void)close(work_fd);
    return code == VSR_OK ? 0 : failed(&error);
}

/* Run one of the above in a process of its own: its peak is its own, and nothing is warm. */
static bool apart(int (*measure)(const struct options *, uint64_t, struct measured *),
                  const struct options *options, uint64_t files, struct measured *out)
{
    int ends[2];
    if (pipe(ends) != 0) {
        return false;
    }
    const pid_t child = fork();
    if (child == 0) {
        const int rc = measure(options, files, out);
        const bool told = write(ends[1], out, sizeof *out) == (ssize_t)sizeof *out;
        _exit(told ? rc : 1);
    }
    (void)close(ends[1]);
    const bool heard = child > 0 && read(ends[0], out, sizeof *out) == (ssize_t)sizeof *out;
    (void)close(ends[0]);
    int status = -1;
    return child > 0 && waitpid(child, &status, 0) == child && status == 0 && heard;
}

/* --- the rounds --- */

static int by_time(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a;
    const uint64_t y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static double median_s(uint64_t *times, uint64_t count)
{
    qsort(times, count, sizeof *times, by_time);
    return (double)times[count / 2] / 1e9;
}

static void tell(const struct measured *set, const struct measured *plan, double plan_s,
                 double floor_s)
{
    const uint64_t own_bytes = plan->peak_bytes - plan->mapped_bytes;
    (void)printf("{\"files\":%llu,\"planned\":%llu,\"plan_s\":%.3f,\"floor_s\":%.3f,"
                 "\"times_floor\":%.2f,\"peak_bytes\":%llu,\"mapped_bytes\":%llu,"
                 "\"bytes_a_file\":%.0f}\n",
                 (unsigned long long)set->files, (unsigned long long)plan->planned, plan_s, floor_s,
                 plan_s / floor_s, (unsigned long long)plan->peak_bytes,
                 (unsigned long long)plan->mapped_bytes, (double)own_bytes / (double)set->files);
    (void)fflush(stdout);
}

static bool rounds_run(const struct options *options, uint64_t files)
{
    uint64_t plan_ns[ROUNDS_MAX];
    uint64_t floor_ns[ROUNDS_MAX];
    struct measured set = {0};
    struct measured plan = {0};
    struct measured floor = {0};
    if (!apart(make_set, options, files, &set) || !apart(measure_plan, options, files, &plan)) {
        return false;
    }
    for (uint64_t i = 0; i < options->rounds; i++) {
        if (!apart(measure_plan, options, files, &plan) ||
            !apart(measure_floor, options, files, &floor)) {
            return false;
        }
        plan_ns[i] = plan.ns;
        floor_ns[i] = floor.ns;
    }
    tell(&set, &plan, median_s(plan_ns, options->rounds), median_s(floor_ns, options->rounds));
    return true;
}

/* --- the call --- */

static bool option_take(struct options *options, const char *name, const char *value)
{
    const struct view option = view_of(name);
    if (view_equal(option, VIEW("--documents")) && options->document_count < VALUES_MAX) {
        options->documents[options->document_count++] = value;
    } else if (view_equal(option, VIEW("--env")) && options->environment_count < VALUES_MAX) {
        options->environment[options->environment_count++] = value;
    } else if (view_equal(option, VIEW("--work"))) {
        options->work = value;
    } else if (view_equal(option, VIEW("--files")) && options->count < COUNTS_MAX) {
        return view_to_u64(view_of(value), &options->files[options->count++]);
    } else if (view_equal(option, VIEW("--rounds"))) {
        return view_to_u64(view_of(value), &options->rounds) && options->rounds > 0 &&
               options->rounds <= ROUNDS_MAX;
    } else {
        return false;
    }
    return true;
}

int main(int argc, char **argv)
{
    static struct options options = {.rounds = 5};
    for (int i = 1; i < argc; i += 2) {
        if (i + 1 == argc || !option_take(&options, argv[i], argv[i + 1])) {
            (void)fprintf(stderr, "plan_cost: '%s' is no option, or its value is wrong\n", argv[i]);
            return 2;
        }
    }
    if (options.document_count == 0 || options.work == NULL) {
        (void)fputs("usage: plan_cost --documents DIR|FILE ... --work DIR [--files N ...]\n"
                    "           [--rounds N] [--env NAME=value ...]\n",
                    stderr);
        return 2;
    }
    if (options.count == 0) {
        options.files[options.count++] = 1000000;
    }
    if (mkdir(options.work, 0755) != 0 && errno != EEXIST) {
        (void)fprintf(stderr, "plan_cost: cannot make %s: %s\n", options.work, strerror(errno));
        return 1;
    }
    for (uint32_t i = 0; i < options.count; i++) {
        if (!rounds_run(&options, options.files[i])) {
            return 1;
        }
    }
    return 0;
}
