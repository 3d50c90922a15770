/* test_shelf.c - sets found by their uuid in folders.
 *
 * Real folders with small sets in them, one broken, some things that are none. */
#include "media/shelf.h"
#include "media_fixture.h"
#include "vsr_test.h"

#include <sys/stat.h>
#include <unistd.h>

static char folder[64];

static const char *below(const char *name)
{
    static char path[4][128];
    static unsigned turn;
    char *out = path[turn++ % 4];
    (void)snprintf(out, sizeof path[0], "%s/%s", folder, name);
    return out;
}

static struct uuid uuid_of(uint8_t number)
{
    return (struct uuid){{number}};
}

static void set_make(const char *name, uint8_t number)
{
    static const struct fixture_file file = {.path = "a", .content = VIEW("a")};
    const struct fixture fixture = {.files = &file, .file_count = 1, .uuid = uuid_of(number)};
    fixture_write(below(name), &fixture);
}

static const char *found(const struct shelf *shelf, uint8_t number)
{
    const struct uuid uuid = uuid_of(number);
    const struct shelf_set *set = shelf_find(shelf, &uuid);
    return set != NULL ? set->path.p + strlen(folder) : NULL;
}

static int folders_make(void **state)
{
    (void)state;
    fixture_folder(folder);
    assert_int_equal(mkdir(below("here"), 0755), 0);
    assert_int_equal(mkdir(below("here/empty"), 0755), 0);
    assert_int_equal(mkdir(below("here/broken"), 0755), 0);
    assert_int_equal(mkdir(below("there"), 0755), 0);
    set_make("here/one", 1);
    set_make("here/two", 2);
    set_make("there/three", 3);
    set_make("alone", 4);
    assert_int_equal(fixture_shell("echo '{}' > %s/here/broken/set.json", folder), 0);
    assert_int_equal(symlink("../there/three", below("here/link")), 0);
    return 0;
}

static int folders_remove(void **state)
{
    (void)state;
    fixture_remove(folder);
    return 0;
}

static void sets_are_found_beside_a_set(void **state)
{
    (void)state;
    struct shelf shelf = {0};
    shelf_add_beside(&shelf, below("here/one/"));
    assert_string_equal(found(&shelf, 1), "/here/one");
    assert_string_equal(found(&shelf, 2), "/here/two");
    assert_string_equal(found(&shelf, 3), "/here/link");
    assert_null(found(&shelf, 4));
    assert_int_equal(shelf.folder_count, 1); /* by its name and really: the same */
    assert_int_equal(shelf.unreadable_count, 1);
    assert_non_null(strstr(shelf_text(&shelf).p, "/here' (1 sets"));
    shelf_free(&shelf);
}

static void a_link_stands_in_two_folders(void **state)
{
    (void)state;
    struct shelf shelf = {0};
    shelf_add_beside(&shelf, below("here/link"));
    assert_int_equal(shelf.folder_count, 2);
    assert_string_equal(found(&shelf, 2), "/here/two");
    assert_string_equal(found(&shelf, 3), "/here/link"); /* the first found */
    shelf_free(&shelf);
}

static void folders_are_named_or_are_sets(void **state)
{
    (void)state;
    struct shelf shelf = {0};
    vsr_error error = {0};
    assert_int_equal(shelf_add_folder(&shelf, below("there"), &error), VSR_OK);
    assert_int_equal(shelf_add_folder(&shelf, below("there/."), &error), VSR_OK);
    assert_int_equal(shelf_add_folder(&shelf, below("alone"), &error), VSR_OK);
    assert_int_equal(shelf.folder_count, 2);
    assert_string_equal(found(&shelf, 3), "/there/three");
    assert_string_equal(found(&shelf, 4), "/alone");
    assert_int_equal(shelf_add_folder(&shelf, below("nowhere"), &error), VSR_ERR_MEDIA);
    assert_non_null(strstr(error.what, "nowhere"));
    shelf_free(&shelf);
}

static void a_relative_set_stands_here(void **state)
{
    (void)state;
    struct shelf shelf = {0};
    char here[4096];
    const struct uuid two = uuid_of(2);
    assert_non_null(getcwd(here, sizeof here));
    assert_int_equal(chdir(below("here")), 0);
    shelf_add_beside(&shelf, "one");
    assert_non_null(shelf_find(&shelf, &two));
    assert_int_equal(chdir(below("here/one")), 0);
    shelf_free(&shelf);
    shelf_add_beside(&shelf, ".");
    assert_non_null(shelf_find(&shelf, &two));
    shelf_free(&shelf);
    assert_int_equal(chdir(here), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sets_are_found_beside_a_set),
        cmocka_unit_test(a_link_stands_in_two_folders),
        cmocka_unit_test(folders_are_named_or_are_sets),
        cmocka_unit_test(a_relative_set_stands_here),
    };
    return cmocka_run_group_tests(tests, folders_make, folders_remove);
}
