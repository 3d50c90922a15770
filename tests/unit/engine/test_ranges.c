/* test_ranges.c - ranges written into files that exist, beside those that they must not touch.
 *
 * Goal: a base gets exactly the bytes of its ranges, grows where they reach beyond it, keeps its
 * size, owner, mode and attributes else, and is as it was when anything fails. Method: sets with
 * small frames, bases with holes and bytes of their own; the result is compared with one that a
 * loop over the ranges makes in memory, whatever the ring and the number of workers, by clones
 * and in place. */
#include "vsr_test.h"

#include "media_fixture.h"
#include "plan_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

enum { SOURCE_BYTES = 3000000, BASE_BYTES = 2500000 };

struct world {
    char folder[64];
    char set_path[128];
    char dir[128];
    char *source; /* SOURCE_BYTES, of "source" and of "partial" */
    struct media_set set;
    struct plan *plan;
    struct restore r;
    enum ring_choice ring;
    bool in_place;
};

/* In disorder, overlapping, touching, of one byte, and the last one beyond the base. */
static const struct index_range saved[] = {
    {1500001, 700000}, {0, 10}, {10, 4086}, {65536, 1}, {1600000, 100}, {2499990, 300000},
};
static const struct index_range holes[] = {{4096, 65536}, {1 << 20, 512}};

static int world_open(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    const char *ring = getenv("VSSRESTORE_RING");
    w->ring = ring != NULL && strcmp(ring, "sync") == 0 ? RING_SYNC : RING_AUTO;
    fixture_folder(w->folder);
    (void)snprintf(w->set_path, sizeof w->set_path, "%s/set", w->folder);
    (void)snprintf(w->dir, sizeof w->dir, "%s/dest", w->folder);
    assert_int_equal(mkdir(w->dir, 0755), 0);
    w->source = fixture_bytes(7, SOURCE_BYTES);
    char *holed = calloc(1, 2 << 20);
    for (size_t i = 0; i < COUNT_OF(holes); i++) {
        memcpy(holed + holes[i].offset, w->source, holes[i].length);
    }
    const struct fixture_file files[] = {
        {.path = "beside", .content = {"beside", 6}},
        {.path = "holed",
         .content = {holed, 2 << 20},
         .flags = INDEX_SPARSE,
         .ranges = holes,
         .range_count = COUNT_OF(holes)},
        {.path = "partial",
         .content = {w->source, SOURCE_BYTES},
         .flags = INDEX_PARTIAL,
         .ranges = saved,
         .range_count = COUNT_OF(saved),
         .modify_s = 1234567890},
        {.path = "small", .content = {"0123456789abcdefghij", 20}},
        {.path = "source", .content = {w->source, SOURCE_BYTES}, .mode = 0604, .modify_s = 77},
    };
    fixture_write(w->set_path, &(struct fixture){.files = files,
                                                 .file_count = COUNT_OF(files),
                                                 .small_max = 4096,
                                                 .shared_bytes = 8192,
                                                 .piece_bytes = 65536});
    free(holed);
    *state = w;
    return 0;
}

static int world_close(void **state)
{
    struct world *w = *state;
    if (w->plan != NULL) {
        restore_free(&w->r);
        plan_fixture_free(w->plan);
        set_close(&w->set);
    }
    free(w->source);
    fixture_remove(w->folder);
    free(w);
    return 0;
}

/* A plan that has all of the set skipped but what a test wants. */
static void world_plan(struct world *w)
{
    vsr_error error = {0};
    assert_int_equal(set_open(&w->set, w->set_path, &error), VSR_OK);
    assert_int_equal(set_open_packs(&w->set, true, &error), VSR_OK);
    w->plan = plan_fixture_create(&w->set, w->dir, 1, NULL);
    w->r = (struct restore){.set = &w->set,
                            .plan = w->plan,
                            .ring = w->ring,
                            .workers = 2,
                            .durability = DURABILITY_UNIT,
                            .in_place = w->in_place,
                            .undo_fd = open(w->folder, O_RDONLY | O_DIRECTORY)};
    assert_true(w->r.undo_fd >= 0);
    for (uint32_t i = 0; i < w->plan->file_count; i++) {
        ((struct plan_file *)(uintptr_t)w->plan->files)[i].action = ACTION_NONE;
    }
}

static void world_run(struct world *w)
{
    assert_int_equal(restore_run(&w->r), VSR_OK);
    (void)close(w->r.undo_fd);
}

