/* test_foreign_faults.c - a plan with media of its own, where a destination cannot be written, or
 * stored bytes never end.
 *
 * Goal: whichever way a file is written - at once, piece by piece, chunk by chunk - and whichever
 * codec its bytes come by, a failure of the destination is told by its errno in the file's own row,
 * what stood there before stays, nothing of it is left, and the other unit is restored. And a run
 * that reads what comes to nothing can be cancelled. Method: the calls that read and write are
 * wrapped, and fail for the one file that a case names, behind so many bytes. */
#include "vsr_test.h"

#include "media_fixture.h"

#include "vssrestore/vssrestore.h"

#include <errno.h>
#include <fcntl.h>
#include <lz4.h>
#include <lz4frame.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>
#include <xxhash.h>

enum { SMALL = 5000, LARGE = 9 << 20, BLOCK = 3 << 20, NOTHING = 0 };

/* "it" is the plan's second record: where the folder stands already, it is staged by its number. */
#define IT_STAGED "1"

static char folder[64];

/* --- the calls --- */

static struct {
    const char *name; /* as it is staged, of the file that cannot be written; NULL: none */
    uint64_t room;    /* bytes of it that can */
    int os_errno;
    bool in_part; /* the last write before takes what has room */
    atomic_uint hits;
} wrong;

static struct {
    struct stat stored; /* the file whose bytes never end */
    atomic_uint reads;
    int cancel;
} endless;

