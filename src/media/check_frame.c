/* check_frame.c - a verify worker: one claim read, hashed, decoded, compared.
 *
 * Runs on every thread of `verify`, with two buffers of its own. Lays each fault at the door of
 * the files that it hits: a frame that cannot be decoded hits all files in it, a frame whose own
 * checksum alone is wrong hits those whose chunks do not verify, or none. */
#include "media/check_pack.h"

#include "base/heap.h"
#include "base/own.h"
#include "media/frame.h"
#include "media/trailer.h"

/* What one worker has. */
struct check_worker {
    struct check_run *run;
    char *stored, *plain;
    XXH3_state_t *hash;  /* for files that lie in one frame */
    const char *payload; /* the frame's plain bytes; NULL: could not be decoded */
};

static void worker_found(const struct check_worker *worker, const struct check_claim *claim,
                         uint32_t entry, vsr_code code, const char *why)
{
    findings_add(&worker->run->findings, (struct finding){.code = code,
                                                          .structure = FOUND_PACK,
                                                          .number = claim->pack,
                                                          .offset = claim->offset,
                                                          .entry = entry,
                                                          .why = view_of(why)});
}

static bool chunk_is_of(const struct index_entry *e, uint64_t chunk)
{
    return e->kind == INDEX_FILE && chunk >= e->file.first_chunk &&
           chunk < e->file.first_chunk + e->chunk_count;
}

/* The file of a chunk; entry is that of a chunk at or before it. */
static uint32_t chunk_entry(const struct media_index *index, uint64_t chunk, uint32_t entry)
{
    while (!chunk_is_of(&index->entries[entry], chunk)) {
        entry++;
    }
    return entry;
}

/* One finding for each file with a chunk in the frame; for the frame when there is none. */
static void worker_found_files(const struct check_worker *worker, const struct check_claim *claim,
                               vsr_code code, const char *why)
{
    const struct check_run *run = worker->run;
    if (claim->first_chunk == claim->chunk_end) {
        if (!run->packs[claim->pack].lost) {
            worker_found(worker, claim, MARK_NONE, code, why);
        }
        return;
    }
    uint32_t entry = claim->entry;
    for (uint64_t chunk = claim->first_chunk; chunk < claim->chunk_end;) {
        entry = chunk_entry(run->index, chunk, entry);
        worker_found(worker, claim, entry, code, why);
        const struct index_entry *e = &run->index->entries[entry];
        chunk = e->file.first_chunk + e->chunk_count;
    }
}

/* --- the pack's hash --- */

static void pack_hash_compare(struct check_run *run, const struct check_claim *claim)
{
    XXH128_canonical_t got;
    if (run->pack_hash_broken) {
        return; /* what broke it is told */
    }
    XXH128_canonicalFromHash(&got, XXH3_128bits_digest(run->pack_hash));
    run->packs[claim->pack].hash_wrong =
        memcmp(got.digest, run->set->description.packs[claim->pack].xxh3_128, sizeof got.digest) !=
        0;
}

static void worker_hash_stored(const struct check_worker *worker, const struct check_claim *claim,
                               bool is_read)
{
    struct check_run *run = worker->run;
    turnstile_enter(&run->stored_turn, claim->ticket);
    if (claim->offset == 0) {
        (void)XXH3_128bits_reset(run->pack_hash);
        run->pack_hash_broken = false;
    }
    run->pack_hash_broken |= !is_read || claim->behind_gap;
    if (!run->pack_hash_broken && claim->stored_bytes > 0) {
        (void)XXH3_128bits_update(run->pack_hash, worker->stored, claim->stored_bytes);
    }
    if (claim->stored_bytes > 0 &&
        claim->offset + claim->stored_bytes == run->packs[claim->pack].bytes) {
        pack_hash_compare(run, claim);
    }
    turnstile_leave(&run->stored_turn);
}

/* --- chunks and files --- */

