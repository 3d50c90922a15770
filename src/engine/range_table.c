/* range_table.c - from planned ranges to pieces of chunks and gaps of the base.
 *
 * A source may be whole, with holes, or itself partial: its chunks carry offsets in the source
 * file, so that a range is cut where chunks end. A hole that a range covers needs no piece: the
 * staged file has nothing there. Reads nothing and verifies nothing. */
#include "engine/range_table.h"

#include "base/bug.h"
#include "base/heap.h"
#include "base/limits.h"

#include <stdlib.h>

/* --- chunks by their place in the source file --- */

struct chunk_order {
    const struct index_chunk *chunks;
    uint32_t count;
    uint32_t *by_offset; /* NULL: they are in order and do not overlap       */
    uint32_t *reach;     /* of by_offset[0..i], the one that ends last       */
};

static uint64_t chunk_end(const struct index_chunk *chunk)
{
    return chunk->file_offset + chunk->length;
}

static int order_compare(const void *left, const void *right, void *context)
{
    const struct index_chunk *chunks = context;
    const uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    const uint64_t x = chunks[a].file_offset, y = chunks[b].file_offset;
    return x != y ? (x > y) - (x < y) : (a > b) - (a < b);
}

/* Saved ranges may be in any order and overlap (rules 7.7). */
static void order_open(struct chunk_order *order, const struct index_chunk *chunks, uint32_t count)
{
    bool sorted = true;
    *order = (struct chunk_order){.chunks = chunks, .count = count};
    for (uint32_t i = 1; i < count; i++) {
        sorted = sorted && chunk_end(&chunks[i - 1]) <= chunks[i].file_offset;
    }
    if (sorted) {
        return;
    }
    order->by_offset = heap_alloc(count, sizeof *order->by_offset);
    order->reach = heap_alloc(count, sizeof *order->reach);
    for (uint32_t i = 0; i < count; i++) {
        order->by_offset[i] = i;
    }
    qsort_r(order->by_offset, count, sizeof *order->by_offset, order_compare,
            (void *)(uintptr_t)chunks);
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t own = order->by_offset[i];
        const uint32_t last = i > 0 ? order->reach[i - 1] : own;
        order->reach[i] = chunk_end(&chunks[own]) > chunk_end(&chunks[last]) ? own : last;
    }
}

static void order_close(struct chunk_order *order)
{
    free(order->by_offset);
    free(order->reach);
}

static const struct index_chunk *order_chunk(const struct chunk_order *order, uint32_t at)
{
    return &order->chunks[order->by_offset == NULL ? at : order->by_offset[at]];
}

/* The chunk that holds a byte of the source; MARK_NONE: none does, and *next is where the next
 * one begins (UINT64_MAX: there is none). */
static uint32_t order_find(const struct chunk_order *order, uint64_t offset, uint64_t *next)
{
    uint32_t first = 0, end = order->count; /* the first chunk that begins behind offset */
    while (first < end) {
        const uint32_t middle = first + (end - first) / 2;
        if (order_chunk(order, middle)->file_offset <= offset) {
            first = middle + 1;
        } else {
            end = middle;
        }
    }
    *next = first < order->count ? order_chunk(order, first)->file_offset : UINT64_MAX;
    if (first == 0) {
        return MARK_NONE;
    }
    const uint32_t found = order->reach == NULL ? first - 1 : order->reach[first - 1];
    return chunk_end(&order->chunks[found]) > offset ? found : MARK_NONE;
}

/* --- the spans of a record --- */

struct cut { /* a span with its chunk, until they are sorted */
    uint32_t chunk;
    struct range_span span;
};

struct cut_list {
    struct cut *cuts;
    uint32_t count;
    size_t capacity;
    bool sorted;
};

