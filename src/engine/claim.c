/* claim.c - the work list made from plan and index: pieces and jobs; and the cursor. What a worker
 * takes at a time is claim_deal.c's.
 *
 * Control plane but for claim_take(). Eight bytes a piece, twelve a job, eight a claim. */
#include "engine/claim.h"

#include "base/heap.h"
#include "base/limits.h"
#include "engine/claim_deal.h"
#include "media/index_trim.h"

#include <stdlib.h>

/* Pieces without data in a job: of nothing else, small enough to be shared out; between those of a
 * frame, as many as a frame has places for, so that it is read once. */
enum { CLAIM_BARE_JOB_PIECES = 64, CLAIM_BARE_FRAME_PIECES = 512 };

const struct index_chunk *claim_chunk(const struct claim_list *list,
                                      const struct claim_piece *piece)
{
    if (piece->chunk == MARK_NONE || claim_is_copy(piece)) {
        return NULL;
    }
    const struct engine_input *input = list->table->input;
    const struct media_index *index = &input->set->index;
    const uint32_t entry = file_table_data_entry(list->table, piece->file);
    const uint32_t chunk = stage_is_ranged(&input->plan->files[piece->file])
                               ? list->ranges.pieces[piece->chunk].chunk
                               : piece->chunk;
    return &index->chunks[index->entries[entry].file.first_chunk + chunk];
}

const struct index_chunk *claim_frame(const struct claim_list *list, uint32_t job)
{
    for (uint32_t i = list->job_first[job]; i < list->job_first[job + 1]; i++) {
        const struct index_chunk *chunk = claim_chunk(list, &list->pieces[i]);
        if (chunk != NULL) {
            return chunk;
        }
    }
    return NULL;
}

static bool claim_same_frame(const struct index_chunk *a, const struct index_chunk *b)
{
    return a->pack == b->pack && a->frame_offset == b->frame_offset &&
           a->frame_bytes == b->frame_bytes && a->frame_plain_bytes == b->frame_plain_bytes;
}

/* --- pieces --- */

static bool claim_has_data(const struct index_entry *e)
{
    return e->kind == INDEX_FILE && e->chunk_count > 0;
}

/* Do the chunks come to exactly what the file must hold? A gap would be zeros that nobody
 * verified. */
static bool claim_is_whole(const struct media_index *index, const struct index_entry *e)
{
    uint64_t want = e->size, have = 0, end = 0;
    if (e->kind != INDEX_FILE) {
        return true;
    }
    if ((e->flags & (INDEX_SPARSE | INDEX_PARTIAL)) != 0) {
        want = 0;
        for (uint32_t i = 0; i < e->range_count; i++) {
            want += index->ranges[e->file.first_range + i].length;
        }
    }
    for (uint32_t i = 0; i < e->chunk_count; i++) {
        const struct index_chunk *chunk = &index->chunks[e->file.first_chunk + i];
        if ((e->flags & INDEX_PARTIAL) == 0 && chunk->file_offset < end) {
            return false;
        }
        end = chunk->file_offset + chunk->length;
        have += chunk->length;
    }
    return have == want && ((e->flags & INDEX_PARTIAL) != 0 || end <= e->size);
}

/* The entry with a file's data; NULL for a directory, which may have none at all. */
static const struct index_entry *claim_data_entry(const struct file_table *table, uint32_t file)
{
    return table->input->plan->files[file].kind == KIND_DIRECTORY
               ? NULL
               : &table->input->set->index.entries[file_table_data_entry(table, file)];
}

static bool claim_is_ranged(const struct file_table *table, uint32_t file)
{
    return stage_is_ranged(&table->input->plan->files[file]);
}

/* A destination of ranges, all records of it together. */
static void claim_begin_target(struct claim_list *list, const struct file_table *table,
                               uint32_t file)
{
    range_table_begin_target(&list->ranges, table->input, file);
    for (uint32_t i = file; i != MARK_NONE; i = table->next_name[i]) {
        range_table_add_record(&list->ranges, table->input, i);
    }
}

/* Files whose pieces are marked one by one, in order: those of more than one, where a sync reaches
 * what a piece has written. */
struct claim_segments {
    struct marks_segment *list;
    uint32_t count;
    size_t capacity;
};

