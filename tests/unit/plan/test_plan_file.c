/* test_plan_file.c - the binary plan: the same bytes every time, read back as it was, and
 * distrusted byte by byte.
 *
 * Method: a plan with every kind of record is saved; then each byte of the file is changed in
 * several ways, its hash put right again, and the file loaded: it is refused, or can be rendered
 * against its set without harm (the sanitizers watch). */
#include "vsr_test.h"

#include "base/io.h"
#include "media_fixture.h"
#include "plan/plan_check.h"
#include "plan_case.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

enum { FILE_MAX = 1 << 20, HASH_BYTES = 16 };

static const struct plan_case mapped = {.name = "mapped",
                                        .method = "RESTORE_TO_ALTERNATE_LOCATION",
                                        .mappings = PLAN_MAP("C:\\D", "*", "yes", "C:\\Alt"),
                                        .locations = PLAN_C(PLAN_LIST("C:\\D", "*", "yes")),
                                        .second = PLAN_C(PLAN_LIST("C:\\Nothing", "e", "no")),
                                        .catalog = "volume C:\nfile C:\\D\\a 5\n"};

static const struct plan_case ranged = {
    .name = "ranged",
    .method = "RESTORE_TO_ALTERNATE_LOCATION",
    .mappings = PLAN_MAP("C:\\D", "*", "yes", "C:\\Alt"),
    .locations = PLAN_C(PLAN_LIST("C:\\D", "*", "yes")),
    .components = PLAN_ENTRIES_OF("C", "restoreTarget=\"directed\"",
                                  PLAN_PARTIAL("C:\\D", "p", "C:\\D\\r")
                                      PLAN_DIRECTED("C:\\D", "a", "0:5", "C:\\X", "x", "0:5")
                                          PLAN_DIRECTED("C:\\D", "b", "1:4", "C:\\X", "x", "5:4")),
    .catalog = "volume C:\nranges C:\\D\\p 1000 500:20,0:10\npairs C:\\D\\r 505:3,0:10\n"
               "file C:\\D\\a 9\nfile C:\\D\\b 9\n",
    .options = "--volume C:=/c\nhave file C:\\Alt\\p\n"};

static const struct plan_case *const cases[] = {&plan_case_rich, &mapped, &ranged};

static char folder[64];

static int make_folder(void **state)
{
    (void)state;
    fixture_folder(folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    return rmdir(folder);
}

static const char *path_of(const char *name)
{
    static char path[128];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static struct plan *plan_of(struct planner_fixture *fixture, const struct plan_case *c)
{
    vsr_error error = {0};
    plan_case_load(fixture, c);
    struct plan *plan = planner_fixture_plan(fixture, &error);
    assert_non_null(plan);
    return plan;
}

static void file_read(const char *name, struct buffer *out)
{
    vsr_error error = {0};
    out->n = 0;
    assert_int_equal(io_read_file(AT_FDCWD, path_of(name), FILE_MAX, out, VSR_ERR_USAGE, &error),
                     VSR_OK);
}

static void file_write(const char *name, struct view bytes)
{
    const int fd = open(path_of(name), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes.p, bytes.n), (ssize_t)bytes.n);
    assert_int_equal(close(fd), 0);
}

static void file_save(const struct plan *plan, const char *name)
{
    vsr_error error = {0};
    const int dir_fd = open(folder, O_RDONLY | O_DIRECTORY);
    assert_true(dir_fd >= 0);
    assert_int_equal(plan_save(plan, dir_fd, name, &error), VSR_OK);
    assert_int_equal(close(dir_fd), 0);
}

static void saved_and_loaded_is_the_same(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct planner_fixture fixture = {0};
        struct planner_fixture again = {0};
        struct plan *plan = plan_of(&fixture, cases[i]);
        struct plan *same = plan_of(&again, cases[i]);
        file_save(plan, "a");
        file_save(same, "b");
        struct buffer a = {0};
        struct buffer b = {0};
        file_read("a", &a);
        file_read("b", &b);
        assert_true(view_equal(buffer_view(&a), buffer_view(&b))); /* same input, same bytes */
        vsr_error error = {0};
        struct plan *loaded = NULL;
        bool binary = false;
        assert_int_equal(plan_is_binary(path_of("a"), &binary, &error), VSR_OK);
        assert_true(binary);
        assert_int_equal(plan_load(&loaded, path_of("a"), &error), VSR_OK);
        assert_int_equal(plan_check_set(loaded, &fixture.set, &error), VSR_OK);
        const struct view made = planner_fixture_jsonl(&fixture, plan);
        const struct view read = planner_fixture_jsonl(&again, loaded);
        assert_true(view_equal(made, read));
        assert_view_equal(plan_text(loaded, loaded->choices[0]), "--with-dependencies");
        file_save(loaded, "b");
        file_read("b", &b);
        assert_true(view_equal(buffer_view(&a), buffer_view(&b)));
        plan_free(loaded);
        plan_free(plan);
        plan_free(same);
        buffer_free(&a);
        buffer_free(&b);
        planner_fixture_fini(&fixture);
        planner_fixture_fini(&again);
    }
    assert_int_equal(unlink(path_of("a")), 0);
    assert_int_equal(unlink(path_of("b")), 0);
}