static const struct outcome_row *world_row(const struct world *w, const char *path)
{
    return &w->r.rows[restore_file(&w->r, path)];
}

static void world_set(struct world *w, const char *path, enum plan_kind kind, const char *name,
                      bool present, const struct plan_range *ranges, uint32_t range_count)
{
    plan_fixture_set_ranges(w->plan,
                            &(struct plan_fixture_ranges){.file = restore_file(&w->r, path),
                                                          .kind = kind,
                                                          .name = name,
                                                          .owner = MARK_NONE,
                                                          .present = present,
                                                          .ranges = ranges,
                                                          .range_count = range_count});
}

/* The saved ranges at their own places. */
static void world_set_partial(struct world *w)
{
    struct plan_range ranges[COUNT_OF(saved)];
    for (size_t i = 0; i < COUNT_OF(saved); i++) {
        ranges[i] = (struct plan_range){saved[i].offset, saved[i].offset, saved[i].length};
    }
    world_set(w, "partial", KIND_PARTIAL, NULL, true, ranges, COUNT_OF(ranges));
}

static const char *world_path(const struct world *w, const char *name)
{
    static char path[512];
    (void)snprintf(path, sizeof path, "%s/%s", w->dir, name);
    return path;
}

/* A base with a hole in the middle; free() what it holds. */
static char *world_base(const struct world *w, const char *name)
{
    char *bytes = fixture_bytes(99, BASE_BYTES);
    memset(bytes + (1 << 20), 0, 128 << 10);
    const int fd = open(world_path(w, name), O_RDWR | O_CREAT | O_EXCL, 0640);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, bytes, 1 << 20, 0), 1 << 20);
    const size_t behind = (1 << 20) + (128 << 10);
    assert_int_equal(pwrite(fd, bytes + behind, BASE_BYTES - behind, (off_t)behind),
                     BASE_BYTES - behind);
    assert_int_equal(fchmod(fd, 0640), 0);
    const struct timespec times[2] = {{.tv_sec = 5}, {.tv_sec = 6, .tv_nsec = 7}};
    assert_int_equal(futimens(fd, times), 0);
    (void)close(fd);
    return bytes;
}

static void assert_file(const struct world *w, const char *name, const char *want, size_t count)
{
    struct stat facts;
    const int fd = open(world_path(w, name), O_RDONLY | O_NOFOLLOW);
    assert_true(fd >= 0);
    assert_int_equal(fstat(fd, &facts), 0);
    assert_int_equal(facts.st_size, count);
    char *bytes = malloc(count + 1);
    assert_int_equal(pread(fd, bytes, count, 0), count);
    for (size_t i = 0; i < count; i++) {
        if (bytes[i] != want[i]) {
            fail_msg("%s differs at byte %zu", name, i);
        }
    }
    free(bytes);
    (void)close(fd);
}

static void assert_base_untouched(const struct world *w, const char *name, const char *base)
{
    struct stat facts;
    assert_file(w, name, base, BASE_BYTES);
    assert_int_equal(stat(world_path(w, name), &facts), 0);
    assert_int_equal(facts.st_mtim.tv_sec, 6);
    assert_int_equal(facts.st_mtim.tv_nsec, 7);
    assert_int_equal(fixture_shell("ls %s/undo-* > /dev/null 2>&1", w->folder) != 0, 1);
}

static void test_partial_file_over_its_base(void **state)
{
    struct world *w = *state;
    struct stat facts;
    char value[8];
    char *want = realloc(world_base(w, "partial"), 2799990);
    const bool attributes = setxattr(world_path(w, "partial"), "user.own", "kept", 4, 0) == 0;
    world_plan(w);
    world_set_partial(w);
    world_run(w);
    for (size_t i = 0; i < COUNT_OF(saved); i++) {
        memcpy(want + saved[i].offset, w->source + saved[i].offset, saved[i].length);
    }
    assert_int_equal(w->r.states[0], UNIT_PUBLISHED);
    assert_int_equal(world_row(w, "partial")->outcome, OUTCOME_RESTORED);
    assert_file(w, "partial", want, 2799990);
    assert_int_equal(stat(world_path(w, "partial"), &facts), 0);
    assert_int_equal(facts.st_mode & 07777, 0640);      /* the base's  */
    assert_int_equal(facts.st_mtim.tv_sec, 1234567890); /* the media's */
    if (attributes) {
        assert_int_equal(getxattr(world_path(w, "partial"), "user.own", value, sizeof value), 4);
    }
    assert_int_equal(fixture_shell("ls %s/undo-* > /dev/null 2>&1", w->folder) != 0, 1);
    free(want);
}

