/* test_volumes.c - one volume, whatever it was called by (contract, section 3). */
#include "vsr_test.h"

#include "base/limits.h"
#include "vss/volumes.h"

#define GUID_A "\\\\?\\Volume{6D7A1F00-0000-0000-0000-100000000000}"
#define GUID_B "\\\\?\\Volume{6d7a1f00-0000-0000-0000-200000000000}"

struct fixture {
    struct arena arena;
    struct volume_table table;
};

static int set_up(void **state)
{
    static struct fixture fixture;
    fixture = (struct fixture){0};
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    volume_table_free(&fixture->table);
    arena_free(&fixture->arena);
    return 0;
}

static bool add(struct fixture *fixture, const char *spec, uint32_t volume)
{
    const char *fault = NULL;
    const bool added =
        volume_table_add(&fixture->table, &fixture->arena, view_of(spec), volume, &fault);
    assert_true(added || fault != NULL);
    return added;
}

static uint32_t find(struct fixture *fixture, const char *text, struct view *below)
{
    struct win_path path;
    assert_int_equal(win_path_parse(&fixture->arena, view_of(text), &path), WIN_PATH_OK);
    return volume_table_find(&fixture->table, &path, below);
}

#define assert_found(fixture, text, volume, want)                                                  \
    do {                                                                                           \
        struct view below_ = VIEW_NONE;                                                            \
        assert_int_equal(find(fixture, text, &below_), volume);                                    \
        assert_view_equal(below_, want);                                                           \
    } while (0)

static void every_form_of_spec_is_taken(void **state)
{
    struct fixture *f = *state;
    assert_true(add(f, "c:", 0));
    assert_true(add(f, "D:\\", 1));
    assert_true(add(f, GUID_A "\\", 0));
    assert_true(add(f, "\\\\Server\\Share", 2));
    assert_true(add(f, "C:\\Mounts\\Data\\", 3));
    assert_found(f, "C:\\", 0, "");
    assert_found(f, "c:\\Windows\\x", 0, "Windows\\x");
    assert_found(f, "d:\\a", 1, "a");
    assert_found(f, "\\\\?\\volume{6d7a1f00-0000-0000-0000-100000000000}\\Boot", 0, "Boot");
    assert_found(f, "\\\\SERVER\\share\\a\\b", 2, "a\\b");
    assert_found(f, "C:\\MOUNTS\\data\\a", 3, "a");
    assert_found(f, "C:\\Mounts\\Data", 3, "");
    assert_found(f, "C:\\Mounts\\Data2\\a", 0, "Mounts\\Data2\\a");
    assert_found(f, "C:\\Mounts", 0, "Mounts");
    struct view below = VIEW_NONE;
    assert_int_equal(find(f, "E:\\x", &below), MARK_NONE);
    assert_int_equal(find(f, GUID_B "\\x", &below), MARK_NONE);
    assert_int_equal(find(f, "\\\\server\\share2\\x", &below), MARK_NONE);
}

static void a_spec_belongs_to_one_volume(void **state)
{
    struct fixture *f = *state;
    assert_true(add(f, "C:", 0));
    assert_true(add(f, "c:\\", 0));
    assert_int_equal(f->table.count, 1);
    assert_false(add(f, "C:\\", 1));
    assert_true(add(f, "C:\\M", 1));
    assert_false(add(f, "c:\\m\\", 2));
    assert_int_equal(f->table.count, 2);
}

static void what_is_no_spec_is_refused(void **state)
{
    static const char *const specs[] = {"", "C", "C:x", "\\x", "x\\y", "C:\\*", "C:\\..\\a", ":\\"};
    struct fixture *f = *state;
    for (size_t i = 0; i < COUNT_OF(specs); i++) {
        if (add(f, specs[i], 0)) {
            fail_msg("\"%s\" was taken", specs[i]);
        }
    }
}

/* The folder is a mount through every name of the volume that it stands on. */
static void mount_folders_are_found_through_other_names(void **state)
{
    struct fixture *f = *state;
    assert_true(add(f, "C:\\M\\N", 2)); /* on volume 1, which stands at C:\M */
    assert_true(add(f, "C:", 0));
    assert_true(add(f, "C:\\M", 1));
    assert_true(add(f, GUID_A, 0));
    assert_true(add(f, GUID_B, 1));
    assert_found(f, GUID_A "\\m\\x", 1, "x");
    assert_found(f, GUID_A "\\M\\n\\x", 2, "x");
    assert_found(f, GUID_B "\\N\\x", 2, "x");
    assert_found(f, GUID_B "\\x", 1, "x");
    assert_found(f, "C:\\M\\N\\x", 2, "x");
}

/* Of two folders on the way the deeper one counts. */
static void the_deeper_mount_folder_wins(void **state)
{
    struct fixture *f = *state;
    assert_true(add(f, "\\\\server\\c", 0));
    assert_true(add(f, GUID_A, 0));
    assert_true(add(f, GUID_A "\\M\\N", 2));
    assert_true(add(f, "C:", 0));
    assert_true(add(f, "C:\\M", 1));
    assert_found(f, "\\\\server\\c\\M\\N\\x", 2, "x");
    assert_found(f, "\\\\server\\c\\M\\x", 1, "x");
}

/* A volume mounted inside itself ends all the same. */
static void a_volume_inside_itself_ends(void **state)
{
    struct fixture *f = *state;
    assert_true(add(f, "C:", 0));
    assert_true(add(f, "C:\\Self", 0));
    assert_found(f, "C:\\Self\\Self\\Self\\x", 0, "x");
}