static void hash_right(struct buffer *bytes)
{
    XXH128_canonical_t canonical;
    XXH128_canonicalFromHash(&canonical, XXH3_128bits(bytes->p, bytes->n - HASH_BYTES));
    memcpy(bytes->p + bytes->n - HASH_BYTES, canonical.digest, HASH_BYTES);
}

static vsr_code sink_none(void *context, struct view lines, vsr_error *error)
{
    (void)error;
    *(size_t *)context += lines.n;
    return VSR_OK;
}

static void put_byte_and_hash(int fd, const struct buffer *bytes, size_t at)
{
    const size_t hash = bytes->n - HASH_BYTES;
    assert_int_equal(pwrite(fd, bytes->p + at, 1, (off_t)at), 1);
    assert_int_equal(pwrite(fd, bytes->p + hash, HASH_BYTES, (off_t)hash), HASH_BYTES);
}

static const char *memory_path(int fd)
{
    static char path[64];
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return path;
}

/* Loaded and right for its set: then it can be rendered. */
static bool is_harmless(const struct planner_fixture *fixture, const char *path)
{
    vsr_error error = {0};
    struct plan *plan = NULL;
    if (plan_load(&plan, path, &error) != VSR_OK) {
        assert_int_equal(error.code, VSR_ERR_RUN_FOREIGN);
        return false;
    }
    size_t bytes = 0;
    const bool fits = plan_check_set(plan, &fixture->set, &error) == VSR_OK;
    if (fits) {
        assert_int_equal(plan_render_jsonl(plan, &fixture->set, sink_none, &bytes, &error), VSR_OK);
    }
    plan_free(plan);
    return fits;
}

static void every_byte_is_distrusted(void **state)
{
    (void)state;
    static const unsigned char changes[] = {0x01, 0x80, 0xFF, 0x40};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct planner_fixture fixture = {0};
        struct plan *plan = plan_of(&fixture, cases[i]);
        struct buffer bytes = {0};
        file_save(plan, "m");
        file_read("m", &bytes);
        unsigned refused = 0;
        const int memory_fd = memfd_create("plan", 0); /* a disk would make this slow */
        assert_int_equal(write(memory_fd, bytes.p, bytes.n), (ssize_t)bytes.n);
        for (size_t at = 0; at + HASH_BYTES < bytes.n; at++) {
            for (size_t k = 0; k < COUNT_OF(changes); k++) {
                bytes.p[at] = (char)(bytes.p[at] ^ changes[k]);
                hash_right(&bytes);
                put_byte_and_hash(memory_fd, &bytes, at);
                refused += is_harmless(&fixture, memory_path(memory_fd)) ? 0 : 1;
                bytes.p[at] = (char)(bytes.p[at] ^ changes[k]);
            }
            put_byte_and_hash(memory_fd, &bytes, at);
        }
        assert_int_equal(close(memory_fd), 0);
        assert_true(refused > bytes.n); /* most numbers cannot be changed */
        plan_free(plan);
        buffer_free(&bytes);
        planner_fixture_fini(&fixture);
    }
    assert_int_equal(unlink(path_of("m")), 0);
}

