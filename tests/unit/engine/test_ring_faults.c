/* test_ring_faults.c - each operation of each ring fails, at each place, with each errno.
 *
 * Goal (D-05): what is only interrupted goes on; what fails, fails the files that it concerns, with
 * that errno and no other status, and their units alone; nothing hangs, no descriptor and no memory
 * stays. Method: the events of a real ring are changed behind it (ring_watch), one at a time, by
 * number; two units share the frames. What the page cache holds is played, all of it, so that each
 * restore comes to the same operations. */
#include "vsr_test.h"

#include "base/limits.h"
#include "media_fixture.h"
#include "plan_fixture.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "engine/ring.h"

enum { CACHESTAT = 451, BIG_BYTES = (1 << 20) + 777, FILES = 5 };

/* The media are cached, whatever the kernel does with its memory meanwhile: nothing is read past
 * the cache ... */
long __real_syscall(long number, long a, long b, long c, long d, long e, long f);
long __wrap_syscall(long number, ...);
long __wrap_syscall(long number, ...)
{
    long arguments[6];
    va_list list;
    va_start(list, number);
    for (int i = 0; i < 6; i++) {
        arguments[i] = va_arg(list, long);
    }
    va_end(list);
    if (number != CACHESTAT) {
        return __real_syscall(number, arguments[0], arguments[1], arguments[2], arguments[3],
                              arguments[4], arguments[5]);
    }
    uint64_t *facts = (uint64_t *)arguments[2]; // NOLINT
    facts[0] = UINT64_MAX;                      /* pages of the range that are cached */
    return 0;
}

/* ... and what is read at once is all there. */
ssize_t __wrap_preadv64v2(int fd, const struct iovec *parts, int count, off_t offset, int flags);
ssize_t __wrap_preadv64v2(int fd, const struct iovec *parts, int count, off_t offset, int flags)
{
    (void)flags; /* to wait for nothing */
    return preadv(fd, parts, count, offset);
}

/* One fault: the number-th operation of a kind comes to this. */
static struct {
    enum ring_kind kind;
    unsigned number;
    int os_errno;    /* 0: it ends short instead */
    bool queued;     /* nothing is read at once  */
    bool always;     /* from that number on      */
    atomic_bool met; /* it came to that operation */
    atomic_bool hit; /* which had not failed by itself: it has the fault */
    _Atomic unsigned seen[RING_WRITE + 1];
} fault;

/* Half of a campaign: what one ring reads, or writes. */
struct half {
    enum ring_choice ring;
    bool writes;
};

struct world {
    const struct half *half;
    char folder[64];
    char dir[128];
    struct media_set set;
    struct plan *plan;
    struct restore r;
    char *big[2];
    bool can_direct; /* the destination can be written past the page cache */
};

static int32_t change(enum ring_kind kind, const struct ring_operation *operation, int32_t result)
{
    const unsigned number = atomic_fetch_add(&fault.seen[kind], 1);
    if (kind == RING_READ_NOW && fault.queued) {
        return -EAGAIN;
    }
    if (kind != fault.kind || (fault.always ? number < fault.number : number != fault.number)) {
        return result;
    }
    (void)operation;
    atomic_store(&fault.met, true);
    if (result < 0) {
        return result;
    }
    atomic_store(&fault.hit, true);
    if (fault.os_errno != 0) {
        return -fault.os_errno;
    }
    return result > 8192 ? result / 2 / 4096 * 4096 : result; /* direct writes stay aligned */
}

static const struct ring_watch watch = {.result = change};
static const struct ring_watch watch_backwards = {.result = change, .backwards = true};

static uint32_t unit_by_last_letter(const char *path)
{
    const size_t n = strlen(path);
    return n > 0 && path[n - 1] == 'b';
}

static const char *const names[FILES] = {"big a", "big b", "small a", "small b", "empty a"};

