/* test_meta.c - owners of the media that nobody can be given.
 *
 * Goal: a file, a folder and a link whose media name user or group 4294967295 - which a call that
 * gives owners takes for "as it is" - have a loss told by their rows, not an owner that is silently
 * another one. Method: a set with such owners, restored with those of the media. Times that a
 * destination does not hold: fault/test_times.py N09. */
#include "vsr_test.h"

#include "publish_world.h"

#include "media_fixture.h"

#include <unistd.h>

enum { OF_CALLER = -2 };

static const struct {
    const char *path;
    enum fixture_kind kind;
    int64_t uid, gid; /* OF_CALLER: those of the test */
    bool is_lost;
} cases[] = {
    {"a", FIXTURE_FILE, OF_CALLER, OF_CALLER, false},
    {"b", FIXTURE_FILE, UINT32_MAX, OF_CALLER, true},
    {"c", FIXTURE_FILE, OF_CALLER, UINT32_MAX, true},
    {"d", FIXTURE_FILE, UINT32_MAX, UINT32_MAX, true},
    {"e", FIXTURE_DIRECTORY, UINT32_MAX, UINT32_MAX, true},
    {"f", FIXTURE_SYMLINK, OF_CALLER, OF_CALLER, false},
    {"g", FIXTURE_SYMLINK, UINT32_MAX, OF_CALLER, true},
};

static int files_open(void **state)
{
    struct fixture_file files[COUNT_OF(cases)];
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        files[i] = (struct fixture_file){
            .path = cases[i].path,
            .kind = cases[i].kind,
            .content = {"content", cases[i].kind == FIXTURE_DIRECTORY ? 0 : 7},
            .uid = cases[i].uid == OF_CALLER ? geteuid() : (uint32_t)cases[i].uid,
            .gid = cases[i].gid == OF_CALLER ? getegid() : (uint32_t)cases[i].gid,
            .modify_s = 1500000000,
        };
    }
    struct world *w = world_create(files, COUNT_OF(files));
    world_plan(w);
    *state = w;
    return 0;
}

static void test_owner_that_is_none_is_a_loss(void **state)
{
    struct world *w = *state;
    const struct meta_loss of_owner = {.owners = 1};
    uint32_t lost = 0;
    w->r.owners = true;
    assert_int_equal(restore_run(&w->r), VSR_OK);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct outcome_row *row = &w->r.rows[restore_file(&w->r, cases[i].path)];
        print_message("%s\n", cases[i].path);
        assert_int_equal(row->loss, cases[i].is_lost ? meta_loss_bits(&of_owner) : 0);
        lost += cases[i].is_lost ? 1 : 0;
    }
    assert_int_equal(w->r.losses.owners, lost);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_owner_that_is_none_is_a_loss, files_open, world_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
