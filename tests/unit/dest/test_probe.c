/* test_probe.c - what the planner is told of real folders: types, spellings, obstacles.
 *
 * Goal: names are found without regard to case and come back as they stand; nothing but a regular
 * file that may be renamed over is replaceable; no answer leaves the mapped root. */
#include "vsr_test.h"

#include "dest/probe.h"
#include "media_fixture.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

struct world {
    char folder[64];
    char path[192];
    struct probe *probe;
    struct plan_facts facts;
    struct fact_directory top;
};

static const char *world_path(struct world *w, const char *name)
{
    (void)snprintf(w->path, sizeof w->path, "%s/%s", w->folder, name);
    return w->path;
}

static void make_file(struct world *w, const char *name)
{
    const int fd = open(world_path(w, name), O_CREAT | O_WRONLY | O_EXCL, 0644);
    assert_int_not_equal(fd, -1);
    assert_int_equal(write(fd, "123", 3), 3);
    (void)close(fd);
}

static int world_open(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    fixture_folder(w->folder);
    make_file(w, "Data.MDF");
    make_file(w, "twice");
    make_file(w, "TWICE");
    assert_int_equal(mkdir(world_path(w, "Folder"), 0755), 0);
    make_file(w, "Folder/inner");
    assert_int_equal(symlink("/etc", world_path(w, "link")), 0);
    assert_int_equal(mkfifo(world_path(w, "pipe"), 0600), 0);
    *state = w;
    return 0;
}

static void world_probe(struct world *w, const struct probe_options *options)
{
    vsr_error error = {0};
    const struct plan_mapped_root root = {VIEW("C:"), view_of(w->folder), false};
    assert_int_equal(probe_open(&w->probe, &root, 1, options, &error), VSR_OK);
    w->facts = probe_facts(w->probe);
    assert_int_equal(w->facts.root(w->facts.context, 0, &w->top, &error), VSR_OK);
}

static int world_close(void **state)
{
    struct world *w = *state;
    if (w->probe != NULL) {
        probe_close(w->probe);
    }
    fixture_remove(w->folder);
    free(w);
    return 0;
}

static struct fact look(struct world *w, const char *name)
{
    struct fact fact;
    vsr_error error = {0};
    assert_int_equal(w->facts.lookup(w->facts.context, w->top.handle, view_of(name), &fact, &error),
                     VSR_OK);
    return fact;
}

static void test_entries(void **state)
{
    struct world *w = *state;
    world_probe(w, &(struct probe_options){0});
    assert_true(w->top.exists && w->top.writable && w->top.case_sensitive);
    assert_int_equal(w->top.name_bytes_max, 255);
    struct fact fact = look(w, "data.mdf");
    assert_int_equal(fact.type, FACT_FILE);
    assert_view_equal(fact.name, "Data.MDF");
    assert_true(fact.replaceable && !fact.ambiguous);
    assert_int_equal(fact.size, 3);
    assert_int_equal(look(w, "absent").type, FACT_ABSENT);
    assert_true(look(w, "Twice").ambiguous);
    fact = look(w, "TWICE");
    assert_false(fact.ambiguous); /* the place holds both, and this is the one */
    assert_view_equal(fact.name, "TWICE");
    fact = look(w, "FOLDER");
    assert_int_equal(fact.type, FACT_DIRECTORY);
    assert_false(fact.replaceable);
    assert_non_null(fact.obstacle);
    fact = look(w, "LINK");
    assert_int_equal(fact.type, FACT_SYMLINK);
    assert_true(fact.replaceable); /* by another link */
    fact = look(w, "pipe");
    assert_int_equal(fact.type, FACT_OTHER);
    assert_false(fact.replaceable);
}

static void test_entering(void **state)
{
    struct world *w = *state;
    struct fact_directory inner, again;
    struct fact fact;
    vsr_error error = {0};
    world_probe(w, &(struct probe_options){0});
    assert_int_equal(w->facts.enter(w->facts.context, w->top.handle, VIEW("folder"), &inner, &fact,
                                    &error),
                     VSR_OK);
    assert_true(inner.exists);
    assert_view_equal(fact.name, "Folder");
    assert_int_equal(w->facts.lookup(w->facts.context, inner.handle, VIEW("INNER"), &fact, &error),
                     VSR_OK);
    assert_int_equal(fact.type, FACT_FILE);
    assert_int_equal(w->facts.enter(w->facts.context, w->top.handle, VIEW("FOLDER"), &again, NULL,
                                    &error),
                     VSR_OK);
    assert_int_equal(again.handle, inner.handle);
    assert_int_equal(w->facts.enter(w->facts.context, w->top.handle, VIEW("link"), &inner, &fact,
                                    &error),
                     VSR_OK);
    assert_false(inner.exists); /* a link is never entered */
    assert_non_null(inner.obstacle);
    assert_int_equal(w->facts.enter(w->facts.context, w->top.handle, VIEW("data.mdf"), &inner,
                                    &fact, &error),
                     VSR_OK);
    assert_false(inner.exists);
    assert_non_null(inner.obstacle);
    assert_int_equal(w->facts.enter(w->facts.context, w->top.handle, VIEW("absent"), &inner, &fact,
                                    &error),
                     VSR_OK);
    assert_false(inner.exists);
    assert_null(inner.obstacle);
}

