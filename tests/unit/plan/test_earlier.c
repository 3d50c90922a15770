/* test_earlier.c - what earlier runs restored, and which of their units a component adds to. */
#include "base/buffer.h"
#include "plan/earlier.h"
#include "vsr_test.h"

static const struct uuid writer = {{1}}, other_writer = {{2}};
static const struct uuid first = {{11}}, second = {{12}}, unknown = {{13}};

static void unit_add(struct earlier *earlier, const char *run, const struct uuid *instance,
                     const char *name, bool whole)
{
    const struct earlier_unit unit = {.writer_id = writer,
                                      .instance_id = *instance,
                                      .full_name = view_of(name),
                                      .verdict = VIEW("original"),
                                      .run = view_of(run),
                                      .whole = whole};
    earlier_add_unit(earlier, &unit);
}

/* "run name+" of what is found for lp\name; "-": not in place. */
static const char *found(const struct earlier *earlier, const struct uuid *instance, const char *lp,
                         const char *full)
{
    static char text[128];
    const struct earlier_unit *unit =
        earlier_find(earlier, &writer, instance, view_of(lp), view_of(full));
    if (unit == NULL) {
        return "none";
    }
    (void)snprintf(text, sizeof text, "%.*s %.*s%s", VIEW_ARG(unit->run), VIEW_ARG(unit->full_name),
                   unit->whole ? "+" : "-");
    return text;
}

static void the_newest_run_counts(void **state)
{
    (void)state;
    struct earlier earlier = {0};
    unit_add(&earlier, "one", &first, "data\\db", false);
    unit_add(&earlier, "two", &first, "data\\db", true);
    unit_add(&earlier, "two", &first, "gone", true);
    assert_string_equal(found(&earlier, &first, "data", "DATA\\db"), "two data\\db+");
    assert_string_equal(found(&earlier, &first, "", "nothing"), "none");
    assert_string_equal(found(&earlier, &first, "", "data"), "two data\\db+");
    assert_null(earlier_find(&earlier, &other_writer, &first, VIEW("data"), VIEW("data\\db")));
    earlier_free(&earlier);
}

static void what_stands_above_or_below_counts(void **state)
{
    (void)state;
    struct earlier earlier = {0};
    unit_add(&earlier, "one", &first, "S", true);
    unit_add(&earlier, "one", &first, "S\\a", false);
    unit_add(&earlier, "one", &first, "S\\b", true);
    assert_string_equal(found(&earlier, &first, "", "S"), "one S\\a-"); /* one bad part is enough */
    assert_string_equal(found(&earlier, &first, "S\\b", "S\\b\\c"), "one S\\b+");
    assert_string_equal(found(&earlier, &first, "Set", "Set\\x"), "none");
    earlier_free(&earlier);
}

static void instances_are_told_apart_where_they_can_be(void **state)
{
    (void)state;
    struct earlier earlier = {0};
    unit_add(&earlier, "one", &first, "db", false);
    unit_add(&earlier, "one", &second, "db", true);
    assert_string_equal(found(&earlier, &second, "", "db"), "one db+");
    assert_string_equal(found(&earlier, &first, "", "db"), "one db-");
    assert_string_equal(found(&earlier, &unknown, "", "db"), "one db-"); /* started anew since */
    earlier_free(&earlier);
}

static void places_are_found_again(void **state)
{
    (void)state;
    enum { PLACES = 5000 };
    struct earlier earlier = {0};
    char path[64];
    for (int i = 0; i < PLACES; i++) {
        (void)snprintf(path, sizeof path, "/mnt/c/%d", i);
        earlier_add_place(&earlier, view_of(path));
        earlier_add_place(&earlier, view_of(path));
    }
    assert_int_equal(earlier.place_count, PLACES);
    for (int i = 0; i < PLACES; i++) {
        (void)snprintf(path, sizeof path, "/mnt/c/%d", i);
        assert_true(earlier_has_place(&earlier, view_of(path)));
        (void)snprintf(path, sizeof path, "/mnt/C/%d", i);
        assert_false(earlier_has_place(&earlier, view_of(path)));
    }
    assert_false(earlier_has_set(&earlier, &first));
    earlier_add_set(&earlier, &first);
    assert_true(earlier_has_set(&earlier, &first));
    earlier_free(&earlier);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_newest_run_counts),
        cmocka_unit_test(what_stands_above_or_below_counts),
        cmocka_unit_test(instances_are_told_apart_where_they_can_be),
        cmocka_unit_test(places_are_found_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
