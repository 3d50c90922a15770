/* fuzz_names.c - names, paths, specifications and ranges from bytes that nobody promised.
 *
 * Goal: no text of a document or a catalogue breaks its reader, and what the headers promise
 * holds for all of them. Method: the input's first line is a specification, a path, a ranges
 * attribute; the rest is a name to match and fold, and a ranges file. A broken promise traps. */
#include "vss/ranges.h"
#include "vss/winpath.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PROMISE(fact) ((fact) ? (void)0 : abort())

static void fold_both(struct arena *arena, struct view a, struct view b)
{
    const struct view folded = win_fold_copy(arena, a);
    const struct view other = win_fold_copy(arena, b);
    PROMISE(folded.n <= 3 * a.n);
    PROMISE(view_equal(win_fold_copy(arena, folded), folded));
    PROMISE(win_fold_equal(a, folded) && win_fold_hash(a) == win_fold_hash(folded));
    PROMISE(win_fold_equal(a, b) == view_equal(folded, other));
    PROMISE(win_fold_compare(a, b) == -win_fold_compare(b, a));
    PROMISE((win_fold_compare(a, b) == 0) == win_fold_equal(a, b));
    uint16_t *units = ARENA_ARRAY(arena, uint16_t, a.n);
    PROMISE(win_units(a, units) <= a.n);
    (void)win_name_fault(a);
}

static void match_both(struct arena *arena, struct view text, struct view name)
{
    struct win_spec spec;
    if (!win_spec_compile(arena, text, &spec)) {
        return;
    }
    const bool matches = win_spec_match(&spec, name);
    PROMISE(win_spec_match(&spec, win_fold_copy(arena, name)) == matches);
    struct win_spec folded;
    if (win_spec_compile(arena, win_fold_copy(arena, text), &folded)) {
        PROMISE(win_spec_match(&folded, name) == matches);
    }
    PROMISE(!spec.all || matches);
    PROMISE(!spec.literal || matches == win_fold_equal(text, name));
}

static void expand_and_parse(struct arena *arena, struct view text, struct view value)
{
    struct view names[2][2] = {{VIEW("A"), value}, {VIEW("SystemRoot"), VIEW("C:\\Windows")}};
    const struct win_env env = {names, 2};
    struct view expanded, unknown;
    if (!win_env_expand(arena, &env, text, &expanded, &unknown)) {
        PROMISE(unknown.n > 0 && unknown.p > text.p && unknown.p + unknown.n < text.p + text.n);
        return;
    }
    struct win_path path, again;
    if (win_path_parse(arena, expanded, &path) != WIN_PATH_OK) {
        return;
    }
    const struct view whole = win_path_text(arena, &path);
    PROMISE(win_path_parse(arena, whole, &again) == WIN_PATH_OK);
    PROMISE(again.kind == path.kind && view_equal(again.volume, path.volume) &&
            view_equal(again.rest, path.rest));
    for (struct view rest = path.rest, element; rest.n > 0;) {
        element = win_path_element(&rest);
        PROMISE(element.n > 0 && view_find(element, '\\') == element.n);
    }
}

static void ranges_hold(const struct vss_ranges *ranges)
{
    for (uint32_t i = 0; i < ranges->count; i++) {
        PROMISE(ranges->list[i].offset <= INT64_MAX);
        PROMISE(ranges->list[i].length <= INT64_MAX - ranges->list[i].offset);
    }
}

static void read_ranges(struct arena *arena, struct view text, struct view bytes)
{
    struct vss_ranges ranges;
    const char *fault = NULL;
    size_t at = 0;
    uint64_t tail_bytes = 0;
    if (vss_ranges_parse(arena, text, &ranges, &fault, &at)) {
        PROMISE(fault == NULL && (view_present(ranges.file) != (ranges.count > 0)));
        ranges_hold(&ranges);
    } else {
        PROMISE(fault != NULL && at <= text.n);
    }
    if (vss_ranges_file_parse(arena, bytes, &ranges, &tail_bytes, &fault)) {
        PROMISE(8 + 16 * (uint64_t)ranges.count + tail_bytes == bytes.n);
        ranges_hold(&ranges);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct view input = {(const char *)data, size};
    struct arena arena = {0};
    /* Copies of their own, so that a byte too far is seen. */
    const size_t line = view_find(input, '\n');
    const size_t behind = line < size ? line + 1 : size;
    char *const first = malloc(line > 0 ? line : 1);
    char *const second = malloc(size > behind ? size - behind : 1);
    PROMISE(first != NULL && second != NULL);
    if (line > 0) {
        memcpy(first, data, line);
    }
    if (size > behind) {
        memcpy(second, data + behind, size - behind);
    }
    const struct view a = {first, line}, b = {second, size - behind};
    fold_both(&arena, a, b);
    match_both(&arena, a, b);
    expand_and_parse(&arena, a, b);
    read_ranges(&arena, a, b);
    arena_free(&arena);
    free(first);
    free(second);
    return 0;
}
