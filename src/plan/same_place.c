/* same_place.c - files grouped by their destination: the directory, and the name folded.
 *
 * Place by place, so that the map of names is a small one; one hash of each file, which the walk
 * took; only groups of two and more are kept. What it means that files meet is collide.c's. */
#include "plan/same_place.h"

#include "base/heap.h"

#include <stdlib.h>

static bool name_equal(const void *context, const void *key, uint32_t value)
{
    const struct draft *draft = context;
    return win_fold_equal(draft_name(draft, &draft->files[value]), draft_name(draft, key));
}

static void same_place_add(struct same_place *met, uint32_t number)
{
    const struct draft *draft = met->draft;
    const struct draft_file *file = &draft->files[number];
    const uint32_t head = hash_map_find(&met->map, file->name_hash, file, name_equal, draft);
    if (head == MARK_NONE) {
        hash_map_add(&met->map, file->name_hash, number);
        return;
    }
    if (met->next == NULL) { /* pages of it are touched where names meet, and nowhere else */
        met->next = heap_alloc(draft->file_count, sizeof *met->next);
    }
    if (met->next[head] == 0) {
        met->heads =
            heap_grow(met->heads, met->head_count, &met->head_capacity, sizeof *met->heads);
        met->heads[met->head_count++] = head;
    }
    met->next[number] = met->next[head];
    met->next[head] = number + 1;
}

static bool takes_part(const struct draft_file *file)
{
    return file->place != MARK_NONE && !draft_is_directory(file);
}

/* Where the files of a place stand: in one row, as nearly always, or in several, because units or
 * media directories share it. */
enum spread { SPREAD_NONE, SPREAD_ROW, SPREAD_ROWS };

static uint8_t *places_spread(const struct draft *draft)
{
    uint8_t *spread = heap_alloc(draft->places.count, sizeof *spread);
    uint32_t last = MARK_NONE;
    for (uint32_t i = 0; i < draft->file_count; i++) {
        const struct draft_file *file = &draft->files[i];
        if (takes_part(file) && file->place != last) {
            last = file->place;
            spread[last] = spread[last] == SPREAD_NONE ? SPREAD_ROW : SPREAD_ROWS;
        }
    }
    return spread;
}

/* Places whose files stand in one row. */
static void find_in_rows(struct same_place *met, const uint8_t *spread)
{
    const struct draft *draft = met->draft;
    for (uint32_t first = 0, end = 0; first < draft->file_count; first = end) {
        const struct draft_file *file = &draft->files[first];
        uint32_t count = 0;
        end = first + 1;
        if (!takes_part(file) || spread[file->place] != SPREAD_ROW) {
            continue;
        }
        for (; end < draft->file_count &&
               (!takes_part(&draft->files[end]) || draft->files[end].place == file->place);
             end++) {
            count += takes_part(&draft->files[end]) ? 1u : 0u;
        }
        hash_map_restart(&met->map, count + 1);
        for (uint32_t i = first; i < end; i++) {
            if (takes_part(&draft->files[i])) {
                same_place_add(met, i);
            }
        }
    }
}

static bool is_scattered(const struct draft_file *file, const uint8_t *spread)
{
    return takes_part(file) && spread[file->place] == SPREAD_ROWS;
}

/* The others: by place, each place's in their order; a counting sort. */
static void find_scattered(struct same_place *met, const uint8_t *spread)
{
    const struct draft *draft = met->draft;
    uint32_t *ends = heap_alloc(draft->places.count + (size_t)1, sizeof *ends);
    for (uint32_t i = 0; i < draft->file_count; i++) {
        if (is_scattered(&draft->files[i], spread)) {
            ends[draft->files[i].place + 1]++;
        }
    }
    for (uint32_t place = 0; place < draft->places.count; place++) {
        ends[place + 1] += ends[place];
    }
    uint32_t *order = heap_alloc(ends[draft->places.count], sizeof *order);
    for (uint32_t i = 0; i < draft->file_count; i++) {
        if (is_scattered(&draft->files[i], spread)) {
            order[ends[draft->files[i].place]++] = i; /* from its start to its end */
        }
    }
    for (uint32_t place = 0, from = 0; place < draft->places.count; place++) {
        hash_map_restart(&met->map, ends[place] - from);
        while (from < ends[place]) {
            same_place_add(met, order[from++]);
        }
    }
    free(order);
    free(ends);
}

void same_place_find(struct same_place *met, const struct draft *draft)
{
    *met = (struct same_place){.draft = draft};
    uint8_t *spread = places_spread(draft);
    find_in_rows(met, spread);
    find_scattered(met, spread);
    free(spread);
}

static int number_compare(const void *left, const void *right)
{
    const uint32_t a = *(const uint32_t *)left;
    const uint32_t b = *(const uint32_t *)right;
    return (int)(a > b) - (int)(a < b);
}

uint32_t same_place_members(struct same_place *met, uint32_t head)
{
    uint32_t count = 0;
    for (uint32_t at = head + 1; at != 0; at = met->next[at - 1]) {
        met->members = heap_grow(met->members, count, &met->member_capacity, sizeof *met->members);
        met->members[count++] = at - 1;
    }
    qsort(met->members, count, sizeof *met->members, number_compare);
    return count;
}

void same_place_free(struct same_place *met)
{
    hash_map_free(&met->map);
    free(met->heads);
    free(met->next);
    free(met->members);
}
