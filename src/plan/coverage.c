/* coverage.c - saved ranges put in order and joined, so that any range can be looked up.
 *
 * A partial file's saved ranges stand in the document's order and may overlap; a range that is
 * asked for may lie across several of them. A file that was saved whole is one range: its holes
 * are zeros that the media vouch for. */
#include "plan/coverage.h"

#include "base/heap.h"

#include <stdlib.h>

static int range_compare(const void *left, const void *right)
{
    const struct index_range *a = left;
    const struct index_range *b = right;
    return (int)(a->offset > b->offset) - (int)(a->offset < b->offset);
}

static void coverage_add(struct coverage *coverage, struct index_range range)
{
    coverage->ranges =
        heap_grow(coverage->ranges, coverage->count, &coverage->capacity, sizeof *coverage->ranges);
    coverage->ranges[coverage->count++] = range;
}

/* In order; those that touch or overlap become one. */
static void coverage_join(struct coverage *coverage)
{
    uint32_t last = 0;
    qsort(coverage->ranges, coverage->count, sizeof *coverage->ranges, range_compare);
    for (uint32_t i = 1; i < coverage->count; i++) {
        const struct index_range range = coverage->ranges[i];
        struct index_range *before = &coverage->ranges[last];
        if (range.offset > before->offset + before->length) {
            coverage->ranges[++last] = range;
        } else if (range.offset + range.length > before->offset + before->length) {
            before->length = range.offset + range.length - before->offset;
        }
    }
    coverage->count = coverage->count > 0 ? last + 1 : 0;
}

void coverage_of(struct coverage *coverage, const struct media_index *index, uint32_t entry)
{
    const uint32_t data = coverage_data_entry(index, entry);
    const struct index_entry *e = &index->entries[data];
    if (coverage->entry == data) {
        return;
    }
    coverage->entry = data;
    coverage->count = 0;
    if ((e->flags & INDEX_PARTIAL) == 0) {
        coverage_add(coverage, (struct index_range){0, e->size});
        return;
    }
    for (uint32_t i = 0; i < e->range_count; i++) {
        coverage_add(coverage, index->ranges[e->file.first_range + i]);
    }
    if (coverage->count > 1) {
        coverage_join(coverage);
    }
}

bool coverage_holds(const struct coverage *coverage, uint64_t offset, uint64_t length)
{
    uint32_t low = 0;
    uint32_t high = coverage->count;
    while (low < high) { /* the last range that begins at or before offset */
        const uint32_t middle = low + (high - low) / 2;
        if (coverage->ranges[middle].offset <= offset) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (length == 0) {
        return true;
    }
    if (low == 0) {
        return false;
    }
    const struct index_range *range = &coverage->ranges[low - 1];
    const uint64_t skipped = offset - range->offset;
    return skipped <= range->length && length <= range->length - skipped;
}

void coverage_free(struct coverage *coverage)
{
    free(coverage->ranges);
    *coverage = COVERAGE_NONE;
}
