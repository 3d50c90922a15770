/* ceilings.c - the machine's own limits, each by itself: what no restore can pass.
 *
 *     ceilings copy THREADS BYTES               memcpy() between buffers that no cache holds
 *     ceilings hash THREADS BYTES               XXH3 of a buffer in the cache
 *     ceilings read|decode|verify|check THREADS PACK...    the media (ceilings.h)
 *     ceilings write THREADS DIR FILES BYTES buffered|uncached|direct-DEPTH    the target
 *
 * Prints one line of JSON: seconds, bytes, and, where something was written, synced_seconds.
 * Exit 3: the target does not take that way of writing. Needs nothing of the library. */
#include "ceilings.h"
#include "crew.h"
#include "widest_hash.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COPY_BYTES = 64 << 20, HASH_BYTES = 256 << 10, EXIT_USAGE = 2, EXIT_NO_MODE = 3 };

struct memory_work {
    uint64_t bytes; /* for each thread */
    bool hash;
    atomic_uint_fast64_t sum;
};

static __thread char *own_from, *own_to;

static char *buffer_take(size_t bytes, int value)
{
    char *buffer = aligned_alloc(4096, bytes);
    if (buffer == NULL) {
        crew_fail("take", "a buffer");
    }
    memset(buffer, value, bytes);
    return buffer;
}

static void memory_begin(struct crew_member *member)
{
    const struct memory_work *work = member->work;
    const size_t bytes = work->hash ? HASH_BYTES : COPY_BYTES;
    own_from = buffer_take(bytes, 1);
    own_to = buffer_take(bytes, 2);
}

static void memory_run(struct crew_member *member)
{
    struct memory_work *work = member->work;
    const size_t step = work->hash ? HASH_BYTES : COPY_BYTES;
    uint64_t sum = 0;
    for (uint64_t done = 0; done < work->bytes; done += step) {
        const size_t bytes = work->bytes - done < step ? (size_t)(work->bytes - done) : step;
        if (work->hash) {
            sum += XXH3_64bits_withSeed(own_from, bytes, done);
        } else {
            memcpy(own_to, own_from, bytes);
            sum += (unsigned char)own_to[done % bytes]; /* or the copy need not be made */
        }
    }
    atomic_fetch_add(&work->sum, sum);
}

static void memory_end(struct crew_member *member)
{
    (void)member;
    free(own_from);
    free(own_to);
}

static struct ceiling ceiling_memory(bool hash, unsigned threads, uint64_t bytes)
{
    struct memory_work work = {.bytes = bytes / threads, .hash = hash};
    const double seconds = crew_run(threads, &work, memory_begin, memory_run, memory_end);
    return (struct ceiling){.seconds = seconds, .bytes = work.bytes * threads};
}

static int usage(void)
{
    (void)fputs("usage: ceilings copy|hash THREADS BYTES\n"
                "       ceilings read|decode|verify|check THREADS PACK...\n"
                "       ceilings write THREADS DIR FILES BYTES buffered|uncached|direct-DEPTH\n",
                stderr);
    return EXIT_USAGE;
}

/* A whole decimal number of 1..max, or 0. */
static uint64_t number_of(const char *text, uint64_t max)
{
    char *end = NULL;
    const unsigned long long number = strtoull(text, &end, 10);
    return text[0] >= '0' && text[0] <= '9' && *end == '\0' && number <= max ? number : 0;
}

static bool mode_of(const char *text, struct write_plan *plan)
{
    if (strcmp(text, "buffered") == 0 || strcmp(text, "uncached") == 0) {
        plan->mode = text[0] == 'b' ? WRITE_BUFFERED : WRITE_UNCACHED;
        return true;
    }
    plan->mode = WRITE_DIRECT;
    plan->queue_depth = strncmp(text, "direct-", 7) == 0 ? (unsigned)number_of(text + 7, 1024) : 0;
    return plan->queue_depth > 0;
}

static int write_measure(unsigned threads, char **words, struct ceiling *out)
{
    struct write_plan plan = {.directory = words[0],
                              .files = (unsigned)number_of(words[1], 100000),
                              .file_bytes = number_of(words[2], UINT64_C(1) << 50)};
    if (plan.files == 0 || plan.file_bytes == 0 || !mode_of(words[3], &plan)) {
        return usage();
    }
    if (!ceiling_write(&plan, threads, out)) {
        (void)fprintf(stderr, "ceilings: %s does not take %s: %s\n", words[0], words[3],
                      strerror(errno));
        return EXIT_NO_MODE;
    }
    return 0;
}

int main(int argc, char **argv)
{
    static const char *const kinds[] = {"read", "decode", "verify", "check"};
    const unsigned threads = argc > 3 ? (unsigned)number_of(argv[2], CREW_MAX) : 0;
    struct ceiling ceiling = {0};
    if (threads == 0) {
        return usage();
    }
    if (strcmp(argv[1], "copy") == 0 || strcmp(argv[1], "hash") == 0) {
        const uint64_t bytes = number_of(argv[3], UINT64_C(1) << 50);
        if (argc != 4 || bytes < threads) {
            return usage();
        }
        ceiling = ceiling_memory(argv[1][0] == 'h', threads, bytes);
    } else if (strcmp(argv[1], "write") == 0) {
        const int code = argc == 7 ? write_measure(threads, argv + 3, &ceiling) : usage();
        if (code != 0) {
            return code;
        }
    } else {
        unsigned kind = 0;
        while (kind < 4 && strcmp(argv[1], kinds[kind]) != 0) {
            kind++;
        }
        if (kind == 4) {
            return usage();
        }
        ceiling = ceiling_frames((enum frames_work)kind, threads, argv + 3, argc - 3);
    }
    (void)printf("{\"seconds\":%.6f,\"bytes\":%llu", ceiling.seconds,
                 (unsigned long long)ceiling.bytes);
    if (ceiling.synced_seconds > 0) {
        (void)printf(",\"synced_seconds\":%.6f", ceiling.synced_seconds);
    }
    (void)printf("}\n");
    return 0;
}