static int world_open(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    w->half = *state;
    for (uint64_t i = 0; i < 2; i++) {
        w->big[i] = fixture_bytes(i + 1, BIG_BYTES);
    }
    const struct fixture_file files[FILES] = {
        {.path = names[0], .content = {w->big[0], BIG_BYTES}},
        {.path = names[1], .content = {w->big[1], BIG_BYTES}},
        {.path = names[2], .content = VIEW("small, of unit a")},
        {.path = names[3], .content = VIEW("small, of unit b")},
        {.path = names[4]},
    };
    restore_folder_open(w->folder, w->dir, &w->set, files, FILES);
    *state = w;
    return 0;
}

static int world_close(void **state)
{
    struct world *w = *state;
    ring_watch = NULL;
    fault.always = false;
    set_close(&w->set);
    fixture_remove(w->folder);
    free(w->big[0]);
    free(w->big[1]);
    free(w);
    return 0;
}

static unsigned count_descriptors(void)
{
    DIR *list = opendir("/proc/self/fd");
    unsigned count = 0;
    assert_non_null(list);
    while (readdir(list) != NULL) {
        count++;
    }
    (void)closedir(list);
    return count;
}

/* --- one restore --- */

static void note_abilities(void *context, struct stage *stage)
{
    struct world *w = context;
    w->can_direct = stage->mounts[0].abilities.direct_write;
}

static void restore_begin(struct world *w, enum ring_choice ring)
{
    w->plan = plan_fixture_create(&w->set, w->dir, 2, unit_by_last_letter);
    w->r = (struct restore){.set = &w->set,
                            .plan = w->plan,
                            .ring = ring,
                            .workers = 1,
                            .durability = DURABILITY_NONE,
                            .before_engine = note_abilities,
                            .context = w,
                            .direct = true};
    atomic_store(&fault.met, false);
    atomic_store(&fault.hit, false);
    for (size_t i = 0; i < COUNT_OF(fault.seen); i++) {
        atomic_store(&fault.seen[i], 0);
    }
}

static void restore_end(struct world *w)
{
    for (size_t i = 0; i < FILES; i++) {
        char path[256];
        (void)snprintf(path, sizeof path, "%s/%s", w->dir, names[i]);
        (void)unlink(path);
    }
    assert_int_equal(rmdir(w->dir), 0); /* nothing else is left there */
    assert_int_equal(mkdir(w->dir, 0755), 0);
    restore_free(&w->r);
    plan_fixture_free(w->plan);
}

static void check_big(const struct world *w, size_t number)
{
    char path[256];
    char *bytes = malloc(BIG_BYTES + 1);
    (void)snprintf(path, sizeof path, "%s/%s", w->dir, names[number]);
    const int fd = open(path, O_RDONLY);
    assert_int_not_equal(fd, -1);
    assert_int_equal(pread(fd, bytes, BIG_BYTES + 1, 0), BIG_BYTES);
    assert_memory_equal(bytes, w->big[number], BIG_BYTES);
    (void)close(fd);
    free(bytes);
}

static bool stands(const struct world *w, size_t number)
{
    char path[256];
    struct stat facts;
    (void)snprintf(path, sizeof path, "%s/%s", w->dir, names[number]);
    return lstat(path, &facts) == 0;
}

/* Each unit is there whole or not at all; each row says why; returns how many files had the fault
 * themselves. */
static unsigned check_outcomes(const struct world *w, enum outcome failed, const char *what)
{
    unsigned hit = 0;
    for (size_t i = 0; i < FILES; i++) {
        const struct outcome_row *row = &w->r.rows[restore_file(&w->r, names[i])];
        const uint32_t unit = unit_by_last_letter(names[i]);
        const bool published = w->r.states[unit] == UNIT_PUBLISHED;
        if (published != stands(w, i) || published != (row->outcome == OUTCOME_RESTORED)) {
            fail_msg("%s: %s has outcome %u, its unit %u", what, names[i], row->outcome,
                     w->r.states[unit]);
        }
        if (!published && row->outcome != OUTCOME_WITHDRAWN) {
            if (row->outcome != failed || row->os_errno != fault.os_errno) {
                fail_msg("%s: %s has outcome %u and errno %d", what, names[i], row->outcome,
                         row->os_errno);
            }
            hit++;
        }
        if (published && i < 2) {
            check_big(w, i);
        }
    }
    return hit;
}