/* As the header says it, by comparing everything with everything. */
static uint32_t longest_plainly(const struct volume_table *table, struct view full, uint32_t except,
                                struct arena *arena, struct view *below)
{
    uint32_t best = MARK_NONE;
    for (uint32_t i = 0; i < table->count; i++) {
        const struct view spec = win_path_text(arena, &table->specs[i].path);
        const bool whole = full.n <= spec.n || spec.p[spec.n - 1] == '\\' || full.p[spec.n] == '\\';
        if (i == except || full.n < spec.n || !whole ||
            !win_fold_equal((struct view){full.p, spec.n}, spec)) {
            continue;
        }
        struct view left = view_skip(full, spec.n);
        left = view_starts(left, VIEW("\\")) ? view_skip(left, 1) : left;
        if (best == MARK_NONE || left.n < below->n) {
            best = i;
            *below = left;
        }
    }
    return best;
}

/* One step into the mount folder that is nearest to the end of *below, if one is on the way. */
static bool entered_plainly(const struct volume_table *table, struct arena *arena, uint32_t *volume,
                            struct view *below)
{
    uint32_t best = MARK_NONE;
    struct view best_left = VIEW_NONE;
    for (uint32_t i = 0; i < table->count; i++) {
        struct view inside = VIEW_NONE;
        const struct view spec = win_path_text(arena, &table->specs[i].path);
        const uint32_t host = table->specs[i].path.rest.n == 0
                                  ? MARK_NONE
                                  : longest_plainly(table, spec, i, arena, &inside);
        if (host == MARK_NONE || table->specs[host].volume != *volume || below->n < inside.n ||
            !win_fold_equal((struct view){below->p, inside.n}, inside) ||
            (below->n > inside.n && below->p[inside.n] != '\\')) {
            continue;
        }
        struct view left = view_skip(*below, inside.n);
        left = left.n > 0 ? view_skip(left, 1) : left;
        if (best == MARK_NONE || left.n < best_left.n) {
            best = i;
            best_left = left;
        }
    }
    if (best != MARK_NONE) {
        *volume = table->specs[best].volume;
        *below = best_left;
    }
    return best != MARK_NONE;
}

static const char *drawn_path(unsigned *seed, char out[64])
{
    static const char *const tops[] = {"C:", "D:", GUID_A, GUID_B};
    static const char *const names[] = {"a", "B", "A"};
    size_t n = (size_t)snprintf(out, 64, "%s", tops[rand_r(seed) % 4]);
    for (int depth = rand_r(seed) % 4; depth > 0; depth--) {
        n += (size_t)snprintf(out + n, 64 - n, "\\%s", names[rand_r(seed) % 3]);
    }
    (void)snprintf(out + n, 64 - n, "%s", n == 2 || out[1] == '\\' ? "\\" : "");
    return out;
}

/* Small tables of few names: the hashes find what comparing finds. */
static void look_ups_are_what_comparing_comes_to(void **state)
{
    struct fixture *f = *state;
    unsigned seed = 1;
    for (int round = 0; round < 400; round++) {
        char text[64];
        for (int i = rand_r(&seed) % 12; i > 0; i--) {
            const uint32_t volume = (uint32_t)rand_r(&seed) % 4;
            (void)add(f, drawn_path(&seed, text), volume);
        }
        for (int i = 0; i < 20; i++) {
            struct view below = VIEW_NONE, want = VIEW_NONE;
            struct win_path path;
            const uint32_t found = find(f, drawn_path(&seed, text), &below);
            assert_int_equal(win_path_parse(&f->arena, view_of(text), &path), WIN_PATH_OK);
            const uint32_t spec = longest_plainly(&f->table, win_path_text(&f->arena, &path),
                                                  MARK_NONE, &f->arena, &want);
            uint32_t volume = spec == MARK_NONE ? MARK_NONE : f->table.specs[spec].volume;
            while (spec != MARK_NONE && entered_plainly(&f->table, &f->arena, &volume, &want)) {
            }
            assert_int_equal(found, volume);
            assert_true(spec == MARK_NONE || view_equal(below, want));
        }
        (void)tear_down(state);
        *f = (struct fixture){0};
    }
}

/* As many as a set may name, and the paths of large documents: by comparing, it took hours. */
static void a_thousand_volumes_cost_a_path_no_more(void **state)
{
    struct fixture *f = *state;
    char text[256];
    assert_true(add(f, "C:", 0));
    assert_true(add(f, GUID_A, 0));
    for (uint32_t i = 1; i < SET_MOUNTS_MAX; i++) {
        (void)snprintf(text, sizeof text, "C:\\Mounts\\of some length\\%u", i);
        assert_true(add(f, text, i));
    }
    for (uint32_t i = 0; i < 100000; i++) {
        (void)snprintf(text, sizeof text, GUID_A "\\mounts\\OF some length\\%u\\x",
                       1 + i % (SET_MOUNTS_MAX - 1));
        assert_found(f, text, 1 + i % (SET_MOUNTS_MAX - 1), "x");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_form_of_spec_is_taken, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_spec_belongs_to_one_volume, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_no_spec_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(mount_folders_are_found_through_other_names, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(the_deeper_mount_folder_wins, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_volume_inside_itself_ends, set_up, tear_down),
        cmocka_unit_test_setup_teardown(look_ups_are_what_comparing_comes_to, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_thousand_volumes_cost_a_path_no_more, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