static void damaged_cut_and_foreign_files_are_refused(void **state)
{
    (void)state;
    struct planner_fixture fixture = {0};
    struct planner_fixture other = {0};
    struct plan *plan = plan_of(&fixture, &plan_case_rich);
    struct plan *foreign = plan_of(&other, &mapped);
    struct buffer bytes = {0};
    vsr_error error = {0};
    file_save(plan, "d");
    file_read("d", &bytes);
    for (size_t at = 0; at < bytes.n; at += 97) {
        bytes.p[at] ^= 4; /* the hash left as it is */
        file_write("d", buffer_view(&bytes));
        assert_false(is_harmless(&fixture, path_of("d")));
        bytes.p[at] ^= 4;
        file_write("d", (struct view){bytes.p, at});
        assert_false(is_harmless(&fixture, path_of("d")));
    }
    file_write("d", VIEW("{\"t\":\"plan\"}\n"));
    bool binary = true;
    assert_int_equal(plan_is_binary(path_of("d"), &binary, &error), VSR_OK);
    assert_false(binary);
    assert_int_equal(unlink(path_of("d")), 0);
    assert_int_equal(plan_is_binary(path_of("d"), &binary, &error), VSR_ERR_SELECTION);
    assert_int_equal(plan_is_binary("/dev/null", &binary, NULL), VSR_ERR_SELECTION);

    /* the same uuid and index, other documents; then another uuid */
    struct set_part document = {.xxh3_128 = {1}};
    other.set.description.documents = &document;
    other.set.description.document_count = 1;
    error = (vsr_error){0};
    assert_int_equal(plan_check_set(foreign, &other.set, &error), VSR_ERR_RUN_FOREIGN);
    other.set.description.document_count = 0;
    error = (vsr_error){0};
    assert_int_equal(plan_check_set(foreign, &other.set, &error), VSR_OK);
    other.set.description.uuid.bytes[3] ^= 1;
    assert_int_equal(plan_check_set(foreign, &other.set, &error), VSR_ERR_RUN_FOREIGN);
    plan_free(plan);
    plan_free(foreign);
    buffer_free(&bytes);
    planner_fixture_fini(&fixture);
    planner_fixture_fini(&other);
}

static const struct plan_case linked = {
    .name = "linked",
    .method = "RESTORE_IF_CAN_BE_REPLACED",
    .locations = PLAN_C(PLAN_LIST("C:\\D", "*", "yes")),
    .catalog = "volume C:\nfile C:\\D\\a 5\nfile C:\\D\\b 5\nhardlink C:\\D\\y = C:\\D\\a\n"
               "hardlink C:\\D\\z = C:\\D\\b\n"};

/* A further name of one file cannot be linked to another, however alike they are. */
static void links_stay_in_their_group(void **state)
{
    (void)state;
    struct planner_fixture fixture = {0};
    struct plan *plan = plan_of(&fixture, &linked);
    struct plan_file *files = (struct plan_file *)(uintptr_t)plan->files;
    vsr_error error = {0};
    uint32_t names[2];
    uint32_t count = 0;
    for (uint32_t i = 0; i < plan->file_count; i++) {
        if (files[i].kind == KIND_HARDLINK && count < 2) {
            names[count++] = i;
        }
    }
    assert_int_equal(count, 2);
    assert_int_equal(plan_check_set(plan, &fixture.set, &error), VSR_OK);
    files[names[0]].link_owner = files[names[1]].link_owner;
    assert_int_equal(plan_check_set(plan, &fixture.set, &error), VSR_ERR_RUN_FOREIGN);
    assert_non_null(strstr(error.what, "no further name"));
    plan_free(plan);
    planner_fixture_fini(&fixture);
}

/* A plan with one of everything that plan_check() looks at, to be spoilt. */
static const struct plan_case checked = {
    .method = "RESTORE_IF_CAN_BE_REPLACED",
    .locations = PLAN_C(PLAN_LIST("C:\\D", "*", "yes") PLAN_LIST("C:\\E", "a", "no")),
    .components =
        PLAN_ENTRIES_OF("C", "restoreTarget=\"directed\"",
                        PLAN_DIRECTED("C:\\D", "a", "0:1,1:1,2:3", "C:\\F", "x", "0:1,1:1,2:3")),
    .catalog = "volume C:\nfile C:\\D\\a 5\nfile C:\\D\\b 5\nfile C:\\E\\a 5\nfile C:\\G\\g 5\n",
    .second = PLAN_C(PLAN_LIST("C:\\G", "g", "no")),
    .options = "--volume C:=/c\n--new-target W:C|C:\\E|a|no|C:\\New\n"
               "--restore-options W:C=\"a\"=\"b\"\n"};

#define THE(type, array) ((type *)(uintptr_t)plan->array)

static uint32_t the_directed(const struct plan *plan)
{
    uint32_t i = 0;
    while (plan->files[i].kind != KIND_DIRECTED) {
        i++;
    }
    return i;
}