static void test_no_base_is_no_success(void **state)
{
    struct world *w = *state;
    world_plan(w);
    world_set_partial(w);
    world_run(w);
    assert_int_equal(w->r.states[0], UNIT_FAILED);
    assert_int_equal(world_row(w, "partial")->outcome, OUTCOME_DEST_ERROR);
    assert_int_equal(world_row(w, "partial")->os_errno, ENOENT);
    assert_int_equal(access(world_path(w, "partial"), F_OK), -1);
}

static void test_damaged_range_leaves_the_base(void **state)
{
    struct world *w = *state;
    char *base = world_base(w, "partial");
    world_plan(w);
    world_set_partial(w);
    plan_fixture_damage(&w->set, w->plan->files[restore_file(&w->r, "partial")].entry);
    world_run(w);
    assert_int_equal(w->r.states[0], UNIT_FAILED);
    assert_int_equal(world_row(w, "partial")->outcome, OUTCOME_MEDIA_CORRUPT);
    assert_int_equal(w->r.residue[0], 0);
    assert_base_untouched(w, "partial", base);
    plan_fixture_mend(&w->set);
    free(base);
}

/* --- directed --- */

static void test_directed_swap(void **state)
{
    struct world *w = *state;
    static const struct plan_range ranges[] = {{0, 10, 10}, {10, 0, 10}};
    const int fd = open(world_path(w, "small"), O_WRONLY | O_CREAT | O_EXCL, 0600);
    assert_int_equal(write(fd, "------------------------", 24), 24);
    (void)close(fd);
    world_plan(w);
    world_set(w, "small", KIND_DIRECTED, "small", true, ranges, COUNT_OF(ranges));
    world_run(w);
    assert_int_equal(w->r.states[0], UNIT_PUBLISHED);
    assert_file(w, "small", "abcdefghij0123456789----", 24);
}

static void test_directed_into_nothing(void **state)
{
    struct world *w = *state;
    static const struct plan_range ranges[] = {{1000, 5000, 100000}, {0, 4000000, 1}};
    struct stat facts;
    char *want = calloc(1, 4000001);
    memcpy(want + 5000, w->source + 1000, 100000);
    want[4000000] = w->source[0];
    world_plan(w);
    world_set(w, "source", KIND_DIRECTED, "made", false, ranges, COUNT_OF(ranges));
    world_run(w);
    assert_int_equal(w->r.states[0], UNIT_PUBLISHED);
    assert_file(w, "made", want, 4000001);
    assert_int_equal(stat(world_path(w, "made"), &facts), 0);
    assert_int_equal(facts.st_mode & 07777, 0604); /* the source's */
    assert_int_equal(facts.st_mtim.tv_sec, 77);
    assert_true(facts.st_blocks * 512 < 2000000); /* gaps are holes */
    assert_int_equal(access(world_path(w, "source"), F_OK), -1);
    free(want);
}

/* Holes of the source are zeros, which the base must get. */
static void test_directed_holes(void **state)
{
    struct world *w = *state;
    static const struct plan_range ranges[] = {{0, 100, 70000}, {1 << 20, 2000000, 200000}};
    char *want = world_base(w, "target");
    memset(want + 100, 0, 70000);
    memcpy(want + 100 + 4096, w->source, 65536);
    memset(want + 2000000, 0, 200000);
    memcpy(want + 2000000, w->source, 512);
    world_plan(w);
    world_set(w, "holed", KIND_DIRECTED, "target", true, ranges, COUNT_OF(ranges));
    world_run(w);
    assert_int_equal(w->r.states[0], UNIT_PUBLISHED);
    assert_file(w, "target", want, BASE_BYTES);
    free(want);
}

static const struct plan_range first_part[] = {{7, 1000, 100000}};
static const struct plan_range second_part[] = {{0, 200000, 20}};

static void world_set_two(struct world *w)
{
    /* in plan order "small" comes first */
    world_set(w, "small", KIND_DIRECTED, "target", true, second_part, 1);
    plan_fixture_set_ranges(w->plan,
                            &(struct plan_fixture_ranges){.file = restore_file(&w->r, "source"),
                                                          .kind = KIND_DIRECTED,
                                                          .name = "target",
                                                          .owner = restore_file(&w->r, "small"),
                                                          .present = true,
                                                          .ranges = first_part,
                                                          .range_count = 1});
}

