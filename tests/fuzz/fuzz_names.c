/* fuzz_names.c - names, paths, specifications and ranges from bytes that nobody promised.
 *
 * Goal: no text of a document or a catalogue breaks its reader, and what the headers promise
 * holds for all of them. Method: the input's first line is a specification, a path, a ranges
 * attribute, a list's line; the rest is a name to match and fold, and a ranges file. */
#include "fuzz.h"

#include "plan/not_to_backup.h"
#include "vss/ranges.h"
#include "vss/winpath.h"

#include <stdlib.h>

static void fold_both(struct arena *arena, struct view a, struct view b)
{
    const struct view folded = win_fold_copy(arena, a);
    const struct view other = win_fold_copy(arena, b);
    VSR_REQUIRE(folded.n <= 3 * a.n);
    VSR_REQUIRE(view_equal(win_fold_copy(arena, folded), folded));
    VSR_REQUIRE(win_fold_equal(a, folded) && win_fold_hash(a) == win_fold_hash(folded));
    VSR_REQUIRE(win_fold_equal(a, b) == view_equal(folded, other));
    VSR_REQUIRE(win_fold_compare(a, b) == -win_fold_compare(b, a));
    VSR_REQUIRE((win_fold_compare(a, b) == 0) == win_fold_equal(a, b));
    uint16_t *units = ARENA_ARRAY(arena, uint16_t, a.n);
    VSR_REQUIRE(win_units(a, units) <= a.n);
    (void)win_name_fault(a);
}

static bool match_both(struct arena *arena, struct view text, struct view name)
{
    struct win_spec spec;
    if (!win_spec_compile(arena, text, &spec)) {
        return false;
    }
    const bool matches = win_spec_match(&spec, name);
    VSR_REQUIRE(win_spec_match(&spec, win_fold_copy(arena, name)) == matches);
    struct win_spec folded;
    if (win_spec_compile(arena, win_fold_copy(arena, text), &folded)) {
        VSR_REQUIRE(win_spec_match(&folded, name) == matches);
    }
    VSR_REQUIRE(!spec.all || matches);
    VSR_REQUIRE(!spec.literal || matches == win_fold_equal(text, name));
    return matches;
}

static void expand_and_parse(struct arena *arena, struct view text, struct view value,
                             uint64_t *sum)
{
    struct view names[2][2] = {{VIEW("A"), value}, {VIEW("SystemRoot"), VIEW("C:\\Windows")}};
    const struct win_env env = {names, 2};
    struct view expanded, unknown;
    if (!win_env_expand(arena, &env, text, &expanded, &unknown)) {
        VSR_REQUIRE(unknown.n > 0 && unknown.p > text.p && unknown.p + unknown.n < text.p + text.n);
        return;
    }
    struct win_path path, again;
    if (win_path_parse(arena, expanded, &path) != WIN_PATH_OK) {
        return;
    }
    const struct view whole = win_path_text(arena, &path);
    VSR_REQUIRE(win_path_parse(arena, whole, &again) == WIN_PATH_OK);
    VSR_REQUIRE(again.kind == path.kind && view_equal(again.volume, path.volume) &&
                view_equal(again.rest, path.rest));
    for (struct view rest = path.rest, element; rest.n > 0;) {
        element = win_path_element(&rest);
        VSR_REQUIRE(element.n > 0 && view_find(element, '\\') == element.n);
    }
    fuzz_add_text(sum, whole);
}

static void ranges_hold(const struct vss_ranges *ranges, uint64_t *sum)
{
    for (uint32_t i = 0; i < ranges->count; i++) {
        VSR_REQUIRE(ranges->list[i].offset <= INT64_MAX);
        VSR_REQUIRE(ranges->list[i].length <= INT64_MAX - ranges->list[i].offset);
    }
    fuzz_add(sum, ranges->list, ranges->count * sizeof *ranges->list);
}

static void read_ranges(struct arena *arena, struct view text, struct view bytes, uint64_t *sum)
{
    struct vss_ranges ranges;
    const char *fault = NULL;
    size_t at = 0;
    uint64_t tail_bytes = 0;
    if (vss_ranges_parse(arena, text, &ranges, &fault, &at)) {
        VSR_REQUIRE(fault == NULL && (view_present(ranges.file) != (ranges.count > 0)));
        ranges_hold(&ranges, sum);
    } else {
        VSR_REQUIRE(fault != NULL && at <= text.n);
    }
    if (vss_ranges_file_parse(arena, bytes, &ranges, &tail_bytes, &fault)) {
        VSR_REQUIRE(8 + 16 * (uint64_t)ranges.count + tail_bytes == bytes.n);
        ranges_hold(&ranges, sum);
    }
}

/* A line of an operator's list, as a registry's tool printed it somewhere. */
static void list_line(struct view text, uint64_t *sum)
{
    struct not_to_backup_line line = {.rest = text};
    struct not_to_backup out;
    struct view entry;
    while (not_to_backup_next(&line, &entry)) {
        VSR_REQUIRE(entry.n > 0 && entry.p >= text.p && entry.p + entry.n <= text.p + text.n);
        if (not_to_backup_parse(entry, &out) == NULL) {
            VSR_REQUIRE(out.name.n > 0 && out.directory.n + out.name.n <= entry.n);
            fuzz_add_text(sum, out.directory);
            fuzz_add_number(sum, out.recursive + 2u * out.all_volumes);
        }
    }
}

uint64_t fuzz_target(const uint8_t *data, size_t size)
{
    const struct view input = {(const char *)data, size};
    struct arena arena = {0};
    const size_t line = view_find(input, '\n');
    const size_t behind = line < size ? line + 1 : size;
    const struct view a = fuzz_copy(data, line);
    const struct view b = fuzz_copy(data + behind, size - behind);
    uint64_t sum = 1;
    fold_both(&arena, a, b);
    fuzz_add_number(&sum, match_both(&arena, a, b));
    expand_and_parse(&arena, a, b, &sum);
    read_ranges(&arena, a, b, &sum);
    list_line(a, &sum);
    arena_free(&arena);
    free((void *)(uintptr_t)a.p);
    free((void *)(uintptr_t)b.p);
    return sum;
}
