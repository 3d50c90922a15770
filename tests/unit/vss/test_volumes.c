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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