static void test_two_records_of_one_destination(void **state)
{
    struct world *w = *state;
    char *want = world_base(w, "target");
    memcpy(want + 1000, w->source + 7, 100000);
    memcpy(want + 200000, "0123456789abcdefghij", 20);
    world_plan(w);
    world_set_two(w);
    world_run(w);
    assert_int_equal(w->r.states[0], UNIT_PUBLISHED);
    assert_int_equal(world_row(w, "small")->outcome, OUTCOME_RESTORED);
    assert_int_equal(world_row(w, "source")->outcome, OUTCOME_RESTORED);
    assert_int_equal(world_row(w, "source")->bytes, 100000);
    assert_file(w, "target", want, BASE_BYTES);
    free(want);
}

static void test_one_of_two_records_is_damaged(void **state)
{
    struct world *w = *state;
    for (int later = 0; later < 2; later++) {
        char *base = world_base(w, "target");
        world_plan(w);
        world_set_two(w);
        const char *bad = later != 0 ? "source" : "small";
        plan_fixture_damage(&w->set, w->plan->files[restore_file(&w->r, bad)].entry);
        world_run(w);
        assert_int_equal(w->r.states[0], UNIT_FAILED);
        assert_int_equal(world_row(w, bad)->outcome, OUTCOME_MEDIA_CORRUPT);
        assert_int_equal(world_row(w, later != 0 ? "small" : "source")->outcome, OUTCOME_WITHDRAWN);
        assert_base_untouched(w, "target", base);
        free(base);
        assert_int_equal(unlink(world_path(w, "target")), 0);
        plan_fixture_mend(&w->set);
        restore_free(&w->r);
        plan_fixture_free(w->plan);
        set_close(&w->set);
        w->plan = NULL;
    }
}

/* --- the base changes while its clone is made --- */

static void hook_grow(void *context, struct stage *stage)
{
    const struct world *w = context;
    (void)stage;
    const int fd = open(world_path(w, "partial"), O_WRONLY | O_APPEND);
    assert_int_equal(write(fd, "more", 4), 4);
    (void)close(fd);
}

static void hook_replace(void *context, struct stage *stage)
{
    const struct world *w = context;
    (void)stage;
    assert_int_equal(fixture_shell("cd %s && cp -p partial copy && mv copy partial", w->dir), 0);
}

static void hook_remove(void *context, struct stage *stage)
{
    const struct world *w = context;
    (void)stage;
    assert_int_equal(unlink(world_path(w, "partial")), 0);
}

static void test_base_that_changes_is_left_alone(void **state)
{
    struct world *w = *state;
    static void (*const hooks[])(void *, struct stage *) = {hook_grow, hook_replace, hook_remove};
    static const int faults[] = {ESTALE, ESTALE, ENOENT};
    for (size_t i = 0; i < COUNT_OF(hooks); i++) {
        struct stat facts;
        char *base = world_base(w, "partial");
        world_plan(w);
        world_set_partial(w);
        w->r.before_publish = hooks[i];
        w->r.context = w;
        world_run(w);
        assert_int_equal(w->r.states[0], UNIT_FAILED);
        assert_int_equal(w->r.residue[0], 0);
        assert_int_equal(world_row(w, "partial")->outcome, OUTCOME_REFUSED);
        assert_int_equal(world_row(w, "partial")->os_errno, faults[i]);
        if (hooks[i] != hook_remove) {
            assert_int_equal(stat(world_path(w, "partial"), &facts), 0);
            assert_int_equal(facts.st_size, BASE_BYTES + (hooks[i] == hook_grow ? 4 : 0));
            assert_int_equal(unlink(world_path(w, "partial")), 0);
        } else {
            assert_int_equal(access(world_path(w, "partial"), F_OK), -1);
        }
        free(base);
        restore_free(&w->r);
        plan_fixture_free(w->plan);
        set_close(&w->set);
        w->plan = NULL;
    }
}

static void test_base_with_another_name(void **state)
{
    struct world *w = *state;
    char *base = world_base(w, "partial");
    assert_int_equal(fixture_shell("ln %s/partial %s/again", w->dir, w->dir), 0);
    world_plan(w);
    world_set_partial(w);
    world_run(w);
    if (w->in_place) {
        assert_int_equal(w->r.states[0], UNIT_PUBLISHED);
        assert_int_equal(fixture_shell("cmp -s %s/partial %s/again", w->dir, w->dir), 0);
    } else {
        assert_int_equal(w->r.states[0], UNIT_FAILED);
        assert_int_equal(world_row(w, "partial")->os_errno, EMLINK);
        assert_base_untouched(w, "again", base);
    }
    free(base);
}