static bool chunk_is_right(const struct check_worker *worker, uint64_t chunk, uint32_t entry)
{
    const struct media_index *index = worker->run->index;
    const struct index_chunk *c = &index->chunks[chunk];
    const uint64_t seed = index_chunk_seed(index->header->set_uuid, entry, c->file_offset);
    return worker->payload != NULL && XXH3_64bits_withSeed(worker->payload + c->offset_in_frame,
                                                           c->length, seed) == c->xxh3_64;
}

static bool file_hash_is(XXH3_state_t *hash, const struct index_entry *e)
{
    XXH128_canonical_t got;
    XXH128_canonicalFromHash(&got, XXH3_128bits_digest(hash));
    return memcmp(got.digest, e->xxh3_128, sizeof got.digest) == 0;
}

static void worker_hash_chunk(const struct check_worker *worker, XXH3_state_t *hash, uint64_t chunk)
{
    const struct index_chunk *c = &worker->run->index->chunks[chunk];
    (void)XXH3_128bits_update(hash, worker->payload + c->offset_in_frame, c->length);
}

static const char wrong_file[] = "the checksum of the whole file is wrong";

/* The chunks [from, end) of one file that lies in this frame as a whole or in part. Returns
 * whether they are right. */
static bool worker_check_file(const struct check_worker *worker, const struct check_claim *claim,
                              uint32_t entry, uint64_t from, uint64_t end)
{
    const struct index_entry *e = &worker->run->index->entries[entry];
    const bool whole = end - from == e->chunk_count;
    (void)XXH3_128bits_reset(worker->hash);
    for (uint64_t chunk = from; chunk < end; chunk++) {
        if (!chunk_is_right(worker, chunk, entry)) {
            worker_found(worker, claim, entry, VSR_ERR_MEDIA,
                         "its bytes do not match their checksum");
            return false;
        }
        if (whole) {
            worker_hash_chunk(worker, worker->hash, chunk);
        }
    }
    if (whole && !file_hash_is(worker->hash, e)) {
        worker_found(worker, claim, entry, VSR_ERR_MEDIA, wrong_file);
        return false;
    }
    return true;
}

/* Every file of the frame; false when one is wrong, which has been told. */
static bool worker_check_files(const struct check_worker *worker, const struct check_claim *claim)
{
    const struct media_index *index = worker->run->index;
    bool right = true;
    uint32_t entry = claim->entry;
    for (uint64_t chunk = claim->first_chunk; chunk < claim->chunk_end;) {
        entry = chunk_entry(index, chunk, entry);
        const struct index_entry *e = &index->entries[entry];
        const uint64_t file_end = e->file.first_chunk + e->chunk_count;
        const uint64_t end = file_end < claim->chunk_end ? file_end : claim->chunk_end;
        right &= worker_check_file(worker, claim, entry, chunk, end);
        chunk = end;
    }
    return right;
}

/* In turn: a chunk of a file that lies in several frames goes into the file's hash. */
static void run_hash_chunk(const struct check_worker *worker, const struct check_claim *claim,
                           uint64_t chunk, uint32_t entry)
{
    struct check_run *run = worker->run;
    const struct index_entry *e = &run->index->entries[entry];
    if (chunk == e->file.first_chunk) {
        (void)XXH3_128bits_reset(run->file_hash);
        run->file_entry = entry;
        run->file_hash_broken = false;
    }
    if (worker->payload == NULL || !chunk_is_right(worker, chunk, entry)) {
        run->file_hash_broken = true; /* told by whoever found the chunk wrong */
        return;
    }
    worker_hash_chunk(worker, run->file_hash, chunk);
    const bool last = chunk + 1 == e->file.first_chunk + e->chunk_count;
    if (last && run->file_entry == entry && !run->file_hash_broken &&
        !file_hash_is(run->file_hash, e)) {
        worker_found(worker, claim, entry, VSR_ERR_MEDIA, wrong_file);
    }
}