static void cut_add(struct cut_list *list, const struct cut *cut)
{
    list->cuts = heap_grow(list->cuts, list->count, &list->capacity, sizeof *list->cuts);
    list->sorted =
        list->sorted && (list->count == 0 || list->cuts[list->count - 1].chunk <= cut->chunk);
    list->cuts[list->count++] = *cut;
}

static int cut_compare(const void *left, const void *right)
{
    const struct cut *a = left, *b = right;
    if (a->chunk != b->chunk) {
        return (a->chunk > b->chunk) - (a->chunk < b->chunk);
    }
    return (a->span.dest > b->span.dest) - (a->span.dest < b->span.dest);
}

/* False: the media do not hold all of the range. */
static bool cut_range(struct cut_list *list, const struct chunk_order *order,
                      const struct index_entry *e, const struct plan_range *range)
{
    const uint64_t end = range->source + range->length;
    if (range->length > 0 && end > e->size) {
        return false;
    }
    for (uint64_t at = range->source; at < end;) {
        uint64_t next;
        const uint32_t found = order_find(order, at, &next);
        if (found == MARK_NONE) {
            if ((e->flags & INDEX_SPARSE) == 0) {
                return false;
            }
            at = next < end ? next : end; /* a hole */
            continue;
        }
        const struct index_chunk *chunk = &order->chunks[found];
        const uint64_t stop = chunk_end(chunk) < end ? chunk_end(chunk) : end;
        cut_add(list, &(struct cut){.chunk = found,
                                    .span = {.dest = range->dest + (at - range->source),
                                             .skip = (uint32_t)(at - chunk->file_offset),
                                             .length = (uint32_t)(stop - at)}});
        at = stop;
    }
    return true;
}

static void table_add_cuts(struct range_table *table, struct cut_list *list)
{
    if (!list->sorted) {
        qsort(list->cuts, list->count, sizeof *list->cuts, cut_compare);
    }
    for (uint32_t i = 0; i < list->count; i++) {
        if (i == 0 || list->cuts[i].chunk != list->cuts[i - 1].chunk) {
            table->pieces = heap_grow(table->pieces, table->piece_count, &table->piece_capacity,
                                      sizeof *table->pieces);
            table->pieces[table->piece_count++] =
                (struct range_piece){list->cuts[i].chunk, table->span_count};
        }
        table->spans =
            heap_grow(table->spans, table->span_count, &table->span_capacity, sizeof *table->spans);
        table->spans[table->span_count++] = list->cuts[i].span;
    }
}

void range_table_add_record(struct range_table *table, const struct engine_input *input,
                            uint32_t file)
{
    const struct plan_file *f = &input->plan->files[file];
    const struct media_index *index = &input->set->index;
    const struct index_entry *e = &index->entries[stage_data_entry(index, f->entry)];
    struct range_record record = {.file = file, .first_piece = table->piece_count};
    struct cut_list list = {.sorted = true};
    struct chunk_order order;
    order_open(&order, e->chunk_count > 0 ? &index->chunks[e->file.first_chunk] : NULL,
               e->chunk_count);
    for (uint32_t i = 0; i < f->range_count && !record.incomplete; i++) {
        record.incomplete = !cut_range(&list, &order, e, &input->plan->ranges[f->first_range + i]);
    }
    order_close(&order);
    if (!record.incomplete) {
        table_add_cuts(table, &list);
    }
    free(list.cuts);
    record.piece_count = table->piece_count - record.first_piece;
    table->records = heap_grow(table->records, table->record_count, &table->record_capacity,
                               sizeof *table->records);
    table->records[table->record_count++] = record;
    table->targets[table->target_count - 1].record_count++;
}

/* --- targets --- */

static void table_add_gap(struct range_table *table, uint64_t from, uint64_t to, bool whole)
{
    while (from < to) {
        const uint64_t length =
            !whole && to - from > RANGE_COPY_BYTES_MAX ? RANGE_COPY_BYTES_MAX : to - from;
        table->copies = heap_grow(table->copies, table->copy_count, &table->copy_capacity,
                                  sizeof *table->copies);
        table->copies[table->copy_count++] = (struct range_part){from, length};
        from += length;
    }
}

