/* test_memory.c - a worker that has begun to read allocates nothing any more.
 *
 * Method: this program's own malloc counts what a thread asks for once that thread's ring has
 * carried out its first operation. Not under sanitizers, which bring a malloc of their own. */
#include "vsr_test.h"

#include "engine/ring.h"
#include "media_fixture.h"
#include "plan_fixture.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif

static _Thread_local bool counting;
static _Atomic unsigned allocations, armed;

#ifndef SANITIZED
/* glibc's own, behind the names that are ours here */
void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t count, size_t bytes);
void *__libc_realloc(void *memory, size_t bytes);

void *malloc(size_t bytes)
{
    allocations += counting;
    return __libc_malloc(bytes);
}

void *calloc(size_t count, size_t bytes)
{
    allocations += counting;
    return __libc_calloc(count, bytes);
}

void *realloc(void *memory, size_t bytes)
{
    allocations += counting;
    return __libc_realloc(memory, bytes);
}
#endif

static int arm(bool write, uint64_t offset, uint32_t *count)
{
    (void)write;
    (void)offset;
    (void)count;
    armed += !counting;
    counting = true;
    return 0;
}

/* Some bytes of this file go into one that exists, and the rest of that is copied. */
static void set_ranges(struct plan *plan, const struct media_set *set, const char *source,
                       const char *dir)
{
    static const struct plan_range ranges[] = {{10, 70000, 100}, {0, 5000, 10}};
    const struct restore r = {.set = set, .plan = plan};
    const uint32_t file = restore_file(&r, source);
    struct plan_file *f = (struct plan_file *)(uintptr_t)&plan->files[file];
    char path[256];
    (void)snprintf(path, sizeof path, "%s/base", dir);
    FILE *base = fopen(path, "w");
    assert_non_null(base);
    assert_int_equal(ftruncate(fileno(base), 100000), 0);
    assert_int_equal(fputs("some bytes", base) >= 0, 1);
    assert_int_equal(fclose(base), 0);
    f->directory = 0; /* the volume's own */
    plan_fixture_set_ranges(plan, &(struct plan_fixture_ranges){.file = file,
                                                                .kind = KIND_DIRECTED,
                                                                .name = "base",
                                                                .owner = MARK_NONE,
                                                                .present = true,
                                                                .ranges = ranges,
                                                                .range_count = 2});
}

static void test_workers_allocate_nothing(void **state)
{
    enum { FILES = 500, BIG = 5 << 20 };
    static struct fixture_file files[FILES];
    static char names[FILES][32];
    char folder[64], set_path[128], dir[128];
    struct media_set set;
    vsr_error error = {0};
    (void)state;
#ifdef SANITIZED
    skip_because("a sanitizer allocates for its own ends");
#endif
    fixture_folder(folder);
    (void)snprintf(set_path, sizeof set_path, "%s/set", folder);
    (void)snprintf(dir, sizeof dir, "%s/dest", folder);
    assert_int_equal(mkdir(dir, 0755), 0);
    char *bytes = fixture_bytes(1, BIG);
    for (uint32_t i = 0; i < FILES; i++) {
        (void)snprintf(names[i], sizeof names[i], "d%u/f%u", i / 20, i);
        files[i] = (struct fixture_file){.path = names[i],
                                         .content = {bytes, i == 77 ? BIG : i * 37 % 5000},
                                         .attribute = {"value", i % 7 == 0 ? 5 : 0}};
        if (i % 50 == 49) {
            files[i] = (struct fixture_file){.path = names[i],
                                             .kind = FIXTURE_SYMLINK,
                                             .content = {"target", 6}};
        }
    }
    fixture_write(set_path, &(struct fixture){.files = files, .file_count = FILES});
    assert_int_equal(set_open(&set, set_path, &error), VSR_OK);
    assert_int_equal(set_open_packs(&set, true, &error), VSR_OK);
    struct plan *plan = plan_fixture_create(&set, dir, 1, NULL);
    set_ranges(plan, &set, names[78], dir);
    struct restore r = {.set = &set,
                        .plan = plan,
                        .ring = RING_SYNC,
                        .workers = 2,
                        .durability = DURABILITY_NONE,
                        .direct = true};
    ring_sync_fault = arm;
    assert_int_equal(restore_run(&r), VSR_OK);
    ring_sync_fault = NULL;
    assert_int_equal(r.states[0], UNIT_PUBLISHED);
    assert_true(armed > 0);
    assert_int_equal(allocations, 0);
    restore_free(&r);
    plan_fixture_free(plan);
    set_close(&set);
    free(bytes);
    fixture_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_workers_allocate_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
