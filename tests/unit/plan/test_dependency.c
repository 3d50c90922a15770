/* test_dependency.c - what else must be restored, and what if it cannot be (rules 4.9; ruling 15).
 * T16 to T18 stand in test_select.c. */
#include "selection_text.h"

static void dependency_of_a_member_is_widened_and_followed(void **state)
{
    struct fixture *f = *state;
    load(f, BCD(PART("1", ENTRY("", "A")) PART("2", ENTRY("", "B")) PART("3", ENTRY("", "C"))),
         WMD("1", GROUP("", "A", "no", "") GROUP("A", "in", "yes", DEPENDENCY("2", "B", "x"))),
         WMD("2", GROUP("", "B", "no", DEPENDENCY("3", "C", "s")) GROUP("B", "x", "no", "")),
         WMD("3", GROUP("", "C", "no", "") GROUP("C", "s", "yes", "") GROUP("C", "t", "yes", "")));
    assert_string_equal(scopes_of(f, CHOOSE(ID1 ":A")), "A{A,A\\in}; B{B,B\\x}; C{C\\s/C\\s}");
    assert_string_equal(scopes_of(f, CHOOSE(ID3 ":C")), "C{C,C\\s,C\\t}"); /* one direction */
}

static void dependency_not_in_the_backup(void **state)
{
    struct fixture *f = *state;
    load(f, BCD(PART("1", ENTRY("", "A") ENTRY("", "D")) PART("2", ENTRY("", "B"))),
         WMD("1", GROUP("", "A", "no", DEPENDENCY("2", "", "C"))
                      GROUP("", "D", "no", DEPENDENCY("3", "", "C") DEPENDENCY("1", "", "A"))),
         WMD("2", GROUP("", "B", "no", "") GROUP("", "C", "no", "")));
    assert_string_equal(scopes_of(f, AUTO), "A{A}; D{D}; B{B}");
    assert_int_equal(warnings_with(f, "is not in this backup"), 2);
    assert_int_equal(warnings_with(f, "own writer"), 1);
    assert_string_equal(scopes_of(f, REFUSE),
                        "A{A}!DEPENDENCY_MISSING; D{D}!DEPENDENCY_MISSING; B{B}");
    assert_string_equal(f->selection.scopes[0].rule, "4.9");
    assert_string_equal(scopes_of(f, IGNORE), "A{A}; D{D}; B{B}");
    assert_int_equal(f->selection.warning_count, 0);
}

static void dependencies_are_told_once(void **state)
{
    struct fixture *f = *state;
    load(f, BCD(PART("1", ENTRY("", "A")) PART("2", ENTRY("", "B"))),
         WMD("1",
             GROUP("", "A", "no", DEPENDENCY("2", "", "\\\\HOST\\B") DEPENDENCY("2", "", "B"))),
         WMD("2", GROUP("", "B", "no", "")));
    assert_string_equal(scopes_of(f, CHOOSE(ID1)), "A{A}; B{B}"); /* in two passes */
    assert_int_equal(warnings_with(f, "another machine"), 1);
}

static void dependency_that_is_excluded_stays_out(void **state)
{
    struct fixture *f = *state;
    load(f, BCD(PART("1", ENTRY("", "A")) PART("2", ENTRY("", "B"))),
         WMD("1", GROUP("", "A", "no", DEPENDENCY("2", "", "B"))),
         WMD("2", GROUP("", "B", "no", "")));
    assert_string_equal(scopes_of(f, EXCLUDE(ID2)), "A{A}");
    assert_int_equal(warnings_with(f, "is excluded"), 1);
    assert_string_equal(scopes_of(f, EXCLUDE(ID2), REFUSE), "A{A}!DEPENDENCY_MISSING");
}

/* A -> B -> C, and C's backup failed. */
static void dependency_on_a_refused_unit(void **state)
{
    struct fixture *f = *state;
    load(f,
         BCD(PART("1", ENTRY("", "A")) PART("2", ENTRY("", "B"))
                 PART("3", ENTRY_AS("", "C", "filegroup", "backupSucceeded='no'", ""))),
         WMD("1", GROUP("", "A", "no", DEPENDENCY("2", "", "B"))),
         WMD("2", GROUP("", "B", "no", DEPENDENCY("3", "", "C"))),
         WMD("3", GROUP("", "C", "no", DEPENDENCY("1", "", "A"))));
    assert_string_equal(scopes_of(f, AUTO), "A{A}; B{B}; C{C}!BACKUP_FAILED");
    assert_int_equal(warnings_with(f, "is refused itself"), 1);
    assert_string_equal(scopes_of(f, REFUSE),
                        "A{A}!DEPENDENCY_MISSING; B{B}!DEPENDENCY_MISSING; C{C}!BACKUP_FAILED");
    assert_string_equal(scopes_of(f, CHOOSE(ID3 ":C")), "C{C}!BACKUP_FAILED"); /* brings none */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(dependency_of_a_member_is_widened_and_followed),
        TEST(dependency_not_in_the_backup),
        TEST(dependencies_are_told_once),
        TEST(dependency_that_is_excluded_stays_out),
        TEST(dependency_on_a_refused_unit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