static void claim_add_segment(struct claim_segments *segments, const struct file_table *table,
                              uint32_t file, uint32_t count)
{
    const struct stage *stage = table->input->stage;
    if (table->input->marks == NULL || count < 2 ||
        stage->mounts[stage_file_mount(stage, file)].abilities.is_fuse) {
        return;
    }
    segments->list =
        heap_grow(segments->list, segments->count, &segments->capacity, sizeof *segments->list);
    segments->list[segments->count++] = (struct marks_segment){.file = file, .count = count};
}

static uint64_t claim_count_pieces(struct claim_list *list, const struct file_table *table,
                                   struct claim_segments *segments)
{
    const struct engine_input *input = table->input;
    const struct range_table *ranges = &list->ranges;
    uint64_t count = 0;
    for (uint32_t i = 0; i < input->plan->file_count; i++) {
        index_trim_pass(input->set->index.trim, i);
        if (table->role[i] != FILE_DATA) {
            continue;
        }
        if (claim_is_ranged(table, i)) {
            const uint32_t before = ranges->piece_count + ranges->copy_count;
            claim_begin_target(list, table, i);
            claim_add_segment(segments, table, i,
                              ranges->piece_count + ranges->copy_count - before);
            count++; /* one without any piece */
            continue;
        }
        const struct index_entry *e = claim_data_entry(table, i);
        const uint32_t own = e != NULL && claim_has_data(e) ? e->chunk_count : 1;
        claim_add_segment(segments, table, i, own);
        count += own;
    }
    range_table_seal(&list->ranges);
    return count + list->ranges.piece_count + list->ranges.copy_count;
}

/* A run that goes on: is the piece written already? The last one is always written again, so that
 * somebody finishes the file. */
static bool claim_is_done(const struct file_table *table, const struct marks_segment *segment,
                          uint32_t piece, bool is_last)
{
    return segment != NULL && !is_last && marks_piece_is_done(table->input->marks, segment, piece);
}

static const struct marks_segment *claim_segment(const struct file_table *table, uint32_t file)
{
    return table->input->marks == NULL ? NULL : marks_find(table->input->marks, file);
}

static void claim_check_media(struct file_table *table, uint32_t file)
{
    const struct index_entry *e = claim_data_entry(table, file);
    if (e != NULL && (e->flags & INDEX_LOST) != 0) {
        file_table_fault(table, file, OUTCOME_MEDIA_MISSING, 0);
    }
    /* of another front end's media that was asked when their plan was read */
    if (e != NULL && table->input->set->foreign == NULL &&
        !claim_is_whole(&table->input->set->index, e)) {
        file_table_fault(table, file, OUTCOME_MEDIA_CORRUPT, 0);
    }
}

static void claim_add_file(struct claim_list *list, struct file_table *table, uint32_t file)
{
    const struct index_entry *e = claim_data_entry(table, file);
    const struct marks_segment *segment = claim_segment(table, file);
    const uint32_t first = list->piece_count;
    claim_check_media(table, file);
    if (e == NULL || !claim_has_data(e)) {
        list->pieces[list->piece_count++] = (struct claim_piece){file, MARK_NONE};
    } else {
        for (uint32_t i = 0; i < e->chunk_count; i++) {
            if (!claim_is_done(table, segment, i, i + 1 == e->chunk_count)) {
                list->pieces[list->piece_count++] = (struct claim_piece){file, i};
            }
        }
    }
    atomic_store_explicit(&table->files[file].remaining, list->piece_count - first,
                          memory_order_relaxed);
}

