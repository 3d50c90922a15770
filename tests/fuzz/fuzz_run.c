/* fuzz_run.c - one input through its target twice: as it is, and with memory that runs out. See
 * fuzz.h for what counts as a finding. Called by libFuzzer; replay.c fails each allocation. */
#include "fuzz.h"
#include "scarce.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerInitialize(int *argument_count, char ***arguments);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

void fuzz_plenty(bool plenty)
{
    scarce_pause(plenty);
}

char *fuzz_memory(size_t bytes)
{
    char *memory = scarce_spare(bytes > 0 ? bytes : 1);
    VSR_REQUIRE(memory != NULL);
    return memory;
}

struct view fuzz_copy(const void *bytes, size_t count)
{
    char *memory = fuzz_memory(count);
    if (count > 0) {
        memcpy(memory, bytes, count);
    }
    return (struct view){memory, count};
}

int fuzz_file(struct view bytes, char path[FUZZ_PATH_BYTES])
{
    const int fd = memfd_create("fuzz", MFD_CLOEXEC);
    VSR_REQUIRE(fd >= 0 && (bytes.n == 0 || write(fd, bytes.p, bytes.n) == (ssize_t)bytes.n));
    (void)snprintf(path, FUZZ_PATH_BYTES, "/proc/self/fd/%d", fd);
    return fd;
}

/* The number of the next descriptor: the same before and after, or one was kept. */
static int next_fd(void)
{
    const int fd = dup(STDIN_FILENO);
    VSR_REQUIRE(fd >= 0 && close(fd) == 0);
    return fd;
}

static bool is_scant;

bool fuzz_is_scant(void)
{
    return is_scant;
}

static bool may_refuse(void)
{
    return &fuzz_may_refuse != NULL && fuzz_may_refuse;
}

/* *went: false: memory ran out, and the process would have ended. */
static uint64_t call(struct scarce *scarce, const uint8_t *data, size_t size, bool *went)
{
    const int fd = next_fd();
    volatile uint64_t sum = FUZZ_NO_MEMORY;
    volatile bool ended = false;
    if (setjmp(scarce->way_out) == 0) {
        scarce_begin(scarce);
        sum = fuzz_target(data, size);
        ended = true;
    }
    /* libxml2 itself keeps some memory when other memory runs out */
    const bool sweep = !ended || (is_scant && may_refuse());
    if (sweep && fuzz_forget != NULL) {
        fuzz_forget();
    }
    scarce_end();
    *went = ended;
    if (sweep) {
        scarce_sweep();
    }
    if (!ended) {
        (void)close_range((unsigned)fd, ~0u, 0);
    }
    VSR_REQUIRE(next_fd() == fd); /* what was opened is closed */
    return sum;
}

int LLVMFuzzerInitialize(int *argument_count, char ***arguments)
{
    (void)argument_count;
    (void)arguments;
    scarce_prepare();
    if (fuzz_prepare != NULL) {
        fuzz_prepare();
    }
    return 0;
}

uint64_t fuzz_whole(const uint8_t *data, size_t size, uint64_t *allocations)
{
    struct scarce scarce = {.fails_at = UINT64_MAX};
    bool went = false;
    const uint64_t whole = call(&scarce, data, size, &went);
    VSR_REQUIRE(went && whole != FUZZ_NO_MEMORY);
    *allocations = scarce.count;
    return whole;
}

void fuzz_scant(const uint8_t *data, size_t size, uint64_t whole, uint64_t fails_at, bool and_after)
{
    struct scarce scarce = {.fails_at = fails_at, .and_after = and_after};
    bool went = false;
    is_scant = true;
    const uint64_t scant = call(&scarce, data, size, &went);
    is_scant = false;
    const bool refused = may_refuse() && scant % 2 == 0;
    if (went && scant != FUZZ_NO_MEMORY && scant != whole && !refused) {
        (void)fprintf(stderr, "%llu instead of %llu when allocation %llu fails%s\n",
                      (unsigned long long)scant, (unsigned long long)whole,
                      (unsigned long long)fails_at, and_after ? ", and those after it" : "");
        VSR_BUG("memory that ran out was taken for something else");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint64_t draw = size > 0 ? hash_bytes(data, size) : 0;
    uint64_t allocations = 0;
    const uint64_t whole = fuzz_whole(data, size, &allocations);
    if (allocations > 0) {
        fuzz_scant(data, size, whole, draw % allocations, draw >> 63 != 0);
    }
    return 0;
}
