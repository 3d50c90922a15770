/* slow_files.c - beginnings of large files, and each worker's worst. Called by workers, so that
 * nothing is allocated after slow_starts_init(). What the list is for is run/run_profile.c's
 * business. */
#include "engine/slow_files.h"

#include "base/heap.h"
#include "engine/file_table.h"

#include <stdlib.h>

static bool has_several(const struct file_table *table, uint32_t file)
{
    return table->role[file] == FILE_DATA &&
           atomic_load_explicit(&table->files[file].remaining, memory_order_relaxed) > 1;
}

void slow_starts_init(struct slow_starts *starts, const struct file_table *table)
{
    const uint32_t file_count = table->input->plan->file_count;
    for (uint32_t i = 0; i < file_count; i++) {
        starts->count += has_several(table, i);
    }
    starts->files = heap_alloc(starts->count, sizeof *starts->files);
    starts->began_ms = heap_alloc(starts->count, sizeof *starts->began_ms);
    uint32_t count = 0;
    for (uint32_t i = 0; i < file_count; i++) {
        if (has_several(table, i)) {
            starts->files[count++] = i;
        }
    }
}

void slow_starts_fini(struct slow_starts *starts)
{
    free(starts->files);
    free(starts->began_ms);
    *starts = (struct slow_starts){0};
}

/* The file's place, or count: it is not among them. */
static uint32_t place_of(const struct slow_starts *starts, uint32_t file)
{
    uint32_t low = 0, high = starts->count;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (starts->files[middle] < file) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < starts->count && starts->files[low] == file ? low : starts->count;
}

void slow_starts_note(struct slow_starts *starts, uint32_t file)
{
    const uint32_t place = place_of(starts, file);
    uint32_t none = 0;
    if (place < starts->count &&
        atomic_load_explicit(&starts->began_ms[place], memory_order_relaxed) == 0) {
        (void)atomic_compare_exchange_strong_explicit(&starts->began_ms[place], &none,
                                                      slow_now_ms(), memory_order_relaxed,
                                                      memory_order_relaxed);
    }
}

uint32_t slow_starts_of(const struct slow_starts *starts, uint32_t file, uint32_t otherwise_ms)
{
    const uint32_t place = place_of(starts, file);
    const uint32_t began_ms =
        place < starts->count ? atomic_load_explicit(&starts->began_ms[place], memory_order_relaxed)
                              : 0;
    return began_ms != 0 ? began_ms : otherwise_ms;
}

void slow_list_add(struct slow_list *list, uint32_t file, uint32_t ms)
{
    if (ms == 0) {
        return;
    }
    if (list->count < SLOW_FILES_MAX) {
        list->files[list->count++] = (struct slow_file){file, ms};
        return;
    }
    uint32_t least = 0;
    for (uint32_t i = 1; i < list->count; i++) {
        least = list->files[i].ms < list->files[least].ms ? i : least;
    }
    if (list->files[least].ms < ms) {
        list->files[least] = (struct slow_file){file, ms};
    }
}

static int compare(const void *left, const void *right)
{
    const struct slow_file *a = left;
    const struct slow_file *b = right;
    return a->ms != b->ms ? (a->ms < b->ms) - (a->ms > b->ms)
                          : (a->file > b->file) - (a->file < b->file);
}

void slow_list_sort(struct slow_list *list)
{
    qsort(list->files, list->count, sizeof *list->files, compare);
}