/* A later file of the unit cannot be published: what was done to the base is taken back. */
static void hook_take_place(void *context, struct stage *stage)
{
    const struct world *w = context;
    (void)stage;
    assert_int_equal(mkdir(world_path(w, "small"), 0755), 0);
}

static void test_failing_unit_gives_the_base_back(void **state)
{
    struct world *w = *state;
    char *base = world_base(w, "partial");
    world_plan(w);
    world_set_partial(w);
    ((struct plan_file *)(uintptr_t)w->plan->files)[restore_file(&w->r, "small")].action =
        ACTION_CREATE;
    w->r.before_publish = hook_take_place;
    w->r.context = w;
    world_run(w);
    assert_int_equal(w->r.states[0], UNIT_FAILED);
    assert_int_equal(w->r.residue[0], 0);
    assert_int_equal(world_row(w, "small")->outcome, OUTCOME_REFUSED);
    assert_int_equal(world_row(w, "partial")->outcome, OUTCOME_WITHDRAWN);
    assert_base_untouched(w, "partial", base);
    free(base);
}

static void test_random_ranges(void **state)
{
    struct world *w = *state;
    uint64_t seed = 4711;
    for (int round = 0; round < 12; round++) {
        struct plan_range ranges[40];
        uint32_t count = 0;
        uint64_t end = BASE_BYTES;
        char *want = realloc(world_base(w, "target"), 2 * BASE_BYTES);
        memset(want + BASE_BYTES, 0, BASE_BYTES);
        for (uint64_t at = 0; count < COUNT_OF(ranges) && at < 2 * BASE_BYTES - 400000;) {
            at += fixture_random(&seed) % (round % 2 == 0 ? 200000 : 5000);
            const uint64_t length = fixture_random(&seed) % (round % 3 == 0 ? 200000 : 3000);
            const uint64_t from = fixture_random(&seed) % (SOURCE_BYTES - length);
            ranges[count++] = (struct plan_range){from, at, length};
            memcpy(want + at, w->source + from, length);
            at += length;
            end = length > 0 && at > end ? at : end;
        }
        world_plan(w);
        w->r.workers = 1 + (uint32_t)round % 4;
        w->r.ring = round % 2 == 0 ? RING_SYNC : w->ring;
        world_set(w, "source", KIND_DIRECTED, "target", true, ranges, count);
        world_run(w);
        assert_int_equal(w->r.states[0], UNIT_PUBLISHED);
        assert_file(w, "target", want, end);
        assert_int_equal(unlink(world_path(w, "target")), 0);
        free(want);
        restore_free(&w->r);
        plan_fixture_free(w->plan);
        set_close(&w->set);
        w->plan = NULL;
    }
}

static void test_no_room_for_the_copy(void **state)
{
    struct world *w = *state;
    if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("small", w->dir, "tmpfs", 0, "size=4m") != 0) {
        skip_because("no small file system can be mounted here");
    }
    char *base = world_base(w, "partial");
    world_plan(w);
    world_set_partial(w);
    world_run(w);
    if (w->in_place) { /* a few ranges are staged, and saved outside */
        assert_int_equal(w->r.states[0], UNIT_PUBLISHED);
    } else {
        assert_int_equal(w->r.states[0], UNIT_FAILED);
        assert_int_equal(world_row(w, "partial")->outcome, OUTCOME_DEST_FULL);
        assert_base_untouched(w, "partial", base);
    }
    assert_int_equal(umount(w->dir), 0);
    free(base);
}

static int world_open_in_place(void **state)
{
    const int fault = world_open(state);
    ((struct world *)*state)->in_place = true;
    return fault;
}

#define TEST(name)                                                                                 \
    cmocka_unit_test_setup_teardown(name, world_open, world_close),                                \
    {                                                                                              \
#name " in place", name, world_open_in_place, world_close, NULL                            \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_partial_file_over_its_base),
        TEST(test_no_base_is_no_success),
        TEST(test_damaged_range_leaves_the_base),
        TEST(test_directed_swap),
        TEST(test_directed_into_nothing),
        TEST(test_directed_holes),
        TEST(test_two_records_of_one_destination),
        TEST(test_one_of_two_records_is_damaged),
        TEST(test_base_that_changes_is_left_alone),
        TEST(test_base_with_another_name),
        TEST(test_failing_unit_gives_the_base_back),
        TEST(test_random_ranges),
        TEST(test_no_room_for_the_copy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
