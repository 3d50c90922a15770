/* match_cost.c - what plan/match costs for a file, and that it hardly depends on the number of
 * sets.
 *
 * Shape: the System Writer's (some 19,000 file lists, nearly all literal, in some thousand
 * directories), against 1,000,000 files in 50,000 directories; half of the literal specs name
 * a file that is there. Then with a tenth of the sets. Names are made before the clock starts;
 * each count is walked three times and the best is printed.
 *
 *     build/bench/match_cost */
#include "base/clock.h"
#include "base/limits.h"
#include "plan/match.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    TOP_DIRECTORIES = 50,
    DIRECTORIES = 50000,
    FILES_IN_EACH = 20,
    SETS = 19000,
    SET_DIRECTORIES = 3000,
    ROUNDS = 3
};

struct names {
    struct arena arena;
    struct view top[TOP_DIRECTORIES];
    struct view directory[DIRECTORIES];
    struct view file[DIRECTORIES][FILES_IN_EACH];
};

static void names_make(struct names *names)
{
    for (uint32_t i = 0; i < TOP_DIRECTORIES; i++) {
        names->top[i] = arena_printf(&names->arena, "Top-%02u", i);
    }
    for (uint32_t i = 0; i < DIRECTORIES; i++) {
        names->directory[i] = arena_printf(&names->arena, "amd64_component-%05u", i);
        for (uint32_t k = 0; k < FILES_IN_EACH; k++) {
            names->file[i][k] = arena_printf(&names->arena, "library-%05u-%02u.dll", i, k);
        }
    }
}

/* Every thousandth set is a wildcard and every 500th recursive, as in real documents. */
static struct match *match_make(struct names *names, uint32_t set_count)
{
    struct match *match = match_create();
    for (uint32_t i = 0; i < set_count; i++) {
        const uint32_t d = (i % SET_DIRECTORIES) * (DIRECTORIES / SET_DIRECTORIES);
        const struct view below =
            arena_printf(&names->arena, "TOP-%02u\\Amd64_Component-%05u", d % TOP_DIRECTORIES, d);
        const struct view spec =
            i % 1000 == 0
                ? VIEW("*.*")
                : arena_printf(&names->arena, "LIBRARY-%05u-%02u.dll", d, i / SET_DIRECTORIES * 6);
        (void)match_add(match, &(struct match_set){0, below, spec, i % 500 == 0, i});
    }
    match_seal(match);
    return match;
}

static uint64_t walk(const struct match *match, const struct names *names)
{
    uint64_t hits = 0;
    uint32_t ids[16];
    const struct match_place root = match_root(match, 0);
    for (uint32_t i = 0; i < DIRECTORIES; i++) {
        const struct match_place top = match_enter(match, root, names->top[i % TOP_DIRECTORIES]);
        const struct match_place place = match_enter(match, top, names->directory[i]);
        for (uint32_t k = 0; k < FILES_IN_EACH; k++) {
            struct match_name name = match_name_of(names->file[i][k]);
            hits += match_file(match, place, &name, ids, 16);
        }
    }
    return hits;
}

/* As walk(), where every directory is under a recursive set with many literal names. */
static struct match *match_make_deep(struct names *names, uint32_t set_count)
{
    struct match *match = match_create();
    for (uint32_t i = 0; i < set_count; i++) {
        const uint32_t d = i * (DIRECTORIES / SETS);
        (void)match_add(match, &(struct match_set){0, VIEW(""), names->file[d][i % FILES_IN_EACH],
                                                   true, i});
    }
    match_seal(match);
    return match;
}

static void measure(struct names *names, const char *what, uint32_t set_count,
                    struct match *(*make)(struct names *, uint32_t))
{
    const uint64_t begun = clock_monotonic_ns();
    struct match *match = make(names, set_count);
    const uint64_t built = clock_monotonic_ns() - begun;
    uint64_t best = UINT64_MAX;
    uint64_t hits = 0;
    for (int round = 0; round < ROUNDS; round++) {
        const uint64_t start = clock_monotonic_ns();
        hits = walk(match, names);
        const uint64_t taken = clock_monotonic_ns() - start;
        best = taken < best ? taken : best;
    }
    (void)printf("%-28s %6u sets: built in %6.2f ms, %6.1f ns a file, %llu hits\n", what, set_count,
                 (double)built / 1e6, (double)best / (DIRECTORIES * FILES_IN_EACH),
                 (unsigned long long)hits);
    match_free(match);
}

int main(void)
{
    struct names *names = calloc(1, sizeof *names);
    if (names == NULL) {
        return 1;
    }
    names_make(names);
    measure(names, "literal, 3,000 directories", SETS, match_make);
    measure(names, "literal, 3,000 directories", SETS / 10, match_make);
    measure(names, "literal, recursive from root", SETS, match_make_deep);
    measure(names, "literal, recursive from root", SETS / 10, match_make_deep);
    arena_free(&names->arena);
    free(names);
    return 0;
}
