/* claim.c - the work list made from plan and index, and the cursor that deals it out.
 *
 * Control plane but for claim_take(). Eight bytes a piece, four a job, four a claim. */
#include "engine/claim.h"

#include "base/heap.h"
#include "base/limits.h"

#include <stdlib.h>

/* What a worker takes at a time: sequential for a disk, small enough to be shared out. */
#define CLAIM_STORED_BYTES_MAX ((uint64_t)8 << 20)
enum { CLAIM_PIECES_MAX = 8192, CLAIM_BARE_JOB_PIECES = 512 };

const struct index_chunk *claim_chunk(const struct claim_list *list,
                                      const struct claim_piece *piece)
{
    if (piece->chunk == MARK_NONE) {
        return NULL;
    }
    const struct media_index *index = &list->table->input->set->index;
    const uint32_t entry = file_table_data_entry(list->table, piece->file);
    return &index->chunks[index->entries[entry].file.first_chunk + piece->chunk];
}

const struct index_chunk *claim_frame(const struct claim_list *list, uint32_t job)
{
    for (uint32_t i = list->job_first[job]; i < list->job_first[job + 1]; i++) {
        if (list->pieces[i].chunk != MARK_NONE) {
            return claim_chunk(list, &list->pieces[i]);
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

/* The entry with a file's data; NULL for kinds that bring none of their own, or (ranges into
 * files that exist) not by this engine yet: bare_file_make() refuses those. A directory may have
 * no entry at all. */
static const struct index_entry *claim_data_entry(const struct file_table *table, uint32_t file)
{
    const struct plan_file *f = &table->input->plan->files[file];
    return f->kind == KIND_DIRECTORY || f->kind == KIND_PARTIAL || f->kind == KIND_DIRECTED
               ? NULL
               : &table->input->set->index.entries[file_table_data_entry(table, file)];
}

static uint64_t claim_count_pieces(const struct file_table *table)
{
    const struct engine_input *input = table->input;
    uint64_t count = 0;
    for (uint32_t i = 0; i < input->plan->file_count; i++) {
        if (table->role[i] != FILE_DATA) {
            continue;
        }
        const struct index_entry *e = claim_data_entry(table, i);
        count += e != NULL && claim_has_data(e) ? e->chunk_count : 1;
    }
    return count;
}

static void claim_add_file(struct claim_list *list, struct file_table *table, uint32_t file)
{
    const struct index_entry *e = claim_data_entry(table, file);
    const uint32_t first = list->piece_count;
    if (e != NULL && (e->flags & INDEX_LOST) != 0) {
        file_table_fault(table, file, OUTCOME_MEDIA_MISSING, 0);
    }
    if (e != NULL && !claim_is_whole(&table->input->set->index, e)) {
        file_table_fault(table, file, OUTCOME_MEDIA_CORRUPT, 0);
    }
    if (e == NULL || !claim_has_data(e)) {
        list->pieces[list->piece_count++] = (struct claim_piece){file, MARK_NONE};
    } else {
        for (uint32_t i = 0; i < e->chunk_count; i++) {
            list->pieces[list->piece_count++] = (struct claim_piece){file, i};
        }
    }
    atomic_store_explicit(&table->files[file].remaining, list->piece_count - first,
                          memory_order_relaxed);
}

/* --- order --- */

static int claim_compare_u64(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

/* By group, then as the media hold it; files without data last. */
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

/* --- jobs and claims --- */

static void claim_make_jobs(struct claim_list *list)
{
    const struct index_chunk *frame = NULL;
    uint32_t bare = 0; /* pieces without data in the open job */
    list->job_first = heap_alloc(list->piece_count + 2u, sizeof *list->job_first);
    for (uint32_t i = 0; i < list->piece_count; i++) {
        const struct index_chunk *chunk = claim_chunk(list, &list->pieces[i]);
        const bool joins =
            i > 0 && (chunk == NULL ? bare < CLAIM_BARE_JOB_PIECES
                                    : frame != NULL && claim_same_frame(frame, chunk));
        if (!joins) {
            list->job_first[list->job_count++] = i;
            frame = chunk;
            bare = 0;
        }
        bare += chunk == NULL;
    }
    list->job_first[list->job_count] = list->piece_count;
    list->job_first = heap_resize(list->job_first, list->job_count + 1u, sizeof *list->job_first);
}

static uint64_t claim_job_bytes(const struct claim_list *list, uint32_t job)
{
    const struct index_chunk *frame = claim_frame(list, job);
    return frame != NULL ? frame->frame_bytes : 0;
}

static void claim_make_claims(struct claim_list *list, uint32_t workers)
{
    uint64_t left = 0;
    list->claims = heap_alloc(list->job_count, sizeof *list->claims);
    for (uint32_t i = 0; i < list->job_count; i++) {
        left += claim_job_bytes(list, i);
    }
    for (uint32_t job = 0; job < list->job_count;) {
        const uint64_t share = left / (2 * (uint64_t)workers);
        const uint64_t bytes_max = share < CLAIM_STORED_BYTES_MAX ? share : CLAIM_STORED_BYTES_MAX;
        const uint32_t first = list->job_first[job];
        const uint32_t first_job = job;
        uint64_t bytes = 0;
        do {
            bytes += claim_job_bytes(list, job);
            job++;
        } while (job < list->job_count && bytes + claim_job_bytes(list, job) <= bytes_max &&
                 list->job_first[job + 1] - first <= CLAIM_PIECES_MAX);
        left -= bytes;
        list->claims[list->claim_count++] = (struct claim){first_job, job};
    }
    list->claims = heap_resize(list->claims, list->claim_count, sizeof *list->claims);
}

/* --- large files in turn --- */

/* The file that all of a claim belongs to, or MARK_NONE. */
static uint32_t claim_single_file(const struct claim_list *list, uint32_t claim)
{
    const uint32_t first = list->job_first[list->claims[claim].first];
    const uint32_t last = list->job_first[list->claims[claim].end] - 1;
    const uint32_t file = list->pieces[first].file;
    return file == list->pieces[last].file ? file : MARK_NONE;
}

/* The end of the run of claims, from first on, that belong to one file; first: none. */
static uint32_t claim_file_run(const struct claim_list *list, uint32_t first)
{
    const uint32_t file = first < list->claim_count ? claim_single_file(list, first) : MARK_NONE;
    uint32_t end = first;
    while (file != MARK_NONE && end < list->claim_count && claim_single_file(list, end) == file) {
        end++;
    }
    return end;
}

/* Deal the claims of up to `workers` large files that follow each other in turn. Measured: two
 * workers in one file reach half of what they reach in two. */
static void claim_deal(struct claim_list *list, uint32_t workers)
{
    struct claim *dealt = heap_alloc(list->claim_count, sizeof *dealt);
    struct claim *next = heap_alloc(workers, sizeof *next); /* runs, as ranges of claims */
    uint32_t out = 0;
    for (uint32_t at = 0; at < list->claim_count;) {
        uint32_t runs = 0, left = 0;
        const uint32_t begin = at;
        for (uint32_t end; runs < workers && (end = claim_file_run(list, at)) > at; at = end) {
            const uint32_t group = file_table_group(list->table, claim_single_file(list, at));
            if (runs > 0 &&
                group != file_table_group(list->table, claim_single_file(list, begin))) {
                break;
            }
            next[runs++] = (struct claim){at, end};
            left += end - at;
        }
        if (runs == 0) {
            dealt[out++] = list->claims[at++];
        }
        for (uint32_t run = 0; left > 0; run = (run + 1) % runs) {
            if (next[run].first < next[run].end) {
                dealt[out++] = list->claims[next[run].first++];
                left--;
            }
        }
    }
    free(next);
    free(list->claims);
    list->claims = dealt;
}

vsr_code claim_list_init(struct claim_list *list, struct file_table *table, uint32_t workers,
                         vsr_error *error)
{
    const uint64_t count = claim_count_pieces(table);
    *list = (struct claim_list){.table = table};
    if (count >= MARK_NONE) {
        return err_set(error, VSR_ERR_MEDIA, "engine/claim",
                       "the plan has %llu pieces of files, more than one run can hold",
                       (unsigned long long)count);
    }
    list->pieces = heap_alloc(count, sizeof *list->pieces);
    for (uint32_t i = 0; i < table->input->plan->file_count; i++) {
        if (table->role[i] == FILE_DATA) {
            claim_add_file(list, table, i);
        }
    }
    if (!claim_is_sorted(list)) {
        qsort_r(list->pieces, list->piece_count, sizeof *list->pieces, claim_compare, list);
    }
    claim_make_jobs(list);
    claim_make_claims(list, workers);
    claim_deal(list, workers);
    return VSR_OK;
}

void claim_list_fini(struct claim_list *list)
{
    free(list->pieces);
    free(list->job_first);
    free(list->claims);
    list->pieces = NULL;
    list->job_first = NULL;
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
