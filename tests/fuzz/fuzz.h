/* fuzz.h - what a fuzz target gives, and what it may use.
 *
 * A target is one function: bytes in, a number made of everything that its reader found out of
 * it. fuzz_run.c calls it twice: as it is, and with one allocation that fails (the input's hash
 * says which, and whether those behind it fail too). Memory that runs out may end the process
 * with exit code 50, as base/heap.h promises, or be told as VSR_ERR_MEMORY; or nothing comes of
 * it. Whatever else comes out then than the first time is a finding: damage told where there is
 * none, or a text that lost a piece. So are a broken invariant (exit 70), a descriptor or memory
 * that is not given back, and what the sanitizers see. */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include "base/buffer.h"
#include "base/bug.h"
#include "base/err.h"
#include "base/hash_map.h"
#include "base/view.h"

/* The input's number; FUZZ_NO_MEMORY: the reader told that memory ran out. */
#define FUZZ_NO_MEMORY UINT64_C(0)
uint64_t fuzz_target(const uint8_t *data, size_t size);

/* One input as it is; *allocations: how many it made. Then with one that fails, and with those
 * behind it. What is a finding does not return. */
uint64_t fuzz_whole(const uint8_t *data, size_t size, uint64_t *allocations);
void fuzz_scant(const uint8_t *data, size_t size, uint64_t whole, uint64_t fails_at,
                bool and_after);

/* Once, before the first input: what stays for all of them. Targets without define none. */
__attribute__((weak)) void fuzz_prepare(void);

/* After a call that memory ran out in: forget what global state may still point at. */
__attribute__((weak)) void fuzz_forget(void);

/* True in targets whose reader's library cannot tell memory that ran out from a fault of the text
 * (libxml2 says that there is no name): such a text may be refused, never taken for another. */
extern const bool fuzz_may_refuse __attribute__((weak));

/* Does memory fail in this call? Then what is read again may be refused in such targets. */
bool fuzz_is_scant(void);

/* While true no memory fails: a target that prepares what its reader is to read. */
void fuzz_plenty(bool plenty);

/* Memory that never fails, of exactly so many bytes (at least one): a byte too far is seen. */
char *fuzz_memory(size_t bytes);
struct view fuzz_copy(const void *bytes, size_t count); /* in such; freed by free() */

/* A regular file in memory with these bytes, open to read and write; path opens it anew. */
enum { FUZZ_PATH_BYTES = 32 };
int fuzz_file(struct view bytes, char path[FUZZ_PATH_BYTES]);

/* The sum goes on over these bytes, or this number. */
static inline void fuzz_add(uint64_t *sum, const void *bytes, size_t count)
{
    const uint64_t parts[2] = {*sum, count > 0 ? hash_bytes(bytes, count) : 1};
    *sum = hash_bytes(parts, sizeof parts) | 1; /* odd: something came of it */
}

static inline void fuzz_add_number(uint64_t *sum, uint64_t number)
{
    fuzz_add(sum, &number, sizeof number);
}

static inline void fuzz_add_text(uint64_t *sum, struct view text)
{
    fuzz_add_number(sum, view_present(text));
    fuzz_add(sum, text.p, text.n);
}

/* What a refused input's number is: even. */
static inline uint64_t fuzz_refused(vsr_code rc, const vsr_error *error)
{
    VSR_REQUIRE(rc < 0 && error->code == rc && error->what[0] != '\0');
    return rc == VSR_ERR_MEMORY ? FUZZ_NO_MEMORY : 2 * (uint64_t)(-rc);
}

#endif