/* The pieces of all records, and the copies, count down on the first record. */
static void claim_add_target(struct claim_list *list, struct file_table *table,
                             const struct range_target *target)
{
    const struct stage *stage = table->input->stage;
    const struct stage_base *base = stage != NULL ? stage_base_of(stage, target->file) : NULL;
    const struct marks_segment *segment = claim_segment(table, target->file);
    const uint32_t first = list->piece_count;
    const uint32_t count = segment != NULL ? segment->count : 0;
    uint32_t own = 0; /* number among the target's pieces, as claim_ordinal() counts */
    for (uint32_t i = 0; i < target->record_count; i++) {
        const struct range_record *record = &list->ranges.records[target->first_record + i];
        if (base != NULL && base->os_errno != 0) {
            file_table_fault(table, record->file, OUTCOME_DEST_ERROR, base->os_errno);
        }
        claim_check_media(table, record->file);
        if (record->incomplete) {
            file_table_fault(table, record->file, OUTCOME_MEDIA_CORRUPT, 0);
        }
        for (uint32_t k = 0; k < record->piece_count; k++, own++) {
            if (!claim_is_done(table, segment, own, own + 1 == count)) {
                list->pieces[list->piece_count++] =
                    (struct claim_piece){record->file, record->first_piece + k};
            }
        }
    }
    for (uint32_t i = 0; i < target->copy_count; i++, own++) {
        if (!claim_is_done(table, segment, own, own + 1 == count)) {
            list->pieces[list->piece_count++] =
                (struct claim_piece){target->file, (target->first_copy + i) | CLAIM_COPY};
        }
    }
    if (list->piece_count == first) {
        list->pieces[list->piece_count++] = (struct claim_piece){target->file, MARK_NONE};
    }
    atomic_store_explicit(&table->files[target->file].remaining, list->piece_count - first,
                          memory_order_relaxed);
}

static void claim_add_all(struct claim_list *list, struct file_table *table)
{
    for (uint32_t i = 0; i < table->input->plan->file_count; i++) {
        index_trim_pass(table->input->set->index.trim, i);
        if (table->role[i] == FILE_DATA && !claim_is_ranged(table, i)) {
            claim_add_file(list, table, i);
        }
    }
    for (uint32_t i = 0; i < list->ranges.target_count; i++) {
        claim_add_target(list, table, &list->ranges.targets[i]);
    }
}

uint32_t claim_ordinal(const struct claim_list *list, const struct claim_piece *piece)
{
    const struct range_table *ranges = &list->ranges;
    const struct plan *plan = list->table->input->plan;
    if (!stage_is_ranged(&plan->files[piece->file])) {
        return piece->chunk;
    }
    const struct range_target *target = range_table_find(ranges, stage_target(plan, piece->file));
    const struct range_record *records = &ranges->records[target->first_record];
    const struct range_record *last = &records[target->record_count - 1];
    return claim_is_copy(piece) ? last->first_piece + last->piece_count - records->first_piece +
                                      (piece->chunk & ~CLAIM_COPY) - target->first_copy
                                : piece->chunk - records->first_piece;
}

/* --- order --- */