static bool is_passing(int os_errno)
{
    return os_errno == EINTR || os_errno == EAGAIN;
}

static enum outcome outcome_expected(enum ring_kind kind, int os_errno)
{
    return kind != RING_WRITE                         ? OUTCOME_MEDIA_MISSING
           : os_errno == ENOSPC || os_errno == EDQUOT ? OUTCOME_DEST_FULL
                                                      : OUTCOME_DEST_ERROR;
}

static void run_one(struct world *w, enum ring_choice ring, const char *what)
{
    restore_begin(w, ring);
    assert_int_equal(restore_run(&w->r), VSR_OK);
    const bool hit = atomic_load(&fault.hit);
    if (!atomic_load(&fault.met)) { /* one worker comes to as many operations each time */
        fail_msg("%s: it did not come to that operation", what);
    }
    const unsigned failed = check_outcomes(w, outcome_expected(fault.kind, fault.os_errno), what);
    /* a direct write that is refused goes plain: EINVAL is no fault of one */
    const bool harmless = fault.os_errno == 0 || (is_passing(fault.os_errno) && !fault.always) ||
                          (fault.kind == RING_WRITE && fault.os_errno == EINVAL) || !hit;
    if (harmless != (failed == 0)) {
        fail_msg("%s: %u files failed", what, failed);
    }
    restore_end(w);
}

/* --- campaigns --- */

static const int errnos[] = {0,     EIO,    ENOSPC, EDQUOT, EINTR,  EAGAIN, ECANCELED,
                             EBADF, ENOMEM, EROFS,  EINVAL, EFAULT, ESTALE};

/* A restore that nothing disturbs: what is made once is made now. */
static void need_half(struct world *w)
{
    const char *ring = getenv("VSSRESTORE_RING");
    char reason[128];
    if (w->half->ring == RING_URING && ring != NULL && strcmp(ring, "sync") == 0) {
        skip_because("VSSRESTORE_RING=sync: the kernel's ring is left out");
    }
    if (w->half->ring == RING_URING && !ring_probe(reason, sizeof reason)) {
        skip_because("no io_uring: %s", reason);
    }
    fault.number = UINT32_MAX;
    restore_begin(w, RING_SYNC);
    assert_int_equal(restore_run(&w->r), VSR_OK);
    restore_end(w);
    if (w->half->writes && !w->can_direct) {
        skip_because("%s cannot be written past the page cache", w->folder);
    }
}

/* How many operations of each kind an undisturbed restore has. */
static void count_operations(struct world *w, enum ring_choice ring,
                             unsigned counts[RING_WRITE + 1])
{
    fault.number = UINT32_MAX;
    restore_begin(w, ring);
    assert_int_equal(restore_run(&w->r), VSR_OK);
    for (size_t i = 0; i <= RING_WRITE; i++) {
        counts[i] = atomic_load(&fault.seen[i]);
    }
    restore_end(w);
}

static void each_fault(struct world *w, enum ring_kind kind)
{
    const enum ring_choice ring = w->half->ring;
    unsigned counts[RING_WRITE + 1];
    fault.kind = kind;
    fault.queued = kind == RING_READ;
    count_operations(w, ring, counts);
    assert_int_not_equal(counts[kind], 0);
    for (unsigned number = 0; number < counts[kind]; number++) {
        for (size_t e = 0; e < COUNT_OF(errnos); e += campaign_step(1, 3)) {
            char what[96];
            fault.number = number;
            fault.os_errno = errnos[e];
            if (kind == RING_READ_NOW && errnos[e] == EAGAIN) {
                continue; /* "queue it": no fault */
            }
            (void)snprintf(what, sizeof what, "ring %u, operation %u of kind %u, errno %d", ring,
                           number, kind, errnos[e]);
            run_one(w, ring, what);
        }
    }
}

static void each_kind(struct world *w, const struct ring_watch *how)
{
    ring_watch = how;
    need_half(w);
    const unsigned before = count_descriptors();
    if (w->half->writes) {
        each_fault(w, RING_WRITE);
    } else {
        each_fault(w, RING_READ_NOW);
        each_fault(w, RING_READ);
    }
    assert_int_equal(count_descriptors(), before);
}