static void spoil_root(struct plan *plan)
{
    char *text = (char *)(uintptr_t)plan->text;
    text[plan->roots[0].dir.offset + 1] = '\0';
}

static void spoil_name(struct plan *plan)
{
    THE(struct plan_file, files)[the_directed(plan)].name = (struct plan_text){MARK_NONE, 0};
}

static void spoil_lengths(struct plan *plan)
{
    struct plan_range *ranges = THE(struct plan_range, ranges);
    for (uint32_t i = 0; i < 3; i++) { /* three of these are more than 64 bits hold */
        ranges[plan->files[the_directed(plan)].first_range + i] =
            (struct plan_range){.length = INT64_MAX};
    }
}

static void spoil_action(struct plan *plan)
{
    plan->choice_count = 0;
    THE(struct plan_file, files)[0].action = ACTION_STAGE;
}

static void spoil_sizes(struct plan *plan)
{
    struct plan_file *files = THE(struct plan_file, files);
    uint32_t left = 3; /* three of these are more than 64 bits hold */
    for (uint32_t i = 0; i < plan->file_count && left > 0; i++) {
        if (files[i].kind != KIND_DIRECTED) {
            files[i].size = INT64_MAX;
            left--;
        }
    }
    assert_int_equal(left, 0);
}

static void spoil_units(struct plan *plan)
{
    struct plan_unit *units = THE(struct plan_unit, units);
    struct plan_file *files = THE(struct plan_file, files);
    for (uint32_t u = 0; u < 2; u++) {
        uint32_t left = 2 - u; /* two in the first unit, one in the second */
        units[u].bytes = 0;
        for (uint32_t i = units[u].first_file; i < units[u].first_file + units[u].file_count; i++) {
            if (files[i].kind == KIND_PLAIN && left > 0) {
                files[i].size = INT64_MAX - 16; /* room for the ranges */
                left--;
            } else {
                files[i].size = files[i].kind == KIND_DIRECTED ? files[i].size : 0;
            }
            units[u].bytes += files[i].size;
        }
        assert_int_equal(left, 0);
    }
}

static void spoil_target(struct plan *plan)
{
    THE(struct plan_new_target, new_targets)[0].unit = plan->unit_count;
}

static void spoil_options(struct plan *plan)
{
    THE(struct plan_restore_options, restore_options)[0].unit = plan->unit_count;
}

static void numbers_that_no_plan_has_are_refused(void **state)
{
    (void)state;
    static const struct {
        void (*spoil)(struct plan *plan);
        const char *want;
    } rows[] = {{spoil_root, "its directory holds a NUL"},
                {spoil_name, "its destination has no name"},
                {spoil_lengths, "its ranges' sum is impossible"},
                {spoil_action, "it waits for a reboot of a tree that is not in use"},
                {spoil_sizes, "its size is impossible"},
                {spoil_units, "its bytes are impossible"},
                {spoil_target, "new target 0"},
                {spoil_options, "restore options 0"}};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct planner_fixture fixture = {0};
        vsr_error error = {0};
        struct plan *plan = plan_of(&fixture, &checked);
        assert_int_equal(plan_check(plan, &error), VSR_OK);
        rows[i].spoil(plan);
        assert_int_equal(plan_check(plan, &error), VSR_ERR_RUN_FOREIGN);
        if (strstr(error.what, rows[i].want) == NULL) {
            fail_msg("'%s' is not in: %s", rows[i].want, error.what);
        }
        plan_free(plan);
        planner_fixture_fini(&fixture);
    }
}

/* A folder in its place, and a disk that takes no more. */
static void what_cannot_be_written_leaves_nothing(void **state)
{
    (void)state;
    struct planner_fixture fixture = {0};
    struct plan *plan = plan_of(&fixture, &mapped);
    vsr_error error = {0};
    struct rlimit before;
    const int dir_fd = open(folder, O_RDONLY | O_DIRECTORY);
    assert_true(dir_fd >= 0);
    assert_int_equal(mkdirat(dir_fd, "taken", 0700), 0);
    assert_int_equal(plan_save(plan, dir_fd, "taken", &error), VSR_ERR_DEST_IO);
    assert_int_equal(unlinkat(dir_fd, "taken", AT_REMOVEDIR), 0);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    sigset_t signals;
    assert_int_equal(sigemptyset(&signals), 0);
    assert_int_equal(sigaddset(&signals, SIGXFSZ), 0);
    assert_int_equal(pthread_sigmask(SIG_BLOCK, &signals, NULL), 0);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &(struct rlimit){100, before.rlim_max}), 0);
    error = (vsr_error){0};
    const vsr_code code = plan_save(plan, dir_fd, "large", &error);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_not_equal(code, VSR_OK);
    assert_int_equal(faccessat(dir_fd, "large", F_OK, 0), -1);
    assert_int_equal(faccessat(dir_fd, ".large.part", F_OK, 0), -1);
    assert_int_equal(close(dir_fd), 0);
    plan_free(plan);
    planner_fixture_fini(&fixture);
}

