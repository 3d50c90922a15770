/* test_hostile.c - sets whose every number was chosen to do harm, with all hashes right.
 *
 * Goal: a number that is none is refused by name before anything is made of it; what passes leads
 * to no byte that the set did not hold, in no more memory than an honest set takes (V-07). Method:
 * each field of each record of a small index is given values that break readers; hashes and
 * set.json are made anew; the set is opened, verified, read, and restored to an empty folder. */
#include "vsr_test.h"

#include "media/check.h"
#include "media/content.h"
#include "media/part.h"
#include "media_fixture.h"
#include "plan_fixture.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HOLES_BYTES = 8192 + 300, PART_BYTES = 3000, LARGE_BYTES = 9000, FILES = 7 };

#define MEMORY_MORE_MAX ((rlim_t)256 << 20) /* what an honest small set takes is a part of it */

static const struct index_range holes[] = {{512, 1024}, {8192, 300}};
static const struct index_range saved[] = {{2000, 700}, {0, 100}};

struct world {
    char folder[64];
    char set_path[80];
    char dir[80];
    char *contents[3];
    struct fixture_file files[FILES];
    struct buffer index; /* index.bin as it was made */
    struct arena arena;
    struct set_description description;
    unsigned refused, passed;
};

static int world_open(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    w->contents[0] = fixture_bytes(1, HOLES_BYTES);
    w->contents[1] = fixture_bytes(2, PART_BYTES);
    w->contents[2] = fixture_bytes(3, LARGE_BYTES);
    memset(w->contents[0], 0, 512);
    memset(w->contents[0] + 1536, 0, 8192 - 1536);
    const struct fixture_file files[FILES] = {
        {.path = "a/one.txt", .content = VIEW("the first file"), .attribute = VIEW("value")},
        {.path = "a/two.txt", .content = VIEW("the second file, a little longer")},
        {.path = "a/holes",
         .content = {w->contents[0], HOLES_BYTES},
         .flags = INDEX_SPARSE,
         .ranges = holes,
         .range_count = 2},
        {.path = "a/part",
         .content = {w->contents[1], PART_BYTES},
         .flags = INDEX_PARTIAL,
         .ranges = saved,
         .range_count = 2},
        {.path = "b/large", .content = {w->contents[2], LARGE_BYTES}, .descriptor = VIEW("sd")},
        {.path = "b/zlink", .kind = FIXTURE_HARDLINK, .content = VIEW("b/large")},
        {.path = "b/symlink", .kind = FIXTURE_SYMLINK, .content = VIEW("large")},
    };
    memcpy(w->files, files, sizeof files);
    fixture_folder(w->folder);
    (void)snprintf(w->set_path, sizeof w->set_path, "%s/set", w->folder);
    (void)snprintf(w->dir, sizeof w->dir, "%s/dest", w->folder);
    fixture_write(w->set_path, &(struct fixture){.files = w->files,
                                                 .file_count = FILES,
                                                 .small_max = 6000,
                                                 .shared_bytes = 4096,
                                                 .piece_bytes = 4096});
    struct media_set set;
    vsr_error error = {0};
    assert_int_equal(set_open(&set, w->set_path, &error), VSR_OK);
    buffer_add(&w->index, set.index.mapping, set.index.mapping_bytes);
    w->arena = set.arena; /* the description's */
    w->description = set.description;
    set.arena = (struct arena){0};
    set_close(&set);
    *state = w;
    return 0;
}

static int world_close(void **state)
{
    struct world *w = *state;
    fixture_remove(w->folder);
    for (size_t i = 0; i < COUNT_OF(w->contents); i++) {
        free(w->contents[i]);
    }
    buffer_free(&w->index);
    arena_free(&w->arena);
    free(w);
    return 0;
}

/* --- what may come of it --- */

/* Is this one of the set's files, whole? */
static bool content_is_known(const struct world *w, const char *bytes, size_t count)
{
    for (size_t i = 0; i < FILES; i++) {
        const struct view content = w->files[i].content;
        if (w->files[i].kind == FIXTURE_FILE && content.n == count &&
            memcmp(content.p, bytes, count) == 0) {
            return true;
        }
    }
    return false;
}

static void check_file(const struct world *w, int folder_fd, const char *name, const char *what)
{
    char *bytes = calloc(1, 1 << 16);
    const int fd = openat(folder_fd, name, O_RDONLY | O_NOFOLLOW);
    assert_true(fd >= 0);
    const ssize_t count = read(fd, bytes, 1 << 16);
    assert_true(count >= 0);
    if (!content_is_known(w, bytes, (size_t)count)) {
        fail_msg("%s: %s has %zd bytes that no file of the set has", what, name, count);
    }
    (void)close(fd);
    free(bytes);
}