static void worker_hash_files(const struct check_worker *worker, const struct check_claim *claim)
{
    struct check_run *run = worker->run;
    turnstile_enter(&run->plain_turn, claim->ticket);
    uint32_t entry = claim->entry;
    for (uint64_t chunk = claim->first_chunk; chunk < claim->chunk_end;) {
        entry = chunk_entry(run->index, chunk, entry);
        const struct index_entry *e = &run->index->entries[entry];
        const uint64_t end = e->file.first_chunk + e->chunk_count;
        const bool whole = e->file.first_chunk >= claim->first_chunk && end <= claim->chunk_end;
        for (; !whole && chunk < end && chunk < claim->chunk_end; chunk++) {
            run_hash_chunk(worker, claim, chunk, entry);
        }
        chunk = whole ? end : chunk;
    }
    turnstile_leave(&run->plain_turn);
}

/* --- claims --- */

static void worker_check_frame(struct check_worker *worker, const struct check_claim *claim)
{
    enum frame_fault fault = frame_decode(worker->stored, claim->stored_bytes, worker->plain,
                                          claim->plain_bytes, &worker->payload);
    if (fault != FRAME_OK) {
        worker->payload = NULL;
        worker_found_files(worker, claim, VSR_ERR_MEDIA, frame_fault_text(fault));
        return;
    }
    fault = frame_verify(worker->stored, claim->stored_bytes, worker->payload, claim->plain_bytes);
    if (worker_check_files(worker, claim) && fault != FRAME_OK) {
        worker_found(worker, claim, MARK_NONE, VSR_ERR_MEDIA, frame_fault_text(fault));
    }
    (void)atomic_fetch_add_explicit(&worker->run->frame_count, 1, memory_order_relaxed);
}

static void worker_check_trailer(const struct check_worker *worker, const struct check_claim *claim)
{
    struct check_run *run = worker->run;
    const struct check_pack *pack = &run->packs[claim->pack];
    struct trailer trailer;
    vsr_error error = {0};
    vsr_code rc = trailer_open(&trailer, &pack->source, pack->name, pack->bytes, claim->pack,
                               run->set->description.uuid.bytes, &error);
    if (rc == VSR_OK) {
        rc = trailer_stream(&trailer, NULL, NULL, &error);
    }
    if (rc != VSR_OK) {
        findings_add_error(&run->findings, FOUND_PACK, claim->pack, trailer.at, &error);
    }
}

static void worker_check_claim(struct check_worker *worker, const struct check_claim *claim)
{
    const struct check_pack *pack = &worker->run->packs[claim->pack];
    vsr_error error = {0};
    vsr_code rc = VSR_OK;
    worker->payload = NULL;
    if (!source_is_open(&pack->source)) {
        rc = err_set(&error, pack->fault, "media/check",
                     pack->fault == VSR_ERR_MEDIA ? "the pack is missing"
                                                  : "the pack cannot be opened");
    } else if (claim->stored_bytes > 0) {
        rc = source_read_all(&pack->source, claim->offset, worker->stored, claim->stored_bytes,
                             pack->name, &error);
    }
    worker_hash_stored(worker, claim, rc == VSR_OK);
    if (rc != VSR_OK) {
        worker_found_files(worker, claim, rc, error.what);
    } else if (claim->kind == CLAIM_FRAME) {
        worker_check_frame(worker, claim);
    } else if (claim->kind == CLAIM_TRAILER) {
        worker_check_trailer(worker, claim);
    }
    worker_hash_files(worker, claim);
}

void *check_worker(void *context)
{
    OWN(heap) stored = heap_alloc(1, FRAME_STORED_BYTES_MAX);
    OWN(heap) plain = heap_alloc(1, FRAME_PLAIN_BYTES_MAX);
    struct check_worker worker = {.run = context,
                                  .stored = stored,
                                  .plain = plain,
                                  .hash = XXH3_createState()};
    struct check_claim claim;
    heap_require(worker.hash);
    while (check_claim_next(worker.run, &claim)) {
        worker_check_claim(&worker, &claim);
    }
    (void)XXH3_freeState(worker.hash);
    return NULL;
}
