/* replay.c - a fuzz target without a fuzzer: every file of the folders that are named, and each
 * again with its first allocation failing, its second, and so on, up to a bound.
 *
 * So the kept inputs, each of which once led somewhere new or was a finding, are run by the normal
 * tests, with every compiler and sanitizer. */
#include "campaign.h"
#include "fuzz.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerInitialize(int *argument_count, char ***arguments);

/* Spread over all of them when there are more. */
static void replay_scant(const uint8_t *data, size_t bytes, uint64_t whole, uint64_t allocations)
{
    const uint64_t step = allocations / campaign_amount(200, 80, 30) + 1;
    for (uint64_t at = 0; at < allocations; at += step) {
        fuzz_scant(data, bytes, whole, at, false);
        fuzz_scant(data, bytes, whole, at, true);
    }
}

static void replay_file(int fd, const char *name)
{
    struct stat facts;
    VSR_REQUIRE(fd >= 0 && fstat(fd, &facts) == 0);
    const size_t bytes = (size_t)facts.st_size;
    uint8_t *data = malloc(bytes > 0 ? bytes : 1);
    VSR_REQUIRE(data != NULL && read(fd, data, bytes) == (ssize_t)bytes);
    (void)close(fd);
    (void)fprintf(stderr, "%s\n", name);
    uint64_t allocations = 0;
    const uint64_t first = fuzz_whole(data, bytes, &allocations);
    const uint64_t whole =
        fuzz_whole(data, bytes, &allocations); /* nothing is made only once now */
    VSR_REQUIRE(first == whole);
    replay_scant(data, bytes, whole, allocations);
    free(data);
}

static uint64_t replay_folder(const char *path)
{
    DIR *folder = opendir(path);
    uint64_t count = 0;
    if (folder == NULL) {
        (void)fprintf(stderr, "cannot open %s\n", path);
        exit(1);
    }
    for (const struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        if (entry->d_name[0] != '.') {
            replay_file(openat(dirfd(folder), entry->d_name, O_RDONLY | O_CLOEXEC), entry->d_name);
            count++;
        }
    }
    (void)closedir(folder);
    return count;
}

int main(int argument_count, char **arguments)
{
    uint64_t count = 0;
    (void)LLVMFuzzerInitialize(&argument_count, &arguments);
    for (int i = 1; i < argument_count; i++) {
        count += replay_folder(arguments[i]);
    }
    (void)fprintf(stderr, "%llu inputs\n", (unsigned long long)count);
    return count > 0 ? 0 : 1; /* a folder that is empty shows nothing */
}