static void check_folder(const struct world *w, int fd, const char *what)
{
    DIR *listed = fdopendir(fd);
    assert_non_null(listed);
    for (const struct dirent *entry; (entry = readdir(listed)) != NULL;) {
        struct stat facts;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) {
            continue;
        }
        assert_int_equal(fstatat(dirfd(listed), entry->d_name, &facts, AT_SYMLINK_NOFOLLOW), 0);
        if (!S_ISLNK(facts.st_mode)) { /* the mode was chosen to do harm, too */
            assert_int_equal(fchmodat(dirfd(listed), entry->d_name, 0700, 0), 0);
        }
        if (S_ISDIR(facts.st_mode)) {
            const int inner = openat(dirfd(listed), entry->d_name, O_RDONLY | O_DIRECTORY);
            check_folder(w, inner, what);
        } else if (S_ISREG(facts.st_mode)) {
            check_file(w, dirfd(listed), entry->d_name, what);
        } else {
            assert_true(S_ISLNK(facts.st_mode)); /* no device, no socket, ever */
        }
        assert_int_equal(facts.st_mode & (S_ISUID | S_ISGID), 0);
    }
    (void)closedir(listed);
}

static void restore(const struct world *w, struct media_set *set, const char *what)
{
    assert_int_equal(mkdir(w->dir, 0755), 0);
    vsr_error error = {0};
    assert_int_equal(set_open_packs(set, true, &error), VSR_OK);
    struct plan *plan = plan_fixture_create(set, w->dir, 1, NULL);
    struct plan_file *files = (struct plan_file *)(uintptr_t)plan->files;
    for (uint32_t i = 0; i < plan->file_count; i++) {
        const uint8_t flags = set->index.entries[files[i].entry].flags;
        if ((flags & INDEX_PARTIAL) != 0) {
            files[i].action = ACTION_NONE; /* a planner makes ranges of it, or refuses it */
        }
    }
    struct restore r = {
        .set = set, .plan = plan, .ring = RING_SYNC, .workers = 1, .durability = DURABILITY_NONE};
    if (restore_run(&r) != VSR_OK) {
        assert_true(r.error.what[0] != '\0');
    }
    restore_free(&r);
    plan_fixture_free(plan);
    check_folder(w, open(w->dir, O_RDONLY | O_DIRECTORY), what);
    fixture_remove(w->dir);
}

static void read_contents(const struct world *w, const struct media_set *set, const char *what)
{
    for (uint32_t i = 0; i < set->index.entry_count; i++) {
        struct buffer out = {0};
        vsr_error error = {0};
        if (set->index.entries[i].kind != INDEX_FILE) {
            continue;
        }
        if (content_read(set, i, 1 << 20, &out, &error) == VSR_OK &&
            !content_is_known(w, out.p, out.n)) {
            fail_msg("%s: entry %u reads as %zu bytes that no file has", what, i, out.n);
        }
        buffer_free(&out);
    }
}

static void no_finding(void *context, const struct check_finding *finding)
{
    (void)context;
    assert_true(finding->what.n > 0);
}

/* --- one number --- */

static void world_judge(struct world *w, const char *what)
{
    struct media_set set;
    struct check_totals totals;
    vsr_error error = {0}, check_error = {0};
    const vsr_code checked = set_check(w->set_path, 1, no_finding, NULL, &totals, &check_error);
    assert_true(checked == VSR_OK || checked == VSR_ERR_MEDIA);
    const vsr_code rc = set_open(&set, w->set_path, &error);
    if (rc != VSR_OK) {
        if (rc != VSR_ERR_MEDIA || error.what[0] == '\0') {
            fail_msg("%s: code %d, %s", what, rc, error.what);
        }
        assert_int_equal(checked, VSR_ERR_MEDIA); /* verify sees what open does */
        w->refused++;
        return;
    }
    w->passed++;
    read_contents(w, &set, what);
    restore(w, &set, what);
    set_close(&set);
}

/* Write the index with `bytes` at offset changed, all hashes right. */
static void world_put(struct world *w, size_t offset, const void *bytes, size_t count)
{
    struct buffer index = {0};
    vsr_error error = {0};
    buffer_add_view(&index, buffer_view(&w->index));
    memcpy(index.p + offset, bytes, count);
    part_hash_bytes(index.p, index.n - 16, (uint8_t *)index.p + index.n - 16);
    part_hash_bytes(index.p, index.n, w->description.index.xxh3_128);
    const int fd = open(w->set_path, O_RDONLY | O_DIRECTORY);
    const int out = openat(fd, INDEX_NAME, O_WRONLY | O_TRUNC);
    assert_int_equal(write(out, index.p, index.n), (ssize_t)index.n);
    (void)close(out);
    assert_int_equal(set_write_description(fd, &w->description, &error), VSR_OK);
    (void)close(fd);
    buffer_free(&index);
}