static void each_operation_fails_in_each_place(void **state)
{
    each_kind(*state, &watch);
}

static void and_so_when_they_end_in_another_order(void **state)
{
    each_kind(*state, &watch_backwards);
}

/* Retries end: restores in which everything is interrupted, always. */
static void what_is_always_interrupted_fails(void **state)
{
    struct world *w = *state;
    ring_watch = &watch;
    need_half(w);
    fault.kind = w->half->writes ? RING_WRITE : RING_READ;
    fault.queued = !w->half->writes;
    fault.always = true;
    fault.number = 0;
    for (size_t e = 0; e < COUNT_OF(errnos); e++) {
        fault.os_errno = errnos[e];
        run_one(w, w->half->ring, "always");
    }
}

static void keeps_nothing(struct world *w, enum ring_kind kind)
{
    unsigned counts[RING_WRITE + 1];
    size_t before = 0;
    fault.kind = kind;
    fault.queued = kind == RING_READ;
    fault.os_errno = EIO;
    count_operations(w, w->half->ring, counts);
    assert_int_not_equal(counts[kind], 0);
    for (unsigned i = 0; i < 24; i++) {
        fault.number = i % counts[kind];
        run_one(w, w->half->ring, "again and again");
        before = i == 5 ? mallinfo2().uordblks : before;
    }
    assert_true(mallinfo2().uordblks < before + (24u << 10));
}

/* Memory that each restore keeps would add up. The sanitizers see single bytes, this growth. */
static void nothing_is_kept(void **state)
{
    struct world *w = *state;
    ring_watch = &watch;
    need_half(w);
    if (w->half->writes) {
        keeps_nothing(w, RING_WRITE);
    } else {
        keeps_nothing(w, RING_READ_NOW);
        keeps_nothing(w, RING_READ);
    }
}

/* A process that may open no more files says so, and leaves nothing. */
static void descriptors_run_out(void **state)
{
    struct world *w = *state;
    struct rlimit before, limit;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    const unsigned open_now = count_descriptors();
    bool failed = false, went = false;
    for (rlim_t more = 0; more < 40 && !went; more++) {
        restore_begin(w, RING_SYNC);
        limit = before;
        limit.rlim_cur = open_now + more;
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
        const vsr_code code = restore_run(&w->r);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
        went =
            code == VSR_OK && w->r.states[0] == UNIT_PUBLISHED && w->r.states[1] == UNIT_PUBLISHED;
        failed = failed || !went;
        if (code == VSR_OK) {
            fault.os_errno = EMFILE;
            (void)check_outcomes(w, OUTCOME_DEST_ERROR, "no more descriptors");
        } else {
            if (w->r.error.os_errno != EMFILE) {
                fail_msg("%s", w->r.error.what);
            }
            for (size_t i = 0; i < FILES; i++) {
                assert_false(stands(w, i));
            }
        }
        restore_end(w);
        assert_int_equal(count_descriptors(), open_now);
    }
    assert_true(failed && went);
}

/* Of each half a case of its own: one that this machine cannot have is skipped, not passed over. */
static struct half reads_by_uring = {RING_URING, false};
static struct half writes_by_uring = {RING_URING, true};
static struct half reads_by_calls = {RING_SYNC, false};
static struct half writes_by_calls = {RING_SYNC, true};

#define TEST_OF(name, half)                                                                        \
    {                                                                                              \
#name ": " #half, name, world_open, world_close, &(half)                                   \
    }
#define TESTS(name)                                                                                \
    TEST_OF(name, reads_by_uring), TEST_OF(name, writes_by_uring), TEST_OF(name, reads_by_calls),  \
        TEST_OF(name, writes_by_calls)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TESTS(each_operation_fails_in_each_place),
        TESTS(and_so_when_they_end_in_another_order),
        TESTS(what_is_always_interrupted_fails),
        TESTS(nothing_is_kept),
        cmocka_unit_test_setup_teardown(descriptors_run_out, world_open, world_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