static void test_mounts_are_not_crossed_unless_asked(void **state)
{
    struct world *w = *state;
    struct fact_directory inner;
    struct fact fact;
    vsr_error error = {0};
    if (mount("none", world_path(w, "Folder"), "tmpfs", 0, "size=64k") != 0) {
        skip_because("no tmpfs can be mounted here");
    }
    for (int crossing = 0; crossing < 2; crossing++) {
        world_probe(w, &(struct probe_options){.cross_mounts = crossing != 0});
        const vsr_code code =
            w->facts.enter(w->facts.context, w->top.handle, VIEW("folder"), &inner, &fact, &error);
        probe_close(w->probe);
        w->probe = NULL;
        if (crossing != 0) {
            (void)umount(world_path(w, "Folder"));
        }
        assert_int_equal(code, VSR_OK);
        assert_true(fact.mount_point);
        assert_int_equal(inner.exists, crossing);
    }
}

static void test_live_trees_ask_for_a_lease(void **state)
{
    struct world *w = *state;
    const int fd = open(world_path(w, "Data.MDF"), O_RDWR);
    assert_int_not_equal(fd, -1);
    world_probe(w, &(struct probe_options){.tree = TREE_LIVE, .in_use = IN_USE_LEASE});
    const struct fact busy = look(w, "data.mdf");
    probe_close(w->probe);
    world_probe(w, &(struct probe_options){.tree = TREE_LIVE, .in_use = IN_USE_IGNORE});
    const struct fact ignored = look(w, "data.mdf");
    (void)close(fd);
    assert_false(busy.replaceable);
    assert_non_null(strstr(busy.obstacle, "in use"));
    assert_true(ignored.replaceable);
}

static void test_a_root_below_the_root_option_need_not_exist(void **state)
{
    struct world *w = *state;
    struct fact_directory top;
    vsr_error error = {0};
    const char *missing = world_path(w, "not/yet");
    const struct plan_mapped_root root = {VIEW("D:"), view_of(missing), true};
    assert_int_equal(probe_open(&w->probe, &root, 1, &(struct probe_options){0}, &error), VSR_OK);
    w->facts = probe_facts(w->probe);
    assert_int_equal(w->facts.root(w->facts.context, 0, &top, &error), VSR_OK);
    assert_false(top.exists);
    assert_true(top.writable && top.case_sensitive); /* as the folder it will be made in */
    assert_int_equal(top.name_bytes_max, 255);
    probe_close(w->probe);
    w->probe = NULL;
    const struct plan_mapped_root typed = {VIEW("D:"), view_of(missing), false};
    assert_int_not_equal(probe_open(&w->probe, &typed, 1, &(struct probe_options){0}, &error),
                         VSR_OK);
    w->probe = NULL;
}

/* What is said of a volume that stands below --root, which is the world's folder; the fact's path
 * without it. */
static struct fact_directory ask_below_root(struct world *w, const char *dir, char path[128])
{
    struct probe *probe = NULL;
    vsr_error error = {0};
    struct fact_directory fact;
    const struct plan_mapped_root root = {VIEW("X"), view_of(world_path(w, dir)), true,
                                          (uint32_t)strlen(w->folder)};
    const struct probe_options options = {.tree = TREE_OFFLINE};
    assert_int_equal(probe_open(&probe, &root, 1, &options, &error), VSR_OK);
    const struct plan_facts facts = probe_facts(probe);
    assert_int_equal(facts.root(facts.context, 0, &fact, &error), VSR_OK);
    (void)snprintf(path, 128, "%.*s", VIEW_ARG(view_skip(fact.path, strlen(w->folder))));
    probe_close(probe);
    return fact;
}

static void a_place_below_root_is_found_whatever_its_case(void **state)
{
    struct world *w = *state;
    char path[128];
    assert_int_equal(mkdir(world_path(w, "UNC"), 0755), 0);
    assert_int_equal(mkdir(world_path(w, "UNC/srv"), 0755), 0);
    assert_false(ask_below_root(w, "Unc/SRV/Share", path).exists);
    assert_string_equal(path, "/UNC/srv/Share");
    assert_int_equal(mkdir(world_path(w, "UNC/srv/share"), 0755), 0);
    assert_true(ask_below_root(w, "Unc/SRV/Share", path).exists);
    assert_string_equal(path, "/UNC/srv/share");
    assert_int_equal(mkdir(world_path(w, "UNC/srv/SHARE"), 0755), 0);
    const struct fact_directory either = ask_below_root(w, "UNC/srv/Share", path);
    assert_true(either.ambiguous && !either.exists);
    assert_true(ask_below_root(w, "UNC/srv/SHARE", path).exists);
    assert_string_equal(path, "/UNC/srv/SHARE");
    assert_int_equal(mkdir(world_path(w, "c"), 0755), 0);
    assert_true(ask_below_root(w, "C", path).exists);
    assert_string_equal(path, "/c");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_open, world_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_entries),
        TEST(test_entering),
        TEST(test_mounts_are_not_crossed_unless_asked),
        TEST(test_live_trees_ask_for_a_lease),
        TEST(test_a_root_below_the_root_option_need_not_exist),
        TEST(a_place_below_root_is_found_whatever_its_case),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
