/* test_match.c - the trie must say what rules 5.5 say, for every file and every set.
 *
 * Method: the rules' own vectors, then seeded random trees and sets held against a matcher
 * that tries all pairs. */
#include "vsr_test.h"

#include "base/limits.h"
#include "plan/match.h"

#include <stdlib.h>

enum { IDS_MAX = 64, VOLUMES = 2 };

static bool add(struct match *match, const char *below, const char *filespec, bool recursive,
                uint32_t id)
{
    return match_add(match,
                     &(struct match_set){0, view_of(below), view_of(filespec), recursive, id});
}

static struct match_place enter_path(const struct match *match, uint32_t volume,
                                     const char *directory)
{
    struct match_place place = match_root(match, volume);
    for (struct view rest = view_of(directory); rest.n > 0;) {
        place = match_enter(match, place, win_path_element(&rest));
    }
    return place;
}

/* The ids as text, for comparing at one glance. */
static const char *ids_text(const uint32_t *ids, uint32_t count)
{
    static char text[512];
    size_t used = 0;
    text[0] = '\0';
    for (uint32_t i = 0; i < count && i < IDS_MAX; i++) {
        used += (size_t)snprintf(text + used, sizeof text - used, i == 0 ? "%u" : " %u", ids[i]);
    }
    return text;
}

static const char *file_ids(const struct match *match, const char *directory, const char *name)
{
    uint32_t ids[IDS_MAX];
    struct match_name file = match_name_of(view_of(name));
    const uint32_t count = match_file(match, enter_path(match, 0, directory), &file, ids, IDS_MAX);
    return ids_text(ids, count);
}

static const char *directory_ids(const struct match *match, const char *directory)
{
    uint32_t ids[IDS_MAX];
    const uint32_t count = match_directory(match, enter_path(match, 0, directory), ids, IDS_MAX);
    return ids_text(ids, count);
}

/* Rules 5.6: the reference tree. */
static void reference_vectors(void **state)
{
    (void)state;
    struct match *match = match_create();
    assert_true(add(match, "D1", "File1.*", true, 1));
    assert_true(add(match, "D1", "*", true, 2));
    assert_true(add(match, "D1", "*", false, 3));
    match_seal(match);
    assert_string_equal(file_ids(match, "D1", "File1.txt"), "1 2 3");
    assert_string_equal(file_ids(match, "D1", "File2.txt"), "2 3");
    assert_string_equal(file_ids(match, "D1\\D2", "File1.txt"), "1 2");
    assert_string_equal(file_ids(match, "D1\\D2", "File2.txt"), "2");
    assert_string_equal(directory_ids(match, "D1"), "1 2 3");
    assert_string_equal(directory_ids(match, "D1\\D3"), "1 2"); /* T26: whatever the filespec */
    assert_string_equal(file_ids(match, "", "File1.txt"), "");
    assert_string_equal(directory_ids(match, ""), "");
    match_free(match);
}

static void t23_directories_match_by_element_and_without_case(void **state)
{
    (void)state;
    struct match *match = match_create();
    assert_true(add(match, "Data", "*", true, 7));
    match_seal(match);
    assert_string_equal(file_ids(match, "DATA\\sub", "f"), "7");
    assert_string_equal(file_ids(match, "Data2", "f"), "");
    assert_true(match_place_is_dead(enter_path(match, 0, "Data2")));
    assert_true(match_place_is_dead(match_root(match, 1)));
    match_free(match);
}

/* T20, T21, and literals of any case. */
static void names_match_as_windows_searches(void **state)
{
    (void)state;
    struct match *match = match_create();
    assert_true(add(match, "d", "*.*", false, 1));
    assert_true(add(match, "d", "*.", false, 2));
    assert_true(add(match, "d", "file?.txt", false, 3));
    assert_true(add(match, "d", "File.TXT", false, 4));
    match_seal(match);
    assert_string_equal(file_ids(match, "d", "README"), "1 2");
    assert_string_equal(file_ids(match, "d", "file.txt"), "1 3 4");
    match_free(match);
}

static void filespecs_that_are_none_are_refused(void **state)
{
    (void)state;
    struct match *match = match_create();
    assert_false(add(match, "d", "a\\b", false, 1)); /* T73 */
    match_seal(match);
    assert_true(match_place_is_dead(match_root(match, 0)));
    match_free(match);
}

/* The chain above goes on where a directory stands in the trie only on the way to another. */
static void chains_pass_through_directories_without_sets(void **state)
{
    (void)state;
    struct match *match = match_create();
    assert_true(add(match, "", "*.log", true, 5));
    assert_true(add(match, "a\\b\\c", "x", true, 2));
    match_seal(match);
    assert_string_equal(file_ids(match, "a\\b", "q.log"), "5");
    assert_string_equal(file_ids(match, "a\\b\\c\\d\\e", "x"), "2");
    assert_string_equal(directory_ids(match, "a\\b\\c\\d\\e"), "2 5");
    match_free(match);
}