/* Is it staged under that name? */
static bool is_named(int fd, const char *name)
{
    char link[64], path[4096];
    (void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    const ssize_t got = readlink(link, path, sizeof path - 1);
    path[got > 0 ? got : 0] = '\0';
    const char *last = strrchr(path, '/');
    return last != NULL && strcmp(last + 1, name) == 0 && strstr(path, "/.vssrestore-") != NULL;
}

/* How much of it may be written: *count, or less. 0: errno is set. */
static bool may_write(int fd, uint64_t offset, size_t *count)
{
    if (wrong.name == NULL || !is_named(fd, wrong.name) || offset + *count <= wrong.room) {
        return true;
    }
    (void)atomic_fetch_add(&wrong.hits, 1);
    if (wrong.in_part && offset < wrong.room) {
        *count = (size_t)(wrong.room - offset);
        return true;
    }
    errno = wrong.os_errno;
    return false;
}

ssize_t __real_pwrite64(int fd, const void *bytes, size_t count, off_t offset);
ssize_t __wrap_pwrite64(int fd, const void *bytes, size_t count, off_t offset);
ssize_t __wrap_pwrite64(int fd, const void *bytes, size_t count, off_t offset)
{
    return may_write(fd, (uint64_t)offset, &count) ? __real_pwrite64(fd, bytes, count, offset) : -1;
}

ssize_t __real_pwritev64v2(int fd, const struct iovec *parts, int part_count, off_t offset,
                           int flags);
ssize_t __wrap_pwritev64v2(int fd, const struct iovec *parts, int part_count, off_t offset,
                           int flags);
ssize_t __wrap_pwritev64v2(int fd, const struct iovec *parts, int part_count, off_t offset,
                           int flags)
{
    struct iovec part = parts[0];
    assert_int_equal(part_count, 1);
    return may_write(fd, (uint64_t)offset, &part.iov_len)
               ? __real_pwritev64v2(fd, &part, 1, offset, flags)
               : -1;
}

/* A frame's header, and then blocks that hold nothing, as far as anybody reads. */
static void fill_with_nothing(char *bytes, size_t count, uint64_t offset)
{
    unsigned char head[7] = {0x04, 0x22, 0x4D, 0x18, 0x60, 0x40};
    head[6] = (unsigned char)(XXH32(head + 4, 2, 0) >> 8);
    for (size_t i = 0; i < count; i++) {
        const uint64_t at = offset + i;
        bytes[i] =
            at < sizeof head ? (char)head[at] : (char)((at - sizeof head) % 4 == 3 ? 0x80 : 0);
    }
}

ssize_t __real_pread64(int fd, void *bytes, size_t count, off_t offset);
ssize_t __wrap_pread64(int fd, void *bytes, size_t count, off_t offset);
ssize_t __wrap_pread64(int fd, void *bytes, size_t count, off_t offset)
{
    struct stat facts;
    if (endless.stored.st_ino == 0 || fstat(fd, &facts) != 0 ||
        facts.st_ino != endless.stored.st_ino || facts.st_dev != endless.stored.st_dev) {
        return __real_pread64(fd, bytes, count, offset);
    }
    fill_with_nothing(bytes, count, (uint64_t)offset);
    if (atomic_fetch_add(&endless.reads, 1) == 2) {
        __atomic_store_n(&endless.cancel, 15, __ATOMIC_RELAXED);
    }
    return (ssize_t)count;
}

/* --- a plan --- */

static char text[1 << 20];
static size_t text_bytes;
static unsigned stored_count;

__attribute__((format(printf, 1, 2))) static void say(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const int n = vsnprintf(text + text_bytes, sizeof text - text_bytes, format, args);
    va_end(args);
    assert_true(n >= 0 && (size_t)n < sizeof text - text_bytes);
    text_bytes += (size_t)n;
}

static const char *path_in(const char *name)
{
    static char paths[8][160];
    static unsigned next;
    char *path = paths[next++ % COUNT_OF(paths)];
    (void)snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static void file_write(const char *name, const void *bytes, size_t count)
{
    FILE *file = fopen(path_in(name), "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, count, file), count);
    assert_int_equal(fclose(file), 0);
}

/* Bytes that shrink a little, always the same. */
static char *content(size_t count)
{
    char *bytes = malloc(count + 1);
    uint32_t state = (uint32_t)count;
    assert_non_null(bytes);
    for (size_t i = 0; i < count; i++) {
        state = state * 1664525u + 1013904223u;
        bytes[i] = (char)(i % 7 < 3 ? state >> 24 : i >> 9);
    }
    return bytes;
}

enum codec { NONE, FRAME, BLOCKS };
static const char *const codecs[] = {"none", "lz4-frame", "lz4-block"};

/* One chunk: stored in a file of its own, told in the plan. */
static void chunk_add(enum codec codec, const char *bytes, size_t count)
{
    char name[32];
    const size_t room = LZ4F_compressFrameBound(count, NULL) + 100;
    char *stored = malloc(room);
    size_t length = count;
    assert_non_null(stored);
    if (codec == FRAME) {
        length = LZ4F_compressFrame(stored, room, bytes, count, NULL);
        assert_false(LZ4F_isError(length));
    } else if (codec == BLOCKS) {
        const int made = LZ4_compress_default(bytes, stored, (int)count, (int)room);
        assert_true(made > 0);
        length = (size_t)made;
    } else {
        memcpy(stored, bytes, count);
    }
    (void)snprintf(name, sizeof name, "stored-%u", stored_count++);
    file_write(name, stored, length);
    say("{\"file\":\"%s\",\"offset\":0,\"length\":%zu,\"codec\":\"%s\",\"size\":%zu,"
        "\"xxh3\":\"%016llx\"}",
        name, length, codecs[codec], count, (unsigned long long)XXH3_64bits(bytes, count));
    free(stored);
}

static void file_add(unsigned unit, const char *name, enum codec codec, size_t bytes,
                     size_t chunk_bytes)
{
    char *data = content(bytes);
    say("{\"t\":\"file\",\"unit\":%u,\"path\":\"%s/out/%s\",\"size\":%zu,\"chunks\":[", unit,
        folder, name, bytes);
    for (size_t at = 0; at < bytes; at += chunk_bytes) {
        say("%s", at > 0 ? "," : "");
        chunk_add(codec, data + at, bytes - at < chunk_bytes ? bytes - at : chunk_bytes);
    }
    say("]}\n");
    free(data);
}

/* What a case restores: the file "it" with the others of its unit around it, and another unit. */
struct shape {
    enum codec codec;
    size_t bytes, chunk_bytes;
};

static void plan_write(const struct shape *shape)
{
    text_bytes = stored_count = 0;
    say("{\"t\":\"plan\",\"v\":1,\"set\":null,\"overwrite\":\"always\",\"volumes\":[{\"spec\":"
        "\"C:\",\"dir\":\"%s/out\"}],\"units\":2,\"files\":4,\"bytes\":%zu}\n"
        "{\"t\":\"unit\",\"id\":0,\"component\":\"hit\"}\n"
        "{\"t\":\"unit\",\"id\":1,\"component\":\"spared\"}\n",
        folder, shape->bytes + 3 * (size_t)SMALL);
    file_add(0, "before", NONE, SMALL, SMALL);
    file_add(0, "it", shape->codec, shape->bytes, shape->chunk_bytes);
    file_add(0, "behind", FRAME, SMALL, SMALL);
    file_add(1, "spared", BLOCKS, SMALL, SMALL);
    say("{\"t\":\"end\"}\n");
    file_write("plan", text, text_bytes);
}

/* --- a run --- */

static int run_it(const char *run_dir, const int *cancel)
{
    vsr_error error = {0};
    vsr_set *set = NULL;
    vsr_plan *plan = NULL;
    vsr_report *report = NULL;
    vsr_summary summary = {0};
    assert_int_equal(vsr_set_open(&set, path_in("plan"), &error), VSR_OK);
    assert_int_equal(vsr_plan_load(&plan, set, path_in("plan"), &error), VSR_OK);
    assert_int_equal(vsr_plan_refresh(plan, &error), VSR_OK);
    const vsr_restore_options options = {.size = sizeof options,
                                         .run_dir = path_in(run_dir),
                                         .workers = 2,
                                         .write_mode = VSR_WRITE_BUFFERED,
                                         .durability = VSR_DURABILITY_NONE,
                                         .cancel = cancel};
    const vsr_code code = vsr_restore_run(&report, plan, &options, &error);
    assert_int_equal(code, cancel != NULL ? VSR_ERR_CANCELLED : VSR_OK);
    vsr_report_summary(report, &summary);
    vsr_report_free(report);
    vsr_plan_free(plan);
    vsr_set_close(set);
    return summary.exit_code;
}

struct expected {
    const char *outcome;
    int os_errno;
    unsigned seen;
};

static int on_row(void *context, const vsr_row *row)
{
    struct expected *it = context;
    const char *name = strrchr(row->path, '/') + 1;
    if (strcmp(name, "it") == 0) {
        if (strcmp(row->outcome, it->outcome) != 0 || row->os_errno != it->os_errno) {
            fail_msg("%s, errno %d; not %s, %d", row->outcome, row->os_errno, it->outcome,
                     it->os_errno);
        }
    } else if (strcmp(name, "spared") == 0) {
        assert_string_equal(row->outcome, "RESTORED");
    } else { /* verified, and its unit not published; or cut short with it */
        assert_true(strcmp(row->outcome, "WITHDRAWN") == 0 ||
                    strcmp(row->outcome, "CANCELLED") == 0);
    }
    it->seen++;
    return 0;
}

static void rows_are(const char *run_dir, const char *outcome, int os_errno)
{
    struct expected it = {outcome, os_errno, 0};
    vsr_error error = {0};
    assert_int_equal(vsr_run_walk(path_in(run_dir), on_row, &it, &error), VSR_OK);
    assert_int_equal(it.seen, 4);
}

static void assert_content(const char *name, const char *bytes, size_t count)
{
    char *got = malloc(count + 1);
    FILE *file = fopen(path_in(name), "r");
    assert_non_null(file);
    assert_non_null(got);
    assert_int_equal(fread(got, 1, count + 1, file), count);
    assert_memory_equal(got, bytes, count);
    assert_int_equal(fclose(file), 0);
    free(got);
}

static void sweep(const char *name)
{
    fixture_remove(path_in(name));
}

static const struct shape shapes[] = {
    {NONE, SMALL, SMALL},   {NONE, LARGE, LARGE},   {NONE, LARGE, BLOCK},
    {FRAME, SMALL, SMALL},  {FRAME, LARGE, LARGE},  {FRAME, LARGE, BLOCK},
    {BLOCKS, SMALL, SMALL}, {BLOCKS, BLOCK, BLOCK}, {BLOCKS, LARGE, BLOCK},
};

static void hit_once(const struct shape *shape, int os_errno, bool in_part)
{
    const bool full = os_errno == ENOSPC || os_errno == EDQUOT;
    wrong.name = IT_STAGED;
    wrong.room = shape->bytes / 3 * 2; /* never between two writes */
    wrong.os_errno = os_errno;
    wrong.in_part = in_part;
    atomic_store(&wrong.hits, 0);
    assert_int_equal(mkdir(path_in("out"), 0777), 0);
    file_write("out/it", "it stood here", 13);
    const int code = run_it("run", NULL);
    if (code != (full ? 30 : 32) || atomic_load(&wrong.hits) == 0) {
        fail_msg("exit code %d after %u hits: %s of %zu bytes, chunks of %zu", code,
                 atomic_load(&wrong.hits), codecs[shape->codec], shape->bytes, shape->chunk_bytes);
    }
    wrong.name = NULL;
    rows_are("run", full ? "DEST_FULL" : "DEST_ERROR", os_errno);
    assert_content("out/it", "it stood here", 13);
    assert_int_equal(access(path_in("out/before"), F_OK), -1);
    assert_int_equal(access(path_in("out/behind"), F_OK), -1);
    char *spared = content(SMALL);
    assert_content("out/spared", spared, SMALL);
    free(spared);
    sweep("run");
    sweep("out");
}

static void a_write_that_fails_is_told_by_its_errno(void **state)
{
    static const int faults[] = {ENOSPC, EIO, EDQUOT};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(shapes); i++) {
        plan_write(&shapes[i]);
        for (size_t k = 0; k < COUNT_OF(faults); k++) {
            hit_once(&shapes[i], faults[k], (i + k) % 2 == 0);
        }
    }
}

/* Nothing is written, and nothing comes that could be: reading alone must find out. */
static void what_never_ends_can_be_cancelled(void **state)
{
    (void)state;
    const uint64_t huge = UINT64_C(1) << 40;
    text_bytes = stored_count = 0;
    say("{\"t\":\"plan\",\"v\":1,\"set\":null,\"volumes\":[{\"spec\":\"C:\",\"dir\":\"%s/out\"}],"
        "\"units\":1,\"files\":1,\"bytes\":1}\n{\"t\":\"unit\",\"id\":0,\"component\":\"x\"}\n"
        "{\"t\":\"file\",\"unit\":0,\"path\":\"%s/out/it\",\"size\":1,\"chunks\":[{\"file\":"
        "\"endless\",\"offset\":0,\"length\":%llu,\"codec\":\"lz4-frame\",\"size\":1,"
        "\"xxh3\":\"0000000000000000\"}]}\n{\"t\":\"end\"}\n",
        folder, folder, (unsigned long long)huge);
    file_write("plan", text, text_bytes);
    file_write("endless", "", NOTHING);
    if (truncate(path_in("endless"), (off_t)huge) != 0) {
        skip_because("no file of 1 TiB can be made in %s", folder);
    }
    assert_int_equal(stat(path_in("endless"), &endless.stored), 0);
    assert_int_equal(mkdir(path_in("out"), 0777), 0);
    assert_int_equal(run_it("run", &endless.cancel), 128 + 15);
    assert_true(atomic_load(&endless.reads) < huge >> 22); /* it did not read to the end */
    endless.stored = (struct stat){0};
    assert_int_equal(access(path_in("out/it"), F_OK), -1);
}

static int set_up(void **state)
{
    (void)state;
    fixture_folder(folder);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    sweep("");
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_write_that_fails_is_told_by_its_errno, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_never_ends_can_be_cancelled, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