/* What the ranges leave of the base, and how long the file becomes. */
static void table_add_gaps(struct range_table *table, struct range_target *target,
                           const struct stage *stage, const struct stage_base *base)
{
    const bool whole = stage->mounts[stage_file_mount(stage, base->file)].abilities.reflinks;
    const bool copies = base->identity.present && !stage_is_in_place(stage, base);
    const uint64_t size = base->identity.present ? base->identity.size : 0;
    struct plan_range *ranges;
    const uint32_t count = stage_base_ranges(stage, base, &ranges);
    uint64_t end = 0;
    for (uint32_t i = 0; i < count; i++) {
        const uint64_t stop = ranges[i].dest < size ? ranges[i].dest : size;
        if (copies) {
            table_add_gap(table, end, stop, whole);
        }
        end = ranges[i].dest + ranges[i].length;
    }
    if (copies) {
        table_add_gap(table, end, size, whole);
    }
    target->size = end > size ? end : size;
    free(ranges);
}

void range_table_begin_target(struct range_table *table, const struct engine_input *input,
                              uint32_t file)
{
    struct range_target target = {.file = file,
                                  .first_record = table->record_count,
                                  .first_copy = table->copy_count};
    const struct stage *stage = input->stage;
    const struct stage_base *base = stage != NULL ? stage_base_of(stage, file) : NULL;
    VSR_REQUIRE(stage == NULL || base != NULL);
    if (base != NULL && base->os_errno == 0) {
        table_add_gaps(table, &target, stage, base);
    }
    target.copy_count = table->copy_count - target.first_copy;
    table->targets = heap_grow(table->targets, table->target_count, &table->target_capacity,
                               sizeof *table->targets);
    table->targets[table->target_count++] = target;
}

void range_table_seal(struct range_table *table)
{
    table->pieces =
        heap_grow(table->pieces, table->piece_count, &table->piece_capacity, sizeof *table->pieces);
    table->pieces[table->piece_count] = (struct range_piece){MARK_NONE, table->span_count};
}

void range_table_free(struct range_table *table)
{
    free(table->spans);
    free(table->pieces);
    free(table->copies);
    free(table->records);
    free(table->targets);
    *table = (struct range_table){0};
}

const struct range_target *range_table_find(const struct range_table *table, uint32_t file)
{
    uint32_t first = 0, end = table->target_count;
    while (first < end) {
        const uint32_t middle = first + (end - first) / 2;
        if (table->targets[middle].file < file) {
            first = middle + 1;
        } else {
            end = middle;
        }
    }
    VSR_REQUIRE(first < table->target_count && table->targets[first].file == file);
    return &table->targets[first];
}

uint64_t range_table_bytes(const struct plan *plan, const struct media_set *set)
{
    /* A growing array is at most twice what it holds, and is copied when it grows. */
    enum { GROWING = 3 };
    const struct media_index *index = &set->index;
    uint64_t spans = 0, records = 0;
    for (uint32_t i = 0; i < plan->file_count; i++) {
        const struct plan_file *f = &plan->files[i];
        if (!stage_is_ranged(f)) {
            continue;
        }
        records++;
        spans += f->range_count;
        for (uint32_t k = 0; k < f->range_count; k++) { /* a range is cut where frames end */
            spans += plan->ranges[f->first_range + k].length / FRAME_SHARED_BYTES + 1;
        }
        spans += index->entries[f->entry].chunk_count / 2; /* sorted, if they are in disorder */
    }
    return GROWING * (records * (sizeof(struct range_record) + sizeof(struct range_target) +
                                 sizeof(struct stage_base)) +
                      spans * (sizeof(struct range_span) + sizeof(struct range_piece) +
                               sizeof(struct range_part) + sizeof(struct cut)));
}