/* Its hidden name may be that of another file. */
static void a_plan_is_a_file_of_its_own(void **state)
{
    (void)state;
    struct planner_fixture fixture = {0};
    struct plan *plan = plan_of(&fixture, &mapped);
    struct buffer victim = {0};
    file_write("victim", VIEW("precious"));
    const int dir_fd = open(folder, O_RDONLY | O_DIRECTORY);
    assert_int_equal(linkat(dir_fd, "victim", dir_fd, ".mine.part", 0), 0);
    assert_int_equal(close(dir_fd), 0);
    file_save(plan, "mine");
    file_read("victim", &victim);
    assert_view_equal(buffer_view(&victim), "precious");
    buffer_free(&victim);
    assert_int_equal(unlink(path_of("victim")), 0);
    assert_int_equal(unlink(path_of("mine")), 0);
    plan_free(plan);
    planner_fixture_fini(&fixture);
}

static void a_plan_that_is_not_there_cannot_be_opened(void **state)
{
    (void)state;
    struct plan *plan = NULL;
    vsr_error error = {0};
    assert_int_equal(plan_load(&plan, path_of("none"), &error), VSR_ERR_RUN_FOREIGN);
    assert_non_null(strstr(error.what, "cannot open the plan"));
}

/* Records of directories and of volumes that nothing but a mount folder, or a prefix, names. */
static void paths_are_those_of_the_record(void **state)
{
    (void)state;
    static const struct plan_case mounted = {.method = "RESTORE_IF_CAN_BE_REPLACED",
                                             .locations = PLAN_C(PLAN_LIST("D:\\M\\D", "*", "yes")),
                                             .catalog = "volume D:\\M\\\nfile D:\\M\\D\\a 5\n",
                                             .options = "--volume D:\\M=/m\n"};
    struct planner_fixture fixture = {0};
    struct plan *plan = plan_of(&fixture, &mounted);
    struct buffer path = {0};
    assert_int_equal(plan->file_count, 2);
    assert_view_equal(plan_file_name(plan, &fixture.set, 0), "D");
    assert_view_equal(plan_file_name(plan, &fixture.set, 1), "a");
    plan_source_path(plan, &fixture.set, 1, &path);
    assert_view_equal(buffer_view(&path), "D:\\M\\D\\a");
    path.n = 0;
    struct set_volume *volume = (struct set_volume *)(uintptr_t)fixture.set.description.volumes;
    volume->mount_count = 0;
    volume->prefix = VIEW("v0");
    plan_source_path(plan, &fixture.set, 1, &path);
    assert_view_equal(buffer_view(&path), "v0\\D\\a");
    buffer_free(&path);
    plan_free(plan);
    planner_fixture_fini(&fixture);
}

static void saving_where_nothing_can_be_saved_leaves_nothing(void **state)
{
    (void)state;
    struct planner_fixture fixture = {0};
    struct plan *plan = plan_of(&fixture, &mapped);
    vsr_error error = {0};
    assert_int_not_equal(plan_save(plan, AT_FDCWD, path_of("no/such"), &error), VSR_OK);
    assert_int_not_equal(error.code, VSR_OK);
    plan_free(plan);
    planner_fixture_fini(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(saved_and_loaded_is_the_same),
        cmocka_unit_test(every_byte_is_distrusted),
        cmocka_unit_test(damaged_cut_and_foreign_files_are_refused),
        cmocka_unit_test(links_stay_in_their_group),
        cmocka_unit_test(numbers_that_no_plan_has_are_refused),
        cmocka_unit_test(what_cannot_be_written_leaves_nothing),
        cmocka_unit_test(a_plan_is_a_file_of_its_own),
        cmocka_unit_test(a_plan_that_is_not_there_cannot_be_opened),
        cmocka_unit_test(paths_are_those_of_the_record),
        cmocka_unit_test(saving_where_nothing_can_be_saved_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
