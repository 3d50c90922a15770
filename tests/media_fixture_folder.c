/* media_fixture_folder.c - what a fixture stands in and is made of: a folder, bytes, a shell. */
#include "media_fixture.h"

#include "base/bug.h"
#include "base/heap.h"

#include <ftw.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

void fixture_folder(char out[64])
{
    const char *above = getenv("TMPDIR");
    const int length =
        snprintf(out, 64, "%s/vssrestore-test-XXXXXX", above != NULL ? above : "/tmp");
    VSR_REQUIRE(length > 0 && length < 64);
    VSR_REQUIRE(mkdtemp(out) != NULL);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

void fixture_remove(const char *path)
{
    (void)nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    if (access(path, F_OK) == 0) { /* paths below it are longer than nftw can say */
        (void)fixture_shell("rm -rf -- '%s'", path);
    }
}

uint64_t fixture_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

char *fixture_bytes(uint64_t seed, size_t count)
{
    char *bytes = heap_alloc(count, 1);
    for (size_t i = 0; i < count;) {
        const uint64_t draw = fixture_random(&seed);
        const size_t run = draw % 32 < count - i ? draw % 32 + 1 : count - i;
        const size_t back = draw >> 8 & 0xFFFF;
        for (size_t k = 0; k < run; k++, i++) {
            const bool copied = (draw & 1u << 7) != 0 && back > 0 && back <= i;
            bytes[i] = copied ? bytes[i - back] : (char)(fixture_random(&seed) & 0x7F);
        }
    }
    return bytes;
}

int fixture_shell(const char *format, ...)
{
    char command[2048];
    char *const arguments[] = {(char[]){"sh"}, (char[]){"-c"}, command, NULL};
    va_list args;
    va_start(args, format);
    const int length = vsnprintf(command, sizeof command, format, args);
    va_end(args);
    VSR_REQUIRE(length > 0 && (size_t)length < sizeof command);
    pid_t child = 0;
    int status = 0;
    VSR_REQUIRE(posix_spawnp(&child, "sh", NULL, NULL, arguments, environ) == 0);
    VSR_REQUIRE(waitpid(child, &status, 0) == child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}
