/* pending_content.c - what the records of a pending journal come to together: whose they are, and
 * which of them count. A journal may have as many records of units as of files, so that none of
 * them goes through the others. Each record by itself is pending_journal.c's. */
#include "run/pending_journal.h"

#include "base/heap.h"
#include "base/limits.h"

#include <stdlib.h>

static uint64_t unit_hash(uint32_t unit)
{
    return hash_bytes(&unit, sizeof unit);
}

static bool unit_is(const void *context, const void *key, uint32_t number)
{
    const struct pending_content *content = context;
    return content->units[number].unit == *(const uint32_t *)key;
}

static uint32_t unit_find(const struct pending_content *content, uint32_t unit)
{
    return hash_map_find(&content->unit_of, unit_hash(unit), &unit, unit_is, content);
}

void pending_content_put_unit(struct pending_content *content, const struct pending_unit *unit)
{
    const uint32_t known = unit_find(content, unit->unit);
    if (known != MARK_NONE) {
        content->units[known] = *unit;
        return;
    }
    content->units = heap_grow(content->units, content->unit_count, &content->unit_capacity,
                               sizeof *content->units);
    hash_map_add(&content->unit_of, unit_hash(unit->unit), content->unit_count);
    content->units[content->unit_count++] = *unit;
}

const struct pending_unit *pending_content_unit(const struct pending_content *content,
                                                uint32_t unit)
{
    const uint32_t known = unit_find(content, unit);
    return known != MARK_NONE ? &content->units[known] : NULL;
}

static int drops_compare(const void *left, const void *right)
{
    const struct pending_drop *a = left, *b = right;
    return a->unit != b->unit ? (a->unit > b->unit) - (a->unit < b->unit)
                              : (a->item_count > b->item_count) - (a->item_count < b->item_count);
}

/* Is the item of a unit that was dropped behind it? */
static bool item_is_dropped(const struct pending_content *content, uint32_t item)
{
    uint32_t low = 0, high = content->drop_count; /* the first behind it, of its unit or later */
    const struct pending_drop wanted = {content->items[item].record.unit, item + 1};
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (drops_compare(&content->drops[middle], &wanted) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < content->drop_count && content->drops[low].unit == wanted.unit;
}

void pending_content_settle(struct pending_content *content)
{
    uint32_t told_end = 0;
    if (content->drop_count > 0) {
        qsort(content->drops, content->drop_count, sizeof *content->drops, drops_compare);
    }
    for (uint32_t i = 0; i < content->item_count; i++) {
        struct pending_item *item = &content->items[i];
        if (i == 0 || item[-1].record.unit != item->record.unit) {
            told_end = 0;
        }
        told_end = item->told_end > told_end ? item->told_end : told_end; /* the last is longest */
        item->dropped = item_is_dropped(content, i);
        item->counts = i < told_end && !item->dropped;
    }
}

void pending_content_free(struct pending_content *content)
{
    arena_free(&content->arena);
    free(content->items);
    free(content->units);
    free(content->drops);
    hash_map_free(&content->unit_of);
    *content = (struct pending_content){0};
}