static int claim_compare_u64(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

/* By group, then as the media hold it; then copies, and files without data last. */
static int claim_compare(const void *left, const void *right, void *context)
{
    const struct claim_list *list = context;
    const struct claim_piece *a = left, *b = right;
    const struct index_chunk *x = claim_chunk(list, a), *y = claim_chunk(list, b);
    int order = claim_compare_u64(file_table_group(list->table, a->file),
                                  file_table_group(list->table, b->file));
    if (order == 0) {
        order = (x == NULL) - (y == NULL);
    }
    if (order == 0 && x != NULL && y != NULL) {
        order = claim_compare_u64(x->pack, y->pack);
        order = order != 0 ? order : claim_compare_u64(x->frame_offset, y->frame_offset);
        order = order != 0 ? order : claim_compare_u64(x->frame_bytes, y->frame_bytes);
    }
    order = order != 0 ? order : claim_compare_u64(a->file, b->file);
    return order != 0 ? order : claim_compare_u64(a->chunk, b->chunk);
}

/* Plan order is media order in most plans; files without data may stand in between. */
static bool claim_is_sorted(const struct claim_list *list)
{
    const struct claim_piece *last = NULL;
    uint32_t group = 0;
    for (uint32_t i = 0; i < list->piece_count; i++) {
        const struct claim_piece *piece = &list->pieces[i];
        index_trim_pass(list->table->input->set->index.trim, i);
        const uint32_t own = file_table_group(list->table, piece->file);
        if (own < group) {
            return false;
        }
        group = own;
        if (piece->chunk == MARK_NONE) {
            continue;
        }
        if (last != NULL && file_table_group(list->table, last->file) == own) {
            const struct index_chunk *x = claim_chunk(list, last), *y = claim_chunk(list, piece);
            if (x == NULL || y == NULL || x->pack > y->pack ||
                (x->pack == y->pack && x->frame_offset > y->frame_offset)) {
                return false;
            }
        }
        last = piece;
    }
    return true;
}

/* --- jobs --- */

static uint64_t claim_copy_bytes(const struct claim_list *list, const struct claim_piece *piece)
{
    return claim_is_copy(piece) ? list->ranges.copies[piece->chunk & ~CLAIM_COPY].length : 0;
}

/* Short copies share a job, as files without data do. */
static void claim_make_jobs(struct claim_list *list)
{
    const struct index_chunk *frame = NULL;
    uint32_t bare = 0;    /* pieces without data in the open job */
    uint64_t copying = 0; /* bytes, ditto; 0: no copies */
    list->job_first = heap_alloc(list->piece_count + 2u, sizeof *list->job_first);
    list->job_bytes = heap_alloc(list->piece_count + 2u, sizeof *list->job_bytes);
    for (uint32_t i = 0; i < list->piece_count; i++) {
        index_trim_pass(list->table->input->set->index.trim, i);
        const struct index_chunk *chunk = claim_chunk(list, &list->pieces[i]);
        const uint64_t copy = claim_copy_bytes(list, &list->pieces[i]);
        bool joins = i > 0;
        if (copy > 0) {
            joins = joins && copying > 0 && copying + copy <= RANGE_COPY_BYTES_MAX &&
                    bare < CLAIM_BARE_JOB_PIECES;
        } else if (chunk == NULL) {
            joins = joins && bare < (frame != NULL ? (uint32_t)CLAIM_BARE_FRAME_PIECES
                                                   : (uint32_t)CLAIM_BARE_JOB_PIECES);
        } else {
            joins = joins && frame != NULL && claim_same_frame(frame, chunk);
        }
        if (!joins) {
            list->job_first[list->job_count++] = i;
            frame = chunk;
            bare = 0;
            copying = 0;
        }
        bare += chunk == NULL;
        copying += copy;
        list->job_bytes[list->job_count - 1] = chunk != NULL ? chunk->frame_bytes
                                               : copy > 0    ? copying
                                                             : list->job_bytes[list->job_count - 1];
    }
    list->job_first[list->job_count] = list->piece_count;
    list->job_bytes = heap_resize(list->job_bytes, list->job_count + 1u, sizeof *list->job_bytes);
    list->job_first = heap_resize(list->job_first, list->job_count + 1u, sizeof *list->job_first);
}

vsr_code claim_list_init(struct claim_list *list, struct file_table *table, uint32_t workers,
                         vsr_error *error)
{
    struct claim_segments segments = {0};
    *list = (struct claim_list){.table = table};
    const uint64_t count = claim_count_pieces(list, table, &segments);
    vsr_code code = VSR_OK;
    if (count >= CLAIM_COPY) {
        code = err_set(error, VSR_ERR_MEDIA, "engine/claim",
                       "the plan has %llu pieces of files, more than one run can hold",
                       (unsigned long long)count);
    } else if (table->input->marks != NULL) {
        code = marks_pieces_make(table->input->marks, segments.list, segments.count,
                                 file_table_is_begun, table, error);
    }
    free(segments.list);
    if (code != VSR_OK) {
        return code;
    }
    list->pieces = heap_alloc(count, sizeof *list->pieces);
    claim_add_all(list, table);
    if (!claim_is_sorted(list)) {
        qsort_r(list->pieces, list->piece_count, sizeof *list->pieces, claim_compare, list);
    }
    claim_make_jobs(list);
    claim_make_claims(list, workers);
    slow_starts_init(&list->starts, table);
    return VSR_OK;
}

void claim_list_fini(struct claim_list *list)
{
    range_table_free(&list->ranges);
    slow_starts_fini(&list->starts);
    free(list->pieces);
    free(list->job_first);
    free(list->job_bytes);
    free(list->claims);
    list->pieces = NULL;
    list->job_first = NULL;
    list->job_bytes = NULL;
    list->claims = NULL;
}

bool claim_take(struct claim_list *list, uint32_t *first, uint32_t *end)
{
    const uint32_t claim = atomic_fetch_add_explicit(&list->next, 1, memory_order_relaxed);
    if (claim >= list->claim_count) {
        return false;
    }
    *first = list->claims[claim].first;
    *end = list->claims[claim].end;
    return true;
}