static void the_lowest_ids_are_kept_when_room_is_short(void **state)
{
    (void)state;
    struct match *match = match_create();
    for (uint32_t i = 0; i < 9; i++) {
        assert_true(add(match, i % 2 == 0 ? "" : "d", "f", true, (i * 5) % 9));
    }
    assert_true(add(match, "d", "f*", true, 4)); /* an id for the second time */
    match_seal(match);
    uint32_t ids[4] = {99, 99, 99, 99};
    const struct match_place place = enter_path(match, 0, "d");
    struct match_name name = match_name_of(VIEW("f"));
    assert_true(match_file(match, place, &name, ids, 3) >= 9);
    assert_string_equal(ids_text(ids, 4), "0 1 2 99");
    assert_true(match_directory(match, place, ids, 2) >= 9);
    assert_string_equal(ids_text(ids, 4), "0 1 2 99");
    assert_true(match_file(match, place, &name, NULL, 0) >= 9);
    assert_string_equal(file_ids(match, "d", "f"), "0 1 2 3 4 5 6 7 8");
    match_free(match);
}

/* --- against all pairs --- */

static uint64_t random_state;

static uint32_t below(uint32_t bound)
{
    random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(random_state >> 33) % bound;
}

static const char *const directory_names[] = {"a", "A", "b", "ab", "\xC3\xBC", "\xC3\x9C", "c.d"};
static const char *const file_names[] = {"f",     "F",        "f.txt", "F.TXT",
                                         "g.txt", "\xC3\xBC", "f.t.x", "README"};
static const char *const filespecs[] = {"*",     "*.*", "f",      "F.txt",   "f*",       "?.txt",
                                        "*.t?t", "*.",  "",       "g.*",     "\xC3\x9C", "readme",
                                        "*.TXT", "*.t", "*..txt", "*.f.txt", "*.*.txt"};

/* A random directory, up to four deep, in out. */
static void random_directory(char *out, size_t bytes)
{
    size_t used = 0;
    out[0] = '\0';
    for (uint32_t depth = below(5); depth > 0; depth--) {
        used += (size_t)snprintf(out + used, bytes - used, used == 0 ? "%s" : "\\%s",
                                 directory_names[below(COUNT_OF(directory_names))]);
    }
}

struct random_set {
    char below[64];
    struct match_set set;
    struct win_spec spec;
};

static bool naive_in_directory(const struct random_set *set, struct view directory)
{
    struct view want = set->set.below;
    while (want.n > 0) {
        const struct view element = win_path_element(&want);
        if (directory.n == 0 || !win_fold_equal(element, win_path_element(&directory))) {
            return false;
        }
    }
    return directory.n == 0 || set->set.recursive;
}

/* name absent: the directory itself. */
static uint32_t naive_ids(const struct random_set *sets, uint32_t set_count, uint32_t volume,
                          struct view directory, struct view name, uint32_t *ids)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < set_count; i++) {
        const struct random_set *set = &sets[i];
        if (set->set.volume == volume && naive_in_directory(set, directory) &&
            (!view_present(name) || win_spec_match(&set->spec, name))) {
            ids[count++] = set->set.id;
        }
    }
    return count;
}

static void compare(const struct match *match, const struct random_set *sets, uint32_t set_count,
                    uint64_t seed)
{
    char directory[64];
    random_directory(directory, sizeof directory);
    const uint32_t volume = below(VOLUMES);
    const bool whole = below(4) == 0;
    const struct view name = whole ? VIEW_NONE : view_of(file_names[below(COUNT_OF(file_names))]);
    const struct match_place place = enter_path(match, volume, directory);
    uint32_t got[IDS_MAX];
    uint32_t want[IDS_MAX];
    struct match_name file = match_name_of(name);
    const uint32_t got_count = whole ? match_directory(match, place, got, IDS_MAX)
                                     : match_file(match, place, &file, got, IDS_MAX);
    const uint32_t want_count = naive_ids(sets, set_count, volume, view_of(directory), name, want);
    if (got_count != want_count || memcmp(got, want, want_count * sizeof *got) != 0) {
        fail_msg("seed %llu: volume %u, \"%s\", file \"%.*s\": %u ids (%s), want %u",
                 (unsigned long long)seed, volume, directory, VIEW_ARG(name), got_count,
                 ids_text(got, got_count), want_count);
    }
    if (want_count > 0) {
        assert_false(match_place_is_dead(place));
    }
}

static void one_random_case(uint64_t seed)
{
    struct arena arena = {0};
    struct random_set sets[40];
    random_state = seed * UINT64_C(0x9E3779B97F4A7C15) + 1;
    const uint32_t set_count = below(COUNT_OF(sets) + 1);
    struct match *match = match_create();
    for (uint32_t i = 0; i < set_count; i++) {
        struct random_set *set = &sets[i];
        random_directory(set->below, sizeof set->below);
        set->set = (struct match_set){below(VOLUMES), view_of(set->below),
                                      view_of(filespecs[below(COUNT_OF(filespecs))]), below(2) == 0,
                                      i * 3};
        assert_true(win_spec_compile(&arena, set->set.filespec, &set->spec));
    }
    for (uint32_t i = set_count; i-- > 0;) { /* the order of adding must not matter */
        assert_true(match_add(match, &sets[i].set));
    }
    match_seal(match);
    for (int i = 0; i < 40; i++) {
        compare(match, sets, set_count, seed);
    }
    match_free(match);
    arena_free(&arena);
}

static void agrees_with_trying_all_pairs(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 2500; seed++) {
        one_random_case(seed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reference_vectors),
        cmocka_unit_test(t23_directories_match_by_element_and_without_case),
        cmocka_unit_test(names_match_as_windows_searches),
        cmocka_unit_test(filespecs_that_are_none_are_refused),
        cmocka_unit_test(chains_pass_through_directories_without_sets),
        cmocka_unit_test(the_lowest_ids_are_kept_when_room_is_short),
        cmocka_unit_test(agrees_with_trying_all_pairs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