static void world_try(struct world *w, const char *record, size_t offset, size_t field_bytes)
{
    uint64_t was = 0;
    memcpy(&was, w->index.p + offset, field_bytes);
    const uint64_t full = field_bytes == 8 ? UINT64_MAX : (UINT64_C(1) << 8 * field_bytes) - 1;
    const uint64_t values[] = {0,         1,        was + 1,  was - 1,        full,     full >> 1,
                               full - 15, was << 1, was ^ 16, full / 2 + was, 0x100000, was + 4096};
    for (size_t i = 0; i < COUNT_OF(values); i += campaign_step(2, 3)) {
        const uint64_t value = values[i] & full;
        char what[128];
        if (value == was) {
            continue;
        }
        (void)snprintf(what, sizeof what, "%s at %zu: %llu instead of %llu", record, offset,
                       (unsigned long long)value, (unsigned long long)was);
        world_put(w, offset, &value, field_bytes);
        world_judge(w, what);
    }
}

static const struct {
    const char *name;
    uint8_t fields[28]; /* bytes of each, 0 ends */
} records[] = {
    [SECTION_VOLUMES] = {"volume", {4, 4, 8}},
    [SECTION_ENTRIES] = {"entry", {4, 4, 8, 2, 1, 1, 4, 8, 8, 8, 4, 4, 4, 4,
                                   8, 8, 8, 8, 4, 4, 4, 4, 4, 4, 4, 4, 8}},
    [SECTION_CHUNKS] = {"chunk", {8, 4, 4, 4, 4, 4, 4, 8, 8}},
    [SECTION_RANGES] = {"range", {8, 8}},
    [SECTION_DESCRIPTORS] = {"descriptor", {8, 4, 4}},
};

static void memory_bound(void)
{
    struct rlimit limit;
    FILE *facts = fopen("/proc/self/statm", "r");
    unsigned long pages = 0;
    assert_non_null(facts);
    assert_int_equal(fscanf(facts, "%lu", &pages), 1);
    (void)fclose(facts);
    if (pages > 1u << 28) {
        return; /* a sanitizer has laid its hand on all of the address space */
    }
    assert_int_equal(getrlimit(RLIMIT_AS, &limit), 0);
    limit.rlim_cur = (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE) + MEMORY_MORE_MAX;
    assert_int_equal(setrlimit(RLIMIT_AS, &limit), 0);
}

static void every_number_is_distrusted(void **state)
{
    struct world *w = *state;
    struct index_header header;
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_AS, &before), 0);
    memcpy(&header, w->index.p, sizeof header);
    memory_bound();
    for (int s = 0; s < SECTION_BLOBS; s++) {
        for (uint64_t i = 0; i < header.sections[s].record_count; i++) {
            size_t at = header.sections[s].offset + i * header.sections[s].record_bytes;
            for (const uint8_t *field = records[s].fields; *field != 0; at += *field++) {
                world_try(w, records[s].name, at, *field);
            }
        }
    }
    assert_int_equal(setrlimit(RLIMIT_AS, &before), 0);
    print_message("%u refused, %u harmless\n", w->refused, w->passed);
    assert_true(w->refused > w->passed);
}

static void every_number_of_the_header_is_distrusted(void **state)
{
    struct world *w = *state;
    for (size_t at = 0; at < sizeof(struct index_header); at += 4) {
        if (at < offsetof(struct index_header, set_uuid) ||
            at >= offsetof(struct index_header, file_bytes)) {
            world_try(w, "header", at, 4);
        }
    }
    assert_int_equal(w->passed, 0); /* there is one right header */
}

/* Blobs hold names, link texts and attributes: bytes, and lengths among them. */
static void every_byte_of_the_blobs_is_distrusted(void **state)
{
    struct world *w = *state;
    struct index_header header;
    static const uint8_t values[] = {0, '/', '\\', '.', 0xFF, 1, ':', 0x80};
    memcpy(&header, w->index.p, sizeof header);
    const struct index_section_place *blobs = &header.sections[SECTION_BLOBS];
    for (uint64_t i = 0; i < blobs->record_count; i += campaign_step(2, 3)) {
        for (size_t v = 0; v < COUNT_OF(values); v++) {
            char what[64];
            (void)snprintf(what, sizeof what, "blob byte %llu: %u", (unsigned long long)i,
                           values[v]);
            world_put(w, blobs->offset + i, &values[v], 1);
            world_judge(w, what);
        }
    }
    assert_true(w->refused > 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_open, world_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_number_is_distrusted),
        TEST(every_number_of_the_header_is_distrusted),
        TEST(every_byte_of_the_blobs_is_distrusted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
